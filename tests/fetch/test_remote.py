"""Bytes of an asset that stays on its server: what is asked for, what it costs, where it ends."""

import asyncio
import contextlib
import dataclasses
import functools
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.bytesource import OutOfReachError
from explorer.errors import IntegrityError, NotFoundError, OperationCancelledError, SourceError
from explorer.facts import Unknown
from explorer.fetch import RemoteSource, Traffic, open_remote
from explorer.fetch.ranges import Ranges
from explorer.http import Token, origin_of
from explorer.releases import Asset
from tests.fetch.conftest import TAG, noise, publish, published
from tests.fetch.test_http import BAD_URLS
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub

T = TypeVar("T")

SIZE = 3_000_000
DATA = noise(SIZE)
K = 1024


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def threaded(workers: ThreadPoolExecutor) -> Callable[[Callable[[], T]], "asyncio.Future[T]"]:
    return lambda work: asyncio.get_running_loop().run_in_executor(workers, work)


Threaded = Callable[[Callable[[], bytes]], "asyncio.Future[bytes]"]


def opened(
    client: httpx.AsyncClient, asset: Asset, *, first: int | None = None, ceiling: int = 1 << 20
) -> RemoteSource:
    return open_remote(client, asset, None, first=first, ceiling=ceiling)


def ranges(github: GitHub) -> list[str]:
    return [seen.range for seen in github.requests(host="assets")]


async def test_nothing_is_asked_before_the_first_read_and_then_16_kib(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA))
    assert remote.size == SIZE
    assert github.seen == []
    assert await threaded(lambda: remote.read_at(0, 64)) == DATA[:64]
    assert await threaded(lambda: remote.read_at(16_000, 384)) == DATA[16_000:16_384]
    assert await threaded(lambda: remote.read_some(10, 1 << 20)) == DATA[10:16_384]
    assert ranges(github) == ["bytes=0-16383"]
    assert remote.traffic == Traffic(1, 16_384, SIZE)
    assert github.body_bytes(host="assets") == 16_384
    assert github.rate_used == 0


async def test_prefetch_makes_the_first_request_without_a_thread(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA))
    await remote.prefetch()
    await remote.prefetch()
    assert ranges(github) == ["bytes=0-16383"]
    assert await threaded(lambda: remote.read_at(0, 16_384)) == DATA[:16_384]
    assert len(ranges(github)) == 1


async def test_each_request_is_larger_and_goes_straight_to_the_file_host(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA))
    for offset in range(0, 200 * K, 4 * K):
        part = await threaded(functools.partial(remote.read_at, offset, 4 * K))
        assert part == DATA[offset : offset + 4 * K]
    assert ranges(github) == [
        f"bytes={16 * K * (2**n - 1)}-{16 * K * (2 ** (n + 1) - 1) - 1}" for n in range(4)
    ]
    assert github.count(host="web") == 1
    assert all(seen.headers.get("if-range") for seen in github.requests(host="assets")[1:])


async def test_far_away_is_a_request_at_that_place(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA))
    await remote.prefetch()
    assert await threaded(lambda: remote.read_at(2_000_000, 100)) == DATA[2_000_000:2_000_100]
    assert await threaded(lambda: remote.read_at(SIZE - 22, 22)) == DATA[-22:]
    assert await threaded(lambda: remote.read_at(SIZE - 22, 500)) == DATA[-22:]
    assert await threaded(lambda: remote.read_at(SIZE - 60_000, 60_000)) == DATA[-60_000:]
    assert await threaded(lambda: remote.read_at(SIZE, 1)) == b""
    assert await threaded(lambda: remote.read_some(SIZE + 5, 1)) == b""
    # The one at the end reaches back: what a zip's last record names lies just before it.
    assert ranges(github) == [
        "bytes=0-16383",
        "bytes=2000000-2032767",
        f"bytes={SIZE - 64 * K}-{SIZE - 1}",
    ]


async def test_the_ceiling_counts_every_byte_moved(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA), ceiling=100 * K)
    await remote.prefetch()
    await threaded(lambda: remote.read_at(1_000_000, 1))  # 32 KiB more
    with pytest.raises(OutOfReachError, match="needs the whole file") as raised:
        await threaded(lambda: remote.read_at(16 * K, 60 * K))
    assert raised.value.needs == 76 * K
    assert len(ranges(github)) == 2
    assert await threaded(lambda: remote.read_at(16 * K, 52 * K)) == DATA[16 * K : 68 * K]
    with pytest.raises(OutOfReachError):
        await threaded(lambda: remote.read_some(68 * K, 10))
    assert remote.traffic.bytes == 100 * K == github.body_bytes(host="assets")
    assert await threaded(lambda: remote.read_at(0, 68 * K)) == DATA[: 68 * K]


async def test_a_small_file_is_there_whole(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA[:1000]))
    assert await threaded(lambda: remote.read_at(0, 5000)) == DATA[:1000]
    assert ranges(github) == ["bytes=0-999"]


async def test_a_listed_size_of_zero_is_asked_about_once(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    """An upload that failed is listed like this, whether or not the server has bytes."""
    remote = opened(client, publish(github, b""))
    await remote.prefetch()
    assert await threaded(lambda: remote.read_at(0, 10)) == b""
    assert remote.size == 0
    assert github.count(host="assets") == 1
    asset = published(github.add_release("v2", {"rr.zip": DATA}).assets["rr.zip"])
    remote = opened(client, dataclasses.replace(asset, size=0))
    assert await threaded(lambda: remote.read_at(0, 10)) == DATA[:10]
    assert remote.size == SIZE


@pytest.mark.parametrize("size", [0, 1, 1000, SIZE])
async def test_an_unlisted_size_comes_from_the_server(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded, size: int
) -> None:
    asset = dataclasses.replace(
        publish(github, DATA[:size]), size=Unknown("the snapshot does not say")
    )
    remote = opened(client, asset)
    assert remote.traffic == Traffic(0, 0, Unknown("the server has not said"))
    assert await threaded(lambda: remote.read_at(0, 10)) == DATA[: min(10, size)]
    assert remote.traffic.of == size
    assert (
        await threaded(lambda: remote.read_at(size - 1 if size else 0, 10))
        == DATA[max(0, size - 1) : size]
    )


async def test_a_server_that_ignores_range_is_cut_off(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    asset = publish(github, noise(20_000_000))
    github.fault(host="assets", ignore_range=True)
    remote = opened(client, asset)
    whole = noise(20_000_000)
    assert await threaded(lambda: remote.read_at(0, 4 * K)) == whole[: 4 * K]
    assert await threaded(lambda: remote.read_at(100_000, 10)) == whole[100_000:100_010]
    with pytest.raises(OutOfReachError):
        await threaded(lambda: remote.read_at(19_999_000, 10))
    assert 16 * K <= remote.traffic.bytes <= 400 * K
    assert remote.size == 20_000_000
    # The server handed more to the sockets' buffers before it noticed: far less than the file.
    assert github.body_bytes(host="assets") < 15_000_000


async def test_the_file_changing_in_between_is_an_error(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    asset = publish(github, DATA)
    remote = opened(client, asset)
    await remote.prefetch()
    github.replace_asset(TAG, asset.name, noise(SIZE, seed=2))
    with pytest.raises(SourceError, match="changed while it was read") as raised:
        await threaded(lambda: remote.read_at(100_000, 10))
    assert "Refresh" in raised.value.remedy


async def test_another_size_than_listed_is_an_integrity_error(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    remote = opened(client, dataclasses.replace(publish(github, DATA), size=SIZE + 1))
    with pytest.raises(IntegrityError, match="another size"):
        await remote.prefetch()


@pytest.mark.parametrize(
    "lie",
    [
        "bytes 5-16388/3000000",
        "bytes 0-99999/3000000",
    ],
)
async def test_a_lying_content_range_is_an_error(
    github: GitHub, client: httpx.AsyncClient, lie: str
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", headers={"Content-Range": lie})
    with pytest.raises((SourceError, IntegrityError)):
        await opened(client, asset).prefetch()


class Script:
    """A server whose answers are written out: one per request, the last one again and again."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.ranges: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                _, _, after = head.partition("range: bytes=")
                self.ranges.append(after.partition("\r\n")[0])
                writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(script: Script) -> AsyncIterator[str]:
    async with await asyncio.start_server(script, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/rr"


def http(status: str, body: bytes = b"", **headers: str) -> bytes:
    fields = {"Content_Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


PARTS = b"--X\r\nContent-Range: bytes 0-16383/3000000\r\n\r\n" + DATA[:16384] + b"\r\n--X--\r\n"
NO_PART = {
    "no Content-Range": http("206 P", DATA[:16384]),
    "not a Content-Range": http("206 P", DATA[:16384], Content_Range="x" * 5000),
    "end before start": http("206 P", DATA[:16384], Content_Range="bytes 9-3/3000000"),
    "another size": http("206 P", DATA[:16384], Content_Range="bytes 0-16383/16384"),
    "end after total": http("206 P", DATA[:16384], Content_Range="bytes 0-16383/7"),
    "several parts": http("206 P", PARTS, Content_Type="multipart/byteranges; boundary=X"),
}
WHOLE = {
    "200": http("200 OK", DATA),
    "206": http("206 P", DATA),
    "206 with Content-Range": http("206 P", DATA, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}"),
}


@pytest.mark.parametrize("first", NO_PART)
@pytest.mark.parametrize("second", WHOLE)
async def test_a_206_that_names_no_part_falls_back_to_the_whole_file(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded, first: str, second: str
) -> None:
    script = Script(NO_PART[first], WHOLE[second])
    async with serving(script) as url:
        remote = opened(client, dataclasses.replace(publish(github, DATA), url=url))
        assert await threaded(lambda: remote.read_at(0, 64)) == DATA[:64]
        assert await threaded(lambda: remote.read_at(20_000, 64)) == DATA[20_000:20_064]
        with pytest.raises(OutOfReachError):
            await threaded(lambda: remote.read_at(2_000_000, 64))
        assert remote.traffic.bytes < 1 << 20
        await client.aclose()
    assert script.ranges[0].startswith("0-")
    assert set(script.ranges[1:]) == {""}


@pytest.mark.parametrize(
    "answer",
    [
        http("206 P", DATA[:16384]),
        NO_PART["several parts"],
        http("206 P", DATA[:9], Content_Range="bytes 5-13/3000000"),
    ],
    ids=["a part", "several parts", "the middle"],
)
async def test_a_206_that_never_names_its_part_is_an_error(
    github: GitHub, client: httpx.AsyncClient, answer: bytes
) -> None:
    async with serving(Script(NO_PART["no Content-Range"], answer)) as url:
        remote = opened(client, dataclasses.replace(publish(github, DATA), url=url))
        with pytest.raises(SourceError, match="which part"):
            await remote.prefetch()
        await client.aclose()


async def test_an_answer_that_is_not_http_is_not_tried_again(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    script = Script(b"HTTP/1.1 206 P\r\nX Bad Header: 1\r\n\r\n")
    async with serving(script) as url:
        remote = opened(client, dataclasses.replace(publish(github, DATA), url=url))
        with pytest.raises(SourceError, match="not valid HTTP") as raised:
            await remote.prefetch()
        assert "X Bad Header" in raised.value.detail
        await client.aclose()
    assert len(script.ranges) == 1


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "utf-8", "none", "binary"])
async def test_a_label_on_the_right_bytes_is_accepted(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded, coding: str
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", headers={"Content-Encoding": coding})
    for ignore_range in (False, True):
        github.heal()
        github.fault(host="assets", headers={"Content-Encoding": coding}, ignore_range=ignore_range)
        remote = opened(client, asset)
        assert await threaded(lambda: remote.read_at(0, 64)) == DATA[:64]  # noqa: B023
        unlisted = opened(client, dataclasses.replace(asset, size=Unknown("not listed")))
        with pytest.raises(SourceError, match="changed on the way"):
            await threaded(lambda: unlisted.read_at(0, 64))  # noqa: B023


async def test_a_peek_never_reads_http_for_a_list_that_came_by_https(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    asset = dataclasses.replace(publish(github, DATA), api_url="https://api.example/assets/1")
    with pytest.raises(SourceError, match="insecure address") as raised:
        await opened(client, asset).prefetch()
    assert "Download it" in raised.value.remedy
    assert github.seen == []


@pytest.mark.parametrize("bad", BAD_URLS, ids=range(len(BAD_URLS)))
async def test_a_peek_of_an_unusable_address_is_a_source_error(
    github: GitHub, client: httpx.AsyncClient, bad: str
) -> None:
    asset = publish(github, DATA)
    with pytest.raises(SourceError):
        await opened(client, dataclasses.replace(asset, url=bad)).prefetch()
    assert github.seen == []


async def test_an_expired_signed_address_is_asked_for_again(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA))
    await remote.prefetch()
    github.expire_links()
    assert await threaded(lambda: remote.read_at(500_000, 100)) == DATA[500_000:500_100]
    assert [seen.host for seen in github.seen] == ["web", "assets", "assets", "web", "assets"]


async def test_one_cut_is_repaired_and_two_are_an_error(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    remote = opened(client, publish(github, DATA))
    github.fault(host="assets", cut_after=5000, times=1)
    assert await threaded(lambda: remote.read_at(0, 9000)) == DATA[:9000]
    assert ranges(github) == ["bytes=0-16383", "bytes=5000-37767"]
    github.fault(host="assets", cut_after=0)
    with pytest.raises(SourceError, match="cut"):
        await threaded(lambda: remote.read_at(1_000_000, 10))
    assert await threaded(lambda: remote.read_at(0, 9000)) == DATA[:9000]


async def test_5xx_once_is_repaired_twice_is_an_error(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", status=500, times=1)
    await opened(client, asset).prefetch()
    github.fault(host="assets", status=500)
    with pytest.raises(SourceError, match="in trouble"):
        await opened(client, asset).prefetch()


async def test_a_missing_file_is_not_found(github: GitHub, client: httpx.AsyncClient) -> None:
    asset = publish(github, DATA)
    github.remove_release(TAG)
    with pytest.raises(NotFoundError):
        await opened(client, asset).prefetch()


async def test_a_server_that_gives_a_byte_at_a_time_is_left(
    client: httpx.AsyncClient, threaded: Threaded, github: GitHub
) -> None:
    asked = 0

    async def stingy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while request := await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            start = int(request.split(b"bytes=")[1].split(b"-")[0])
            writer.write(
                b"HTTP/1.1 206 P\r\nContent-Length: 1\r\n"
                b"Content-Range: bytes %d-%d/3000000\r\n\r\nx" % (start, start)
            )

    async with await asyncio.start_server(stingy, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        remote = opened(
            client, dataclasses.replace(publish(github, DATA), url=f"http://127.0.0.1:{port}/x")
        )
        with pytest.raises(OutOfReachError):
            await threaded(lambda: remote.read_at(0, 4096))
        assert asked <= 40
        await client.aclose()


async def test_the_token_stays_with_the_api(client: httpx.AsyncClient, threaded: Threaded) -> None:
    with GitHub(private=True, tokens=["secret"]) as github:
        asset = publish(github, DATA)
        remote = open_remote(
            client,
            asset,
            Token("secret", origin_of(github.api_url)),
        )
        assert await threaded(lambda: remote.read_at(0, 4)) == DATA[:4]
        assert await threaded(lambda: remote.read_at(900_000, 4)) == DATA[900_000:900_004]
        assert github.hosts_that_saw_a_token == {"api"}
        assert [seen.host for seen in github.seen] == ["web", "api", "assets", "assets"]


async def test_close_ends_a_pending_read_and_every_later_one(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", hang=True)
    remote = opened(client, asset)
    pending = threaded(lambda: remote.read_at(0, 10))
    await asyncio.to_thread(github.wait_for, lambda seen: any(s.host == "assets" for s in seen))
    await asyncio.to_thread(remote.close)
    with pytest.raises(OperationCancelledError):
        await asyncio.wait_for(pending, 30)
    with pytest.raises(OperationCancelledError):
        await threaded(lambda: remote.read_at(0, 10))
    with pytest.raises(OperationCancelledError):
        await threaded(lambda: remote.read_some(0, 10))
    remote.close()


async def test_close_ends_a_pending_prefetch_and_cancelling_it_is_a_cancel(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", hang=True)
    remote, other = opened(client, asset), opened(client, asset)
    closing, cancelling = (
        asyncio.create_task(remote.prefetch()),
        asyncio.create_task(other.prefetch()),
    )
    await asyncio.to_thread(
        github.wait_for, lambda seen: sum(s.host == "assets" for s in seen) == 2
    )
    remote.close()
    cancelling.cancel()
    with pytest.raises(OperationCancelledError):
        await closing
    with pytest.raises(asyncio.CancelledError):
        await cancelling


async def test_reading_on_the_loops_own_thread_is_a_mistake_and_no_deadlock(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    remote = opened(client, publish(github, DATA))
    with pytest.raises(RuntimeError, match="worker threads"):
        remote.read_at(0, 10)


def test_a_loop_that_is_gone_does_not_hang_the_reader(github: GitHub) -> None:
    async def make() -> RemoteSource:
        async with httpx.AsyncClient() as client:
            return opened(client, publish(github, DATA))

    remote = asyncio.run(make())
    with pytest.raises(OperationCancelledError):
        remote.read_at(0, 10)
    remote.close()


@pytest.mark.alone
async def test_sixteen_at_once_take_the_time_of_one(
    github: GitHub, client: httpx.AsyncClient
) -> None:
    release = github.add_release(TAG, {f"rr-{n}.zip": noise(100_000, n) for n in range(16)})
    remotes = [opened(client, published(stored)) for stored in release.assets.values()]
    github.latency(0.2)
    began = time.monotonic()
    await asyncio.gather(*(remote.prefetch() for remote in remotes))
    took = time.monotonic() - began
    assert github.count(host="assets") == 16
    assert took < 4.0, "two requests of 0.2 s, side by side; one after the other would be 6.4 s"


@pytest.mark.parametrize("packing", ["tar.gz", "tar.xz", "tar.zst", "deb"])
@pytest.mark.parametrize("name", ["go-static-amd64", "go-static-arm64"])
async def test_the_first_request_holds_the_beginning_of_a_go_binary(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded, packing: str, name: str
) -> None:
    from explorer.archive import chunks, walk

    program = binary(name)
    members = {"usr/bin/rr": program} if packing == "deb" else roadrunner_members(program)
    folder = "roadrunner" if packing == "deb" else "roadrunner-2025.1.15-linux-arm64"
    data = make_archive(packing, folder, members)
    asset = publish(github, data, f"roadrunner-2025.1.15-linux-arm64.{packing}")
    remote = opened(client, asset)
    await remote.prefetch()

    def beginning() -> bytes:
        for entry in walk(remote, asset.name):
            if entry.member.name.endswith("rr"):
                head = b""
                for chunk in chunks(entry.open()):
                    head += chunk
                    if len(head) >= 4096:
                        return head[:4096]
        return b""

    assert await threaded(beginning) == program.read_bytes()[:4096]
    assert len(ranges(github)) == 1
    assert remote.traffic.bytes <= (80 if packing in ("deb", "tar.zst") else 16) * K


async def test_behind_a_71_kb_changelog_it_takes_at_most_64_kib(
    github: GitHub, client: httpx.AsyncClient, threaded: Threaded
) -> None:
    program = binary("go-static-amd64")
    members = roadrunner_members(program, changelog=71_000)
    order = [*(name for name in members if name != "rr"), "rr"]
    asset = publish(github, make_archive("tar.gz", "roadrunner-2.12.3-linux-amd64", members, order))
    remote = opened(client, asset)

    def unpacked() -> bytes:
        unpacker, at, out = zlib.decompressobj(31), 0, b""
        while (start := out.find(b"\x7fELF")) < 0 or len(out) < start + 4096:
            part = remote.read_some(at, 65536)
            at += len(part)
            out += unpacker.decompress(part)
        return out[start : start + 4096]

    assert await threaded(unpacked) == program.read_bytes()[:4096]
    assert remote.traffic.bytes <= 64 * K


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80)), max_size=30),
    st.integers(0, 400),
    st.integers(1, 100),
)
def test_ranges_hold_what_was_added_and_nothing_else(
    stretches: list[tuple[int, int]], offset: int, limit: int
) -> None:
    whole = bytes(range(256)) * 2
    held = Ranges()
    here: set[int] = set()
    for start, length in stretches:
        held.add(start, whole[start : start + length])
        here.update(range(start, start + length))
    count = next(n for n in range(1000) if offset + n not in here)
    assert held.available(offset) == count
    assert held.get(offset, limit) == whole[offset : offset + min(count, limit)]
    if not count:
        assert held.hole(offset) == next((n for n in range(1000) if offset + n in here), None)
