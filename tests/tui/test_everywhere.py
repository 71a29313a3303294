"""Help, palette, jump mode, settings, doctor; every key at every size."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from textual.widgets import Tabs

from explorer.settings import Settings, load
from explorer.tui.actions import ACTIONS, Action
from explorer.tui.screens.jump import LETTERS, labels_for
from explorer.tui.tabs import TABS
from explorer.tui.widgets.grid import Grid
from explorer.tui.widgets.table import Table
from tests.tui.conftest import SIZES, Driver, opened


async def test_help_is_about_what_has_the_focus(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("question_mark")
        await ui.shows("Help", "a click on a title sorts", "Run the file on the target")
        await ui.press("escape", "slash", "escape", "enter", "enter")
        await ui.shows("Verdict", "elf.static")
        await ui.press("question_mark")
        await ui.shows("Every rule that applies, worst first")


async def test_help_shows_the_keys_as_they_are(tmp_path: Path) -> None:
    from tests.tui.conftest import settings

    async with opened(settings(tmp_path, keys={"verify": "Z"})) as ui:
        await ui.shows("✓ yes")
        await ui.press("question_mark")
        await ui.shows("Run the file on the target")
        line = next(line for line in ui.drawn().splitlines() if "Run the file on" in line)
        assert " Z " in line


async def test_the_palette_offers_what_makes_sense_now(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("ctrl+p")
        await ui.shows("Verify", "Run the file on the target")
        assert "Cancel the job" not in ui.drawn(), "nothing runs"
        assert "Go to the next tab" not in ui.drawn(), "there are no tabs here"
        await ui.press(*"v2.12.3")
        await ui.shows("go to v2.12.3")
        await ui.press("enter")
        await ui.until(
            lambda: (
                (row := ui.app.screen.query_one("#release-table", Table).row) is not None
                and row.key == "v2.12.3"
            )
        )


async def test_a_command_of_the_palette_runs(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("ctrl+p", *"settings")
        await ui.shows("Show and change the settings")
        await ui.press("enter")
        await ui.shows("cache_limit", "what it does")


async def test_jump_mode_reaches_everything_in_two_keys(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("g")
        await ui.shows("│a release", "│s file")
        await ui.press("s")
        assert ui.app.focused is ui.app.screen.query_one("#asset-table", Table)
        await ui.press("g", "a")
        assert ui.app.focused is ui.app.screen.query_one("#release-table", Table)
        await ui.press("g", "escape")
        assert len(ui.app.screen_stack) == 1
        await ui.press("enter", "enter", "g")
        await ui.shows(" Verdict Proof Libraries ", " a ")
        await ui.press("d")
        await ui.until(lambda: ui.find("Tabs", Tabs).active == "dependencies")


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_jump_mode_goes_to_rows(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as ui:
        await ui.shows("✓ yes", "! Demo: ")  # the notice moves the rows down
        releases, assets = (
            ui.app.screen.query_one(f"#{name}-table", Table) for name in ("release", "asset")
        )
        first = releases.places_in_sight()[0][0]
        await ui.press("g")
        line = next(line for line in ui.drawn().splitlines() if "│g " in line)
        await ui.press("g")  # a and s are the two tables; d, f, g are rows
        assert releases.cursor == first + 2
        row = releases.row
        assert row is not None
        assert f"│g {row.key} " in line, "a letter covers nothing of what it is for"
        await ui.press("enter", "g", "d")
        assert assets.has_focus
        assert assets.cursor == 0


@pytest.mark.parametrize("count", [1, 26, 27, 51, 52, 300, 676, 1000])
def test_no_label_of_jump_mode_is_the_beginning_of_another(count: int) -> None:
    labels = labels_for(count)
    assert len(set(labels)) == len(labels) == min(count, len(LETTERS) ** 2)
    assert {len(label) for label in labels} <= ({1} if count <= len(LETTERS) else {1, 2})
    assert not any(one != other and other.startswith(one) for one in labels for other in labels)


async def test_jump_mode_has_two_letters_where_one_is_too_few(demo: Settings) -> None:
    """Some 40 releases and 16 files are in sight. The parts of the screen still take one key."""
    async with opened(demo, size=(160, 50)) as ui:
        await ui.shows("✓ yes", "! Demo: ")  # the notice moves the rows down
        releases, assets = (
            ui.app.screen.query_one(f"#{name}-table", Table) for name in ("release", "asset")
        )
        in_sight = releases.places_in_sight()
        labels = labels_for(2 + len(in_sight) + len(assets.places_in_sight()))
        assert len(labels) > len(LETTERS)
        place, _ = in_sight[-1]
        label = labels[1 + len(in_sight)]
        name = releases.source.row(releases.view[place]).key
        await ui.press("g")
        await ui.shows(f"│{label}{name} ")
        await ui.press(label[0])
        await ui.shows(f"│{label[1]} {name} ")
        first = releases.source.row(releases.view[in_sight[0][0]]).key
        assert f" {first} " in ui.drawn()
        assert f"{labels[2]} {first} " not in ui.drawn(), "it cannot be meant any more"
        await ui.press(label[1])
        assert (releases.has_focus, releases.cursor) == (True, place)
        files = assets.places_in_sight()  # of the release that is under the cursor now
        count = 2 + len(releases.places_in_sight()) + len(files)
        await ui.press("g", *labels_for(count)[-1])
        assert (assets.has_focus, assets.cursor) == (True, files[-1][0])
        await ui.press("g", label[0], "escape")
        assert len(ui.app.screen_stack) == 1
        await ui.press("g", "s")
        assert assets.has_focus


async def test_jump_mode_goes_to_rows_of_the_matrix(demo: Settings) -> None:
    async with opened(demo, size=(120, 40)) as ui:
        await ui.press("m")
        await ui.shows("v2024.3.5", "with files")
        grid = ui.app.screen.query_one(Grid)
        column = grid.column
        await ui.press("g")
        label = next(line for line in ui.drawn().splitlines() if "v2024.3.5 " in line)
        await ui.press(*label.partition("v2024.3.5")[0].strip("│ "))
        row = grid.row
        assert row is not None
        assert (row.key, grid.column) == ("v2024.3.5", column)


async def test_settings_are_changed_in_the_users_file(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("comma")
        await ui.shows("cache_limit")
        table = ui.find("Table", Table)
        assert table.go_to("plugins")
        await ui.press("enter")
        await ui.until(lambda: not ui.state.settings.plugins)
        assert not ui.state.show_plugins
        assert load({"config_file": demo.config_file}, {}).plugins is False
        assert table.go_to("downloads")
        await ui.press("enter", "backspace", *"99", "enter")
        await ui.shows("The setting “downloads” must be")
        await ui.press("backspace", "backspace", "2", "enter")
        await ui.until(lambda: ui.state.settings.downloads == 2)
        assert table.go_to("theme")
        await ui.press("enter", *"nord", "enter")
        await ui.until(lambda: ui.app.theme == "nord")
        assert "nord" in demo.config_file.read_text()


async def test_a_file_that_cannot_be_written_is_told(demo: Settings, tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    async with opened(demo) as ui:
        await ui.press("comma")
        assert ui.find("Table", Table).go_to("debs")
        await ui.press("enter")
        await ui.shows("Not saved")
        assert ui.state.settings.debs


async def test_doctor_says_what_works(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("D")
        await ui.shows("cache", "Python")
        await ui.press("down", "enter")
        await ui.shows("esc close")


async def walk(ui: Driver, actions: Iterable[Action]) -> None:
    """Every key of these actions, and back to this screen by escape."""
    depth = len(ui.app.screen_stack)
    for action in actions:
        if action.id in ("quit", "open-browser", "verify", "doctor", "back"):
            continue
        await ui.press(action.key.split(",")[0])
        while len(ui.app.screen_stack) > depth:
            await ui.press("escape")
        if "FilterInput" in repr(ui.app.focused):
            await ui.press("escape")
        assert len(ui.app.screen_stack) == depth, action.id


async def test_every_key_on_the_smallest_screen(demo: Settings) -> None:
    async with opened(demo, size=(size := SIZES[0])) as ui:
        await walk(ui, ACTIONS)
        await ui.press("enter", "enter")
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        await walk(ui, [action for action in ACTIONS if "binary" in action.where])
        for _ in TABS:  # at the usual size they are opened by the test of their filters
            await ui.press("right_square_bracket", "end")
        assert ui.app.is_running
        assert all(len(line) <= size[0] * 2 for line in ui.drawn().splitlines())


async def test_the_size_may_change_at_any_time(demo: Settings) -> None:
    async with opened(demo, size=(120, 40)) as ui:
        await ui.press("enter")
        for width, height in [*SIZES, (1, 1), (200, 60), (81, 3)]:
            await ui.pilot.resize_terminal(width, height)
            await ui.press("down")
        await ui.pilot.resize_terminal(120, 40)
        await ui.shows("v2025.1.15", "✓ yes")
