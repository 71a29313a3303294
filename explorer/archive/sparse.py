"""Sparse tar members: files that are stored without their holes.

GNU tar's own header (type ``S``) and the pax formats 0.0, 0.1 and 1.0, as in the GNU tar manual,
appendix "Storing Sparse Files". bsdtar writes the same.
"""

from dataclasses import dataclass

from explorer.archive.models import RefusedError
from explorer.archive.streams import BodyStream, Exact

_BLOCK = 512
_SEGMENTS = 50_000
"""Stretches of data in one file. GNU tar makes one per hole; a 1 GiB image has a few thousand."""
_ZEROS = bytes(64 << 10)
_MAP_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SparseMap:
    """Where the stored data belong in the file."""

    size: int
    """Of the whole file, in bytes, holes included."""
    segments: tuple[tuple[int, int], ...]
    """Offset and length of each stretch of data."""
    in_body: bool = False
    """The map itself is at the start of the body (pax 1.0); ``segments`` is empty then."""


def _number(text: str | bytes) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RefusedError("header", "its sparse map is malformed")
    return int(text)


def _field(data: bytes) -> int:
    """A 12-byte numeric field of a tar header: octal, or base-256 with the first bit set."""
    if data[0] & 0x80:
        return int.from_bytes(bytes([data[0] & 0x7F]) + data[1:], "big")
    digits = data.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise RefusedError("header", "its sparse map is malformed") from None


def read_gnu_map(block: bytes, blocks: Exact) -> SparseMap:
    """The map of an old GNU sparse member: 4 segments in its header, 21 in each further block.

    Byte 482 of the header, and 504 of each further block, says that one more follows.

    Raises:
        RefusedError: ``truncated`` or ``header``.
    """
    segments = _pairs(block, 386, 4)
    size, more = _field(block[483:495]), block[482]
    while more:
        further = blocks.take(_BLOCK)
        if len(further) < _BLOCK:
            raise RefusedError("truncated", "it ends in a sparse member's map")
        segments += _pairs(further, 0, 21)
        if len(segments) > _SEGMENTS:
            raise RefusedError("count", f"its sparse map has more than {_SEGMENTS:,} segments")
        more = further[504]
    return SparseMap(size, tuple(segments))


def _pairs(block: bytes, start: int, count: int) -> list[tuple[int, int]]:
    pairs = []
    for at in range(start, start + 24 * count, 24):
        offset, length = _field(block[at : at + 12]), _field(block[at + 12 : at + 24])
        if length:
            pairs.append((offset, length))
    return pairs


def read_pax_map(records: list[tuple[str, str]]) -> SparseMap | None:
    """The map in a member's pax records, in order; None if it is not sparse.

    Raises:
        RefusedError: ``header``.
    """
    values = {
        key.removeprefix("GNU.sparse."): value
        for key, value in records
        if key.startswith("GNU.sparse.")
    }
    if values.get("major") == "1":
        return SparseMap(_number(values.get("realsize", "")), (), in_body=True)
    if "map" in values:
        numbers = [_number(text) for text in values["map"].split(",")[: 2 * _SEGMENTS + 1]]
    elif "numblocks" in values:
        wanted = ("GNU.sparse.offset", "GNU.sparse.numbytes")
        numbers = [_number(value) for key, value in records if key in wanted]
    else:
        return None
    return SparseMap(_number(values.get("size", values.get("realsize", ""))), _paired(numbers))


def _paired(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    if len(numbers) % 2 or len(numbers) > 2 * _SEGMENTS:
        raise RefusedError("header", "its sparse map is malformed")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


class SparseStream:
    """A sparse member's bytes, with zeros where its holes are."""

    def __init__(self, body: BodyStream, layout: SparseMap, member: str) -> None:
        self._body = body
        self._layout = layout
        self._member = member
        self._segments: list[tuple[int, int]] | None = None
        self._next = 0
        self._at = 0

    def read(self, limit: int) -> bytes:
        """See ``MemberStream.read``.

        Raises:
            RefusedError: ``header``: the map is malformed.
        """
        if limit <= 0:
            return b""
        if self._segments is None:
            self._segments = self._checked()
        while self._next < len(self._segments):
            start, length = self._segments[self._next]
            if self._at < start:
                return self._zeros(min(limit, start - self._at))
            if self._at < start + length:
                data = self._body.read(min(limit, start + length - self._at))
                if not data:
                    raise RefusedError("header", "its sparse map is longer than its data")
                self._at += len(data)
                return data
            self._next += 1
        return self._zeros(min(limit, self._layout.size - self._at))

    def _zeros(self, length: int) -> bytes:
        length = min(length, len(_ZEROS))
        self._at += length
        return _ZEROS[:length]

    def _checked(self) -> list[tuple[int, int]]:
        segments = self._read_map() if self._layout.in_body else self._layout.segments
        end = 0
        for start, length in segments:
            if start < end or start + length > self._layout.size:
                raise RefusedError("header", "its sparse map is malformed", self._member)
            end = start + length
        return list(segments)

    def _read_map(self) -> tuple[tuple[int, int], ...]:
        """Decimal numbers, one a line: their count, then offsets and lengths; padded to 512."""
        lines = bytearray()
        count = -1
        while count < 0 or lines.count(b"\n") < 1 + 2 * count:
            block = self._block()
            lines += block
            if len(lines) > _MAP_BYTES:
                raise RefusedError("header", "its sparse map is too long", self._member)
            if count < 0 and b"\n" in lines:
                count = _number(bytes(lines).partition(b"\n")[0])
        texts = bytes(lines).split(b"\n")[1 : 1 + 2 * count]
        return _paired([_number(text) for text in texts])

    def _block(self) -> bytes:
        block = b""
        while len(block) < _BLOCK:
            part = self._body.read(_BLOCK - len(block))
            if not part:
                raise RefusedError("header", "its sparse map is cut", self._member)
            block += part
        return block
