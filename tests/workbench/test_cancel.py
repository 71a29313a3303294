"""Cancelling a task soon stops its thread and its transfer, and leaves nothing half done."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from explorer.errors import OperationCancelledError
from explorer.progress import Cancellation
from explorer.workbench import Depth, Workbench
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name, rr

SOON_S = 5.0
"""Seconds. A request takes 30 s to time out; cancelled work must not wait for that."""


async def cancelled(work: Coroutine[Any, Any, object], moment: Awaitable[object]) -> None:
    """Start it, await the moment, cancel it, and see it end soon with its thread."""
    task = asyncio.ensure_future(work)
    async with asyncio.timeout(30):
        await moment
    assert not task.done(), "it was over before it could be cancelled"
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < SOON_S


def asked(github: GitHub, host: str, times: int = 1) -> Awaitable[object]:
    """The moment when a host has received this many requests."""
    return asyncio.to_thread(
        github.wait_for, lambda seen: sum(s.host == host for s in seen) >= times
    )


async def begun(bench: Workbench) -> None:
    """The moment when a thread is at work."""
    while not bench.resources._running:  # noqa: ASYNC110  a few turns of the loop
        await asyncio.sleep(0)


def large() -> bytes:
    """160 MB that compress to a thirtieth, within all limits: reading them takes a while."""
    block = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(128)) + bytes(124 << 10)
    return block * 1250


@pytest.mark.parametrize("host", ["web", "assets"])
async def test_a_peek_that_waits_for_its_first_answer(
    served: GitHub, bench: Workbench, host: str
) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    served.fault("*", host=host, hang=True)
    served.forget()
    await cancelled(bench.look(subject), asked(served, host))
    assert subject.asset is not None
    assert await bench.known(subject.asset) is None
    assert not bench.resources._running


async def test_a_peek_whose_thread_waits_for_a_later_answer(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    members = roadrunner_members(rr(), changelog=200_000)
    data = make_archive(
        "tar.gz", "x", members, ["CHANGELOG.md", "rr", "rr.asc", "README.md", "LICENSE"]
    )
    github.add_release(TAG, {archive_name("amd64"): data})
    bench = opened()
    subject = await bench.resolve("latest", "linux-amd64")
    github.fault("*", host="assets", skip=1, hang=True)
    await cancelled(bench.look(subject), asked(github, "assets", 2))
    assert not bench.resources._running
    github.hang_ends()
    github.heal()
    assert (await bench.look(subject)).verdicts


async def test_a_cancelled_download_is_resumed(served: GitHub, bench: Workbench) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    assert subject.asset is not None
    served.fault("*", host="assets", bytes_per_second=300_000, times=1)
    far = asyncio.Event()
    await cancelled(
        bench.look(
            subject, progress=lambda p: far.set() if p.done > 50_000 else None, depth=Depth.WHOLE
        ),
        far.wait(),
    )
    assert await bench.known(subject.asset) is None
    assert not await bench.on_disk(subject)
    assert (await bench.download(subject.asset)).resumed_from > 0


@pytest.mark.parametrize("what", ["inspect", "get"])
async def test_reading_a_large_archive(
    opened: Callable[..., Workbench], tmp_path: Path, what: str
) -> None:
    path = tmp_path / "large.tar.gz"
    path.write_bytes(
        make_archive("tar.gz", "x", {"a": large(), "rr": binary("c-static")}, tool=False)
    )
    bench = opened()
    subject = await bench.resolve(str(path))
    jobs: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "inspect": lambda: bench.look(subject, depth=Depth.WHOLE),
        "get": lambda: bench.get(subject, tmp_path / "out"),
    }
    await cancelled(jobs[what](), begun(bench))
    assert not bench.resources._running
    assert not (tmp_path / "out").exists()
    assert not await bench.cache_entries()


async def test_closing_stops_what_still_runs(opened: Callable[..., Workbench]) -> None:
    bench = opened()
    started = threading.Event()

    def work(cancel: Cancellation) -> None:
        started.set()
        while True:
            cancel.check()
            time.sleep(0.001)

    task = asyncio.ensure_future(bench.resources.run(work))
    await asyncio.to_thread(started.wait, 10)
    await bench.aclose()
    with pytest.raises(OperationCancelledError):
        await task
    assert not bench.resources._running
    assert await bench.resources.run(lambda _: 7) == 7, "it can be used again"


async def test_work_cancelled_before_its_turn_never_begins(
    opened: Callable[..., Workbench],
) -> None:
    from explorer.workbench.resources import THREADS

    bench = opened()
    release = threading.Event()
    busy = [
        asyncio.ensure_future(bench.resources.run(lambda _: release.wait(10)))
        for _ in range(THREADS)
    ]
    began: list[int] = []
    waiting = asyncio.ensure_future(bench.resources.run(lambda _: began.append(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert all(await asyncio.gather(*busy))
    assert not began


async def test_the_client_the_token_and_the_cache_are_made_once(
    served: GitHub, bench: Workbench
) -> None:
    clients = await asyncio.gather(*(bench.resources.client() for _ in range(8)))
    downloaders = await asyncio.gather(*(bench.resources.downloader() for _ in range(8)))
    caches = await asyncio.gather(
        *(bench.resources.run(lambda _: bench.resources.cache) for _ in range(8))
    )
    assert (
        len(set(map(id, clients))),
        len(set(map(id, downloaders))),
        len(set(map(id, caches))),
    ) == (1, 1, 1)


async def test_a_matrix_stops_as_a_whole(served: GitHub, bench: Workbench) -> None:
    served.fault("*", host="assets", hang=True)
    served.forget()
    await cancelled(bench.matrix(), asked(served, "assets", 2))
    assert not bench.resources._running


async def test_the_loop_goes_on_while_files_are_read(
    opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(
        make_archive("tar.gz", "x", {"a": large(), "rr": binary("go-static-amd64")}, tool=False)
    )
    bench = opened()
    subject = await bench.resolve(str(path))
    task = asyncio.ensure_future(bench.look(subject, depth=Depth.WHOLE))
    longest, last = 0.0, time.perf_counter()
    while not task.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert (await task).verdicts
    assert longest < 0.25, "work in threads: the loop is held up by the interpreter's lock only"
