"""Keys that are typed before what an earlier one opens is there: each goes where it was meant to."""

from pathlib import Path

from textual.widgets import Tabs

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.widgets.pane import FilterInput
from tests.tui.conftest import Driver, opened, settings


def type_ahead(app: Driver, *keys: str) -> None:
    """All the keys at once, as a fast typist or a script over ssh sends them."""
    for key in keys:
        app.app.simulate_key(key)


def browser(app: Driver) -> BrowserScreen:
    screen = app.app.screen
    assert isinstance(screen, BrowserScreen)
    return screen


async def test_letters_behind_the_filters_key_are_letters(demo: Settings) -> None:
    async with opened(demo) as app:
        type_ahead(app, "slash", *"quit")
        await app.until(
            lambda: isinstance(app.app.focused, FilterInput) and app.app.focused.value == "quit"
        )
        assert app.app.is_running
        type_ahead(app, "escape", "slash", *"v1.6", "enter", "down")
        await app.until(lambda: browser(app).releases.cursor == 1)
        assert browser(app).releases.wish.words == "v1.6"


async def test_an_arrow_behind_enter_moves_in_the_files(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        screen = browser(app)
        release, file = screen.releases.cursor, screen.assets.cursor
        type_ahead(app, "enter", "down")
        await app.until(lambda: screen.assets.cursor == file + 1)
        assert screen.releases.cursor == release
        assert app.app.focused is screen.assets


async def test_a_key_waits_for_the_screen_that_is_being_opened(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as app:
        await app.shows("✓ yes")
        type_ahead(
            app,
            "enter",
            "enter",
            "right_square_bracket",
            "right_square_bracket",
            "left_square_bracket",
        )
        await app.until(
            lambda: (
                isinstance(app.app.screen, BinaryScreen)
                and app.find("Tabs", Tabs).active == "proof"
            )
        )
        type_ahead(
            app,
            "escape",
            "m",
            "right",
            "slash",
            *"v1.6",
            "enter",
            "escape",
            "escape",
            "enter",
            "enter",
            "end",
        )
        await app.until(
            lambda: isinstance(app.app.screen, BinaryScreen) and app.find("Reasons").scroll_y > 0
        )
        type_ahead(app, "escape", "escape", "m", "down", "down")
        await app.until(
            lambda: isinstance(app.app.screen, MatrixScreen) and app.app.screen.grid.cursor == 3
        )


async def test_a_dialog_is_answered_before_it_is_drawn(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        type_ahead(app, "t", *"debian-12", "enter", "down")
        await app.until(lambda: app.app.target is not None and app.app.target.name == "debian-12")
        await app.until(lambda: browser(app).releases.cursor == 2)
        type_ahead(app, "g", "s", "down")
        await app.until(lambda: app.app.focused is browser(app).assets)


async def test_a_paste_waits_its_turn(tmp_path: Path) -> None:
    from textual.events import Paste

    async with opened(settings(tmp_path)) as app:
        type_ahead(app, "slash", "v")
        app.app.post_message(Paste("1.6"))
        type_ahead(app, *".2")
        await app.until(
            lambda: isinstance(app.app.focused, FilterInput) and app.app.focused.value == "v1.6.2"
        )
