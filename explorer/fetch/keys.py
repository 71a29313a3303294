"""Names under which bytes are kept. They say what a thing is, so that a changed thing gets another name."""

from datetime import datetime

from explorer.facts import MISSING, Fact
from explorer.http import origin_of
from explorer.releases import Asset

PLAIN_FIRST = 16 * 1024
"""Bytes of a peek's first request: holds the deciding 4 KiB of every RoadRunner tar.gz since 2024."""
ZSTD_FIRST = 80 * 1024
"""The same for zstd inside (deb, tar.zst): its blocks of 128 KiB unpack only whole, and the one that holds the beginning of a
Go binary ends at byte 51,818 to 65,914 of the file (dpkg-deb, levels 19 to 1); 64 KiB would be too little for the last."""
BZIP2_FIRST = 400 * 1024
"""The same for bzip2, whose blocks hold 900 kB: the first one of a Go binary ends at byte 350,720 to 383,488."""


def _word(fact: Fact[int] | Fact[str] | Fact[datetime]) -> str:
    if isinstance(fact, MISSING):
        return "?"
    return fact.isoformat() if isinstance(fact, datetime) else str(fact)


def asset_key(asset: Asset) -> str:
    """One key per published state of an asset: server, repository, id (else tag and name), ``updated_at``, size, digest."""
    ident = _word(asset.id) if not isinstance(asset.id, MISSING) else f"{asset.tag}/{asset.name}"
    origin = origin_of(asset.url or asset.api_url or "http://nowhere")
    key = "|".join(
        (
            "asset",
            origin,
            asset.repo,
            ident,
            _word(asset.updated_at),
            _word(asset.size),
            _word(asset.digest),
        )
    )
    return key.encode(
        "utf-8", "backslashreplace"
    ).decode()  # half of a surrogate pair is valid JSON, and cannot be stored


def member_key(archive_sha256: str, member_name: str) -> str:
    """A member of an archive, by the archive's content and not by its name."""
    return f"member|{archive_sha256}|{member_name}"


def first_window(archive: str) -> int:
    """How many bytes to ask for first, by the asset's packing (``Asset.archive``)."""
    if archive in ("deb", "tar.zst", "zst"):
        return ZSTD_FIRST
    return BZIP2_FIRST if archive in ("tar.bz2", "bz2") else PLAIN_FIRST
