"""``/`` opens a filter line on every screen and tab with a table, and says so elsewhere."""

import pytest

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.tabs import TABS
from explorer.tui.widgets.pane import FilterInput
from tests.tui.conftest import Driver, opened

EVERY = {spec.id for spec in TABS} - {"hex"}  # its bytes are searched instead: see test_hex_tab
TABLES = {
    # Nothing is listed under vulnerabilities for a stand-in.
    "roadrunner-1.6.2-linux-amd64.tar.gz": (EVERY, EVERY - {"verdict", "release", "vulns"}),
    # A static program has no interpreter, no libraries and no dynamic section.
    "roadrunner-2025.1.15-linux-arm64.tar.gz": (
        {"dependencies", "dynamic", "segments"},
        {"segments"},
    ),
}
"""For each file the tabs that are tried, and which of them have a table."""


def bar(ui: Driver) -> str:
    return ui.drawn().splitlines()[-1]


@pytest.mark.parametrize("name", TABLES)
async def test_every_tab_filters_or_says_that_it_cannot(name: str, demo: Settings) -> None:
    tried, tables = TABLES[name]
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        ui.app.screen.go_to_release("v" + name.split("-")[1])  # type: ignore[attr-defined]  # the browser's
        await ui.press("enter")
        await ui.until(lambda: ui.app.screen.query_one("#asset-table").go_to(name))  # type: ignore[attr-defined]  # a table
        await ui.press("enter")
        await ui.until(lambda: len(ui.app.screen_stack) == 2 and not ui.state.board.running)
        for spec in TABS:
            if spec.id not in tried:
                continue
            assert isinstance(ui.app.screen, BinaryScreen)
            await ui.app.screen.open_tab(spec.id)
            await ui.until(lambda: not any(worker.is_running for worker in ui.app.workers))
            await ui.press("slash")
            if spec.id in tables:
                assert isinstance(ui.app.focused, FilterInput), spec.id
                assert "words to look for" in ui.drawn(), f"{spec.id}: the field is seen"
                await ui.press("~", "~")
                await ui.shows("nothing matches “~~”")
                await ui.press("escape")
                assert "/ filter" in bar(ui)
            else:
                await ui.shows("Nothing to filter here")
                assert not isinstance(ui.app.focused, FilterInput), spec.id
                assert "/ filter" not in bar(ui), f"{spec.id}: what does nothing is not named"
                ui.app.clear_notifications()
            assert "esc back" in bar(ui)


async def test_screens_of_words_say_so_too(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("a")
        await ui.shows("✓ use")
        await ui.press("slash")
        await ui.shows("Nothing to filter here")


@pytest.mark.parametrize("key", ["comma", "D", "m"])
async def test_screens_with_a_table_filter(key: str, demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press(key)
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        await ui.press("slash", *"nosuch")
        await ui.shows("nothing matches “nosuch”; esc clears it")
