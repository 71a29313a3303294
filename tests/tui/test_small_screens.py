"""80×24 and less: what decides is not cut, and a file is always named."""

from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import Static, Tabs

from explorer.releases.bundled import STAND_INS
from explorer.report.trust import SHORT_TRUST_LEGEND, TRUST_LEGEND
from explorer.settings import Settings
from explorer.tui.matrix_rows import MARKS, legend_of
from explorer.tui.screens.advice import AdviceScreen
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.widgets.banner import VerdictBanner, whole_ways
from explorer.tui.widgets.banner import fitted as fitted_parts
from explorer.tui.widgets.pane import fitted
from explorer.tui.widgets.prose import Prose
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.support.proofs import make_proof
from tests.tui.conftest import Driver, opened, settings

TAG = "v2025.1.15"
MUSL = "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz"
ARM64 = "roadrunner-2025.1.15-linux-arm64.tar.gz"
REASON = "It needs glibc's loader /lib64/ld-linux-x86-64.so.2, which Alpine 3.24 does not have."


@pytest.fixture
def chosen(github: GitHub, tmp_path: Path) -> Settings:
    """A file that does not run where its name says, and one that does."""

    def packed(name: str, root: str) -> bytes:
        return make_archive("tar.gz", root, roadrunner_members(binary(name)))

    github.add_release(
        TAG,
        {
            MUSL: packed("c-glibc", MUSL.removesuffix(".tar.gz")),
            ARM64: packed("go-static-arm64", ARM64.removesuffix(".tar.gz")),
        },
    )
    return settings(tmp_path, demo=False, api_url=github.api_url)


def banner_text(ui: Driver) -> str:
    """The banner's lines as they are drawn, as one."""
    region = ui.app.screen.query_one(VerdictBanner).region
    lines = ui.drawn().splitlines()[region.y : region.bottom]
    return " ".join(line.strip("▌ ") for line in lines)


async def put_cursor_on(ui: Driver, name: str) -> None:
    await ui.press("enter")
    await ui.until(lambda: ui.app.screen.query_one("#asset-table", Table).go_to(name))


@pytest.mark.parametrize(
    "size", [(80, 24), (80, 16), (60, 20), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_the_reason_is_read_whole(chosen: Settings, size: tuple[int, int]) -> None:
    async with opened(chosen, size=size) as ui:
        await put_cursor_on(ui, MUSL)
        await ui.until(lambda: REASON in banner_text(ui))
        await ui.press("enter")
        await ui.until(lambda: len(ui.app.screen_stack) == 2 and REASON in banner_text(ui))


@pytest.mark.parametrize(
    "size", [(60, 20), (80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_a_remedy_that_has_no_room_in_the_matrix_says_that_it_goes_on(
    chosen: Settings, size: tuple[int, int]
) -> None:
    async with opened(chosen, size=size) as ui:
        await ui.press("m")
        await ui.until(lambda: isinstance(ui.app.screen, MatrixScreen) and ui.app.screen.grid.row)
        screen = ui.app.screen
        assert isinstance(screen, MatrixScreen)
        await ui.press("left")
        assert screen.asset is not None
        assert screen.asset.name == MUSL
        await ui.until(lambda: REASON in banner_text(ui))
        remedy = banner_text(ui).partition("→ ")[2]
        if size[0] >= 80:
            assert "debian:12-slim" in remedy or "…" in remedy
        if size[1] >= 40:
            assert "not proved yet" in remedy


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (1, "→ apk add gcompat …"),
        (2, "→ apk add gcompat; or build with CGO_ENABLED=0 …"),
        (5, "→ apk add gcompat; or build with CGO_ENABLED=0, or run it on a glibc image such as x"),
    ],
)
def test_no_way_out_is_cut_in_the_middle(lines: int, shown: str) -> None:
    remedy = Content(
        "→ apk add gcompat; or build with CGO_ENABLED=0, or run it on a glibc image such as x"
    )
    ways = [len("→ apk add gcompat"), len("→ apk add gcompat; or build with CGO_ENABLED=0")]
    assert whole_ways(remedy, ways, 30, lines).plain == shown
    first = whole_ways(Content("→ Download the whole file and look again"), (), 30, 1).plain
    assert first == "→ Download the whole file and…"


async def test_an_open_file_shows_whole_ways_out(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        ui.app.screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await put_cursor_on(ui, "roadrunner-1.6.2-linux-amd64.tar.gz")
        await ui.press("enter")
        await ui.until(lambda: len(ui.app.screen_stack) == 2 and "→ apk add" in banner_text(ui))
        remedy = banner_text(ui).partition("→ ")[2].partition(" ▢")[0]
        assert remedy.endswith(("CGO_ENABLED=0 …", "if it has one …"))


async def test_a_narrow_screen_names_the_file_of_the_verdict(chosen: Settings) -> None:
    async with opened(chosen, size=(60, 20)) as ui:
        await ui.until(lambda: banner_text(ui).startswith(ARM64))
        await put_cursor_on(ui, MUSL)
        await ui.until(lambda: banner_text(ui).startswith(MUSL))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_lines_to_paste_are_scrolled_and_not_wrapped(
    chosen: Settings, size: tuple[int, int]
) -> None:
    async with opened(chosen, size=size) as ui:
        await ui.press("a")
        await ui.shows("✓ use", "FROM alpine")
        screen = ui.app.screen
        assert isinstance(screen, AdviceScreen)
        box = screen.query_one(Prose)
        shown = str(box.query_one(Static).content).splitlines()
        code = [line.removeprefix("│ ") for line in shown if line.startswith("│ ")]
        pasted = [line for copy in screen.copies() for line in copy.text.splitlines()]
        assert code
        assert set(code) <= set(pasted)
        assert any(len(line) > size[0] for line in code), "one is longer than the screen"
        prose = [line for line in shown if not line.startswith(("│ ", "prove it", "sha256"))]
        assert all(len(line) <= size[0] - 4 for line in prose)
        assert str(screen.advice.sha256 if screen.advice else "") in ui.drawn()
        await ui.press("right", "right")
        await ui.until(lambda: box.scroll_x > 0)


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_the_marks_are_explained_on_the_screen(demo: Settings, size: tuple[int, int]) -> None:
    async with opened(demo, size=size) as ui:
        await ui.shows("↳ not published: use this")
        await ui.press("m")
        await ui.shows("○ not looked at  ↳ not published: use this  – none")
        assert "D API digest" not in ui.drawn(), "there are no letters"


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_the_letters_of_trust_are_explained_on_the_screen(
    chosen: Settings, size: tuple[int, int]
) -> None:
    async with opened(chosen, size=size) as ui:
        await ui.press("m")
        await ui.shows("D·??··")
        if size[0] < 120:  # no room for them everywhere
            await ui.press("ctrl+left")
            await ui.shows(SHORT_TRUST_LEGEND, "Not known without the file: signature")
        else:
            await ui.until(lambda: TRUST_LEGEND in " ".join(ui.drawn().split()))
            ends = [line.rstrip()[-1:] for line in ui.drawn().splitlines() if "API digest" in line]
            assert ends in (["e"], ["d"], [";"]), "no mark stands apart from its meaning"


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_marks_that_are_on_the_screen_are_explained_and_no_others(width: int) -> None:
    shown = legend_of(("…", "! error", "✓ yes", "freebsd"), width)
    assert "… looking  ! error" in shown
    assert "↳" not in shown
    assert "*" not in shown
    many = ("○", "▨ no", "↳ yes", "–", "✓ yes*")
    assert len(legend_of(many, width)) <= max(width, 80) - 4
    usual = ("…", "○", "↳ yes", "–", "✗ as is", "✓ yes*")
    assert len(legend_of(usual[-4:], width)) <= width - 4
    assert all(
        mark.split()[0] in legend_of((mark for mark, *_ in MARKS), width) for mark, *_ in MARKS
    )


@pytest.mark.parametrize(
    ("legend", "room", "shown"),
    [
        ("○ a  ? b  * c", 13, "○ a  ? b  * c"),
        ("○ a  ? b  * c", 12, "○ a  ? b …"),
        ("D digest C checks S sign", 20, "D digest C checks …"),
        ("! lost an asset that it had", 10, "! lost an asset that it had"),
    ],
)
def test_no_meaning_of_a_mark_is_cut_in_the_middle(legend: str, room: int, shown: str) -> None:
    assert fitted(legend, room) == shown


async def test_every_mark_is_explained_on_60_cells(chosen: Settings) -> None:
    async with opened(chosen, size=(60, 20)) as ui:
        await ui.press("m")
        await ui.shows("◐ yes-if", "↳ use this")
        await ui.press("ctrl+left")
        await ui.until(lambda: " A attestation …" in ui.drawn())
        await ui.pilot.resize_terminal(160, 50)
        await ui.until(lambda: "P provenance" in " ".join(ui.drawn().split()))


async def test_enter_on_a_system_judges_the_file_for_it(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "enter", "w")
        await ui.shows("enter judge", "any Linux on")
        table = ui.app.screen.query_one("#targets Table", Table)
        assert table.go_to("debian-12")
        for _ in range(2):  # the second time it is the app's target already
            await ui.press("enter")
            await ui.until(lambda: ui.find("Tabs", Tabs).active == "verdict")
            await ui.shows("YES, runs on Debian 12", "elf.static")
            await ui.press("w")


@pytest.mark.parametrize("width", [60, 80])
async def test_a_notice_ends_with_a_whole_word_and_says_where_the_rest_is(
    width: int, demo: Settings
) -> None:
    async with opened(demo, size=(width, 24)) as ui:
        await ui.shows("? tells all")
        notice = [line for line in ui.drawn().splitlines() if "! Demo: files marked" in line]
        begun = notice[0].strip("▌ ").removesuffix(" … ? tells all")
        assert f"! {STAND_INS} ".startswith(f"{begun} "), "no word is cut"
        await ui.shows("stand-in: not RoadRunner's")
        await ui.press("question_mark")
        assert STAND_INS in str(ui.find("#dialog > Static", Static).content)
        await ui.press("escape")
        await ui.pilot.resize_terminal(160, 24)
        await ui.shows(f"! {STAND_INS}")


def test_where_a_file_was_saved_is_told_before_the_evidence() -> None:
    """The evidence stands among the reasons, too; the place nowhere else."""
    proof = Content("not proved yet  ·  saved: " + "a/long/path/" * 5 + "rr")
    lines = Content("about"), Content("the reason"), Content("seen at 0x270"), Content("do it")
    assert fitted_parts((*lines, proof), (), 80, 5)[2:] == [Content(""), lines[3], proof]
    assert fitted_parts((*lines, proof), (), 80, 6)[2:] == [lines[2], lines[3], proof]
    assert "…" in str(fitted_parts((*lines, proof), (), 80, 4)[4])


async def test_where_a_file_is_has_room_beside_a_long_reason_and_a_proof(chosen: Settings) -> None:
    async with opened(chosen, size=(80, 24)) as ui:
        await put_cursor_on(ui, MUSL)
        await ui.until(lambda: REASON in banner_text(ui))
        await ui.press("d")
        await ui.shows("y copies its path")
        ui.state.files.add_proof(f"{TAG}/{MUSL}", make_proof())

        def says_all() -> bool:
            words = banner_text(ui)
            return (
                "(on Alpine 3.22: started" in words
                and "downloaded, checksum verified; y copies its path" in words
                and REASON in words
                and "→ apk add gcompat" in words
            )

        await ui.until(says_all)
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen) and says_all())
