"""One answer of GitHub's API, read within limits: its body, its page of releases, its links."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx

from explorer.errors import SourceError
from explorer.releases.payload import slim

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_PAGES = 100
"""GitHub lists only the first 10,000 releases of a repository."""
_LARGEST_PAGE = 32 << 20
"""Bytes after decompression. One hundred of RoadRunner's releases are about 3 MB."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """A complete answer."""

    url: str
    status: int
    headers: Mapping[str, str]
    links: Mapping[str, str]
    """Absolute addresses by relation: ``next``, ``last`` … (RFC 8288)."""
    body: bytes
    """Decompressed."""


def links_of(response: httpx.Response) -> dict[str, str]:
    """The Link header's addresses by relation, made absolute; empty if not a valid address."""
    return {
        rel: joined(str(response.url), link.get("url", ""))
        for rel, link in response.links.items()
        if rel
    }


async def read_body(response: httpx.Response) -> bytes:
    """The body, decompressed within a limit: 64 KiB of gzip can expand to 64 MB.

    Raises:
        SourceError: larger than any list of releases, or not encoded as its header says.
    """
    host = response.url.host
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise SourceError(
            f"The answer of {host} cannot be read",
            f"its encoding is {coding:.40}, which was not requested",
            "Check the proxy",
        )
    unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    data = bytearray()
    async for chunk in response.aiter_raw():
        try:
            data += unpack.decompress(chunk, _LARGEST_PAGE + 1 - len(data)) if unpack else chunk
        except zlib.error as error:
            raise SourceError(
                f"The answer of {host} is damaged",
                str(error),
                "Try again; a proxy may have changed it",
            ) from error
        if len(data) > _LARGEST_PAGE:
            raise SourceError(
                f"The answer of {host} is too large",
                f"more than {_LARGEST_PAGE >> 20} MiB for one page",
                "Check --api-url",
            )
    if unpack is not None and not unpack.eof and data:
        raise SourceError(
            f"The answer of {host} is incomplete", "its gzip stream has no end", "Try again"
        )
    return bytes(data)


def parsed_page(answer: ApiAnswer) -> bytes:
    """One page of releases as JSON, with only the fields that are used.

    Raises:
        SourceError: it is HTML, not valid JSON, or not a list.
    """
    host = urlsplit(answer.url).netloc
    if is_html(answer):
        raise web_page(host)
    try:
        value: object = json.loads(answer.body)
        if isinstance(value, list):
            return json.dumps(slim(value), separators=(",", ":")).encode()
    except RecursionError:
        raise SourceError(
            f"The answer of {host} is not a list of releases",
            "its JSON is nested too deeply",
            "Check --api-url",
        ) from None
    except ValueError as error:
        where = (
            f"{error.msg} at character {error.pos} of {len(error.doc)}"
            if isinstance(error, json.JSONDecodeError)
            else str(error)
        )
        raise SourceError(
            f"The answer of {host} is damaged JSON",
            where,
            "Try again; a proxy may have truncated it",
        ) from error
    said = message_in(answer.body)
    raise SourceError(
        f"The answer of {host} is not a list of releases",
        said or f"it is a JSON {type(value).__name__}",
        "Check --api-url",
    )


def web_page(host: str) -> SourceError:
    return SourceError(
        f"{host} answers with a web page",
        "HTML instead of JSON",
        "Check --api-url (for GitHub Enterprise it ends in /api/v3), the proxy, and whether this "
        "network requires a login",
    )


def is_html(answer: ApiAnswer) -> bool:
    return (
        "html" in answer.headers.get("content-type", "").lower()
        or answer.body[:256].lstrip()[:1] == b"<"
    )


def message_in(body: bytes) -> str:
    """GitHub's own ``message`` in an error, at most 300 characters; empty if there is none."""
    return _text_in(body[:65536], "message")[:300]


def tag_in(body: bytes) -> str:
    """The tag of the one release that is described; empty if none is."""
    return _text_in(body, "tag_name")[:300]


def _text_in(body: bytes, name: str) -> str:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    text = value.get(name) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def numbered(following: str, last: str) -> list[str]:
    """The addresses of page 2 to the last, made from that of page 2 and the last one's number."""
    number, end = _page_number(following), _page_number(last)
    if number != 2 or end < 2:
        return []
    return [following, *(_with_page(following, at) for at in range(3, min(end, MOST_PAGES) + 1))]


def _page_number(url: str) -> int:
    with suppress(ValueError):
        value = parse_qs(urlsplit(url).query).get("page", [""])[0]
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 7 else 0
    return 0


def _with_page(url: str, number: int) -> str:
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True) | {"page": [str(number)]}
    return urlunsplit(parts._replace(query=urlencode(query, doseq=True)))


def joined(base: str, location: str) -> str:
    """An absolute address; empty if ``location`` is not valid."""
    try:
        return str(httpx.URL(base).join(location)) if location else ""
    except (httpx.InvalidURL, ValueError):
        return ""
