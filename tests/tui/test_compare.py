"""c marks a file or a release; c on another one shows what changed."""

from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.tui.screens.compare import CompareScreen
from explorer.tui.widgets.table import Table
from tests.support.binaries import binary
from tests.tui.conftest import Driver, opened, settings

SIZES = [(80, 24), (120, 40), (160, 50)]


def folder(tmp_path: Path) -> Settings:
    """A release of a folder: one program under two names, and another one."""
    place = tmp_path / "files"
    place.mkdir()
    for name, program in (
        ("rr-1.0.0-linux-amd64", "go-static-amd64"),
        ("rr-1.0.0-unknown-musl-amd64", "go-static-amd64"),
        ("rr-1.0.0-linux-arm64", "c-glibc"),
    ):
        (place / name).write_bytes(binary(program).read_bytes())
    return settings(tmp_path, demo=False, folder=place)


async def mark(ui: Driver, name: str) -> None:
    table = next(table for table in ui.app.screen.query(Table) if table.id == "asset-table")
    table.focus()
    row = next(
        number
        for number in range(len(table.source))
        if any(name in cell.text for cell in table.source.row(number).cells)
    )
    assert table.go_to(table.source.row(row).key)
    await ui.press("c")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_two_files_are_marked_and_compared(size: tuple[int, int], tmp_path: Path) -> None:
    async with opened(folder(tmp_path), size=size) as ui:
        await ui.shows("linux-amd64")
        await mark(ui, "linux-amd64")
        await ui.until(lambda: ui.state.marked is not None)
        await mark(ui, "musl-amd64")
        await ui.until(lambda: isinstance(ui.app.screen, CompareScreen))
        await ui.shows("linux-amd64 and unknown-musl-amd64 are the same program, bit for bit")
