"""diffoscope, a yardstick for comparisons, in a virtual environment of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.images import BUILD, locked

VERSION = "332"
"""With libarchive-c and python-magic, which need no more than Debian's libraries to be imported."""


def diffoscope() -> Path:
    """The program, installed from the package index on first use."""
    place = BUILD.parent.resolve() / f"diffoscope-{VERSION}"
    program = place / "bin" / "diffoscope"
    with locked():
        if not _can_start(program):
            words: list[str | Path] = [sys.executable, "-m", "venv", "--clear", place]
            subprocess.run(words, check=True, timeout=120)
            install: list[str | Path] = [
                place / "bin" / "pip",
                "install",
                "--quiet",
                f"diffoscope=={VERSION}",
            ]
            subprocess.run(install, check=True, timeout=300, capture_output=True)
    return program


def _can_start(program: Path) -> bool:
    """Whether it is there, and so is the Python that its first line names: folders move."""
    if not program.exists():
        return False
    with program.open("rb") as file:
        first = file.readline()
    return Path(first.removeprefix(b"#!").strip().decode()).exists()


def differing_sections(before: Path, after: Path) -> set[str]:
    """The ELF sections whose content differs, as diffoscope lists them."""
    done = subprocess.run(
        [diffoscope(), "--json", "-", before, after],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return set(_sections(json.loads(done.stdout)))


def _sections(node: dict[str, Any]) -> list[str]:
    """Of the commands ``readelf --hex-dump=.rodata {}`` and ``objdump --section=.text {}``."""
    words = node["source1"].split()
    named = [
        word.partition("=")[2]
        for word in words
        if word.startswith(("--hex-dump=", "--string-dump=", "--section="))
    ]
    notes = [".note"] if "--notes" in words else []
    return [*named, *notes, *(name for each in node.get("details", ()) for name in _sections(each))]
