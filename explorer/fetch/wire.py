"""One request for an asset's bytes: the addresses to try, redirects by hand, and what an answer's headers promise."""

import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from explorer.errors import NotFoundError, RateLimitedError, SourceError
from explorer.http import Token, describe_failure
from explorer.releases import Asset

MAX_REDIRECTS = 5

BASE_HEADERS = {"Accept": "application/octet-stream", "Accept-Encoding": "identity"}

LONGEST_WAIT_S = 10.0
"""A server that asks for more than this is told of, not waited for."""

REFRESH = "Refresh the list of releases: the file may have been replaced"


_SENDABLE = re.compile(r"[ -~]{1,512}")
"""Others may send more in a header than ASCII; httpx refuses to."""


class Retry(Exception):  # noqa: N818 - it never leaves this package
    """The attempt failed in a way that another one may not. ``error`` is what to say if it is the last."""

    def __init__(self, error: SourceError, wait_s: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s
        """Seconds the server asks to wait."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What proves that two answers speak of the same bytes: strong ETag, else Last-Modified (RFC 9110, 13.1.5)."""

    etag: str = ""
    modified: str = ""

    @property
    def if_range(self) -> str:
        """The value for If-Range, or empty where nothing is strong enough, or fit to stand in a header of ours."""
        return next(
            (value for value in (self.etag, self.modified) if _SENDABLE.fullmatch(value)), ""
        )

    def contradicts(self, other: "Validators") -> bool:
        """Whether both speak, and say different things."""
        if self.etag and other.etag:
            return self.etag != other.etag
        return bool(self.modified and other.modified and self.modified != other.modified)


def validators_of(headers: Mapping[str, str]) -> Validators:
    """Only what is strong: no weak ETag, and no date less than a second older than the answer."""
    etag = headers.get("etag", "").strip()
    modified = headers.get("last-modified", "").strip()
    with contextlib.suppress(ValueError, TypeError):
        if parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(
            modified
        ) >= timedelta(seconds=1):
            return Validators(etag if etag.startswith('"') else "", modified)
    return Validators(etag if etag.startswith('"') else "", "")


@dataclass(frozen=True, slots=True)
class ContentRange:
    """``bytes start-end/total`` with an exclusive ``end``; ``total`` None for ``*``."""

    start: int
    end: int
    total: int | None


_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*", re.ASCII)


def content_range_of(response: httpx.Response) -> ContentRange:
    """Raises:
    SourceError: a 206 without a usable Content-Range.
    """
    text = response.headers.get("content-range", "")
    found = _CONTENT_RANGE.fullmatch(text)
    if found is not None:
        start, end = int(found[1]), int(found[2]) + 1
        total = None if found[3] == "*" else int(found[3])
        if start < end and (total is None or end <= total):
            return ContentRange(start, end, total)
    raise SourceError(
        "The server's answer makes no sense", f"Content-Range: {text[:100]!r}", "Try again later"
    )


def unsatisfied_total(response: httpx.Response) -> int | None:
    """The size that a 416 tells (``bytes */SIZE``), or None."""
    found = re.fullmatch(
        r"bytes\s+\*/(\d{1,18})\s*", response.headers.get("content-range", ""), re.ASCII
    )
    return int(found[1]) if found else None


def content_length_of(response: httpx.Response) -> int | None:
    """Content-Length, or None where there is none. (h11 has checked that it is a number.)"""
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def addresses(asset: Asset, token: Token | None) -> tuple[str, ...]:
    """Where to ask, in order: the browser's address costs no rate; the API's, with a token, has private files too.

    Raises:
        SourceError: none is known.
    """
    found = [asset.url] if asset.url else []
    if asset.api_url and (token is not None or not found):
        found.append(asset.api_url)
    if not found:
        raise SourceError(
            f"No address is known for {asset.name}",
            "it is named, but was never listed by the server",
            "Refresh the list online",
        )
    return tuple(found)


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except UnicodeError as error:  # half of a surrogate pair, which JSON may hold
        raise httpx.InvalidURL(str(error)) from error


def _checked(url: httpx.URL, before: httpx.URL | None) -> httpx.URL:
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceError("Not a usable address", str(url)[:200], "Check --api-url and --repo")
    if before is not None and before.scheme == "https" and url.scheme == "http":
        raise SourceError(
            "The server redirects to an unsafe address",
            f"from https to {str(url)[:200]}",
            "Do not trust this server",
        )
    return url


@contextlib.asynccontextmanager
async def answer(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], token: Token | None
) -> AsyncIterator[httpx.Response]:
    """The first answer that is no redirect, its body not yet read; closed at the end. The token goes to its origin only.

    Raises:
        SourceError: no such address, too many redirects, or one to somewhere unsafe.
        Retry: the connection failed or was cut, here or while the body is read.
    """
    try:
        here = _checked(_parsed(url), None)
        for _ in range(MAX_REDIRECTS + 1):
            own = token.headers_for(str(here)) if token is not None else {}
            request = client.build_request("GET", here, headers={**BASE_HEADERS, **headers, **own})
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                if not response.has_redirect_location:
                    yield response
                    return
                here = _checked(here.join(response.headers["location"]), here)
            finally:
                await response.aclose()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise describe_failure(error, url) from error
    except httpx.HTTPError as error:
        raise Retry(describe_failure(error, url)) from error
    raise SourceError(
        "Too many redirects", f"more than {MAX_REDIRECTS} from {url[:200]}", "Try again later"
    )


@contextlib.asynccontextmanager
async def body_of(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """The body as it comes over the wire; whoever stops early leaves nothing half read behind."""
    stream = response.aiter_raw()
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def refuse(response: httpx.Response, name: str) -> Exception:
    """What to raise for an answer that has no bytes: ``NotFoundError``, ``RateLimitedError``, ``Retry`` or ``SourceError``."""
    status = response.status_code
    host = urlsplit(str(response.url)).hostname or ""
    wait = _wait_s(response.headers)
    if status in (404, 410):
        return NotFoundError(
            f"{name} is not there",
            f"{host} answers {status}",
            "Refresh the list; a private repository needs GITHUB_TOKEN",
        )
    if status == 429 or (
        status == 403 and (wait is not None or response.headers.get("x-ratelimit-remaining") == "0")
    ):
        until = datetime.now(UTC) + timedelta(seconds=wait) if wait is not None else None
        says = f" until {until:%H:%M} UTC" if until else ""
        limited = RateLimitedError(
            f"{host} asks to wait{says}",
            f"{status} for {name}",
            "Try again then; a GITHUB_TOKEN raises the limit",
            until,
        )
        return Retry(limited, wait) if wait is not None and wait <= LONGEST_WAIT_S else limited
    if status in (408, 425) or status >= 500:
        trouble = SourceError(f"{host} is in trouble", f"{status} for {name}", "Try again later")
        return Retry(trouble, wait or 0.0) if (wait or 0.0) <= LONGEST_WAIT_S else trouble
    if status in (401, 403):
        return SourceError(
            f"{host} refuses {name}",
            f"it answers {status}",
            "Check GITHUB_TOKEN, or refresh the list",
        )
    return SourceError(
        f"{host} gives no file for {name}", f"it answers {status}", "Try again later"
    )


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After (a number or a date), else from x-ratelimit-reset where nothing remains."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if (
        headers.get("x-ratelimit-remaining") == "0"
        and reset.isascii()
        and reset.isdigit()
        and len(reset) < 12
    ):
        return min(86400.0, max(0.0, int(reset) - datetime.now(UTC).timestamp()))
    return None


def refuse_encoding(response: httpx.Response) -> None:
    """Raises:
    SourceError: the body is packed though ``identity`` was asked for, so its bytes are not the file's.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise SourceError(
            "The server packs the file on the way",
            f"Content-Encoding: {coding[:50]!r}",
            "Check the proxy",
        )
