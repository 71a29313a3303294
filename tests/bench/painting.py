"""First paint, beside a Textual app of the same widgets that does nothing."""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.bench.terminal import bare_command, time_until
from tests.support.github import GitHub

TIMES = 9


def measure(folder: Path) -> list[Figure]:
    """Medians of nine starts in a terminal of 120 by 40."""
    with GitHub() as github:
        github.serve_snapshot()
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
        time_until(bare_command(folder), b"FIRST-PAINT", env)
        time_until(explorer, b"v2025.1.15", env)
        # One after the other, so that what else the machine does meets all three alike.
        times = [
            (
                time_until(bare_command(folder), b"FIRST-PAINT", env),
                time_until(explorer, b"rr-explorer", env),
                time_until(explorer, b"v2025.1.15", env),
            )
            for _ in range(TIMES)
        ]
    bare, first, listed = (median(column) for column in zip(*times, strict=True))
    return [
        Figure("bare Textual app, first paint", f"{bare * 1000:.0f} ms"),
        Figure(
            "rr-explorer, first paint",
            f"{first * 1000:.0f} ms",
            f"{first / bare:.2f} of the bare app's",
            first / bare <= 1.25,
        ),
        Figure(
            "… releases listed, warm cache",
            f"{listed * 1000:.0f} ms",
            f"{listed / bare:.2f} of the bare app's first paint",
        ),
    ]
