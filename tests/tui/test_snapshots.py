"""Pictures of the screens, after what they must say has been asserted. ``pytest --snapshot-update`` takes them anew."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from explorer.tui.app import ExplorerApp
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.matrix import MatrixScreen
from tests.tui.conftest import NOW, SIZES, Driver, settings

Steps = Callable[[Driver], Awaitable[None]]


async def browse(app: Driver) -> None:
    await app.until(lambda: app.app.catalogue is not None)
    if app.app.size.height >= 20:
        await app.until(lambda: "windows-amd64" not in app.drawn() or "✗ no" in app.drawn())
    await app.until(
        lambda: (
            not app.app.board.running and not any(worker.is_running for worker in app.app.workers)
        )
    )


async def look_inside(app: Driver) -> None:
    await browse(app)
    await app.press("enter")
    await app.press("enter")
    await app.until(lambda: isinstance(app.app.screen, BinaryScreen) and not app.app.board.running)
    if app.app.size.height >= 20:
        await app.shows("elf.static")


async def ask_for_help(app: Driver) -> None:
    await browse(app)
    await app.press("question_mark")
    if app.app.size.height >= 20:
        await app.shows("Moving")


async def at_a_glance(app: Driver) -> None:
    await browse(app)
    await app.press("m")
    await app.shows("↳ linux-arm64 yes", "YES, runs on Alpine")
    screen = app.app.screen
    assert isinstance(screen, MatrixScreen)
    await app.until(
        lambda: (
            "…"
            not in "".join(screen.grid.render_line(y).text for y in range(screen.grid.size.height))
        )
    )
    await app.until(lambda: not screen.looking.busy)


async def ask_for_advice(app: Driver) -> None:
    await browse(app)
    await app.press("a")
    await app.shows("✓ take roadrunner-2025.1.15-linux-arm64.tar.gz")
    await app.until(lambda: not app.app.board.running)


def picture(tmp_path: Path, size: tuple[int, int], steps: Steps, snap_compare: Any) -> None:
    app = ExplorerApp(settings(tmp_path), now=lambda: NOW)

    async def before(pilot: Pilot[None]) -> None:
        await steps(Driver(app, pilot))

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_browser(size: tuple[int, int], tmp_path: Path, snap_compare: Any) -> None:
    picture(tmp_path, size, browse, snap_compare)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_binary(size: tuple[int, int], tmp_path: Path, snap_compare: Any) -> None:
    picture(tmp_path, size, look_inside, snap_compare)


def test_help(tmp_path: Path, snap_compare: Any) -> None:
    picture(tmp_path, (80, 24), ask_for_help, snap_compare)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_matrix(size: tuple[int, int], tmp_path: Path, snap_compare: Any) -> None:
    picture(tmp_path, size, at_a_glance, snap_compare)


def test_advice(tmp_path: Path, snap_compare: Any) -> None:
    picture(tmp_path, (80, 24), ask_for_advice, snap_compare)
