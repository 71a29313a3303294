"""How long work tells what it does, is told to stop, and lets a user's key go first. Used by every room, known to both faces."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from explorer.errors import OperationCancelledError


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


WAIT_S = 0.05
"""The longest that one step of other work waits: a key that is held down must not stop it altogether."""
_STEP_S = 0.002


class Foreground:
    """Who types goes first. The interpreter runs one thread at a time, each for as long as the others: beside three that read
    files, a screen that takes 15 ms to draw takes 60. While a key is being answered, they wait here between two steps.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._held = False
        self._thread = 0

    def claim(self, seconds: float) -> None:
        """This thread has something to answer; other threads leave it the interpreter for so long."""
        self._thread = threading.get_ident()
        self._until = time.monotonic() + seconds

    @contextmanager
    def held(self) -> Iterator[None]:
        """The same for as long as something takes."""
        self._thread, self._held = threading.get_ident(), True
        try:
            yield
        finally:
            self._held = False

    def give_way(self) -> None:
        """Between two steps of work in another thread: wait while it is claimed or held, ``WAIT_S`` at most."""
        now = time.monotonic()
        if not (self._held or now < self._until) or threading.get_ident() == self._thread:
            return
        end = now + WAIT_S
        while now < end and (self._held or now < self._until):
            time.sleep(_STEP_S)
            now = time.monotonic()


foreground = Foreground()
"""One for the process, as there is one interpreter. Only the app claims it; in a command nothing ever waits."""


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
        """Let a user's key go first, too (``Foreground``).

        Raises:
            OperationCancelledError: if somebody has asked to stop.
        """
        foreground.give_way()
        if self._event.is_set():
            raise OperationCancelledError()
