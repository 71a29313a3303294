"""Text to read with lines to paste in it: sentences are wrapped, what is pasted never is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static

from explorer.tui.render import lines

STEP = 8
"""Cells by which an arrow scrolls sideways: commands have hundreds."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A line to paste: it keeps its length, and the text scrolls sideways."""

    line: Content


class Prose(ScrollableContainer):
    """Scrolls with the arrows, sideways where a line to paste is longer than the width."""

    DEFAULT_CSS = """
    Prose {
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        scrollbar-gutter: stable;
        & > Static { width: auto; min-width: 100%; text-wrap: nowrap; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", f"across({-STEP})", "left", show=False),
        Binding("right", f"across({STEP})", "right", show=False),
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._parts: Sequence[Content | Whole] = ()
        self._wrapped_at = 0
        """The room for which the parts were wrapped."""
        self._words = Static()

    def compose(self) -> ComposeResult:
        yield self._words

    @property
    def room(self) -> int:
        """Cells of a line; 0 before the first layout."""
        return self.scrollable_content_region.width

    def say(self, parts: Sequence[Content | Whole]) -> None:
        """Show the parts below one another."""
        self._parts = tuple(parts)
        self._wrap()

    def action_across(self, by: int) -> None:
        """Scroll sideways."""
        self.scroll_relative(x=by, animate=False)

    def on_resize(self) -> None:
        """Wrap the sentences again where the width has changed."""
        if self.room != self._wrapped_at:
            self.call_after_refresh(self._wrap)

    def _wrap(self) -> None:
        room = self._wrapped_at = self.room
        self._words.update(lines(line for part in self._parts for line in _lines_of(part, room)))


def _lines_of(part: Content | Whole, room: int) -> Sequence[Content]:
    if isinstance(part, Whole):
        return [part.line]
    return part.wrap(room) if room and part else [part]
