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
    """What an asset's ``digest`` says of bytes with this sha256; Unknown, with the reason, where there may be a digest that
    was not compared: that is neither ok nor absent."""
    if isinstance(digest, NotApplicable):
        return Check.ABSENT
    if isinstance(digest, Unknown):
        return digest
    return Check.OK if digest.lower() == f"sha256:{sha256}" else Check.MISMATCH


@dataclass(frozen=True, slots=True)
class Blob:
    """A whole file on disk whose sha256 was computed while it was written."""

    path: Path
    size: int
    """Bytes."""
    sha256: str
    """64 lower-case hex digits."""


@dataclass(frozen=True, slots=True)
class Download:
    """How a blob came here."""

    blob: Blob
    check: Fact[Check]
    """Against the API's digest: ok or absent (a mismatch raises and keeps nothing); Unknown where it was not compared."""
    from_cache: bool
    resumed_from: int
    """Offset in bytes at which an earlier attempt was continued; 0 for none."""
    moved: int
    """Bytes that crossed the network this time."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a peek cost, counted by the client."""

    requests: int
    """Ranged requests to the host that serves the file (a redirect on the way is not counted)."""
    bytes: int
    """Body bytes read."""
    of: Fact[int]
    """The asset's whole size in bytes."""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What is in the cache."""

    directory: Path
    blobs: int
    blob_bytes: int
    limit_bytes: int
    partials: int
    partial_bytes: int
    pages: int
    records: int
    """Peeks and proofs kept."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One blob in the cache."""

    sha256: str
    size: int
    names: tuple[str, ...]
    """What it was stored as: asset or member names, untrusted."""
    used_at: float
    """Seconds since the epoch of its last use."""
