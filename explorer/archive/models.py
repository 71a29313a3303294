"""Archives and their members, each one offered or refused with a rule's name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from explorer.errors import FormatError
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
    ``truncated``, ``header``, ``encrypted``, ``name``, ``checksum``, ``method`` (a compression that is not read here),
    ``sparse``, ``damaged`` (the compressed data themselves), and ``prefix``: not a fault, the rest is not here (a peek)."""
    text: str
    """A sentence fragment; may quote the archive: untrusted."""


_REMEDIES = {
    "prefix": "Download the whole file",
    "truncated": "Download it again: the end is missing",
    "checksum": "Download it again: bytes were changed on the way, or were never right",
    "damaged": "Download it again: the compressed data cannot be read",
    "encrypted": "Unpack it with its password first, and open the file that was in it",
    "method": "Unpack it with its own tool first, and open the file that was in it",
    "size": "If you trust it, unpack it with another tool",
    "ratio": "If you trust it, unpack it with another tool",
    "count": "If you trust it, unpack it with another tool",
}


class RefusedError(FormatError):
    """A member, or the archive itself, that broke a rule. The text names the member and the rule."""

    def __init__(self, rule: str, text: str, member: str = "") -> None:
        subject = member or "this archive"
        remedy = _REMEDIES.get(rule, "Do not trust this archive: no ordinary tool writes this")
        super().__init__(f"Refused {subject}: {text}", f"Rule: {rule}", remedy)
        self.refusal = Refusal(rule, text)
        self.member = member
        """The member's name, untrusted; empty for the archive itself."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an asset. Its name is untrusted."""

    name: str
    """As the header says, without a leading ``./`` and a directory's trailing slash."""
    kind: MemberKind
    size: Fact[int]
    """Bytes, as the header claims; Unknown for one unpacked from a plain compressor."""
    mode: int
    """Unix permission bits (at most 0o7777, as the header says); 0 where the format has none."""
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
    """UnpackedStream bytes per packed byte, looked at after the first 16 MiB unpacked. Real Go archives reach 4."""
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
class ArchiveListing:
    """All members that could be read, and what stopped the reading if anything did."""

    format: Format
    members: tuple[Member, ...]
    problem: Refusal | None = None
    """What is wrong with the archive itself (``truncated``, ``header``, ``damaged``, ``ratio`` …); what stands before it is still
    shown. ``prefix``: nothing is wrong, the source ends here (a peek)."""
