"""Archives and their members, each one offered or refused with a rule's name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from explorer.facts import Fact


class Format(StrEnum):
    """How a file is packed. Found by its bytes; the name only helps for tar inside a compressor."""

    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_XZ = "tar.xz"
    TAR_BZ2 = "tar.bz2"
    TAR_ZST = "tar.zst"
    ZIP = "zip"
    DEB = "deb"
    RAW = "raw"
    """Not an archive: the file itself is the only member. ``gz``, ``xz``, ``bz2``, ``zst`` of a single file count as raw, unpacked."""


class MemberKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    OTHER = "other"
    """Devices, FIFOs, sockets: always refused."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a member is not given out."""

    rule: str
    """Stable code: ``traversal``, ``absolute``, ``link-outside``, ``device``, ``size``, ``ratio``, ``count``, ``duplicate``,
    ``truncated``, ``header``, ``encrypted``, ``name``."""
    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an asset. Its name is untrusted."""

    name: str
    kind: MemberKind
    size: Fact[int]
    """Bytes, as the header claims; Unknown for one unpacked from a plain compressor."""
    mode: int
    """Unix permission bits; 0 where the format has none."""
    link: str = ""
    """Where a link points to."""
    refused: Refusal | None = None
    part: str = ""
    """``data`` or ``control`` in a deb, else empty."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may ask of this machine. Beyond that it is refused, by name."""

    member_bytes: int = 1 << 30
    total_bytes: int = 4 << 30
    ratio: int = 400
    """Unpacked bytes per packed byte, looked at after the first 16 MiB unpacked. Real Go archives reach 4."""
    members: int = 20_000
    name_bytes: int = 1024


class MemberStream(Protocol):
    """A member's bytes, forwards only."""

    def read(self, limit: int) -> bytes:
        """Between 1 and ``limit`` bytes; empty at the end.

        Raises:
            FormatError: the archive is damaged or a limit was passed; names the member and the rule.
            OutOfReachError: the source ends before the archive does (a peek).
        """


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a walk: a member, and how to read it *now*, before the walk goes on."""

    member: Member
    open: Callable[[], MemberStream]
    """Raises FormatError for a member that was refused or is no file."""


Walk = Iterator[Entry]


@dataclass(frozen=True, slots=True)
class Listing:
    """All members that could be read, and what stopped the reading if anything did."""

    format: Format
    members: tuple[Member, ...]
    problem: Refusal | None = None
    """``truncated`` or ``header`` for the archive itself: what stands before it is still shown."""
