"""Text to select with the mouse, where nothing took a copy of it for certain."""

from __future__ import annotations

import sys
from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from explorer.report import cell_width
from explorer.tui.render import text
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.prose import Prose, Whole

ASKED = (
    "The terminal was asked to copy it (OSC 52), but does not say whether it did. If pasting gives "
    "something else, "
)
PRINTS = "press p: it is printed below the app, where any terminal selects it"
HERE = "select the text here, in most terminals with shift and the mouse"
EXPLANATION = f"{ASKED}{HERE}; or {PRINTS}."
TOO_WIDE = f"{ASKED}{PRINTS} whole: it is wider than the screen. Here ← → scroll it."


class SelectScreen(Dialog[None]):
    """The text from edge to edge: a selection takes nothing else along."""

    CSS_PATH = "selectable.tcss"
    AUTO_FOCUS = "Prose"
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
            yield Static(id="explanation")
            yield Prose()

    def on_mount(self) -> None:
        """Show the text as it is: a line that were wrapped would be selected in pieces."""
        lines = self._text.split("\n")
        self.query_one(Prose).say([Whole(text(line)) for line in lines])
        self._explain()

    def on_resize(self) -> None:
        """Say whether it can be selected here."""
        self._explain()

    def _explain(self) -> None:
        width = max(map(cell_width, self._text.split("\n")))
        words = EXPLANATION if width < self.size.width else TOO_WIDE
        self.query_one("#explanation", Static).update(text(words, "$text-muted"))

    def action_print(self) -> None:
        """Give the terminal back for as long as it takes to select the text, unwrapped."""
        try:
            with self.app.suspend():
                sys.stdout.write(f"{self._text}\n\nPress Enter to go back to rr-explorer. ")
                sys.stdout.flush()
                sys.stdin.readline()
        except SuspendNotSupported:
            self.notify("This terminal cannot be given back", severity="warning")
