"""Keys in the tabs Strings and Hex of a large program, while searches run through it.

``python -m tests.tui.big_file FOLDER MEGABYTES [API]`` prints the figures as JSON: memory is a
process's own. With the address of a server's API the program is there, in release vMEGABYTES.0.0.
"""

import asyncio
import gc
import json
import sys
from pathlib import Path

from textual.widgets import Tabs

from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.widgets.hex_tab import HexTab
from explorer.tui.widgets.tab_table import TabTable
from tests.support.binaries import binary
from tests.tui.conftest import opened, settings
from tests.tui.many_files import Stopwatch, Turns, memory_mb

ABSENT = "zq no such words qz"
"""A search for it reads the whole file."""
MOVES = ("down", "pagedown", "end", "up", "pageup", "home")


def write_program(place: Path, megabytes: int) -> Path:
    """A program with copies of itself behind it, as a launcher has its payload."""
    program = binary("go-static-amd64").read_bytes()
    size = megabytes << 20
    with place.open("wb") as file:
        while file.tell() < size:
            file.write(program[: size - file.tell()])
    return place


async def measure(folder: Path, megabytes: int) -> dict[str, object]:
    """The turns of the loop with each key, those during searches apart, and the memory."""
    file = write_program(folder / "rr", megabytes)
    async with opened(settings(folder), file=str(file)) as ui:
        screen = ui.app.screen
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen) and ui.app.screen.inspection)
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        screen.query_one(Tabs).active = "hex"
        await ui.shows("7f45 4c46")
        gc.collect()
        gc.freeze()
        tab = screen.query_one("#hex", HexTab)
        keys, during = Stopwatch(ui), 0
        for query in (ABSENT, f"/{ABSENT}[a-z]+/", "x:7f 45 4c 46 ff ff ff ff"):
            tab.table.focus()
            tab.go(0)
            await ui.press("slash", "ctrl+u", *query, "enter")
            for _ in range(4):
                for key in MOVES:
                    during += tab._searching is not None
                    await keys.press(f"hex, {query}", key)
            await ui.until(lambda: tab._searching is None, limit=60)
        screen.query_one(Tabs).active = "strings"
        await ui.until(lambda: bool(screen.query("#strings")))
        table = screen.query_one("#strings", TabTable).table
        table.focus()
        await keys.press("strings, being read", *MOVES * 2)
        await ui.until(lambda: len(table.source) > 1000, limit=60)
        await keys.press("strings", *MOVES * 2)
        await keys.press("strings, filter", "slash", *ABSENT)
        await ui.until(lambda: len(table.view) == 0, limit=60)
        await keys.press("strings, filter", *["backspace"] * len(ABSENT), *"hello", *MOVES)
        await ui.until(lambda: len(table.view) > 0, limit=60)
        return {"memory_mb": memory_mb(), "turns_ms": keys.turns, "during_a_search": during}


async def measure_remote(folder: Path, megabytes: int, api_url: str) -> dict[str, object]:
    """The same while the strings of a program on its server are read to the end."""
    chosen = settings(folder, demo=False, api_url=api_url)
    async with opened(chosen, file=f"v{megabytes}.0.0/rr-linux-amd64") as ui:
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen) and ui.app.screen.inspection)
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        screen.query_one(Tabs).active = "strings"
        await ui.shows("e reads the rest")
        gc.collect()
        gc.freeze()
        keys, during = Stopwatch(ui), 0
        table = screen.query_one("#strings", TabTable).table
        table.focus()
        await ui.press("e")
        for _ in range(8):
            for key in MOVES:
                during += screen._remote.reading
                await keys.press("strings, arriving", key)
        await ui.until(lambda: not screen._remote.reading, limit=60)
        await keys.press("strings, filter", "slash", *ABSENT)
        await ui.until(lambda: len(table.view) == 0, limit=60)
        return {"memory_mb": memory_mb(), "turns_ms": keys.turns, "while_reading": during}


if __name__ == "__main__":
    place, size, *api = sys.argv[1:]
    work = measure_remote(Path(place), int(size), *api) if api else measure(Path(place), int(size))
    with asyncio.Runner(loop_factory=Turns) as runner:
        print(json.dumps(runner.run(work)))
