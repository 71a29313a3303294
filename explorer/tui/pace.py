"""So that no key waits for what the interpreter does beside it: threads give way soon, and garbage is collected at rest."""

from __future__ import annotations

import gc
import sys
import time

from explorer.progress import foreground

SWITCH = 0.0005
"""Seconds after which a thread at work lets the app's loop in. With Python's 5 ms, a key that comes while files are read and a
million rows are searched waits for each of them in turn, some 125 ms; with this, some 20."""
REDRAW = 0.05
"""Seconds in which results that arrive are drawn together."""
REST_S = 2.0
"""Seconds without a key after which a full collection may begin: it stops everything for some 10 ms, 60 with a large list."""
ANSWER_S = 0.025
"""Seconds that a key takes to be answered and drawn, with some room."""
DUE = 10
"""Collections of the middle generation after which a full one is due: Python's own figure."""
NEVER = 1_000_000


class Pace:
    """The interpreter's settings while the app runs.

    Python looks through all objects, 60 to 110 ms of them once everything is loaded, whenever it thinks that a quarter is new:
    with sixteen results a screenful that is now and then, in the middle of typing. Here only young objects are collected on
    the way, and everything once nobody has typed for a while. What is there once the app is loaded (modules, classes, styles)
    is put aside for good: it is never garbage.
    """

    def __init__(self) -> None:
        self._interval = sys.getswitchinterval()
        self._thresholds = gc.get_threshold()
        self._typed = time.monotonic()
        self._loaded: set[str] = set()

    def begin(self) -> None:
        """The app runs."""
        sys.setswitchinterval(SWITCH)
        young, middle, _ = self._thresholds
        gc.set_threshold(young, middle, NEVER)

    def loaded(self, what: str) -> None:
        """Modules, and what else will stay, are here now: they need not be looked through again. Counts once for each ``what``."""
        if what not in self._loaded:
            self._loaded.add(what)
            gc.freeze()

    def typed(self) -> None:
        """A key, or the mouse: other threads wait until it is answered and drawn."""
        self._typed = time.monotonic()
        foreground.claim(ANSWER_S)

    def rest(self) -> None:
        """Called now and then: collects where something is due and nobody types."""
        if gc.get_count()[2] >= DUE and time.monotonic() - self._typed >= REST_S:
            gc.collect()

    def end(self) -> None:
        """The app has ended: as it was before."""
        sys.setswitchinterval(self._interval)
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()
