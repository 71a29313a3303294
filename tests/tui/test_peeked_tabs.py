"""Tabs of a file of which only the first bytes were read: one wording, and ``d`` in place."""

from functools import partial
from pathlib import Path

import pytest
from textual.widgets import ContentSwitcher, Tabs

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import Driver, opened, settings

TAG = "v2025.1.15"
STEM = "roadrunner-2025.1.15-linux-amd64"
NEEDS = "needs the whole file; a peek keeps only what a verdict needs."
TABS = ["members", "sections", "symbols", "notes", "go", "packages", "vulns"]


def settled(ui: Driver) -> bool:
    return not ui.state.board.running


@pytest.mark.parametrize("name", ["go-windows", "go-darwin-arm64"])
async def test_go_needs_no_download_of_a_program_for_other_systems(
    name: str, github: GitHub, tmp_path: Path
) -> None:
    system = name.removeprefix("go-").partition("-")[0]
    asset = f"tool-{system}-{'arm64' if name.endswith('arm64') else 'amd64'}"
    asset += ".exe" if system == "windows" else ""
    github.add_release(TAG, {asset: binary(name)})
    own = settings(tmp_path, demo=False, api_url=github.api_url)
    for _ in range(2):  # the second time by a record, too
        async with opened(own, file=f"{TAG}/{asset}") as ui:
            await ui.shows("nothing downloaded")
            await ui.until(partial(settled, ui))
            assert isinstance(ui.app.screen, BinaryScreen)
            await go_to_tab(ui, ui.app.screen, "go")
            await ui.shows("toolchain", "GOOS", system)
            assert "d downloads" not in ui.drawn()


@pytest.fixture
def chosen(github: GitHub, tmp_path: Path) -> Settings:
    """A release with a static program: its verdict needs a few bytes only."""
    members = roadrunner_members(binary("go-static-amd64"))
    github.add_release(TAG, {f"{STEM}.tar.gz": make_archive("tar.gz", STEM, members)})
    return settings(tmp_path, demo=False, api_url=github.api_url)


async def open_peeked(ui: Driver) -> BinaryScreen:
    await ui.shows("✓ yes")
    await ui.press("enter")
    assert ui.app.screen.query_one("#asset-table", Table).go_to(f"{STEM}.tar.gz")
    await ui.press("enter")
    await ui.shows("elf.static")
    await ui.until(lambda: not ui.state.board.running)
    assert isinstance(ui.app.screen, BinaryScreen)
    return ui.app.screen


async def go_to_tab(ui: Driver, screen: BinaryScreen, name: str) -> None:
    """Choose the tab as the keys do."""
    screen.query_one(Tabs).active = name
    await ui.until(lambda: screen.query_one(ContentSwitcher).current == name)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_tab_says_it_in_one_wording_and_d_fills_it(
    chosen: Settings, size: tuple[int, int]
) -> None:
    async with opened(chosen, size=size) as ui:
        screen = await open_peeked(ui)
        for name in TABS:
            await go_to_tab(ui, screen, name)
            await ui.shows(f"This {NEEDS}", "d downloads it (")
            assert "not kept" not in ui.drawn()
            assert "head was read" not in ui.drawn()
            assert "/ find" not in ui.drawn(), "there are no bytes to search"
        screen.query_one(Tabs).active = "sections"
        await ui.press("d")
        await ui.shows(".gopclntab")
        assert NEEDS not in ui.drawn()
        for name in TABS:
            await go_to_tab(ui, screen, name)
            await ui.until(lambda: NEEDS not in ui.drawn())


@pytest.mark.parametrize(
    ("ceiling", "floor", "after"),
    [
        (1_048_576, "glibc 2.3.2 or newer", "YES, IF: apk add gcompat"),
        (32_768, "not known: needs the whole file", "NOT AS IT IS"),
    ],
)
async def test_where_asks_for_as_many_bytes_as_a_peek_may_have(
    ceiling: int, floor: str, after: str, github: GitHub, tmp_path: Path
) -> None:
    """The banner then says as much; what is still open offers the download in place."""
    members = roadrunner_members(binary("go-cgo-glibc"))
    github.add_release(TAG, {f"{STEM}.tar.gz": make_archive("tar.gz", STEM, members)})
    own = settings(tmp_path, demo=False, api_url=github.api_url, peek_ceiling=ceiling)
    async with opened(own) as ui:
        await ui.shows("NOT AS IT IS")
        await ui.press("enter", "w")
        await ui.shows("floor  ", floor, after)
        is_open = floor.startswith("not known")
        assert (f"Some of this {NEEDS}" in ui.drawn()) == is_open
        assert ("✗ as is" in ui.drawn()) == is_open


async def test_where_cuts_no_system_and_no_reason_at_80(github: GitHub, tmp_path: Path) -> None:
    members = roadrunner_members(binary("go-cgo-glibc"))
    github.add_release(TAG, {f"{STEM}.tar.gz": make_archive("tar.gz", STEM, members)})
    own = settings(tmp_path, demo=False, api_url=github.api_url, peek_ceiling=32_768)
    async with opened(own, size=(80, 24)) as ui:
        await ui.shows("NOT AS IT IS")
        await ui.press("enter", "w")
        await ui.shows("floor  not known", "Debian 13 trixie (glibc 2.41)", "? unknown")
        seen = ui.drawn()
        for _ in range(8):
            await ui.press("pagedown")
            seen += ui.drawn()
        answers = ("? unknown", "✗ as is", "✗ no ")
        rows = [line for line in seen.splitlines() if any(answer in line for answer in answers)]
        assert not [row for row in rows if "…" in row]
        assert any("busybox:glibc of Debian 13 (glibc 2.41)" in row for row in rows)
        assert any("✗ as is    needs glibc's loader " in row for row in rows)


async def test_where_offers_no_download_that_would_tell_no_more(
    github: GitHub, tmp_path: Path
) -> None:
    """A small C++ program is read whole; whether busybox's glibc image has libdl is not known."""
    packed = make_archive("tar.gz", STEM, roadrunner_members(binary("cpp-glibc")))
    github.add_release(TAG, {f"{STEM}.tar.gz": packed})
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url)) as ui:
        await ui.shows("YES, IF: apk add gcompat")
        await ui.press("enter", "w")
        await ui.shows("? unknown", "floor  glibc")
        assert NEEDS not in ui.drawn()


async def test_facts_keep_the_program_and_the_asset_apart(chosen: Settings) -> None:
    async with opened(chosen, size=(160, 50)) as ui:
        screen = await open_peeked(ui)
        screen.query_one(Tabs).active = "facts"
        await ui.shows(f"Some of this {NEEDS}", "program sha256", "? needs the whole file")
        assert screen.inspection is not None
        asset = screen.inspection.subject.asset
        assert asset is not None
        lines = ui.drawn().splitlines()
        size = next(line for line in lines if "asset size" in line)
        assert f"({asset.size:,} bytes)" in size
        digest = next(line for line in lines if "asset digest" in line)
        assert str(asset.digest) in digest
        program = next(line for line in lines if "program size" in line)
        assert f"{asset.size:,}" not in program
        table = screen.query_one("#facts Table", Table)
        labels = {table.source.row(number).key for number in range(len(table.source))}
        assert not labels & {"size", "digest", "sha256", "file"}


async def test_a_download_is_followed_in_the_tab(chosen: Settings, github: GitHub) -> None:
    async with opened(chosen) as ui:
        screen = await open_peeked(ui)
        screen.query_one(Tabs).active = "sections"
        await ui.shows("d downloads it")
        github.fault("*.tar.gz", host="assets", bytes_per_second=20_000)
        await ui.press("d")
        await ui.shows(NEEDS, "▷ ", "%")
        await ui.press("x")
        await ui.shows("d downloads it")


async def test_go_and_hardening_need_no_download_of_a_bare_program(
    github: GitHub, tmp_path: Path
) -> None:
    """The list's first look is recorded without them: opening the file reads them again."""
    program = binary("go-static-arm64")
    github.add_release(TAG, {"tool-linux-arm64": program})
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url)) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "enter")
        await ui.shows("elf.static", "nothing downloaded")
        await ui.until(lambda: not ui.state.board.running)
        assert isinstance(ui.app.screen, BinaryScreen)
        await go_to_tab(ui, ui.app.screen, "go")
        await ui.shows("toolchain", "GOARCH", "arm64")
        assert "d downloads" not in ui.drawn()
        await go_to_tab(ui, ui.app.screen, "hardening")
        await ui.shows("static: no library is searched", "Go's -buildmode=pie", "No symbol table.")
        assert "d downloads" not in ui.drawn()
        await go_to_tab(ui, ui.app.screen, "sections")
        await ui.shows(".gopclntab")
        assert github.body_bytes(host="assets") < 200_000
        assert ui.state.files[ui.app.screen.key].inspection is not None
