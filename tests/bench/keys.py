"""How long a key waits while everything that the app can do at once is under way.

``python -m tests.bench.keys FOLDER`` is one run: the app lives once in a process, and so it does
here.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Figure
from tests.tui.keys import KEYS, waits

ALLOWED = 0.050
RUNS = 5


def measure(folder: Path) -> list[Figure]:
    """The figure of the README."""
    found: list[float] = []
    for number in range(RUNS):
        command = [sys.executable, "-m", "tests.bench.keys", str(folder / str(number))]
        found += json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout
        )
    p95 = statistics.quantiles(found, n=20)[-1]
    return [
        Figure(
            "key to handler, worst",
            f"{max(found) * 1000:.0f} ms",
            f"of {RUNS * KEYS}: median {statistics.median(found) * 1000:.1f} ms,"
            f" 95 % within {p95 * 1000:.0f} ms",
            max(found) <= ALLOWED,
        )
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(waits(Path(sys.argv[1])))[0]))
