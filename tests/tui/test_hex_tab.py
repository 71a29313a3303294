"""Bytes, strings and protections of a file: seen, searched, reached from what names an offset."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Tabs

from explorer.errors import UsageError
from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.widgets.hex_tab import HexTab, parse_query
from explorer.tui.widgets.tab_table import TabTable
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.support.machine import slowness
from tests.tui.conftest import Driver, opened, settings

SIZES = [(80, 24), (120, 40), (160, 50)]


async def open_tab(ui: Driver, name: str) -> BinaryScreen:
    await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen) and ui.app.screen.inspection)
    screen = ui.app.screen
    assert isinstance(screen, BinaryScreen)
    screen.query_one(Tabs).active = name
    await ui.until(lambda: bool(screen.query(f"#body #{name}")))
    return screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_bytes_are_shown_and_searched(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size, file=str(binary("c-glibc"))) as ui:
        await open_tab(ui, "hex")
        await ui.shows("00000000", "7f45 4c46 0201 0100", ".ELF....", "/ find")
        assert "/ filter" not in ui.drawn(), "bytes are searched"
        await ui.press("slash", *"/lib64/ld-", "enter")
        await ui.shows("found at 0x", "/lib64/ld-linux")
        await ui.press("slash", "ctrl+u", *"x:7f 45", "enter")
        await ui.shows("Not found from here on")
        await ui.press("N")
        await ui.shows("found at 0x0, 2 bytes")
        await ui.press("slash", "ctrl+u", *"@0x20", "enter")
        await ui.shows("0x20 of 0x")
        await ui.press("escape")
        assert isinstance(ui.app.screen, BinaryScreen), "escape closed the line only"


async def test_a_tab_that_is_not_there_yet_offers_no_search(demo: Settings) -> None:
    async with opened(demo, file=str(binary("c-glibc"))) as ui:
        screen = await open_tab(ui, "hex")
        await ui.shows("7f45 4c46")
        await screen.query_one("#body #hex", HexTab).remove()
        assert not screen.offers("filter"), "the key bar may be drawn before the tab is"
        await screen.action_filter()


async def test_enter_goes_to_the_bytes_of_what_names_an_offset(demo: Settings) -> None:
    async with opened(demo, file=str(binary("c-glibc"))) as ui:
        screen = await open_tab(ui, "sections")
        await ui.shows(".interp")
        table = screen.query_one("#sections", TabTable).table
        table.focus()
        await ui.press("down", "enter")
        await ui.shows("in .interp + 0x0", "/lib64/ld-linux")
        screen.query_one(Tabs).active = "verdict"
        await ui.shows("PT_INTERP at 0x")
        screen.query_one("#verdict").focus()
        await ui.press("enter")
        await ui.shows("in .interp + 0x0")
        await ui.press("slash", *"@0x400", "enter")
        await ui.shows("0x400 of 0x", "00000420")  # what follows, and not what precedes it


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_pie_does_to_go_is_not_cut(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size, file=str(binary("go-static-amd64"))) as ui:
        await open_tab(ui, "hardening")
        await ui.until(lambda: "no longer start on Alpine." in " ".join(ui.drawn().split()))
        await ui.shows("no writable code (W^X)", "No PT_LOAD is both W and X.")


async def test_strings_are_listed_filtered_and_lead_to_their_bytes(demo: Settings) -> None:
    async with opened(demo, file=str(binary("go-static-amd64"))) as ui:
        screen = await open_tab(ui, "strings")
        table = screen.query_one("#strings", TabTable).table
        await ui.until(lambda: len(table.source) > 1000)
        await ui.press("slash", *"hello from")
        await ui.until(lambda: 0 < len(table.view) < 10)
        await ui.press("enter", "enter")
        await ui.shows("in .rodata + 0x")


async def test_bytes_on_a_server_are_read_as_they_come_into_sight(
    tmp_path: Path, github: GitHub
) -> None:
    data = bytearray(binary("go-static-amd64").read_bytes() + bytes(2 << 20))
    data[-16:] = b"the end is here!"
    github.add_release("v1.0.0", {"rr-linux-amd64": bytes(data)})
    chosen = settings(tmp_path, demo=False, api_url=github.api_url)
    async with opened(chosen, file="v1.0.0/rr-linux-amd64") as ui:
        screen = await open_tab(ui, "hex")
        await ui.shows("7f45 4c46", "on the server")
        screen.query_one("#hex", HexTab).table.focus()
        await ui.press("end")
        await ui.shows("the end is here!")
        assert github.body_bytes(host="assets") < 1 << 20
        assert "\x1b" not in ui.drawn()


KEY_MS = 50
GROWTH_MB = 24
"""How much more memory ten times the bytes may take."""


@pytest.mark.alone
def test_no_key_waits_for_a_search_through_100_mb(tmp_path: Path) -> None:
    def figures(megabytes: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.tui.big_file", str(tmp_path), str(megabytes)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
        measured: dict[str, Any] = json.loads(done.stdout)
        return measured

    slower = slowness()
    small, big = figures(10), figures(100)
    slower = max(slower, slowness())
    turns = sorted(big["turns_ms"], key=lambda pair: pair[1])
    print(f"longest turns of the loop: {turns[-4:]}")
    print(f"{small['memory_mb']:.0f} MB with 10 MB, {big['memory_mb']:.0f} MB with 100 MB")
    assert big["during_a_search"] > 40
    assert turns[-1][1] < KEY_MS * slower, turns[-4:]
    assert big["memory_mb"] - small["memory_mb"] < GROWTH_MB


@pytest.mark.parametrize("query", ["", "@x", "x:7", "/(/", "/(a+)+/"])
def test_what_cannot_be_looked_for(query: str) -> None:
    with pytest.raises(UsageError):
        parse_query(query)
