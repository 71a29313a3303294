"""Keys one after another: one that is typed ahead waits until all that the one before it has set going is there.

A key goes from the widget in focus up to the app, by each widget's own queue, and what it does may send messages the same way
and open a screen. Textual hands out the next key at once, to the widget that has the focus *now*: what is typed quickly behind
``/`` would be commands, and an arrow behind ``enter`` would move in the list that is being left. Here a mark follows each key on
the same way; when it comes home and the focus is at rest, the next key is handed out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.events import Event, Key, Paste

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode

ROUNDS = 2
"""Marks that follow a key at least: the first comes home behind the key, the second behind the messages that it has caused."""
MOST = 12
"""Marks that follow a key at most, should the focus never come to rest."""
LIMIT = 0.5
"""Seconds after which the next key is handed out whatever has become of the mark: a widget that is removed takes its queue along."""
AGAIN = 0.01
"""Seconds between two looks at a screen that is still being filled."""


class TypedAhead:
    """Holds keys and pastes back while one is under way."""

    def __init__(self, app: App[None], hand_out: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_out = hand_out
        self._waiting: deque[Event] = deque()
        self._busy = False
        self._number = 0
        """Of the mark that is under way; an older one that comes home late counts for nothing."""
        self._until = 0.0
        """``monotonic`` seconds until which a screen that is being filled is waited for."""
        self._alarm: asyncio.TimerHandle | None = None

    async def take(self, event: Event) -> None:
        """Hand a key or a paste out now, or when those before it are done; anything else at once."""
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await self._hand_out(event)
            return
        self._waiting.append(event)
        if not self._busy:
            self._busy = True
            await self._next()

    async def _next(self) -> None:
        if not self._waiting:
            self._busy = False
            return
        self._until = monotonic() + LIMIT
        await self._hand_out(self._waiting.popleft())
        self._follow(1)

    def _follow(self, rounds: int, opened: bool = False) -> None:
        self._number += 1
        place = self._place()
        self._alarm = asyncio.get_running_loop().call_later(
            LIMIT, self._home, self._number, MOST, place
        )
        way = deque(place[1].ancestors_with_self)
        if opened:  # a new screen scrolls once it is laid out
            place[0].call_after_refresh(self._pass_on, way, self._number, rounds, place)
        else:
            self._pass_on(way, self._number, rounds, place)

    def _place(self) -> tuple[DOMNode, DOMNode]:
        """The screen on top, and what has the focus there."""
        screen = self._app.screen
        return screen, screen.focused or screen

    def _pass_on(
        self, way: deque[DOMNode], number: int, rounds: int, place: tuple[DOMNode, DOMNode]
    ) -> None:
        """Into the next queue of the way; home behind the last one, which is the app's."""
        while way:
            if way.popleft().call_later(self._pass_on, way, number, rounds, place):
                return
        self._home(number, rounds, place)

    def _home(self, number: int, rounds: int, place: tuple[DOMNode, DOMNode]) -> None:
        if number != self._number:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._number += 1
        now = self._place() if self._app.is_running else place
        if rounds < ROUNDS or (rounds < MOST and now != place):
            self._follow(rounds + 1, opened=now[0] is not place[0])
        elif getattr(now[0], "opening", False) and monotonic() < self._until:
            asyncio.get_running_loop().call_later(AGAIN, self._home, self._number, rounds, now)
        else:
            self._app.call_later(self._next)
