"""Plays the tour: presses keys through the app's queue, shows captions, waits to be read.

Space pauses, → and enter go on, esc ends it. With reduced motion (TEXTUAL_ANIMATIONS=none or
basic) nothing advances by itself: every step waits for a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual import constants, events
from textual.keys import _character_to_key

from explorer.tui.actions import BY_ID, key_name
from explorer.tui.tour.caption import Caption
from explorer.tui.tour.steps import STEPS, TourStep
from explorer.tui.widgets.bars import KeyBar

if TYPE_CHECKING:
    from textual.worker import Worker

    from explorer.tui.app_base import ExplorerBase
    from explorer.tui.responsiveness.key_queue import KeyQueue

KEY_S = 0.15
"""Seconds between two keys of a step, so that they can be followed."""
LEAST_S = 4.0
"""Seconds that even a short caption stays."""
WORD_S = 0.4
"""Seconds for reading one word and looking at the screen."""
SETTLED_S = 10.0
"""Seconds after which a step does not wait any longer for what its keys have started."""
POLL_S = 0.02
LEAVING = ("q", "ctrl+q", "ctrl+c")
"""Keys that act during the tour as they always do."""


class Tour:
    """The tour of one running app."""

    def __init__(self, app: ExplorerBase, key_queue: KeyQueue) -> None:
        self._app = app
        self._key_queue = key_queue
        self.number = 0
        """Index of the current step."""
        self.paused = constants.TEXTUAL_ANIMATIONS != "full"
        self._go_on = False
        self._stirred = asyncio.Event()
        self._worker: Worker[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._worker is not None and not self._worker.is_finished

    def start(self) -> None:
        """Begin at the first step."""
        self._worker = self._app.run_worker(self._play(), name="tour", group="tour")

    def stop(self) -> None:
        """End it. The app stays where it is."""
        if self._worker is not None:
            self._worker.cancel()
        self._clear()

    def takes(self, event: events.Event) -> bool:
        """Handle a user's key, and say whether the app should not see it.

        Other keys and clicks do nothing until the last step, so that a slip does not lead astray.
        """
        if not self.running:
            return False
        if isinstance(event, events.Key) and not event.is_forwarded:
            return self._key(event.key)
        return isinstance(event, (events.MouseDown, events.MouseUp, events.Click))

    def _key(self, key: str) -> bool:
        if key in LEAVING:
            return False
        if key == "escape":
            self.stop()
        elif key == "space":
            self.paused = not self.paused
            self._stirred.set()
        elif key in ("right", "enter"):
            self._go_on = True
            self._stirred.set()
        elif self.number == len(STEPS) - 1:
            self.stop()
            return False
        return True

    # -- playing -----------------------------------------------------------------------------------

    async def _play(self) -> None:
        await self._until(lambda: self._app.state.catalogue is not None)
        for self.number, step in enumerate(STEPS):
            for key in step.keys:
                await self._press(key)
            await self._until(lambda: not self._app.state.board.running)
            self._show(step)
            await self._wait(step)
        self._clear()

    async def _press(self, name: str) -> None:
        """Put a key into the app's queue, and wait until it has been handled."""
        app = self._app
        taken = asyncio.Event()
        key = self._key_of(name)
        event = events.Key(_character_to_key(key), key) if len(key) == 1 else events.Key(key, None)

        async def take() -> None:
            app.show_key(event.key)
            await self._key_queue.take(event)
            taken.set()

        app.call_later(take)
        await asyncio.wait_for(taken.wait(), SETTLED_S)
        await self._until(lambda: not self._key_queue.busy)
        await asyncio.sleep(KEY_S)

    def _key_of(self, name: str) -> str:
        action = BY_ID.get(name)
        if action is None:
            return name
        return self._app.state.settings.keys.get(name, action.key).split(",")[0]

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds, but not for ever: a step that is late is shown as it is."""
        end = monotonic() + SETTLED_S
        while not condition() and monotonic() < end:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(POLL_S)

    async def _wait(self, step: TourStep) -> None:
        """Wait until the caption has been read, or a key goes on."""
        left = max(LEAST_S, WORD_S * len(step.caption.split()))
        is_last = step is STEPS[-1]
        while not self._go_on:
            started = monotonic()
            endless = self.paused or is_last
            try:
                await asyncio.wait_for(self._stirred.wait(), None if endless else left)
            except TimeoutError:
                break
            self._stirred.clear()
            left -= 0 if endless else monotonic() - started
            self._show(step)
        self._go_on = False

    # -- captions ----------------------------------------------------------------------------------

    def _show(self, step: TourStep) -> None:
        """Show the caption above the key bar of the top screen, and only there."""
        screen = self._app.screen
        for other in self._app.screen_stack:
            if other is not screen:
                other.query(Caption).remove()
        caption = next(iter(screen.query(Caption)), None)
        bar = next(iter(screen.query(KeyBar)), None)
        if caption is None:
            if bar is None:
                return
            caption = Caption()
            screen.mount(caption, before=bar)
        caption.say(f"{self.number + 1}/{len(STEPS)}", step.caption, self._hint())

    def _hint(self) -> str:
        if self.number == len(STEPS) - 1:
            verify = self._app.state.settings.keys.get("verify", BY_ID["verify"].key)
            return f"{key_name(verify)} verifies · esc ends the tour"
        return f"space {'goes on' if self.paused else 'pauses'} · → next · esc ends"

    def _clear(self) -> None:
        for screen in self._app.screen_stack:
            screen.query(Caption).remove()
