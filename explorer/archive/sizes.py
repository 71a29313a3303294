"""How long a compressed file is unpacked, without unpacking it.

Each format says so somewhere: gzip in its last 4 bytes (RFC 1952, ISIZE), xz in the index at its
end, zstd and ``.lzma`` in their header, lzip in its trailer. All but xz and lzip may be wrong about
files of several streams, so that the result is a hint: never less than it says where it is right.
"""

import zlib

from explorer.archive.models import Format
from explorer.bytesource import ByteSource
from explorer.facts import Fact, Unknown

_SILENT = Unknown("the compressed file does not say how long it is unpacked")
_DEFLATE_RATIO = 1032
"""The most that deflate can shrink anything."""
_INDEX_BYTES = 1 << 20
_XZ_HEADER, _XZ_FOOTER = 12, 12
_LZIP_TRAILER = 20
_SMALLEST = 24
"""Bytes: less is not a whole compressed file with anything in it."""


def unpacked_size(source: ByteSource, form: Format) -> Fact[int]:
    """Bytes of the only file in a compressed file; Unknown if it does not say, or not credibly.

    Reads a few bytes at the start or the end.

    Raises:
        OutOfReachError: these bytes are not here.
    """
    packed = source.size
    if isinstance(packed, Unknown) or packed < _SMALLEST:
        return _SILENT
    match form:
        case Format.GZ:
            size = int.from_bytes(source.read_at(packed - 4, 4), "little")
            # Several streams, or other bytes behind them, rarely look like this.
            credible = packed - (packed >> 6) - 64 <= size <= _DEFLATE_RATIO * packed
            return size if credible else _SILENT
        case Format.XZ:
            return _xz_size(source, packed)
        case Format.ZST:
            return _zstd_size(source.read_at(0, 18), packed)
        case Format.LZMA:
            size = int.from_bytes(source.read_at(5, 8), "little")
            return size if size < 1 << 38 else _SILENT
        case Format.LZ:
            trailer = source.read_at(packed - _LZIP_TRAILER, _LZIP_TRAILER)
            is_single = int.from_bytes(trailer[12:], "little") == packed
            return int.from_bytes(trailer[4:12], "little") if is_single else _SILENT
        case _:
            return _SILENT


def _xz_size(source: ByteSource, packed: int) -> Fact[int]:
    """The sum of the index's records (xz file format, section 4), if it covers the whole file."""
    footer = source.read_at(packed - _XZ_FOOTER, _XZ_FOOTER)
    length = 4 * (1 + int.from_bytes(footer[4:8], "little"))
    if footer[-2:] != b"YZ" or length > min(_INDEX_BYTES, packed):
        return _SILENT
    index = source.read_at(packed - _XZ_FOOTER - length, length)
    if len(index) < 8 or zlib.crc32(index[:-4]) != int.from_bytes(index[-4:], "little"):
        return _SILENT
    numbers = _varints(index[1:-4])
    count = numbers.pop(0) if numbers else 0
    if len(numbers) < 2 * count or any(numbers[2 * count :]):
        return _SILENT
    blocks = sum(-(-n // 4) * 4 for n in numbers[: 2 * count : 2])
    if _XZ_HEADER + blocks + length + _XZ_FOOTER != packed:
        return _SILENT  # several streams, or padding
    return sum(numbers[1 : 2 * count : 2])


def _varints(data: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(value)
            value = shift = 0
        elif shift > 56:
            return []
    return numbers


def _zstd_size(head: bytes, packed: int) -> Fact[int]:
    """Frame_Content_Size of the first frame (RFC 8878, section 3.1.1.1)."""
    if len(head) < 18 or head[:4] != b"\x28\xb5\x2f\xfd":
        return _SILENT
    descriptor = head[4]
    is_single_segment = bool(descriptor & 0x20)
    width = (1 if is_single_segment else 0, 2, 4, 8)[descriptor >> 6]
    at = 5 + (not is_single_segment) + (0, 1, 2, 4)[descriptor & 3]
    if not width:
        return _SILENT
    size = int.from_bytes(head[at : at + width], "little") + (256 if width == 2 else 0)
    # Of many frames (pzstd) the first is shorter than the file, packed as it is.
    return size if size + 64 >= packed else _SILENT
