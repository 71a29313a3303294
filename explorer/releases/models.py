"""Releases as GitHub's REST API describes them, plus what a file's name claims."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from explorer.facts import MISSING, Fact, NotApplicable, Unknown


class AssetKind(StrEnum):
    """What an asset is for, as its name claims."""

    SERVER = "server"
    PLUGIN = "plugin"
    DEB = "deb"
    OTHER = "other"


class Origin(StrEnum):
    """Where a catalogue comes from."""

    API = "api"
    CACHE = "cache"
    SNAPSHOT = "snapshot"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a *name* claims: a promise, never a verdict.

    os: ``linux``, ``darwin``, ``windows``, ``freebsd`` …; arch in Go's words: ``amd64``, ``arm64``, ``386``, ``arm``,
    ``riscv64``, ``ppc64le``, ``s390x`` …; libc: ``musl`` or ``gnu`` where the name says so.
    """

    os: Fact[str]
    arch: Fact[str]
    libc: Fact[str]

    @property
    def slug(self) -> str:
        """``linux-arm64``, ``musl-amd64`` (RoadRunner's unknown-musl), ``linux``; ``?`` where the name says nothing."""
        os = None if isinstance(self.os, MISSING) else self.os
        arch = None if isinstance(self.arch, MISSING) else self.arch
        first = "musl" if self.libc == "musl" else os
        return "-".join(part for part in (first, arch) if part) or "?"


NO_PLATFORM = Platform(
    Unknown("the name does not say"),
    Unknown("the name does not say"),
    Unknown("the name does not say"),
)


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
    """``sha256:<64 hex digits>`` as the API gives it; NotApplicable where it gives none (uploads before 2025-06-03); Unknown
    where there may be one that is not known here, or is of another kind."""
    url: str
    """``browser_download_url``: costs no API rate. Empty where none is known."""
    api_url: str
    """The asset's API URL: the way to a private repository's file, with the token. Empty where none is known."""
    content_type: str
    updated_at: Fact[datetime]
    downloads: Fact[int]
    kind: AssetKind
    platform: Platform
    archive: str
    """The ending that names the packing: ``tar.gz``, ``tar.xz``, ``tar.bz2``, ``tar.zst``, ``zip``, ``deb``, ``gz``, or ``raw``."""
    path: Path | None = None
    """A local file that is this asset (demo, or a folder opened as a catalogue); None for one on a server."""
    stand_in: bool = False
    """True for a demo binary built for rr-explorer: labelled so wherever it appears."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as published."""

    tag: str
    version: str
    """Parsed from the tag (``v2025.1.15`` gives ``2025.1.15``), or the tag itself where it is no version."""
    name: str
    published_at: Fact[datetime]
    prerelease: bool
    draft: bool
    body: str
    """Release notes, Markdown, untrusted."""
    url: str
    assets: tuple[Asset, ...]
    evidence: str = "api"
    """``api``, ``folder``, or the snapshot's word: ``published``, ``derived`` (expected from the workflows), ``third-party``."""


@dataclass(frozen=True, slots=True)
class Rate:
    """GitHub's rate limit as the last answer told it."""

    limit: int
    remaining: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All releases of one repository, newest ``published_at`` first; unpublished and undated ones last.

    The bundled list alone knows the place of a release whose day it does not know (v3.0.0, after v2025.1.15).
    """

    repo: str
    releases: tuple[Release, ...]
    origin: Origin
    fetched_at: Fact[datetime]
    """When the server last confirmed it (a 304 counts)."""
    complete: Fact[bool]
    """True: these are all releases. False or Unknown: a count of them is not the total, and must not look like it."""
    rate: Fact[Rate] = field(default_factory=lambda: NotApplicable("nothing was asked"))
    warnings: tuple[str, ...] = ()
    """Sentences for a banner: what could not be had, until when, what is shown instead."""

    def release(self, tag: str) -> Release | None:
        """The release with this tag; ``latest`` is the newest published one that is no pre-release and no draft;
        one whose date is not known (only the bundled snapshot has such) is not called the latest."""
        if tag == "latest":
            stable = [r for r in self.releases if not r.prerelease and not r.draft]
            return next(
                (r for r in stable if not isinstance(r.published_at, MISSING)),
                stable[0] if stable else None,
            )
        by_tag = {r.tag: r for r in reversed(self.releases)}
        return by_tag.get(tag) or by_tag.get(f"v{tag}") or by_tag.get(tag.removeprefix("v"))
