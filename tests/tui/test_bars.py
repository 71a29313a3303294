"""The line at the bottom: whatever the width, the keys that lead out and on are there."""

from pathlib import Path

import pytest

from explorer.progress import Progress
from explorer.settings import Settings
from explorer.tui.actions import ACTIONS
from explorer.tui.job_board import Job, JobKind, JobProgressed
from explorer.tui.widgets.pane import FilterInput
from tests.tui.conftest import SIZES, Driver, opened, settings


def key_bar(ui: Driver) -> str:
    return ui.drawn().splitlines()[-1]


def download(ui: Driver, name: str = "roadrunner-2025.1.15-linux-arm64.tar.gz") -> Job:
    """A download on the board that is half done."""
    job = ui.state.board.start(JobKind.DOWNLOAD, name, name)
    ui.state.jobs_changed.publish(job)
    ui.app.post_message(
        JobProgressed(job, Progress("downloading", 43_000_000, 100_000_000, "bytes", 1e6))
    )
    return job


async def test_help_and_the_way_out_are_named_at_every_width(demo: Settings) -> None:
    sizes = (*SIZES, (40, 10), (160, 50))
    async with opened(demo) as ui:
        for size in sizes:
            await ui.pilot.resize_terminal(*size)
            await ui.until(lambda: "? help" in key_bar(ui) and "q quit" in key_bar(ui))
            assert len(key_bar(ui)) <= size[0], size
        await ui.press("enter", "enter")
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        for size in sizes:
            await ui.pilot.resize_terminal(*size)
            await ui.until(lambda: "? help" in key_bar(ui) and "esc back" in key_bar(ui))
            assert len(key_bar(ui)) <= size[0], size
        await ui.press("escape", "m", "escape", "a")
        await ui.until(lambda: "? help" in key_bar(ui) and "esc back" in key_bar(ui))


async def test_what_is_most_needed_comes_before_what_is_not(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.until(
            lambda: all(
                word in key_bar(ui)
                for word in ("enter open", "v verify", "m matrix", "a advice", "/ filter")
            )
        )
        words = key_bar(ui).split("  ")
        assert [word.strip() for word in words if word.strip()][-2:] == ["? help", "q quit"], (
            "where one looks for them"
        )
        assert "esc back" not in key_bar(ui), "there is nowhere to go back to"
        await ui.press("enter")
        await ui.until(lambda: "esc back" in key_bar(ui))
        assert all(word in key_bar(ui) for word in ("m matrix", "a advice", "/ filter"))
        await ui.press("enter")
        await ui.until(
            lambda: (
                "] next tab" in key_bar(ui) and "y copy" in key_bar(ui) and "q quit" in key_bar(ui)
            )
        )


@pytest.mark.parametrize("size", [*SIZES, (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_runs_is_told_beside_them(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as ui:
        job = download(ui)
        await ui.until(lambda: "43 %" in key_bar(ui))
        assert "x" in key_bar(ui).split()
        if size[0] >= 40:
            assert "? help" in key_bar(ui)
        if size[0] >= 80:
            assert "↓ download 43 %, 57 s left  x cancel" in key_bar(ui)
            assert "q quit" in key_bar(ui)
            assert "m matrix  a advice" in key_bar(ui)
            await ui.press("enter")
            await ui.until(lambda: "esc back" in key_bar(ui))
            assert "m matrix  a advice" in key_bar(ui)
            assert "43 %" in key_bar(ui)
        other = download(ui, "another.tar.gz")
        await ui.until(lambda: "2 jobs" in key_bar(ui) or size[0] < 40)
        assert "J" in key_bar(ui).split()
        assert job.running
        assert other.running


async def test_the_mouse_presses_what_the_bar_names(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        bar = ui.find("KeyBar")

        async def click(words: str) -> None:
            await ui.until(lambda: words in key_bar(ui))
            await ui.pilot.click(bar, offset=(key_bar(ui).index(words), 0))

        await click("/ filter")
        await ui.until(lambda: isinstance(ui.app.focused, FilterInput))
        await click("esc clear")
        await ui.until(lambda: not isinstance(ui.app.focused, FilterInput))
        await click("? help")
        await ui.shows("Help", "esc close")
        await ui.press("escape")
        download(ui)
        await click("↓ download")
        await ui.shows("▶ running")


async def test_the_bar_has_the_users_keys(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keys={"quit": "f10", "help": "f1"}), size=(60, 20)) as ui:
        await ui.until(lambda: "f1 help" in key_bar(ui) and "f10 quit" in key_bar(ui))


def test_a_label_has_two_words_at_most() -> None:
    assert all(
        len(action.label) <= 12 and action.label.count(" ") <= 1
        for action in ACTIONS
        if action.shown
    )


async def test_a_filter_line_names_what_ends_it(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("slash", *"arm")
        await ui.until(lambda: "enter done" in key_bar(ui) and "esc clear" in key_bar(ui))
        assert "filter" not in key_bar(ui), "/ is typed here, like any other character"
        await ui.press("enter")
        await ui.until(lambda: "enter open" in key_bar(ui) and "/ filter" in key_bar(ui))


async def test_enter_is_called_what_it_does(demo: Settings) -> None:
    async with opened(demo) as ui:
        for key, words in (("comma", "enter change"), ("D", "enter show")):
            await ui.press(key)
            await ui.until(lambda words=words: words in key_bar(ui))  # type: ignore[misc]
            await ui.press("escape")
