"""Walks and unpacks archives within limits."""

from typing import TYPE_CHECKING

from explorer.archive.models import (
    ArchiveListing,
    Entry,
    Format,
    Limits,
    Member,
    MemberKind,
    MemberStream,
    Refusal,
    RefusedError,
    Walk,
)
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.archive.extraction import HEAD_BYTES, extract, unpacking
    from explorer.archive.formats import detect
    from explorer.archive.sizes import unpacked_size
    from explorer.archive.walking import chunks, listing, walk


__getattr__ = lazy_exports(
    __name__,
    {
        "HEAD_BYTES": "extraction",
        "chunks": "walking",
        "detect": "formats",
        "extract": "extraction",
        "listing": "walking",
        "unpacked_size": "sizes",
        "unpacking": "extraction",
        "walk": "walking",
    },
)

__all__ = [
    "HEAD_BYTES",
    "ArchiveListing",
    "Entry",
    "Format",
    "Limits",
    "Member",
    "MemberKind",
    "MemberStream",
    "Refusal",
    "RefusedError",
    "Walk",
    "chunks",
    "detect",
    "extract",
    "listing",
    "unpacked_size",
    "unpacking",
    "walk",
]
