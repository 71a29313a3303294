"""``/`` on every screen and every tab: a filter line wherever there is a table, and a word where there is none."""

import pytest

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.tabs import TABS
from explorer.tui.widgets.pane import FilterInput
from tests.tui.conftest import Driver, opened

TABLES = {
    "roadrunner-1.6.2-linux-amd64.tar.gz": {spec.id for spec in TABS} - {"verdict", "release"},
    # A static program has no interpreter, no libraries and no dynamic section.
    "roadrunner-2025.1.15-linux-arm64.tar.gz": {spec.id for spec in TABS}
    - {"verdict", "release", "dependencies", "dynamic"},
}


def bar(app: Driver) -> str:
    return app.drawn().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
async def test_every_tab_filters_or_says_that_it_cannot(name: str, demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        app.app.screen.go_to_release("v" + name.split("-")[1])  # type: ignore[attr-defined]  # the browser's
        await app.press("enter")
        await app.until(lambda: app.app.screen.query_one("#asset-table").go_to(name))  # type: ignore[attr-defined]  # a table
        await app.press("enter")
        await app.until(lambda: len(app.app.screen_stack) == 2 and not app.app.board.running)
        for spec in TABS:
            assert isinstance(app.app.screen, BinaryScreen)
            await app.app.screen.open_tab(spec.id)
            await app.until(lambda: not any(worker.is_running for worker in app.app.workers))
            await app.press("slash")
            if spec.id in TABLES[name]:
                assert isinstance(app.app.focused, FilterInput), spec.id
                assert "words to look for" in app.drawn(), f"{spec.id}: the field is seen"
                await app.press(*"nosuch")
                await app.shows("nothing matches “nosuch”")
                await app.press("escape")
                assert "/ filter" in bar(app)
            else:
                await app.shows("Nothing to filter here")
                assert not isinstance(app.app.focused, FilterInput), spec.id
                assert "/ filter" not in bar(app), f"{spec.id}: what does nothing is not named"
                app.app.clear_notifications()
            assert "esc back" in bar(app)


async def test_screens_of_words_say_so_too(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        await app.press("a")
        await app.shows("✓ take")
        await app.press("slash")
        await app.shows("Nothing to filter here")


@pytest.mark.parametrize("key", ["comma", "D", "m"])
async def test_screens_with_a_table_filter(key: str, demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        await app.press(key)
        await app.until(lambda: len(app.app.screen_stack) == 2)
        await app.press("slash", *"nosuch")
        await app.shows("nothing matches “nosuch”")
