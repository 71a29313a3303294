"""What an audit asks of a Go program, each beside the tool that is usually asked."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.advisories.entries import entry, write_database
from tests.bench.figures import Figure, seconds
from tests.bench.peeking import go_program
from tests.bench.whole import EXPLORER
from tests.support.binaries import go_root
from tests.support.diffoscope import diffoscope
from tests.trust.keys import openpgp_key


def measure(folder: Path) -> list[Figure]:
    """All of them, on one program."""
    program = folder / "rr"
    shutil.copyfile(go_program("linux", "amd64"), program)
    other = folder / "other"
    other.write_bytes(program.read_bytes() + b"more")
    key = openpgp_key("author")
    (folder / "rr.asc").write_bytes(key.sign(program.read_bytes()))
    ring = folder / "ring"
    ring.write_bytes(key.public)
    advisory = entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}])
    database = write_database(folder / "db", [advisory])
    go = go_root() / "bin/go"
    rows: list[tuple[list[str], str, Sequence[str | Path]]] = [
        (
            ["gobuild", str(program)],
            "go version -m",
            [go, "version", "-m", program],
        ),
        (["hardening", str(program)], "checksec", ["checksec", f"--file={program}"]),
        (["inspect", str(program)], "readelf -a", ["readelf", "-aW", program]),
        (
            ["vulns", str(program), "--db", str(database)],
            "govulncheck",
            ["govulncheck", "-mode=binary", "-db", f"file://{database}", program],
        ),
        (
            ["trust", str(program)],
            "gpgv",
            ["gpgv", "--keyring", ring, folder / "rr.asc", program],
        ),
        (["compare", str(program), str(other)], "diffoscope", [diffoscope(), program, other]),
    ]
    figures = []
    for words, tool, command in rows:
        took = _seconds([*EXPLORER, *words])
        figures.append(Figure(words[0], f"{took:.2f} s"))
        figures.append(Figure(f"… {tool}", _beside(command)))
    return figures


def _beside(command: Sequence[str | Path]) -> str:
    """How long a tool takes; or that it is not on this machine."""
    return f"{_seconds(command):.2f} s" if shutil.which(command[0]) else "not here"


def _seconds(command: Sequence[str | Path]) -> float:
    """How long one run takes, whatever its answer: some say with their code what they found."""
    return seconds(lambda: subprocess.run(command, capture_output=True, check=False, timeout=240))
