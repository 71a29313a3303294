"""What a call costs before it does anything: heavy packages are imported only where they are
needed."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("httpx", "elftools", "diskcache", "filelock", "tomlkit", "truststore", "textual")
PROBE = """
import json, sys, time
start = time.process_time()
from explorer.cli import run
heavy = json.loads(sys.argv[2])
for words in json.loads(sys.argv[1]):
    code = run(words)
    seconds = time.process_time() - start
    imported = [name for name in heavy if sys.modules.get(name)]
    print(json.dumps({"words": words, "code": code, "seconds": seconds, "imported": imported}),
          file=sys.stderr)
"""
LIGHT = (
    ["--help"],
    ["rules"],
    ["rules", "--json"],
    ["targets", "--json"],
    ["schema"],
    ["completion", "fish"],
)
OTHERS = (
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
    # It comes as far as asking an engine for an image that is not there, or finds no engine.
    (
        [
            "verify",
            sys.executable,
            "--run=--version",
            "--image=localhost/rr-explorer-test/none:1",
            "--no-pull",
        ],
        5,
    ),
)


def probe(commands: Sequence[list[str]], heavy: Sequence[str], home: Path) -> list[dict[str, Any]]:
    """Run commands one after the other in a fresh interpreter.

    Returns for each its exit code, the CPU seconds since the first import, and which of the heavy
    packages are imported by then.
    """
    environ = {
        **os.environ,
        "XDG_CACHE_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(commands), json.dumps(heavy)],
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith('{"words"')]


def test_light_commands_import_nothing_heavy(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    answers = probe(LIGHT, HEAVY, tmp_path)
    record_property("seconds", round(answers[-1]["seconds"], 3))
    assert [answer["words"] for answer in answers] == list(LIGHT)
    assert [answer for answer in answers if answer["code"] or answer["imported"]] == []
    assert answers[0]["seconds"] < 2.0, (
        "a light command takes some 0.2 s; ten times that is a mistake, not a slow machine"
    )


def test_no_command_imports_textual(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    commands = [[out if word == "OUT" else word for word in words] for words, _ in OTHERS]
    answers = probe(commands, ["textual"], tmp_path / "home")
    assert [answer["code"] for answer in answers] == [code for _, code in OTHERS]
    assert [answer["words"] for answer in answers if answer["imported"]] == []


def test_get_imports_neither_proofs_nor_the_reader_of_elf(tmp_path: Path) -> None:
    file = "v2025.1.15/roadrunner-2025.1.15-linux-arm64.tar.gz"
    words = ["get", file, "--demo", "-o", str(tmp_path / "out")]
    (answer,) = probe([words], ["explorer.verify", "elftools"], tmp_path / "home")
    assert (answer["code"], answer["imported"]) == (0, [])


def test_a_module_that_is_rarely_used_is_executed_on_use() -> None:
    code = (
        "import sys\n"
        "from explorer.lazy import imported_on_use\n"
        "with imported_on_use('pickletools'):\n"
        "    import pickletools\n"
        "before = 'pickletools' in sys.modules\n"
        "assert pickletools.optimize(b'N.') == b'N.'\n"
        "print(before, 'pickletools' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["False", "True"]


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
