"""Jump mode: each part of the screen and each row gets a letter, and pressing it goes there."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Label, Tab, Tabs

from explorer.tui.render import text
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.grid import Grid
from explorer.tui.widgets.pane import FilterInput
from explorer.tui.widgets.table import Table

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The home row first."""
LABEL_WIDTH = 3
"""Cells of a letter, with what surrounds it."""
MARK_WIDTH = 2
"""Cells in front of a row's first word, where the cursor's mark is: a letter has room there."""


def jump_targets(screen: Screen[Any]) -> list[Widget]:
    """All focusable widgets and each tab, from the top left to the bottom right."""
    reachable = [
        widget
        for widget in screen.query(Widget)
        if widget.region
        and not widget.has_class("-cut")
        and screen.region.overlaps(widget.region)
        and (
            isinstance(widget, Tab)
            or (widget.focusable and not isinstance(widget, Tabs))
            or isinstance(widget, FilterInput)
        )
    ]
    return sorted(reachable, key=lambda widget: (widget.region.y, widget.region.x))[: len(LETTERS)]


def jump(screen: Screen[Any]) -> None:
    """Show the letters over ``screen`` and go where the user says."""
    reachable = jump_targets(screen)
    rows = row_targets(screen)[: len(LETTERS) - len(reachable)]
    labels = [_label_of(widget) for widget in reachable]
    labels += [(offset, MARK_WIDTH) for offset, _, _ in rows]

    def go(choice: int | None) -> None:
        if choice is None:
            return
        if choice >= len(reachable):
            _, table, place = rows[choice - len(reachable)]
            table.focus()
            table.cursor = place
            return
        widget = reachable[choice]
        if isinstance(widget, Tab):
            tabs = next(node for node in widget.ancestors if isinstance(node, Tabs))
            tabs.active = widget.id or tabs.active
        else:
            widget.focus()

    if labels:
        screen.app.push_screen(JumpScreen(labels), go)


def _label_of(widget: Widget) -> tuple[Offset, int]:
    """Where the letter of a part of the screen is and how wide, so that it covers no word.

    That of a tab is on the line below it, that of a table where the rows have their mark, any other
    on the border.
    """
    place = widget.region.offset
    if isinstance(widget, Tab):
        return place + Offset(0, 1), LABEL_WIDTH
    return place, MARK_WIDTH if isinstance(widget, Table) else LABEL_WIDTH


def row_targets(screen: Screen[Any]) -> list[tuple[Offset, Table, int]]:
    """Where each row in sight is, its table and its place there: those of the focused table first.

    The cells of a grid have no letters.
    """
    tables = [
        table
        for table in screen.query(Table)
        if table.region and table.focusable and not isinstance(table, Grid)
    ]
    return [
        (table.region.offset + Offset(0, line), table, place)
        for table in sorted(tables, key=lambda table: not table.has_focus)
        for place, line in table.places_in_sight()
    ]


class JumpScreen(Dialog[int | None]):
    """Letters over the screen below. Any other key closes it."""

    CSS_PATH = "jump.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]

    def __init__(self, labels: list[tuple[Offset, int]]) -> None:
        """``labels``: where each is, and its width in cells."""
        super().__init__()
        self._labels = labels

    def compose(self) -> ComposeResult:
        for (place, width), letter in zip(self._labels, LETTERS, strict=False):
            label = Label(text(f" {letter} "[-width:]), classes="letter")
            label.styles.offset = place
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go to the part with this letter."""
        if event.character and event.character in LETTERS[: len(self._labels)]:
            event.stop()
            self.dismiss(LETTERS.index(event.character))
        elif event.key != "escape":
            event.stop()
            self.dismiss(None)
