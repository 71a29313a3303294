"""zip's headers (PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5), decoded but not yet trusted.

The standard library's ``zipfile`` is not used: it builds an object for every entry that a directory
claims before it yields the first, accepts entries that overlap or contradict their local headers,
and cuts names at a NUL.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.archive.models import RefusedError

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
SPANNING = (b"PK\x07\x08", b"PK00")
"""Markers before the first local header of an archive that was, or could have been, split."""
END64, LOCATOR64, DESCRIPTOR = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
LOCAL_BYTES, CENTRAL_BYTES, END_BYTES, END64_BYTES, LOCATOR_BYTES = 30, 46, 22, 56, 20
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_UNIX = (3, 19)
"""``version made by``: Unix, macOS."""
_UNICODE_PATH = 0x7075
_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, DESCRIBED, _STRONG, _UTF8, _MASKED = 1, 8, 64, 2048, 8192
"""Bits of the general purpose flag (4.4.4)."""


@dataclass(frozen=True, slots=True)
class ZipHeader:
    """What a local or a central header says about one entry. Sizes and offsets in bytes."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    """Of its local header."""
    external: int
    """Attributes; the Unix mode in the upper 16 bits if ``system`` is Unix. 0 in a local header."""
    system: int
    """That made it (4.4.2); 0 in a local header, which does not say."""
    length: int
    """Of this header itself, with name, extra field and comment."""

    @property
    def is_unix(self) -> bool:
        """Whether ``external`` holds a Unix mode."""
        return self.system in _UNIX

    @property
    def has_backslashes(self) -> bool:
        """Whether ``\\`` separates the parts of its name, as some Windows tools have it."""
        return not self.is_unix and "\\" in self.name and "/" not in self.name

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & (_ENCRYPTED | _STRONG | _MASKED))

    @property
    def described(self) -> bool:
        """Whether sizes and CRC follow the data; here they may be 0."""
        return bool(self.flags & DESCRIBED)


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory is."""

    offset: int
    size: int
    entries: int
    shift: int = 0
    """Bytes before the archive that its own offsets do not count; ``offset`` does count them."""


def local_size(fixed: bytes) -> int:
    """The length of a local header, from its first 30 bytes."""
    return (
        LOCAL_BYTES
        + int.from_bytes(fixed[26:28], "little")
        + int.from_bytes(fixed[28:30], "little")
    )


def parse_local(data: bytes, offset: int) -> ZipHeader:
    """Decode a local header; ``data`` is as long as ``local_size`` says.

    Raises:
        RefusedError: ``header``.
    """
    if len(data) < LOCAL_BYTES or not data.startswith(LOCAL) or len(data) < local_size(data):
        raise RefusedError("header", f"no local header at byte {offset}")
    _, _, flags, method, _, _, crc, packed, size, name_len, extra_len = _LOCAL.unpack_from(data)
    raw = data[LOCAL_BYTES : LOCAL_BYTES + name_len]
    extra = data[LOCAL_BYTES + name_len : LOCAL_BYTES + name_len + extra_len]
    name = _decode(raw, flags, extra)
    size, packed, _ = _wide(extra, size, packed, 0, name)
    return ZipHeader(
        name,
        raw,
        flags,
        method,
        crc,
        packed,
        size,
        offset,
        0,
        0,
        LOCAL_BYTES + name_len + extra_len,
    )


def parse_central(data: bytes, at: int) -> ZipHeader:
    """Decode the entry at ``at`` of a central directory.

    Raises:
        RefusedError: ``header``.
    """
    if len(data) - at < CENTRAL_BYTES or data[at : at + 4] != CENTRAL:
        raise RefusedError("header", "the central directory is damaged or shorter than it claims")
    fields = _CENTRAL.unpack_from(data, at)
    system, flags, method = fields[2], fields[5], fields[6]
    crc, packed, size, name_len, extra_len, comment_len = fields[9:15]
    external, offset = fields[17], fields[18]
    start = at + CENTRAL_BYTES
    length = CENTRAL_BYTES + name_len + extra_len + comment_len
    if at + length > len(data):
        raise RefusedError("header", "the central directory is shorter than it claims")
    raw = data[start : start + name_len]
    extra = data[start + name_len : start + name_len + extra_len]
    name = _decode(raw, flags, extra)
    size, packed, offset = _wide(extra, size, packed, offset, name)
    return ZipHeader(name, raw, flags, method, crc, packed, size, offset, external, system, length)


def _decode(raw: bytes, flags: int, extra: bytes) -> str:
    """The name: UTF-8 if the flag says so, if Info-ZIP's extra field has it, or if it is valid.

    Otherwise it is in code page 437 (APPNOTE, appendix D). Bytes that are neither stay visible.
    """
    if flags & _UTF8:
        return raw.decode("utf-8", "surrogateescape")
    for kind, body in _extras(extra):
        is_current = body[1:5] == zlib.crc32(raw).to_bytes(4, "little")
        if kind == _UNICODE_PATH and body[:1] == b"\x01" and is_current:
            return body[5:].decode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _wide(extra: bytes, size: int, packed: int, offset: int, name: str) -> tuple[int, int, int]:
    """64-bit values from the extra field 0x0001 for those that are all ones (4.5.3)."""
    wanted = [value == _FULL32 for value in (size, packed, offset)]
    if not any(wanted):
        return size, packed, offset
    for kind, body in _extras(extra):
        if kind == 1:
            need = 8 * sum(wanted)
            if len(body) >= need:
                values = iter(struct.unpack_from(f"<{need // 8}Q", body))
                size, packed, offset = (
                    next(values) if w else v
                    for w, v in zip(wanted, (size, packed, offset), strict=True)
                )
                return size, packed, offset
    raise RefusedError("header", "its 64-bit sizes are missing", name)


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


@dataclass(frozen=True, slots=True)
class _EndRecord:
    """The end of central directory record (4.3.16), and what is around it."""

    at: int
    """Offset in the tail."""
    is_last: bool
    """Its comment ends where the file ends; otherwise other bytes follow."""
    directory: Directory
    discs: tuple[int, int, int]
    """Number of this disc, of the directory's disc, and entries on this disc."""
    wide: tuple[int, int] | None
    """Start and end of the zip64 end record, as the locator gives them."""


def parse_end(tail: bytes, size: int) -> tuple[Directory, tuple[int, int] | None]:
    """The directory's place, and the zip64 end record's start and end if there is one.

    Other bytes may stand behind the archive, as ``unzip`` allows, or before it, but not both:
    a cut archive that holds another, stored one must not pass for the inner one.

    Args:
        tail: the last bytes of the file, 65,557 or all of it.
        size: of the whole file.

    Raises:
        RefusedError: ``truncated`` (no end record), ``header`` (several that fit, several discs).
    """
    start = size - len(tail)
    records = [record for at in _find(tail, END) if (record := _end_record(tail, at, start))]
    fits = [record for record in records if record.is_last]
    if not fits:
        fits = [record for record in records if record.wide or _is_adjacent(record, start)][-1:]
    if not fits:
        raise RefusedError("truncated", "its directory at the end is missing")
    if len(fits) > 1:
        raise RefusedError("header", "it has two end records: two readers would see two archives")
    record = fits[0]
    directory = record.directory
    if record.wide:
        return directory, record.wide
    disc, start_disc, here = record.discs
    if disc or start_disc or here != directory.entries:
        raise RefusedError("header", "it is one of several discs")
    shift = start + record.at - directory.offset - directory.size
    if shift < 0:
        raise RefusedError("header", "its directory does not end where the end record begins")
    offset = directory.offset + shift
    return Directory(offset, directory.size, directory.entries, shift), None


def _is_adjacent(record: _EndRecord, start: int) -> bool:
    directory = record.directory
    return directory.offset + directory.size == start + record.at


def _end_record(tail: bytes, at: int, start: int) -> _EndRecord | None:
    """The record at ``at``; None if its comment does not fit into the file."""
    if at + END_BYTES > len(tail) or at + END_BYTES + _comment(tail, at) > len(tail):
        return None
    _, disc, start_disc, here, entries, dir_size, dir_offset, _ = _END.unpack_from(tail, at)
    locator = tail[at - LOCATOR_BYTES : at] if at >= LOCATOR_BYTES else b""
    wide = None
    if locator.startswith(LOCATOR64):
        wide = _LOCATOR.unpack(locator)[2], start + at - LOCATOR_BYTES
    return _EndRecord(
        at,
        at + END_BYTES + _comment(tail, at) == len(tail),
        Directory(dir_offset, dir_size, entries),
        (disc, start_disc, here),
        wide,
    )


def parse_end64(data: bytes, place: tuple[int, int], narrow: Directory) -> Directory:
    """The zip64 directory, which must agree with the narrow one wherever that is not all ones.

    Args:
        data: the zip64 end record.
        place: its start and end in the file.
        narrow: what the ordinary end record says.

    Raises:
        RefusedError: ``header``.
    """
    if len(data) < END64_BYTES or not data.startswith(END64):
        raise RefusedError("header", "its zip64 end record is missing")
    _, length, _, _, disc, start_disc, here, entries, dir_size, dir_offset = _END64.unpack_from(
        data
    )
    same = all(
        small in (big, full)
        for small, big, full in (
            (narrow.entries, entries, _FULL16),
            (narrow.size, dir_size, _FULL32),
            (narrow.offset, dir_offset, _FULL32),
        )
    )
    start, end = place
    is_one_disc = not disc and not start_disc and here == entries
    if not (is_one_disc and same and dir_offset + dir_size == start and start + 12 + length == end):
        raise RefusedError("header", "its two end records do not agree")
    return Directory(dir_offset, dir_size, entries)


def _comment(tail: bytes, at: int) -> int:
    return int.from_bytes(tail[at + 20 : at + 22], "little")


def _find(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def descriptor_length(data: bytes, header: ZipHeader) -> int:
    """The length of the data descriptor at the start of ``data`` (4.3.9); 0 if none fits."""
    for mark in (DESCRIPTOR, b""):
        for width in ("2Q", "2L"):
            try:
                wanted = mark + struct.pack(f"<L{width}", header.crc, header.packed, header.size)
            except struct.error:
                continue
            if data.startswith(wanted):
                return len(wanted)
    return 0
