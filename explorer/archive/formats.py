"""What a file is packed as, told by its first bytes."""

from explorer.archive.codecs import BZ2, GZ, XZ, ZST, Codec
from explorer.archive.debs import MARK
from explorer.archive.models import Format, Limits, RefusedError
from explorer.archive.streams import Budget, Exact, SourceStream, UnpackedStream
from explorer.archive.tarfiles import is_header
from explorer.archive.zipheaders import END, LOCAL
from explorer.bytesource import ByteSource, OutOfReachError

_BLOCK = 512
_MAGICS = ((GZ, "gz"), (XZ, "xz"), (BZ2, "bz2"), (ZST, "zst"))
_TARS = {"gz": Format.TAR_GZ, "xz": Format.TAR_XZ, "bz2": Format.TAR_BZ2, "zst": Format.TAR_ZST}
_SHORT = {
    ".tgz": "gz",
    ".taz": "gz",
    ".txz": "xz",
    ".tbz2": "bz2",
    ".tbz": "bz2",
    ".tb2": "bz2",
    ".tzst": "zst",
}


def compression(source: ByteSource) -> str:
    """``gz``, ``xz``, ``bz2``, ``zst``, or empty for what none of them packed. Reads 6 bytes."""
    head = source.read_at(0, 6)
    for magic, kind in _MAGICS:
        if head.startswith(magic) and (kind != "bz2" or head[3:4] in b"123456789"):
            return kind
    return ""


def detect(source: ByteSource, name: str) -> Format:
    """How the file is packed, by its bytes: at most the first 512, or as many as it takes to unpack that many.

    The name decides only where the bytes cannot: whether a damaged or empty compressed file was meant to be a tar.

    Raises:
        OutOfReachError: not even the first bytes are here.
        SourceError: reading failed.
    """
    head = source.read_at(0, len(MARK))
    if head == MARK:
        return Format.DEB
    if head.startswith((LOCAL, END)):
        return Format.ZIP
    if kind := compression(source):
        inner = Exact(UnpackedStream(SourceStream(source), Codec(kind), Budget(Limits(), None)))
        try:
            first = inner.take(_BLOCK)
        except (RefusedError, OutOfReachError):
            first = b""
        if first.strip(b"\0"):
            return _TARS[kind] if is_header(first) else Format.RAW
        return _TARS[kind] if _named_tar(name, kind) else Format.RAW
    first = source.read_at(0, _BLOCK)
    if is_header(first):
        return Format.TAR
    if name.lower().endswith(".tar") and not first.strip(b"\0"):
        return Format.TAR  # empty, or nothing but the end mark
    return Format.RAW


def _named_tar(name: str, kind: str) -> bool:
    low = name.lower()
    return low.endswith(f".tar.{kind}") or any(
        low.endswith(end) and packed == kind for end, packed in _SHORT.items()
    )
