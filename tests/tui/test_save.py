"""``S``: the program goes to a folder of the user's, and the app says where."""

import os
from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.tui.job_board import JobKind, JobState
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.save import FolderScreen
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.support.proofs import make_proof
from tests.tui.conftest import Driver, opened, settings

TAG = "v2025.1.15"
STEM = "roadrunner-2025.1.15-linux-amd64"
NAME = f"{STEM}.tar.gz"


@pytest.fixture
def chosen(github: GitHub, tmp_path: Path) -> Settings:
    """A project with one file."""
    members = roadrunner_members(binary("go-static-amd64"))
    github.add_release(TAG, {NAME: make_archive("tar.gz", STEM, members)})
    return settings(tmp_path, demo=False, api_url=github.api_url)


async def save_into(ui: Driver, folder: Path) -> None:
    """Press ``S`` on the file, and type the folder."""
    await ui.press("S")
    await ui.until(lambda: isinstance(ui.app.screen, FolderScreen))
    await ui.press("ctrl+u", *str(folder), "enter")


async def choose_file(ui: Driver) -> None:
    await ui.shows("✓ yes")
    await ui.press("enter")
    assert ui.app.screen.query_one("#asset-table", Table).go_to(NAME)


async def test_save_writes_the_program_and_says_where(chosen: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    async with opened(chosen) as ui:
        await choose_file(ui)
        await save_into(ui, folder)
        program = folder / STEM / "rr"
        await ui.until(program.exists, limit=30)
        await ui.shows("Saved", "✓ saved: ")
        assert ui.state.saved == {f"{TAG}/{NAME}": program}
        assert os.access(program, os.X_OK)
        assert program.read_bytes() == binary("go-static-amd64").read_bytes()
        # The file is in the cache as well: what it is does not depend on a peek any more.
        await ui.shows("downloaded, checksum verified")


async def test_a_small_screen_names_the_saved_program(chosen: Settings, tmp_path: Path) -> None:
    async with opened(chosen, size=(80, 24)) as ui:
        await choose_file(ui)
        await save_into(ui, tmp_path / "out")
        await ui.shows("✓ saved: ", "linux-amd64/rr")


async def test_a_small_screen_says_of_a_download_how_to_get_its_path(chosen: Settings) -> None:
    async with opened(chosen, size=(80, 24)) as ui:
        await choose_file(ui)
        await ui.press("d")
        await ui.shows("downloaded, checksum verified; y copies its path")
        await ui.press("y", *"path of the download", "enter")
        assert ui.app.clipboard in map(str, chosen.cache_dir.rglob("*"))


async def test_a_small_screen_says_of_a_proved_file_that_it_was_downloaded(
    chosen: Settings,
) -> None:
    async with opened(chosen, size=(80, 24)) as ui:
        await choose_file(ui)
        await ui.press("d")
        await ui.shows("y copies its path")
        ui.state.files.add_proof(f"{TAG}/{NAME}", make_proof())
        await ui.shows("(on Alpine 3.22: started, as predicted)", "y copies its path")


async def test_what_was_downloaded_is_not_offered_for_download_again(chosen: Settings) -> None:
    async with opened(chosen) as ui:
        await choose_file(ui)
        await ui.shows("d download")
        await ui.press("d")
        await ui.shows("downloaded, checksum verified: ")
        await ui.until(lambda: not ui.state.board.running)
        assert "d download " not in ui.drawn()


async def test_the_next_save_suggests_the_same_folder(chosen: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    async with opened(chosen) as ui:
        await choose_file(ui)
        await save_into(ui, folder)
        await ui.shows("✓ saved: ")
        await ui.press("S")
        await ui.until(lambda: isinstance(ui.app.screen, FolderScreen))
        assert ui.app.screen.query_one("Input").value == str(folder)  # type: ignore[attr-defined]
        await ui.press("escape")
        assert isinstance(ui.app.screen, BrowserScreen)


async def test_a_save_shows_progress_and_can_be_cancelled(
    chosen: Settings, github: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen) as ui:
        await choose_file(ui)
        github.fault("*.tar.gz", host="assets", bytes_per_second=20_000)
        await save_into(ui, tmp_path / "out")
        await ui.shows("↓ save", "%", "x cancel")
        await ui.press("x")
        job = ui.state.board.find(JobKind.SAVE, f"{TAG}/{NAME}")
        assert job is not None
        await ui.until(lambda: job.state is JobState.CANCELLED, limit=30)
        assert not ui.state.saved
        await ui.until(lambda: not list(tmp_path.glob("out/**/rr")))


async def test_a_save_never_overwrites(chosen: Settings, tmp_path: Path) -> None:
    other = tmp_path / "out" / STEM / "rr"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    async with opened(chosen) as ui:
        await choose_file(ui)
        await save_into(ui, tmp_path / "out")
        await ui.shows("save failed", "already")
        assert other.read_text() == "mine"
        assert ui.state.files[f"{TAG}/{NAME}"].error is None, "the verdict stays"


async def test_a_file_is_no_folder_to_save_in(chosen: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with opened(chosen) as ui:
        await choose_file(ui)
        await save_into(ui, tmp_path / "file")
        await ui.shows("is a file. Type a folder")
        await ui.press("escape")


async def test_the_banner_says_where_a_download_is_kept(chosen: Settings) -> None:
    async with opened(chosen, size=(160, 50)) as ui:
        await choose_file(ui)
        await ui.shows("nothing downloaded")
        await ui.press("d")
        await ui.shows("downloaded, checksum verified: ", "blobs")
        await ui.press("enter")
        await ui.shows("Verdict", "downloaded, checksum verified: ", "blobs")
