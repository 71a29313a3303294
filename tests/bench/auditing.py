"""What an audit asks of a Go program, each beside the tool that is usually asked.

Tools that are not installed are taken from Debian's packages and the package index first.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.advisories.entries import entry, write_database
from tests.bench.figures import Figure, seconds
from tests.bench.peeking import go_program
from tests.bench.whole import EXPLORER
from tests.support.binaries import go_root
from tests.support.diffoscope import diffoscope
from tests.support.images import ImageUnavailableError
from tests.support.yardsticks import debian_tool
from tests.trust.keys import openpgp_key


def measure(folder: Path) -> list[Figure]:
    """All of them, on one program."""
    program = folder / "tool"  # not rr: only RoadRunner's own keys are good for that
    shutil.copyfile(go_program("linux", "amd64"), program)
    other = folder / "other"
    other.write_bytes(program.read_bytes() + b"more")
    key = openpgp_key("author")
    (folder / "tool.asc").write_bytes(key.sign(program.read_bytes()))
    ring = folder / "ring"
    ring.write_bytes(key.public)
    advisory = entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}])
    database = write_database(folder / "db", [advisory])
    govulncheck: list[str | Path] = ["-mode=binary", "-db", f"file://{database}", program]
    gpgv: list[str | Path] = [
        "gpgv",
        "--homedir",
        folder,
        "--keyring",
        ring,
        folder / "tool.asc",
        program,
    ]
    rows: list[tuple[list[str | Path], str, Sequence[str | Path]]] = [
        (["gobuild", program], "go version -m", [go_root() / "bin/go", "version", "-m", program]),
        (["functions", program], "go tool nm, not stripped", _nm(folder)),
        (["hardening", program], "checksec", [_tool("checksec"), f"--file={program}"]),
        (["inspect", program], "readelf -a", ["readelf", "-aW", program]),
        (
            ["vulns", program, "--db", database],
            "govulncheck",
            [_tool("govulncheck"), *govulncheck],
        ),
        (["trust", program], "gpgv", gpgv),
        (["compare", program, other], "diffoscope", [diffoscope(), program, other]),
    ]
    environment = _environment(folder, ring)
    _same_signature(program, environment)
    figures = []
    for words, tool, command in rows:
        took = _seconds([*EXPLORER, *words], environment)
        figures.append(Figure(str(words[0]), f"{took:.2f} s"))
        figures.append(Figure(f"… {tool}", _beside(command)))
    return figures


def _environment(folder: Path, ring: Path) -> dict[str, str]:
    """A cache of our own, and the key that gpgv is given, too."""
    ours = {"RR_EXPLORER_CACHE_DIR": str(folder / "cache"), "RR_EXPLORER_KEYRING": str(ring)}
    return {**os.environ, "XDG_CONFIG_HOME": str(folder), **ours}


def _nm(folder: Path) -> list[str | Path]:
    """Go's own tool on the same program, built with its symbols. Building the tool is not timed."""
    words: list[str | Path] = [go_root() / "bin/go", "tool", "nm"]
    subprocess.run([*words, "-h"], capture_output=True, check=False, timeout=240)
    twin = folder / "twin"
    shutil.copyfile(go_program("linux", "amd64", ldflags=""), twin)
    return [*words, twin]


def _same_signature(program: Path, environment: Mapping[str, str]) -> None:
    """``trust`` has to verify what gpgv verifies, or their times say nothing of each other."""
    done = subprocess.run(
        [*EXPLORER, "trust", program, "--json"],
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    states = {one["kind"]: one["state"] for one in json.loads(done.stdout)["signals"]}
    if states["signature"] != "pass":
        raise RuntimeError(f"the signature is not verified: {states['signature']}")


def _tool(name: str) -> str | Path:
    """A tool that is installed, else the one of Debian's package; its name if there is neither."""
    try:
        return shutil.which(name) or debian_tool(name)
    except ImageUnavailableError:
        return name


def _beside(command: Sequence[str | Path]) -> str:
    """How long a tool takes; or that it is not on this machine."""
    return f"{_seconds(command):.2f} s" if shutil.which(command[0]) else "not here"


def _seconds(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> float:
    """How long one run takes, whatever its answer: some say with their code what they found."""
    return seconds(
        lambda: subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=240
        )
    )
