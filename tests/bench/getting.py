"""``get`` beside ``curl | tee >(sha256sum) | tar xz``, run in turns: seconds and processor time."""

import gzip
import importlib.util
import os
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.peeking import TAG
from tests.bench.processes import run_once
from tests.bench.whole import EXPLORER
from tests.support.archives import roadrunner_members, tar_of
from tests.support.github import GitHub
from tests.support.github_process import GitHubProcess

ROUNDS = 5
SIZES = {
    "roadrunner-2025.1.15-linux-amd64": (62_000_000, 1.25),
    "large-linux-amd64": (233_000_000, 1.0),
}
"""Bytes inside of each archive, and how many times the pipeline's time ``get`` may take."""
FOLDER = "EXPLORER_BENCH_FOLDER"


def toolchain() -> Iterator[bytes]:
    """Go's own programs, again and again: they shrink to a third, as released ones do."""
    spec = importlib.util.find_spec("go")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    home = Path(next(iter(spec.submodule_search_locations)))
    tools = sorted(file for file in home.glob("pkg/tool/*/*") if file.is_file())
    while True:
        for file in (home / "bin/go", *tools):
            yield file.read_bytes()


def make_archives(folder: Path) -> None:
    """The archives, packed as ``tar -z`` does."""
    for name, (size, _) in SIZES.items():
        program = b""
        for part in toolchain():
            program += part[: size - len(program)]
            if len(program) == size:
                break
        members = roadrunner_members(program)
        tar = tar_of(
            (f"{name}/{member}", bytes(data))
            for member, data in members.items()
            if isinstance(data, bytes)
        )
        (folder / f"{name}.tar.gz").write_bytes(gzip.compress(tar, 6))


def publish(github: GitHub) -> None:
    """Run in the server's process."""
    folder = Path(os.environ[FOLDER])
    github.add_release(TAG, {file.name: file for file in folder.glob("*.tar.gz")})


def measure(folder: Path) -> list[Figure]:
    """Both archives; the pipeline is not there without curl and bash."""
    archives = folder / "archives"
    archives.mkdir()
    make_archives(archives)
    os.environ[FOLDER] = str(archives)
    figures: list[Figure] = []
    with GitHubProcess(publish) as github:
        for name, (_, limit) in SIZES.items():
            figures += _compare(github, name, limit, folder)
    return figures


def _compare(github: GitHubProcess, name: str, limit: float, folder: Path) -> list[Figure]:
    url = github.ask("asset", TAG, f"{name}.tar.gz").url
    out, cache = folder / "out", folder / "cache"
    line = f"curl -fsSL '{url}' | tee >(sha256sum >{folder}/sum) | tar xz -C '{out}'; wait"
    commands = {
        "pipeline": ["bash", "-c", line],
        "get": [*EXPLORER, "--api-url", github.api_url, "--cache-dir", str(cache), "get",
                f"{TAG}/{name}.tar.gz", "-o", str(out)],
    }  # fmt: skip
    times: dict[str, list[tuple[float, float]]] = {which: [] for which in commands}
    for turn in range(ROUNDS):
        for which in sorted(commands, reverse=bool(turn % 2)):
            for used in (out, cache):
                shutil.rmtree(used, ignore_errors=True)
            out.mkdir()
            times[which].append(run_once(commands[which]))
    wall, busy = (
        statistics.median(
            get[kind] / pipe[kind]
            for get, pipe in zip(times["get"], times["pipeline"], strict=True)
        )
        for kind in (0, 1)
    )
    seconds = {which: statistics.median(took for took, _ in runs) for which, runs in times.items()}
    return [
        Figure(
            f"get {name}.tar.gz", f"{seconds['get']:.2f} s", f"pipeline {seconds['pipeline']:.2f} s"
        ),
        Figure("… in the pipeline's time", f"{wall:.2f} ×", f"at most {limit}", wall <= limit),
        Figure("… in its processor time", f"{busy:.2f} ×"),
    ]
