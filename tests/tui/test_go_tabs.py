"""The tabs about a Go program: packages by size with bars, and known vulnerabilities."""

from pathlib import Path

import pytest
from textual.widgets import Tabs

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.widgets.grid import Grid
from explorer.tui.widgets.tab_table import TabTable
from tests.advisories.entries import entry, write_database
from tests.advisories.server import database_server
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary, go_build
from tests.support.corpus import fetch, programs
from tests.support.github import GitHub
from tests.support.httpserver import Fault
from tests.tui.conftest import Driver, opened, settings

SIZES = [(80, 24), (120, 40), (160, 50)]
SOURCE = """package main

import (
	"encoding/json"
	"net/url"
	"os"
)

func main() {
	address, _ := url.Parse(os.Args[0])
	json.NewEncoder(os.Stdout).Encode(address)
}
"""
HOSTILE = "\x1b]0;owned\x07 [/x] \u202eevil"
ENTRIES = [
    entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}], summary=HOSTILE),
    entry(2, "stdlib", [{"path": "encoding/json", "symbols": ["Decoder.Token"]}]),
    entry(3, "stdlib", [{"path": "net/http", "symbols": ["Get"]}]),
]


async def open_tab(ui: Driver, name: str) -> TabTable:
    await ui.shows("elf.static")
    screen = ui.app.screen
    assert isinstance(screen, BinaryScreen)
    screen.query_one(Tabs).active = name
    await ui.until(lambda: bool(screen.query(f"#body #{name}")))
    return screen.query_one(f"#{name}", TabTable)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_packages_have_bars_and_are_searched(size: tuple[int, int], demo: Settings) -> None:
    program = go_build("gocommands", SOURCE)
    async with opened(demo, size=size, file=str(program)) as ui:
        tab = await open_tab(ui, "packages")
        await ui.shows("runtime", "████", "packages. Enter lists the functions of one.")
        assert tab.table.source.row(0).cells[0].text == "runtime"
        await ui.press("slash", *"jsonwire")
        await ui.until(lambda: len(tab.table.view) == 1)
        await ui.press("enter", "enter")
        await ui.shows("‹ all packages", "jsonwire: 20 functions", "AppendUnquote", "████")
        assert tab.table.go_to("..")
        await ui.press("enter")
        await ui.shows("runtime", "packages. Enter lists")
        await ui.press("enter")
        await ui.shows("‹ all packages")
        await ui.press("escape")
        await ui.shows("packages. Enter lists")
        assert len(ui.app.screen_stack) == 2, "escape went up, not away"


async def test_a_program_that_is_no_go_program_says_so(demo: Settings) -> None:
    async with opened(demo, file=str(binary("c-static"))) as ui:
        await open_tab(ui, "packages")
        await ui.shows("n/a: ")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_vulnerabilities_come_from_the_database_of_the_settings(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_pages: list[str] = []

    def open_page(page: str) -> bool:
        opened_pages.append(page)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    program = go_build("gocommands", SOURCE)
    database = write_database(tmp_path / "db", ENTRIES)
    async with opened(settings(tmp_path, vulndb=database), size=size, file=str(program)) as ui:
        tab = await open_tab(ui, "vulns")
        await ui.shows("affected", "GO-2026-0001", "report 3 (module level); 1 is in the program")
        assert [row.cells[0].text for row in map(tab.table.source.row, range(3))] == [
            "affected",
            "linked, not called",
            "not in the program",
        ]
        assert "\x1b" not in ui.drawn()
        assert "\u202e" not in ui.drawn()
        await ui.press("o")
        await ui.until(lambda: bool(opened_pages))
        assert opened_pages == ["https://pkg.go.dev/vuln/GO-2026-0001"]
        await ui.press("enter")
        await ui.shows("fixed in", "esc close")


async def test_the_tab_offers_to_download_a_database(tmp_path: Path) -> None:
    program = go_build("gocommands", SOURCE)
    with database_server(tmp_path / "db", ENTRIES) as server:
        server.world.faults.append(Fault(hang=True))
        chosen = settings(tmp_path, vulndb_url=server.url)
        async with opened(chosen, size=(80, 24), file=str(program)) as ui:
            await open_tab(ui, "vulns")
            await ui.shows("no vulnerability database here", "u downloads it from 127.0.0.1")
            await ui.press("u")
            await ui.until(lambda: server.world.record)
            await ui.press("x")
            await ui.shows("cancelled", "u downloads it from 127.0.0.1")
            server.world.faults[0] = Fault(html=True)
            await ui.press("u")
            await ui.shows("is not a vulnerability database", "u downloads it")
            server.world.faults.clear()
            await ui.press("u")
            await ui.shows("affected", "1 is in the program", "checked just now")


async def test_offline_the_tab_says_what_to_do(tmp_path: Path) -> None:
    program = go_build("gocommands", SOURCE)
    database = write_database(tmp_path / "db", ENTRIES)
    async with opened(settings(tmp_path, offline=True), file=str(program)) as ui:
        await open_tab(ui, "vulns")
        await ui.shows("told to stay offline: set “vulndb”")
        await ui.press("comma")
        await ui.shows("cache_limit")
        table = ui.app.screen.query_one("Table")
        assert table.go_to("vulndb")  # type: ignore[attr-defined]
        await ui.press("enter", *str(database), "enter")
        await ui.until(lambda: ui.state.settings.vulndb == database)
        await ui.press("escape")
        await ui.shows("affected", "1 is in the program")


async def test_a_peek_offers_the_download(github: GitHub, tmp_path: Path) -> None:
    stem = "roadrunner-2025.1.15-linux-amd64"
    members = roadrunner_members(binary("go-static-amd64"))
    github.add_release("v2025.1.15", {f"{stem}.tar.gz": make_archive("tar.gz", stem, members)})
    chosen = settings(tmp_path, demo=False, api_url=github.api_url)
    async with opened(chosen, file=f"v2025.1.15/{stem}.tar.gz") as ui:
        await open_tab(ui, "packages")
        await ui.shows("needs the whole file", "d downloads it (")
        await ui.press("d")
        await ui.shows("runtime", "████")


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_what_modules_tell_is_shown_before_the_download(
    arch: str, github: GitHub, tmp_path: Path
) -> None:
    name = f"tool-linux-{arch}"
    github.add_release("v1.0.0", {name: go_build("gocommands", SOURCE, goarch=arch)})
    database = write_database(tmp_path / "db", ENTRIES)
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, vulndb=database)
    async with opened(chosen, file=f"v1.0.0/{name}") as ui:
        await ui.shows("elf.static")
        await ui.until(lambda: not ui.state.board.running)
        await open_tab(ui, "vulns")
        await ui.shows("report 3 (module level); which are in the", "Some of this needs the whole")
        assert github.body_bytes(host="assets") < 200_000
        await ui.press("d")
        await ui.shows("report 3 (module level); 1 is in the program")


async def test_without_an_advisory_nothing_has_to_be_downloaded(
    github: GitHub, tmp_path: Path
) -> None:
    github.add_release("v1.0.0", {"tool-linux-amd64": go_build("gocommands", SOURCE)})
    database = write_database(tmp_path / "db", [entry(1, "example.test/other", [])])
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, vulndb=database)
    async with opened(chosen, file="v1.0.0/tool-linux-amd64") as ui:
        await ui.shows("elf.static")
        await ui.until(lambda: not ui.state.board.running)
        await open_tab(ui, "vulns")
        await ui.shows("No known vulnerability concerns what it was built from")
        assert "d downloads" not in ui.drawn()


async def test_the_matrix_has_a_column_of_vulnerabilities(github: GitHub, tmp_path: Path) -> None:
    stem = "roadrunner-2025.1.15-linux-amd64"
    members = roadrunner_members(go_build("gocommands", SOURCE))
    github.add_release("v2025.1.15", {f"{stem}.tar.gz": make_archive("tar.gz", stem, members)})
    database = write_database(tmp_path / "db", ENTRIES)
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, vulndb=database)
    async with opened(chosen, size=(120, 40)) as ui:
        await ui.press("m")
        await ui.shows("Matrix", "v2025.1.15", "vulns")
        grid = ui.find("#grid", Grid)
        await ui.until(lambda: grid.source.row(0).cells[2].text == "?")
        await ui.press("ctrl+home", "right")
        await ui.shows("known vulnerabilities affect it is not known")
        await ui.press("right", "enter")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.press("d")
        await open_tab(ui, "vulns")
        await ui.shows("1 is in the program")
        await ui.press("escape")
        await ui.until(lambda: grid.source.row(0).cells[2].text == "1")
        await ui.press("ctrl+home", "right")
        await ui.shows("1 known vulnerability affects its program")


async def test_a_module_has_room_for_its_name_before_its_checksum(tmp_path: Path) -> None:
    program = next(one for one in programs() if one.package == "npm:lefthook-linux-x64")
    problem = fetch(program)
    assert program.path is not None, problem
    chosen = settings(tmp_path, demo=False, folder=tmp_path)
    async with opened(chosen, size=(120, 40), file=str(program.path)) as ui:
        await ui.shows("YES")
        await open_tab(ui, "go")
        await ui.shows("module", "github.com/evilmartians/lefthook/v2 ", "vcs.revision")
