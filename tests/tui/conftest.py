"""The app in a terminal of any size, on a real workbench: the demo, or the local GitHub."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.events import Key
from textual.keys import _character_to_key
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.widget import Widget

from explorer.settings import Settings
from explorer.tui.app import ExplorerApp
from explorer.tui.app_state import AppState
from tests.support.warm import warm_cache

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)
POLL_S = 0.02
"""Seconds between two looks at a condition."""
AT_ONCE = 30
"""Turns of the loop that are waited for without a pause, as most messages take fewer."""
SIZES = [(20, 5), (60, 20), (80, 24), (120, 40)]


def waits(pump: MessagePump) -> bool:
    """Whether it has handled all messages and waits for the next one."""
    queue: Any = pump._message_queue
    return queue.empty() and bool(queue.ready_event._waiters)


class Driver:
    """A running app and its pilot."""

    def __init__(self, app: ExplorerApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def state(self) -> AppState:
        """What the app knows."""
        return self.app.state

    def looked_at(self) -> int:
        """The number of files that were looked at."""
        return sum(known.looked_at for known in self.state.files.values())

    def drawn(self) -> str:
        """The lines on the screen, as they go to the terminal."""
        return "\n".join(
            "".join(segment.text for segment in strip)
            for strip in self.app.screen._compositor.render_strips()
        )

    async def until(self, what: Callable[[], object], limit: float = 120.0) -> None:
        """Let the app run until the condition holds."""
        end = time.monotonic() + limit
        while True:
            await self.settle()
            checked = time.monotonic()
            if what():
                return
            now = time.monotonic()
            assert now < end, f"the condition does not hold; on the screen:\n{self.drawn()}"
            # The app's threads get at least four fifths of the time.
            await asyncio.sleep(max(POLL_S, 4 * (now - checked)))

    async def settle(self, limit: float = 30.0) -> None:
        """Wait until all keys and all messages are handled, and draw what they have changed."""
        end = time.monotonic() + limit
        turns = 0
        while self.app.is_running:
            if not self.app.key_queue.busy and self._idle():
                await self.app.animator.wait_until_complete()
                self.app.screen._on_timer_update()
                return
            assert time.monotonic() < end, f"messages are not handled; shown:\n{self.drawn()}"
            turns += 1
            await asyncio.sleep(0 if turns < AT_ONCE else 0.002)

    def _idle(self) -> bool:
        """Whether the app and all widgets of the top screen wait for their next message.

        The pilot sends a message through each queue instead: a quarter of what a test costs.
        """
        pumps: tuple[MessagePump, ...] = (
            self.app,
            *self.app.screen.walk_children(with_self=True),
        )
        return all(pump._closing or pump._closed or waits(pump) for pump in pumps)

    async def shows(self, *words: str) -> None:
        """Wait until all the words are on the screen."""
        await self.until(lambda: all(word in self.drawn() for word in words))

    async def press(self, *keys: str) -> None:
        """Press keys, each once the one before it is handled."""
        for key in keys:
            letter = len(key) == 1
            event = Key(_character_to_key(key), key) if letter else Key(key, None)
            self.app.post_message(event)
            await self.settle()

    def find(self, selector: str, kind: type[Any] = Widget) -> Any:
        """The first widget of the top screen that matches."""
        return self.app.screen.query(selector).first(kind)


def settings(tmp_path: Path, **more: Any) -> Settings:
    """The demo's settings with directories of their own, changed by ``more``."""
    base: dict[str, Any] = {
        "demo": True,
        "cache_dir": tmp_path / "cache",
        "config_file": tmp_path / "config.toml",
    }
    chosen = Settings(**{**base, **more})
    if chosen.demo and chosen.cache_dir is not None and not chosen.cache_dir.exists():
        warm_cache(chosen.cache_dir)
    return chosen


def share_parsed_styles() -> None:
    """Let all apps of this process share what their style sheets are parsed to.

    Each test opens an app, and a quarter of that would be the same lines of CSS read again.
    """
    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *what: Any, **more: Any) -> list[RuleSet]:
        key = (what, *more.items(), *sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse(sheet, *what, **more)
        return parsed[key]

    Stylesheet._parse_rules = parse_once  # type: ignore[assignment,method-assign]


share_parsed_styles()


@asynccontextmanager
async def opened(
    chosen: Settings,
    size: tuple[int, int] = (120, 40),
    ready: bool = True,
    file: str | None = None,
) -> AsyncIterator[Driver]:
    """The running app. With ``ready`` the list has arrived."""
    app = ExplorerApp(chosen, file=file, now=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        driver = Driver(app, pilot)
        if ready:
            await driver.until(lambda: app.state.catalogue is not None)
        yield driver


CLIPBOARD_VARIABLES = ("TMUX", "WAYLAND_DISPLAY", "DISPLAY")


@pytest.fixture(autouse=True)
def clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop whose clipboard is a file: ``wl-copy`` writes it. Returns the file."""
    folder = tmp_path / "desktop"
    folder.mkdir()
    kept = folder / "clipboard"
    program = folder / "wl-copy"
    program.write_text(f'#!/bin/sh\ncat > "{kept}"\n')
    program.chmod(0o755)
    for name in CLIPBOARD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-test")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return kept


@pytest.fixture
def demo(tmp_path: Path) -> Settings:
    """Settings of the demo."""
    return settings(tmp_path)
