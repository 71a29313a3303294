"""How long work reports progress, is cancelled, and lets a key go first. Used by every room."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from explorer.errors import OperationCancelledError


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a job. A later one replaces an earlier one."""

    stage: str
    """The current step in one or two words: ``listing``, ``downloading``, ``unpacking`` …"""
    done: int = 0
    """Units done so far: bytes for ``unit == "bytes"``, else items."""
    total: int | None = None
    """Units in total, or None if unknown."""
    unit: str = "bytes"
    rate: float | None = None
    """Units per second over the last seconds, or None if unknown."""
    detail: str = ""
    """One line of untrusted text, e.g. what an engine prints during a pull."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at this rate, or None if unknown."""
        if self.total is None or not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate)


ProgressCallback = Callable[[Progress], None]
"""Called from the thread that does the work. Must be quick and must not raise."""


def ignore_progress(_: Progress) -> None:
    """A callback that does nothing."""


WAIT_S = 0.05
"""Longest wait of one step of work: a key that is held down must not stop it altogether."""
_STEP_S = 0.002


class Foreground:
    """Lets the thread that answers a key go first.

    The interpreter runs one thread at a time, each for as long as the others: handling a key takes
    several times longer beside threads that read files. While a key is handled, those threads wait
    in ``give_way`` between two steps. ``explorer.tui.responsiveness`` has the whole picture.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._thread = 0

    def claim(self, seconds: float) -> None:
        """Let the calling thread go first for this long."""
        self._thread = threading.get_ident()
        self._until = time.monotonic() + seconds

    def give_way(self) -> None:
        """Wait while another thread goes first, ``WAIT_S`` at most."""
        now = time.monotonic()
        if now >= self._until or threading.get_ident() == self._thread:
            return
        end = now + WAIT_S
        while now < min(end, self._until):
            time.sleep(_STEP_S)
            now = time.monotonic()


foreground = Foreground()
"""One per process, as there is one interpreter. Only the app claims it."""


class Cancellation:
    """A flag that any thread may set and that long synchronous work checks between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next step. May be called twice."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Give way to a key, and stop if asked to.

        Raises:
            OperationCancelledError: the work was asked to stop.
        """
        foreground.give_way()
        if self._event.is_set():
            raise OperationCancelledError()
