"""Pictures of the screens, once their words are asserted. ``--snapshot-update`` renews them."""

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


async def browse(ui: Driver) -> None:
    await ui.until(lambda: ui.state.catalogue is not None)
    if ui.app.size.height >= 20:
        await ui.until(lambda: "windows-amd64" not in ui.drawn() or "✗ no" in ui.drawn())
        await ui.until(lambda: "not looked at yet" not in ui.drawn())
    await ui.until(
        lambda: (
            not ui.state.board.running and not any(worker.is_running for worker in ui.app.workers)
        )
    )


async def look_inside(ui: Driver) -> None:
    await browse(ui)
    await ui.press("enter")
    await ui.press("enter")
    await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen) and not ui.state.board.running)
    if ui.app.size.height >= 20:
        await ui.shows("elf.static")


async def ask_for_help(ui: Driver) -> None:
    await browse(ui)
    await ui.shows("YES, runs on Alpine", "✗ no", "↳ yes")  # their words are explained
    await ui.press("question_mark")
    if ui.app.size.height >= 20:
        await ui.shows("Words on this screen")


async def at_a_glance(ui: Driver) -> None:
    await browse(ui)
    await ui.press("m")
    await ui.shows("↳ linux-arm64 yes", "YES, runs on Alpine")
    screen = ui.app.screen
    assert isinstance(screen, MatrixScreen)
    await ui.until(
        lambda: (
            "…"
            not in "".join(screen.grid.render_line(y).text for y in range(screen.grid.size.height))
        ),
        limit=60.0,
    )
    await ui.until(lambda: screen.peeks.idle, limit=60.0)


async def ask_for_advice(ui: Driver) -> None:
    await browse(ui)
    await ui.press("a")
    await ui.shows("✓ use roadrunner-2025.1.15-linux-arm64.tar.gz")
    await ui.until(lambda: not ui.state.board.running)


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
