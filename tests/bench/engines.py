"""What a proof costs by the Engine API beside the client's four commands, and over ssh."""

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

from explorer.progress import Cancellation
from explorer.verify import (
    Engine,
    Proof,
    ProofRequest,
    TreeItem,
    close_apis,
    engine_by_name,
    find_engine,
    prove,
)
from explorer.verify.tree import pack
from tests.bench.figures import Figure
from tests.bench.peeking import go_program
from tests.support.engine import TestEngine, find
from tests.support.pool import FAR, two_engines

TIMES = 5
OVER_SSH = 200
AT_ONCE = 8
BESIDE = tuple(
    TreeItem(name, lambda: iter((bytes(20_000),)), 20_000)
    for name in ("CHANGELOG.md", "LICENSE", "README.md")
)
"""As in an archive of RoadRunner's."""


def measure(folder: Path) -> list[Figure]:
    """One and eight at a time; and two hundred over ssh. Only for docker."""
    engine = find()
    if isinstance(engine, str) or engine.name != "docker":
        return [Figure("proofs by the API", "not measured", "no docker answers")]
    rr = folder / "rr"
    shutil.copy(go_program("linux", "amd64"), rr)
    return [*asyncio.run(_beside_client(engine, rr)), asyncio.run(_over_ssh(engine, rr))]


def _request(engine: Engine, image: str, rr: Path) -> ProofRequest:
    return ProofRequest(
        engine, rr, "linux/amd64", image, argv=("{}", "--version"), static=True, pull=False
    )


async def _beside_client(engine: TestEngine, rr: Path) -> list[Figure]:
    """Both ways by turns, with the same restrictions."""
    request = _request(await find_engine("docker", engine.engine_args), engine.musl(), rr)
    with pack("rr", rr, (), Cancellation()).file as packed:
        packed.seek(0)
        tar = packed.read()
    await close_apis()
    with _copying():
        commands = (await prove(request)).command
    await find_engine("docker", engine.engine_args)
    archive = replace(request, beside=lambda _: BESIDE)

    async def copied() -> Proof:
        with _copying():
            return await prove(archive)

    cases: tuple[tuple[str, int, float | None, Callable[[], Awaitable[object]]], ...] = (
        ("one proof by the API", 1, 0.6, lambda: prove(request)),
        (f"{AT_ONCE} proofs at a time, each", AT_ONCE, 0.7, lambda: prove(request)),
        ("the same of an archive: one", 1, 0.6, lambda: prove(archive)),
        (
            f"the same of an archive: {AT_ONCE} at a time, each",
            AT_ONCE,
            0.7,
            lambda: prove(archive),
        ),
        ("one by the API, copied as for an engine elsewhere", 1, None, copied),
    )
    figures = []
    for name, many, limit, work in cases:
        ours, theirs = [], []
        for _ in range(TIMES):
            ours.append(await _each(many, work))
            theirs.append(await _each(many, lambda: asyncio.to_thread(_by_client, commands, tar)))
        api, client = statistics.median(ours), statistics.median(theirs)
        beside = f"the client's four commands: {1000 * client:.0f} ms; {api / client:.2f} times"
        holds = None if limit is None else api / client <= limit
        figures.append(Figure(name, f"{1000 * api:.0f} ms", beside, holds))
    await close_apis()
    return figures


@contextlib.contextmanager
def _copying() -> Iterator[None]:
    """Let no program be mounted."""
    with mock.patch("explorer.verify.proof.mounts_files", return_value=False):
        yield


async def _each(many: int, work: Callable[[], Awaitable[object]]) -> float:
    """Seconds for each of several at the same time."""
    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(many)))
    return (time.perf_counter() - began) / many


def _by_client(commands: tuple[tuple[str, ...], ...], tar: bytes) -> None:
    """The command lines of a proof, for a container of another name."""
    name = f"rr-explorer-bench-{uuid.uuid4().hex[:8]}"
    own = commands[0][commands[0].index("--name") + 1]
    for words in commands:
        subprocess.run(
            [word.replace(own, name) for word in words],
            input=tar if "cp" in words else b"",
            capture_output=True,
            check=True,
        )


async def _over_ssh(engine: TestEngine, rr: Path) -> Figure:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(request: ProofRequest) -> Proof:
        async with gate:
            return await prove(request)

    with two_engines(engine.musl()) as engines:
        kept = dict(os.environ)
        os.environ.update(engines.environ)
        try:
            request = _request(await engine_by_name(FAR), engine.musl(), rr)
            await prove(request)
            began = time.perf_counter()
            proofs = await asyncio.gather(*(one(request) for _ in range(OVER_SSH)))
            each = (time.perf_counter() - began) / OVER_SSH
            assert all(proof.result == "ran" for proof in proofs)
        finally:
            await close_apis()
            os.environ.clear()
            os.environ.update(kept)
    what = f"{OVER_SSH} proofs over ssh://, each"
    return Figure(what, f"{each:.3f} s", "required: 0.3 s", each <= 0.3)
