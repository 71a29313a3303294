"""How long work tells what it does, and how it is told to stop. Used by every room, known to both faces."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from explorer.errors import CancelledError


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a job. A later one replaces an earlier one."""

    stage: str
    """What is being done now, one or two words: ``listing``, ``downloading``, ``unpacking``, ``pulling`` …"""
    done: int = 0
    """Units done so far: bytes for ``unit == "bytes"``, else items."""
    total: int | None = None
    """Units in all, or None where nobody knows."""
    unit: str = "bytes"
    rate: float | None = None
    """Units per second over the last seconds, or None until it is known."""
    detail: str = ""
    """One line of untrusted text, e.g. what an engine prints while it pulls."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at this rate, or None where it cannot be told."""
        if self.total is None or not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate)


ProgressCallback = Callable[[Progress], None]
"""Called from whichever thread does the work; must be quick and must not raise."""


def ignore_progress(_: Progress) -> None:
    """The callback of somebody who does not want to know."""


class Cancellation:
    """A flag that any thread may raise and that long synchronous work looks at between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next step. Harmless when called twice."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody has asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raises:
        CancelledError: if somebody has asked to stop.
        """
        if self._event.is_set():
            raise CancelledError()
