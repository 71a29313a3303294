"""Two releases: each file with its successor, a few at a time, whatever goes wrong with one."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.facts import MISSING, Unknown
from explorer.workbench import Depth, Workbench
from explorer.workbench.compare_releases import LOOKS
from tests.advisories.entries import entry, write_database
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import rr

ARCHES = {"amd64": "go-static-amd64", "arm64": "go-static-arm64", "386": "go-static-386"}


def published(github: GitHub, copies: int = 1) -> None:
    """Two releases of C programs and Go programs, the same ones but for amd64."""
    for tag, changed in (("v1", "c-glibc"), ("v2", "go-static-amd64")):
        files = {
            f"tool{number}-linux-{arch}": binary(changed if arch == "amd64" else name)
            for number in range(copies)
            for arch, name in ARCHES.items()
        }
        github.add_release(tag, files)


async def test_it_asks_for_a_few_files_at_once_and_ends_soon(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    published(github, copies=6)
    bench = opened()
    github.fault("*", host="assets", hang=True)
    task = asyncio.ensure_future(bench.compare_releases("v1", "v2"))
    async with asyncio.timeout(30):
        await asyncio.to_thread(
            github.wait_for, lambda seen: sum(s.host == "assets" for s in seen) >= LOOKS
        )
        await asyncio.sleep(0.2)
    assert len([s for s in github.seen if s.host == "assets"]) == LOOKS
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 5
    assert not bench.resources._running


async def test_one_file_that_fails_costs_no_other(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    published(github)
    github.fault("*v2/tool0-linux-arm64", host="web", status=404)
    bench = opened()
    for download in (False, True):
        compared = await bench.compare_releases("v1", "v2", download=download)
        changes = {pair.after.name: pair.changes for pair in compared.pairs}
        assert isinstance(changes["tool0-linux-arm64"], Unknown)
        other = changes["tool0-linux-amd64"]
        assert not isinstance(other, MISSING)
        assert other.libraries_gone == ("libc.so.6",)
        same = changes["tool0-linux-386"]
        assert not isinstance(same, MISSING)
        assert same.same_program, "the API names one digest for both"


async def test_files_are_compared_before_the_download_beside_a_database(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    for number in (1, 2):
        day = f"2026-06-0{number}T10:00:00+00:00"
        program = {"tool-linux-amd64": rr(version=f"{number}.0.0")}
        github.add_release(f"v{number}", program, published_at=day)
    advisory = entry(1, "stdlib", [{"path": "runtime", "symbols": ["goexit"]}])
    bench = opened(vulndb=write_database(tmp_path / "db", [advisory]))
    files = [await bench.resolve(f"v{number}/tool-linux-amd64") for number in (1, 2)]
    comparison = await bench.compare(files[0], files[1], depth=Depth.AVAILABLE)
    assert isinstance(comparison.vulnerabilities, Unknown)
    assert not isinstance(comparison.sections, Unknown), "the section headers were read"
    whole = await bench.compare(files[0], files[1], depth=Depth.WHOLE)
    assert not isinstance(whole.vulnerabilities, Unknown)
