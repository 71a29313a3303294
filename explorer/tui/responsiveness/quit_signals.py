"""SIGTERM, SIGHUP and a closed terminal quit the app the way ``q`` does.

Running jobs are stopped first, so that no container and no process is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

HANGUP = 1
"""SIGHUP, which Windows' ``signal`` module does not name."""


class QuitSignals:
    """Handles the signals from ``start`` to ``stop``. A signal that is ignored (nohup) stays so."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._handled: list[int] = []

    def start(self) -> None:
        """Install the handlers. Does nothing outside the main thread."""
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                # Windows' event loops take no handlers; another thread's loop cannot set any.
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    asyncio.get_running_loop().add_signal_handler(number, self._quit, number)
                    self._handled.append(number)

    def _quit(self, number: int) -> None:
        self._app.exit(return_code=128 + number)

    def stop(self) -> None:
        """Restore the default handlers."""
        while self._handled:
            asyncio.get_running_loop().remove_signal_handler(self._handled.pop())


class TerminalHangup:
    """Quits the app when its terminal is closed, also where SIGHUP is ignored.

    A closed terminal reads as an endless end of file, which Textual's input thread asks for again
    and again. The kernel reports the hang-up once through epoll, so that nothing has to poll.
    Where epoll is missing (macOS, Windows) SIGHUP alone tells.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._epoll: select.epoll | None = None
        self._terminals: tuple[int, ...] = ()
        """Which of the standard streams are the terminal."""

    def start(self) -> None:
        """Watch standard input, where that is a terminal."""
        self._terminals = tuple(stream for stream in (0, 1, 2) if os.isatty(stream))
        if not hasattr(select, "epoll") or self._app.is_headless or 0 not in self._terminals:
            return
        self._epoll = select.epoll()
        self._epoll.register(0, 0)  # a hang-up is reported whatever is asked for
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._hung_up)

    def _hung_up(self) -> None:
        self.stop()
        # What is drawn on the way out goes nowhere instead of failing.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in self._terminals:
            os.dup2(nowhere, stream)
        self._app.exit(return_code=128 + HANGUP)

    def stop(self) -> None:
        """Stop watching."""
        if self._epoll is not None:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
