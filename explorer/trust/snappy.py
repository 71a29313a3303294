"""The block format of Snappy, in which GitHub serves attestations.

Format: google/snappy, ``format_description.txt``.
"""

from __future__ import annotations


def unsnap(data: bytes, limit: int) -> bytes:
    """Decompress one block.

    Raises:
        ValueError: damaged, or more than ``limit`` bytes.
    """
    size, at = _varint(data)
    if size > limit:
        raise ValueError(f"it would expand to more than {limit} bytes")
    out = bytearray()
    try:
        while at < len(data):
            at = _element(data, at, out)
            if len(out) > size:
                break
    except IndexError:
        raise ValueError("the compressed data is cut off") from None
    if len(out) != size:
        raise ValueError("the compressed data has another size than it says")
    return bytes(out)


def _varint(data: bytes) -> tuple[int, int]:
    value = 0
    for at, byte in enumerate(data[:5]):
        value |= (byte & 0x7F) << 7 * at
        if not byte & 0x80:
            return value, at + 1
    raise ValueError("the compressed data has no size")


def _element(data: bytes, at: int, out: bytearray) -> int:
    """Append a literal or a copy; where the next element begins."""
    tag, kind = data[at] >> 2, data[at] & 3
    at += 1
    if kind == 0:
        if tag >= 60:
            octets = tag - 59
            tag, at = int.from_bytes(data[at : at + octets], "little"), at + octets
        length = tag + 1
        if at + length > len(data):
            raise ValueError("the compressed data is cut off")
        out += data[at : at + length]
        return at + length
    if kind == 1:
        length, offset = (tag & 7) + 4, (tag >> 3) << 8 | data[at]
        at += 1
    else:
        octets = 2 if kind == 2 else 4
        length, offset = tag + 1, int.from_bytes(data[at : at + octets], "little")
        at += octets
    if not 0 < offset <= len(out):
        raise ValueError("the compressed data refers to what is not there")
    for _ in range(length):
        out.append(out[-offset])
    return at
