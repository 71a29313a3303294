"""First paint, beside a Textual app of the same widgets that does nothing."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.bench.peeking import TAG, sixteen_assets
from tests.bench.terminal import bare_command, time_until, use_once
from tests.support.github import GitHub

TIMES = 9
LIMIT = 1.25
"""Times the bare app's first paint."""
VERDICT = "✓ yes".encode()
"""A verdict in the list of files."""


def measure(folder: Path) -> list[Figure]:
    """Medians of nine starts in a terminal of 120 by 40."""
    assets = sixteen_assets()

    def data(tag: str, name: str) -> bytes:
        return assets.get(name, b"dummy") if tag == TAG else b"dummy"

    with GitHub() as github:
        github.serve_snapshot(data)
        github.chosen_latest = TAG
        env = {
            **{
                name: value
                for name, value in os.environ.items()
                if name != "PYTHONDONTWRITEBYTECODE"
            },
            # Of both programs, as installers leave it: compiling our modules again would take a
            # sixth of the first paint.
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "RR_EXPLORER_CACHE_DIR": str(folder / "cache"),
            "XDG_CONFIG_HOME": str(folder),
            "RR_EXPLORER_API_URL": github.api_url,
        }
        explorer = [sys.executable, "-m", "explorer"]
        subprocess.run([*explorer, "releases"], env=env, capture_output=True, check=True)
        bare = bare_command(folder)
        time_until(bare, b"FIRST-PAINT", env)
        # A warm cache is what an earlier session leaves that ended as sessions do.
        use_once(explorer, VERDICT, b"q", env, limit=90.0)
        # One after the other, so that what else the machine does meets all three alike.
        times = [
            (
                time_until(bare, b"FIRST-PAINT", env),
                time_until(explorer, b"rr-explorer", env),
                time_until(explorer, b"v2025.1.15", env),
                time_until(explorer, VERDICT, env),
            )
            for _ in range(TIMES)
        ]
    names = (
        "bare Textual app of the same widgets and rows",
        "rr-explorer, first paint",
        "… releases listed, warm cache",
        "… first useful paint: with the newest release's verdicts",
    )
    return [_figure(name, number, times) for number, name in enumerate(names)]


def _figure(name: str, number: int, times: Sequence[Sequence[tuple[float, float]]]) -> Figure:
    """The medians of one column, and how many times the bare app's they are."""
    seconds = median(row[number][0] for row in times)
    wall, busy = (median(row[number][kind] / row[0][kind] for row in times) for kind in (0, 1))
    if not number:
        return Figure(name, f"{seconds * 1000:.0f} ms")
    beside = f"{wall:.2f} × the bare app's, {busy:.2f} × its processor time"
    is_useful = number == len(times[0]) - 1
    return Figure(name, f"{seconds * 1000:.0f} ms", beside, wall <= LIMIT if is_useful else None)
