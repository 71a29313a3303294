"""Files that have arrived, and what is known of their integrity."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from explorer.facts import Fact, NotApplicable, Unknown


class Check(StrEnum):
    """The outcome of one integrity signal. ``absent`` is not ``ok``."""

    OK = "ok"
    MISMATCH = "mismatch"
    ABSENT = "absent"


def check_of(digest: Fact[str], sha256: str) -> Fact[Check]:
    """What an asset's ``digest`` says of bytes with this sha256.

    Unknown, with the reason, if there may be a digest that was not compared: that is neither ok
    nor absent.
    """
    if isinstance(digest, NotApplicable):
        return Check.ABSENT
    if isinstance(digest, Unknown):
        return digest
    return Check.OK if digest.lower() == f"sha256:{sha256}" else Check.MISMATCH


@dataclass(frozen=True, slots=True)
class Blob:
    """A complete file on disk, whose sha256 was computed while it was written."""

    path: Path
    size: int
    """Bytes."""
    sha256: str
    """64 lower-case hex digits."""


@dataclass(frozen=True, slots=True)
class Download:
    """A blob, and how it was obtained."""

    blob: Blob
    check: Fact[Check]
    """Against the API's digest: ok, absent, or Unknown if not compared. A mismatch raises."""
    from_cache: bool
    resumed_from: int
    """Offset in bytes at which an earlier attempt was continued, or 0."""
    moved: int
    """Bytes that crossed the network this time."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a peek cost, as the client counted it."""

    requests: int
    """Requests to the host that has the file; redirects do not count."""
    bytes: int
    """Body bytes read."""
    of: Fact[int]
    """The asset's whole size in bytes."""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache holds."""

    directory: Path
    blobs: int
    blob_bytes: int
    limit_bytes: int
    partials: int
    partial_bytes: int
    pages: int
    records: int
    """Peeks and proofs."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One blob in the cache."""

    sha256: str
    size: int
    names: tuple[str, ...]
    """The names of assets or members with this content. Untrusted text."""
    used_at: float
    """When it was last used, in seconds since the epoch."""
