"""One binary: the verdict above, everything that is known of it in tabs below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Tab, Tabs

from explorer.errors import ExplorerError
from explorer.facts import MISSING
from explorer.report import (
    SYMBOL_COLUMNS,
    VERDICT_COLUMNS,
    Cell,
    binary_in_words,
    size_in_words,
    symbol_row,
    verdict_banner,
    verdict_row,
    visible,
)
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, inspection_copies, proof_copies
from explorer.tui.job_board import JobKind
from explorer.tui.jobs import key_of
from explorer.tui.messages import InspectFailed, SymbolsRead, TargetsJudged
from explorer.tui.render import error, text
from explorer.tui.rows import LazyRows, ListRows
from explorer.tui.screens.base import LOW, ExplorerScreen, shown
from explorer.tui.tabs import TABS, TabContent, TabSpec
from explorer.tui.widgets.banner import VerdictBanner
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.proof_view import ProofView
from explorer.tui.widgets.reasons import Reasons
from explorer.tui.widgets.tab_table import TabTable
from explorer.tui.widgets.table import Table
from explorer.workbench import ArchiveListing, Inspection, MemberKind, Subject

if TYPE_CHECKING:
    from explorer.tui.widgets.release_notes import ReleaseNotes

SPECS = {spec.id: spec for spec in TABS}


class BinaryScreen(ExplorerScreen):
    """Banner and tabs of one subject."""

    CSS_PATH = "binary.tcss"
    CONTEXT = "binary"
    BINDINGS: ClassVar = bindings_for("binary")
    AUTO_FOCUS = "#body *"
    HELP = (
        "The verdict in words, and tabs with everything it rests on. [ and ] go through the tabs, v proves it in a container, "
        "escape goes back."
    )

    def __init__(self, subject: Subject, prove: bool = False) -> None:
        super().__init__()
        self.subject = subject
        self.key = key_of(subject)
        self.inspection: Inspection | None = None
        self._prove = prove
        self._failure: ExplorerError | None = None
        self._first = "proof" if prove else "verdict"
        self._stale: set[str] = {self._first}

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield VerdictBanner(id="banner")
        yield Tabs(*(Tab(text(spec.label), id=spec.id) for spec in TABS), active=self._first)
        # The first tab is there from the beginning: a key that is typed ahead must find something in focus.
        yield ContentSwitcher(self._widget(SPECS[self._first]), id="body", initial=self._first)
        yield KeyBar()

    async def on_mount(self) -> None:
        """Show what is known, and look at what is not."""
        explorer = self.explorer
        explorer.learnt.subscribe(self, self._learnt)
        explorer.changed.subscribe(self, self._changed)
        explorer.failed.subscribe(self, self._failed)
        explorer.jobs_changed.subscribe(self, self._job_changed)
        self.inspection = explorer.learned.get(self.key)
        self._show_banner()
        if self._prove:
            self.action_verify()
        elif self.inspection is None or self.inspection.path is None:
            explorer.work.inspect(self.subject)

    def on_resize(self) -> None:
        """More or less is said of the verdict."""
        self._show_banner()

    # -- what is known ------------------------------------------------------------------------------------------------

    def _learnt(self, key: str) -> None:
        if key != self.key:
            return
        self.inspection = self.explorer.learned.get(key, self.inspection)
        if key in self.explorer.learned:
            self._failure = None
        self._refresh()

    def _changed(self, what: str) -> None:
        if what == "target":
            self.begin(self._judge_again, "judge")

    async def _judge_again(self) -> None:
        explorer, inspection = self.explorer, self.inspection
        if inspection is not None:
            found = await explorer.away.run(explorer.wb.judge(inspection, on=explorer.judged_on))
            explorer.learned[self.key] = found
            self._learnt(self.key)

    def _failed(self, message: InspectFailed) -> None:
        if message.job.about == self.key and message.job.kind is not JobKind.VERIFY:
            self._failure = message.error
            self._refresh()

    def tells(self, message: InspectFailed) -> bool:
        """In the proof's panel, or where the verdict would be."""
        if message.job.about != self.key:
            return False
        return (
            self._tab == "proof" if message.job.kind is JobKind.VERIFY else self.inspection is None
        )

    def _refresh(self) -> None:
        self._show_banner()
        self._stale = {spec.id for spec in TABS}
        self._fill(self._tab)
        if self.focused is None:
            self._focus_tab(self._tab)
        self.refresh_bindings()

    def _show_banner(self) -> None:
        banner = self.query_one(VerdictBanner)
        if self.inspection is not None:
            name = text(self.inspection.subject.name, "bold")
            size = text(
                f"  {size_in_words(self.inspection)} · {binary_in_words(self.inspection.binary)}",
                "$text-muted",
            )
            lead = (
                None if self.app.size.height < LOW else Content.assemble(name, size)
            )  # one line is for the verdict
            banner.show(
                verdict_banner(self.inspection, now=self.explorer.now()),
                lead,
                self.size.height < 30,
            )
        elif self._failure is not None:
            banner.say(error(self._failure), style="bad")
        else:
            banner.say(
                text(visible(self.subject.name), "bold"), text("looking inside …", "$text-muted")
            )

    # -- tabs ---------------------------------------------------------------------------------------------------------

    @property
    def _tab(self) -> str:
        return self.query_one(Tabs).active or TABS[0].id

    @on(Tabs.TabActivated)
    async def _activated(self, event: Tabs.TabActivated) -> None:
        await self.open_tab(event.tab.id or TABS[0].id)

    async def open_tab(self, name: str) -> None:
        """Make the tab's widget when it is first seen, and show it."""
        body = self.query_one("#body", ContentSwitcher)
        spec = SPECS[name]
        if not body.query(f"#{name}"):
            await body.add_content(self._widget(spec), id=name)
            self._stale.add(name)
        body.current = name
        self._fill(name)
        if not isinstance(self.focused, Tabs):
            self._focus_tab(name)
        self.refresh_bindings()

    def _focus_tab(self, name: str) -> None:
        widget = self.query_one(f"#body #{name}")
        self.set_focus(
            next(
                (
                    node
                    for node in (widget, *widget.query(Widget))
                    if node.focusable and shown(node)
                ),
                None,
            )
        )

    @staticmethod
    def _widget(spec: TabSpec) -> Widget:
        if spec.id == "verdict":
            return Reasons(id=spec.id)
        if spec.id == "proof":
            return ProofView(widget_id=spec.id)
        if spec.id == "release":
            from explorer.tui.widgets.release_notes import ReleaseNotes

            return ReleaseNotes(id=spec.id)
        return TabTable(spec)

    def _fill(self, name: str) -> None:
        found = self.query(f"#body > #{name}")
        if not found or name not in self._stale:
            return
        self._stale.discard(name)
        widget = found.first()
        if isinstance(widget, ProofView):
            self._fill_proof(widget)
        elif name == "release":
            release = self.subject.release
            cast("ReleaseNotes", widget).show(release.body if release is not None else "")
        elif self.inspection is None:
            self._fill_empty(widget)
        elif isinstance(widget, Reasons):
            widget.show(self.inspection)
        elif isinstance(widget, TabTable):
            self._fill_table(name, widget, self.inspection)

    def _fill_empty(self, widget: Widget) -> None:
        if isinstance(widget, Reasons):
            widget.say(
                error(self._failure)
                if self._failure is not None
                else text("looking inside …", "$text-muted")
            )
        elif isinstance(widget, TabTable):
            widget.show(
                TabContent(
                    note=Cell(str(self._failure), "bad")
                    if self._failure is not None
                    else Cell("looking inside …", "dim")
                )
            )

    def _fill_table(self, name: str, widget: TabTable, inspection: Inspection) -> None:
        build = SPECS[name].build
        if build is not None:
            widget.show(build(inspection))
        elif name == "targets":
            self.begin(partial(self._judge_all, inspection), "targets")
        elif name == "symbols":
            self.begin(partial(self._read_symbols, inspection), "symbols")

    async def _judge_all(self, inspection: Inspection) -> None:
        explorer = self.explorer
        names = [target.name for target in explorer.wb.targets()]
        judging = explorer.wb.judge(inspection, on=names)
        self.post_message(TargetsJudged(await explorer.away.run(judging)))

    @on(TargetsJudged)
    def _judged(self, message: TargetsJudged) -> None:
        widget = self.query_one("#targets", TabTable)
        widget.show(
            TabContent(
                VERDICT_COLUMNS,
                tuple(verdict_row(verdict) for verdict in message.inspection.verdicts),
            )
        )
        if self.explorer.target is not None:
            widget.table.go_to(self.explorer.target.name)

    async def _read_symbols(self, inspection: Inspection) -> None:
        try:
            table = await self.explorer.away.run(self.explorer.wb.symbols(inspection))
        except ExplorerError as problem:
            self.post_message(SymbolsRead(None, str(problem)))
        else:
            rows = LazyRows(
                SYMBOL_COLUMNS, len(table), lambda index: symbol_row(table.row(index)), table.search
            )
            self.post_message(SymbolsRead(rows, "no symbols in this file"))

    @on(SymbolsRead)
    def _symbols(self, message: SymbolsRead) -> None:
        widget = self.query_one("#symbols", TabTable)
        widget.show_rows(
            message.rows if message.rows is not None else ListRows(SYMBOL_COLUMNS, ()), message.note
        )

    # -- proof --------------------------------------------------------------------------------------------------------

    def _job_changed(self, job: object) -> None:
        self.refresh_bindings()
        running = self.explorer.board.find(JobKind.VERIFY, self.key)
        if running is job:
            self._stale.add("proof")
            if self._tab == "proof":
                self._fill("proof")

    def _fill_proof(self, widget: ProofView) -> None:
        job = self.explorer.board.find(JobKind.VERIFY, self.key)
        proofs = self.inspection.proofs if self.inspection is not None else ()
        if job is not None and (job.running or not proofs or job.message):
            widget.show_job(job)
        elif proofs:
            widget.show_proof(proofs[0], self.explorer.now(), len(proofs) - 1)
        else:
            widget.show_nothing()

    def action_verify(self) -> None:
        """Prove it, and watch."""
        self.explorer.work.verify(self.subject, self.inspection)
        self.query_one(Tabs).active = "proof"
        self._stale.add("proof")
        self._fill("proof")

    # -- other actions ------------------------------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The release the file is of."""
        return self.subject.release.tag if self.subject.release is not None else ""

    def inspections(self) -> Sequence[Inspection]:
        """Of this file."""
        return [self.inspection] if self.inspection is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is offered that cannot be done."""
        if action == "download":
            asset = self.subject.asset
            return (
                asset is not None
                and asset.path is None
                and (self.inspection is None or self.inspection.path is None)
            )
        if action == "verify":
            job = self.explorer.board.find(JobKind.VERIFY, self.key)
            return self._failure is None and not (job is not None and job.running)
        if action == "open_browser":
            return self.subject.release is not None and bool(self.subject.release.url)
        if action == "advice":
            return self.subject.release is not None
        return super().check_action(action, parameters)

    def action_download(self) -> None:
        """Fetch the whole file and look again."""
        if self.subject.asset is not None and not self.subject.member:
            self.explorer.work.download(self.subject.asset)
        else:
            self.explorer.work.inspect(self.subject, whole=True)

    def action_refresh(self) -> None:
        """Look at the file again."""
        self._failure = None
        self.explorer.work.inspect(self.subject)

    def action_open_browser(self) -> None:
        """Open the release's page."""
        if self.subject.release is not None:
            self.explorer.open_page(self.subject.release.url)

    def action_next_tab(self) -> None:
        """The tab to the right."""
        self.query_one(Tabs).action_next_tab()

    def action_previous_tab(self) -> None:
        """The tab to the left."""
        self.query_one(Tabs).action_previous_tab()

    @on(Table.Selected)
    def _selected(self, event: Table.Selected) -> None:
        tab = self._tab
        if tab == "members":
            self._open_member(event.row.key)
        elif tab == "targets":
            self.explorer.set_target(event.row.key)
        else:
            self.explorer.show_cells(event.table.cells())

    def _open_member(self, key: str) -> None:
        if self.inspection is None or isinstance(self.inspection.listing, MISSING):
            return
        listing: ArchiveListing = self.inspection.listing
        member = listing.members[int(key.split(":", 1)[0])]
        if member.kind is not MemberKind.FILE or member.refused is not None:
            self.explorer.say("Only files that were not refused can be opened", warning=True)
            return
        asset = self.subject.asset
        if asset is not None:
            self.explorer.open_subject(self.explorer.wb.subject(asset, member.name))
        else:
            name = f"{self.subject.name.split('#')[0]}#{member.name}"
            self.explorer.open_subject(replace(self.subject, name=name, member=member.name))

    def copies(self) -> list[Copy]:
        """Of the row, the proof and the file."""
        found: list[Copy] = []
        inspection = self.inspection
        if self._tab == "proof" and inspection is not None and inspection.proofs:
            found += proof_copies(inspection.proofs[0])
        if isinstance(self.focused, Table):
            found += super().copies()
        if inspection is not None:
            found += inspection_copies(inspection)
            if self._tab != "proof" and inspection.proofs:
                found += proof_copies(inspection.proofs[0])
        return found
