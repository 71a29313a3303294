"""UPX from Debian's packages, run through the C library it was built for, for programs of one's
own.

Results are kept under ``build/upx``, keyed by what goes into them. Raises ``ImageUnavailableError``
where the package cannot be had.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.support.images import BUILD, debian_packages, locked

SUITE = "trixie"
PLACE = BUILD.parent / "upx"


@cache
def _command() -> list[str]:
    """The loader of the suite's glibc, and UPX behind it."""
    root = PLACE / SUITE
    library = root / "usr/lib/x86_64-linux-gnu"
    with locked():
        if not (root / "usr/bin/upx-ucl").exists():
            names = ("upx-ucl", "libc6", "libgcc-s1", "libstdc++6")
            for package in debian_packages(SUITE, "amd64", names).values():
                subprocess.run(["dpkg-deb", "-x", package, root], check=True, timeout=60)
    loader = library / "ld-linux-x86-64.so.2"
    return [str(loader), "--library-path", str(library), str(root / "usr/bin/upx-ucl")]


def packed(program: Path, *options: str) -> Path:
    """``program`` packed by UPX with these options (``--lzma``, ``--nrv2b`` …). Read-only."""
    digest = hashlib.sha256(program.read_bytes() + "\0".join(options).encode()).hexdigest()[:24]
    out = PLACE / "packed" / digest
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(f"{digest}.{id(options)}.part")
        _run([*_command(), "-qqq", "--force", "-f", *options, "-o", str(part), str(program)])
        part.replace(out)
    return out


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command[3:]}: {done.stdout}{done.stderr}"
