"""Strings and bytes of a program on its server: a little at once, the rest when asked to."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Tabs

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.widgets.hex_tab import HexTab
from explorer.tui.widgets.tab_table import TabTable
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.support.machine import slowness
from tests.tui.conftest import Driver, opened, settings

TAG = "v2025.1.15"
STEM = "roadrunner-2025.1.15-linux-amd64"
SIZES = [(80, 24), (120, 40)]
END = b"the end is here!"
PROGRAM = binary("go-static-amd64").read_bytes() * 3 + END
NAMES = ["tool-linux-amd64", f"{STEM}.tar.gz", f"{STEM}.zip"]


def serve(github: GitHub, name: str) -> None:
    """A release with this file, bare or packed."""
    packing = name.partition("amd64")[2].removeprefix(".")
    program: bytes = PROGRAM
    if packing:
        program = make_archive(packing, STEM, roadrunner_members(PROGRAM))
    github.add_release(TAG, {name: program})


async def open_tab(ui: Driver, name: str) -> BinaryScreen:
    await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen) and ui.app.screen.inspection)
    await ui.until(lambda: not ui.state.board.running)
    screen = ui.app.screen
    assert isinstance(screen, BinaryScreen)
    screen.query_one(Tabs).active = name
    await ui.until(lambda: bool(screen.query(f"#body #{name}")))
    return screen


@pytest.fixture
def chosen(github: GitHub, tmp_path: Path) -> Settings:
    return settings(tmp_path, demo=False, api_url=github.api_url)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", NAMES)
async def test_strings_are_read_from_the_server(
    name: str, size: tuple[int, int], github: GitHub, chosen: Settings
) -> None:
    serve(github, name)
    async with opened(chosen, size=size, file=f"{TAG}/{name}") as ui:
        screen = await open_tab(ui, "strings")
        await ui.shows("read from the server", "e reads the rest: that transfers", "d downloads")
        tab = screen.query_one("#strings", TabTable)
        await ui.until(lambda: len(tab.table.source) > 100)
        program = screen._remote.program
        assert program is not None
        assert program.moved < 200_000, "no large transfer unasked"
        some = len(tab.table.source)
        tab.table.focus()
        await ui.press("down", "down", "e")
        await ui.shows(f"All {len(PROGRAM) / 1e6:.1f} MB read from the server:", "transferred.")
        assert "e reads the rest" not in ui.drawn()
        assert len(tab.table.source) > 3 * some
        assert tab.table.cursor == 2, "the cursor stays on its string"
        await ui.press("slash", *"the end is here")
        await ui.until(lambda: len(tab.table.view) == 1)
        await ui.press("enter", "enter")
        await ui.shows("the end is here!", "of 0x")
        assert not await ui.state.background.run(ui.state.wb.on_disk(screen.subject))


async def test_reading_is_stopped_and_goes_on(github: GitHub, chosen: Settings) -> None:
    serve(github, NAMES[1])
    async with opened(chosen, file=f"{TAG}/{NAMES[1]}") as ui:
        screen = await open_tab(ui, "strings")
        await ui.shows("e reads the rest")
        github.fault("*.tar.gz", host="assets", bytes_per_second=100_000)
        await ui.press("e")
        await ui.shows("▷ reading", "esc stops")
        await ui.press("escape")
        await ui.shows("e reads the rest")
        assert ui.app.screen is screen, "escape stopped it, and left nothing"
        github.heal()
        github.fault("*.tar.gz", host="assets", status=503)
        await ui.press("e")
        await ui.shows("503", "e reads the rest")
        github.heal()
        await ui.press("e")
        await ui.shows("All ")


async def test_bytes_of_a_packed_program_are_read_and_searched(
    github: GitHub, chosen: Settings
) -> None:
    serve(github, NAMES[1])
    async with opened(chosen, size=(120, 40), file=f"{TAG}/{NAMES[1]}") as ui:
        screen = await open_tab(ui, "hex")
        await ui.shows("7f45 4c46 0201", "e reads the rest: that transfers", "/ find")
        screen.query_one("#hex", HexTab).table.focus()
        before = github.body_bytes(host="assets")
        await ui.press("end")
        await ui.shows("not read yet")
        assert github.body_bytes(host="assets") == before, "no large transfer unasked"
        await ui.press("home", "slash")
        await ui.shows("A search reads on from the server, up to ")
        await ui.press(*"/the end is h[a-e]re/", "enter")
        await ui.shows("found at 0x", "the end is here!", "All ")
        await ui.press("slash", "ctrl+u", *"x:7f 45 4c 46 02", "enter")
        await ui.shows("Not found from here on")
        await ui.press("N")
        await ui.shows("found at 0x")


async def test_evidence_opens_at_its_bytes(github: GitHub, chosen: Settings) -> None:
    members = roadrunner_members(binary("go-cgo-glibc"))
    github.add_release(TAG, {NAMES[1]: make_archive("tar.gz", STEM, members)})
    async with opened(chosen, size=(120, 40), file=f"{TAG}/{NAMES[1]}") as ui:
        screen = await open_tab(ui, "verdict")
        await ui.shows("PT_INTERP at 0x")
        screen.query_one("#verdict").focus()
        await ui.press("enter")
        await ui.shows("/lib64/ld-linux", "e reads the rest")


async def test_a_download_takes_the_place_of_what_was_read(
    github: GitHub, chosen: Settings
) -> None:
    serve(github, NAMES[1])
    async with opened(chosen, file=f"{TAG}/{NAMES[1]}") as ui:
        screen = await open_tab(ui, "strings")
        await ui.shows("e reads the rest")
        await ui.press("d")
        await ui.until(lambda: "e reads the rest" not in ui.drawn())
        tab = screen.query_one("#strings", TabTable)
        await ui.until(lambda: len(tab.table.source) > 1000)
        screen.query_one(Tabs).active = "hex"
        await ui.shows("7f45 4c46")
        assert "on the server" not in ui.drawn()


async def test_offline_nothing_can_be_read(github: GitHub, chosen: Settings) -> None:
    serve(github, NAMES[1])
    async with opened(chosen, file=f"{TAG}/{NAMES[1]}") as ui:
        await open_tab(ui, "verdict")
        await ui.shows("elf.static")
    offline = Settings(
        **{name: getattr(chosen, name) for name in ("cache_dir", "api_url")}, offline=True
    )
    async with opened(offline, file=f"{TAG}/{NAMES[1]}") as ui:
        await open_tab(ui, "strings")
        await ui.shows("needs the whole file")


KEY_MS = 50
GROWTH_MB = 24
"""How much more memory ten times the bytes may take."""


@pytest.mark.alone
def test_no_key_waits_for_strings_of_100_mb_on_a_server(github: GitHub, tmp_path: Path) -> None:
    def figures(megabytes: int) -> dict[str, Any]:
        program = binary("go-static-amd64").read_bytes()
        data = (program * (-(-(megabytes << 20) // len(program))))[: megabytes << 20]
        tag = f"v{megabytes}.0.0"
        github.add_release(tag, {"rr-linux-amd64": data})
        words = [str(tmp_path / tag), str(megabytes), github.api_url]
        command = [sys.executable, "-m", "tests.tui.big_file", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
        measured: dict[str, Any] = json.loads(done.stdout)
        return measured

    slower = slowness()
    small, big = figures(10), figures(100)
    slower = max(slower, slowness())
    turns = sorted(big["turns_ms"], key=lambda pair: pair[1])
    print(f"longest turns of the loop: {turns[-4:]}")
    print(f"{small['memory_mb']:.0f} MB with 10 MB, {big['memory_mb']:.0f} MB with 100 MB")
    assert big["while_reading"] > 40
    assert turns[-1][1] < KEY_MS * slower, turns[-4:]
    assert big["memory_mb"] - small["memory_mb"] < GROWTH_MB
