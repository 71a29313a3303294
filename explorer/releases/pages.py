"""The pages of a list of releases, kept between two runs, with what makes a 304 possible.

A small index names the pages in use. A changed page is written to the other of its two slots, and
the index last, so that a kill at any moment leaves the old list or the new one. Needs neither httpx
nor a network.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from explorer.releases.models import Catalogue, Origin
from explorer.releases.payload import Complaints, releases_from
from explorer.releases.profile import ProjectProfile, derived_profile

_FORMAT = 1


class PageStore(Protocol):
    """Small records by key; the cache's ``Store`` is one."""

    def load(self, key: str) -> bytes | None:
        """What was saved; None if nothing was."""

    def save(self, key: str, data: bytes) -> None:
        """Save it, atomically."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing."""

    url: str
    etag: str
    """For If-None-Match; empty if the server gave none."""
    next: str
    """The next page's address; empty on the last one."""
    last: str
    """The last page's address; empty if the server did not say."""
    body: bytes
    """JSON: the releases, with the fields that are used."""

    @property
    def sha256(self) -> str:
        """The body's digest, 64 hex digits."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class PagedListing:
    """All pages of a repository's list, in order."""

    pages: tuple[Page, ...]
    fetched_at: datetime
    complete: bool
    slots: tuple[str, ...] = ()
    """Where each page is kept."""
    latest: str = ""
    """The tag that the server itself calls the latest; empty if it did not say."""
    latest_etag: str = ""
    """As ``Page.etag``, for ``latest``."""


def index_key(api_url: str, repo: str, with_token: bool) -> str:
    """The key of a list's index. ETags differ by whether a token was used, so it says that much."""
    return f"releases {api_url.rstrip('/')} {repo.lower()} {'token' if with_token else 'anonymous'}"


def load_listing(pages: PageStore, key: str) -> PagedListing | None:
    """The list that was kept under this key; None if there is none, or if it is damaged."""
    raw = pages.load(key)
    if raw is None:
        return None
    try:
        index = json.loads(raw)
        if index["format"] != _FORMAT:
            return None
        kept: list[Page] = []
        for entry in index["pages"]:
            body = pages.load(entry["slot"])
            page = Page(
                str(entry["url"]),
                str(entry["etag"]),
                str(entry["next"]),
                str(entry["last"]),
                body or b"",
            )
            if page.sha256 != entry["sha256"]:
                return None
            kept.append(page)
        fetched_at = datetime.fromisoformat(index["fetched_at"]).astimezone(UTC)
        return PagedListing(
            tuple(kept),
            fetched_at,
            index["complete"] is True,
            tuple(str(e["slot"]) for e in index["pages"]),
            str(index.get("latest", "")),
            str(index.get("latest_etag", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None  # damaged or of another version: the next listing overwrites it


def save_listing(
    pages: PageStore, key: str, listing: PagedListing, before: PagedListing | None
) -> None:
    """Keep a list. Only changed pages are written, each beside the one it replaces."""
    entries: list[dict[str, str]] = []
    for number, page in enumerate(listing.pages):
        slot = before.slots[number] if before is not None and number < len(before.slots) else ""
        if before is None or number >= len(before.pages) or before.pages[number].body != page.body:
            slot = f"{key} {number + 1}{'b' if slot.endswith('a') else 'a'}"
            pages.save(slot, page.body)
        entries.append(
            {
                "url": page.url,
                "etag": page.etag,
                "next": page.next,
                "last": page.last,
                "slot": slot,
                "sha256": page.sha256,
            }
        )
    index = {
        "format": _FORMAT,
        "fetched_at": listing.fetched_at.isoformat(),
        "complete": listing.complete,
        "latest": listing.latest,
        "latest_etag": listing.latest_etag,
        "pages": entries,
    }
    pages.save(key, json.dumps(index).encode())


def has_several_stable(listing: PagedListing) -> bool:
    """Whether more than one release could be the latest."""
    stable = 0
    for page in listing.pages:
        for release in json.loads(page.body):
            if isinstance(release, dict):
                stable += release.get("prerelease") is False and release.get("draft") is not True
            if stable > 1:
                return True
    return False


def cached(
    repo: str, api_url: str, pages: PageStore, profile: ProjectProfile | None = None
) -> Catalogue | None:
    """The list that the last run kept, read without the network; None if there is none."""
    listings = [
        load_listing(pages, index_key(api_url, repo, with_token)) for with_token in (True, False)
    ]
    newest = max(
        (listing for listing in listings if listing is not None),
        key=lambda listing: listing.fetched_at,
        default=None,
    )
    if newest is None:
        return None
    return catalogue_from(newest, repo, Origin.CACHE, profile or derived_profile(repo))


def kept_since(repo: str, api_url: str, pages: PageStore) -> datetime | None:
    """When the server last confirmed the list that ``cached`` would read; None without one.

    Reads the index only: what it names is not looked at.
    """
    moments: list[datetime] = []
    for with_token in (True, False):
        raw = pages.load(index_key(api_url, repo, with_token))
        if raw is not None:
            try:
                moments.append(datetime.fromisoformat(json.loads(raw)["fetched_at"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                return None
    return max(moments, default=None)


def catalogue_from(
    listing: PagedListing, repo: str, origin: Origin, profile: ProjectProfile, **more: Any
) -> Catalogue:
    """A listing as the catalogue of ``repo`` as of ``fetched_at``; ``more`` are further fields."""
    complaints = Complaints()
    pages = (json.loads(page.body) for page in listing.pages)
    over_https = all(page.url.lower().startswith("https:") for page in listing.pages)
    releases = releases_from(pages, repo, complaints, profile, over_https=over_https)
    count = len(listing.pages)
    read = "1 page of the list was read" if count == 1 else f"{count} pages of the list were read"
    partial = () if listing.complete else (f"These are not all releases: only {read}",)
    warnings = (*partial, *more.pop("warnings", ()), *complaints.sentences())
    return Catalogue(
        repo=repo,
        releases=releases,
        origin=origin,
        fetched_at=listing.fetched_at,
        complete=listing.complete,
        warnings=warnings,
        latest=listing.latest,
        profile=profile,
        **more,
    )
