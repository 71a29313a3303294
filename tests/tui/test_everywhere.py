"""Help, palette, jump mode, settings, doctor; every key at every size."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from textual.widgets import Tabs

from explorer.settings import Settings, load
from explorer.tui.actions import ACTIONS, Action
from explorer.tui.tabs import TABS
from explorer.tui.widgets.table import Table
from tests.tui.conftest import SIZES, Driver, opened


async def test_help_is_about_what_has_the_focus(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("question_mark")
        await app.shows("Help", "a click on a column", "Run the binary on musl in a container")
        await app.press("escape", "slash", "escape", "enter", "enter")
        await app.shows("Verdict", "elf.static")
        await app.press("question_mark")
        await app.shows("Every rule that applies, worst first")


async def test_help_shows_the_keys_as_they_are(tmp_path: Path) -> None:
    from tests.tui.conftest import settings

    async with opened(settings(tmp_path, keys={"verify": "V"})) as app:
        await app.shows("✓ yes")
        await app.press("question_mark")
        line = next(line for line in app.drawn().splitlines() if "Run the binary on musl" in line)
        assert " V " in line


async def test_the_palette_offers_what_makes_sense_now(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        await app.press("ctrl+p")
        await app.shows("Verify", "Run the binary on musl")
        assert "Cancel the job" not in app.drawn(), "nothing runs"
        assert "Go to the next tab" not in app.drawn(), "there are no tabs here"
        await app.press(*"v2.12.3")
        await app.shows("go to v2.12.3")
        await app.press("enter")
        await app.until(
            lambda: (
                (row := app.app.screen.query_one("#release-table", Table).row) is not None
                and row.key == "v2.12.3"
            )
        )


async def test_a_command_of_the_palette_runs(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("ctrl+p", *"settings")
        await app.shows("Show the settings")
        await app.press("enter")
        await app.shows("cache_limit", "what it does")


async def test_jump_mode_reaches_everything_in_two_keys(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("g")
        await app.shows(" a ", " s ")
        await app.press("s")
        assert app.app.focused is app.app.screen.query_one("#asset-table", Table)
        await app.press("g", "a")
        assert app.app.focused is app.app.screen.query_one("#release-table", Table)
        await app.press("g", "escape")
        assert len(app.app.screen_stack) == 1
        await app.press("enter", "enter", "g", "d")
        await app.until(lambda: app.find("Tabs", Tabs).active == "dependencies")


async def test_settings_are_changed_in_the_users_file(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("comma")
        await app.shows("cache_limit")
        table = app.find("Table", Table)
        assert table.go_to("plugins")
        await app.press("enter")
        await app.until(lambda: not app.app.settings.plugins)
        assert not app.app.show_plugins
        assert load({"config_file": demo.config_file}, {}).plugins is False
        assert table.go_to("downloads")
        await app.press("enter", "backspace", *"99", "enter")
        await app.shows("The setting “downloads” wants")
        await app.press("backspace", "backspace", "2", "enter")
        await app.until(lambda: app.app.settings.downloads == 2)
        assert table.go_to("theme")
        await app.press("enter", *"nord", "enter")
        await app.until(lambda: app.app.theme == "nord")
        assert "nord" in demo.config_file.read_text()


async def test_a_file_that_cannot_be_written_is_told(demo: Settings, tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    async with opened(demo) as app:
        await app.press("comma")
        assert app.find("Table", Table).go_to("debs")
        await app.press("enter")
        await app.shows("Not saved")
        assert app.app.settings.debs


async def test_doctor_says_what_works(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("D")
        await app.shows("cache", "Python")
        await app.press("down", "enter")
        await app.shows("esc leave")


async def walk(app: Driver, actions: Iterable[Action]) -> None:
    """Every key of these actions, and back to this screen by escape."""
    depth = len(app.app.screen_stack)
    for action in actions:
        if action.id in ("quit", "open-browser", "verify", "doctor", "back"):
            continue
        await app.pilot.press(action.key.split(",")[0])
        while len(app.app.screen_stack) > depth:
            await app.press("escape")
        if "FilterInput" in repr(app.app.focused):
            await app.press("escape")
        assert len(app.app.screen_stack) == depth, action.id


@pytest.mark.slow
@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_key_at_every_size(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as app:
        await walk(app, ACTIONS)
        await app.press("enter", "enter")
        await app.until(lambda: len(app.app.screen_stack) == 2)
        await walk(app, [action for action in ACTIONS if "binary" in action.where])
        for _ in TABS:
            await app.pilot.press("right_square_bracket", "end")
        assert app.app.is_running
        assert all(len(line) <= size[0] * 2 for line in app.drawn().splitlines())


async def test_the_size_may_change_at_any_time(demo: Settings) -> None:
    async with opened(demo, size=(120, 40)) as app:
        await app.press("enter")
        for width, height in [*SIZES, (1, 1), (200, 60), (81, 3)]:
            await app.pilot.resize_terminal(width, height)
            await app.press("down")
        await app.pilot.resize_terminal(120, 40)
        await app.shows("v2025.1.15", "✓ yes")
