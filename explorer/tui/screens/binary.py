"""One binary: the verdict above, everything that is known of it in tabs below."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Tabs

from explorer.errors import ExplorerError, OperationCancelledError, as_explorer_error
from explorer.facts import MISSING
from explorer.report import Cell, Row, cell_width, human_size, pad, visible
from explorer.report.binaries import (
    STRING_COLUMNS,
    SYMBOL_COLUMNS,
    size_in_words,
    string_row,
    symbol_row,
)
from explorer.report.golang import PACKAGE_COLUMNS
from explorer.report.tables import progress_line
from explorer.report.verdicts import about_in_words, binary_in_words, shown_proof
from explorer.report.where import WHERE_COLUMNS, floor_cell, where_rows
from explorer.tui.actions import BYTES, ENTER, FIND, JUDGE, Action, bindings_for
from explorer.tui.copying import Copy, inspection_copies, proof_copies
from explorer.tui.go_tabs import UP, GoTabs, can_update_database, database_offer
from explorer.tui.job_board import Job, JobKind
from explorer.tui.messages import (
    CommandNeeded,
    JobFailed,
    RemoteRead,
    SymbolsRead,
    TabRead,
    TargetsJudged,
)
from explorer.tui.remote_tabs import RemoteTabs, StringRows
from explorer.tui.render import error, lines, text
from explorer.tui.rows import LazyRows
from explorer.tui.screens.base import ExplorerScreen, file_mark, shown
from explorer.tui.tabs import (
    TABS,
    TabContent,
    TabSpec,
    is_peek,
    leaves_open,
    not_judged,
    tells_modules,
)
from explorer.tui.trust_tab import trust_content
from explorer.tui.widgets.banner import ARROW, EDGES, LOW, TALL, VerdictBanner, whole_ways
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.hex_tab import HexTab
from explorer.tui.widgets.proof_view import ProofView
from explorer.tui.widgets.reasons import Reasons
from explorer.tui.widgets.tab_strip import TabStrip
from explorer.tui.widgets.tab_table import TabTable
from explorer.tui.widgets.table import Table
from explorer.workbench import (
    ArchiveListing,
    Asset,
    FileState,
    Inspection,
    MemberKind,
    Subject,
    is_packed_away,
    subject_key,
)

if TYPE_CHECKING:
    from explorer.tui.app_state import CompareMark
    from explorer.tui.widgets.release_notes import ReleaseNotes

PLACED = ("sections", "segments", "strings")
"""Tabs of which each row has an offset in the file."""
CHECKSUMS = 1000
"""Lines for the entries of a checksum file."""
SPECS = {spec.id: spec for spec in TABS}


class BinaryScreen(ExplorerScreen):
    """Banner and tabs of one subject."""

    CSS_PATH = "binary.tcss"
    CONTEXT = "binary"
    BINDINGS: ClassVar = [
        *bindings_for("binary"),
        *(Binding(str(number), f"tab({number})", show=False) for number in range(1, 10)),
    ]
    AUTO_FOCUS = "#body *"
    HELP = (
        "The verdict in words, and tabs with everything that it rests on. h and l go to the tab on "
        "the left and on the right, 1 to 9 open one by its place. v runs the file in a container, "
        "escape goes back."
    )

    def __init__(self, subject: Subject, tab: str = "verdict") -> None:
        """``tab``: the one to show first; with ``proof`` a proof is started at once."""
        super().__init__()
        self.subject = subject
        self.key = subject_key(subject)
        self.inspection: Inspection | None = None
        self._error: ExplorerError | None = None
        """Why there is no inspection."""
        self._first_tab = tab
        self.about_a_release = subject.asset is not None
        self._bytes_at: int | None = None
        """The offset that the tab of bytes goes to when it is shown."""
        self._lacks_database = False
        """Whether the tab of vulnerabilities offers to download the database."""
        self._stale: set[str] = {self._first_tab}
        """Tabs whose content is to be made again when they are next shown."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield VerdictBanner(id="banner")
        yield TabStrip([(spec.id, spec.label) for spec in TABS], self._first_tab)
        # The first tab is mounted from the start: a key typed ahead must find a focused widget.
        first = self._make_tab(SPECS[self._first_tab])
        yield ContentSwitcher(first, id="body", initial=self._first_tab)
        yield KeyBar()

    async def on_mount(self) -> None:
        """Show what is known, and look at what is not."""
        state = self.state
        self._go = GoTabs(state)
        self._remote = RemoteTabs(state, self._tell_of_remote)
        state.file_changed.subscribe(self, self._file_changed)
        state.changed.subscribe(self, self._state_changed)
        state.jobs_changed.subscribe(self, self._job_changed)
        self.inspection = state.files[self.key].inspection
        self._show_banner()
        if self._first_tab == "proof":
            self.action_verify()
        elif self.inspection is None or self.inspection.path is None:
            self.jobs.inspect(self.subject)

    def on_unmount(self) -> None:
        """Let go of a program on its server."""
        self._remote.close()

    def on_screen_resume(self) -> None:
        """Look for vulnerabilities again: the settings may name a database by now."""
        if self.is_mounted and self._tab == "vulns":
            self._stale.add("vulns")
            self._fill("vulns")

    def on_resize(self) -> None:
        """Show more or less of the verdict."""
        self._show_banner()

    # -- what is known -----------------------------------------------------------------------------

    def _file_changed(self, key: str) -> None:
        if key != self.key:
            return
        known = self.state.files[key]
        inspection = known.inspection or self.inspection
        problem = known.error if inspection is None else None
        if inspection is not self.inspection or problem is not self._error:
            self.inspection, self._error = inspection, problem
            self._refresh()
        else:
            self._show_banner()

    def _state_changed(self, what: str) -> None:
        if what == "target" and self.inspection is not None:
            self.start_worker(partial(self._judge_again, self.inspection), "judge")

    async def _judge_again(self, inspection: Inspection) -> None:
        state = self.state
        judged = await state.background.run(state.wb.judge(inspection, on=state.judged_on))
        state.files.put(self.key, replace(state.files[self.key], inspection=judged, error=None))

    def shows_failure(self, message: JobFailed) -> bool:
        """The proof tab shows a failed proof; the banner shows why there is no verdict."""
        if message.job.about != self.key:
            return False
        if message.job.kind is JobKind.VERIFY:
            return self._tab == "proof"
        return self.inspection is None

    def _refresh(self) -> None:
        self._show_banner()
        if self.inspection is not None and not is_peek(self.inspection):
            for group in ("remote-open", "remote"):
                self.workers.cancel_group(self, group)
            self._remote.close()
        self._stale = {spec.id for spec in TABS}
        self._fill(self._tab)
        if self.focused is None:
            self._focus_tab(self._tab)
        self.refresh_bindings()

    def _show_banner(self) -> None:
        banner = self.query_one(VerdictBanner)
        name = text(visible(self.subject.name), "bold")
        if self.inspection is not None:
            forms = [text(f"  {form}", "$text-muted") for form in what_it_is(self.inspection)]
            lead, words = Content.assemble(name, forms[0]), self.state.banner(self.inspection)
            short = self.size.height < TALL
            if short:
                # The tab below says it in full.
                room = self.app.size.width - EDGES
                leads = [Content.assemble(name, form) for form in forms]
                lead = next((one for one in leads if one.cell_length <= room), name)
                remedy = whole_ways(text(words.remedy.text), words.ways, room - len(ARROW), 1)
                words = replace(words, remedy=Cell(remedy.plain))
            banner.show(words, lead if self.app.size.height >= LOW else None, short)
        elif self._error is not None:
            banner.show_error(self._error, name)
        else:
            banner.say(name, text("looking inside …", "$text-muted"))

    # -- tabs --------------------------------------------------------------------------------------

    @property
    def _tab(self) -> str:
        return self.query_one(Tabs).active or TABS[0].id

    @on(Tabs.TabActivated)
    async def _activated(self, event: Tabs.TabActivated) -> None:
        await self.open_tab(event.tab.id or TABS[0].id)

    async def open_tab(self, name: str) -> None:
        """Show a tab. Its widget is made when it is first shown."""
        body = self.query_one("#body", ContentSwitcher)
        spec = SPECS[name]
        if not body.query(f"#{name}"):
            await body.add_content(self._make_tab(spec), id=name)
            self._stale.add(name)
        body.current = name
        self._fill(name)
        if name == "hex":
            self._go_to_bytes()
        if not isinstance(self.focused, Tabs):
            self._focus_tab(name)
        self.refresh_bindings()

    def _focus_tab(self, name: str) -> None:
        tab = self.query_one(f"#body #{name}")
        widgets = (tab, *tab.query(Widget))
        self.set_focus(next((node for node in widgets if node.focusable and shown(node)), None))

    @staticmethod
    def _make_tab(spec: TabSpec) -> Widget:
        if spec.id == "verdict":
            return Reasons(id=spec.id)
        if spec.id == "proof":
            return ProofView(widget_id=spec.id)
        if spec.id == "release":
            from explorer.tui.widgets.release_notes import ReleaseNotes

            return ReleaseNotes(id=spec.id)
        if spec.id == "hex":
            return HexTab()
        return TabTable(spec)

    def _fill(self, name: str) -> None:
        """Fill a tab that is mounted and stale."""
        mounted = self.query(f"#body > #{name}")
        if not mounted or name not in self._stale:
            return
        self._stale.discard(name)
        widget = mounted.first()
        if isinstance(widget, ProofView):
            self._fill_proof(widget)
        elif name == "release":
            release = self.subject.release
            cast("ReleaseNotes", widget).show(release.body if release is not None else "")
        elif self.inspection is None:
            self._fill_empty(widget)
        elif name == "hex":
            self._fill_bytes(cast(HexTab, widget), self.inspection)
        elif isinstance(widget, Reasons):
            self._fill_reasons(widget, self.inspection)
        elif isinstance(widget, TabTable):
            self._fill_table(name, widget, self.inspection)

    def _fill_bytes(self, widget: HexTab, inspection: Inspection) -> None:
        if is_packed_away(self.subject, inspection):
            self.start_worker(partial(self._remote.open, self.subject, inspection), "remote-open")
        else:
            widget.open(self.state, self.subject, inspection)

    def _fill_empty(self, widget: Widget) -> None:
        """Say why there is nothing in the tab."""
        if isinstance(widget, Reasons):
            waiting = text("looking inside …", "$text-muted")
            widget.say(error(self._error) if self._error is not None else waiting)
        elif isinstance(widget, TabTable):
            if self._error is not None:
                widget.show_error(self._error)
            else:
                widget.show(TabContent(note=Cell("looking inside …", "dim")))

    def _fill_reasons(self, widget: Reasons, inspection: Inspection) -> None:
        """Show the verdict's reasons, or what a checksum file lists."""
        kind = inspection.about
        if kind is None:
            widget.show(inspection)
        elif kind.value != "checksum":
            why = f"Not judged for any system: this is {about_in_words(inspection)}, not a program."
            widget.say(text(why, "$text-muted"))
        elif is_peek(inspection):
            widget.say(self._download_offer())
        else:
            self.start_worker(partial(self._read_checksums, widget, inspection), "checksums")

    async def _read_checksums(self, widget: Reasons, inspection: Inspection) -> None:
        state = self.state
        try:
            entries = await state.background.run(state.wb.checksums(inspection))
        except OSError as exception:
            widget.say(error(as_explorer_error(exception)))
            return
        if not entries:
            widget.say(text("It lists no digests that can be read.", "$text-muted"))
            return
        shown = entries[:CHECKSUMS]
        width = max(cell_width(visible(entry.name)) for entry in shown)
        rows = [
            Content.assemble(
                text(pad(visible(entry.name), width)),
                text(f"  {entry.algorithm}  {entry.digest}", "$text-muted"),
            )
            for entry in shown
        ]
        if len(entries) > len(shown):
            rows.append(text(f"… and {len(entries) - len(shown):,} more", "$text-muted"))
        widget.say(lines(rows))

    def _fill_table(self, name: str, widget: TabTable, inspection: Inspection) -> None:
        build = SPECS[name].build
        if build is not None:
            content = build(inspection)
            offer = self._download_offer(bool(content.rows)) if content.needs_file else None
            widget.show(content, offer)
        elif name == "targets":
            self.start_worker(partial(self._judge_all, inspection), "targets")
        elif name == "trust":
            self._read(name, partial(trust_content, self.state, inspection.subject))
        elif is_peek(inspection) and name == "strings":
            self.start_worker(partial(self._remote.open, self.subject, inspection), "remote-open")
        elif is_peek(inspection) and not (name == "vulns" and tells_modules(inspection)):
            widget.show(TabContent(), self._download_offer())
        elif name == "symbols":
            self.start_worker(partial(self._read_symbols, inspection), "symbols")
        elif name == "strings":
            self.start_worker(partial(self._read_strings, inspection), "strings")
        elif name == "packages":
            self._read(name, partial(self._go.packages, inspection))
        elif name == "vulns":
            self._lacks_database = False
            self._read(name, partial(self._go.vulnerabilities, inspection))

    def _read(self, name: str, read: Callable[[], Awaitable[TabContent]]) -> None:
        """Fill a tab by a worker."""

        async def work() -> None:
            try:
                self.post_message(TabRead(name, await read()))
            except OperationCancelledError:
                raise
            except Exception as exception:  # noqa: BLE001 - the last boundary
                self.post_message(TabRead(name, as_explorer_error(exception)))

        self.start_worker(work, name)

    @on(TabRead)
    def _tab_read(self, message: TabRead) -> None:
        widget = self.query_one(f"#{message.tab}", TabTable)
        if isinstance(message.content, ExplorerError):
            widget.show_error(message.content)
            return
        content = message.content
        if content.needs_database:
            self._lacks_database = True
        offer = database_offer(self.state) if content.needs_database else None
        widget.show(content, self._download_offer(True) if content.needs_file else offer)
        self.refresh_bindings()

    def _download_offer(self, partly: bool = False) -> Content:
        """That the tab needs the whole file, and how to get it or how far that is."""
        what = "Some of this needs" if partly else "This needs"
        words = f"{what} the whole file; a peek keeps only what a verdict needs."
        needs = text(words, "$text-muted")
        job = self._fetching()
        if job is not None:
            step = progress_line(job.progress) if job.progress is not None else "waiting"
            how = text(f"▷ {step}", "$text-accent")
        elif self.check_action("download", ()):
            whole = self.subject.asset.size if self.subject.asset is not None else None
            size = f" ({human_size(whole)})" if isinstance(whole, int) else ""
            how = Content.assemble(("d", "bold $footer-key-foreground"), f" downloads it{size}")
        else:
            return needs
        return lines([needs, how])

    def _fetching(self) -> Job | None:
        """The job that is reading the whole file."""
        kinds = (JobKind.DOWNLOAD, JobKind.SAVE, JobKind.VERIFY, JobKind.INSPECT)
        jobs = (self.state.board.find(kind, self.key) for kind in kinds)
        return next((job for job in jobs if job is not None and job.running), None)

    async def _judge_all(self, inspection: Inspection) -> None:
        state = self.state
        names = [target.name for target in state.wb.plain_targets()]
        judged = await state.background.run(state.wb.judge(inspection, on=names))
        if is_peek(inspection) and leaves_open(judged):
            # What was read is not kept: a peek for all of them may tell more than the facts do.
            with suppress(ExplorerError):
                judged = await state.background.run(state.wb.look(self.subject, on=names))
        self.post_message(TargetsJudged(judged))

    @on(TargetsJudged)
    def _judged(self, message: TargetsJudged) -> None:
        widget = self.query_one("#targets", TabTable)
        verdicts = message.inspection.verdicts
        if not verdicts:
            widget.show(not_judged(message.inspection))
            return
        floor = Row("floor", (Cell("floor", "dim"), floor_cell(verdicts)))
        self._learn(message.inspection)
        needs_file = is_peek(message.inspection) and leaves_open(message.inspection)
        offer = self._download_offer(True) if needs_file else None
        widget.show(TabContent(WHERE_COLUMNS, where_rows(verdicts), summary=(floor,)), offer)

    def _learn(self, judged: Inspection) -> None:
        """Let the verdict say what a peek for all targets has found out."""
        known = self.inspection
        if known is None or not is_peek(known) or not leaves_open(known):
            return
        name = known.verdicts[0].target.name
        verdicts = tuple(verdict for verdict in judged.verdicts if verdict.target.name == name)
        better = replace(judged, verdicts=verdicts)
        if verdicts and not leaves_open(better):
            self.state.files.put(self.key, FileState(better))

    async def _read_symbols(self, inspection: Inspection) -> None:
        state = self.state
        try:
            table = await state.background.run(state.wb.symbols(inspection))
        except Exception as exception:  # noqa: BLE001 - the last boundary
            self.post_message(SymbolsRead(as_explorer_error(exception)))
        else:

            def row(index: int) -> Row:
                return symbol_row(table.row(index))

            rows = LazyRows(SYMBOL_COLUMNS, len(table), row, table.search)
            self.post_message(SymbolsRead(rows))

    def _tell_of_remote(self) -> None:
        self.post_message(RemoteRead())

    def action_read_on(self) -> None:
        """Read the program on its server to its end."""
        self.start_worker(self._remote.read_on, "remote")

    @on(RemoteRead)
    def _remote_read(self) -> None:
        """Show what has arrived of a program on its server."""
        inspection = self.inspection
        if inspection is None or not is_peek(inspection):
            return
        if (strings := self.query("#body > #strings")) and self._tab == "strings":
            self._show_remote_strings(cast(TabTable, strings.first()))
        is_packed = is_packed_away(self.subject, inspection)
        if is_packed and (tabs := list(self._hex_tabs())) and self._tab == "hex":
            self._show_remote_bytes(tabs[0], inspection)
        self.refresh_bindings()

    def _show_remote_strings(self, widget: TabTable) -> None:
        remote = self._remote
        if remote.program is None:
            widget.show(TabContent(), self._download_offer())
            return
        query = widget.table.row_query
        if remote.reading and (query.words or query.sorted_by):
            widget.explain(self._remote_words())  # a search of its own for each piece takes long
            return
        rows = StringRows(remote.program.strings)
        widget.show_rows(rows, "no strings yet", self._remote_words())

    def _show_remote_bytes(self, widget: HexTab, inspection: Inspection) -> None:
        program = self._remote.program
        if program is None:
            widget.offer(self._download_offer())
        else:
            widget.show_remote(self.state, program, inspection, self._remote_words)
            self._go_to_bytes()

    def _remote_words(self) -> Content:
        return self._remote.words(bool(self.check_action("download", ())))

    async def _read_strings(self, inspection: Inspection) -> None:
        state = self.state
        try:
            index = await state.background.run(state.wb.strings(self.subject, inspection))
        except OperationCancelledError:
            raise
        except Exception as exception:  # noqa: BLE001 - the last boundary
            self.post_message(SymbolsRead(as_explorer_error(exception), "strings"))
        else:

            def row(number: int) -> Row:
                return string_row(index.row(number), number)

            rows = LazyRows(STRING_COLUMNS, len(index), row, index.search)
            self.post_message(SymbolsRead(rows, "strings"))

    @on(SymbolsRead)
    def _symbols_read(self, message: SymbolsRead) -> None:
        widget = self.query_one(f"#{message.tab}", TabTable)
        if isinstance(message.rows, ExplorerError):
            widget.show_error(message.rows)
        else:
            widget.show_rows(message.rows, empty=f"no {message.tab} in this file")

    # -- proof -------------------------------------------------------------------------------------

    def _job_changed(self, job: Job) -> None:
        self.refresh_bindings()
        if job.kind is JobKind.DATABASE:
            self._database_job_changed(job)
        elif job.kind is JobKind.VERIFY and job.about == self.key:
            self._stale.add("proof")
            if self._tab == "proof":
                self._fill("proof")
        elif job.about == self.key and self.inspection is not None and is_peek(self.inspection):
            self._stale.add(self._tab)
            self._fill(self._tab)

    def _database_job_changed(self, job: Job) -> None:
        """Show how far the download is; at its end read the tab again."""
        if not job.running:
            self._stale.add("vulns")
            if self._tab == "vulns":
                self._fill("vulns")
        elif self._lacks_database and (tab := self.query("#body > #vulns")):
            cast("TabTable", tab.first()).show(TabContent(), database_offer(self.state))

    def _fill_proof(self, widget: ProofView) -> None:
        job = self.state.board.find(JobKind.VERIFY, self.key)
        inspection = self.inspection
        proof = shown_proof(inspection) if inspection is not None else None
        if job is not None and (job.running or proof is None or job.message):
            widget.show_job(job)
        elif inspection is not None and proof is not None:
            widget.show_proof(inspection, proof, self.state.now())
        else:
            widget.show_nothing()

    def action_verify_with(self) -> None:
        """Ask what to run in the container, and run it."""
        if self.inspection is not None:
            self.query_one(Tabs).active = "proof"
            self.post_message(CommandNeeded(self.subject, self.inspection))

    def action_verify(self) -> None:
        """Run the file in a container, and show the proof."""
        self.jobs.verify(self.subject, self.inspection)
        self.query_one(Tabs).active = "proof"
        self._stale.add("proof")
        self._fill("proof")

    def action_where(self) -> None:
        """Show where the file runs."""
        self.query_one(Tabs).active = "targets"

    # -- other actions -----------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The tag of the file's release."""
        return self.subject.release.tag if self.subject.release is not None else ""

    @property
    def shown_asset(self) -> Asset | None:
        """The asset that the file is, or is packed in."""
        return self.subject.asset

    def to_mark(self) -> CompareMark:
        """This file."""
        return file_mark(self.subject)

    def inspections(self) -> Sequence[Inspection]:
        """Of this file."""
        return [self.inspection] if self.inspection is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with this file now."""
        if action == "download":
            asset, inspection = self.subject.asset, self.inspection
            is_here = inspection is not None and inspection.path is not None
            return asset is not None and asset.path is None and not is_here
        if action == "verify_with" and self.inspection is None:
            return False
        if action in ("verify", "verify_with"):
            job = self.state.board.find(JobKind.VERIFY, self.key)
            return self._error is None and not (job is not None and job.running)
        if action == "read_on":
            return self._may_read_on
        if action == "update_database":
            return self.is_mounted and self._tab == "vulns" and can_update_database(self.state)
        if action == "save":
            return self.subject.path is not None or self.state.reachable(self.subject.asset)
        if action == "open_browser":
            return bool(self._url())
        if action == "advice":
            return self.subject.release is not None
        return super().check_action(action, parameters)

    @property
    def _may_read_on(self) -> bool:
        """Whether the tab shows a program on its server that was not read to its end."""
        inspection = self.inspection
        if inspection is None or not self.is_mounted or self._remote.program is None:
            return False
        is_shown = self._tab == "strings" or (
            self._tab == "hex" and is_packed_away(self.subject, inspection)
        )
        return is_shown and not self._remote.reading and not self._remote.program.is_whole

    def action_download(self) -> None:
        """Download the whole file and inspect it."""
        if self.subject.asset is not None and not self.subject.member:
            self.jobs.download(self.subject.asset)
        else:
            self.jobs.inspect(self.subject, whole=True)

    def action_update_database(self) -> None:
        """Download the vulnerability database, or what has changed in it."""
        self.jobs.update_database()

    def action_save(self) -> None:
        """Save the file's program in a folder."""
        self.explorer.offer_save(self.subject)

    def action_refresh(self) -> None:
        """Look at the file again."""
        self._error = None
        self.jobs.inspect(self.subject)

    def action_open_browser(self) -> None:
        """Open the page of the vulnerability under the cursor, or the release's."""
        self.explorer.open_page(self._url())

    def _url(self) -> str:
        """The address that belongs to what is shown; empty if there is none."""
        table = self.table() if self.is_mounted and self._tab == "vulns" else None
        if table is not None and table.row is not None:
            return self._go.links.get(table.row.key, "")
        return self.subject.release.url if self.subject.release is not None else ""

    def action_next_tab(self) -> None:
        """Go to the tab on the right."""
        self.query_one(Tabs).action_next_tab()

    def action_previous_tab(self) -> None:
        """Go to the tab on the left."""
        self.query_one(Tabs).action_previous_tab()

    def action_tab(self, number: int) -> None:
        """Open a tab by its place, from 1."""
        self.query_one(TabStrip).open_number(number)

    @on(Table.Selected)
    def _selected(self, event: Table.Selected) -> None:
        if self._tab == "members":
            self._open_member(event.number)
        elif self._tab == "targets":
            self.explorer.set_target(event.row.key)
            self.query_one(Tabs).active = "verdict"
        elif self._tab == "packages":
            self._open_package(event)
        elif self._tab in PLACED:
            columns = [column.key for column in event.table.source.columns]
            self.show_bytes(int(event.row.cells[columns.index("offset")].sort or 0))
        elif self._tab == "hex":
            event.stop()
        else:
            self.explorer.show_cells(event.table.cells())

    def show_bytes(self, offset: int) -> None:
        """Show the bytes at an offset."""
        self._bytes_at = offset
        if self._tab == "hex":
            self._go_to_bytes()
        self.query_one(Tabs).active = "hex"

    def _go_to_bytes(self) -> None:
        if self._bytes_at is not None:
            self.query_one("#hex", HexTab).go(self._bytes_at)
            self._bytes_at = None

    @on(Reasons.Opened)
    def _reason_opened(self, message: Reasons.Opened) -> None:
        self.show_bytes(message.offset)

    async def action_filter(self) -> None:
        """Search the bytes, or filter the table."""
        if self._tab == "hex":
            for tab in self._hex_tabs():
                tab.start_find()
        else:
            await super().action_filter()

    def offers(self, action: str) -> bool:
        """The bytes can be searched, though they are no table that is filtered."""
        if action == "filter" and self._tab == "hex":
            return any(tab.has_bytes for tab in self._hex_tabs())
        return super().offers(action)

    def _hex_tabs(self) -> Iterable[HexTab]:
        """The tab with the bytes; none while it is chosen and not mounted yet."""
        return self.query("#hex").results(HexTab)

    def here(self, action: Action) -> Action:
        """What an action is called on the tab that is shown."""
        if action.id == "filter" and self._tab == "hex":
            return FIND
        if action is ENTER and self._tab == "targets":
            return JUDGE
        if action is ENTER and self._tab in PLACED:
            return BYTES
        return super().here(action)

    def _open_package(self, event: Table.Selected) -> None:
        """The functions of a package; on a function's row back to all packages or its cells."""
        if event.row.key == UP:
            self._show_packages()
        elif event.table.source.columns == PACKAGE_COLUMNS:
            self.query_one("#packages", TabTable).frame.clear_filter()
            self._read("packages", partial(self._go.functions, event.row.key))
        else:
            self.explorer.show_cells(event.table.cells())

    def _show_packages(self) -> None:
        """All packages again."""
        self.query_one("#packages", TabTable).frame.clear_filter()
        self._stale.add("packages")
        self._fill("packages")

    def action_back(self) -> None:
        """Stop reading, clear the filter, go up from a package's functions, else leave."""
        if self._remote.reading and self._tab in ("strings", "hex"):
            self.workers.cancel_group(self, "remote")
            return
        if self._tab == "hex" and self.query_one("#hex", HexTab).close_find():
            return
        pane = self.pane()
        if pane is not None and pane.clear_filter():
            return
        if self._tab == "packages" and pane is not None and pane.table.source.index_of(UP) == 0:
            self._show_packages()
        else:
            self.leave()

    def _open_member(self, number: int) -> None:
        if self.inspection is None or isinstance(self.inspection.listing, MISSING):
            return
        listing: ArchiveListing = self.inspection.listing
        member = listing.members[number]
        if member.kind is not MemberKind.FILE or member.refused is not None:
            self.explorer.say("Only files that were not refused can be opened", warning=True)
            return
        asset = self.subject.asset
        if asset is not None:
            self.explorer.open_subject(self.state.wb.subject(asset, member.name))
        else:
            archive = self.subject.name.removesuffix(f"#{self.subject.member}")
            name = f"{archive}#{member.name}"
            self.explorer.open_subject(replace(self.subject, name=name, member=member.name))

    def copies(self) -> list[Copy]:
        """Of the row, the proof and the file."""
        copies: list[Copy] = []
        inspection, on_proof = self.inspection, self._tab == "proof"
        proof = proof_copies(inspection) if inspection is not None else []
        if on_proof:
            copies += proof
        if isinstance(self.focused, Table):
            copies += super().copies()
        if inspection is not None:
            copies += inspection_copies(inspection, self.state.settings)
        if not on_proof:
            copies += proof
        return copies


def what_it_is(inspection: Inspection) -> tuple[str, ...]:
    """``24.1 MB · rr: 62.6 MB, static Go``: the asset's size, then the program in it.

    After it, shorter forms for where that has no room, the longest first.
    """
    size, words = size_in_words(inspection), binary_in_words(inspection.binary)
    asset = inspection.subject.asset
    if asset is None or inspection.file.name == asset.name:
        return f"{size} · {words}", size
    whole = human_size(asset.size) if isinstance(asset.size, int) else "? bytes"
    program = f"{whole} · {inspection.file.name}: {size}"
    return f"{program}, {words}", program, whole
