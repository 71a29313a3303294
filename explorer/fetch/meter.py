"""How fast it goes: progress of one transfer, told to everybody who asked, about ten times a second."""

import time
from collections import deque

from explorer.progress import Progress, ProgressCallback

INTERVAL_S = 0.1
WINDOW_S = 3.0
"""The rate is that of the last three seconds: it follows a change, and does not flicker."""


class Meter:
    """Counts bytes and reports them to any number of listeners, who may come and go."""

    def __init__(self) -> None:
        self.listeners: list[ProgressCallback] = []
        self.total: int | None = None
        self._samples: deque[tuple[float, int]] = deque()
        self._told = 0.0
        self._last: Progress | None = None

    def join(self, listener: ProgressCallback) -> None:
        """Tell this one too, beginning with the latest that is known."""
        self.listeners.append(listener)
        if self._last is not None:
            listener(self._last)

    def stage(self, stage: str, done: int = 0) -> None:
        """A new stage begins: told at once, and the rate starts anew."""
        self._samples.clear()
        self._samples.append((time.monotonic(), done))
        self._tell(Progress(stage, done, self.total))

    def at(self, stage: str, done: int, last: bool = False) -> None:
        """So many bytes are there. Told at most ten times a second, and the ``last`` always."""
        now = time.monotonic()
        if not last and now - self._told < INTERVAL_S:
            return
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()
        start, base = self._samples[0]
        rate = max(0.0, (done - base) / (now - start)) if now - start >= INTERVAL_S else None
        self._tell(Progress(stage, done, self.total, rate=rate))

    def _tell(self, progress: Progress) -> None:
        self._told = time.monotonic()
        self._last = progress
        for listener in tuple(self.listeners):
            listener(progress)
