"""RPM packages: a lead, a signature, a header and a compressed cpio archive.

Format: "RPM V4 Package format" in RPM's reference manual; tags in ``rpm/rpmtag.h``.
"""

import functools
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from explorer.archive.codecs import MAGICS, Codec
from explorer.archive.cpios import CpioHeader, walk_cpio
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


_SIZES, _LONG_SIZES, _MODES, _DEVICES = 1028, 5008, 1030, 1095
_INODES, _LINK_TARGETS, _FOLDERS, _NAMES, _FOLDER_NAMES = 1096, 1036, 1116, 1117, 1118
_NUMBERS = {3: "H", 4: "I", 5: "Q"}
"""INT16, INT32 and INT64, by their type."""
_STRINGS = 8
"""The type of a list of strings."""
_MALFORMED = "its RPM header is malformed"


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
    files = functools.cache(lambda: _files(source, start, budget))
    for entry in walk_cpio(stream, Guard(budget.limits, rooted=True), budget, files):
        yield replace(entry, member=replace(entry.member, payload=payload))


def _files(source: ByteSource, end: int, budget: Budget) -> Sequence[CpioHeader]:
    """The package's files in the order of its header, which ends at ``end``.

    Raises:
        RefusedError: ``header`` or ``count``.
    """
    signature_end = _header_end(source, _LEAD_BYTES)
    start = signature_end + -signature_end % 8
    tags = _Tags(source.read_at(start, end - start), budget.limits.members)
    names, folders = tags.strings(_NAMES), tags.strings(_FOLDER_NAMES)
    places, modes = tags.numbers(_FOLDERS), tags.numbers(_MODES)
    sizes = tags.numbers(_LONG_SIZES) or tags.numbers(_SIZES)
    targets = tags.strings(_LINK_TARGETS) or [b""] * len(names)
    inodes, devices = (tags.numbers(tag) or [0] * len(names) for tag in (_INODES, _DEVICES))
    columns = (places, modes, sizes, targets, inodes, devices)
    if any(len(column) != len(names) for column in columns) or any(
        place >= len(folders) for place in places
    ):
        raise RefusedError("header", _MALFORMED)
    last: dict[tuple[int, int], int] = {}
    uses: dict[tuple[int, int], int] = {}
    for number, key in enumerate(zip(inodes, devices, strict=True)):
        if stat.S_ISREG(modes[number]) and key[0]:
            last[key], uses[key] = number, uses.get(key, 0) + 1
    headers = []
    for number, mode in enumerate(modes):
        name = (folders[places[number]] + names[number]).decode("utf-8", "surrogateescape")
        key = inodes[number], devices[number]
        is_linked = stat.S_ISREG(mode) and uses.get(key, 0) > 1
        size = sizes[number] if stat.S_ISREG(mode) else 0
        size = len(targets[number]) if stat.S_ISLNK(mode) else size
        if is_linked and last[key] != number:  # the bytes are with the last name
            size = 0
        headers.append(CpioHeader(name, mode, size, key if is_linked else (), is_listed=True))
    return headers


@dataclass(slots=True)
class _Tags:
    """The index of an RPM header, and the values that it points to."""

    data: bytes
    most: int
    """Values of one tag."""
    _index: dict[int, tuple[int, int, int]] = field(init=False)
    """Tag: type, offset, count."""
    _store: int = field(init=False)

    def __post_init__(self) -> None:
        entries = int.from_bytes(self.data[8:12], "big")
        self._store = _HEADER_BYTES + 16 * entries
        rows = struct.iter_unpack(">4I", self.data[_HEADER_BYTES : self._store])
        self._index = {tag: (kind, offset, count) for tag, kind, offset, count in rows}

    def numbers(self, tag: int) -> list[int]:
        """A tag's numbers; none if it is missing."""
        kind, start, count = self._entry(tag)
        form = _NUMBERS.get(kind, "")
        if not count:
            return []
        data = self.data[start : start + count * struct.calcsize(f">{form}")]
        if not form or len(data) < count * struct.calcsize(f">{form}"):
            raise RefusedError("header", _MALFORMED)
        return list(struct.unpack(f">{count}{form}", data))

    def strings(self, tag: int) -> list[bytes]:
        """A tag's strings; none if it is missing."""
        kind, start, count = self._entry(tag)
        values = self.data[start:].split(b"\0", count)[:count] if count else []
        if count and (kind != _STRINGS or len(values) < count):
            raise RefusedError("header", _MALFORMED)
        return values

    def _entry(self, tag: int) -> tuple[int, int, int]:
        """Type, place in the data, and number of values."""
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        if count > self.most:
            raise RefusedError("count", f"it holds more than {self.most:,} members")
        return kind, self._store + offset, count
