"""The reasons of a verdict, one block of text for each."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.report import Row
from explorer.report.verdicts import REASON_COLUMNS, reason_row
from explorer.tui.render import content, lines
from explorer.workbench import Inspection

_PLACE = {column.key: number for number, column in enumerate(REASON_COLUMNS)}


def block(row: Row) -> Content:
    """Answer and rule, sentence, evidence, remedy; empty parts are left out."""
    answer, code, sentence, evidence, remedy = (
        row.cells[_PLACE[key]] for key in ("answer", "code", "text", "evidence", "remedy")
    )
    parts = [Content.assemble(content(answer, "bold"), "  ", content(code)), content(sentence)]
    if evidence.text:
        parts.append(Content.assemble(("seen in  ", "$text-muted"), content(evidence)))
    if remedy.text:
        parts.append(Content.assemble(("→ to do  ", "$text-accent"), content(remedy)))
    return lines(parts)


class Reasons(VerticalScroll, can_focus=True):
    """Scrolls with the arrows."""

    DEFAULT_CSS = """
    Reasons {
        border: round $border-blurred;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        &:focus { border: round $border; }
    }
    """
    HELP = (
        "Every rule that applies, worst first: its answer, its code, its sentence, where in the "
        "file it was found (enter shows those bytes), and what to do. `rr-explorer rules` lists "
        "all rules."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "bytes", show=False, tooltip="Show the bytes of the evidence")
    ]

    class Opened(Message):
        """The bytes that the first evidence names are asked for."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._offset: int | None = None

    def compose(self) -> ComposeResult:
        yield Static()

    def action_open(self) -> None:
        """Show the bytes of the evidence."""
        if self._offset is not None:
            self.post_message(self.Opened(self._offset))

    def show(self, inspection: Inspection) -> None:
        """Show the reasons of the first verdict."""
        evidence = [
            match
            for verdict in inspection.verdicts[:1]
            for reason in verdict.reasons
            if (match := re.search(r"at 0x([0-9a-f]{1,12})\b", reason.evidence)) is not None
        ]
        self._offset = int(evidence[0][1], 16) if evidence else None
        blocks = [
            block(reason_row(reason))
            for verdict in inspection.verdicts[:1]
            for reason in verdict.reasons
        ]
        self.say(Content("\n\n").join(blocks))

    def say(self, words: Content) -> None:
        """Show any words."""
        self.query_one(Static).update(words)
