"""Dialogs leave the screen below visible, toasts the verdict; and the list of jobs."""

from pathlib import Path

import pytest

from explorer.progress import Progress
from explorer.settings import Settings
from explorer.tui.job_board import JobKind, JobProgressed, JobState
from explorer.tui.widgets.banner import VerdictBanner
from explorer.tui.widgets.pane import FilterInput
from explorer.tui.widgets.table import Table
from tests.tui.conftest import opened, settings


@pytest.mark.parametrize("theme", ["rr-dark", "ansi-dark", "ansi-light"])
async def test_a_dialog_leaves_the_screen_below_it_to_be_seen(theme: str, tmp_path: Path) -> None:
    async with opened(settings(tmp_path, theme=theme)) as ui:
        await ui.shows("✓ yes")
        for key in ("t", "y", "question_mark", "J", "T", "g"):
            await ui.press(key)
            await ui.until(lambda: len(ui.app.screen_stack) == 2)
            await ui.shows("rr-explorer", "Releases", "v2025.1.15")
            await ui.press("escape")
            await ui.until(lambda: len(ui.app.screen_stack) == 1)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_toast_leaves_the_verdict_to_be_read(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as ui:
        for keys in ("tab", "m"):
            await ui.press(keys)
            await ui.shows("YES, runs on Alpine")
            for number in range(3):
                ui.app.say(f"told {number}", title="Something")
            await ui.shows("told 2")
            banner = ui.app.screen.query_one(VerdictBanner)
            lines = ui.drawn().splitlines()[banner.region.y : banner.region.bottom]
            assert any("YES, runs on Alpine" in line for line in lines)
            assert not any(
                "told" in line or "Something" in line or "▌ " in line[3:] for line in lines
            ), lines
            ui.app.clear_notifications()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_toast_leaves_what_stands_below_a_table(
    size: tuple[int, int], demo: Settings
) -> None:
    async with opened(demo, size=size) as ui:
        await ui.shows("✓ yes")
        for key, words in (("W", "any Linux on amd64"), ("comma", "takes effect at")):
            await ui.press(key)
            await ui.shows(words)
            ui.app.say("told", title="Something")
            await ui.shows("told")
            detail = ui.find("#detail")
            lines = ui.drawn().splitlines()[detail.region.y : detail.region.bottom]
            assert any(words in line for line in lines)
            assert not any("told" in line or "▌ " in line[3:] for line in lines), lines
            ui.app.clear_notifications()
            await ui.press("escape")


async def test_what_is_offered_twice_is_copied_once(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("l", "y")
        await ui.shows("Copy", "command line", "name")
        values = [line for line in ui.drawn().splitlines() if "│" in line and ".tar.gz  " in line]
        names = [line for line in values if "│   name " in line or "│   file " in line]
        assert len(names) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_target_is_named_in_full(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as ui:
        await ui.press("t")
        await ui.shows("alpine-3.24+libgcc+libstdc++  Alpine 3.24 (musl 1.2.6)")
        if size[0] >= 120:
            assert "Alpine 3.24 (musl 1.2.6) with libgcc, libstdc++" in ui.drawn()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_each_job_does_is_said_beside_long_names_and_errors(
    demo: Settings, size: tuple[int, int]
) -> None:
    name = f"v1.0/{'long-' * 8}name-of-a-file-linux-gnu.tar.gz"
    async with opened(demo, size=size) as ui:
        await ui.until(lambda: not ui.state.board.running)
        ui.state.board.finish(ui.state.board.start(JobKind.SAVE, name, "2"), JobState.DONE)
        job = ui.state.board.start(JobKind.VERIFY, name, name)
        ui.state.board.finish(job, JobState.FAILED, "the image is not here: " + "no route " * 30)
        await ui.press("J")
        await ui.shows("✗ failed", "the image is not here")
        rows = [line for line in ui.drawn().splitlines() if "linux-gnu.tar.gz" in line]
        assert "verify" in rows[0]
        assert "save" in rows[1]


async def test_jobs_are_filtered_sorted_copied_and_cancelled(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.until(lambda: not ui.state.board.running)
        for name in ("one.tar.gz", "another.zip", "third.deb"):
            job = ui.state.board.start(JobKind.DOWNLOAD, name, name)
            ui.app.post_message(JobProgressed(job, Progress("downloading", 1, 2)))
        ui.state.board.finish(job, JobState.FAILED, "the digest is wrong")
        await ui.press("J")
        await ui.shows("one.tar.gz", "50 %", "✗ failed", "the digest is wrong")
        await ui.press("slash", *"zip")
        await ui.until(lambda: "one.tar.gz" not in ui.drawn())
        assert isinstance(ui.app.focused, FilterInput)
        await ui.press("enter", "y", *"about", "enter")
        assert ui.app.clipboard == "another.zip"
        await ui.press("escape")
        await ui.shows("one.tar.gz", "third.deb")
        table = ui.app.screen.query_one(Table)
        await ui.press("s", "s")
        assert [table.source.row(index).cells[1].text for index in table.view][:2] == [
            "another.zip",
            "one.tar.gz",
        ]
        await ui.press("question_mark")
        await ui.shows("what a download has fetched is kept")
        await ui.press("escape", "escape")
        assert len(ui.app.screen_stack) == 1
