"""What a program carries behind its own end: the payload of a launcher, or data.

A launcher is a small program that unpacks or mounts what is appended to it and starts the program
inside. Whether the launcher starts says nothing about that one. Recognised by what the launchers
themselves look for: AppImage (type 1 and 2: ``AI`` in e_ident), caxa and scie (a JSON text at the
end of the file), PyInstaller (a cookie near the end), Bun and Deno (a trailer), Nuitka (``KA``),
nexe (a sentinel); anything else by the format that it begins with.
"""

import json
import re
from typing import Final

from explorer.bytesource import OutOfReachError
from explorer.elf import layout as shape
from explorer.elf.head import Head, file_end, unknown
from explorer.elf.models import Payload
from explorer.elf.sections import SectionTable, open_sections
from explorer.elf.view import DamagedError, View
from explorer.facts import Fact, NotApplicable, Unknown

SMALLEST: Final = 512
"""Bytes. Linkers pad the end of a file by less, and no program fits in fewer."""
TAIL: Final = 64 << 10
"""Bytes at the end of the file that are searched; a scie's JSON text is longer than any trailer."""
NOTHING = NotApplicable("nothing behind the program")
NOT_READ = Unknown("what it carries was not looked into")

_STARTS: Final = (
    (b"\n" + b"CAXA" * 3 + b"\n", "caxa"),
    (b"KAY", "Nuitka"),
    (b"KAX", "Nuitka"),
)
_TRAILERS: Final = (
    (b"MEI\x0c\x0b\x0a\x0b\x0e", "PyInstaller"),
    (b"\n---- Bun! ----\n", "Bun"),
    (b"d3n0l4nd", "Deno"),
    (b"<nexe~~sentinel>", "nexe"),
)
_FORMATS: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
    (b"hsqs", "squashfs"),
    (b"sqsh", "squashfs"),
    (b"DWARFS", "DwarFS"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x7fELF", "ELF"),
)
_SCIE: Final = re.compile(rb"\{\s*\"scie\"\s*:")


def find_payload(view: View, head: Head) -> Fact[Payload]:
    """The payload; NotApplicable where the file ends with the program.

    Unknown where the end of the program, or of the file, is out of reach: a prefix cannot tell.
    """
    if not head.usable or head.type not in (shape.ET_EXEC, shape.ET_DYN):
        return NOTHING
    size = view.size
    if isinstance(size, Unknown):
        return Unknown("the length of the file is not known", size.needs)
    try:
        end = _program_end(view, head, size)
        if size - end < SMALLEST:
            return NOTHING
        return _named(view, head, end, size)
    except OutOfReachError as error:
        return unknown(error)
    except DamagedError:
        return Unknown("where the program ends cannot be determined")


def _program_end(view: View, head: Head, size: int) -> int:
    """The byte behind the last one that the program's own headers describe."""
    raw = head.raw
    if isinstance(raw, Unknown):
        raise OutOfReachError(raw.needs or size, raw.why)
    ends = [file_end(raw) if isinstance(raw, tuple) else 0]
    if isinstance(raw, tuple):
        ends += [s.offset + s.filesz for s in raw if s.offset + s.filesz <= size]
    shoff = head.header.shoff
    table = shoff + head.header.shnum * head.shentsize
    if shoff and table <= size:
        ends.append(table)
    if size - max(ends) < SMALLEST or not shoff or table > size:
        return max(ends)
    sections = open_sections(view, head)
    if isinstance(sections, SectionTable):
        rows = [row for row in sections.rows() if row.type not in (0, shape.SHT_NOBITS)]
        ends += [row.offset + row.size for row in rows if row.offset + row.size <= size]
    return max(ends)


def _named(view: View, head: Head, end: int, size: int) -> Payload:
    start = view.exact(end, SMALLEST, "the payload")
    tail = view.exact(max(end, size - TAIL), min(TAIL, size - end), "the payload's end")
    if head.start[8:11] in (b"AI\x01", b"AI\x02"):
        return Payload("AppImage", _format(start), end, size - end, NOT_READ)
    for mark, kind in _STARTS:
        if start.startswith(mark):
            return Payload(kind, _format(start[len(mark) :]), end, size - end, NOT_READ)
    for mark, kind in _TRAILERS:
        if mark in tail[-4096:]:
            return Payload(kind, _format(start), end, size - end, NOT_READ)
    if payload_manifest(tail) is not None:
        return Payload("scie", _format(start), end, size - end, NOT_READ)
    kind = _format(start.lstrip(b"\0"))
    where = end + (len(start) - len(start.lstrip(b"\0")) if kind else 0)
    return Payload("", kind, where, size - where, NOT_READ)


def _format(start: bytes) -> str:
    return next((kind for magic, kind in _FORMATS if start.startswith(magic)), "")


def payload_manifest(tail: bytes) -> dict[str, object] | None:
    """The JSON text at the end of a scie, or None where there is none."""
    for match in reversed(list(_SCIE.finditer(tail))):
        try:
            parsed = json.loads(tail[match.start() :])
        except (ValueError, RecursionError):
            continue
        if isinstance(parsed, dict):
            return parsed
    return None
