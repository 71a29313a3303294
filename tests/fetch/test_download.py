"""Downloads from a real server: what arrives, what is resumed, what is refused."""

import asyncio
import dataclasses
import errno
import gzip
import hashlib
import json
import os
import threading
from pathlib import Path

import filelock
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import (
    IntegrityError,
    NotFoundError,
    OfflineError,
    RateLimitedError,
    SourceError,
)
from explorer.facts import NotApplicable, Unknown
from explorer.fetch import Cache, Check, Downloader, asset_key
from explorer.fetch.partial import Partial
from explorer.fetch.wire import content_range_of
from explorer.http import Token, origin_of
from explorer.progress import Progress, ProgressCallback
from explorer.releases import Asset
from tests.fetch.conftest import QUICK, TAG, WRONG_KINDS, noise, publish, published
from tests.support.github import GitHub

SIZE = 3_000_000
DATA = noise(SIZE)
SHA = hashlib.sha256(DATA).hexdigest()


def kept(cache: Cache) -> tuple[int, int, int]:
    """Blobs, cut downloads, and files in tmp/."""
    stats = cache.stats()
    return stats.blobs, stats.partials, len(list((cache.directory / "tmp").iterdir()))


async def test_a_file_arrives_whole_and_checked_then_comes_from_the_cache(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    got = await downloader.download(asset)
    assert got.blob.path.read_bytes() == DATA
    assert (got.blob.sha256, got.blob.size, got.check) == (SHA, SIZE, Check.OK)
    assert (got.from_cache, got.resumed_from, got.moved) == (False, 0, SIZE)
    assert kept(cache) == (1, 0, 0)
    requests = len(github.seen)
    again = await downloader.download(asset)
    assert (again.blob, again.from_cache, again.moved, again.check) == (got.blob, True, 0, Check.OK)
    assert len(github.seen) == requests


async def test_it_asks_for_the_bytes_as_they_are_and_spends_no_rate(
    github: GitHub, downloader: Downloader
) -> None:
    await downloader.download(publish(github, DATA))
    assert {seen.headers["accept-encoding"] for seen in github.seen} == {"identity"}
    assert [seen.host for seen in github.seen] == ["web", "assets"]
    assert github.rate_used == 0


async def test_no_digest_is_absent_and_not_ok(github: GitHub, downloader: Downloader) -> None:
    got = await downloader.download(publish(github, DATA, digests=False))
    assert got.check is Check.ABSENT
    assert got.blob.sha256 == SHA


async def test_a_digest_that_was_not_compared_is_neither_ok_nor_absent(
    github: GitHub, downloader: Downloader
) -> None:
    why = Unknown("the server's digest is of kind sha512, which is not checked here")
    asset = dataclasses.replace(publish(github, DATA), digest=why)
    got = await downloader.download(asset)
    assert (got.check, got.blob.sha256) == (why, SHA)
    again = await downloader.download(asset)
    assert (again.check, again.from_cache) == (why, True)


async def test_a_name_that_no_file_system_takes_can_be_downloaded(
    github: GitHub, downloader: Downloader
) -> None:
    asset = dataclasses.replace(
        publish(github, DATA), id=Unknown("no number"), name="tool\ud800", tag="v\udfff"
    )
    assert (await downloader.download(asset)).blob.sha256 == SHA
    assert (await downloader.download(asset)).from_cache


async def test_an_empty_file_is_a_file(github: GitHub, downloader: Downloader) -> None:
    got = await downloader.download(publish(github, b""))
    assert (got.blob.size, got.blob.path.read_bytes(), got.check) == (0, b"", Check.OK)


async def test_progress_counts_to_the_end_about_ten_times_a_second(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", bytes_per_second=4_000_000)
    seen: list[Progress] = []
    await downloader.download(asset, progress=seen.append)
    moving = [p for p in seen if p.stage == "downloading"]
    assert [p.done for p in moving] == sorted(p.done for p in moving)
    assert (moving[-1].done, moving[-1].total) == (SIZE, SIZE)
    assert 3 <= len(moving) <= 20
    rates = [p.rate for p in moving if p.rate]
    assert rates
    assert 1_000_000 < rates[-1] < 8_000_000
    assert any(p.seconds_left for p in moving)


@pytest.mark.parametrize("digests", [True, False])
async def test_a_cut_is_resumed_within_the_call(
    github: GitHub, downloader: Downloader, digests: bool
) -> None:
    asset = publish(github, DATA, digests=digests)
    github.fault(host="assets", cut_after=1_000_000, times=2)
    got = await downloader.download(asset)
    assert got.blob.sha256 == SHA
    ranges = [seen.range for seen in github.requests(host="assets")]
    assert ranges == ["", "bytes=1000000-", "bytes=2000000-"]
    assert all(seen.headers["if-range"] for seen in github.requests(host="assets")[1:])
    assert (got.resumed_from, got.moved) == (2_000_000, SIZE)


async def test_a_line_that_is_cut_often_succeeds_while_bytes_arrive(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", cut_after=200_000)
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.moved) == (SHA, SIZE)
    assert github.count(host="assets") == SIZE // 200_000


async def test_a_file_kept_under_a_wrong_key_is_not_handed_out(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    cache.add(asset_key(asset), asset.name, [noise(1000, seed=3)])
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.from_cache, got.check) == (SHA, False, Check.OK)


async def test_a_restart_goes_on_where_it_stopped(
    github: GitHub, cache: Cache, client: httpx.AsyncClient, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    # Every attempt is cut after too few bytes to count as progress, so the downloader gives up.
    github.fault(host="assets", cut_after=50_000)
    with pytest.raises(SourceError, match="cut") as raised:
        await downloader.download(asset)
    assert "Try again" in raised.value.remedy
    assert kept(cache) == (0, 1, 0)
    github.heal()
    github.forget()
    with_new_process = Downloader(client, Cache(cache.directory, 1 << 30), None, patience=QUICK)
    got = await with_new_process.download(asset)
    with_new_process.close()
    assert got.resumed_from == 150_000
    assert got.moved == SIZE - 150_000
    assert got.check is Check.OK
    assert kept(cache) == (1, 0, 0)


async def cut_once(github: GitHub, downloader: Downloader, asset: Asset) -> None:
    """Leave 50 kB or more of it in partials/."""
    github.fault(host="assets", cut_after=50_000)
    with pytest.raises(SourceError):
        await downloader.download(asset)
    github.heal()
    github.forget()


async def test_a_server_that_ignores_range_makes_it_start_over(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    github.fault(host="assets", ignore_range=True)
    got = await downloader.download(asset)
    assert (got.resumed_from, got.moved, got.blob.sha256) == (0, SIZE, SHA)


async def test_a_changed_file_at_the_same_address_starts_over(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA, digests=False)
    await cut_once(github, downloader, asset)
    other = noise(SIZE, seed=2)
    github.replace_asset(TAG, asset.name, other)
    got = await downloader.download(asset)
    assert (got.resumed_from, got.blob.sha256) == (0, hashlib.sha256(other).hexdigest())


async def test_another_etag_in_a_206_starts_over(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    github.fault(host="assets", headers={"ETag": '"another"'}, times=1)
    got = await downloader.download(asset)
    assert (got.resumed_from, got.blob.sha256) == (0, SHA)
    assert [bool(seen.range) for seen in github.requests(host="assets")] == [True, False]


@pytest.mark.parametrize(
    ("modified", "resumed"),
    [("Wed, 17 Jun 2020 14:00:00 GMT", True), ("Tue, 17 Jun 2098 14:00:00 GMT", False)],
)
async def test_a_date_proves_something_only_if_it_lies_before_the_answer(
    github: GitHub, downloader: Downloader, modified: str, resumed: bool
) -> None:
    """RFC 9110, 8.8.2.2: a file may change twice in a second."""
    asset = publish(github, DATA, digests=False)
    github.fault(
        host="assets", headers={"ETag": "", "Last-Modified": modified}, cut_after=1_000_000, times=1
    )
    got = await downloader.download(asset)
    assert got.blob.sha256 == SHA
    assert [bool(seen.range) for seen in github.requests(host="assets")] == [False, resumed]


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'"x"',
        {"key": "another"},
        {"etag": 5},
        {"modified": None},
        {"total": "3"},
    ],
)
async def test_bytes_whose_note_makes_no_sense_do_not_count(
    github: GitHub, cache: Cache, downloader: Downloader, note: bytes | dict[str, object]
) -> None:
    asset = publish(github, DATA, digests=False)
    await cut_once(github, downloader, asset)
    (path,) = cache.partials.glob("*.json")
    path.write_bytes(
        note
        if isinstance(note, bytes)
        else json.dumps(json.loads(path.read_bytes()) | note).encode()
    )
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.resumed_from, got.moved) == (SHA, 0, SIZE)


async def test_416_starts_over(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    github.fault(host="assets", status=416, times=1)
    got = await downloader.download(asset)
    assert (got.resumed_from, got.blob.sha256) == (0, SHA)


@pytest.mark.parametrize(
    "lie",
    ["bytes 0-99/100", "bytes 7-2999999/3000000", "bytes */3000000", "pages 1-2/3", "bytes 5-2/3"],
)
async def test_a_lying_content_range_never_becomes_a_file(
    github: GitHub, downloader: Downloader, lie: str
) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    github.fault(host="assets", headers={"Content-Range": lie})
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.resumed_from) == (SHA, 0)
    assert [bool(seen.range) for seen in github.requests(host="assets")] == [True, False]


async def test_a_file_that_always_ends_too_early_is_an_error_and_keeps_what_came(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", length_error=5)
    with pytest.raises((SourceError, IntegrityError)):
        await downloader.download(asset)
    assert cache.stats().blobs == 0


async def test_a_content_length_that_is_not_the_listed_size_is_an_integrity_error(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = dataclasses.replace(publish(github, DATA), size=SIZE - 1)
    with pytest.raises(IntegrityError, match="another size") as raised:
        await downloader.download(asset)
    assert f"{SIZE:,}" in raised.value.detail
    assert f"{SIZE - 1:,}" in raised.value.detail
    assert kept(cache) == (0, 0, 0)
    assert github.body_bytes(host="assets") < SIZE


async def test_more_bytes_than_listed_are_refused_without_a_length(
    tmp_path: Path, cache: Cache, downloader: Downloader
) -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except OSError:
            writer.close()

    async with await asyncio.start_server(pour, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        with GitHub() as github:
            asset = dataclasses.replace(
                publish(github, DATA), url=f"http://127.0.0.1:{port}/endless"
            )
        with pytest.raises(IntegrityError, match="longer than promised"):
            await downloader.download(asset)
        assert kept(cache) == (0, 0, 0)


async def test_wrong_bytes_keep_nothing_and_both_digests_are_said(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", corrupt=True)
    wrong = hashlib.sha256(bytes([DATA[0] ^ 0xFF]) + DATA[1:]).hexdigest()
    with pytest.raises(IntegrityError) as raised:
        await downloader.download(asset)
    assert SHA in raised.value.detail
    assert wrong in raised.value.detail
    assert raised.value.exit_code == 4
    assert kept(cache) == (0, 0, 0)


async def test_a_partial_damaged_on_the_disk_is_fetched_again_once(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    (partial,) = cache.partials.glob("*.part")
    partial.write_bytes(b"\0" * partial.stat().st_size)
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.resumed_from, got.check) == (SHA, 0, Check.OK)


async def test_a_complete_partial_damaged_on_the_disk_is_fetched_again(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    """Killed between the last byte and the new name, before the disk had all of it."""
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    (partial,) = cache.partials.glob("*.part")
    partial.write_bytes(DATA[:1_000_000] + bytes(SIZE - 1_000_000))
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.resumed_from, got.moved, got.check) == (SHA, 0, SIZE, Check.OK)


async def test_a_whole_partial_needs_its_name_only(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    (partial,) = cache.partials.glob("*.part")
    partial.write_bytes(DATA)
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.resumed_from, got.moved, got.check) == (SHA, SIZE, 0, Check.OK)
    assert github.count() == 0


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
async def test_a_validator_that_no_header_may_hold_is_not_sent_back(
    github: GitHub, downloader: Downloader, header: str
) -> None:
    asset = publish(github, DATA)
    value = {"ETag": '"\xe9\xff"', "Last-Modified": "Wed, 17 Jun 2020 14:00:00 GMT (\xe9)"}[header]
    github.fault(host="assets", headers={"ETag": "", header: value}, cut_after=1_000_000, times=1)
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.check) == (SHA, Check.OK)


async def test_what_another_process_fetched_meanwhile_is_not_fetched_again(
    github: GitHub, cache: Cache, client: httpx.AsyncClient
) -> None:
    first, second = (
        publish(github, DATA),
        published(github.add_release("v2", {"rr.zip": DATA[:5000]}).assets["rr.zip"]),
    )
    held = github.fault("*arm64*", host="assets", hang=True)
    mine = Downloader(client, cache, None, slots=1, patience=QUICK)
    others = Downloader(client, cache, None, patience=QUICK)
    try:
        running = asyncio.create_task(mine.download(first))
        await asyncio.to_thread(
            github.wait_for, lambda seen: any(one.host == "assets" for one in seen)
        )
        waits = asyncio.Event()
        queued = asyncio.create_task(
            mine.download(
                second, progress=lambda now: waits.set() if now.stage == "queued" else None
            )
        )
        await waits.wait()
        await others.download(second)
        assert held.times is None
        github.hang_ends()
        await running
        assert (await queued).from_cache
        assert github.count("*rr.zip", host="assets") == 1
    finally:
        mine.close()
        others.close()


async def test_a_download_cancelled_while_it_takes_its_lock_leaves_it_free(
    github: GitHub, downloader: Downloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, go_on = threading.Event(), threading.Event()
    really = Partial.try_lock

    def slowly(self: Partial) -> bool:
        held = really(self)
        taken.set()
        go_on.wait(10)
        return held

    asset = publish(github, DATA)
    with monkeypatch.context() as patched:
        patched.setattr(Partial, "try_lock", slowly)
        task = asyncio.create_task(downloader.download(asset))
        await asyncio.to_thread(taken.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    got = await asyncio.wait_for(downloader.download(asset), 10)
    assert got.blob.sha256 == SHA


async def test_5xx_is_tried_again_and_then_an_error(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", status=503, times=2)
    assert (await downloader.download(asset)).blob.sha256 == SHA
    other = published(github.add_release("v2", {"rr.zip": b"abc"}).assets["rr.zip"])
    github.fault("*rr.zip", host="assets", status=502)
    with pytest.raises(SourceError, match="in trouble") as raised:
        await downloader.download(other)
    assert "502" in raised.value.detail
    assert github.count("*rr.zip", host="assets") == QUICK.failures


async def test_a_server_that_asks_for_days_is_not_waited_for(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", status=503, headers={"Retry-After": "999999"})
    with pytest.raises(SourceError, match="in trouble"):
        await asyncio.wait_for(downloader.download(asset), 5)


async def test_an_expired_signed_address_is_asked_for_again(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", status=403, times=1)
    assert (await downloader.download(asset)).blob.sha256 == SHA


async def test_a_file_that_is_gone_is_not_found(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    github.remove_release(TAG)
    with pytest.raises(NotFoundError) as raised:
        await downloader.download(asset)
    assert "GITHUB_TOKEN" in raised.value.remedy


async def test_rate_limits_name_the_moment(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    github.fault(host="web", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimitedError) as raised:
        await downloader.download(asset)
    assert raised.value.until is not None


async def test_a_dead_server_is_offline(
    github: GitHub, client: httpx.AsyncClient, downloader: Downloader
) -> None:
    asset = dataclasses.replace(publish(github, DATA), url="http://127.0.0.1:1/rr")
    with pytest.raises(OfflineError):
        await downloader.download(asset)


async def test_an_asset_without_any_address_says_so(github: GitHub, downloader: Downloader) -> None:
    with pytest.raises(SourceError, match="No address is known"):
        await downloader.download(dataclasses.replace(publish(github, DATA), url="", api_url=""))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x/y",
        "http://",
        "https://exa mple/",
        "http://[::1",
        "//x",
        "http://a\x00b/",
        "http://127.0.0.1:1/\ud800",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "https://xn--a/",
        f"http://{'a' * 64}.invalid/",
        "http://a..b/",
    ],
)
async def test_other_addresses_than_http_are_refused(
    github: GitHub, downloader: Downloader, url: str
) -> None:
    with pytest.raises(SourceError):
        await downloader.download(dataclasses.replace(publish(github, DATA), url=url))


@pytest.mark.parametrize("digests", [True, False])
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "utf-8", "none", "binary"])
async def test_a_label_on_the_right_bytes_is_accepted(
    github: GitHub, downloader: Downloader, coding: str, digests: bool
) -> None:
    asset = publish(github, DATA, digests=digests)
    github.fault(host="assets", headers={"Content-Encoding": coding})
    github.fault(host="assets", cut_after=1_000_000, times=1)
    assert (await downloader.download(asset)).blob.sha256 == SHA


async def test_a_label_on_bytes_of_unknown_size_needs_a_digest(
    github: GitHub, downloader: Downloader
) -> None:
    asset = dataclasses.replace(publish(github, DATA), size=Unknown("not listed"))
    github.fault(host="assets", headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="changed on the way"):
        await downloader.download(dataclasses.replace(asset, digest=Unknown("not listed")))
    assert (await downloader.download(asset)).blob.sha256 == SHA


@pytest.mark.parametrize("sized", [True, False])
async def test_a_body_that_is_really_packed_is_refused_at_once(
    github: GitHub, cache: Cache, downloader: Downloader, sized: bool
) -> None:
    """Packed bytes are shorter here; whether a Content-Length says so or not."""
    plain = b"text " * 10_000
    asset = publish(github, plain)
    packed = gzip.compress(plain)

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = f"Content-Length: {len(packed)}\r\n" if sized else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n{length}Connection: close\r\n\r\n"
        writer.write(head.encode() + packed)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(send, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/rr"
        with pytest.raises(SourceError, match="changed on the way") as raised:
            await downloader.download(dataclasses.replace(asset, url=url))
    assert "gzip" in raised.value.detail
    assert kept(cache) == (0, 0, 0)


@pytest.mark.parametrize("said", [f"bytes 0-{SIZE - 1}/{SIZE}", "bytes 0-999999/3000000", ""])
async def test_a_206_that_was_not_asked_for_is_taken_for_what_it_is(
    github: GitHub, downloader: Downloader, said: str
) -> None:
    """Some servers and proxies answer 206 to a request without Range."""
    asset = publish(github, DATA)
    body = DATA[:1_000_000] if "999999" in said else DATA
    github.fault(
        host="assets",
        status=206,
        body=body,
        headers={"Content-Range": said, "ETag": '"x"'},
        times=1,
    )
    github.fault(host="assets", headers={"ETag": '"x"'})
    assert (await downloader.download(asset)).blob.sha256 == SHA


@pytest.mark.parametrize("said", ["bytes 5-2999999/3000000", ""])
async def test_a_part_that_was_not_asked_for_is_refused(
    github: GitHub, cache: Cache, downloader: Downloader, said: str
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", status=206, body=DATA[5:], headers={"Content-Range": said})
    with pytest.raises(SourceError, match="not asked for"):
        await downloader.download(asset)
    assert cache.stats().blobs == 0


@pytest.mark.parametrize("digests", [True, False])
async def test_a_listed_size_of_zero_is_not_believed(
    github: GitHub, downloader: Downloader, digests: bool
) -> None:
    asset = dataclasses.replace(publish(github, DATA, digests=digests), size=0)
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.check) == (SHA, Check.OK if digests else Check.ABSENT)


@pytest.mark.parametrize(
    ("status", "words", "remedy"),
    [
        (451, "legal reasons", "notice"),
        (400, "does not accept", "will not help"),
        (406, "does not accept", "will not help"),
        (401, "refuses", "GITHUB_TOKEN"),
        (204, "sends no file", "later"),
    ],
)
async def test_a_refusal_says_what_it_means(
    github: GitHub, downloader: Downloader, status: int, words: str, remedy: str
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", status=status, body=b'{"message":"Repository access blocked"}')
    with pytest.raises(SourceError, match=words) as raised:
        await downloader.download(asset)
    assert str(status) in raised.value.detail
    assert remedy in raised.value.remedy
    assert github.count(host="assets") == 1
    if status == 451:
        assert "Repository access blocked" in raised.value.detail


@pytest.mark.parametrize("host", ["web", "assets"])
async def test_a_secondary_rate_limit_is_one_and_no_token_helps(
    github: GitHub, downloader: Downloader, host: str
) -> None:
    asset = publish(github, DATA)
    message = b'{"message":"You have exceeded a secondary rate limit. Please wait a few minutes"}'
    github.fault(host=host, status=403, body=message)
    with pytest.raises(RateLimitedError) as raised:
        await downloader.download(asset)
    assert "secondary" in raised.value.detail
    assert "few minutes" in raised.value.remedy
    assert "GITHUB_TOKEN" not in raised.value.remedy


async def test_a_file_that_is_cut_without_end_and_cannot_resume_is_given_up(
    github: GitHub, downloader: Downloader
) -> None:
    """Without validators every attempt starts again: bytes that came before are no progress."""
    asset = publish(github, DATA)
    headers = {"ETag": "", "Last-Modified": ""}
    github.fault(host="assets", headers=headers, cut_after=1_000_000)
    with pytest.raises(SourceError, match="cut"):
        await asyncio.wait_for(downloader.download(asset), 60)
    assert github.count(host="assets") <= QUICK.failures + 1


async def test_a_changed_file_on_a_bad_line_is_still_fetched(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    """What arrived of the old file does not hide the progress with the new one."""
    asset = publish(github, DATA, digests=False)
    await cut_once(github, downloader, asset)
    (partial,) = cache.partials.glob("*.part")
    partial.write_bytes(DATA[:2_900_000])
    other = noise(SIZE, seed=2)
    github.replace_asset(TAG, asset.name, other)
    github.fault(host="assets", cut_after=200_000)
    got = await downloader.download(asset)
    assert (got.blob.sha256, got.resumed_from) == (hashlib.sha256(other).hexdigest(), 2_800_000)


@pytest.mark.parametrize("api_url", ["", "http://api.example/assets/1"])
async def test_http_after_https_is_refused_whatever_the_api_address(
    github: GitHub, downloader: Downloader, api_url: str
) -> None:
    listed = dataclasses.replace(publish(github, DATA), api_url=api_url, over_https=True)
    without = dataclasses.replace(listed, digest=NotApplicable("uploaded before digests"))
    with pytest.raises(SourceError, match="insecure address"):
        await downloader.download(without)
    assert github.seen == []


async def test_http_for_a_list_that_came_by_https_needs_a_digest(
    github: GitHub, downloader: Downloader
) -> None:
    asset = dataclasses.replace(publish(github, DATA), api_url="https://api.example/assets/1")
    without = dataclasses.replace(asset, digest=NotApplicable("uploaded before digests"))
    with pytest.raises(SourceError, match="insecure address"):
        await downloader.download(without)
    assert github.seen == []
    assert (await downloader.download(asset)).check is Check.OK


@given(st.text() | st.from_regex(r"bytes \d+-\d+/(\d+|\*)"))
def test_any_content_range_is_understood_or_refused(text: str) -> None:
    headers = [(b"Content-Range", text.encode("utf-8", "replace"))]
    span = content_range_of(httpx.Response(206, headers=headers))
    if span is not None:
        assert 0 <= span.start < span.end
        assert span.total is None or span.end <= span.total


# The token


async def test_a_private_file_uses_the_api_and_only_the_api_sees_the_token(
    client: httpx.AsyncClient, cache: Cache
) -> None:
    with GitHub(private=True, tokens=["secret-token"]) as github:
        asset = publish(github, DATA)
        token = Token("secret-token", origin_of(github.api_url))
        downloader = Downloader(client, cache, token, patience=QUICK)
        got = await downloader.download(asset)
        downloader.close()
        assert got.blob.sha256 == SHA
        assert github.hosts_that_saw_a_token == {"api"}
        assert [seen.host for seen in github.seen] == ["web", "api", "assets"]
    everything = b"".join(
        path.read_bytes()
        for path in cache.directory.rglob("*")
        if path.is_file() and path != got.blob.path
    )
    assert b"secret-token" not in everything


async def test_a_private_file_without_a_token_is_not_found(
    client: httpx.AsyncClient, downloader: Downloader
) -> None:
    with GitHub(private=True, tokens=["secret"]) as github:
        with pytest.raises(NotFoundError):
            await downloader.download(publish(github, DATA))
        assert github.hosts_that_saw_a_token == set()


# Redirects


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_every_status_with_a_location_is_a_redirect(
    github: GitHub, downloader: Downloader, status: int
) -> None:
    asset = publish(github, DATA)
    github.fault(host="web", status=status, headers={"Location": asset.url}, times=1)
    assert (await downloader.download(asset)).blob.sha256 == SHA


async def test_a_redirect_loop_ends(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    github.fault(host="web", status=302, headers={"Location": asset.url})
    with pytest.raises(SourceError, match="Too many redirects"):
        await downloader.download(asset)
    assert github.count(host="web") == 6


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "javascript:alert(1)",
        "http://[bad",
        "http:///",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "https://xn--a/",
        "//xn--a/x",
        "//h:99999/",
    ],
)
async def test_a_redirect_out_of_http_is_refused(
    github: GitHub, downloader: Downloader, target: str
) -> None:
    asset = publish(github, DATA)
    github.fault(host="web", status=302, headers={"Location": target})
    with pytest.raises(SourceError):
        await downloader.download(asset)


# Several at once


async def test_asked_twice_at_once_it_moves_once(github: GitHub, downloader: Downloader) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", latency_s=0.1)
    both: tuple[list[Progress], list[Progress]] = ([], [])
    first, second = await asyncio.gather(
        *(downloader.download(asset, progress=seen.append) for seen in both)
    )
    assert first.blob == second.blob
    assert github.count(host="assets") == 1
    assert all(seen[-1].done == SIZE for seen in both)


async def test_one_of_two_cancels_and_the_other_still_gets_it(
    github: GitHub, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", hang=True)
    first = asyncio.create_task(downloader.download(asset))
    second = asyncio.create_task(downloader.download(asset))
    await asyncio.to_thread(github.wait_for, lambda seen: any(s.host == "assets" for s in seen))
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    github.hang_ends()
    assert (await second).blob.sha256 == SHA


async def test_cancelling_keeps_the_partial_and_the_next_call_goes_on(
    github: GitHub, cache: Cache, downloader: Downloader
) -> None:
    asset = publish(github, DATA)
    github.fault(host="assets", bytes_per_second=2_000_000)
    there = asyncio.Event()
    task = asyncio.create_task(
        downloader.download(asset, progress=lambda p: there.set() if p.done > 200_000 else None)
    )
    await there.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kept(cache) == (0, 1, 0)
    have = cache.stats().partial_bytes
    assert 200_000 < have < SIZE
    github.heal()
    got = await downloader.download(asset)
    assert (got.resumed_from, got.moved, got.blob.sha256) == (have, SIZE - have, SHA)


async def test_no_more_than_the_slots_at_a_time(
    github: GitHub, client: httpx.AsyncClient, cache: Cache
) -> None:
    release = github.add_release("v1", {f"rr-{n}.zip": noise(1000, n) for n in range(5)})
    github.fault(host="assets", hang=True)
    downloader = Downloader(client, cache, None, slots=2)
    progress: dict[str, list[str]] = {name: [] for name in release.assets}

    def recorded(name: str) -> ProgressCallback:
        return lambda p: progress[name].append(p.stage)

    tasks = [
        asyncio.create_task(downloader.download(published(stored), progress=recorded(name)))
        for name, stored in release.assets.items()
    ]
    await asyncio.to_thread(
        github.wait_for, lambda seen: sum(s.host == "assets" for s in seen) == 2
    )
    assert sum(stages[-1] == "queued" for stages in progress.values()) == 3
    github.hang_ends()
    await asyncio.gather(*tasks)
    downloader.close()
    assert cache.stats().blobs == 5


async def test_size_unknown_is_taken_from_the_answer(
    github: GitHub, downloader: Downloader
) -> None:
    asset = dataclasses.replace(publish(github, DATA), size=Unknown("the snapshot does not say"))
    got = await downloader.download(asset)
    assert (got.blob.size, got.check) == (SIZE, Check.OK)


async def test_a_file_that_the_disk_cannot_hold_is_refused_before_it_comes(
    github: GitHub, downloader: Downloader
) -> None:
    huge = dataclasses.replace(publish(github, DATA), size=Unknown("?"), id=77)
    github.fault(host="assets", length_error=1 << 60)
    with pytest.raises(SourceError, match="No room left") as raised:
        await downloader.download(huge)
    assert "bytes free" in raised.value.detail
    assert "--cache-dir" in raised.value.remedy


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
async def test_a_disk_without_locks_downloads_under_a_name_of_its_own(
    github: GitHub,
    cache: Cache,
    downloader: Downloader,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
) -> None:
    def unsupported(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(filelock.FileLock, "acquire", unsupported)
    got = await downloader.download(publish(github, DATA))
    assert (got.blob.sha256, got.check) == (SHA, Check.OK)
    assert kept(cache) == (1, 0, 0)


@pytest.mark.parametrize("ending", ["part", "json", "lock"])
@pytest.mark.parametrize("kind", ["folder", "fifo", "dangling link"])
async def test_a_wrong_kind_of_file_among_the_partials_is_put_aside(
    github: GitHub, cache: Cache, downloader: Downloader, ending: str, kind: str
) -> None:
    asset = publish(github, DATA)
    await cut_once(github, downloader, asset)
    (partial,) = cache.partials.glob("*.part")
    path = partial.with_suffix(f".{ending}")
    path.unlink(missing_ok=True)
    WRONG_KINDS[kind](path)
    got = await asyncio.wait_for(downloader.download(asset), 60)
    assert got.blob.sha256 == SHA
    assert any("put aside" in warning for warning in cache.warnings)
    assert list(cache.partials.glob("*.aside-*"))
    cache.clear()
    assert not list(cache.directory.rglob("*.aside-*"))
