"""Keys typed ahead go to what an earlier key opens."""

from pathlib import Path

from textual.widgets import Tabs

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.widgets.pane import FilterInput
from tests.tui.conftest import Driver, opened, settings


def type_ahead(ui: Driver, *keys: str) -> None:
    """All the keys at once, as a fast typist or a script over ssh sends them."""
    for key in keys:
        ui.app.simulate_key(key)


def browser(ui: Driver) -> BrowserScreen:
    screen = ui.app.screen
    assert isinstance(screen, BrowserScreen)
    return screen


async def test_letters_behind_the_filters_key_are_letters(demo: Settings) -> None:
    async with opened(demo) as ui:
        type_ahead(ui, "slash", *"quit")
        await ui.until(
            lambda: isinstance(ui.app.focused, FilterInput) and ui.app.focused.value == "quit"
        )
        assert ui.app.is_running
        type_ahead(ui, "escape", "slash", *"v1.6", "enter", "down")
        await ui.until(lambda: browser(ui).releases.cursor == 1)
        assert browser(ui).releases.row_query.words == "v1.6"


async def test_an_arrow_behind_enter_moves_in_the_files(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        screen = browser(ui)
        release, file = screen.releases.cursor, screen.assets.cursor
        type_ahead(ui, "enter", "down")
        await ui.until(lambda: screen.assets.cursor == file + 1)
        assert screen.releases.cursor == release
        assert ui.app.focused is screen.assets


async def test_a_key_waits_for_the_screen_that_is_being_opened(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        type_ahead(
            ui,
            "enter",
            "enter",
            "right_square_bracket",
            "right_square_bracket",
            "left_square_bracket",
        )
        await ui.until(
            lambda: (
                isinstance(ui.app.screen, BinaryScreen) and ui.find("Tabs", Tabs).active == "proof"
            )
        )
        type_ahead(
            ui,
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
        await ui.until(
            lambda: isinstance(ui.app.screen, BinaryScreen) and ui.find("Reasons").scroll_y > 0
        )
        type_ahead(ui, "escape", "escape", "m", "down", "down")
        await ui.until(
            lambda: isinstance(ui.app.screen, MatrixScreen) and ui.app.screen.grid.cursor == 3
        )


async def test_a_dialog_is_answered_before_it_is_drawn(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        type_ahead(ui, "t", *"debian-12", "enter", "down")
        await ui.until(lambda: ui.state.target is not None and ui.state.target.name == "debian-12")
        await ui.until(lambda: browser(ui).releases.cursor == 2)
        type_ahead(ui, "g", "s", "down")
        await ui.until(lambda: ui.app.focused is browser(ui).assets)


async def test_a_paste_waits_its_turn(tmp_path: Path) -> None:
    from textual.events import Paste

    async with opened(settings(tmp_path)) as ui:
        type_ahead(ui, "slash", "v")
        ui.app.post_message(Paste("1.6"))
        type_ahead(ui, *".2")
        await ui.until(
            lambda: isinstance(ui.app.focused, FilterInput) and ui.app.focused.value == "v1.6.2"
        )
