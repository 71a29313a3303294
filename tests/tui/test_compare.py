"""c marks a file or a release; c on another one shows what changed."""

import struct
from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.tui.screens.compare import CompareScreen
from explorer.tui.widgets.table import Table
from tests.cli.test_compare import with_modules
from tests.support.binaries import binary
from tests.support.github import GitHub
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


@pytest.fixture
def published(github: GitHub, tmp_path: Path) -> Settings:
    """Two releases of a Go program, each under three names; the first two are the same file."""
    for tag, modules in (("v1", ("one", "b")), ("v2", ("two", "c"))):
        programs = {
            f"tool-{name}": with_modules(*modules, arch).read_bytes()
            for name, arch in (
                ("linux-amd64", "amd64"),
                ("unknown-musl-amd64", "amd64"),
                ("linux-arm64", "arm64"),
            )
        }
        day = f"2026-06-0{tag[1:]}T10:00:00+00:00"
        github.add_release(tag, programs, published_at=day)
    return settings(tmp_path, demo=False, api_url=github.api_url)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_is_not_known_before_the_download_is_said(
    size: tuple[int, int], published: Settings, github: GitHub
) -> None:
    async with opened(published, size=size) as ui:
        await ui.shows("linux-amd64")
        await mark(ui, "linux-amd64")
        await mark(ui, "linux-arm64")
        await ui.shows("differ, as their first bytes tell:", "d downloads 2 files (")
        assert github.body_bytes(host="assets") < 1 << 20, "nothing was downloaded"
        await ui.press("d")
        await ui.shows("amd64 and arm64 differ: ")
        assert "d downloads" not in ui.drawn()
        await ui.press("escape")
        await ui.shows("downloaded")  # the list knows what was read
        assert "nothing downloaded" not in ui.drawn()


async def test_one_digest_tells_one_program_before_the_download(
    published: Settings, github: GitHub
) -> None:
    async with opened(published) as ui:
        await ui.shows("linux-amd64")
        await mark(ui, "linux-amd64")
        await mark(ui, "musl-amd64")
        await ui.shows("are the same program, bit for bit", "the API names one sha256 for both")
        assert github.body_bytes(host="assets") < 1 << 20, "nothing was downloaded"
        assert "d downloads" not in ui.drawn()


async def test_two_releases_are_compared_by_their_modules(published: Settings) -> None:
    async with opened(published) as ui:
        await ui.shows("v1", "v2")
        releases = ui.app.screen.query_one("#release-table", Table)
        releases.focus()
        for row in (1, 0):
            assert releases.go_to(releases.source.row(row).key)
            await ui.press("c")
        await ui.shows("v1 → v2: 3 files in both", "d downloads 6 files (")
        await ui.shows("example.test/b", "gone in all 3")  # a few bytes tell the modules
        await ui.press("d")
        await ui.until(lambda: not ui.state.board.running)
        await ui.shows("example.test/a", "moved in all 3", "example.test/b", "gone in all 3")
        assert "d downloads" not in ui.drawn()
        table = ui.app.screen.query_one(Table)
        assert table.go_to("pairs tool-linux-arm64")
        await ui.press("enter")
        await ui.shows("v1/tool-linux-arm64", "differ: ")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_sizes_of_two_releases_are_told(
    size: tuple[int, int], github: GitHub, tmp_path: Path
) -> None:
    for number, name in enumerate(("go-static-amd64", "go-tzdata"), 1):
        day = f"2026-06-0{number}T10:00:00+00:00"
        github.add_release(f"v{number}", {"tool-linux-amd64": binary(name)}, published_at=day)
    chosen = settings(tmp_path, demo=False, api_url=github.api_url)
    async with opened(chosen, size=size) as ui:
        await ui.shows("v1", "v2")
        releases = ui.app.screen.query_one("#release-table", Table)
        releases.focus()
        for row in (1, 0):
            assert releases.go_to(releases.source.row(row).key)
            await ui.press("c")
        await ui.shows("▾ Sizes", ".rodata +", "needs the wh")
        await ui.press("d")
        await ui.shows("▾ Sizes", "by Go package", ".rodata +", "time +")


async def test_a_local_file_is_compared_with_an_asset(published: Settings) -> None:
    path = with_modules("one", "b", "amd64")
    async with opened(published, file=str(path)) as ui:
        await ui.shows("YES")
        await ui.press("c", "escape")
        await ui.shows("linux-amd64")
        await mark(ui, "linux-amd64")
        await ui.shows("d downloads 1 file (")
        await ui.press("d")
        await ui.shows("Go modules", "example.test/c")


async def test_the_files_of_two_releases_are_told_apart_at_80_columns(demo: Settings) -> None:
    """RoadRunner's names have what tells them apart in the middle and at the end."""
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("v2025.1.14")
        await ui.press("c", "down", "c")
        await ui.shows("Files in both", "linux-amd64.tar.gz", "unknown-musl-amd64.tar.gz")
        lines = [line for line in ui.drawn().splitlines() if ".tar.gz" in line or ".zip" in line]
        names = [line.split()[1] for line in lines]
        assert len(names) > 8
        assert len(set(names)) == len(names)
        assert any(name.startswith("protoc…") for name in names)
        await ui.shows("before", "after", "change")
        headline = [line for line in ui.drawn().splitlines() if "v2025.1.15 → v2025.1.14" in line]
        assert len(headline) == 1, "the releases are named once"


async def test_values_have_their_room_at_80_columns(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("tab", "c", "down", "c")
        await ui.shows("what changed", "any Linux on arm64", "any Linux on amd64")
        await ui.shows(" bytes ")
        assert " byt…" not in ui.drawn()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_was_added_and_what_is_gone_is_told_at_any_width(
    size: tuple[int, int], github: GitHub, tmp_path: Path
) -> None:
    """At 80 columns the column "change" is left out: each size stands on its release's side."""
    same = binary("go-static-amd64").read_bytes()
    names = "a-name-of-a-file-that-was-there-and-is-gone.txt", "another-name.md"
    for number, name in enumerate(names, 1):
        day = f"2026-06-0{number}T10:00:00+00:00"
        files = {"tool-linux-amd64": same, name: b"words " * 1000}
        github.add_release(f"v{number}", files, published_at=day)
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=size) as ui:
        await ui.shows("v1", "v2")
        await ui.press("down", "c", "up", "c")
        await ui.shows("Files added and gone", "a-name-of-a-file", "another-name")
        lines = ui.drawn().splitlines()
        gone, added = (
            next(line for line in lines if name in line)
            for name in ("a-name-of-a-file", "another-name")
        )
        before, _, after = gone.partition(" –")
        assert ("kB" in before, "kB" in after) == (True, False)
        before, _, after = added.partition(" –")
        assert ("kB" in before, "kB" in after) == (False, True)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_a_part_lacks_does_not_drive_before_and_after_apart(
    size: tuple[int, int], demo: Settings
) -> None:
    async with opened(demo, size=size) as ui:
        await ui.shows("v2025.1.14")
        await ui.press("c", "down", "c")
        await ui.shows("what changed", "Files in both")
        await ui.shows("0 answers")  # files that nobody has looked at have no other answer
        title = next(line for line in ui.drawn().splitlines() if "before" in line)
        assert title.index("after") - title.index("before") < 20
        if size[0] > 80:
            await ui.shows("? needs the whole file (16 programs)")


async def test_a_program_of_another_system_has_few_words_at_80_columns(
    github: GitHub, tmp_path: Path
) -> None:
    """A list of all that such files do not share has hidden how to compare all of them."""
    mac_program = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, 0, 0, 0, 0)
    files = {
        "tool-linux-amd64": binary("cpp-glibc").read_bytes(),
        "tool-darwin-arm64": mac_program + bytes(1 << 20),
    }
    github.add_release("v1", files)
    own = settings(tmp_path, demo=False, api_url=github.api_url)
    async with opened(own, size=(80, 24)) as ui:
        await ui.shows("linux-amd64")
        await mark(ui, "linux-amd64")
        await mark(ui, "darwin-arm64")
        await ui.shows(
            "differ, as their first bytes tell:", " protections, ", "compares all of them"
        )
        assert "protection, no memory" not in ui.drawn()
