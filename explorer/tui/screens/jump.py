"""Jump mode: each part of the screen and each row gets a letter or two; typing them goes there."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Label, Tab, Tabs

from explorer.tui.render import text
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.pane import FilterInput
from explorer.tui.widgets.table import Table

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The home row first."""
LABEL_WIDTH = 3
"""Cells of a label with what surrounds it."""
MARK_WIDTH = 2
"""Cells in front of a row's first word, where the cursor's mark is: a label has room there."""


def labels_for(count: int) -> list[str]:
    """A label for each of ``count`` places, as far as two letters go. None begins another one.

    As many as possible have one letter, the first ones.
    """
    letters = len(LETTERS)
    doubled = max(0, min(letters, -((letters - count) // (letters - 1))))
    first = letters - doubled
    pairs = (one + other for one in LETTERS[first:] for other in LETTERS)
    return [*LETTERS[:first], *pairs][:count]


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
    return sorted(reachable, key=lambda widget: (widget.region.y, widget.region.x))


def jump(screen: Screen[Any]) -> None:
    """Show the labels over ``screen`` and go where the user says."""
    reachable = jump_targets(screen)
    rows = row_targets(screen)
    places = [_place_of(widget) for widget in reachable]
    places += [(offset, MARK_WIDTH) for offset, _, _ in rows]

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

    if places:
        screen.app.push_screen(JumpScreen(places), go)


def _place_of(widget: Widget) -> tuple[Offset, int]:
    """Where the label of a part of the screen is and how wide, so that it covers no word.

    That of a tab is on the line below it, that of a table where the rows have their mark, any other
    on the border.
    """
    place = widget.region.offset
    if isinstance(widget, Tab):
        return place + Offset(0, 1), LABEL_WIDTH
    return place, MARK_WIDTH if isinstance(widget, Table) else LABEL_WIDTH


def row_targets(screen: Screen[Any]) -> list[tuple[Offset, Table, int]]:
    """Where each row in sight is, its table and its place there: those of the focused table first.

    The cells of a grid have no labels.
    """
    tables = [table for table in screen.query(Table) if table.region and table.focusable]
    return [
        (table.region.offset + Offset(0, line), table, place)
        for table in sorted(tables, key=lambda table: not table.has_focus)
        for place, line in table.places_in_sight()
    ]


class JumpScreen(Dialog[int | None]):
    """Labels over the screen below. Any key that continues none of them closes it."""

    CSS_PATH = "jump.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]

    def __init__(self, places: list[tuple[Offset, int]]) -> None:
        """``places``: where each label is, and its width in cells."""
        super().__init__()
        self._places = dict(zip(labels_for(len(places)), places, strict=False))
        self._typed = ""

    def compose(self) -> ComposeResult:
        for (place, width), letters in zip(self._places.values(), self._places, strict=True):
            label = Label(_padded(letters, width), classes="letter", name=letters)
            label.styles.offset = place
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go to the place with this label, or show what can follow its first letter."""
        if event.key == "escape":
            return
        event.stop()
        self._typed += event.character or " "
        labels = list(self._places)
        if self._typed in labels:
            self.dismiss(labels.index(self._typed))
        elif any(letters.startswith(self._typed) for letters in labels):
            self._narrow()
        else:
            self.dismiss(None)

    def _narrow(self) -> None:
        """Keep the labels that can still be meant, without what was typed."""
        for label in self.query(Label):
            letters = label.name or ""
            label.display = letters.startswith(self._typed)
            width = self._places[letters][1]
            label.update(_padded(letters.removeprefix(self._typed), width))


def _padded(letters: str, width: int) -> Content:
    """A label of this width; one letter has a blank on its right, too."""
    return text(f"{letters} ".rjust(width)[-width:] if len(letters) == 1 else letters.rjust(width))
