"""Finding things: the filter over both panes, the palette, and colours that are tried out."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.events import Paste
from textual.widgets import Input

from explorer.settings import Settings
from explorer.tui.asset_rows import has_file
from explorer.tui.messages import CatalogueArrived
from explorer.tui.palette import MAX_RELEASES, Command, matching_commands
from explorer.tui.rows import contains_nearly
from explorer.tui.widgets.line_input import LONGEST
from explorer.tui.widgets.table import Table
from tests.tui.conftest import Driver, opened


@pytest.mark.parametrize(
    ("word", "line", "found"),
    [
        ("lnxarm", "tool-linux-arm64.tar.gz", True),
        ("rm64", "tool-linux-arm64", True),
        ("rr", "roadrunner", False),
        ("nosuch", "an-owl-sits-under-cherries-here", False),
        ("x" * 500, "x" * 5_000, True),
        ("x" * 500 + "y", "x" * 5_000, False),
        ("arm64", "a__r__m__6__4", True),
        ("arm64", "a___r__m__6__4", False),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_letters_that_follow_each_other_nearly(word: str, line: str, found: bool) -> None:
    assert contains_nearly(line, word) is found


async def test_a_filter_on_the_releases_finds_files(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        releases, assets = (ui.find(f"#{name}-table", Table) for name in ("release", "asset"))
        await ui.press("slash", *"freebsd")
        await ui.until(lambda: releases.row_query.words == "freebsd" and len(releases.view))
        catalogue = ui.state.catalogue
        assert catalogue is not None
        matching = [r.tag for r in catalogue.releases if has_file(r, "freebsd")]
        await ui.until(lambda: len(releases.view) == len(matching))
        await ui.until(lambda: 0 < len(assets.view) < len(assets.source))
        assert all("freebsd" in assets.source.row(n).key for n in assets.view)
        await ui.press("escape")
        await ui.until(lambda: len(assets.view) == len(assets.source))


async def test_an_inexact_word_finds_something(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "slash", *"lnxarm64")
        assets = ui.find("#asset-table", Table)
        await ui.until(lambda: 0 < len(assets.view) < len(assets.source))
        assert all("arm64" in assets.source.row(n).key for n in assets.view)


async def _palette(ui: Driver, words: str) -> None:
    await ui.press("ctrl+p")
    await ui.press(*words)


def offers(ui: Driver, words: str) -> bool:
    """Whether a line of the palette's list has these words."""
    region = ui.find("#choices").region
    lines = ui.drawn().splitlines()[region.y : region.bottom]
    return words.casefold() in "\n".join(lines).casefold()


WORDS = {
    "dockerfile": "advice · dockerfile",
    "compare": "matrix",
    "export": "report",
    "install": "save · install",
    "debian": "debs",
    "target alpine": "target alpine",
    "theme rr-light": "theme rr-light",
    "project": "project",
    "libraries": "tab libraries",
    "cve": "tab vulns",
    "sbom": "tab go · sbom",
    "pin": "open another project",
}
"""What people type, and a command that the palette then offers."""


async def test_the_palette_knows_the_words_people_type(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        for words, shown in WORDS.items():
            await _palette(ui, words)
            await ui.until(partial(offers, ui, shown))
            await ui.press("escape")
            await ui.until(lambda: len(ui.app.screen_stack) == 1)


def command(label: str, help_text: str = "", words: str = "", is_action: bool = False) -> Command:
    return Command(label, help_text, str, words=words, is_action=is_action)


def test_the_best_command_comes_first() -> None:
    commands = [
        command("Help", "Show help, all keys and the matrix's legend", is_action=True),
        command("Matrix", "Compare releases", "platforms", is_action=True),
        command("target matrix-os", "Judge for this system"),
        command("theme dark", "Use these colours"),
        command("Project", "Open a pinned project", "switch"),
        command("target alpine", "Judge for this system"),
    ]

    def labels(query: str) -> list[str]:
        return [each.label for each in matching_commands(commands, query)]

    assert labels("") == labels("  ") == ["Help", "Matrix"], "only actions before anything is typed"
    assert labels("matrix") == ["Matrix", "target matrix-os", "Help"]
    assert labels("MAT tar") == ["target matrix-os"], "words in any order and case"
    assert labels("platf") == ["Matrix"], "a word that people type for it"
    assert labels("thmdark") == ["theme dark"], "letters left out"
    assert labels("pin") == ["Project", "target alpine"], "the beginning of a word is better"
    assert labels("zzzz") == []


async def test_the_palette_opens_the_file_at_a_tab(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await _palette(ui, "libraries")
        await ui.until(partial(offers, ui, "tab libraries"))
        await ui.press("enter")
        await ui.shows("esc back", "no interpreter, so it loads no libraries")


def test_a_name_made_to_match_slowly_costs_no_time() -> None:
    """A matcher that tries every way to place the letters needs years for this tag."""
    commands = [command("go to " + "ab" * 100, "Show the files of this release")] * MAX_RELEASES
    before = time.process_time()
    assert not matching_commands(commands, "a" * 30 + "c")
    assert matching_commands(commands, "b" * 30)
    assert time.process_time() - before < 2


async def test_a_long_paste_into_the_palette_is_shortened(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("ctrl+p")
        ui.app.post_message(Paste("x" * 1_000_000))
        await ui.shows("No matches found")
        assert len(ui.find("Input", Input).value) == LONGEST


async def test_a_hostile_release_is_shown_visibly_in_the_palette(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        catalogue = ui.state.catalogue
        assert catalogue is not None
        tag = "v1\x1b]52;c;aGk=\x07[red]\u202ex"
        release = replace(catalogue.releases[0], tag=tag)
        many = replace(catalogue, releases=(release,))
        ui.app.post_message(CatalogueArrived(many, None, final=True))
        await ui.until(lambda: ui.state.catalogue is many)
        await _palette(ui, "go to v1")
        await ui.until(partial(offers, ui, "go to v1"))
        drawn = ui.drawn()
        assert "[red]" in drawn
        assert not {"\x1b", "\x07", "\u202e"} & set(drawn)


async def test_the_palette_changes_target_and_colours(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await _palette(ui, "target debian-12")
        await ui.shows("target debian-12")
        await ui.press("enter")
        await ui.until(lambda: ui.state.target is not None and ui.state.target.name == "debian-12")


async def test_colours_are_previewed_taken_back_and_kept(demo: Settings, tmp_path: Path) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        before = ui.app.theme
        await ui.press("T")
        await ui.shows("Colours")
        await ui.press("down")
        await ui.until(lambda: ui.app.theme != before)
        await ui.press("escape")
        await ui.until(lambda: ui.app.theme == before)
        await ui.press("T", "down")
        await ui.until(lambda: ui.app.theme != before)
        chosen = ui.app.theme
        await ui.press("enter")
        await ui.until(lambda: ui.state.settings.theme == chosen)
        assert ui.app.theme == chosen
    assert chosen in (tmp_path / "config.toml").read_text("utf-8")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_the_cursor_of_the_palette_stays_in_sight(
    demo: Settings, size: tuple[int, int]
) -> None:
    async with opened(demo, size=size) as ui:
        await ui.until(lambda: "YES" in ui.drawn())
        await ui.press("ctrl+p", *["pagedown"] * 2)
        table = ui.find("#choices", Table)
        assert table.cursor == 16
        line = table.region.y + table.cursor - round(table.scroll_offset.y)
        dialog = ui.find("#dialog").region
        assert dialog.y < line < dialog.bottom - 1
        row = table.row
        assert row is not None
        assert f"› {row.cells[0].text}" in ui.drawn().splitlines()[line]
