"""Keys in the app with a release of 60,000 files, and after a paste of a megabyte.

``python -m tests.tui.many_files FOLDER [FILES]`` prints the figures as JSON: memory is a process's
own. With a few files it shows what the same keys cost at least.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import RenderableType
from textual.events import Paste
from textual.screen import Screen

from explorer.tui.messages import CatalogueArrived
from explorer.tui.widgets.line_input import LONGEST
from explorer.tui.widgets.table import Table
from tests.tui.conftest import Driver, opened, settings

FILES = 60_000
PASTE = "x" * 1_000_000
BEFORE_MS = 5.0
"""A frame that ends sooner was due before the key came: a cursor that blinks."""


def memory_mb() -> float:
    """The most memory that this process has had so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


class Turns(asyncio.SelectorEventLoop):
    """An event loop that notes its longest turn: for that long the app can take no other key."""

    longest_ms = 0.0
    """Milliseconds of the thread's own time, since it was last set to 0."""

    def _run_once(self) -> None:
        before = time.thread_time()
        super()._run_once()  # type: ignore[misc]  # typeshed has public names only
        self.longest_ms = max(self.longest_ms, (time.thread_time() - before) * 1000)


class Stopwatch:
    """Presses keys and notes the work of the app's thread for each, drawing included."""

    def __init__(self, ui: Driver) -> None:
        self.ui = ui
        self.times: list[tuple[str, float]] = []
        """What the key does, and milliseconds of the thread's own time."""
        self.turns: list[tuple[str, float]] = []
        """The same of the longest turn of the event loop."""
        self.answers: list[tuple[str, float]] = []
        """The same until the first frame that answers the key is on its way to the terminal."""

    async def press(self, action: str, *keys: str) -> None:
        """Press keys, one after another."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Turns)
        for key in keys:
            await asyncio.sleep(0)  # a new turn: the one until here is not the key's
            before, loop.longest_ms = time.thread_time(), 0.0
            with self._frames() as frames:
                await self.ui.press(key)
            spent = (time.thread_time() - before) * 1000
            drawn = [(each - before) * 1000 for each in frames]
            self.times.append((f"{action} {key}", spent))
            self.turns.append((f"{action} {key}", loop.longest_ms))
            answer = next((each for each in drawn if each > BEFORE_MS), spent)
            self.answers.append((f"{action} {key}", answer))

    @contextmanager
    def _frames(self) -> Iterator[list[float]]:
        """The thread's time at the end of each frame that is drawn."""
        app, frames = self.ui.app, list[float]()
        display = app._display

        def displayed(screen: Screen[object], update: RenderableType | None) -> None:
            display(screen, update)
            if update is not None:
                frames.append(time.thread_time())

        app._display = displayed  # type: ignore[assignment,method-assign]
        try:
            yield frames
        finally:
            del app._display  # the class's own again


async def measure(folder: Path, count: int) -> dict[str, object]:
    """Memory and the time of each key."""
    async with opened(settings(folder)) as ui:
        await ui.shows("✓ yes")
        catalogue = ui.state.catalogue
        assert catalogue is not None
        release = catalogue.releases[1]
        files = tuple(
            replace(release.assets[number % 5], name=f"tool-{number}", path=None, url="")
            for number in range(count)
        )
        many = replace(catalogue, releases=(replace(release, assets=files),))
        ui.app.post_message(CatalogueArrived(many, None, final=True))
        table = ui.app.screen.query_one("#asset-table", Table)
        await ui.until(lambda: len(table.view) >= count, limit=60)
        # As the app does after its first list. A full collection comes at rest, not with a key.
        gc.collect()
        gc.freeze()
        keys = Stopwatch(ui)
        await keys.press("files", "enter", *["down"] * 10, "end", "home", "pagedown")
        await keys.press("filter files", "slash", *"arm64")
        await ui.until(lambda: 0 < len(table.view) < count, limit=60)
        ui.app.post_message(Paste(PASTE))
        await ui.until(lambda: len(ui.find("FilterInput").value) == LONGEST, limit=60)
        await keys.press("after a paste", *["left", "x", "backspace"] * 3, "escape")
        await in_other_places(ui, keys, count)
        return {
            "memory_mb": memory_mb(),
            "times_ms": keys.times,
            "turns_ms": keys.turns,
            "answers_ms": keys.answers,
        }


async def in_other_places(ui: Driver, keys: Stopwatch, count: int) -> None:
    """Sort, filter the releases, open the palette, the matrix, another target, and close them."""
    table = ui.app.screen.query_one("#asset-table", Table)
    await ui.until(lambda: len(table.view) >= count, limit=60)
    await keys.press("sort files", "s", "I", "s", "s")
    await keys.press("releases", "escape", "slash", *"2025", "escape")
    await keys.press("palette", "ctrl+p", *"matrix", "escape")
    await keys.press("matrix", "m")
    grid = ui.find("#grid", Table)
    await ui.until(lambda: len(grid.view), limit=60)
    await keys.press("matrix", "right", "left", "down", "up", "end", "s", "s")
    await keys.press("filter matrix", "slash", *"v2025", "escape")
    await keys.press("target", "t", *"debian-12", "enter")
    await keys.press("close the matrix", "escape")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=Turns) as runner:
        count = int(sys.argv[2]) if len(sys.argv) > 2 else FILES
        print(json.dumps(runner.run(measure(Path(sys.argv[1]), count))))
