"""Names under which bytes are kept. They say what a thing is, so that a changed thing gets another name."""

from datetime import datetime

from explorer.facts import MISSING, Fact
from explorer.http import origin_of
from explorer.releases import Asset

PLAIN_FIRST = 16 * 1024
"""Bytes of a peek's first request: holds the deciding 4 KiB of every RoadRunner tar.gz since 2024."""
BLOCK_FIRST = 64 * 1024
"""The same for zstd inside (deb, tar.zst): its blocks unpack only whole, and a Go binary's first one fills 36 to 44 KiB."""


def _word(fact: Fact[int] | Fact[str] | Fact[datetime]) -> str:
    if isinstance(fact, MISSING):
        return "?"
    return fact.isoformat() if isinstance(fact, datetime) else str(fact)


def asset_key(asset: Asset) -> str:
    """One key per published state of an asset: server, repository, id (else tag and name), ``updated_at``, size, digest."""
    ident = _word(asset.id) if not isinstance(asset.id, MISSING) else f"{asset.tag}/{asset.name}"
    origin = origin_of(asset.url or asset.api_url or "http://nowhere")
    return "|".join(("asset", origin, asset.repo, ident, _word(asset.updated_at), _word(asset.size), _word(asset.digest)))


def member_key(archive_sha256: str, member_name: str) -> str:
    """A member of an archive, by the archive's content and not by its name."""
    return f"member|{archive_sha256}|{member_name}"


def first_window(archive: str) -> int:
    """How many bytes to ask for first, by the asset's packing (``Asset.archive``)."""
    return BLOCK_FIRST if archive in ("deb", "tar.zst", "zst") else PLAIN_FIRST
