"""The tour shows the app by its own keys; pressed keys are shown to an audience."""

from pathlib import Path

import pytest
from textual import constants

from explorer.settings import Settings
from explorer.tui.app import ExplorerApp
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.tour import player
from explorer.tui.tour.caption import Caption
from explorer.tui.tour.steps import STEPS
from explorer.tui.widgets import pressed_keys
from explorer.tui.widgets.bars import KeyBar
from tests.cli.conftest import Command, rr
from tests.tui.conftest import NOW, Driver, opened, settings

__all__ = ["rr"]  # the fixture
SHOWN = (
    "✓ YES, runs on Alpine",
    "↳ yes",
    "✓ YES, runs on Alpine",
    "advice.ca-certificates",
    "any Linux on arm64",
    "◐ YES, IF: apk add gcompat",
    "missing libraries",
    "CGO_ENABLED=0",
    "is not published",
    "▢ not proved yet",
)
"""What each step has on the screen, beside its caption."""


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody watches the keys."""
    monkeypatch.setattr(player, "KEY_S", 0.0)


def touring(chosen: Settings) -> ExplorerApp:
    """The app with its tour."""
    return ExplorerApp(chosen, now=lambda: NOW, tour=True)


def test_captions_are_read_in_one_glance() -> None:
    assert len(STEPS) == len(SHOWN) == 10
    assert all(12 <= len(step.caption.split()) <= 20 for step in STEPS)


async def test_each_step_is_shown_at_80_by_24_with_its_verdict(demo: Settings) -> None:
    app = touring(demo)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        ui = Driver(app, pilot)
        await ui.shows("1/10", "space pauses")
        await ui.press("space")
        await ui.shows("space goes on")
        for number, words in enumerate(SHOWN, 1):
            await ui.shows(f"{number}/10", words)
            caption, bar = ui.find("Caption", Caption), ui.find("KeyBar", KeyBar)
            assert caption.region.bottom == bar.region.y == 23, "above the keys, and over nothing"
            if number == 2:
                await ui.press("m")  # a slip: no other key acts
            if number < 10:
                await ui.press("right" if number % 2 else "enter")
        await ui.press("escape")
        await ui.until(lambda: not app.screen.query(Caption))
        assert isinstance(app.screen, BinaryScreen), "the app stays where the tour was"
        await ui.press("escape")
        await ui.until(lambda: not isinstance(app.screen, BinaryScreen))


async def test_it_plays_by_itself_and_its_last_step_leaves_the_keys(
    demo: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "LEAST_S", 0.0)
    monkeypatch.setattr(player, "WORD_S", 0.0)
    monkeypatch.setattr(player, "STEPS", STEPS[:2])
    app = touring(demo)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        ui = Driver(app, pilot)
        await ui.shows("2/2", "v verifies")
        await ui.press("slash")
        await ui.shows("words to look for")
        assert not app.screen.query(Caption)


async def test_with_reduced_motion_it_waits_at_every_step(
    demo: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    app = touring(demo)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        ui = Driver(app, pilot)
        await ui.shows("1/10", "space goes on")
        await ui.press("escape")
        await ui.until(lambda: not app.screen.query(Caption))


async def test_pressed_keys_are_shown_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressed_keys, "SHOWN_S", 300.0)
    async with opened(settings(tmp_path), size=(80, 24)) as ui:
        await ui.press("ctrl+p", *"show pressed", "enter")
        await ui.until(lambda: ui.state.settings.show_keys)
        await ui.press("down", "down")
        await ui.until(lambda: "↓ ↓" in ui.drawn().splitlines()[0])
        monkeypatch.setattr(pressed_keys, "SHOWN_S", 0.01)
        await ui.press("up")
        await ui.until(lambda: "↓" not in ui.drawn().splitlines()[0])


def test_the_tour_needs_the_demo(rr: Command) -> None:
    done = rr("--tour")
    assert (done.code, "rr-explorer --demo --tour" in done.err) == (2, True)
