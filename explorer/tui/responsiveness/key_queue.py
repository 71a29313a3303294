"""Keys one after another: each waits until everything the one before it has caused is done.

A key travels from the focused widget up to the app, through the queue of each widget on the way.
What it does may send messages along the same way and open a screen. Textual dispatches the next
key at once, to whatever has the focus *now*: letters typed quickly after ``/`` would run commands,
and an arrow after ``enter`` would move in the list that is being left. Here a marker follows each
key along the same way. When it comes back and the focus has settled, the next key is dispatched.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.events import Event, Key, MouseEvent, Paste

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode

MIN_ROUNDS = 2
"""Markers that follow a key at least: the first comes back after the key, the second after the
messages that it caused."""
MAX_ROUNDS = 12
"""Markers that follow a key at most, should the focus never settle."""
TIMEOUT_S = 0.5
"""Seconds after which the next key is dispatched in any case: a removed widget takes its queue,
and a marker in it, along."""
HOLD_S = 2.0
"""Seconds after which held events are dispatched in any case."""
AT_ONCE = frozenset(("ctrl+c", "ctrl+q"))
"""Keys that are never held: they end the app."""
RECHECK_S = 0.01
"""Seconds between two looks at a screen that is still being filled."""


class KeyQueue:
    """Holds keys and pastes back while an earlier one is being handled."""

    def __init__(self, app: App[None], dispatch: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._dispatch = dispatch
        self._waiting: deque[Event] = deque()
        self._busy = False
        self._held: deque[Event] | None = None
        """Events that wait for ``release``; None: nothing waits."""
        self._marker = 0
        """Number of the current marker. An older one that comes back late is ignored."""
        self._deadline = 0.0
        """``monotonic`` seconds until which a screen that is being filled is waited for."""
        self._timeout: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a key is being handled, or held. Others may wait."""
        return self._busy or self._held is not None

    def hold(self) -> None:
        """Keep all keys, pastes and clicks until ``release``: what they are about is not there."""
        self._held = deque()
        asyncio.get_running_loop().call_later(HOLD_S, self.release)

    def release(self) -> None:
        """Dispatch what was held, in order, and hold nothing any more."""
        if self._held is not None:
            self._app.call_later(self._dispatch_held)

    async def _dispatch_held(self) -> None:
        held, self._held = self._held or deque(), None
        for event in held:
            await self.take(event)

    async def take(self, event: Event) -> None:
        """Dispatch a key or a paste now, or after those before it; anything else at once."""
        if self._held is not None and self._may_wait(event):
            self._held.append(event)
            return
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await self._dispatch(event)
            return
        self._waiting.append(event)
        if not self._busy:
            self._busy = True
            await self._next()

    @staticmethod
    def _may_wait(event: Event) -> bool:
        if isinstance(event, Key) and event.key in AT_ONCE:
            return False
        return isinstance(event, (Key, Paste, MouseEvent)) and not event.is_forwarded

    async def _next(self) -> None:
        if not self._waiting:
            self._busy = False
            return
        self._deadline = monotonic() + TIMEOUT_S
        await self._dispatch(self._waiting.popleft())
        self._send_marker(1)

    def _send_marker(self, rounds: int, opened: bool = False) -> None:
        self._marker += 1
        place = self._place()
        self._timeout = asyncio.get_running_loop().call_later(
            TIMEOUT_S, self._returned, self._marker, MAX_ROUNDS, place
        )
        path = deque(place[1].ancestors_with_self)
        if opened:  # a new screen scrolls once it is laid out
            place[0].call_after_refresh(self._pass_on, path, self._marker, rounds, place)
        else:
            self._pass_on(path, self._marker, rounds, place)

    def _place(self) -> tuple[DOMNode, DOMNode]:
        """The top screen, and what has the focus there."""
        screen = self._app.screen
        return screen, screen.focused or screen

    def _pass_on(
        self, path: deque[DOMNode], marker: int, rounds: int, place: tuple[DOMNode, DOMNode]
    ) -> None:
        """Put the marker into the next queue on its path. The last one is the app's."""
        while path:
            if path.popleft().call_later(self._pass_on, path, marker, rounds, place):
                return
        self._returned(marker, rounds, place)

    def _returned(self, marker: int, rounds: int, place: tuple[DOMNode, DOMNode]) -> None:
        if marker != self._marker:
            return
        if self._timeout is not None:
            self._timeout.cancel()
        self._marker += 1
        now = self._place() if self._app.is_running else place
        if rounds < MIN_ROUNDS or (rounds < MAX_ROUNDS and now != place):
            self._send_marker(rounds + 1, opened=now[0] is not place[0])
        elif getattr(now[0], "opening", False) and monotonic() < self._deadline:
            asyncio.get_running_loop().call_later(
                RECHECK_S, self._returned, self._marker, rounds, now
            )
        else:
            self._app.call_later(self._next)
