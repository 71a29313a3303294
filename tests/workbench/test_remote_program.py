"""A program on its server, read from its front on: its strings, its bytes, and what that moves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from explorer.content import NeedleKind, StringScanner, parse_needle
from explorer.errors import ExplorerError
from explorer.progress import Progress
from explorer.workbench import Depth, RemoteProgram, Workbench
from tests.support.archives import make_archive
from tests.support.binaries import binary
from tests.support.github import GitHub

END = b"the end is here!"
PROGRAM = binary("go-static-amd64").read_bytes() * 3 + END
TAG = "v1.0.0"
PACKINGS = ["tar.gz", "tar.xz", "tar.zst", "zip", "deb", "7z"]


def texts(data: bytes) -> list[tuple[int, str]]:
    scanner = StringScanner()
    runs = [*scanner.feed(data), *scanner.feed(b"", last=True)]
    return [(run.offset, run.text) for run in runs]


@contextlib.asynccontextmanager
async def peeked(wb: Workbench, name: str) -> AsyncIterator[RemoteProgram]:
    """The program, after a peek."""
    subject = await wb.resolve(f"{TAG}/{name}")
    inspection = await wb.look(subject, depth=Depth.AVAILABLE)
    assert inspection.path is None
    remote = await wb.remote_program(subject, inspection)
    assert remote is not None
    try:
        yield remote
    finally:
        remote.close()


@pytest.mark.parametrize("packing", PACKINGS)
async def test_strings_come_as_they_arrive(packing: str, github: GitHub, bench: Workbench) -> None:
    data = make_archive(packing, "roadrunner-1.0.0-linux-amd64", {"rr": PROGRAM})
    name = f"roadrunner-1.0.0-linux-amd64.{packing}"
    github.add_release(TAG, {name: data})
    async with peeked(bench, name) as remote:
        await remote.read_on(200_000)
        assert 200_000 <= remote.have < len(PROGRAM)
        some = len(remote.strings)
        assert 0 < some < len(texts(PROGRAM))
        row = remote.strings.row(some - 1)
        await remote.read_on(1 << 40)
        assert remote.is_whole
        assert remote.size == remote.have == len(PROGRAM)
        strings = [remote.strings.row(number) for number in range(len(remote.strings))]
        assert [(run.offset, run.text) for run in strings] == texts(PROGRAM)
        assert remote.strings.row(some - 1) == row
        assert remote.moved < len(data) + (1 << 20)
        assert not await bench.on_disk(await bench.resolve(f"{TAG}/{name}"))


async def test_a_program_in_an_archive_in_an_archive(github: GitHub, bench: Workbench) -> None:
    stem = "tool-1.0.0-linux-amd64"
    inner = make_archive("tar.gz", stem, {"tool": PROGRAM})
    github.add_release(TAG, {f"{stem}.zip": make_archive("zip", stem, {f"{stem}.tar.gz": inner})})
    async with peeked(bench, f"{stem}.zip") as remote:
        assert await remote.read(0, 1 << 40) == PROGRAM


async def test_a_bare_program_goes_on_where_it_was_stopped(
    github: GitHub, bench: Workbench
) -> None:
    github.add_release(TAG, {"tool-linux-amd64": PROGRAM})
    async with peeked(bench, "tool-linux-amd64") as remote:
        await remote.read_on(1)
        github.fault("tool-linux-amd64", host="assets", bytes_per_second=400_000)
        arrived = asyncio.Event()
        loop, have = asyncio.get_running_loop(), remote.have

        def progress(_: Progress) -> None:
            loop.call_soon_threadsafe(arrived.set)

        reading = asyncio.ensure_future(remote.read_on(1 << 40, progress))
        await arrived.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert have < remote.have < len(PROGRAM)
        have = remote.have
        assert remote.to_move == len(PROGRAM) - have
        github.heal()
        assert await remote.read(0, 1 << 40) == PROGRAM


@pytest.mark.parametrize("packing", ["tar.gz", ""])
async def test_searches_read_on_as_far_as_needed(
    packing: str, github: GitHub, bench: Workbench
) -> None:
    data = PROGRAM[:3_000_000] + b"needle" + PROGRAM
    name = "roadrunner-1.0.0-linux-amd64" + (f".{packing}" if packing else "")
    packed = (
        make_archive(packing, "roadrunner-1.0.0-linux-amd64", {"rr": data}) if packing else data
    )
    github.add_release(TAG, {name: packed})
    async with peeked(bench, name) as remote:
        spot = await remote.find(parse_needle("needle"))
        assert spot is not None
        assert spot.offset == 3_000_000
        assert not remote.is_whole, "not further than needed"
        back = await remote.find(parse_needle("7f 45 4c 46", NeedleKind.HEX), 3_000_000, back=True)
        assert back is not None
        assert back.offset == data.rindex(b"\x7fELF", 0, 3_000_000)
        end = await remote.find(parse_needle("the end (is|was) here", NeedleKind.REGEX))
        assert end is not None
        assert end.offset == len(data) - len(END)
        assert await remote.find(parse_needle("zq nowhere qz")) is None
        assert remote.is_whole


async def test_what_goes_wrong_on_the_way_is_said(github: GitHub, bench: Workbench) -> None:
    data = make_archive("tar.gz", "roadrunner-1.0.0-linux-amd64", {"rr": PROGRAM})
    name = "roadrunner-1.0.0-linux-amd64.tar.gz"
    github.add_release(TAG, {name: data[:-400_000] + bytes(400_000)})
    async with peeked(bench, name) as remote:
        with pytest.raises(ExplorerError, match=r"end too early|damaged"):
            await remote.read_on(1 << 40)
        assert remote.have > 1 << 20, "what has arrived stays"
        assert len(remote.strings)
