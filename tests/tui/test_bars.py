"""The line at the bottom: whatever the width, the keys that lead out and on are there."""

from pathlib import Path

import pytest

from explorer.progress import Progress
from explorer.settings import Settings
from explorer.tui.actions import ACTIONS
from explorer.tui.job_board import Job, JobKind, JobProgressed
from explorer.tui.widgets.pane import FilterInput
from tests.tui.conftest import SIZES, Driver, opened, settings


def key_bar(app: Driver) -> str:
    return app.drawn().splitlines()[-1]


def download(app: Driver, name: str = "roadrunner-2025.1.15-linux-arm64.tar.gz") -> Job:
    """A download on the board that is half done."""
    job = app.app.board.start(JobKind.DOWNLOAD, name, name)
    app.app.jobs_changed.publish(job)
    app.app.post_message(
        JobProgressed(job, Progress("downloading", 43_000_000, 100_000_000, "bytes", 1e6))
    )
    return job


@pytest.mark.parametrize(
    "size", [*SIZES, (40, 10), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_help_and_the_way_out_are_named_at_every_width(
    size: tuple[int, int], demo: Settings
) -> None:
    async with opened(demo, size=size) as app:
        await app.until(lambda: "? help" in key_bar(app) and "q quit" in key_bar(app))
        await app.press("enter", "enter")
        await app.until(lambda: len(app.app.screen_stack) == 2)
        await app.until(lambda: "? help" in key_bar(app) and "esc back" in key_bar(app))
        assert len(key_bar(app)) <= size[0]
        for key in ("escape", "m", "escape", "a"):
            await app.press(key)
        await app.until(lambda: "? help" in key_bar(app) and "esc back" in key_bar(app))


async def test_what_is_most_needed_comes_before_what_is_not(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as app:
        await app.until(
            lambda: all(
                word in key_bar(app)
                for word in ("enter open", "v verify", "t target", "/ filter", "m matrix")
            )
        )
        words = key_bar(app).split("  ")
        assert [word.strip() for word in words if word.strip()][-2:] == ["? help", "q quit"], (
            "where one looks for them"
        )
        assert "esc back" not in key_bar(app), "there is nowhere to go back to"
        await app.press("enter")
        await app.until(lambda: "esc back" in key_bar(app))
        await app.press("enter")
        await app.until(
            lambda: (
                "] next tab" in key_bar(app)
                and "y copy" in key_bar(app)
                and "q quit" in key_bar(app)
            )
        )


@pytest.mark.parametrize("size", [*SIZES, (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_runs_is_told_beside_them(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as app:
        job = download(app)
        await app.until(lambda: "43 %" in key_bar(app))
        assert "x" in key_bar(app).split()
        if size[0] >= 40:
            assert "? help" in key_bar(app)
        if size[0] >= 80:
            assert "↓ download 43 %, 57 s left  x cancel" in key_bar(app)
            assert "q quit" in key_bar(app)
        other = download(app, "another.tar.gz")
        await app.until(lambda: "2 jobs" in key_bar(app) or size[0] < 40)
        assert "J" in key_bar(app).split()
        assert job.running
        assert other.running


async def test_the_mouse_presses_what_the_bar_names(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as app:
        await app.shows("✓ yes")
        bar = app.find("KeyBar")

        async def click(words: str) -> None:
            await app.until(lambda: words in key_bar(app))
            await app.pilot.click(bar, offset=(key_bar(app).index(words), 0))

        await click("/ filter")
        await app.until(lambda: isinstance(app.app.focused, FilterInput))
        await click("esc back")
        await app.until(lambda: not isinstance(app.app.focused, FilterInput))
        await click("? help")
        await app.shows("Help", "esc leave")
        await app.press("escape")
        download(app)
        await click("↓ download")
        await app.shows("▶ running")


async def test_the_bar_has_the_users_keys(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keys={"quit": "f10", "help": "f1"}), size=(60, 20)) as app:
        await app.until(lambda: "f1 help" in key_bar(app) and "f10 quit" in key_bar(app))


def test_a_label_has_two_words_at_most() -> None:
    assert all(
        len(action.label) <= 12 and action.label.count(" ") <= 1
        for action in ACTIONS
        if action.shown
    )
