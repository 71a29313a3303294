"""RPM packages: a lead, a signature, a header and a compressed cpio archive.

Format: "RPM V4 Package format" in RPM's reference manual; tags in ``rpm/rpmtag.h``.
"""

from collections.abc import Iterator
from dataclasses import replace

from explorer.archive.codecs import MAGICS, Codec
from explorer.archive.cpios import walk_cpio
from explorer.archive.guard import Guard
from explorer.archive.models import Entry, PackagePart, RefusedError
from explorer.archive.streams import Budget, SourceStream, UnpackedStream
from explorer.bytesource import ByteSource

LEAD = b"\xed\xab\xee\xdb"
_LEAD_BYTES = 96
_HEADER = b"\x8e\xad\xe8\x01"
_HEADER_BYTES = 16
_LARGEST_HEADER = 64 << 20
"""A quarter of what librpm accepts."""


def payload_offset(source: ByteSource) -> int:
    """Where the compressed payload begins, in bytes.

    Raises:
        RefusedError: ``header`` or ``truncated``.
    """
    signature_end = _header_end(source, _LEAD_BYTES)
    return _header_end(source, signature_end + -signature_end % 8)


def _header_end(source: ByteSource, at: int) -> int:
    head = source.read_at(at, _HEADER_BYTES)
    if len(head) < _HEADER_BYTES:
        raise RefusedError("truncated", "it ends before its RPM header")
    if not head.startswith(_HEADER):
        raise RefusedError("header", f"there is no RPM header at byte {at}")
    entries, data = int.from_bytes(head[8:12], "big"), int.from_bytes(head[12:16], "big")
    length = _HEADER_BYTES + 16 * entries + data
    if length > _LARGEST_HEADER:
        raise RefusedError("header", f"its RPM header claims {length:,} bytes")
    return at + length


def walk_rpm(source: ByteSource, budget: Budget) -> Iterator[Entry]:
    """The files of the package, in the order of its payload.

    Raises:
        RefusedError: as ``walk_cpio``; ``header``, ``truncated`` or ``method`` for the package.
    """
    start = payload_offset(source)
    head = source.read_at(start, 6)
    if not head:
        raise RefusedError("truncated", "its payload is missing")
    kind = next((kind for kind, magic in MAGICS.items() if head.startswith(magic)), "")
    if not kind and head.startswith(b"\x5d\0\0"):
        kind = "lzma"
    if not kind and not head.startswith(b"0707"):
        raise RefusedError("method", "its payload is packed in a way that is not read here")
    packed = SourceStream(source, start)
    stream = UnpackedStream(packed, Codec(kind), budget) if kind else packed
    payload = PackagePart(start, 0, kind)
    for entry in walk_cpio(stream, Guard(budget.limits, rooted=True), budget):
        yield replace(entry, member=replace(entry.member, payload=payload))
