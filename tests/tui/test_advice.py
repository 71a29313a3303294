"""Advice and reports: which file, why, the commands, and a report that overwrites nothing."""

import json
import os
from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.tui.screens.advice import AdviceScreen
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.report import free_path, write_new
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import Driver, opened, settings

SIZES = [(80, 24), (160, 50)]


async def ask(ui: Driver) -> AdviceScreen:
    await ui.press("a")
    await ui.until(
        lambda: isinstance(ui.app.screen, AdviceScreen) and ui.app.screen.advice is not None
    )
    screen = ui.app.screen
    assert isinstance(screen, AdviceScreen)
    return screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_which_file_to_take_and_what_would_prove_it(
    size: tuple[int, int], demo: Settings
) -> None:
    async with opened(demo, size=size) as ui:
        await ui.shows("✓ yes")
        screen = await ask(ui)
        await ui.shows(
            "[arm64]",
            "[musl]",
            "✓ use roadrunner-2025.1.15-linux-arm64.tar.gz (stand-in)",
            "prove it",
            "Nothing to paste",
        )
        await ui.press("M")
        await ui.shows("[amd64]", "✓ use roadrunner-2025.1.15-linux-amd64.tar.gz")
        await ui.press("L")
        await ui.shows("[glibc]", "✓ use")
        await ui.until(
            lambda: (
                screen.advice is not None
                and (screen.advice.arch, screen.advice.libc) == ("amd64", "glibc")
            )
        )
        await ui.press("y", *"command line", "enter")
        assert ui.app.clipboard == "rr-explorer --demo advise --arch amd64 --libc glibc v2025.1.15"
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.press("escape", "escape")
        assert len(ui.app.screen_stack) == 1


async def test_where_nothing_serves_it_says_how_to_build(demo: Settings) -> None:
    async with opened(demo) as ui:
        ui.app.screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await ui.shows("v1.6.2 ·")
        await ask(ui)
        await ui.shows("[amd64]", "✓ use roadrunner-1.6.2-unknown-musl-amd64")
        await ui.press("M")
        await ui.shows("no published file works", "CGO_ENABLED=0", "buildx")
        await ui.press("y", *"cross", "enter")
        assert "GOARCH=arm64 go build" in ui.app.clipboard


async def test_lines_to_paste_have_the_files_address_and_digest(
    tmp_path: Path, github: GitHub
) -> None:
    name = "roadrunner-2025.1.15-linux-arm64.tar.gz"
    data = make_archive("tar.gz", "rr", roadrunner_members(binary("go-static-arm64")))
    github.add_release("v2025.1.15", {name: data})
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url)) as ui:
        await ui.shows("✓ yes")
        screen = await ask(ui)
        await ui.shows("✓ use", "Dockerfile", "Shell, with checksum", "▢ not proved yet")
        assert screen.advice is not None
        await ui.press("y", *"shell", "enter")
        assert screen.advice.chosen is not None
        assert screen.advice.chosen.asset.url in ui.app.clipboard
        assert str(screen.advice.sha256) in ui.app.clipboard
        assert "sha256sum -c" in ui.app.clipboard
        await ui.press("y", *"dockerfile", "enter")
        assert ui.app.clipboard.startswith("FROM ")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


async def test_a_report_is_written_where_nothing_is(demo: Settings, here: Path) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "R")
        await ui.shows("Report on this file", "Markdown, copied", "HTML")
        await ui.press("enter")
        await ui.shows("Save the report", "report-roadrunner-2025.1.15-linux-arm64.md")
        await ui.press("enter")
        await ui.shows("Report saved to")
        written = here / "report-roadrunner-2025.1.15-linux-arm64.md"
        assert "roadrunner-2025.1.15-linux-arm64.tar.gz" in written.read_text(encoding="utf-8")
        # Another one gets another name; what is there is never written over, whatever is typed.
        await ui.press("R")
        await ui.shows("Report on this file", "Markdown, copied")
        await ui.press("enter")
        await ui.shows("linux-arm64-2.md")
        before = written.read_bytes()
        await ui.press("ctrl+u", *written.name, "enter")
        await ui.shows("exists already")
        assert written.read_bytes() == before
        await ui.press("ctrl+u", *"no/such/place.md", "enter")
        await ui.shows("Not saved")
        await ui.press("ctrl+u", "enter")
        await ui.shows("Type a file name")
        await ui.press("escape")
        assert os.listdir(here) == [written.name]


async def test_a_report_on_a_whole_release_copied_and_as_json(demo: Settings, here: Path) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes", "✗ no")
        await ui.until(lambda: ui.looked_at() >= 5)
        await ui.press("R")
        await ui.shows("Report on 5 files", "Markdown, copied")
        await ui.press(*"copied", "enter")
        await ui.until(lambda: "rr-explorer report" in ui.app.clipboard)
        assert "windows-amd64" in ui.app.clipboard
        await ui.press("R")
        await ui.shows("Report on 5 files", "JSON")
        await ui.press(*"json", "enter")
        await ui.shows("Save the report")
        await ui.press("ctrl+u", *"mine.json", "enter")
        await ui.until((here / "mine.json").exists)
        await ui.shows("Report saved to")
        assert (
            len(json.loads((here / "mine.json").read_text(encoding="utf-8"))["inspections"])
            == ui.looked_at()
        )


def test_the_default_name_is_a_free_one(tmp_path: Path) -> None:
    assert free_path(tmp_path, "report-x", "md").name == "report-x.md"
    (tmp_path / "report-x.md").write_text("mine")
    assert free_path(tmp_path, "report-x", "md").name == "report-x-2.md"
    with pytest.raises(FileExistsError):
        write_new(tmp_path, "report-x.md", "other")
    assert (tmp_path / "report-x.md").read_text() == "mine"


async def test_the_list_says_what_advice_has_read(tmp_path: Path, github: GitHub) -> None:
    """Only the whole file tells which packages it needs; advice downloads it for that."""
    packed = make_archive("tar.gz", "tool", {"tool": binary("cpp-glibc")})
    github.add_release("v2", {"tool-linux-amd64.tar.gz": packed})
    own = settings(tmp_path, demo=False, api_url=github.api_url, peek_ceiling=16 << 10)
    async with opened(own) as ui:
        await ui.shows("✗ as is", "needs the whole file")
        await ask(ui)
        await ui.shows("use tool-linux-amd64.tar.gz", "the whole file")
        await ui.press("escape")
        await ui.shows("◐ yes-if", "downloaded")
        assert "needs the whole file" not in ui.drawn()
