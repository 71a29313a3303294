"""Which file of a release to take for a system, why, and the commands to paste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from explorer.errors import ExplorerError
from explorer.report import Cell, cell_width, pad
from explorer.report.advice import PROVE, Snippet, advice_facts, advice_headline, pastable
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, command_copy, program_call, proof_copies
from explorer.tui.job_board import Job
from explorer.tui.messages import AdviceArrived, JobFailed
from explorer.tui.render import content, error, text
from explorer.tui.screens.base import AssetScreen
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.prose import Prose, Whole
from explorer.workbench import Advice, Asset, Inspection

ARCHES = ("arm64", "amd64")
LIBCS = ("musl", "glibc")
WHOLE_FACTS = (PROVE, "sha256")
"""Facts that are pasted: a command, a digest."""


class AdviceScreen(AssetScreen):
    """Text to read, from the answer to the commands to paste."""

    CSS_PATH = "advice.tcss"
    CONTEXT = "advice"
    BINDINGS: ClassVar = bindings_for("advice")
    AUTO_FOCUS = "#words"
    HELP = (
        "Which file to take for a system, why, and what proves it. M switches between arm64 and "
        "amd64, L between musl and glibc; v runs the file in a container; y copies the commands, "
        "one piece at a time; enter opens the file."
    )

    def __init__(self, tag: str, arch: str = "") -> None:
        """``arch``: of the file that was looked at last; empty for none."""
        super().__init__()
        self._tag = tag or "latest"
        self.arch, self.libc = arch if arch in ARCHES else ARCHES[0], LIBCS[0]
        self.advice: Advice | None = None
        self._error: ExplorerError | None = None
        self._snippets: tuple[Snippet, ...] = ()
        self._why_none = ""
        """Why there is nothing to paste; untrusted."""
        self._job: Job | None = None

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Static(id="question")
        yield Prose(id="words")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask."""
        self.state.job_failed.subscribe(self, self._job_failed)
        self.state.jobs_changed.subscribe(self, lambda _: self.refresh_bindings())
        self.action_refresh()

    @property
    def tag(self) -> str:
        """The release."""
        return self._tag

    @property
    def asset(self) -> Asset | None:
        """The file to take, else the first candidate."""
        if self.advice is None:
            return None
        chosen = self.advice.chosen or next(iter(self.advice.candidates), None)
        return chosen.asset if chosen is not None else None

    # -- asking ------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Ask (again)."""
        self.advice, self._error, self._snippets = None, None, ()
        self._ask()
        self._show()

    def on_screen_resume(self) -> None:
        """Ask again: there may be a proof by now."""
        if self.advice is not None:
            self._ask()

    def _ask(self) -> None:
        """Ask, and cancel the previous question. Downloaded bytes are kept."""
        if self._job is not None:
            self.jobs.cancel(self._job)

        def answer(advice: Advice) -> None:
            self.post_message(AdviceArrived(advice))

        self._job = self.jobs.advise(self._tag, self.arch, self.libc, answer)

    def on_unmount(self) -> None:
        """Stop asking."""
        if self._job is not None:
            self.jobs.cancel(self._job)

    @on(AdviceArrived)
    def _advised(self, message: AdviceArrived) -> None:
        advice = message.advice
        for candidate in advice.candidates:
            if candidate.state.inspection is not None:
                self.state.learn(candidate.state.inspection)
        if (advice.arch, advice.libc) != (self.arch, self.libc):
            return  # another question was asked meanwhile
        self.advice, self._error = advice, None
        self._snippets, self._why_none = pastable(advice)
        self._show()

    def _job_failed(self, message: JobFailed) -> None:
        if message.job is self._job:
            self._error = message.error
            self._show()

    def shows_failure(self, message: JobFailed) -> bool:
        """The error is shown in place of the advice."""
        return message.job is self._job

    # -- words -------------------------------------------------------------------------------------

    def _show(self) -> None:
        tag = self.advice.release.tag if self.advice is not None else self._tag
        self.query_one("#question", Static).update(
            Content.assemble(
                text("Which file of "),
                text(tag, "bold"),
                text(" for  "),
                *self._switch("M", ARCHES, self.arch),
                text("   "),
                *self._switch("L", LIBCS, self.libc),
            )
        )
        self.query_one(Prose).say(self._words())
        self.refresh_bindings()

    @property
    def _room(self) -> int:
        return self.query_one(Prose).room

    def on_resize(self) -> None:
        """Wrap the facts again."""
        self.call_after_refresh(self._show)

    @staticmethod
    def _switch(key: str, choices: Sequence[str], current: str) -> list[Content]:
        """``M [arm64] amd64``: the current choice is in brackets."""
        options = [
            text(f" [{choice}]", "bold $text-primary")
            if choice == current
            else text(f"  {choice} ", "$text-muted")
            for choice in choices
        ]
        return [text(key, "bold $footer-key-foreground"), *options]

    def _words(self) -> list[Content | Whole]:
        advice = self.advice
        if advice is None and self._error is not None:
            return [error(self._error)]
        if advice is None:
            return [text("looking at the candidate files …", "$text-muted")]
        words: list[Content | Whole] = [content(advice_headline(advice), "bold")]
        words += self._facts(advice)
        if self._why_none:
            words += [Content(""), text(self._why_none, "$text-muted")]
        for number, snippet in enumerate(self._snippets, 1):
            title = text(f"{number}  {snippet.title}", "bold $text-primary")
            words += [Content(""), Content.assemble(title, text("  y copies", "$text-muted"))]
            if snippet.note:
                words.append(text(snippet.note, "$text-muted"))
            words += [
                Whole(Content.assemble(("│ ", "$text-muted"), text(line)))
                for line in snippet.text.rstrip("\n").split("\n")
            ]
        return words

    def _facts(self, advice: Advice) -> list[Content | Whole]:
        """Name and value of each fact; the command that would prove the file names its key, too."""
        here = Content.assemble(("v", "bold $footer-key-foreground"), " here, or ")
        rows = advice_facts(advice, program_call(self.state.settings))
        # One cell, so that a digest fits into 80 columns.
        width = max(cell_width(row.cells[0].text) for row in rows) + 1
        words: list[Content | Whole] = []
        for row in rows:
            name, value = row.cells
            first = content(Cell(pad(name.text, width), name.style))
            if row.key == PROVE:
                first = Content.assemble(first, here)
            if row.key in WHOLE_FACTS or self._room <= width:
                words.append(Whole(Content.assemble(first, content(value))))
                continue
            value_lines = content(value).wrap(self._room - width)
            words.append(Content.assemble(first, *value_lines[:1]))
            words += [Content.assemble(" " * width, line) for line in value_lines[1:]]
        return words

    # -- actions -----------------------------------------------------------------------------------

    def action_other_arch(self) -> None:
        """Ask for the other architecture."""
        self.arch = ARCHES[(ARCHES.index(self.arch) + 1) % len(ARCHES)]
        self.action_refresh()

    def action_other_libc(self) -> None:
        """Ask for the other libc."""
        self.libc = LIBCS[(LIBCS.index(self.libc) + 1) % len(LIBCS)]
        self.action_refresh()

    def inspections(self) -> Sequence[Inspection]:
        """Of the candidate files."""
        candidates = self.advice.candidates if self.advice is not None else ()
        inspections = [candidate.state.inspection for candidate in candidates]
        return [inspection for inspection in inspections if inspection is not None]

    def copies(self) -> list[Copy]:
        """Each piece to paste, then the rest."""
        copies = [Copy(snippet.title, snippet.text) for snippet in self._snippets]
        if self.advice is not None:
            options = ("advise", "--arch", self.arch, "--libc", self.libc)
            tag = self.advice.release.tag
            copies.append(command_copy(self.state.settings, *options, tag))
            inspection = self.advice.inspection
            if inspection is not None:
                copies += proof_copies(inspection)
        return copies
