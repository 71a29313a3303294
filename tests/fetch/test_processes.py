"""What only real processes show: two at once, kill -9 in the middle, memory, and https."""

import asyncio
import dataclasses
import hashlib
import json
import random
import ssl
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from explorer.errors import SourceError
from explorer.fetch import Cache, Downloader
from explorer.releases import Asset
from tests.fetch.conftest import QUICK, noise, publish
from tests.support.github import GitHub

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Key and certificate of localhost and 127.0.0.1, signed by itself, for tests only."""

CHILD = """
    import asyncio, json, sys
    from dataclasses import replace
    from pathlib import Path
    from explorer.facts import NotApplicable, Unknown
    from explorer.fetch import Cache, Downloader
    from explorer.http import make_client
    from explorer.releases import NO_PLATFORM, OTHER, Asset

    def peak():
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    async def main(directory, name, url, size, digest, id_):
        asset = Asset(
            name=name, tag="v1", repo="o/r", id=id_, size=size,
            digest=digest or NotApplicable("none"), url=url, api_url="", content_type="",
            updated_at=Unknown("not said"), downloads=0, kind=OTHER,
            platform=NO_PLATFORM, archive="raw")
        unverified = replace(asset, digest=NotApplicable("none"))
        small = replace(unverified, name="small", id=1, size=Unknown("?"), url=url + ".small")
        cache = Cache(Path(directory), 1 << 30)
        async with make_client() as client:
            downloader = Downloader(client, cache, None)
            if digest == "measure":
                asset = unverified
                await downloader.download(small)
            before = peak()
            print("ready", flush=True)
            got = await downloader.download(asset)
        print(json.dumps({
            "sha256": got.blob.sha256, "resumed": got.resumed_from, "moved": got.moved,
            "cached": got.from_cache, "growth": peak() - before, "seconds": got.seconds,
        }), flush=True)

    directory, words = sys.argv[1], json.loads(sys.argv[2])
    asyncio.run(main(directory, *words))
"""


def start(cache: Cache, *words: object) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(cache.directory), json.dumps(words)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def result(child: "subprocess.Popen[str]") -> dict[str, Any]:
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    outcome: dict[str, Any] = json.loads(out)
    return outcome


def words_for(asset: Asset) -> tuple[object, ...]:
    return asset.name, asset.url, asset.size, asset.digest, asset.id


def test_two_processes_want_the_same_and_it_moves_once(github: GitHub, cache: Cache) -> None:
    data = noise(4_000_000)
    asset = publish(github, data)
    github.fault(host="assets", bytes_per_second=8_000_000)
    children = [start(cache, *words_for(asset)) for _ in range(2)]
    outcomes = [result(child) for child in children]
    assert [t["sha256"] for t in outcomes] == [hashlib.sha256(data).hexdigest()] * 2
    assert sorted(t["moved"] for t in outcomes) == [0, len(data)]
    assert github.count(host="assets") == 1
    assert (cache.stats().blobs, cache.stats().partials) == (1, 0)


def test_a_download_killed_anywhere_is_resumed(github: GitHub, cache: Cache) -> None:
    data = noise(6_000_000)
    asset = publish(
        github, data, digests=False
    )  # no digest: nothing but the resumption itself makes the bytes right
    github.fault(host="assets", bytes_per_second=1_000_000)
    chance = random.Random(3)
    for last in (False, False, True):
        child = start(cache, *words_for(dataclasses.replace(asset, digest="")))
        while last and not cache.stats().partial_bytes:
            time.sleep(0.01)  # a busy machine: the child has not begun yet
        # the moment of the kill is what is tried, so it has to be any
        time.sleep(chance.uniform(0.05, 0.4))
        child.kill()
        child.communicate()
        assert cache.stats().blobs == 0
    have = cache.stats().partial_bytes
    assert have > 0
    github.heal()
    outcome = result(start(cache, *words_for(dataclasses.replace(asset, digest=""))))
    assert outcome["sha256"] == hashlib.sha256(data).hexdigest()
    assert (outcome["resumed"], outcome["moved"]) == (have, len(data) - have)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory_stays_flat_over_200_mb(github: GitHub, cache: Cache, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        for n in range(200):
            file.write(noise(1 << 20, n % 4))
    release = github.add_release("v1", {"big": big, "big.small": noise(300_000)}, digests=False)
    stored = release.assets["big"]
    outcome = result(start(cache, "big", stored.url, stored.size, "measure", 2))
    assert outcome["moved"] == 200 << 20
    assert outcome["growth"] < 32 << 20
    growth, seconds = outcome["growth"] / 1e6, outcome["seconds"]
    print(f"peak memory grew by {growth:.1f} MB over 200 MiB in {seconds:.2f} s")


async def test_https_is_never_left_for_http(github: GitHub, cache: Cache) -> None:
    asset = publish(github, noise(1000))

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        target = "/final" if b"/relative" in request else asset.url
        if b"/final" in request:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + noise(1000))
        else:
            writer.write(
                f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
            )
        await writer.drain()
        writer.close()

    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity.load_cert_chain(CERTIFICATE)
    async with await asyncio.start_server(redirect, "127.0.0.1", ssl=identity) as server:
        origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with (
            httpx.AsyncClient(
                verify=ssl.create_default_context(cafile=str(CERTIFICATE))
            ) as trusting,
            httpx.AsyncClient() as wary,
        ):
            downloader = Downloader(trusting, cache, None, patience=QUICK)
            with pytest.raises(SourceError, match="unsafe address"):
                await downloader.download(dataclasses.replace(asset, url=f"{origin}/away"))
            assert github.seen == []
            got = await downloader.download(dataclasses.replace(asset, url=f"{origin}/relative"))
            assert got.blob.size == 1000
            downloader.close()
            downloader = Downloader(
                wary, Cache(cache.directory / "other", 1 << 20), None, patience=QUICK
            )
            with pytest.raises(SourceError, match="No secure connection"):
                await downloader.download(dataclasses.replace(asset, url=f"{origin}/relative"))
            downloader.close()
