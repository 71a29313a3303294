"""Archives, walked and unpacked within limits."""

from explorer.archive.models import (
    Entry,
    Format,
    Limits,
    Listing,
    Member,
    MemberKind,
    MemberStream,
    Refusal,
    Walk,
)

__all__ = [
    "Entry",
    "Format",
    "Limits",
    "Listing",
    "Member",
    "MemberKind",
    "MemberStream",
    "Refusal",
    "Walk",
]
