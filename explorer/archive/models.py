"""Archives and their members. Each member is offered, or refused by a named rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from explorer.errors import FormatError
from explorer.facts import Fact


class Format(StrEnum):
    """How a file is packed, found by its bytes."""

    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_XZ = "tar.xz"
    TAR_BZ2 = "tar.bz2"
    TAR_ZST = "tar.zst"
    TAR_LZ = "tar.lz"
    TAR_LZMA = "tar.lzma"
    TAR_LZ4 = "tar.lz4"
    ZIP = "zip"
    DEB = "deb"
    RPM = "rpm"
    CPIO = "cpio"
    SEVEN_ZIP = "7z"

    GZ = "gz"
    XZ = "xz"
    BZ2 = "bz2"
    ZST = "zst"
    LZ = "lz"
    LZMA = "lzma"
    LZ4 = "lz4"

    SQUASHFS = "squashfs"
    COMPRESS = "compress (.Z)"
    APK3 = "apk v3"
    LZ4_LEGACY = "lz4 (legacy format)"
    LZOP = "lzop"
    LRZIP = "lrzip"
    RAR = "rar"
    CAB = "cab"
    XAR = "xar"
    FLATPAK = "flatpak"
    ACE = "ace"
    ARJ = "arj"
    LHA = "lha"
    RZIP = "rzip"
    ZPAQ = "zpaq"
    WIM = "wim"
    MSI = "msi"
    CRX = "crx"
    QCOW2 = "qcow2"
    SNAPPY = "snappy"
    LZFSE = "lzfse"
    PACK = "pack (.z)"
    ZOO = "zoo"
    ALZIP = "alz"
    EGG = "egg"
    SZDD = "MS-DOS compress"
    DWARFS = "dwarfs"
    CRAMFS = "cramfs"
    ROMFS = "romfs"
    EROFS = "erofs"
    EXT = "ext2, ext3 or ext4"
    XFS = "xfs"
    VMDK = "vmdk"
    VHDX = "vhdx"
    BROTLI = "brotli"
    DMG = "dmg"
    ISO = "iso 9660"
    ZLIB = "zlib"
    BASE64 = "base64"
    UUENCODE = "uuencode"

    RAW = "raw"
    """Neither an archive nor compressed: the file itself is the only member."""

    @property
    def compression(self) -> str:
        """``gz``, ``xz`` … for a compressed tar or a compressed file; empty for anything else."""
        kind = self.value.removeprefix("tar.")
        return kind if kind in _COMPRESSIONS else ""

    @property
    def is_single(self) -> bool:
        """Whether it is one compressed file, which has no name of its own."""
        return self.value in _COMPRESSIONS

    @property
    def is_read(self) -> bool:
        """Whether its members can be read here."""
        return self not in _UNREAD


_COMPRESSIONS = frozenset(("gz", "xz", "bz2", "zst", "lz", "lzma", "lz4"))
_UNREAD = frozenset(
    (
        Format.SQUASHFS,
        Format.COMPRESS,
        Format.APK3,
        Format.LZ4_LEGACY,
        Format.LZOP,
        Format.LRZIP,
        Format.RAR,
        Format.CAB,
        Format.XAR,
        Format.FLATPAK,
        Format.ACE,
        Format.ARJ,
        Format.LHA,
        Format.RZIP,
        Format.ZPAQ,
        Format.WIM,
        Format.MSI,
        Format.CRX,
        Format.QCOW2,
        Format.SNAPPY,
        Format.LZFSE,
        Format.PACK,
        Format.ZOO,
        Format.ALZIP,
        Format.EGG,
        Format.SZDD,
        Format.DWARFS,
        Format.CRAMFS,
        Format.ROMFS,
        Format.EROFS,
        Format.EXT,
        Format.XFS,
        Format.VMDK,
        Format.VHDX,
        Format.BROTLI,
        Format.DMG,
        Format.ISO,
        Format.ZLIB,
        Format.BASE64,
        Format.UUENCODE,
    )
)


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
    """Stable code: ``traversal``, ``absolute``, ``link-outside``, ``device``, ``size``, ``ratio``,
    ``count``, ``duplicate``, ``truncated``, ``header``, ``encrypted``, ``name``, ``checksum``,
    ``method`` (a packing that is not read here), ``damaged`` (the compressed data themselves), and
    ``prefix``: not a fault, the rest is not here (a peek)."""
    text: str
    """A sentence fragment; may quote the archive: untrusted."""


_UNPACK_ELSEWHERE = "If you trust it, unpack it with another tool"
_WRITES_OUTSIDE = "Do not trust this archive: it would write outside its own folder"
_REMEDIES = {
    "prefix": "Download the whole file",
    "truncated": "Download it again: the end is missing",
    "checksum": "Download it again: its bytes are not the ones that were packed",
    "damaged": "Download it again: the compressed data cannot be read",
    "encrypted": "Unpack it with its password first, then open the file that was in it",
    "method": "Unpack it with its own tool first, then open the file that was in it",
    "header": "Download it again; if it stays like this, its headers are malformed",
    "traversal": _WRITES_OUTSIDE,
    "absolute": _WRITES_OUTSIDE,
    "link-outside": _WRITES_OUTSIDE,
}


class RefusedError(FormatError):
    """A member, or the archive itself, breaks a rule. The text names both."""

    def __init__(self, rule: str, text: str, member: str = "") -> None:
        subject = member or "this archive"
        remedy = _REMEDIES.get(rule, _UNPACK_ELSEWHERE)
        super().__init__(f"Refused {subject}: {text}", f"Rule: {rule}", remedy)
        self.refusal = Refusal(rule, text)
        self.member = member
        """The member's name, untrusted; empty for the archive itself."""


@dataclass(frozen=True, slots=True)
class PackagePart:
    """The part of a file that holds its members: all of it, or a package's tar or cpio."""

    offset: int = 0
    """Bytes before it."""
    size: int = 0
    """Bytes; 0: to the end of the file."""
    compression: str = ""
    """``gz``, ``xz``, ``zst`` …; empty: not compressed."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an asset. Its name is untrusted."""

    name: str
    """As in the header, without a leading ``./`` and a directory's trailing slash."""
    kind: MemberKind
    size: Fact[int]
    """Bytes, as the header claims; Unknown for the content of a compressed single file."""
    mode: int
    """Unix permission bits, at most 0o7777; 0 where the format has none."""
    link: str = ""
    """Where a link points to. In a deb or rpm an absolute target is given relative to the link, so
    that it stays inside the unpacked tree."""
    refused: Refusal | None = None
    part: str = ""
    """``data`` or ``control`` in a deb, else empty."""
    stored: str = ""
    """The name exactly as stored (``./tool``), which is what tar and unzip have to be given; empty
    for a file that is not an archive, and in one without names (RPM 6)."""
    packing: Format = Format.RAW
    """How the file that it is in is packed, as its bytes say."""
    repeated: bool = False
    """Whether an earlier member has the same stored name."""
    payload: PackagePart = PackagePart()
    """Where in the file it is, in a deb or an rpm."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may cost this machine. Beyond that it is refused by name."""

    member_bytes: int = 1 << 30
    total_bytes: int = 4 << 30
    ratio: int = 400
    """Unpacked bytes per packed byte, checked after the first 16 MiB. Programs reach about 4."""
    members: int = 20_000
    name_bytes: int = 1024


class MemberStream(Protocol):
    """A member's bytes, forwards only."""

    def read(self, limit: int) -> bytes:
        """Between 1 and ``limit`` bytes; empty at the end.

        Raises:
            FormatError: the archive is damaged or exceeds a limit; names the member and the rule.
            OutOfReachError: the source ends before the archive does (a peek).
        """


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a walk: a member, and how to read it *now*, before the walk goes on."""

    member: Member
    open: Callable[[], MemberStream]
    """Raises FormatError for a member that was refused or is not a file."""


Walk = Iterator[Entry]


@dataclass(frozen=True, slots=True)
class ArchiveListing:
    """All members that could be read, and what stopped the reading if anything did."""

    format: Format
    members: tuple[Member, ...]
    problem: Refusal | None = None
    """What is wrong with the archive itself (``truncated``, ``header``, ``damaged`` …); the members
    before it are still listed. ``prefix``: nothing is wrong, the source ends here (a peek)."""
