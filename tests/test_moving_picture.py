"""The moving picture of the tour: well-formed, small, with every word of its frames."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from explorer.tui.tour.steps import STEPS
from tests.moving_picture import animated

PICTURE = Path(__file__).resolve().parents[1] / "screenshots" / "tour.svg"
SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> str:
    """All text of a picture, line by line."""
    root = ET.fromstring(svg)
    texts = ("".join(node.itertext()) for node in root.iter(f"{SVG}text"))
    return "".join(texts).replace("\N{NO-BREAK SPACE}", " ")


async def test_every_frame_keeps_its_words_and_colours() -> None:
    class Shown(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("[red]version 3.24[/] of [b]v2025.1.15[/]", id="line")

    app = Shown()
    async with app.run_test(size=(40, 3)) as pilot:
        frames = [app.export_screenshot()]
        app.query_one("#line", Static).update("[blue]another[/] 1.25")
        await pilot.pause()
        frames.append(app.export_screenshot())
    moving = animated(frames, 2.0)
    assert "version 3.24 of v2025.1.15" in words(moving)
    assert "another 1.25" in words(moving)
    assert moving.count("animation:k") == 2
    assert "4s step-end infinite" in moving
    assert "prefers-reduced-motion" in moving
    assert moving.count("<style>") == 1


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="Textual"):
        animated(["<svg/>"], 1.0)
    with pytest.raises(ValueError, match="no frames"):
        animated([], 1.0)


def test_the_tours_picture_is_whole_and_small() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert len(svg.encode()) < 400_000
    assert svg.count('<g class="f f') == len(STEPS)
    assert "https://" not in svg.replace("https://github.com/", ""), "it loads nothing"
    shown = words(svg)
    for step in STEPS:
        assert step.caption[:60] in shown
