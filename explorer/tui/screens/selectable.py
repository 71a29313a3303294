"""Text to select with the mouse, where nothing took a copy of it for certain."""

from __future__ import annotations

import sys
from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from explorer.tui.render import text
from explorer.tui.screens.dialog import Dialog

EXPLANATION = (
    "The terminal was asked to copy it (OSC 52), but does not say whether it did. If pasting gives "
    "something else, select the text here, in most terminals with shift and the mouse; or press p: "
    "it is printed below the app, where any terminal selects it."
)


class SelectScreen(Dialog[None]):
    """The text from edge to edge: a selection takes nothing else along."""

    CSS_PATH = "selectable.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,y", "dismiss(None)", "close"),
        Binding("p", "print", "print"),
    ]
    HELP = f"{EXPLANATION} Arrows scroll, escape closes it."

    def __init__(self, title: str, content: str) -> None:
        """``content``: visible text with line ends."""
        super().__init__()
        self._title = title
        self._text = content

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text(self._title)
            dialog.border_subtitle = text("p print · esc close")
            yield Static(text(EXPLANATION, "$text-muted"), id="explanation")
            with VerticalScroll():
                yield Static(text(self._text, newline=True), id="selectable")

    def action_print(self) -> None:
        """Give the terminal back for as long as it takes to select the text, unwrapped."""
        try:
            with self.app.suspend():
                sys.stdout.write(f"{self._text}\n\nPress Enter to go back to rr-explorer. ")
                sys.stdout.flush()
                sys.stdin.readline()
        except SuspendNotSupported:
            self.notify("This terminal cannot be given back", severity="warning")
