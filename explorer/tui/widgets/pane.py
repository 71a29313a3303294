"""A titled table with its filter line."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label

from explorer.tui.render import text
from explorer.tui.widgets.table import Table

NO_CONTROLS = r"[^\x00-\x1f\x7f-\x9f]*"
"""What may be typed or pasted into an input: an ESC in a pasted text would reach the terminal as it is."""


class FilterInput(Input):
    """One line to filter by; down and enter go back to the table."""

    HELP = "Type words: only rows that hold all of them are shown. Enter or ↓ goes to the table, escape clears the filter."

    def __init__(self) -> None:
        super().__init__(placeholder="words to look for", compact=True, restrict=NO_CONTROLS)

    def on_key(self, event: events.Key) -> None:
        """Down leaves for the table."""
        if event.key == "down":
            event.stop()
            self.post_message(Input.Submitted(self, self.value))


class Pane(Vertical):
    """A table in a frame. The frame's title says what it is, its lower edge how much of it is shown.

    The title given at first is a word of our own; ``retitle`` takes anybody's.
    """

    DEFAULT_CSS = """
    Pane {
        border: round $border-blurred;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        padding: 0 0;
        &:focus-within { border: round $border; border-title-color: $text-primary; }
        & > Horizontal { height: 1; display: none; }
        & > Horizontal > Label { width: 3; color: $text-accent; text-style: bold; padding: 0 0 0 1; }
        & > Horizontal > Input { width: 1fr; background: transparent; }
        &.-filtered > Horizontal { display: block; }
    }
    """

    def __init__(self, table: Table, title: str = "", widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.table = table
        self.caption = title
        if title:
            self.border_title = Content(title)
        self.input: FilterInput | None = None
        """Made when it is first asked for: two inputs cost a tenth of the first paint."""

    def compose(self) -> ComposeResult:
        yield self.table

    def retitle(self, title: str) -> None:
        """Another title; untrusted text."""
        self.caption = title
        self.border_title = text(title) if title else None
        self._count()

    def _count(self) -> None:
        table = self.table
        parts: list[str] = []
        if table.wish.words:
            parts.append(f"{len(table.view):,} of {len(table.source):,}")
        if table.wish.sorted_by:
            column = next(
                (c.title for c in table.source.columns if c.key == table.wish.sorted_by), ""
            )
            parts.append(f"by {column} {'▼' if table.wish.descending else '▲'}" if column else "")
        self.border_subtitle = (
            text(" · ".join(part for part in parts if part)) if any(parts) else None
        )

    @on(Table.Changed)
    def _changed(self) -> None:
        self._count()

    async def start_filter(self) -> None:
        """Open the filter line. It has the focus on return, so that the next key is typed into it."""
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
        """Close the filter line and show everything; False where there was none."""
        if self.input is None or not self.filtered:
            return False
        self._close(self.input)
        self.input.value = ""
        self.table.filter("")
        return True

    def _close(self, line: FilterInput) -> None:
        # The focus goes first: a hidden input that still had it would swallow every key.
        self.screen.set_focus(self.table)
        line.can_focus = False
        self.remove_class("-filtered")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.filtered or not event.value:
            self.table.filter(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self.input is not None and not self.input.value:
            self._close(self.input)
        self.screen.set_focus(self.table)
