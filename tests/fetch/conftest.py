"""What the tests of this room share: assets of the local GitHub, a client, a cache."""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from explorer.facts import NotApplicable, Unknown
from explorer.fetch import Cache, Downloader
from explorer.fetch.transfer import Patience
from explorer.http import make_client
from explorer.releases import OTHER, Asset, parse_asset_name
from tests.support.github import GitHub, StoredAsset

TAG = "v2025.1.15"
QUICK = Patience(failures=3, first_s=0.01, longest_s=0.05)
"""The same attempts, with less time between them."""


WRONG_KINDS: dict[str, Callable[[Path], None]] = {
    "folder": lambda path: path.mkdir(),
    "fifo": lambda path: os.mkfifo(path),
    "dangling link": lambda path: path.symlink_to("nowhere"),
}
"""What may stand where the cache expects a file."""


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that do not compress and are the same every time."""
    return hashlib.shake_128(str(seed).encode()).digest(size)


def published(stored: StoredAsset, repo: str = "roadrunner-server/roadrunner") -> Asset:
    """The asset as the list of releases would tell it."""
    parsed = parse_asset_name(stored.name, TAG)
    return Asset(
        name=stored.name,
        tag=TAG,
        repo=repo,
        id=stored.id,
        size=stored.size,
        digest=stored.digest or NotApplicable("uploaded before digests"),
        url=stored.url,
        api_url=stored.api_url,
        content_type="application/gzip",
        updated_at=stored.updated_at,
        downloads=Unknown("not asked"),
        kind=OTHER,
        platform=parsed.platform,
        archive=parsed.archive,
    )


def publish(
    github: GitHub,
    data: bytes | Path,
    name: str = "roadrunner-2025.1.15-linux-arm64.tar.gz",
    *,
    digests: bool = True,
) -> Asset:
    """Put one file on the server, in a release of its own if there is none yet."""
    release = github.add_release(TAG, {name: data}, digests=digests)
    return published(release.assets[name])


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client() as client:
        yield client


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = Cache(tmp_path / "cache", 1 << 30)
    yield cache
    cache.close()


@pytest.fixture
def downloader(client: httpx.AsyncClient, cache: Cache) -> Iterator[Downloader]:
    downloader = Downloader(client, cache, None, patience=QUICK)
    yield downloader
    downloader.close()
