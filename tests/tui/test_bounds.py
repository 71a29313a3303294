"""Very many files and very long pastes cost neither memory nor time."""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste

from explorer.settings import Settings
from explorer.tui.copying import Copy, command_copy
from explorer.tui.widgets.line_input import LONGEST
from tests.support.machine import slowness
from tests.tui.conftest import opened
from tests.tui.many_files import FILES

MEMORY_MB = 200
KEY_MS = 50
FEW = 16
RUNS = 3
"""Measurements at most: what else the machine does makes a key dearer, never cheaper."""
GROWTH = 1.5
"""How much more all keys may take with 60,000 files than with a few, what else the machine does
included: none of their work is for each file.
"""


def figures(folder: Path, count: int) -> dict[str, Any]:
    """What ``many_files`` measures with so many files, in a process of its own."""
    command = [sys.executable, "-m", "tests.tui.many_files", str(folder), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def least(runs: list[dict[str, Any]], what: str) -> list[tuple[str, float]]:
    """The keys with the least that each took in any of the runs: others disturb, none helps."""
    return [
        (same[0][0], min(figure for _, figure in same))
        for same in zip(*(run[what] for run in runs), strict=True)
    ]


def too_dear(few: list[dict[str, Any]], many: list[dict[str, Any]], slower: float) -> list[str]:
    """Which bounds do not hold on a machine that is so many times slower, with figures."""
    key_ms = KEY_MS * slower
    times, before = (dict(enumerate(least(runs, "times_ms"))) for runs in (many, few))
    total, base = (sum(figure for _, figure in each.values()) for each in (times, before))
    decile = statistics.quantiles((figure for _, figure in times.values()), n=10)[-1]
    longest = min(max(figure for _, figure in run["turns_ms"]) for run in many)
    late = [
        f"{key} is answered after {figure:.0f} ms"
        for key, figure in least(many, "answers_ms")
        if figure >= key_ms
    ]
    print(
        f"all keys {base:.0f}, {total:.0f} ms; a tenth from {decile:.0f} ms; "
        f"turn {longest:.0f} ms; machine {slower:.1f} times slower"
    )
    grown = [
        f"{key}: {before[number][1]:.0f}, {figure:.0f} ms"
        for number, (key, figure) in times.items()
        if figure >= 2 * before[number][1] + key_ms
    ]
    # In the longest turn the app can take no other key. A key that opens a screen costs Textual
    # its styles and two full drawings, over several turns and for any number of files: the first
    # of them is the answer that is seen.
    return [
        *late,
        *([f"a turn of the loop takes {longest:.0f} ms"] if longest >= key_ms else []),
        *([f"a tenth of the keys take {decile:.0f} ms"] if decile >= key_ms else []),
        *([f"all keys take {base:.0f}, {total:.0f} ms"] if total >= GROWTH * base else []),
        *grown,
    ]


@pytest.mark.alone
def test_sixty_thousand_files_and_a_megabyte_pasted(tmp_path: Path) -> None:
    few: list[dict[str, Any]] = []
    many: list[dict[str, Any]] = []
    problems: list[str] = []
    slower = slowness()
    for attempt in range(RUNS):
        few.append(figures(tmp_path / f"few-{attempt}", FEW))
        many.append(figures(tmp_path / f"many-{attempt}", FILES))
        assert many[-1]["memory_mb"] < MEMORY_MB
        slower = max(slower, slowness())
        problems = too_dear(few, many, slower)
        if not problems:
            break
    assert not problems


async def test_the_beginning_of_a_long_paste_is_taken(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("slash", *"ab")
        ui.app.post_message(Paste("c" * 5000))
        await ui.until(lambda: len(ui.find("FilterInput").value) == LONGEST)
        assert ui.find("FilterInput").value.startswith("abcc")


def test_a_copied_command_reads_the_same_releases() -> None:
    assert command_copy(Settings(), "assets", "v1").text == "rr-explorer assets v1"
    other = Settings(repo="acme/tool")
    assert command_copy(other, "assets", "v1").text == "rr-explorer --repo acme/tool assets v1"
    folder = Settings(folder=Path("/a b"))
    copied = command_copy(folder, "inspect", "-x/y z").text
    assert copied == "rr-explorer --folder '/a b' inspect -- '-x/y z'"
    enterprise = Settings(repo="acme/tool", api_url="https://ghe.example/api/v3")
    assert "--api-url https://ghe.example/api/v3" in command_copy(enterprise, "assets", "v1").text


def test_what_is_copied_has_no_line_ends_around_it() -> None:
    assert Copy("a piece to paste", "\nfirst\nsecond\n\n").text == "first\nsecond"
