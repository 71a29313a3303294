"""The names of the tabs: whole ones only, with marks where there are more, and keys that choose."""

import pytest
from textual.widgets import Tab, Tabs

from explorer.settings import Settings
from explorer.tui.tabs import TABS
from tests.support.binaries import binary
from tests.tui.conftest import Driver, opened

LABELS = [spec.label for spec in TABS]


def strip_line(ui: Driver) -> str:
    """The line with the tabs."""
    line: str = ui.drawn().splitlines()[ui.find("Tabs").region.y]
    return line


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (160, 50)], ids=str)
async def test_names_are_whole_and_the_ends_marked(demo: Settings, size: tuple[int, int]) -> None:
    async with opened(demo, size=size, file=str(binary("c-static"))) as ui:
        await ui.shows("elf.static")
        tabs = ui.find("Tabs", Tabs)
        for label in (LABELS[0], "Segments", LABELS[-1]):
            tabs.active = next(spec.id for spec in TABS if spec.label == label)

            def is_right(label: str = label) -> bool:
                line = strip_line(ui)
                names = line.strip("‹› ").split()
                start = LABELS.index(names[0]) if names[0] in LABELS else -1
                return (
                    start >= 0
                    and names == LABELS[start : start + len(names)]
                    and label in names
                    and line.startswith("‹") == (start > 0)
                    and line.rstrip().endswith("›") == (start + len(names) < len(LABELS))
                )

            await ui.until(is_right)


async def test_keys_choose_a_tab(demo: Settings) -> None:
    async with opened(demo, size=(80, 24), file=str(binary("c-static"))) as ui:
        await ui.shows("elf.static")
        tabs = ui.find("Tabs", Tabs)
        places = [tab.id for tab in tabs.query(Tab)]
        for key, place in (("3", 2), ("l", 3), ("h", 2), ("9", 8), ("1", 0), ("h", -1)):
            await ui.press(key)
            assert tabs.active == places[place]


async def test_h_and_l_move_between_panes(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        for key, pane in (("l", "asset-table"), ("h", "release-table"), ("right", "asset-table")):
            await ui.press(key)
            assert ui.app.focused is ui.find(f"#{pane}")
        await ui.press("l")
        await ui.shows("elf.static")
