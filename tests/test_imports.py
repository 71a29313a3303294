"""What a call costs before it does anything: heavy packages are imported only where they are
needed."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEAVY = ("httpx", "elftools", "diskcache", "filelock", "tomlkit", "truststore", "textual")
PROBE = """
import json, sys, time
start = time.process_time()
from explorer.cli import run
words = json.loads(sys.argv[1])
code = run(words)
seconds = time.process_time() - start
seen = sorted({name.partition(".")[0] for name, module in sys.modules.items() if module})
print(json.dumps({"code": code, "seconds": seconds, "modules": seen}), file=sys.stderr)
"""


def probe(words: list[str], home: Path) -> tuple[int, float, set[str]]:
    """Exit code, CPU seconds from the first import to the end, and the top-level modules of a fresh
    interpreter."""
    environ = {
        **os.environ,
        "XDG_CACHE_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(words)],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        check=True,
    )
    printed = json.loads(done.stderr.splitlines()[-1])
    return printed["code"], printed["seconds"], set(printed["modules"])


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["rules"],
        ["rules", "--json"],
        ["targets", "--json"],
        ["schema"],
        ["completion", "fish"],
    ],
)
def test_light_commands_import_nothing_heavy(
    words: list[str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    code, seconds, modules = probe(words, tmp_path)
    record_property("seconds", round(seconds, 3))
    assert code == 0
    assert not modules & set(HEAVY)
    assert seconds < 2.0, (
        "a light command takes some 0.2 s; ten times that is a mistake, not a slow machine"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["releases", "--offline"], 0),
        (["assets", "latest", "--offline", "--json"], 0),
        (["inspect", sys.executable], 0),
        (["get", sys.executable, "-o", "OUT"], 0),
        (["matrix", "--demo", "v2025.1.15", "--markdown"], 0),
        (["advise", "--demo"], 0),
        (["report", sys.executable, "--format", "html"], 0),
        (["cache"], 0),
        (["doctor", "--offline"], 0),
        (["--demo"], 0),
        pytest.param(
            [
                "verify",
                sys.executable,
                "--run=--version",
                "--image=localhost/rr-explorer-test/none:1",
                "--no-pull",
            ],
            5,
            id="verify",
        ),
    ],
)
def test_no_command_imports_textual(words: list[str], code: int, tmp_path: Path) -> None:
    """``verify`` comes as far as asking an engine for an image that is not there, or finds no
    engine."""
    words = [str(tmp_path / "out") if word == "OUT" else word for word in words]
    ended, _, modules = probe(words, tmp_path / "home")
    assert ended == code
    assert "textual" not in modules


@pytest.mark.parametrize(
    "module",
    [
        "explorer",
        "explorer.report",
        "explorer.workbench",
        "explorer.settings",
        "explorer.cli",
        "explorer.tui",
    ],
)
def test_front_doors_are_light(module: str) -> None:
    loaded = "name.partition('.')[0] for name, module in sys.modules.items() if module"
    code = f"import sys, {module}; print(*sorted({loaded}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert not set(done.stdout.split()) & set(HEAVY)


REPORT_DOORS = (
    "explorer.report",
    "explorer.report.advice",
    "explorer.report.binaries",
    "explorer.report.documents",
    "explorer.report.golang",
    "explorer.report.json",
    "explorer.report.story",
    "explorer.report.tables",
    "explorer.report.verdicts",
    "explorer.report.where",
)
"""``report`` has several doors, each small enough to keep. That no one imports past a door is a
contract in pyproject.toml."""
MOST_NAMES = 32


@pytest.mark.parametrize("door", REPORT_DOORS)
def test_the_doors_of_report_are_small(door: str) -> None:
    names = importlib.import_module(door).__all__
    assert len(names) <= MOST_NAMES
    assert len(set(names)) == len(names)
