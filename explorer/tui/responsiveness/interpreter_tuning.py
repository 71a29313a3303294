"""Settings of the interpreter: threads switch sooner, and garbage is collected at rest.

A thread that works keeps the interpreter for the switch interval before another one may have it. On
a busy machine, a key waits for several of them in turn.

A full collection stops every thread while it looks through all objects. Python starts one whenever
a quarter of the objects is new, which with results arriving is now and then while the user types.
While the app runs, only young objects are collected on the way, and everything once nobody has
typed for a while. Modules, classes and styles stay until the end: they are frozen, so that a full
collection has little to look through.
"""

from __future__ import annotations

import gc
import sys
import time

SWITCH_INTERVAL_S = 0.0005
"""A tenth of Python's own."""
REST_S = 2.0
"""Seconds without a key after which a full collection may start."""
DUE = 10
"""Collections of the middle generation after which a full one is due: Python's own figure."""
NEVER = 1_000_000


class InterpreterTuning:
    """The interpreter's settings while the app runs."""

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._switch_interval = sys.getswitchinterval()
        self._last_key = time.monotonic()
        self._frozen: set[str] = set()

    def start(self) -> None:
        """Let threads switch sooner, and switch automatic full collections off."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        young, middle, _ = self._thresholds
        gc.set_threshold(young, middle, NEVER)

    def freeze(self, what: str) -> None:
        """Exempt all objects there are now from collection. Done once for each ``what``."""
        if what not in self._frozen:
            self._frozen.add(what)
            gc.freeze()

    def started(self) -> None:
        """Collect garbage from now on: ``run_app`` switches that off for the start."""
        self.freeze("start")
        gc.enable()

    def key_pressed(self) -> None:
        """Put the next full collection off."""
        self._last_key = time.monotonic()

    def collect_at_rest(self) -> None:
        """Collect everything where that is due and no key was pressed lately. Called regularly."""
        if gc.get_count()[2] >= DUE and time.monotonic() - self._last_key >= REST_S:
            gc.collect()

    def stop(self) -> None:
        """Restore the previous settings."""
        sys.setswitchinterval(self._switch_interval)
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()
        gc.enable()
