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
from tests.tui.conftest import opened
from tests.tui.many_files import FILES

MEMORY_MB = 200
KEY_MS = 50
FEW = 16
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


@pytest.mark.alone
def test_sixty_thousand_files_and_a_megabyte_pasted(tmp_path: Path) -> None:
    few, many = (figures(tmp_path / str(count), count) for count in (FEW, FILES))
    pairs = list(zip(few["times_ms"], many["times_ms"], strict=True))
    times = [after for _, (_, after) in pairs]
    turns = sorted(many["turns_ms"], key=lambda pair: pair[1])
    dearest = sorted(pairs, key=lambda pair: pair[1][1])[-5:]
    shown = [f"{key}: {before:.0f}, {after:.0f} ms" for (key, before), (_, after) in dearest]
    total, least = sum(times), sum(before for (_, before), _ in pairs)
    print(f"longest turns of the loop: {turns[-4:]}")
    print(f"with {FEW} files, with {FILES:,}: {shown}; all {least:.0f}, {total:.0f} ms")
    print(f"{many['memory_mb']:.0f} MB; median {statistics.median(times):.1f} ms")
    assert many["memory_mb"] < MEMORY_MB
    # For that long the app can take no other key.
    assert turns[-1][1] < KEY_MS, turns[-4:]
    # A key that opens a screen costs Textual its styles and two full drawings, over several turns
    # and for any number of files.
    assert statistics.quantiles(times, n=10)[-1] < KEY_MS
    assert total < GROWTH * least, shown
    assert all(after < 2 * before + KEY_MS for (_, before), (_, after) in pairs), shown


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
