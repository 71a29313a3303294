"""Releases as GitHub's REST API describes them, plus what a file's name claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.releases.claims import Platform
from explorer.releases.kinds import AssetKind, Role
from explorer.releases.profile import ProjectProfile, derived_profile

_NOT_SAID = Unknown("the server does not say")
_LONGEST_WORDS = 1024
"""Characters of ``TAG/FILE``: each of the two has at most 255 bytes."""


class Origin(StrEnum):
    """Where a list of releases comes from."""

    API = "api"
    CACHE = "cache"
    SNAPSHOT = "snapshot"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a release."""

    name: str
    tag: str
    repo: str
    """``owner/name`` that it belongs to."""
    id: Fact[int]
    """GitHub's asset id; Unknown in the snapshot."""
    size: Fact[int]
    """Bytes."""
    digest: Fact[str]
    """``sha256:<64 hex digits>`` from the API; NotApplicable if it has none (uploads before
    2025-06-03); Unknown if it is not known here, or is of another kind."""
    url: str
    """``browser_download_url``, which costs no API rate. Empty if not known."""
    api_url: str
    """The asset's API URL, for a private repository's file with the token. Empty if not known."""
    content_type: str
    updated_at: Fact[datetime]
    downloads: Fact[int]
    kind: AssetKind
    platform: Platform
    archive: str
    """As its ending says: ``tar.gz``, ``tar.xz``, ``tar.bz2``, ``tar.zst``, ``zip``, ``deb``,
    ``gz``, or ``raw``."""
    path: Path | None = None
    """The local file that is this asset, in the demo or in a folder; None for one on a server."""
    stand_in: bool = False
    """Whether it is a demo binary built for rr-explorer, which is labelled wherever it appears."""
    about: bool = False
    """Whether it is a checksum, a signature or a text, as its name says."""
    unfinished: bool = False
    """Whether its upload was never finished (the API's state ``starter``): it has no bytes."""
    over_https: bool = False
    """Whether the list that names it came over https: its addresses may still be http."""

    @property
    def runs_nowhere(self) -> bool:
        """Whether it is a file about other files, or sources: it is listed, and never judged."""
        return self.about or self.kind.role is Role.ABOUT


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as published."""

    tag: str
    version: str
    """From the tag (``v2025.1.15`` gives ``2025.1.15``), or the tag itself if it holds none.
    Of a folder: from the names of its files, if most have one."""
    name: str
    published_at: Fact[datetime]
    prerelease: bool
    draft: bool
    body: str
    """Release notes, Markdown, untrusted."""
    url: str
    assets: tuple[Asset, ...]
    evidence: str = "api"
    """``api``, ``folder``, or the bundled list's word: ``published``, ``derived`` (expected from
    the release workflows), ``third-party``."""
    immutable: Fact[bool] = _NOT_SAID
    """Whether its files and its tag cannot be changed any more."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """A sigstore bundle that GitHub keeps for a digest. It is not verified here."""

    data: bytes
    """The bundle's JSON, or empty if only its address is known. Untrusted."""
    url: str = ""
    """Where the bundle is, compressed with Snappy; empty: ``data`` came with the answer."""


@dataclass(frozen=True, slots=True)
class Rate:
    """GitHub's rate limit as of the last response."""

    limit: int
    remaining: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All releases of one repository, newest ``published_at`` first, undated ones last.

    Only the bundled list knows where an undated release belongs (v3.0.0, after v2025.1.15).
    """

    repo: str
    releases: tuple[Release, ...]
    origin: Origin
    fetched_at: Fact[datetime]
    """When the server last confirmed it, also by a 304."""
    complete: Fact[bool]
    """Whether these are all releases. If not, or if Unknown, their number is not the total."""
    rate: Fact[Rate] = field(default_factory=lambda: NotApplicable("no request was made"))
    warnings: tuple[str, ...] = ()
    """Sentences for a banner: what failed, until when, what is shown instead."""
    latest: str = ""
    """The tag of the release that GitHub itself calls the latest; empty if not known."""
    profile: ProjectProfile = field(default_factory=lambda: derived_profile(""))

    def release(self, tag: str) -> Release | None:
        """The release with this tag, with or without a leading ``v``.

        ``latest`` is the release that GitHub calls so. Where that is not known, it is the newest
        one that is neither a pre-release nor a draft; one without a date is not the newest.
        """
        return self._named(tag, {r.tag: r for r in reversed(self.releases)})

    def _named(self, tag: str, by_tag: dict[str, Release]) -> Release | None:
        if tag == "latest":
            return by_tag.get(self.latest) or self._newest_stable()
        return by_tag.get(tag) or by_tag.get(f"v{tag}") or by_tag.get(tag.removeprefix("v"))

    def _newest_stable(self) -> Release | None:
        stable = [r for r in self.releases if not r.prerelease and not r.draft]
        dated = (r for r in stable if not isinstance(r.published_at, MISSING))
        return next(dated, stable[0] if stable else None)

    def split(self, words: str) -> tuple[Release | None, str]:
        """The release that ``TAG`` or ``TAG/FILE`` begins with, and what follows its tag.

        A tag may contain slashes: the longest tag that fits is the release's.
        """
        by_tag = {r.tag: r for r in reversed(self.releases)}
        end = min(len(words), _LONGEST_WORDS)
        while end > 0:
            release = self._named(words[:end], by_tag)
            if release is not None:
                return release, words[end + 1 :]
            end = words.rfind("/", 0, end)
        return None, words
