"""What the dialogs have in common: the screen behind them is dimmed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen

T = TypeVar("T")


class DimmedScreen(BackgroundScreen):
    """Blends each style of the screen behind once, where Textual blends each piece of text."""

    @classmethod
    def process_segments(cls, segments: Iterable[Segment], color: Color) -> Iterable[Segment]:
        """The segments with their colours blended with ``color``, without links and meta data."""
        for segment in segments:
            if segment.control:
                yield segment
            else:
                yield Segment(segment.text, _dimmed(segment.style or Style.null(), color))


@lru_cache(maxsize=1024)
def _dimmed(style: Style, color: Color) -> Style:
    """The style as Textual's ``BackgroundScreen`` makes it."""
    (segment,) = BackgroundScreen.process_segments([Segment("", style)], color)
    return segment.style or Style.null()


class Dialog(ModalScreen[T]):
    """A screen in front of another one, which is seen dimmed."""

    def render(self) -> RenderableType:
        """Draw the screen behind: in Textual's way a dialog takes a tenth longer to open."""
        drawn = super().render()
        if isinstance(drawn, BackgroundScreen):
            return DimmedScreen(drawn.screen, drawn.color)
        return drawn
