"""The first screen: what is listed, what is predicted, what is hidden, copied, opened, filtered."""

import asyncio
import sys
import webbrowser
from pathlib import Path

import pytest
from textual.message import Message

from explorer.settings import Settings
from explorer.tui.messages import FileLooked
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.widgets.table import Table
from tests.support.github import GitHub
from tests.tui.conftest import SIZES, Driver, opened, settings


def rows(table: Table) -> list[str]:
    return [table.source.row(index).key for index in table.view]


def test_size_list_covers_the_narrow_and_the_wide() -> None:
    assert {width < 80 for width, _ in SIZES} == {True, False}


async def test_releases_and_files_side_by_side_with_verdicts(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("206 releases", "v2025.1.15", "Demo: files marked stand-in", "✓ yes")
        text = ui.drawn()
        assert "206 releases (incomplete list)" in text, (
            "the bundled list does not pretend to be GitHub's"
        )
        assert "v2025.1.15 · 2026-06-17 · 16 files" in text
        screen = ui.app.screen
        assert isinstance(screen, BrowserScreen)
        # The file that was never published stands where it would be, and says which one serves.
        await ui.until(lambda: "↳ yes" in ui.drawn())
        assert "musl-arm64" in ui.drawn()
        await ui.press("tab", "down")
        await ui.shows("YES, runs on Alpine", "stand-in: a demo binary")


async def browser_of_six(ui: Driver) -> BrowserScreen:
    """The browser while it looks at the six files of its release."""
    screen = ui.app.screen
    assert isinstance(screen, BrowserScreen)
    await ui.until(lambda: len(screen.peeks._running) == 6)
    return screen


@pytest.fixture
def six(tmp_path: Path, github: GitHub) -> Settings:
    """A project of one release with six programs."""
    arches = ("amd64", "arm64", "386", "armv7", "s390x", "riscv64")
    files: dict[str, bytes | Path] = {f"tool-linux-{arch}": b"\x7fELF" for arch in arches}
    github.add_release("v1.0", files, repo="a/tool")
    return settings(tmp_path, demo=False, api_url=github.api_url, repo="a/tool")


async def test_a_second_look_up_starts_no_look_again(six: Settings, github: GitHub) -> None:
    github.fault(host="web", latency_s=30.0)
    async with opened(six) as ui:
        screen = await browser_of_six(ui)
        before = dict(screen.peeks._running)
        screen.on_screen_resume()
        screen._look_up()
        assert dict(screen.peeks._running) == before
        ui.app.set_target("debian-12")
        old = set(before.values())
        await ui.until(lambda: not set(screen.peeks._running.values()) & old)
        await ui.until(lambda: screen.peeks._running.keys() == before.keys())


async def test_a_look_whose_result_is_on_its_way_is_not_started_again(
    six: Settings, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[FileLooked] = []
    async with opened(six, ready=False) as ui:
        post = ui.app.post_message

        def hold(message: Message) -> bool:
            if isinstance(message, FileLooked):
                held.append(message)
                return True
            return post(message)

        monkeypatch.setattr(ui.app, "post_message", hold)
        screen = ui.app.screen
        assert isinstance(screen, BrowserScreen)
        await ui.until(lambda: len(held) == 6 and screen.peeks.idle)
        screen._look_up()
        assert screen.peeks.idle
        for message in held:
            post(message)
        await ui.until(lambda: ui.looked_at() == 6)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50)], ids=str)
async def test_a_toast_covers_no_lost_signal(
    size: tuple[int, int], tmp_path: Path, github: GitHub
) -> None:
    name = "tool-linux-amd64"
    github.add_release("v1.0", {name: b"\x7fELF", f"{name}.asc": b"x"}, repo="a/tool")
    github.add_release("v1.1", {name: b"\x7fELF"}, repo="a/tool")
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, repo="a/tool")
    async with opened(chosen, size=size) as ui:
        await ui.shows("! v1.1 lacks a signature", "tool-linux-amd64")
        ui.app.say("a long warning " * 12, warning=True)
        more = "; v1.0 before it had one" if size[0] > 80 else " ─╯"
        await ui.shows("a long warning", f"! v1.1 lacks a signature{more}")


async def test_a_long_tag_is_whole(demo: Settings) -> None:
    async with opened(demo) as ui:
        for tag in ("v2023.1.0-alpha.1", "v2023.3.0-beta.2"):
            ui.app.screen.go_to_release(tag)  # type: ignore[attr-defined]  # the browser's
            await ui.shows(f"› {tag} pre")
        await ui.pilot.resize_terminal(160, 50)
        await ui.until(
            lambda: any(
                "› v2023.3.0-beta.2 pre" in line and " 15 " in line[:46]
                for line in ui.drawn().splitlines()
            )
        )
        await ui.shows("date         files")


async def test_at_80_columns_no_two_tags_look_alike(tmp_path: Path, github: GitHub) -> None:
    """Tags differ in the middle: the word behind them is left out first."""
    tags = (
        "v2023.3.0-beta.2",
        "v2023.2.0-beta.2",
        "v2023.1.0-alpha.1",
        "v2023.2.0-rc.2",
        "v2.12.0-beta.1",
    )
    for tag in tags:
        github.add_release(
            tag,
            {f"roadrunner-{tag[1:]}-linux-amd64.tar.gz": b"\x1f\x8b nothing of the kind"},
            prerelease=True,
        )
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(80, 24)) as ui:
        await ui.shows(*tags, "linux-amd64", "on musl")
        await ui.pilot.resize_terminal(120, 40)
        await ui.shows(*(f"{tag} pre" for tag in tags))


async def test_the_place_of_a_missing_file_is_explained(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("↳ yes")
        ui.app.screen.query_one("#asset-table", Table).focus()
        assert ui.app.screen.query_one("#asset-table", Table).go_to("gap:server:musl-arm64")
        await ui.shows("musl-arm64 is not published", "linux-arm64.tar.gz")


async def test_enter_and_escape_go_between_the_panes(demo: Settings) -> None:
    async with opened(demo, size=(60, 20)) as ui:
        assert "v2025.1.14" in ui.drawn()
        await ui.press("enter")
        await ui.shows("linux-amd64", "on musl")
        assert "v2025.1.14" not in ui.drawn(), "one pane below 80 columns"
        await ui.press("escape")
        await ui.shows("v2025.1.14")


async def test_filter_as_you_type_and_escape_clears(demo: Settings) -> None:
    async with opened(demo) as ui:
        table = ui.app.screen.query_one("#release-table", Table)
        everything = len(table.view)
        await ui.press("slash", *"v2.12")
        await ui.until(lambda: len(table.view) < everything)
        assert all("2.12" in key for key in rows(table))
        await ui.shows(f"of {everything}")
        await ui.press("enter")
        assert ui.app.focused is table
        await ui.press("escape")
        assert len(table.view) == everything


async def test_q_is_a_letter_while_typing(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("slash", "q", "p", "t")
        line = ui.find("FilterInput")
        assert line.value == "qpt"
        assert ui.app.is_running
        assert len(ui.app.screen_stack) == 1
        await ui.press("escape", "q")
        await ui.until(lambda: not ui.app.is_running)
    assert ui.app.return_code == 0


async def test_what_is_hidden_can_be_shown_again(demo: Settings) -> None:
    async with opened(demo) as ui:
        files = ui.app.screen.query_one("#asset-table", Table)
        releases = ui.app.screen.query_one("#release-table", Table)
        with_all, every_release = len(files.view), len(releases.view)
        await ui.press("P")
        without_plugins = len(files.view)
        assert not any(key.startswith("protoc") for key in rows(files))
        await ui.press("B")
        assert without_plugins < with_all
        assert not any(key.endswith(".deb") for key in rows(files))
        await ui.press("P", "B")
        assert len(files.view) == with_all
        await ui.press("p")
        assert len(releases.view) < every_release
        assert "hidden" in ui.drawn()
        await ui.press("p")
        assert len(releases.view) == every_release


async def test_another_target_another_verdict(demo: Settings) -> None:
    async with opened(demo) as ui:
        ui.app.screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await ui.shows("◐ yes-if", "apk add gcompat")
        await ui.press("t")
        await ui.press(*"debian-12", "enter")
        await ui.until(lambda: ui.state.target is not None and ui.state.target.name == "debian-12")
        await ui.shows("on glibc", "target Debian 12")
        files = ui.app.screen.query_one("#asset-table", Table)
        assert files.go_to("roadrunner-1.6.2-linux-amd64.tar.gz")
        await ui.shows("YES, runs on Debian 12")


async def test_w_shows_where_a_file_runs(demo: Settings) -> None:
    async with opened(demo) as ui:
        ui.app.screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await ui.shows("◐ yes-if")
        assert ui.app.screen.query_one("#asset-table", Table).go_to(
            "roadrunner-1.6.2-linux-amd64.tar.gz"
        )
        await ui.press("w")
        await ui.shows("Where", "or newer: Debian 11", "Wolfi", "✓ yes")


async def test_a_lookup_that_was_cut_short_is_done_again(demo: Settings) -> None:
    async with opened(demo) as ui:
        screen = ui.app.screen
        screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await ui.shows("◐ yes-if", "apk add gcompat")
        ui.app.set_target("debian-12")
        for _ in range(
            4
        ):  # as if other screens were opened and left while the files are read again
            await asyncio.sleep(0.02)
            screen.on_screen_resume()  # type: ignore[attr-defined]
        assert screen.query_one("#asset-table", Table).go_to("roadrunner-1.6.2-linux-amd64.tar.gz")
        await ui.shows("YES, runs on Debian 12")


async def test_copying_offers_what_there_is(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("tab", "y")  # the cursor begins on the file that answers the question
        await ui.shows("Copy", "command line", "platform")
        await ui.press(*"command", "enter")
        assert (
            ui.app.clipboard
            == "rr-explorer --demo inspect v2025.1.15/roadrunner-2025.1.15-linux-arm64.tar.gz"
        )
        await ui.press("y", *"because", "enter")
        assert ui.app.clipboard == "static Go"
        await ui.press("y", "escape")
        assert ui.app.clipboard == "static Go"


async def test_only_web_addresses_are_opened(demo: Settings, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = tmp_path / "browser.py"
    script.write_text(f"import sys; open({str(seen)!r}, 'a').write(sys.argv[1])\n")
    webbrowser.register(
        "probe",
        None,
        webbrowser.GenericBrowser([sys.executable, str(script), "%s"]),
        preferred=True,
    )
    async with opened(demo) as ui:
        await ui.press("o")
        await ui.until(seen.exists)
        assert (
            seen.read_text()
            == "https://github.com/roadrunner-server/roadrunner/releases/tag/v2025.1.15"
        )
        seen.unlink()
        for address in ("file:///etc/passwd", "javascript:alert(1)", "", "-x"):
            ui.app.open_page(address)
        await ui.shows("Not a web address")
        assert not seen.exists()


async def test_keys_are_the_users_to_change(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keys={"target": "z", "nothing": "n"})) as ui:
        await ui.shows("there is no action “nothing”", "z target")
        await ui.press("t")
        assert len(ui.app.screen_stack) == 1
        await ui.press("z")
        await ui.shows("Where should it run?")


async def test_an_unknown_theme_falls_back_and_says_so(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, theme="no-such[theme]")) as ui:
        await ui.shows("“no-such[theme]” does not exist")
        assert ui.app.theme == "rr-dark"


@pytest.mark.parametrize("theme", ["rr-dark", "rr-light", "ansi-dark", "ansi-light", "nord"])
async def test_themes_draw_the_same_words(theme: str, tmp_path: Path) -> None:
    async with opened(settings(tmp_path, theme=theme)) as ui:
        await ui.shows("✓ yes", "› ", "v2025.1.15")


async def test_every_row_under_the_cursor_is_marked_without_colour(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("down", "down")
        table = ui.app.screen.query_one("#release-table", Table)
        marked = [line for line in ui.drawn().splitlines() if "› " in line[:4]]
        assert len(marked) == 1
        assert table.row is not None
        assert table.row.key in marked[0]
