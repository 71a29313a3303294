"""The last boundary: a bad address or a bug costs its row or its job, never the app."""

from pathlib import Path
from typing import Any

import pytest

from explorer.settings import Settings
from explorer.tui.app import ExplorerApp
from explorer.tui.job_board import JobKind, JobState
from explorer.workbench import FileState, Inspection, Workbench
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import NOW, Driver, opened, settings

BAD_HOSTS = ("127.0.0.1:99999", "127.0.0.1:-1", "xn--a")
TAG = "v2025.1.15"
FILE = "roadrunner-2025.1.15-linux-amd64.tar.gz"


@pytest.fixture
def chosen(github: GitHub, tmp_path: Path) -> Settings:
    """A server with one file."""
    members = roadrunner_members(binary("go-static-amd64"))
    github.add_release(TAG, {FILE: make_archive("tar.gz", "rr", members)})
    return settings(tmp_path, demo=False, api_url=github.api_url)


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_a_bad_api_address_is_an_error_on_the_first_screen(host: str, tmp_path: Path) -> None:
    bad = settings(tmp_path, demo=False, api_url=f"http://{host}/api/v3")
    async with opened(bad, ready=False) as ui:
        await ui.until(lambda: bool(ui.state.board.all) and not ui.state.board.running)
        assert ui.state.failure is not None or ui.state.catalogue is not None
        await ui.press("r", "down", "D")
        await ui.shows("Doctor")
        await ui.press("escape")
        assert ui.app.is_running


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_a_redirect_to_a_bad_address_costs_its_file(
    host: str, chosen: Settings, github: GitHub
) -> None:
    github.fault("*", host="web", status=302, headers={"location": f"http://{host}/file"})
    async with opened(chosen) as ui:
        await ui.until(lambda: ui.state.files[f"{TAG}/{FILE}"].error is not None)
        await ui.press("m", "ctrl+left", "right")  # past the column of trust
        await ui.shows("! error", "? no verdict yet")
        await ui.press("escape", "enter", "d")
        await ui.until(
            lambda: (
                (job := ui.state.board.find(JobKind.DOWNLOAD, f"{TAG}/{FILE}")) is not None
                and job.state is JobState.FAILED
            )
        )
        assert ui.app.is_running


class Buggy(Workbench):
    """A workbench with a bug in every way to look at a file."""

    async def look(self, *_: Any, **__: Any) -> Inspection:
        raise ZeroDivisionError("division by zero")

    async def inspect(self, *_: Any, **__: Any) -> Inspection:
        raise ZeroDivisionError("division by zero")

    async def look_at(self, *_: Any, **__: Any) -> FileState:
        raise ZeroDivisionError("division by zero")

    async def cached(self, *_: Any, **__: Any) -> frozenset[str]:
        raise ZeroDivisionError("division by zero")


async def test_a_bug_costs_its_row_and_its_job_and_asks_for_a_report(chosen: Settings) -> None:
    app = ExplorerApp(chosen, bench=Buggy(chosen), now=lambda: NOW)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        ui = Driver(app, pilot)
        await ui.until(lambda: ui.state.files[f"{TAG}/{FILE}"].error is not None)
        await ui.press("enter")
        await ui.shows("Unexpected error", "ZeroDivisionError", "test_boundary.py:", "report")
        await ui.press("m")
        await ui.shows("! error")
        await ui.press("escape", "enter")
        await ui.until(lambda: len(app.screen_stack) == 2)
        await ui.shows("? no verdict yet", "ZeroDivisionError")
        job = ui.state.board.find(JobKind.INSPECT, f"{TAG}/{FILE}")
        assert job is not None
        assert job.state is JobState.FAILED
        assert app.is_running
