"""A small dialog to choose one of several. Returns the key of the choice, or None."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from explorer.report import Cell, Column, Row, visible
from explorer.tui.render import text
from explorer.tui.rows import ListRows
from explorer.tui.screens.dialog import Dialog
from explorer.tui.theme import THEMES
from explorer.tui.widgets.line_input import LineInput
from explorer.tui.widgets.table import Table

if TYPE_CHECKING:
    from explorer.tui.app_base import ExplorerBase

MAX_LINES = 16
"""Lines of the list at most."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of the dialog."""

    key: str
    title: str
    detail: str = ""


class ChooseScreen(Dialog[str | None]):
    """Typing narrows the list down, arrows move, enter chooses, escape closes."""

    CSS_PATH = "choose.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close"),
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("up", "move(-1)", "up", show=False, priority=True),
        Binding("pagedown", "move(8)", "down", show=False, priority=True),
        Binding("pageup", "move(-8)", "up", show=False, priority=True),
    ]
    MIN_LINES = 1
    """Lines of the list at least: one that is always as high is not laid out again."""
    HINT = "type to narrow down"
    KEYS = "enter choose · esc close"
    HELP = "Type to narrow the list down. ↑ ↓ move, enter chooses, escape closes the dialog."

    def __init__(
        self,
        title: str,
        choices: Sequence[MenuItem],
        current: str = "",
        empty: str = "nothing to choose",
        lead: str = "",
    ) -> None:
        """``empty``: what an empty list says. ``lead``: why there is a choice; untrusted."""
        super().__init__()
        self._title = title
        self._empty = empty
        self._lead = lead
        self._current = current
        self._rows = self._rows_of(choices)

    def _rows_of(self, choices: Sequence[MenuItem]) -> ListRows:
        def title(choice: MenuItem) -> str:
            return f"{choice.title} ●" if choice.key == self._current else choice.title

        return ListRows(
            (Column("title", "", names_row=True), Column("detail", "", grows=True)),
            [
                Row(choice.key, (Cell(title(choice), "strong"), Cell(choice.detail, "dim")))
                for choice in choices
            ],
        )

    def show_choices(self, choices: Sequence[MenuItem]) -> None:
        """Replace the choices."""
        self._rows = self._rows_of(choices)
        table = self.query_one(Table)
        table.show(self._rows)
        table.styles.height = self._height()

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text(self._title)
            dialog.border_subtitle = text(self.KEYS)
            if self._lead:
                yield Static(text(visible(self._lead), "$text-muted"))
            yield LineInput(placeholder=self.HINT)
            yield Table(widget_id="choices", empty=self._empty, header=False)

    def on_mount(self) -> None:
        """Fill the list and put the cursor on the current choice."""
        table = self.query_one(Table)
        table.can_focus = False
        table.way_back = ""
        table.show(self._rows)
        if self._current:
            table.go_to(self._current)
        table.styles.height = self._height()

    def _height(self) -> int:
        return max(self.MIN_LINES, min(len(self._rows), MAX_LINES))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(Table).cursor += by

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one(Table).filter(event.value)

    @on(Input.Submitted)
    def _entered(self) -> None:
        row = self.query_one(Table).row
        if row is not None:
            self.dismiss(row.key)

    @on(Table.Selected)
    def _clicked(self, event: Table.Selected) -> None:
        self.dismiss(event.row.key)


class ThemeScreen(ChooseScreen):
    """Shows the colours under the cursor at once; escape brings the earlier ones back."""

    CSS_PATH = "choose.tcss"

    @on(Table.Highlighted)
    def _preview(self, event: Table.Highlighted) -> None:
        if event.row is not None and self.is_current:
            self.app.theme = event.row.key


def choose_theme(app: ExplorerBase) -> None:
    """Let the user choose the colours: rr-explorer's own, the terminal's, or Textual's."""
    notes = {
        "ansi-dark": "the terminal's own colours",
        "ansi-light": "the terminal's own colours, light background",
    }
    first = [theme.name for theme in THEMES] + list(notes)
    names = first + sorted(
        name for name in app.available_themes if name not in first and name != "textual-ansi"
    )
    choices = [
        MenuItem(name, name, notes.get(name, "")) for name in names if name in app.available_themes
    ]
    before = app.theme

    def take(name: str | None) -> None:
        if name is None:
            app.theme = before
        else:
            app.use_theme(name)

    app.push_screen(ThemeScreen("Colours", choices, before), take)
