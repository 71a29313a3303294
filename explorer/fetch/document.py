"""A small file of a server that is not an asset: whole in memory, asked for again by its ETag."""

import asyncio
from dataclasses import dataclass

import httpx

from explorer.errors import IntegrityError, SourceError
from explorer.fetch.meter import Meter
from explorer.fetch.refusals import refusal
from explorer.fetch.wire import (
    RetryError,
    ask,
    body_of,
    coding_of,
    content_length_of,
    encoded_error,
)
from explorer.progress import ProgressCallback, ignore_progress

_ATTEMPTS = 3
_PAUSE_S = 0.5
"""Before the second attempt; doubled each time."""
_SENDABLE_ETAG = 512
"""Characters."""


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """What a server sent."""

    body: bytes
    etag: str
    """For the next question; empty if the server gave none that can be sent."""


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """What to ask for."""

    url: str
    name: str
    """For messages."""
    limit: int
    """Bytes; a longer body is refused."""
    etag: str = ""
    """Of the copy that is here; empty without one."""


async def fetch_document(
    client: httpx.AsyncClient,
    request: DocumentRequest,
    progress: ProgressCallback = ignore_progress,
) -> FetchedDocument | None:
    """The file, or None if the server says that it has not changed.

    Raises:
        SourceError: the server does not give it. IntegrityError: it is longer than the limit.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await _attempt(client, request, progress)
        except RetryError as retry:
            if attempt == _ATTEMPTS:
                raise retry.error from retry
            await asyncio.sleep(max(retry.wait_s, _PAUSE_S * 2 ** (attempt - 1)))
    raise AssertionError("the last attempt returns or raises")


async def _attempt(
    client: httpx.AsyncClient, request: DocumentRequest, progress: ProgressCallback
) -> FetchedDocument | None:
    headers = {"If-None-Match": request.etag} if request.etag else {}
    async with ask(client, request.url, headers) as response:
        if response.status_code == 304 and request.etag:
            return None
        if response.status_code != 200:
            raise await refusal(response, request.name)
        if coding := coding_of(response):
            raise encoded_error(request.name, coding)
        meter = Meter()
        meter.listeners.append(progress)
        meter.total = content_length_of(response)
        if meter.total is not None and meter.total > request.limit:
            raise _too_long(request)
        meter.stage("downloading")
        body = bytearray()
        async with body_of(response) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > request.limit:
                    raise _too_long(request)
                meter.at("downloading", len(body))
        if meter.total is not None and len(body) < meter.total:
            raise RetryError(SourceError(f"{request.name} ends too early", "", "Try again"))
        meter.at("downloading", len(body), last=True)
        etag = response.headers.get("etag", "").strip()
        usable = etag.isascii() and etag.isprintable() and len(etag) <= _SENDABLE_ETAG
        return FetchedDocument(bytes(body), etag if usable else "")


def _too_long(request: DocumentRequest) -> IntegrityError:
    return IntegrityError(
        f"{request.name} is too long",
        f"more than {request.limit:,} bytes; nothing is kept",
        "Check the address and the proxy",
    )
