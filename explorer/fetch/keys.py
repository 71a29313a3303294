"""Keys of cached bytes. They say what a thing is, so that a changed thing has another key."""

from datetime import datetime

from explorer.facts import MISSING, Fact
from explorer.http import origin_of
from explorer.releases import Asset

PLAIN_FIRST = 16 * 1024
"""Bytes of a peek's first request: enough for a program's first 4 KiB in a usual tar.gz."""
ZSTD_FIRST = 80 * 1024
"""The same for zstd (deb, tar.zst), whose blocks hold 128 KiB and unpack only as a whole."""
BZIP2_FIRST = 400 * 1024
"""The same for bzip2, whose blocks hold 900 kB."""


def _word(fact: Fact[int] | Fact[str] | Fact[datetime]) -> str:
    if isinstance(fact, MISSING):
        return "?"
    return fact.isoformat() if isinstance(fact, datetime) else str(fact)


def asset_key(asset: Asset) -> str:
    """One key per published state of an asset.

    It holds server, repository, id (or tag and name), ``updated_at``, size and digest.
    """
    ident = _word(asset.id) if not isinstance(asset.id, MISSING) else f"{asset.tag}/{asset.name}"
    origin = origin_of(asset.url or asset.api_url or "http://nowhere")
    state = (_word(asset.updated_at), _word(asset.size), _word(asset.digest))
    key = "|".join(("asset", origin, asset.repo, ident, *state))
    # Half of a surrogate pair is valid in JSON, but cannot be stored.
    return key.encode("utf-8", "backslashreplace").decode()


def member_key(archive_sha256: str, member_name: str) -> str:
    """A member of an archive, which its content identifies, not its name."""
    return f"member|{archive_sha256}|{member_name}"


def first_window(archive: str) -> int:
    """Bytes of the first request, by the asset's format (``Asset.archive``)."""
    if archive in ("deb", "tar.zst", "zst"):
        return ZSTD_FIRST
    return BZIP2_FIRST if archive in ("tar.bz2", "bz2") else PLAIN_FIRST
