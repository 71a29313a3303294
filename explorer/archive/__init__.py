"""Archives, walked and unpacked within limits."""

from importlib import import_module
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

if TYPE_CHECKING:
    from explorer.archive.extraction import extract
    from explorer.archive.formats import detect
    from explorer.archive.walking import chunks, listing, walk

_LAZY = {
    "chunks": "walking",
    "detect": "formats",
    "extract": "extraction",
    "listing": "walking",
    "walk": "walking",
}
"""Function name to its module here: loaded on first use, since lzma, bz2, zlib and zstd are not needed to paint a screen."""


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(f"explorer.archive.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
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
    "walk",
]
