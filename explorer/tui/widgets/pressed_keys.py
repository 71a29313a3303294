"""The keys that were just pressed, in a corner: for an audience that cannot see the keyboard."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from explorer.tui.actions import key_name

SHOWN_S = 1.5
"""Seconds that keys stay after the last one."""
MOST = 6
"""Keys that are shown; those before them are left out."""
_NAMES = {
    "enter": "⏎",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "tab": "⇥",
    "backspace": "⌫",
    "full_stop": ".",
}


class PressedKeys(Widget):
    """A box over the right end of the top bar, where it hides no verdict and takes no room."""

    DEFAULT_CSS = """
    PressedKeys {
        layer: _toastrack;
        dock: top;
        width: 1fr;
        height: auto;
        align: right top;
        visibility: hidden;
    }
    PressedKeys > Static {
        visibility: visible;
        width: auto;
        height: 1;
        padding: 0 1;
        background: $accent;
        color: $background;
        text-style: bold;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[str] = []
        self._timer: Timer | None = None
        self._box = Static(markup=False)

    def compose(self) -> ComposeResult:
        yield self._box

    def press(self, key: str) -> None:
        """Add a key (Textual's name) to those shown."""
        self._keys = [*self._keys, _NAMES.get(key, key_name(key))][-MOST:]
        self._box.update(" ".join(self._keys))
        self.display = True
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SHOWN_S, self._hide)

    def _hide(self) -> None:
        self._keys = []
        self.display = False


def show_key(screen: Screen[object], key: str) -> None:
    """Show a key on a screen."""
    box = next(iter(screen.query(PressedKeys)), None)
    if box is None:
        box = PressedKeys()
        screen.mount(box)
    box.press(key)
