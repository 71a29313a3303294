"""Draws the README's pictures from the running app: ``python -m tests.screenshots``, or
``make screenshots``.

The app runs on the demo's data, with settings of its own in a directory that is removed, and a
clock that stands still. The picture of the proof needs a container engine, and the real clock;
without an engine the old picture stays, and that is said.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from explorer.settings import Settings
from explorer.tui.app import ExplorerApp
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.tour import player
from explorer.tui.tour.steps import STEPS
from explorer.tui.widgets.table import Table
from tests.moving_picture import animated
from tests.support.engine import TestEngine, find

PLACE = Path(__file__).resolve().parents[1] / "screenshots"
NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)
SIZE = (120, 34)
TOUR_SIZE = (100, 28)
TOUR_SECONDS = 5.0
"""Seconds of each frame of the moving picture."""
TOUR_SHOWS = {3: "elf.static", 6: "YES, IF: apk add", 8: "CGO_ENABLED=0", 9: "is not published"}
"""What is on the screen at some steps of the tour once they are complete."""
LIMIT = 120.0
"""Seconds after which a picture that does not come to be is given up: an emulated proof takes a
few."""


class Camera:
    """The running app, and how to go where a picture is taken."""

    def __init__(self, app: ExplorerApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    def drawn(self) -> str:
        """What is on the screen."""
        return "\n".join(
            "".join(segment.text for segment in strip)
            for strip in self.app.screen._compositor.render_strips()
        )

    async def shows(self, *words: str) -> None:
        """Wait until all of it is on the screen and nothing is at work any more."""
        end = time.monotonic() + LIMIT
        while not all(word in self.drawn() for word in words) or any(
            worker.is_running and worker.name != "tour" for worker in self.app.workers
        ):
            if time.monotonic() > end:
                raise TimeoutError(f"{words} did not come; on the screen:\n{self.drawn()}")
            await self.pilot.pause()
            await asyncio.sleep(0.02)
        await self.pilot.pause()

    async def open_file(self, tag: str, name: str) -> None:
        """Go to a file of a release, and into it."""
        await self.release(tag)
        await self.pilot.press("enter")
        if not self.app.screen.query_one("#asset-table", Table).go_to(name):
            raise LookupError(f"{tag} has no {name}")
        await self.pilot.press("enter")
        await self.shows("esc back")

    async def release(self, tag: str) -> None:
        """Go to a release."""
        assert isinstance(self.app.screen, BrowserScreen)
        self.app.screen.go_to_release(tag)
        await self.shows(f"{tag} ·")

    def without_toasts(self) -> None:
        """Nothing floats over the picture."""
        self.app.clear_notifications()


async def browser(camera: Camera) -> None:
    """The releases, and what the newest one's files would do."""
    await camera.shows("✓ yes", "↳ yes", "✗ no")
    await camera.pilot.press("enter")
    await camera.shows("YES, runs on Alpine")


async def why_not(camera: Camera) -> None:
    """An old file that does not run, with all the reasons."""
    await camera.open_file("v1.6.2", "roadrunner-1.6.2-linux-amd64.tar.gz")
    await camera.shows("YES, IF: apk add", "elf.interp")


async def proof(camera: Camera) -> None:
    """The ARM64 file, run in a container, emulated."""
    await camera.open_file("v2025.1.15", "roadrunner-2025.1.15-linux-arm64.tar.gz")
    await camera.pilot.press("v")
    assert isinstance(camera.app.screen, BinaryScreen)
    await camera.shows("▣ ran", "agrees with the verdict")


async def matrix(camera: Camera) -> None:
    """Releases by platforms, the cursor on the file that was never published."""
    await camera.shows("✓ yes")
    await camera.pilot.press("m")
    assert isinstance(camera.app.screen, MatrixScreen)
    await camera.shows("↳ linux-arm64 yes", "is not published")


async def advice(camera: Camera) -> None:
    """Which file to take."""
    await camera.shows("✓ yes")
    await camera.pilot.press("a")
    await camera.shows("✓ use")


PICTURES: dict[str, Callable[[Camera], Awaitable[None]]] = {
    "browser": browser,
    "why-not": why_not,
    "proof": proof,
    "matrix": matrix,
    "advice": advice,
}


def slim(svg: str) -> str:
    """The picture without fonts fetched from anywhere: a reader's own monospaced one will do."""
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    svg = svg.replace(
        "Fira Code, monospace",
        "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace",
    )
    svg = svg.replace("<!-- Generated with Rich https://www.textualize.io -->", "")
    svg = svg.replace(
        '<svg class="rich-terminal"', '<svg class="rich-terminal" xml:space="preserve"'
    )  # columns are made of spaces
    return re.sub(r"\n\s*\n+", "\n", svg)


async def take(name: str, **more: Any) -> str:
    """One picture, as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        own: dict[str, Any] = {
            "cache_dir": Path(folder, "cache"),
            "config_file": Path(folder, "config.toml"),
        }
        app = ExplorerApp(
            Settings(demo=True, **own, **more),
            now=lambda: datetime.now(UTC) if name == "proof" else NOW,
        )
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            camera = Camera(app, pilot)
            await camera.shows("v2025.1.15")
            await PICTURES[name](camera)
            camera.without_toasts()
            await pilot.pause()
            return slim(app.export_screenshot(title="rr-explorer"))


async def take_tour() -> str:
    """The tour as one moving picture: what each caption says is on the screen beside it."""
    frames = []
    player.LEAST_S = LIMIT  # each caption stays until its picture is taken
    with tempfile.TemporaryDirectory() as folder:
        app = ExplorerApp(
            Settings(
                demo=True, cache_dir=Path(folder, "cache"), config_file=Path(folder, "config.toml")
            ),
            now=lambda: NOW,
            tour=True,
        )
        async with app.run_test(size=TOUR_SIZE, notifications=True) as pilot:
            camera = Camera(app, pilot)
            await camera.shows("✓ yes", f"1/{len(STEPS)}")
            for number in range(1, len(STEPS) + 1):
                await camera.shows(f"{number}/{len(STEPS)}", TOUR_SHOWS.get(number, ""))
                camera.without_toasts()
                await pilot.pause()
                frames.append(slim(app.export_screenshot(title="rr-explorer --demo --tour")))
                await pilot.press("right")
    return animated(frames, TOUR_SECONDS)


def main(names: list[str]) -> int:
    """Take the pictures named, or all."""
    PLACE.mkdir(exist_ok=True)
    for name in names or (*PICTURES, "tour"):
        more: dict[str, Any] = {}
        if name == "proof":
            engine = find()
            if not isinstance(engine, TestEngine):
                print(f"{name}.svg stays as it is: {engine}", file=sys.stderr)
                continue
            image = engine.musl("arm64")
            more = {
                "engine": engine.name,
                "engine_args": engine.engine_args,
                "run_args": engine.run_args,
                "image": image,
            }
        path = PLACE / f"{name}.svg"
        drawn = asyncio.run(take_tour() if name == "tour" else take(name, **more))
        path.write_text(drawn, encoding="utf-8")
        print(f"{path.relative_to(PLACE.parent)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
