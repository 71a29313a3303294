"""A line to type in, with bounded content."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

NO_CONTROLS = r"[^\x00-\x1f\x7f-\x9f]*"
"""What may be typed or pasted: an ESC in pasted text would reach the terminal as it is."""
LONGEST = 1000
"""Characters that a line takes: each key measures and draws all of them."""


class LineInput(Input):
    """An ``Input`` of bounded length that takes no control characters.

    Of a longer paste it takes the beginning.
    """

    def __init__(self, value: str = "", *, placeholder: str = "") -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            compact=True,
            restrict=NO_CONTROLS,
            max_length=LONGEST,
        )

    def _on_paste(self, event: events.Paste) -> None:
        """Shorten the text before ``Input`` looks at it."""
        start, end = self.selection
        room = max(0, LONGEST - len(self.value) + abs(end - start))
        event.text = event.text[:room]
