"""``--version`` and ``--help`` beside ``python -c "import click"``, run in turns."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.bench.processes import run_once
from tests.bench.whole import EXPLORER

ROUNDS = 15
LIMIT = 1.5
"""Times that of importing click."""
CLICK = (sys.executable, "-c", "import click")


def measure(_: Path) -> list[Figure]:
    """Processor time decides: what else the machine does counts less there than in seconds."""
    commands: dict[str, Sequence[str]] = {
        "import click": CLICK,
        "--version": (*EXPLORER, "--version"),
        "--help": (*EXPLORER, "--help"),
    }
    for command in commands.values():
        run_once(command)
    runs = {name: [run_once(command)] for name, command in commands.items()}
    for turn in range(ROUNDS - 1):
        for name in sorted(commands, reverse=bool(turn % 2)):
            runs[name].append(run_once(commands[name]))
    figures = [Figure("python -c 'import click'", *_figures(runs["import click"]))]
    for name in ("--version", "--help"):
        wall, busy = (
            median(
                own[kind] / click[kind]
                for own, click in zip(runs[name], runs["import click"], strict=True)
            )
            for kind in (0, 1)
        )
        words = f"{wall:.2f} × click's time, {busy:.2f} × its processor time"
        value, _seconds = _figures(runs[name])
        figures.append(Figure(f"rr-explorer {name}", value, words, busy < LIMIT))
    return figures


def _figures(runs: Sequence[tuple[float, float]]) -> tuple[str, str]:
    wall, busy = (median(run[kind] for run in runs) for kind in (0, 1))
    return f"{wall * 1000:.0f} ms", f"{busy * 1000:.0f} ms of processor time"
