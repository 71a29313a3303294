"""Verdicts against what published programs did: musl-corpus.tsv, and real runs on plain musl.

The programs are fetched by ``python -m tests.support.corpus``; only those that were fetched are
judged.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from explorer import elf
from explorer.compat import Answer, Verdict, find_target, judge
from explorer.elf import Scope
from tests.compat import programs
from tests.compat.helpers import Folder, read
from tests.support import corpus
from tests.support.binaries import binary
from tests.support.corpus import Observed, Program
from tests.support.engine import TestEngine

published = pytest.mark.skipif(
    not corpus.local(),
    reason="no published programs here: python -m tests.support.corpus fetches them",
)

NEVER_STARTED = (
    "no such file or directory",
    "exec format error",
    "Error loading shared library",
    "Error relocating",
    "Could not open '",
)


def _target(observed: Observed) -> str:
    return f"musl-{observed.musl}" + (f"+{observed.packages}" if observed.packages else "")


class _Judge:
    """Reads each program once."""

    def __init__(self) -> None:
        self.facts: dict[Path, elf.Binary] = {}

    def __call__(self, program: Program, target: str) -> Verdict:
        path = program.path
        assert path is not None
        if path not in self.facts:
            self.facts[path] = read(path, Scope.LINKAGE)
        root = program.folder / "files"
        around = Folder(root, path.parent.relative_to(root).as_posix())
        return judge(self.facts[path], find_target(target), around)


@pytest.fixture(scope="module")
def verdict_of() -> _Judge:
    return _Judge()


def _rows(plain: bool) -> list[tuple[Program, Observed]]:
    exact = [program for program in corpus.local() if program.exact]
    return [
        (program, row)
        for program in exact
        for row in program.observed
        if (not row.packages) is plain
    ]


FEWEST = 40
"""Packages that the claim in the README needs at least."""


def test_the_published_programs_are_here() -> None:
    packages = {program.package for program in corpus.local()}
    if os.environ.get("CI", "").lower() in ("1", "true"):
        assert len(packages) >= FEWEST, "python -m tests.support.corpus did not fetch them"
    elif len(packages) < FEWEST:
        pytest.skip(
            f"only {len(packages)} of the record's packages are here:"
            " python -m tests.support.corpus fetches them"
        )


@published
def test_plain_musl_never_disagrees_with_the_record(verdict_of: _Judge) -> None:
    rows = _rows(plain=True)
    assert rows
    wrong = []
    for program, row in rows:
        seen = verdict_of(program, _target(row))
        if seen.answer is not (Answer.YES if row.started else Answer.NO):
            wrong.append((program.id, row, seen.deciding))
    assert not wrong, f"{len(wrong)} of {len(rows)}"


@published
def test_images_with_more_in_them_agree_with_the_record(verdict_of: _Judge) -> None:
    """An honest “unknown” is no disagreement, but has to be rare."""
    rows = _rows(plain=False)
    wrong, unknown = [], []
    for program, row in rows:
        seen = verdict_of(program, _target(row))
        if seen.answer is Answer.UNKNOWN:
            unknown.append((program.id, row, seen.deciding))
        elif seen.answer is not (Answer.YES if row.started else Answer.NO):
            wrong.append((program.id, row, seen.deciding))
    assert not wrong, f"{len(wrong)} of {len(rows)}"
    assert len(unknown) <= len(rows) // 20, unknown


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, errors="replace"
    )


def starts(engine: TestEngine, image: str, program: Program, arch: str) -> tuple[bool, str]:
    """Whether it starts with --version and without a network, by what it prints."""
    root = program.folder / "files"
    assert program.path is not None
    inside = f"/c/{program.path.relative_to(root).as_posix()}"
    limits = [
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--memory=1g",
        "--pids-limit=512",
    ]
    mount = ["--volume", f"{root}:/c:ro", "--platform", f"linux/{arch}"]
    words = [
        *engine.command,
        "run",
        "--rm",
        *limits,
        *mount,
        "--entrypoint",
        inside,
        image,
        "--version",
    ]
    done = _run(words)
    text = done.stdout + done.stderr
    never = (
        done.returncode == 125
        or any(mark in done.stderr for mark in NEVER_STARTED)
        or (done.returncode == 127 and not text.strip())
    )
    crashed = done.returncode == 139 and not done.stdout.strip()
    return not never and not crashed, f"{done.returncode}: {text[:300]}"


@published
@pytest.mark.container
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("target", "libgcc"),
    [("musl-1.2.5", False), ("musl-1.2.5+libstdc++", True), ("musl-1.2.3", False)],
)
def test_real_runs_on_musl_never_disagree(
    engine: TestEngine, verdict_of: _Judge, target: str, libgcc: bool
) -> None:
    """Every program of at most 60 MB is run; the dynamic ones in the other two images too."""
    version = target.partition("-")[2].partition("+")[0]
    arches = ("amd64", "arm64") if target == "musl-1.2.5" else ("amd64",)
    loaded = {arch: engine.musl(arch, version, libgcc=libgcc) for arch in arches}
    wrong, count = [], 0
    for program in corpus.local():
        elsewhere = target != "musl-1.2.5" and (
            not program.linkage.startswith("dyn") or program.arch not in arches
        )
        if program.size > 60_000_000 or program.path is None or elsewhere:
            continue
        program.path.chmod(0o755)
        seen = verdict_of(program, target)
        started, text = starts(engine, loaded[seen.target.arch], program, seen.target.arch)
        count += 1
        if seen.answer is not (Answer.YES if started else Answer.NO):
            wrong.append((program.id, seen.deciding, text))
    assert count
    assert not wrong, f"{len(wrong)} of {count}"


BUILT: dict[str, tuple[Callable[[], Path], str]] = {
    "ifunc": (programs.ifunc, "musl-1.2.5"),
    "textrel": (lambda: binary("c-textrel-musl"), "musl-1.2.5"),
    "relr on 1.2.3": (lambda: binary("c-relr-musl"), "musl-1.2.3"),
    "relr": (lambda: binary("c-relr-musl"), "musl-1.2.5"),
    "statx on 1.2.3": (programs.calls_statx, "musl-1.2.3"),
    "statx": (programs.calls_statx, "musl-1.2.5"),
    "threads": (programs.threads, "musl-1.2.6"),
    "other loader": (programs.strange_loader, "musl-1.2.5"),
    "glibc": (programs.glibc_only, "musl-1.2.6"),
    "go pie": (lambda: binary("go-pie"), "musl-1.2.5"),
    "go": (lambda: binary("go-static-amd64"), "musl-1.2.3"),
    "static pie": (lambda: binary("c-static-pie"), "musl-1.2.3"),
    "glibc on glibc": (lambda: binary("c-glibc"), "debian-12"),
    "glibc 2.34 on 2.36": (lambda: binary("c-glibc-new"), "debian-12"),
    "relr on glibc": (lambda: binary("c-relr"), "debian-12"),
    "textrel on glibc": (lambda: binary("c-textrel"), "debian-12"),
    "musl on glibc": (programs.threads, "debian-12"),
    "go pie on glibc": (lambda: binary("go-pie"), "debian-12"),
    "newer libstdc++": (
        lambda: programs.versioned("libstdc++.so.6", "GLIBCXX_3.4.33")[0],
        "debian-12",
    ),
    "newer glibc": (programs.needs_new_glibc, "debian-12"),
    "same glibc": (programs.needs_new_glibc, "debian-13"),
    "cgo on glibc": (lambda: binary("go-cgo-glibc"), "debian-13"),
    "object": (lambda: binary("c-object"), "musl-1.2.5"),
}


@pytest.mark.container
@pytest.mark.parametrize("case", BUILT)
def test_what_single_rules_say_is_what_happens(
    case: str, engine: TestEngine, tmp_path: Path
) -> None:
    """Programs that trigger one rule each, started on plain musl or on Debian's glibc."""
    make, target = BUILT[case]
    program = tmp_path / "program"
    shutil.copyfile(make(), program)
    program.chmod(0o755)
    seen = judge(read(program), find_target(target), Folder(tmp_path))
    libc, _, version = target.partition("-")
    image = (
        engine.musl("amd64", version)
        if libc == "musl"
        else engine.glibc("amd64", find_target(target).libc_version)
    )
    limits = [
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--pids-limit=64",
    ]
    made = engine.run(
        "create", *limits, "--label", "rr-explorer-test", "--entrypoint", "/program", image
    )
    assert made.returncode == 0, made.stderr
    name = made.stdout.strip()
    try:
        assert engine.run("cp", str(program), f"{name}:/program").returncode == 0
        done = engine.run("start", "--attach", name)
    finally:
        engine.run("rm", "--force", name)
    started = done.returncode == 0
    assert seen.unaided is (Answer.YES if started else Answer.NO), (
        seen.deciding,
        done.returncode,
        done.stdout,
        done.stderr,
    )
