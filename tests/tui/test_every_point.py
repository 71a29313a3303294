"""Four projects, three sizes of a terminal: what a user does first shows what it is asked for.

The files have the names that RoadRunner, ripgrep, GitHub's command line and Neovim give theirs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.widgets import Input

from explorer.settings import Settings
from explorer.tui.screens.advice import AdviceScreen
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.widgets.banner import VerdictBanner
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import Driver, opened, settings

SIZES = [(80, 24), (120, 40), (160, 50)]
RIPGREP = "ripgrep-15.1.0-{}.tar.gz"
ROADRUNNER = "roadrunner-2025.1.15-{}.tar.gz"


@dataclass(frozen=True)
class Project:
    """What a project publishes, and what its files are known to be."""

    repo: str
    tag: str
    member: str
    """The program in its archives."""
    files: dict[str, str]
    """The names of the files and the programs inside; empty for what is no archive."""
    answer: str
    """The file that runs, on which the cursor starts."""
    with_packages: str
    """A file for another libc."""
    story: str
    """What is said above the matrix."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Words for the files, where there is room."""
        return ("server",) if "roadrunner" in self.repo else ("program",)


PROJECTS = {
    "roadrunner": Project(
        "roadrunner-server/roadrunner",
        "v2025.1.15",
        "rr",
        {
            ROADRUNNER.format("linux-amd64"): "c-glibc",
            ROADRUNNER.format("linux-arm64"): "go-static-arm64",
            ROADRUNNER.format("unknown-musl-amd64"): "go-static-amd64",
            "roadrunner-2025.1.15-windows-amd64.zip": "go-windows",
        },
        ROADRUNNER.format("linux-arm64"),
        ROADRUNNER.format("linux-amd64"),
        "musl-arm64: never published in 1 release; linux-arm64 runs in 1",
    ),
    "ripgrep": Project(
        "BurntSushi/ripgrep",
        "15.1.0",
        "rg",
        {
            RIPGREP.format("aarch64-apple-darwin"): "go-darwin-arm64",
            RIPGREP.format("aarch64-unknown-linux-gnu"): "c-glibc-arm64",
            RIPGREP.format("armv7-unknown-linux-gnueabihf"): "go-static-arm",
            RIPGREP.format("x86_64-unknown-linux-musl"): "go-static-amd64",
            f"{RIPGREP.format('x86_64-unknown-linux-musl')}.sha256": "",
            "ripgrep-15.1.0-x86_64-pc-windows-msvc.zip": "go-windows",
        },
        RIPGREP.format("x86_64-unknown-linux-musl"),
        RIPGREP.format("aarch64-unknown-linux-gnu"),
        "musl-amd64: published in 1 of 1 release; runs in 1",
    ),
    "gh": Project(
        "cli/cli",
        "v2.102.0",
        "bin/gh",
        {
            "gh_2.102.0_checksums.txt": "",
            "gh_2.102.0_linux_386.tar.gz": "c-i386",
            "gh_2.102.0_linux_amd64.tar.gz": "c-glibc",
            "gh_2.102.0_linux_arm64.tar.gz": "go-static-arm64",
            "gh_2.102.0_macOS_arm64.zip": "go-darwin-arm64",
            "gh_2.102.0_windows_amd64.zip": "go-windows",
        },
        "gh_2.102.0_linux_arm64.tar.gz",
        "gh_2.102.0_linux_amd64.tar.gz",
        "linux-arm64: published in 1 of 1 release; runs in 1",
    ),
    "neovim": Project(
        "neovim/neovim",
        "v0.11.4",
        "bin/nvim",
        {
            "nvim-linux-arm64.tar.gz": "go-static-arm64",
            "nvim-linux-x86_64.appimage.zsync": "",
            "nvim-linux-x86_64.tar.gz": "c-glibc",
            "nvim-macos-arm64.tar.gz": "go-darwin-arm64",
            "nvim-win64.zip": "go-windows",
            "shasum.txt": "",
        },
        "nvim-linux-arm64.tar.gz",
        "nvim-linux-x86_64.tar.gz",
        "linux-arm64: published in 1 of 1 release; runs in 1",
    ),
}


def data_of(name: str, program: str, member: str) -> bytes:
    """A file's bytes."""
    if not program:
        return b"0" * 64
    kind = "zip" if name.endswith(".zip") else "tar.gz"
    member += ".exe" if kind == "zip" and "win" in name else ""
    return make_archive(kind, "", {member: binary(program), "README.md": b"#"})


@pytest.fixture(params=PROJECTS)
def project(request: pytest.FixtureRequest, github: GitHub) -> Project:
    """A project that is served."""
    one = PROJECTS[request.param]
    files = {name: data_of(name, program, one.member) for name, program in one.files.items()}
    github.add_release(one.tag, files, repo=one.repo)
    return one


@pytest.fixture
def chosen(project: Project, github: GitHub, tmp_path: Path) -> Settings:
    return settings(tmp_path, demo=False, api_url=github.api_url, repo=project.repo)


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Columns and lines of the terminal."""
    given: tuple[int, int] = request.param
    return given


def as_one_line(ui: Driver, selector: str = "VerdictBanner") -> str:
    """What a widget shows, its lines joined."""
    region = ui.app.screen.query(selector).first().region
    lines = [line[region.x : region.right] for line in ui.drawn().splitlines()]
    return " ".join(line.strip("▌ ") for line in lines[region.y : region.bottom])


async def home(ui: Driver) -> None:
    while not isinstance(ui.app.screen, BrowserScreen):
        await ui.press("escape")


async def put_cursor_on(ui: Driver, name: str) -> None:
    await home(ui)
    await ui.until(lambda: ui.find("#asset-table", Table).go_to(name))
    ui.find("#asset-table", Table).focus()
    await ui.settle()


Point = Callable[[Driver, Project], Awaitable[None]]


async def the_first_screen_answers(ui: Driver, project: Project) -> None:
    table = ui.find("#asset-table", Table)
    await ui.until(lambda: table.row is not None and table.row.key == project.answer)
    await ui.until(lambda: "YES, runs on Alpine 3.24" in as_one_line(ui))
    await ui.shows("m matrix", "a advice", "✓ yes", "✗ no")
    named = [line for line in ui.drawn().splitlines() if "│" in line]
    for name in project.files:
        assert any(name[-14:] in line for line in named), f"{name} is not named"
    if ui.app.size.width >= 120:
        await ui.shows(*project.kinds)
    about = [name for name, program in project.files.items() if not program]
    keys = [table.source.row(number).key for number in table.view]
    assert sorted(keys[len(keys) - len(about) :]) == sorted(about), "they are grouped below"


async def a_file_for_another_libc_names_what_it_takes(ui: Driver, project: Project) -> None:
    await put_cursor_on(ui, project.with_packages)
    await ui.until(lambda: "YES, IF: apk add gcompat" in as_one_line(ui))
    assert "glibc's loader /lib" in as_one_line(ui), "the reason is whole"
    assert "which Alpine 3.24 does not have." in as_one_line(ui)


async def it_says_where_it_runs(ui: Driver, project: Project) -> None:
    await put_cursor_on(ui, project.with_packages)
    await ui.press("w")
    await ui.shows("floor", "glibc 2.", "Debian 13 trixie")
    await put_cursor_on(ui, project.answer)
    await ui.press("w")
    await ui.shows("floor", "any Linux on a", "✓ yes")


async def an_open_file_says_what_a_tab_needs(ui: Driver, project: Project) -> None:
    await put_cursor_on(ui, project.with_packages)
    await ui.press("enter", "3")
    assert isinstance(ui.app.screen, BinaryScreen)
    await ui.shows("interpreter", "needs “apk add gcompat”", "libc.so.6")
    await ui.press("question_mark")
    await ui.shows("Words on this screen", "glibc")
    await ui.press("escape")


async def the_matrix_tells_the_story(ui: Driver, project: Project) -> None:
    await ui.press("m")
    assert isinstance(ui.app.screen, MatrixScreen)
    story = ui.app.screen.query_one("#story")
    await ui.until(lambda: project.story in as_one_line(ui, "#story"))
    assert story.region.bottom < ui.app.screen.query_one(VerdictBanner).region.y
    await ui.press("W")
    await ui.shows(f"{project.tag} by system", "floor", "any Linux on a", "alpine-3.24")


async def the_advice_can_be_pasted(ui: Driver, project: Project) -> None:
    await put_cursor_on(ui, project.answer)
    await ui.press("a")
    assert isinstance(ui.app.screen, AdviceScreen)
    await ui.shows(f"✓ use {project.answer}", "1  Dockerfile, alpine:3.24", "FROM alpine:3.24")
    starts = [line.strip("│ ").split(" ")[0] for line in ui.drawn().splitlines()]
    assert "FROM" in starts, "no line of the code is wrapped"
    assert "ARG" in starts


async def a_value_is_copied(ui: Driver, project: Project, clipboard: Path) -> None:
    await put_cursor_on(ui, project.answer)
    await ui.press("y", *"name")
    await ui.shows("Copy", project.answer[:40])
    await ui.press("enter")
    await ui.shows("copied (wl-copy)")
    assert await asyncio.to_thread(clipboard.read_text) == project.answer
    ui.app.clear_notifications()


async def the_palette_knows_peoples_words(ui: Driver, _: Project) -> None:
    async def offers(typed: str, choice: str) -> None:
        await ui.press("ctrl+p", *typed)
        await ui.shows("Commands", choice)
        await ui.press("escape")

    await offers("dockerfile", "› Advice")
    await offers("debian", "target debian-12")
    await offers("compare", "› Compare")


async def a_filter_finds_files(ui: Driver, project: Project) -> None:
    await put_cursor_on(ui, project.answer)
    await ui.press("slash", *"lnxarm")
    table = ui.find("#asset-table", Table)
    await ui.until(lambda: 0 < len(table.view) < len(project.files))
    await ui.press("escape", "escape")


async def the_program_is_saved(ui: Driver, project: Project, folder: Path) -> None:
    await put_cursor_on(ui, project.answer)
    await ui.press("S")
    await ui.until(lambda: bool(ui.app.screen.query(Input)))
    ui.app.screen.query(Input).first().value = str(folder)
    await ui.press("enter")
    await ui.until(
        lambda: any(path.is_file() for path in folder.rglob(project.member.rpartition("/")[2]))
    )
    await ui.until(lambda: "saved" in as_one_line(ui).lower())


async def test_every_point(
    project: Project, chosen: Settings, size: tuple[int, int], clipboard: Path, tmp_path: Path
) -> None:
    points: list[Point] = [
        the_first_screen_answers,
        a_file_for_another_libc_names_what_it_takes,
        it_says_where_it_runs,
        an_open_file_says_what_a_tab_needs,
        the_matrix_tells_the_story,
        the_advice_can_be_pasted,
        lambda ui, project: a_value_is_copied(ui, project, clipboard),
        the_palette_knows_peoples_words,
        a_filter_finds_files,
        lambda ui, project: the_program_is_saved(ui, project, tmp_path),
    ]
    async with opened(chosen, size=size) as ui:
        for point in points:
            await home(ui)
            await point(ui, project)
