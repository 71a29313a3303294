"""Keys pressed while the app does everything it can do at once. Used by a test and by the bench."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.tui.job_board import JobKind, JobPrinted
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github_process import GitHubProcess
from tests.tui.conftest import Driver, opened, settings
from tests.tui.test_table import million

if TYPE_CHECKING:
    from tests.support.github import GitHub

KEYS = 80
SLOW = "roadrunner-2025.1.39-linux-amd64.tar.gz"


def fill(github: "GitHub") -> None:
    """Forty releases of three files; one of them comes slowly, whole."""
    packed = {
        arch: make_archive("tar.gz", "rr", roadrunner_members(binary(f"go-static-{arch}")))
        for arch in ("amd64", "arm64")
    }
    for number in range(40):
        name = f"roadrunner-2025.1.{number}"
        github.add_release(
            f"v2025.1.{number}",
            {f"{name}-linux-{arch}.tar.gz": data for arch, data in packed.items()}
            | {f"{name}-unknown-musl-amd64.tar.gz": packed["amd64"]},
        )
    github.fault(f"*{SLOW}", host="assets", bytes_per_second=20_000)


async def waits(folder: Path) -> tuple[list[float], list[float]]:
    """For each key: seconds until its handler has moved the cursor, and the app's thread's work.

    During a download, sixteen peeks at a time, a flood of output and one search through a million
    rows after the other. The server is a process of its own: the waiting is the app's alone.
    """
    with GitHubProcess(fill) as github:
        async with opened(settings(folder, demo=False, api_url=github.api_url)) as ui:
            await ui.until(lambda: not ui.state.board.running)
            assert ui.state.catalogue is not None
            files = (file for release in ui.state.catalogue.releases for file in release.assets)
            ui.app.jobs.download(next(file for file in files if file.name == SLOW))
            # The matrix fills for as long as keys are pressed.
            github.ask("fault", "*", host="web", latency_s=0.3)
            await ui.press("m")
            await ui.until(
                lambda: (
                    isinstance(ui.app.screen, MatrixScreen) and len(ui.app.screen.grid.view) == 40
                )
            )
            # More than sixteen began; those that run go on while keys are pressed.
            await ui.until(lambda: github.ask("count", host="assets") > 16)
            stop = asyncio.Event()
            working = asyncio.create_task(background_work(ui, stop))
            delays, own = await press_keys(ui)
            download = ui.state.board.find(JobKind.DOWNLOAD, f"v2025.1.39/{SLOW}")
            assert download in ui.state.board.running, "the download is still running"
            stop.set()
            await working
    return delays, own


async def background_work(ui: Driver, stop: asyncio.Event) -> None:
    """A flood of output in batches, as a proof gives them, and one search after the other."""
    search = Table()
    await ui.app.screen.mount(search)
    search.display = False
    search.show(million())
    flood = ui.state.board.start(JobKind.VERIFY, "a flood", "none")
    number = 0
    while not stop.is_set():
        number += 1
        lines = tuple(f"line {line} of the flood" for line in range(500))
        ui.app.post_message(JobPrinted(flood, lines))
        if number % 10 == 1:
            search.filter(f"99{number}")
        await asyncio.sleep(0.05)


async def press_keys(ui: Driver) -> tuple[list[float], list[float]]:
    """Press down and up in the matrix, as often as a held key repeats."""
    screen = ui.app.screen
    assert isinstance(screen, MatrixScreen)
    delays, own = [], []
    moved = asyncio.Event()
    screen.grid.watch(screen.grid, "cursor", moved.set, init=False)
    for number in range(KEYS):
        moved.clear()
        started, worked = time.perf_counter(), time.thread_time()
        ui.app.simulate_key("down" if number % 2 == 0 else "up")
        await moved.wait()
        delays.append(time.perf_counter() - started)
        own.append(time.thread_time() - worked)
        await asyncio.sleep(0.02)
    return delays, own
