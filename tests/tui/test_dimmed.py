"""The screen behind a dialog."""

import pytest
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen

from explorer.tui.screens.dialog import DimmedScreen

SEGMENTS = [
    Segment("plain"),
    Segment("no style", Style.null()),
    Segment("red", Style.parse("bold red on #102030")),
    Segment("red again", Style.parse("bold red on #102030")),
    Segment("rgb", Style.parse("italic #aabbcc")),
    Segment("link", Style(link="https://example.com", color="blue")),
    Segment("meta", Style(meta={"@click": "quit"}, bgcolor="green")),
    Segment("", None, [(ControlType.BELL, 0)]),
]


@pytest.mark.parametrize("tint", [Color(0, 0, 0, 0.6), Color(200, 10, 30, 0.2), Color(0, 0, 0, 0)])
def test_it_looks_as_textual_draws_it(tint: Color) -> None:
    drawn = list(DimmedScreen.process_segments(SEGMENTS, tint))
    assert drawn == list(BackgroundScreen.process_segments(SEGMENTS, tint))
    assert all(segment.style is None or segment.style.link is None for segment in drawn)
    assert all(segment.style is None or not segment.style.meta for segment in drawn)
