"""How long a key waits while everything that the app can do at once is under way."""

import asyncio
import statistics
from pathlib import Path

from tests.bench.figures import Figure
from tests.tui.keys import KEYS, waits

ALLOWED = 0.050
RUNS = 3


def measure(folder: Path) -> list[Figure]:
    """The figure of the README."""
    found = sorted(wait for number in range(RUNS) for wait in asyncio.run(waits(folder / str(number))))
    p95 = statistics.quantiles(found, n=20)[-1]
    return [
        Figure(
            "key to handler, worst",
            f"{found[-1] * 1000:.0f} ms",
            f"of {RUNS * KEYS}: median {statistics.median(found) * 1000:.1f} ms, 95 % within {p95 * 1000:.0f} ms",
            found[-1] <= ALLOWED,
        )
    ]
