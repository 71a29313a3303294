"""The matrix: files on the screen are looked at once each; cells explain themselves."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import RenderableType
from textual.screen import Screen

from explorer.errors import SourceError
from explorer.settings import Settings
from explorer.tui.messages import CatalogueArrived, FileLooked
from explorer.tui.screens import matrix
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.visible_peeks import AT_A_TIME
from explorer.workbench import FileState, Inspection, Role, file_key
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import Driver, opened, settings
from tests.tui.test_hostile import check, evil_catalogue, poisoned

__all__ = ["poisoned"]

SIZES = [(80, 24), (160, 50)]


async def open_matrix(ui: Driver) -> MatrixScreen:
    await ui.press("m")
    await ui.until(
        lambda: isinstance(ui.app.screen, MatrixScreen) and len(ui.app.screen.grid.view) > 0
    )
    screen = ui.app.screen
    assert isinstance(screen, MatrixScreen)
    return screen


async def list_rested(ui: Driver) -> None:
    """Wait until the list has looked at its files: leaving it cancels what still runs."""

    def done() -> bool:
        screen = ui.app.screen
        assert isinstance(screen, BrowserScreen)
        entries = screen._rows.entries if screen._rows is not None else ()
        shown = [entry.asset for entry in entries if not entry.missing]
        return bool(shown) and all(ui.state.files.of(asset).looked_at for asset in shown)

    await ui.until(done, limit=60)


async def test_no_empty_grid_is_drawn_before_the_releases(
    demo: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is: the app itself waits a fifth of a second at most.
    monkeypatch.setattr(matrix, "FIRST_DRAWING_S", 60.0)
    async with opened(demo) as ui:
        frames: list[str] = []
        display = ui.app._display

        def displayed(screen: Screen[object], update: RenderableType | None) -> None:
            if isinstance(screen, MatrixScreen) and not ui.app._batch_count:
                frames.append(ui.drawn())
            display(screen, update)

        monkeypatch.setattr(ui.app, "_display", displayed)
        await open_matrix(ui)
        await ui.shows("v2025")
        assert frames
        assert not [frame for frame in frames if "laying out" in frame]


async def rested(ui: Driver, screen: MatrixScreen) -> None:
    """Wait until all that is on the screen has been looked at, and is drawn."""

    def done() -> bool:
        known = [ui.state.files.of(asset) for asset in screen._in_sight()]
        drawn = screen._redraw is None
        return (
            drawn
            and screen.peeks.idle
            and all(file.looked_at or file.unreachable for file in known)
        )

    await ui.until(done, limit=60)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_demos_matrix_tells_the_story(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as ui:
        screen = await open_matrix(ui)
        await ui.shows(
            "206 releases with files",
            "server ─",
            "↳ linux-arm64 yes",
            "is not published",
            "YES, runs on Alpine",
        )
        assert screen.grid.row is not None
        assert screen.grid.row.key == "v2025.1.15", (
            "it begins on the release that was under the cursor"
        )
        assert "[↳ linux-arm64 yes]" in ui.drawn(), (
            "the cell under the cursor is marked without colour"
        )
        await rested(ui, screen)
        assert "○" in ui.drawn(), (
            "a file that cannot be reached is published, and nothing is said of it"
        )
        assert "…" not in "".join(
            line for line in ui.drawn().splitlines() if "v2025.1.14" in line
        ), "nobody waits for what cannot come"
        # Where everything is in sight nothing scrolls; at 80×24 the release stays where it is.
        await ui.press("ctrl+right")
        assert screen.cell is not None
        assert screen.cell.column.kind.role is Role.PLUGIN
        assert (screen.grid.scroll_offset.x > 0) == (size[0] < 160)
        assert "› v2025.1.15" in ui.drawn()
        await ui.shows("freebsd (plugin)", "Only its name is known")
        await ui.press("end")
        assert screen.grid.row.key != "v2025.1.15"
        await ui.press("home", "ctrl+left", "pagedown", "pageup")
        assert (screen.grid.cursor, screen.grid.column) == (0, 0)
        await ui.press("left", "up")
        assert (screen.grid.cursor, screen.grid.column) == (0, 0)


async def test_cells_open_filter_and_go_back(demo: Settings) -> None:
    async with opened(demo) as ui:
        screen = await open_matrix(ui)
        await ui.shows("↳ linux-arm64 yes")
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        assert isinstance(ui.app.screen, BinaryScreen)
        assert ui.app.screen.subject.asset is not None
        assert ui.app.screen.subject.asset.name == "roadrunner-2025.1.15-linux-arm64.tar.gz"
        await ui.press("escape", "slash", *"v1.6.", "enter")
        await ui.shows("of 206")
        assert {screen.grid.source.row(index).key for index in screen.grid.view} == {
            f"v1.6.{number}" for number in range(5)
        }
        assert screen.grid.go_to("v1.6.2")
        await ui.press("ctrl+left")
        await ui.shows("◐ yes-if", "YES, IF: apk add gcompat · Alpine")
        await ui.press("t", *"debian-12", "enter")
        await ui.shows("Debian 12", "✓ yes", "YES, runs on Debian 12")
        await ui.press("p")
        await ui.until(lambda: not ui.state.show_prereleases)
        await ui.press("y", *"matrix", "enter")
        assert ui.app.clipboard == "rr-explorer --demo matrix v1.6.2"
        await ui.press("escape", "escape")
        assert len(ui.app.screen_stack) == 1


async def test_a_cell_where_nothing_serves_says_so(demo: Settings) -> None:
    async with opened(demo) as ui:
        screen = await open_matrix(ui)
        assert screen.grid.go_to("v1.6.2")
        await ui.shows("not published, and no other file of the release can be used")
        await ui.press("enter", "v")
        assert isinstance(ui.app.screen, MatrixScreen)


def clicked(screen: MatrixScreen, column: int) -> tuple[int, int]:
    """Where to click on a cell of the third row."""
    start, _ = screen.grid._spans()[column]
    return screen.grid._fixed + start + 1, 5


async def test_the_mouse_takes_cells_and_titles_sort(demo: Settings) -> None:
    async with opened(demo) as ui:
        screen = await open_matrix(ui)
        await ui.pilot.click(screen.grid, offset=clicked(screen, 2))
        assert (screen.grid.cursor, screen.grid.column) == (2, 2)
        await ui.pilot.click(screen.grid, offset=clicked(screen, 2), times=2)
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.press("escape")
        await ui.pilot.click(screen.grid, offset=(4, 2))
        assert screen.grid.row_query.sorted_by == "tag"


@pytest.fixture(scope="module")
def packed() -> dict[tuple[str, str], bytes]:
    """A real archive of each kind for each architecture; the same bytes serve for every release."""
    return {
        (ending, arch): make_archive(ending, "rr", roadrunner_members(binary(f"go-static-{arch}")))
        for ending in ("tar.gz", "zip")
        for arch in ("amd64", "arm64")
    }


def serve(github: GitHub, packed: dict[tuple[str, str], bytes]) -> None:
    """All of RoadRunner's releases, every archive of them a real one."""

    def data(tag: str, name: str) -> bytes:
        return packed.get(
            (name.split("64.")[-1], "arm64" if "arm64" in name else "amd64"),
            b"!<arch>\nnot a package",
        )

    github.serve_snapshot(data)


def peeked(github: GitHub) -> Counter[str]:
    """How often each file was asked for, by its own address."""
    return Counter(seen.path for seen in github.requests(host="web"))


async def test_only_what_is_seen_is_asked_for_and_each_file_once(
    tmp_path: Path, github: GitHub, packed: dict[tuple[str, str], bytes]
) -> None:
    serve(github, packed)
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(80, 24)) as ui:
        await ui.until(lambda: ui.state.catalogue is not None and not ui.state.board.running)
        assert ui.state.catalogue is not None
        assert len(ui.state.catalogue.releases) == 206
        await list_rested(ui)
        screen = await open_matrix(ui)
        await rested(ui, screen)
        await ui.shows("✓ yes", "↳ linux-arm64 yes")
        at_first = {f"{asset.tag}/{asset.name}" for asset in screen._in_sight()}
        browsed = 2 * 16  # of the releases that the first screen's cursor has rested on
        assert len(peeked(github)) <= len(at_first) + browsed
        api = github.count(host="api")
        # All the way down with a key held: what flies by is not asked for.
        rows = len(screen.grid.view)
        for _ in range(rows):
            ui.app.simulate_key("down")
        await ui.until(lambda: screen.grid.cursor == rows - 1)
        assert screen.grid.cursor == rows - 1
        await rested(ui, screen)
        asked = peeked(github)
        in_sight = len(list(screen._in_sight()))
        assert max(asked.values()) == 1, "each file once"
        assert len(asked) <= len(at_first) + browsed + 3 * in_sight, (
            "a screenful where it rested, not all of some 2,000 files"
        )
        # Back up: nothing is asked again.
        await ui.press("home")
        await rested(ui, screen)
        assert max(peeked(github).values()) == 1
        assert github.count(host="api") == api, "peeks cost no API rate"


async def test_a_served_matrix_on_a_wide_screen(
    tmp_path: Path, github: GitHub, packed: dict[tuple[str, str], bytes]
) -> None:
    for number in range(3):
        name = f"roadrunner-2025.1.{number}"
        github.add_release(
            f"v2025.1.{number}",
            {
                f"{name}-linux-amd64.tar.gz": packed["tar.gz", "amd64"],
                f"{name}-linux-arm64.tar.gz": packed["tar.gz", "arm64"],
                f"{name}-unknown-musl-amd64.tar.gz": packed["tar.gz", "amd64"],
                f"{name}-windows-amd64.zip": b"PK\x03\x04 this is no zip",
                f"{name}-linux-amd64.deb": b"!<arch>\nthis is no package",
            },
        )
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(160, 50)) as ui:
        await list_rested(ui)
        screen = await open_matrix(ui)
        await rested(ui, screen)
        assert screen.grid.scroll_offset.x == 0

        def drawn_row() -> str:
            return next((line for line in ui.drawn().splitlines() if "v2025.1.1 " in line), "")

        await ui.until(lambda: drawn_row().count("✓ yes") == 3)
        line = drawn_row()
        assert "↳ linux-arm64 yes" in line
        assert "! error" in line
        assert line.count("–") == 9, (
            "darwin and freebsd, and the plugin's seven: nothing is published there"
        )
        assert max(peeked(github).values()) == 1


async def test_a_star_marks_the_cache_and_of_two_files_the_worse_is_shown(
    tmp_path: Path, github: GitHub, packed: dict[tuple[str, str], bytes]
) -> None:
    name = "roadrunner-2025.1.0"
    files = {f"{name}-linux-{arch}.tar.gz": packed["tar.gz", arch] for arch in ("amd64", "arm64")}
    debs = {
        f"{name}-linux-amd64.deb": packed_deb(),
        f"{name}-linux-arm64.deb": b"!<arch>\nthis is no package",
    }
    github.add_release("v2025.1.0", files | debs)

    def line(ui: Driver) -> str:
        return next(
            line for line in ui.drawn().splitlines() if "v2025.1.0 " in line and "│" in line
        )

    chosen = settings(tmp_path, demo=False, api_url=github.api_url)
    async with opened(chosen, size=(160, 50)) as ui:
        screen = await open_matrix(ui)
        await rested(ui, screen)
        await ui.until(lambda: line(ui).count("✓ yes") == 2)
        assert "*" not in line(ui), "only peeked at"
        assert "◐ mixed" in line(ui), "one of the two packages is damaged, the other runs"
        await ui.press("ctrl+left", "right", "right", "d")  # linux-arm64
        await ui.until(lambda: "✓ yes*" in line(ui))
        assert "↳linux-arm64 yes*" in line(ui), "it is the file that serves for musl-arm64, too"
        assert line(ui).count("*") == 2
    async with opened(chosen, size=(160, 50)) as ui:  # and the next day
        await open_matrix(ui)
        await ui.until(lambda: line(ui).count("*") == 2)


def packed_deb() -> bytes:
    """A package with a static program."""
    return make_archive("deb", "rr", {"rr": binary("go-static-amd64")})


async def test_what_has_left_the_screen_is_cancelled(
    tmp_path: Path, github: GitHub, packed: dict[tuple[str, str], bytes]
) -> None:
    serve(github, packed)
    github.fault(host="web", latency_s=30.0)
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(80, 24)) as ui:
        await ui.until(lambda: ui.state.catalogue is not None and not ui.state.board.running)
        screen = await open_matrix(ui)
        await ui.until(lambda: len(screen.peeks._running) == AT_A_TIME)
        before = set(screen.peeks._running)
        await ui.press("end")
        await ui.until(lambda: screen.peeks._running and not before & set(screen.peeks._running))
        workers = [worker for worker in ui.app.workers if worker.name in before]
        await ui.until(lambda: not any(worker.is_running for worker in workers), limit=25)
        await ui.press("escape")
        await ui.until(lambda: screen.peeks.idle)


async def test_a_list_behind_the_matrix_peeks_at_nothing(
    tmp_path: Path, github: GitHub, packed: dict[tuple[str, str], bytes]
) -> None:
    serve(github, packed)
    github.fault(host="web", latency_s=30.0)
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(80, 24)) as ui:
        await ui.until(lambda: ui.state.catalogue is not None and not ui.state.board.running)
        browser = ui.app.screen
        assert isinstance(browser, BrowserScreen)
        browser._look_up_soon()  # a key just before `m`
        screen = await open_matrix(ui)
        await ui.until(lambda: len(screen.peeks._running) == AT_A_TIME)
        assert browser.peeks.idle


async def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, github: GitHub) -> None:
    github.add_release(
        "v1.0.0", {"roadrunner-1.0.0-linux-amd64.tar.gz": b"\x1f\x8b nothing of the kind"}
    )
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(80, 24)) as ui:
        screen = await open_matrix(ui)
        await rested(ui, screen)
        await ui.press("ctrl+left", "right")
        await ui.shows("! error", "? no verdict yet", "! error: enter says why")
        assert "○ not looked at" not in ui.drawn(), "no cell has this mark"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_hostile_names_are_drawn_harmlessly(
    size: tuple[int, int], demo: Settings, poisoned: Inspection
) -> None:
    async with opened(demo, size=size) as ui:
        assert ui.state.catalogue is not None
        evil = evil_catalogue(ui.state.catalogue)
        # The platforms stay, so that the files find their columns.
        real = ui.state.catalogue.releases[1].assets
        assets = tuple(
            replace(bad, platform=good.platform)
            for bad, good in zip(evil.releases[0].assets, real, strict=True)
        )
        evil = replace(
            evil, releases=(replace(evil.releases[0], assets=assets), *evil.releases[1:])
        )
        ui.app.post_message(CatalogueArrived(evil, None, final=True))
        await ui.until(lambda: ui.state.catalogue is evil)
        screen = await open_matrix(ui)
        await ui.press("home", "ctrl+left")
        for asset in assets[:3]:
            ui.app.post_message(
                FileLooked(file_key(asset), ui.state.judged_on, FileState(poisoned))
            )
        for asset in assets[3:5]:
            broken = FileState(error=SourceError("\x1b]0;x\x07[/b]"))
            ui.app.post_message(FileLooked(file_key(asset), ui.state.judged_on, broken))
        await rested(ui, screen)
        for _ in screen.grid.headings:
            assert "[/foo]" in check(ui)
            await ui.press("right")
        await ui.press("y")
        check(ui)
        await ui.press("escape", "a")
        await asyncio.sleep(0)
        check(ui)
        await ui.press("escape")
        assert ui.app.is_running


@pytest.mark.parametrize(
    "size", [(20, 5), (40, 10), (60, 20), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_a_narrow_matrix_shows_whole_cells(size: tuple[int, int], demo: Settings) -> None:
    async with opened(demo, size=size) as ui:
        screen = await open_matrix(ui)
        await ui.until(lambda: "yes]" in ui.drawn())
        await rested(ui, screen)
        for _ in screen.grid.headings:
            # The cell under the cursor is whole in its brackets, and so is the one left of it.
            line = next(line for line in ui.drawn().splitlines() if "› v2025.1.15" in line)
            assert line.index("[") < line.index("]")
            starts = [start for start, _ in screen.grid._spans()]
            assert round(screen.grid.scroll_offset.x) in starts, "no column is cut at the left"
            assert "v3.0.0" in ui.drawn(), (
                "more than one release is seen, however low the terminal is"
            )
            last = screen.grid.columns_in_sight()[-1]
            title = screen.grid.headings[last].lower
            assert last == screen.grid.column or title in ui.drawn(), "none is cut at the right"
            await ui.press("right")
        assert "plugin" in ui.drawn(), "a column's group is named where its title is scrolled away"
        await ui.press("ctrl+left")
        assert screen.grid.scroll_offset.x == 0
        await ui.shows("server", "amd64")


async def test_no_cell_is_cut_after_the_terminal_has_changed(demo: Settings) -> None:
    async with opened(demo, size=(24, 10)) as ui:
        screen = await open_matrix(ui)
        for column in range(0, len(screen.grid.headings), 4):
            await ui.pilot.resize_terminal(24, 10)
            screen.grid.column = column
            await ui.settle()
            await ui.pilot.resize_terminal(40, 10)
            await ui.settle()
            starts = [start for start, _ in screen.grid._spans()]
            assert round(screen.grid.scroll_offset.x) in starts, "no column is cut at the left"
            assert screen.grid.column in screen.grid.columns_in_sight()


async def test_the_story_of_a_published_platform_is_about_its_own_files(
    tmp_path: Path, github: GitHub
) -> None:
    names = [f"tool-aarch64-unknown-linux-{libc}" for libc in ("gnu", "musl")]
    files: dict[str, bytes | Path] = {names[0]: b"\x7fELF", names[1]: binary("go-static-arm64")}
    github.add_release("v1.0", files, repo="a/tool")
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, repo="a/tool")
    async with opened(chosen, size=(80, 24)) as ui:
        await open_matrix(ui)
        await ui.shows("musl-arm64: published in 1 of 1 release; runs in 1")


async def test_a_matrix_counts_the_columns_beyond_its_edges(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        screen = await open_matrix(ui)
        columns = len(screen.grid.headings)
        await ui.press("ctrl+left")
        shown = screen.grid.columns_in_sight()
        await ui.shows(f" {columns - len(shown)} more →")
        line = next(line for line in ui.drawn().splitlines() if "  release" in line)
        assert line.split()[-2:] == [screen.grid.headings[shown[-1]].lower, "│"]
        await ui.press("ctrl+right")
        await ui.shows(f"← {screen.grid.columns_in_sight()[0]} more")
        assert "more →" not in ui.drawn()


async def test_the_longest_tags_are_whole(demo: Settings) -> None:
    async with opened(demo) as ui:
        screen = await open_matrix(ui)
        for tag in ("v2023.1.0-alpha.1", "v2023.2.0-beta.1"):
            assert screen.grid.go_to(tag)
            await ui.shows(f"› {tag}")


async def test_files_by_system_with_their_floor(demo: Settings) -> None:
    async with opened(demo) as ui:
        ui.app.screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await ui.press("W")
        await ui.shows("v1.6.2 by system", "◐ yes-if", "debian-13", "or newer: Debian 11")
        await ui.press("enter")
        await ui.shows("floor", "Wolfi")


async def test_two_kinds_of_files_by_system_are_told_apart(demo: Settings) -> None:
    """The server's and the plugin's names differ in what a short name leaves out."""
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("W")
        await ui.shows("v2025.1.15 by system", "any Linux on arm64")
        lines = [line[3:40] for line in ui.drawn().splitlines() if ".tar.gz" in line]
        assert len(lines) > 3
        assert len(set(lines)) == len(lines)
        assert any(line.startswith("…unknown-musl-amd64.tar.gz") for line in lines)
        assert any("protoc…unknown-musl-amd64.tar.gz" in line for line in lines)
        await ui.shows("alpine-3.24")


async def test_systems_that_have_no_room_are_counted(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("W")
        await ui.shows("alpine-3.24", "9 more systems: enter shows all")
        await ui.pilot.resize_terminal(120, 40)
        await ui.shows("debian-11", "5 more systems: enter shows all")
        await ui.pilot.resize_terminal(240, 40)
        await ui.until(lambda: "more system" not in ui.drawn())


@pytest.fixture
def short_peeks(github: GitHub, tmp_path: Path) -> Settings:
    """A file whose peek ends before the symbols: only its loader is known to be missing."""
    packed = make_archive("tar.gz", "tool", {"tool": binary("cpp-glibc")})
    github.add_release("v2", {"tool-linux-amd64.tar.gz": packed}, repo="acme/tool")
    return settings(
        tmp_path, demo=False, api_url=github.api_url, repo="acme/tool", peek_ceiling=16 << 10
    )


async def test_as_is_is_explained_where_files_stand_by_system(
    short_peeks: Settings,
) -> None:
    async with opened(short_peeks) as ui:
        await ui.shows("✗ as is")
        await ui.press("W")
        await ui.shows("v2 by system", "✗ as is: packages may help")


async def test_no_part_of_a_groups_name_stands_beside_the_count(demo: Settings) -> None:
    async with opened(demo) as ui:
        await open_matrix(ui)
        for width in range(100, 150, 3):
            await ui.pilot.resize_terminal(width, 24)
            await ui.shows("more →")
            line = next(line for line in ui.drawn().splitlines() if "more →" in line)
            words = set(re.findall(r"[a-z]+", line))
            assert words <= {"server", "plugin", "more"}, line


async def test_the_story_above_the_matrix_and_the_key_to_its_last_no(
    github: GitHub, tmp_path: Path
) -> None:
    for tag, recipe in (("v3", "go-static-arm64"), ("v2", "c-fcntl64-arm64")):
        github.add_release(
            tag,
            {"tool-linux-arm64": binary(recipe).read_bytes()},
            repo="acme/tool",
            published_at=f"202{tag[1]}-01-01T00:00:00Z",
        )
    own = settings(tmp_path, demo=False, api_url=github.api_url, repo="acme/tool")
    async with opened(own) as ui:
        screen = await open_matrix(ui)
        await ui.shows("runs in 1; last NO: v2 (needs glibc's loader)", "n jumps there")
        assert screen.tag == "v3"
        await ui.press("n")
        await ui.until(lambda: screen.tag == "v2")
        await ui.pilot.resize_terminal(40, 20)
        await ui.shows("linux-arm64: runs in 1; last NO: v2", "jumps there")


async def test_a_list_without_a_no_is_told_of_one_platform(github: GitHub, tmp_path: Path) -> None:
    """Another platform's file may well not run."""
    names = {"tool-linux-arm64": "go-static-arm64", "tool-linux-amd64": "c-fcntl64-arm64"}
    files = {name: binary(recipe).read_bytes() for name, recipe in names.items()}
    github.add_release("v3", files, repo="acme/tool")
    own = settings(tmp_path, demo=False, api_url=github.api_url, repo="acme/tool")
    async with opened(own, size=(160, 50)) as ui:
        await open_matrix(ui)
        await ui.shows("linux-arm64: ", "✓ yes", "✗ no")
        await ui.press("n")
        await ui.shows("No file for linux-arm64 in this list is known not to run")


async def test_the_story_does_not_call_unknown_what_is_known_not_to_run_as_it_is(
    short_peeks: Settings,
) -> None:
    """A peek that ends before the symbols knows that the loader is missing."""
    async with opened(short_peeks) as ui:
        await open_matrix(ui)
        await ui.shows("runs in 0, not as it is in 1; last not as it is: v2")
        assert "not known in" not in ui.drawn()


async def test_a_matrix_without_columns_says_why(tmp_path: Path) -> None:
    home = tmp_path / "dist"
    home.mkdir()
    (home / "rr").write_bytes(binary("c-glibc").read_bytes())
    async with opened(settings(tmp_path, demo=False, folder=home), size=(80, 24)) as ui:
        await ui.shows("◐ yes-if")
        await ui.press("m")
        await ui.shows("No file's name claims a system", "W shows where each program runs")
        await ui.press("W")
        await ui.shows("by system", "glibc 2.2.5 or newer")
