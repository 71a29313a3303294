"""One request for an asset's bytes: the addresses, the redirects, and what the headers promise."""

import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx

from explorer.errors import SourceError
from explorer.facts import MISSING
from explorer.http import Token, describe_failure, is_cut, usable_url
from explorer.releases import Asset

MAX_REDIRECTS = 5
_REDIRECTS = {300, 301, 302, 303, 307, 308}
REFRESH = "Refresh the list of releases: the file may have been replaced"

_HEADERS = {"Accept": "application/octet-stream", "Accept-Encoding": "identity"}
_SENDABLE = re.compile(r"[ -~]{1,512}")
"""Header values that httpx sends; others may hold more than ASCII."""
_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*", re.ASCII)
_UNSATISFIED = re.compile(r"bytes\s+\*/(\d{1,18})\s*", re.ASCII)


class RetryError(Exception):
    """An attempt failed and another one may not. Never leaves this package."""

    def __init__(self, error: SourceError, wait_s: float = 0.0) -> None:
        """``error`` is raised if this was the last attempt; ``wait_s`` is what the server asks."""
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Validators:
    """What proves that two answers are of the same bytes (RFC 9110, 13.1.5).

    Both are empty unless they are strong.
    """

    etag: str = ""
    modified: str = ""

    @property
    def if_range(self) -> str:
        """The value for If-Range; empty if no validator can be sent."""
        return next(
            (value for value in (self.etag, self.modified) if _SENDABLE.fullmatch(value)), ""
        )

    def contradicts(self, other: "Validators") -> bool:
        """Whether both have the same validator, with different values."""
        if self.etag and other.etag:
            return self.etag != other.etag
        return bool(self.modified and other.modified and self.modified != other.modified)


@dataclass(frozen=True, slots=True)
class ContentRange:
    """``bytes start-end/total`` with an exclusive ``end``; ``total`` is None for ``*``."""

    start: int
    end: int
    total: int | None


@dataclass(frozen=True, slots=True)
class RemoteAsset:
    """An asset on its server, with what is needed to ask for it."""

    client: httpx.AsyncClient
    asset: Asset
    token: Token | None

    @property
    def name(self) -> str:
        """The asset's name, for messages."""
        return self.asset.name

    @property
    def size(self) -> int | None:
        """Bytes as listed, or None.

        A listed 0 counts as unknown: uploads that failed have it, and the server may have bytes.
        """
        return None if isinstance(self.asset.size, MISSING) else self.asset.size or None

    @property
    def sha256(self) -> str:
        """64 lower-case hex digits from the API's ``digest``; empty if there is none."""
        digest = self.asset.digest
        return "" if isinstance(digest, MISSING) else digest.lower().removeprefix("sha256:")

    def addresses(self, *, checked: bool) -> tuple[str, ...]:
        """Where to ask, in order. ``checked``: the caller compares the digest, if there is one.

        The browser's address costs no rate. The API's has private files too, but needs a token.

        Raises:
            SourceError: no address is known, or none that is safe.
        """
        asset = self.asset
        urls = [asset.url] if asset.url else []
        if asset.api_url and (self.token is not None or not urls):
            urls.append(asset.api_url)
        if not urls:
            raise SourceError(
                f"No address is known for {asset.name}",
                "its name is known, but no server has listed it",
                "Refresh the list online",
            )
        secure_list = asset.over_https or asset.api_url.lower().startswith("https:")
        if secure_list and not (checked and self.sha256):
            unsafe = [url for url in urls if url.lower().startswith("http:")]
            if unsafe:
                raise SourceError(
                    f"{asset.name} is offered at an insecure address",
                    f"the list came over https, but the file is at {unsafe[0][:200]}, "
                    + ("and no digest can prove it" if checked else "where a peek proves nothing"),
                    "Do not use it" if checked else "Download it: its digest is compared then",
                )
        return tuple(urls)

    def ask(
        self, url: str, headers: Mapping[str, str]
    ) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        """As the function ``ask``, with this asset's token."""
        return ask(self.client, url, headers, self.token)


@contextlib.asynccontextmanager
async def ask(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], token: Token | None = None
) -> AsyncIterator[httpx.Response]:
    """The first answer that is not a redirect; its body is not read yet.

    The token is sent to the API's origin only.

    Raises:
        SourceError: the address, a redirect or the answer cannot be used.
        RetryError: the connection failed or was cut, here or while the body is read.
    """
    here = usable_url(url)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            response = await _send(client, here, headers, token)
            try:
                location = response.headers.get("location", "")
                if response.status_code not in _REDIRECTS or not location:
                    yield response
                    return
                here = _followed(here, location)
            finally:
                await response.aclose()
    except httpx.HTTPError as error:
        failure = describe_failure(error, url)
        raise (RetryError(failure) if is_cut(error) else failure) from error
    raise SourceError(
        "Too many redirects", f"more than {MAX_REDIRECTS} from {url[:200]}", "Try again later"
    )


async def _send(
    client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str], token: Token | None
) -> httpx.Response:
    own = token.headers_for(str(url)) if token is not None else {}
    request = client.build_request("GET", url, headers={**_HEADERS, **headers, **own})
    try:
        return await client.send(request, stream=True, follow_redirects=False)
    except (httpx.InvalidURL, ValueError) as error:  # httpx parses a redirect it won't follow
        raise SourceError(
            f"{url.host} redirects to an unusable address", str(error)[:200], REFRESH
        ) from error


def _followed(here: httpx.URL, location: str) -> httpx.URL:
    target = usable_url(location, here)
    if here.scheme == "https" and target.scheme == "http":
        raise SourceError(
            "The server redirects to an unsafe address",
            f"from https to {str(target)[:200]}",
            "Do not trust this server",
        )
    return target


@contextlib.asynccontextmanager
async def body_of(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """The body as it comes over the wire, not decoded. Leaving early closes the stream."""
    stream = response.aiter_raw()
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def validators_of(headers: Mapping[str, str]) -> Validators:
    """The strong validators: no weak ETag, and no date that may have seen two changes."""
    etag = headers.get("etag", "").strip()
    etag = etag if etag.startswith('"') else ""
    modified = headers.get("last-modified", "").strip()
    with contextlib.suppress(ValueError, TypeError):
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(modified)
        if age >= timedelta(seconds=1):
            return Validators(etag, modified)
    return Validators(etag)


def content_range_of(response: httpx.Response) -> ContentRange | None:
    """The Content-Range of a 206; None if it is missing or contradicts itself.

    An answer of several parts (``multipart/byteranges``) has none.
    """
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if match is None or response.headers.get("content-type", "").startswith("multipart/"):
        return None
    start, end = int(match[1]), int(match[2]) + 1
    total = None if match[3] == "*" else int(match[3])
    usable = start < end and (total is None or end <= total)
    return ContentRange(start, end, total) if usable else None


def unsatisfied_total(response: httpx.Response) -> int | None:
    """The size that a 416 gives (``bytes */SIZE``), or None."""
    match = _UNSATISFIED.fullmatch(response.headers.get("content-range", ""))
    return int(match[1]) if match else None


def content_length_of(response: httpx.Response) -> int | None:
    """Content-Length in bytes, or None."""
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def coding_of(response: httpx.Response) -> str:
    """The Content-Encoding, lower case; empty for ``identity``.

    Some stores keep ``gzip`` as a label of a ``.tar.gz`` and send its bytes as they are.
    """
    coding: str = response.headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


def encoded_error(name: str, coding: str) -> SourceError:
    """For a body that is encoded although ``identity`` was requested."""
    return SourceError(
        f"{name} is changed on the way",
        f"the server sends Content-Encoding: {coding[:50]!r}, and not the listed size",
        "Check the proxy",
    )
