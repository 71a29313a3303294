"""The progress of one transfer, reported to its listeners about ten times a second."""

import time
from collections import deque

from explorer.progress import Progress, ProgressCallback

INTERVAL_S = 0.1
WINDOW_S = 3.0
"""The rate is that of the last seconds: it follows a change, and does not flicker."""


class Meter:
    """Counts bytes and reports them to any number of listeners, which may come and go."""

    def __init__(self) -> None:
        self.listeners: list[ProgressCallback] = []
        self.total: int | None = None
        self._samples: deque[tuple[float, int]] = deque()
        self._reported = 0.0
        self._last: Progress | None = None

    def join(self, listener: ProgressCallback) -> None:
        """Add a listener; it gets the latest report at once."""
        self.listeners.append(listener)
        if self._last is not None:
            listener(self._last)

    def stage(self, stage: str, done: int = 0) -> None:
        """Begin a stage: reported at once, and the rate starts again."""
        self._samples.clear()
        self._samples.append((time.monotonic(), done))
        self._report(Progress(stage, done, self.total))

    def at(self, stage: str, done: int, last: bool = False) -> None:
        """``done`` bytes are here. Reported every ``INTERVAL_S`` seconds, and if it is ``last``."""
        now = time.monotonic()
        if not last and now - self._reported < INTERVAL_S:
            return
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()
        start, base = self._samples[0]
        rate = max(0.0, (done - base) / (now - start)) if now - start >= INTERVAL_S else None
        self._report(Progress(stage, done, self.total, rate=rate))

    def _report(self, progress: Progress) -> None:
        self._reported = time.monotonic()
        self._last = progress
        for listener in tuple(self.listeners):
            listener(progress)
