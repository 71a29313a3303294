"""Detection of a file's packing by its first bytes."""

import zlib

from explorer.archive.codecs import MAGICS, SKIPPABLE, Codec
from explorer.archive.cpios import is_cpio
from explorer.archive.debs import MARK
from explorer.archive.models import Format, Limits, RefusedError
from explorer.archive.rpms import LEAD
from explorer.archive.sevenheaders import MAGIC as SEVEN
from explorer.archive.streams import Budget, Exact, SourceStream, UnpackedStream
from explorer.archive.tarfiles import is_header
from explorer.archive.zipfiles import has_directory
from explorer.archive.zipheaders import END, LOCAL, SPANNING
from explorer.bytesource import ByteSource, OutOfReachError
from explorer.progress import Cancellation

_BLOCK = 512
_DETECTION_INPUT = 2 << 20
"""Compressed bytes that are read to see the first 512 unpacked ones. The largest blocks of any
compressor (bzip2: 900 kB) fit twice."""
_SKIPPED_FRAMES = 16
"""Skippable frames that may stand before the first real one (pzstd writes one)."""
_MAGICS = (
    (0, MARK, Format.DEB),
    (0, LEAD, Format.RPM),
    (0, SEVEN, Format.SEVEN_ZIP),
    (0, b"hsqs", Format.SQUASHFS),
    (0, b"sqsh", Format.SQUASHFS),
    (0, b"\x1f\x9d", Format.COMPRESS),
    (0, b"ADB.", Format.APK3),
    (0, b"ADBd", Format.APK3),
    (0, b"ADBc", Format.APK3),
    (0, b"\x02\x21\x4c\x18", Format.LZ4_LEGACY),
    (0, b"\x89LZO\0\r\n\x1a\n", Format.LZOP),
    (0, b"LRZI", Format.LRZIP),
    (0, b"Rar!\x1a\x07", Format.RAR),
    (0, b"MSCF\0\0\0\0", Format.CAB),
    (0, b"xar!\0\x1c", Format.XAR),
    (0, b"flatpak\0", Format.FLATPAK),
    (0, b"xdg-app\0", Format.FLATPAK),
    (7, b"**ACE**", Format.ACE),
    (0, b"\x60\xea", Format.ARJ),
    *((2, b"-lh%d-" % method, Format.LHA) for method in (0, 1, 4, 5, 6, 7)),
    (0, b"RZIP\2", Format.RZIP),
    (0, b"7kSt\xa0\x31\x83\xd3", Format.ZPAQ),
    (0, b"zPQ", Format.ZPAQ),
    (0, b"MSWIM\0\0\0", Format.WIM),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Format.MSI),
    (0, b"Cr24\2\0\0\0", Format.CRX),
    (0, b"Cr24\3\0\0\0", Format.CRX),
    (0, b"QFI\xfb", Format.QCOW2),
    (0, b"\xff\6\0\0sNaPpY", Format.SNAPPY),
    *((0, b"bvx" + kind, Format.LZFSE) for kind in (b"1", b"2", b"n", b"-")),
    (0, b"\x1f\x1e", Format.PACK),
    (0, b"ZOO ", Format.ZOO),
    (0, b"ALZ\1", Format.ALZIP),
    (0, b"EGGA", Format.EGG),
    (0, b"SZDD\x88\xf0\x27\x33", Format.SZDD),
    (0, b"DWARFS\2", Format.DWARFS),
    (0, b"\x45\x3d\xcd\x28", Format.CRAMFS),
    (0, b"\x28\xcd\x3d\x45", Format.CRAMFS),
    (0, b"-rom1fs-", Format.ROMFS),
    (0, b"XFSB\0\0", Format.XFS),
    (0, b"KDMV", Format.VMDK),
    (0, b"vhdxfile", Format.VHDX),
)
"""Offset and bytes. The formats that are not read here are from file(1)'s database."""
_FILE_SYSTEMS = ((1024, b"\xe2\xe1\xf5\xe0", Format.EROFS), (1080, b"\x53\xef", Format.EXT))
"""They leave room for a boot loader before their marks."""
_UNREAD_ENDINGS = ((".br", Format.BROTLI), (".dmg", Format.DMG), (".iso", Format.ISO))
"""Formats without a mark at the start. A text file or a program of such a name is not one."""
_ENCODED_ENDINGS = (".b64", ".base64")
_UUENCODED = (b"begin ", b"begin-base64 ")
"""POSIX's uuencode, followed by the file's mode."""
_MACHO = (
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
    b"\xca\xfe\xba\xbe",
)
_PROGRAMS = (b"\x7fELF", b"MZ", b"#!", *_MACHO)
_SHORT = {
    ".tgz": "gz",
    ".taz": "gz",
    ".txz": "xz",
    ".tbz2": "bz2",
    ".tbz": "bz2",
    ".tb2": "bz2",
    ".tzst": "zst",
    ".tlz": "lzma",
}
_ZIP_ENDINGS = (".zip", ".jar", ".war", ".whl", ".apk", ".xpi", ".vsix", ".nupkg")


def compression(source: ByteSource) -> str:
    """``gz``, ``xz``, ``bz2``, ``zst``, ``lz``, ``lzma`` or ``lz4``; empty for anything else.

    Reads 13 bytes, and 8 for each skippable frame of zstd or lz4 before the first real one.
    """
    head = source.read_at(0, 13)
    if len(head) > 12 and head[0] & 0xF0 == 0x50 and head[1:4] == SKIPPABLE:
        head = _behind_skippable_frames(source)
    for kind, magic in MAGICS.items():
        if head.startswith(magic) and (kind != "bz2" or head[3:4] in b"123456789"):
            return kind
    return "lzma" if _is_lzma(head) else ""


def _behind_skippable_frames(source: ByteSource) -> bytes:
    at = 0
    for _ in range(_SKIPPED_FRAMES):
        head = source.read_at(at, 8)
        if len(head) < 8 or head[0] & 0xF0 != 0x50 or head[1:4] != SKIPPABLE:
            return head
        at += 8 + int.from_bytes(head[4:8], "little")
    return b""


def _is_lzma(head: bytes) -> bool:
    """A ``.lzma`` header: usual properties, a usual dictionary size, a size that can be true."""
    if len(head) < 13 or head[0] != 0x5D:
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    usual = dictionary.bit_count() == 1 or (
        dictionary.bit_count() == 2 and dictionary & dictionary >> 1
    )
    return bool(usual) and dictionary >= 1 << 12 and (size == (1 << 64) - 1 or size < 1 << 38)


def detect(source: ByteSource, name: str, cancel: Cancellation | None = None) -> Format:
    """How the file is packed, by its first bytes.

    Reads at most 1,082 bytes, or as many as it takes to unpack 512. The name decides only where the
    bytes cannot: whether a damaged or empty compressed file was meant to be a tar, and whether a
    file that begins with something else may still be a zip.

    Raises:
        OutOfReachError: the first bytes are not here, or not enough of them to tell.
        SourceError: reading failed.
        OperationCancelledError: ``cancel`` was set.
    """
    marked = _by_mark(source.read_at(0, len(MARK)))
    if marked is not None:
        return marked
    if kind := compression(source):
        return _compressed(source, name, kind, cancel)
    first = source.read_at(0, _BLOCK)
    if is_header(first):
        return Format.TAR
    if is_cpio(first):
        return Format.CPIO
    low = name.lower()
    if low.endswith(".tar") and not first.strip(b"\0"):
        return Format.TAR  # empty, or nothing but the end mark
    if low.endswith(_ZIP_ENDINGS) and has_directory(source):
        return Format.ZIP  # behind other bytes: a self-extracting archive, a signature
    return _unmarked(source, first, low)


def _unmarked(source: ByteSource, first: bytes, name: str) -> Format:
    """A file whose first bytes are no archive's: a program, text, or a format without a mark."""
    if first.startswith(_PROGRAMS):
        return Format.RAW
    if first.isascii() and b"\0" not in first:
        return _text(first, name)
    if _is_zlib(first):
        return Format.ZLIB
    for offset, magic, form in _FILE_SYSTEMS:
        if source.read_at(offset, len(magic)) == magic:
            return form
    return next((unread for end, unread in _UNREAD_ENDINGS if name.endswith(end)), Format.RAW)


def _is_zlib(first: bytes) -> bool:
    """A zlib header (RFC 1950), and bytes behind it that inflate."""
    if first[:1] not in (b"\x78", b"\x68", b"\x58", b"\x48") or int.from_bytes(first[:2]) % 31:
        return False
    try:
        return bool(zlib.decompressobj().decompress(first))
    except zlib.error:
        return False


def _text(first: bytes, name: str) -> Format:
    """A program that was written as text, or any other text."""
    if any(first.startswith(mark) and first[len(mark) :][:3].isdigit() for mark in _UUENCODED):
        return Format.UUENCODE
    return Format.BASE64 if name.endswith(_ENCODED_ENDINGS) else Format.RAW


def _by_mark(head: bytes) -> Format | None:
    if head.startswith((LOCAL, END)) or (head[:4] in SPANNING and head[4:8] == LOCAL):
        return Format.ZIP
    for offset, magic, form in _MAGICS:
        if head.startswith(magic, offset):
            return form
    return None


def _compressed(source: ByteSource, name: str, kind: str, cancel: Cancellation | None) -> Format:
    packed = SourceStream(source, 0, _DETECTION_INPUT)
    inner = Exact(UnpackedStream(packed, Codec(kind), Budget(Limits(), cancel)))
    try:
        first = inner.take(_BLOCK)
    except (RefusedError, OutOfReachError):
        first = b""
    is_tar = is_header(first) if first.strip(b"\0") else _named_tar(name, kind)
    return Format(f"tar.{kind}" if is_tar else kind)


def _named_tar(name: str, kind: str) -> bool:
    low = name.lower()
    return low.endswith(f".tar.{kind}") or any(
        low.endswith(end) and packed == kind for end, packed in _SHORT.items()
    )
