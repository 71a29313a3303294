"""A titled table with its filter line."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label

from explorer.tui.render import text
from explorer.tui.widgets.line_input import LineInput
from explorer.tui.widgets.table import Table

_CLAUSE_END = re.compile(r"  +| (?=[A-Z] )")
"""Between two marks of a legend, or two letters."""
_CORNERS = 4
"""Cells of the lower edge that no words take."""


def fitted(legend: str, room: int) -> str:
    """A legend's first clauses that have room; no meaning of a mark is cut in the middle.

    The first clause always stays: a warning's beginning is better than none.
    """
    if cell_len(legend) <= room:
        return legend
    shorter = [f"{legend[: end.start()]} …" for end in _CLAUSE_END.finditer(legend)]
    return next((words for words in reversed(shorter) if cell_len(words) <= room), legend)


class FilterInput(LineInput):
    """A line to filter by. Down and enter go back to the table."""

    HELP = (
        "Type words: only rows that contain all of them are shown. Enter or ↓ goes to the table, "
        "escape clears the filter."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "done", tooltip="Go to the rows that match")
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="words to look for")

    def on_key(self, event: events.Key) -> None:
        """Go to the table on down."""
        if event.key == "down":
            event.stop()
            self.post_message(Input.Submitted(self, self.value))


class Pane(Vertical):
    """A table in a frame. The title names it, the lower edge tells filter and sort order."""

    DEFAULT_CSS = """
    Pane {
        border: round $border-blurred;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        padding: 0 0;
        &:focus-within { border: round $border; border-title-color: $text-primary; }
        & > Horizontal { height: 1; display: none; }
        & > Horizontal > Label {
            width: 3; color: $text-accent; text-style: bold; padding: 0 0 0 1;
        }
        & > Horizontal > Input { width: 1fr; background: transparent; }
        &.-warned { border-subtitle-color: $text-warning; }
        &.-filtered > Horizontal { display: block; }
    }
    """

    def __init__(
        self, table: Table, title: str = "", widget_id: str | None = None, legend: str = ""
    ) -> None:
        """``legend`` stands at the lower edge; filter and sort order come before it."""
        super().__init__(id=widget_id)
        self.table = table
        self.legend = legend
        if legend:
            self.border_subtitle = Content(legend)  # fitted at the first resize
        if title:
            self.border_title = Content(title)
        self.input: FilterInput | None = None
        """Made when it is first needed: the first frame does without."""

    def compose(self) -> ComposeResult:
        yield self.table

    def retitle(self, title: str) -> None:
        """Change the title; untrusted text."""
        self.border_title = text(title) if title else None

    def explain(self, legend: str) -> None:
        """Change the legend."""
        if legend != self.legend:
            self.legend = legend
            self._show_view()

    def on_resize(self) -> None:
        """Show as much of the legend as there is room for."""
        self._show_view()

    @on(Table.Changed)
    def _show_view(self) -> None:
        table = self.table
        query = table.row_query
        parts: list[str] = []
        if query.words:
            parts.append(f"{len(table.view):,} of {len(table.source):,}")
        arrow = "▼" if query.descending else "▲"
        titles = [c.title for c in table.source.columns if c.key == query.sorted_by and c.title]
        parts += [f"by {title} {arrow}" for title in titles]
        words = "  ".join(part for part in (" · ".join(parts), self.legend) if part)
        if self.size.width:
            words = fitted(words, self.outer_size.width - _CORNERS)
        self.border_subtitle = text(words) if words else None

    async def start_filter(self) -> None:
        """Open the filter line and focus it before the next key is handled."""
        self.add_class("-filtered")
        if self.input is None:
            self.input = FilterInput()
            await self.mount(Horizontal(Label(Content("/")), self.input), before=self.table)
        self.input.can_focus = True
        self.screen.set_focus(self.input)

    @property
    def filtered(self) -> bool:
        """Whether the filter line is open."""
        return self.has_class("-filtered")

    def clear_filter(self) -> bool:
        """Close the filter line and show all rows. False if it was not open."""
        if self.input is None or not self.filtered:
            return False
        self._close(self.input)
        self.input.value = ""
        self.table.filter("")
        return True

    def _close(self, line: FilterInput) -> None:
        # The focus goes first: a hidden input that kept it would swallow every key.
        self.screen.set_focus(self.table)
        line.can_focus = False
        self.remove_class("-filtered")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self.table.row_query.words and (self.filtered or not event.value):
            self.table.filter(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self.input is not None and not self.input.value:
            self._close(self.input)
        self.screen.set_focus(self.table)
