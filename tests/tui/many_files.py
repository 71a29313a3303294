"""Keys in the app with a release of 60,000 files, and after a paste of a megabyte.

``python -m tests.tui.many_files FOLDER`` prints the figures as JSON: memory is a process's own.
"""

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from textual.events import Paste

from explorer.tui.messages import CatalogueArrived
from explorer.tui.widgets.line_input import LONGEST
from explorer.tui.widgets.table import Table
from tests.tui.conftest import Driver, opened, settings

FILES = 60_000
PASTE = "x" * 1_000_000


def memory_mb() -> float:
    """The most memory that this process has had so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


async def press(ui: Driver, *keys: str) -> list[float]:
    """Milliseconds that the app's thread works for each key, drawing included."""
    times = []
    for key in keys:
        before = time.thread_time()
        await ui.press(key)
        times.append((time.thread_time() - before) * 1000)
    return times


async def measure(folder: Path) -> dict[str, object]:
    """Memory and the time of each key."""
    async with opened(settings(folder)) as ui:
        await ui.shows("✓ yes")
        catalogue = ui.state.catalogue
        assert catalogue is not None
        release = catalogue.releases[1]
        files = tuple(
            replace(release.assets[number % 5], name=f"tool-{number}", path=None, url="")
            for number in range(FILES)
        )
        many = replace(catalogue, releases=(replace(release, assets=files),))
        ui.app.post_message(CatalogueArrived(many, None, final=True))
        table = ui.app.screen.query_one("#asset-table", Table)
        await ui.until(lambda: len(table.view) >= FILES, limit=60)
        times = await press(ui, "enter", *["down"] * 10, "end", "home", "pagedown")
        times += await press(ui, "slash", *"arm64")
        await ui.until(lambda: 0 < len(table.view) < FILES, limit=60)
        ui.app.post_message(Paste(PASTE))
        await ui.until(lambda: len(ui.find("FilterInput").value) == LONGEST, limit=60)
        times += await press(ui, *["left", "x", "backspace"] * 3)
        return {"memory_mb": memory_mb(), "times_ms": times}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1])))))
