"""SIGTERM, and SIGHUP of a terminal that is closed, are a way to quit like ``q``: no container and no process is left."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App


class Leaving:
    """Heeds the signals from ``begin`` to ``end``, where nobody else does; one that is ignored (nohup) stays so."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._heeded: list[int] = []

    def begin(self) -> None:
        """Only the main thread can."""
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(
                signal, name, None
            )  # Windows has no SIGHUP, and its loops take no handlers
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    asyncio.get_running_loop().add_signal_handler(number, self._leave, number)
                    self._heeded.append(number)

    def _leave(self, number: int) -> None:
        self._app.exit(return_code=128 + number)

    def end(self) -> None:
        """As it was before."""
        while self._heeded:
            asyncio.get_running_loop().remove_signal_handler(self._heeded.pop())
