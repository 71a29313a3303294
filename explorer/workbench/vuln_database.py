"""The vulnerability database: the user's own, or a copy of the official one in the cache.

The copy is downloaded when it is first needed. A copy that was checked more than a day ago is
asked for again by its ETag, which costs a 304 while nothing has changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from explorer.errors import ExplorerError, OfflineError
from explorer.progress import ProgressCallback, ignore_progress

if TYPE_CHECKING:
    from explorer.workbench.resources import Resources

LIMIT: Final = 64 << 20
"""Bytes. The official zip has about 3 MB."""
FRESH: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A vulnerability database on the disk."""

    path: Path
    name: str
    """The path that the user gave, or the host it was downloaded from."""
    checked_at: datetime | None = None
    """When its server was asked last; None for the user's own."""
    sha256: str = ""
    """Of a downloaded one."""
    etag: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether there is no need to ask the server."""
        return self.checked_at is None or datetime.now(UTC) - self.checked_at < FRESH


async def database_at_hand(resources: Resources) -> DatabaseFile | None:
    """The user's own database, or the copy in the cache, however old; None without either.

    Uses no network.

    Raises:
        SourceError: the cache cannot be read.
    """
    settings = resources.settings
    if settings.vulndb is not None:
        return DatabaseFile(settings.vulndb, str(settings.vulndb))
    return await resources.run(lambda _: _cached(resources))


async def find_database(
    resources: Resources, progress: ProgressCallback = ignore_progress
) -> DatabaseFile:
    """A database: the user's own, a fresh copy, else what the server sends.

    A server that cannot be reached costs a warning if there is a copy.

    Raises:
        OfflineError, SourceError, IntegrityError: there is no copy, and none can be downloaded.
        FormatError: what the server sends is not a database.
    """
    here = await database_at_hand(resources)
    if here is not None and here.is_fresh:
        return here
    if here is not None and resources.settings.offline:
        return here
    try:
        return await download_database(resources, progress)
    except ExplorerError as error:
        if here is None:
            raise
        resources.warn(f"The vulnerability database could not be checked for changes: {error}")
        return here


async def download_database(
    resources: Resources, progress: ProgressCallback = ignore_progress
) -> DatabaseFile:
    """Ask the server for a newer copy than the one in the cache, and keep it.

    Raises:
        OfflineError: the user chose to be offline. SourceError, IntegrityError: the server does
        not send it. FormatError: what it sends is not a database.
    """
    from explorer.fetch import DocumentRequest, fetch_document

    url = resources.settings.vulndb_url
    if resources.settings.offline:
        raise OfflineError(
            "There is no vulnerability database here, and rr-explorer was told to stay offline",
            remedy=f"Leave --offline out, or {_by_hand(url)}",
        )
    here = await resources.run(lambda _: _cached(resources))
    request = DocumentRequest(url, "vulndb.zip", LIMIT, here.etag if here is not None else "")
    try:
        document = await fetch_document(await resources.client(), request, progress)
    except ExplorerError as error:
        raise type(error)(
            f"The vulnerability database cannot be downloaded: {error.title}",
            error.detail,
            f"{error.remedy}; or {_by_hand(url)}" if error.remedy else _by_hand(url).capitalize(),
        ) from error
    if document is None:
        assert here is not None
        return await resources.run(lambda _: _note(resources, here.sha256, here.etag, here.path))
    return await resources.run(lambda _: _keep(resources, document.body, document.etag))


def _by_hand(url: str) -> str:
    return f"download {url} elsewhere and name the file with --db or the setting vulndb"


def _key(resources: Resources) -> str:
    return f"vulndb {resources.settings.vulndb_url}"


def _host(resources: Resources) -> str:
    return urlsplit(resources.settings.vulndb_url).hostname or ""


def _cached(resources: Resources) -> DatabaseFile | None:
    key = _key(resources)
    raw = resources.cache.store("page").load(key)
    blob = resources.cache.holds(key) if raw is not None else None
    if raw is None or blob is None:
        return None
    try:
        row = json.loads(raw)
        checked_at = datetime.fromisoformat(row["checked_at"]).astimezone(UTC)
        sha256, etag = str(row["sha256"]), str(row["etag"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    if blob.sha256 != sha256 or resources.cache.find(key) is None:
        return None
    return DatabaseFile(blob.path, _host(resources), checked_at, sha256, etag)


def _keep(resources: Resources, body: bytes, etag: str) -> DatabaseFile:
    from explorer.advisories import check_archive

    check_archive(body, f"What {_host(resources)} sends")
    blob = resources.cache.add(_key(resources), "vulndb.zip", [body])
    return _note(resources, blob.sha256, etag, blob.path)


def _note(resources: Resources, sha256: str, etag: str, path: Path) -> DatabaseFile:
    now = datetime.now(UTC)
    row = {"checked_at": now.isoformat(), "sha256": sha256, "etag": etag}
    resources.cache.store("page").save(_key(resources), json.dumps(row).encode())
    return DatabaseFile(path, _host(resources), now, sha256, etag)
