"""How fast this machine is now, for the tests that hold the app to milliseconds.

The limits are those of the machine that they were set on. Shared runners have a fraction of its
speed, and not always the same: there the same work is allowed the same share of more time.
"""

import time

REFERENCE_MS = 14.0
"""What ``work`` took at its quickest on the machine that the limits were set on."""
RUNS = 5


def work() -> int:
    """A fixed piece of what Python does in the app: short strings, dictionaries, calls."""
    rows = {f"row {number}": (number, str(number)) for number in range(20_000)}
    cells = [f"{text:>8}{len(name)}" for name, (_, text) in sorted(rows.items())]
    return sum(map(len, cells))


def slowness() -> float:
    """How many times longer than on the machine of the limits work takes; never under 1."""
    quickest = float("inf")
    for _ in range(RUNS):
        before = time.thread_time()
        work()
        quickest = min(quickest, time.thread_time() - before)
    return max(1.0, quickest * 1000 / REFERENCE_MS)
