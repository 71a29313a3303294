"""The first screen: what is listed, what is predicted, what is hidden, copied, opened, filtered."""

import asyncio
import sys
import webbrowser
from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.widgets.table import Table
from tests.support.github import GitHub
from tests.tui.conftest import SIZES, opened, settings


def rows(table: Table) -> list[str]:
    return [table.source.row(index).key for index in table.view]


def test_size_list_covers_the_narrow_and_the_wide() -> None:
    assert {width < 80 for width, _ in SIZES} == {True, False}


async def test_releases_and_files_side_by_side_with_verdicts(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("206 releases", "v2025.1.15", "Demo: the files marked stand-in", "✓ yes")
        text = app.drawn()
        assert "206 releases seen, not all" in text, (
            "the bundled list does not pretend to be GitHub's"
        )
        assert "v2025.1.15 · 2026-06-17 · 16 files" in text
        screen = app.app.screen
        assert isinstance(screen, BrowserScreen)
        # The file that was never published stands where it would be, and says which one serves.
        await app.until(lambda: "↳ yes" in app.drawn())
        assert "musl-arm64" in app.drawn()
        await app.press("tab", "down")
        await app.shows("YES, runs on Alpine", "stand-in: a demo binary")


async def test_a_long_tag_is_whole(demo: Settings) -> None:
    async with opened(demo) as app:
        for tag in ("v2023.1.0-alpha.1", "v2023.3.0-beta.2"):
            app.app.screen.go_to_release(tag)  # type: ignore[attr-defined]  # the browser's
            await app.shows(f"› {tag} pre")
        await app.pilot.resize_terminal(160, 50)
        await app.until(
            lambda: any(
                "› v2023.3.0-beta.2 pre" in line and " 15 " in line[:46]
                for line in app.drawn().splitlines()
            )
        )
        await app.shows("date         files")


async def test_at_80_columns_no_two_tags_look_alike(tmp_path: Path, github: GitHub) -> None:
    """What tells two releases apart stands in the middle of their tags: the word behind them goes first."""
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
    async with opened(settings(tmp_path, demo=False, api_url=github.api_url), size=(80, 24)) as app:
        await app.shows(*tags, "linux-amd64", "on musl")
        await app.pilot.resize_terminal(120, 40)
        await app.shows(*(f"{tag} pre" for tag in tags))


async def test_the_place_of_a_missing_file_is_explained(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("↳ yes")
        app.app.screen.query_one("#asset-table", Table).focus()
        assert app.app.screen.query_one("#asset-table", Table).go_to("gap:server:musl-arm64")
        await app.shows("musl-arm64 is not published", "linux-arm64.tar.gz")


async def test_enter_and_escape_go_between_the_panes(demo: Settings) -> None:
    async with opened(demo, size=(60, 20)) as app:
        assert "v2025.1.14" in app.drawn()
        await app.press("enter")
        await app.shows("linux-amd64", "on musl")
        assert "v2025.1.14" not in app.drawn(), "one pane below 80 columns"
        await app.press("escape")
        await app.shows("v2025.1.14")


async def test_filter_as_you_type_and_escape_clears(demo: Settings) -> None:
    async with opened(demo) as app:
        table = app.app.screen.query_one("#release-table", Table)
        everything = len(table.view)
        await app.press("slash", *"v2.12")
        await app.until(lambda: len(table.view) < everything)
        assert all("2.12" in key for key in rows(table))
        await app.shows(f"of {everything}")
        await app.press("enter")
        assert app.app.focused is table
        await app.press("escape")
        assert len(table.view) == everything


async def test_q_is_a_letter_while_typing(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("slash", "q", "p", "t")
        line = app.find("FilterInput")
        assert line.value == "qpt"
        assert app.app.is_running
        assert len(app.app.screen_stack) == 1
        await app.press("escape", "q")
        await app.until(lambda: not app.app.is_running)
    assert app.app.return_code == 0


async def test_what_is_hidden_can_be_shown_again(demo: Settings) -> None:
    async with opened(demo) as app:
        files = app.app.screen.query_one("#asset-table", Table)
        releases = app.app.screen.query_one("#release-table", Table)
        with_all, every_release = len(files.view), len(releases.view)
        await app.press("P")
        without_plugins = len(files.view)
        assert not any(key.startswith("protoc") for key in rows(files))
        await app.press("B")
        assert without_plugins < with_all
        assert not any(key.endswith(".deb") for key in rows(files))
        await app.press("P", "B")
        assert len(files.view) == with_all
        await app.press("p")
        assert len(releases.view) < every_release
        assert "hidden" in app.drawn()
        await app.press("p")
        assert len(releases.view) == every_release


async def test_another_target_another_verdict(demo: Settings) -> None:
    async with opened(demo) as app:
        app.app.screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await app.shows("✗ no")
        await app.press("t")
        await app.press(*"debian-12", "enter")
        await app.until(lambda: app.app.target is not None and app.app.target.name == "debian-12")
        await app.shows("on glibc", "target Debian 12")
        files = app.app.screen.query_one("#asset-table", Table)
        assert files.go_to("roadrunner-1.6.2-linux-amd64.tar.gz")
        await app.shows("YES, runs on Debian 12")


async def test_a_lookup_that_was_cut_short_is_done_again(demo: Settings) -> None:
    async with opened(demo) as app:
        screen = app.app.screen
        screen.go_to_release("v1.6.2")  # type: ignore[attr-defined]  # the browser's
        await app.shows("✗ no")
        app.app.set_target("debian-12")
        for _ in range(
            4
        ):  # as if other screens were opened and left while the files are read again
            await asyncio.sleep(0.02)
            screen.on_screen_resume()  # type: ignore[attr-defined]
        assert screen.query_one("#asset-table", Table).go_to("roadrunner-1.6.2-linux-amd64.tar.gz")
        await app.shows("YES, runs on Debian 12")


async def test_copying_offers_what_there_is(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.shows("✓ yes")
        await app.press("tab", "y")  # the cursor begins on the file that answers the question
        await app.shows("Copy", "command line", "platform")
        await app.press(*"command", "enter")
        assert (
            app.app.clipboard
            == "rr-explorer inspect v2025.1.15/roadrunner-2025.1.15-linux-arm64.tar.gz"
        )
        await app.press("y", *"because", "enter")
        assert app.app.clipboard == "static Go"
        await app.press("y", "escape")
        assert app.app.clipboard == "static Go"


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
    async with opened(demo) as app:
        await app.press("o")
        await app.until(seen.exists)
        assert (
            seen.read_text()
            == "https://github.com/roadrunner-server/roadrunner/releases/tag/v2025.1.15"
        )
        seen.unlink()
        for address in ("file:///etc/passwd", "javascript:alert(1)", "", "-x"):
            app.app.open_page(address)
        await app.shows("Not a web address")
        assert not seen.exists()


async def test_keys_are_the_users_to_change(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keys={"target": "z", "nothing": "n"})) as app:
        await app.shows("there is no action “nothing”", "z target")
        await app.press("t")
        assert len(app.app.screen_stack) == 1
        await app.press("z")
        await app.shows("Where should it run?")


async def test_an_unknown_theme_falls_back_and_says_so(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, theme="no-such[theme]")) as app:
        await app.shows("there is none called “no-such[theme]”")
        assert app.app.theme == "rr-dark"


@pytest.mark.parametrize("theme", ["rr-dark", "rr-light", "ansi-dark", "ansi-light", "nord"])
async def test_themes_draw_the_same_words(theme: str, tmp_path: Path) -> None:
    async with opened(settings(tmp_path, theme=theme)) as app:
        await app.shows("✓ yes", "› ", "v2025.1.15")


async def test_every_row_under_the_cursor_is_marked_without_colour(demo: Settings) -> None:
    async with opened(demo) as app:
        await app.press("down", "down")
        table = app.app.screen.query_one("#release-table", Table)
        marked = [line for line in app.drawn().splitlines() if "› " in line[:4]]
        assert len(marked) == 1
        assert table.row is not None
        assert table.row.key in marked[0]
