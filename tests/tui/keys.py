"""Keys pressed while everything that the app can do at once is under way; for the test and for the bench."""

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
from tests.tui.conftest import opened, settings
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
    """Seconds from each key until its handler has moved the cursor, and what of them the app's own thread has worked.

    During a download, sixteen peeks at a time, a flood of output and one search through a million rows after the other. The
    server is a process of its own: the waiting is the app's alone.
    """
    with GitHubProcess(fill) as github:
        async with opened(settings(folder, demo=False, api_url=github.api_url)) as ui:
            app = ui.app
            await ui.until(lambda: app.state.catalogue is not None and not app.state.board.running)
            assert app.state.catalogue is not None
            app.jobs.download(
                next(a for r in app.state.catalogue.releases for a in r.assets if a.name == SLOW)
            )
            github.ask(
                "fault", "*", host="web", latency_s=0.3
            )  # the matrix fills for as long as keys are pressed
            await ui.press("m")
            await ui.until(
                lambda: isinstance(app.screen, MatrixScreen) and len(app.screen.grid.view) == 40
            )
            screen = app.screen
            assert isinstance(screen, MatrixScreen)
            search = Table()
            await screen.mount(search)
            search.display = False
            search.show(million())
            flood = app.state.board.start(JobKind.VERIFY, "a flood", "none")
            stop = asyncio.Event()

            async def work() -> None:
                """The flood in batches as the proof gives them, and one search after the other."""
                number = 0
                while not stop.is_set():
                    number += 1
                    app.post_message(
                        JobPrinted(flood, tuple(f"line {line} of the flood" for line in range(500)))
                    )
                    if number % 10 == 1:
                        search.filter(f"99{number}")
                    await asyncio.sleep(0.05)

            working = asyncio.create_task(work())
            found, own = [], []
            moved = asyncio.Event()
            screen.grid.watch(screen.grid, "cursor", moved.set, init=False)
            for number in range(KEYS):
                moved.clear()
                started, worked = time.perf_counter(), time.thread_time()
                app.simulate_key("down" if number % 2 == 0 else "up")
                await moved.wait()
                found.append(time.perf_counter() - started)
                own.append(time.thread_time() - worked)
                await asyncio.sleep(
                    0.02
                )  # keys come one by one: a held key repeats thirty times a second
            assert (
                app.state.board.find(JobKind.DOWNLOAD, f"v2025.1.39/{SLOW}")
                in app.state.board.running
            ), "the download is still under way"
            assert github.ask("count", host="assets") > 16, "and more than sixteen peeks"
            stop.set()
            await working
    return found, own
