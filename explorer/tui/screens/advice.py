"""Which file of a release to take for a system: why, what proves it, and the lines to paste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from explorer.errors import ExplorerError
from explorer.report import Cell, cell_width, pad
from explorer.report.advice import PROVE, advice_facts, advice_headline
from explorer.report.snippets import Snippet, pastable
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, proof_copies
from explorer.tui.job_board import Job
from explorer.tui.jobs import void
from explorer.tui.messages import Advised, InspectFailed
from explorer.tui.render import content, error, lines, text
from explorer.tui.screens.base import AssetScreen
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.workbench import Advice, Asset, Inspection

ARCHES = ("arm64", "amd64")
LIBCS = ("musl", "glibc")


class AdviceScreen(AssetScreen):
    """Words to read, from the answer to the lines to paste."""

    CSS_PATH = "advice.tcss"
    CONTEXT = "advice"
    BINDINGS: ClassVar = bindings_for("advice")
    AUTO_FOCUS = "#words"
    HELP = (
        "Which file to take for a system, why, and what proves it. M goes between arm64 and amd64, L between musl and glibc; v "
        "proves the file in a container; y copies the lines to paste, one piece at a time; enter opens the file."
    )

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag or "latest"
        self.arch, self.libc = ARCHES[0], LIBCS[0]
        self.advice: Advice | None = None
        self._failure: ExplorerError | None = None
        self._snippets: tuple[Snippet, ...] = ()
        self._why_none = ""
        """Why there is nothing to paste; untrusted."""
        self._job: Job | None = None

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Static(id="question")
        with VerticalScroll(id="words"):
            yield Static(id="answer")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask."""
        self.explorer.failed.subscribe(self, self._failed)
        self.explorer.jobs_changed.subscribe(self, lambda _: self.refresh_bindings())
        self.action_refresh()

    @property
    def tag(self) -> str:
        """The release."""
        return self._tag

    @property
    def asset(self) -> Asset | None:
        """The file to take, else the first that was considered."""
        if self.advice is None:
            return None
        chosen = self.advice.chosen or next(iter(self.advice.candidates), None)
        return chosen.asset if chosen is not None else None

    # -- asking -------------------------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Ask (again)."""
        self.advice, self._failure, self._snippets = None, None, ()
        self._ask()
        self._show()

    def on_screen_resume(self) -> None:
        """Back from a proof: the advice knows of it."""
        if self.advice is not None:
            self._ask()

    def _ask(self) -> None:
        """Another question ends the one before; what a download has is kept."""
        if self._job is not None:
            self.explorer.work.cancel(self._job)
        self._job = self.explorer.work.advise(
            self._tag, self.arch, self.libc, lambda advice: void(self.post_message(Advised(advice)))
        )

    def on_unmount(self) -> None:
        """The user has moved on."""
        if self._job is not None:
            self.explorer.work.cancel(self._job)

    @on(Advised)
    def _advised(self, message: Advised) -> None:
        advice = message.advice
        if (advice.arch, advice.libc) != (self.arch, self.libc):
            return  # another question has been asked meanwhile
        self.advice, self._failure = advice, None
        self._snippets, self._why_none = pastable(advice)
        self._show()

    def _failed(self, message: InspectFailed) -> None:
        if message.job is self._job:
            self._failure = message.error
            self._show()

    def tells(self, message: InspectFailed) -> bool:
        """In place of the advice."""
        return message.job is self._job

    # -- words --------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        question = self.query_one("#question", Static)
        question.update(
            Content.assemble(
                text("Which file of "),
                text(self.advice.release.tag if self.advice is not None else self._tag, "bold"),
                text(" for  "),
                *self._switch("M", ARCHES, self.arch),
                text("   "),
                *self._switch("L", LIBCS, self.libc),
            )
        )
        self.query_one("#answer", Static).update(lines(self._words()))
        self.refresh_bindings()

    @staticmethod
    def _switch(key: str, choices: Sequence[str], chosen: str) -> list[Content]:
        """``M [arm64] amd64``: what is chosen stands in brackets."""
        found = [text(key, "bold $footer-key-foreground")]
        return found + [
            text(f" [{c}]", "bold $text-primary") if c == chosen else text(f"  {c} ", "$text-muted")
            for c in choices
        ]

    def _words(self) -> list[Content]:
        advice = self.advice
        if advice is None:
            return (
                [error(self._failure)]
                if self._failure is not None
                else [text("looking at the files that might serve …", "$text-muted")]
            )
        found = [content(advice_headline(advice), "bold"), *self._facts(advice)]
        if self._why_none:
            found += [Content(""), text(self._why_none, "$text-muted")]
        for number, snippet in enumerate(self._snippets, 1):
            found += [
                Content(""),
                Content.assemble(
                    text(f"{number}  {snippet.title}", "bold $text-primary"),
                    text("  y copies", "$text-muted"),
                ),
            ]
            if snippet.note:
                found.append(text(snippet.note, "$text-muted"))
            found += [
                Content.assemble(("│ ", "$text-muted"), text(line))
                for line in snippet.text.rstrip("\n").split("\n")
            ]
        return found

    @staticmethod
    def _facts(advice: Advice) -> list[Content]:
        """What each fact is, and the fact, one below the other; the proof that is not there names its key."""
        facts = advice_facts(advice)
        width = max(cell_width(row.cells[0].text) for row in facts) + 2
        found = []
        for row in facts:
            name, value = row.cells
            parts = [content(Cell(pad(name.text, width), name.style)), content(value)]
            if row.key == PROVE:
                parts.insert(
                    1, Content.assemble(("v", "bold $footer-key-foreground"), " here, or ")
                )
            found.append(Content.assemble(*parts))
        return found

    # -- actions ------------------------------------------------------------------------------------------------------

    def action_other_arch(self) -> None:
        """The other architecture."""
        self.arch = ARCHES[(ARCHES.index(self.arch) + 1) % len(ARCHES)]
        self.action_refresh()

    def action_other_libc(self) -> None:
        """The other libc."""
        self.libc = LIBCS[(LIBCS.index(self.libc) + 1) % len(LIBCS)]
        self.action_refresh()

    def inspections(self) -> Sequence[Inspection]:
        """Of the files that were considered."""
        if self.advice is None:
            return ()
        return [
            candidate.state.inspection
            for candidate in self.advice.candidates
            if candidate.state.inspection is not None
        ]

    def copies(self) -> list[Copy]:
        """Each piece to paste, then the rest."""
        found = [Copy(snippet.title, snippet.text) for snippet in self._snippets]
        if self.advice is not None:
            command = f"rr-explorer advise --arch {self.arch} --libc {self.libc} {self.advice.release.tag}"
            found.append(Copy("command line", command))
            if self.advice.inspection is not None and self.advice.inspection.proofs:
                found += proof_copies(self.advice.inspection.proofs[0])
        return found
