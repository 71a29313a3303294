"""Go's build info in PE and Mach-O files, which map it as ELF files do.

Sources: Microsoft's PE format; Apple's ``mach-o/loader.h`` and ``fat.h``; Go's ``debug/buildinfo``.
"""

import struct
from collections.abc import Iterator

from explorer.bytesource import OutOfReachError, WindowSource
from explorer.elf.foreign import fat_entries
from explorer.elf.gobuild import Marks, at_known_places, search
from explorer.elf.head import RawSegment, unknown
from explorer.elf.layout import PT_LOAD
from explorer.elf.memory import Memory
from explorer.elf.models import FileFormat, GoBuild, MachoSlice
from explorer.elf.view import DamagedError, View
from explorer.facts import Fact, NotApplicable, Unknown

_WRITABLE = 2
"""As in the flags of an ELF program header."""
_MOST_PARTS = 1024
"""Sections or load commands that are read. Windows takes 96 sections; Go writes under 30 parts."""
_SECTION = struct.Struct("<8sIIII12xI")
_DISCARDABLE, _MEMORY_WRITE = 0x02000000, 0x80000000
_SEGMENT_32, _SEGMENT_64 = 1, 0x19
_GO_SECTION = b"__go_buildinfo"
_NOT_LOADED = (b"__DWARF", b"__LINKEDIT")
_ORDERS = {
    b"\xfe\xed\xfa\xce": (">", 28),
    b"\xce\xfa\xed\xfe": ("<", 28),
    b"\xfe\xed\xfa\xcf": (">", 32),
    b"\xcf\xfa\xed\xfe": ("<", 32),
}
"""Byte order and length of the header, by magic number."""


def go_build(view: View, form: FileFormat, *, whole: bool = True) -> Fact[GoBuild]:
    """Go's build info of a PE or Mach-O file; NotApplicable if it has none.

    Without ``whole`` it is looked for where linkers put it, and Unknown if it is not there.
    """
    marks = Marks(None, runtime=False, tzdata=False)
    try:
        commands = [] if form is FileFormat.PE else list(_commands(view))
        parts = _sections(view) if form is FileFormat.PE else (c for c, _ in commands)
        memory = Memory(tuple(parts))
        section = next((place for _, place in commands if place is not None), None)
        if not whole:
            build = at_known_places(view, memory, section)
            return build or Unknown("it is not where linkers put it")
        for so_far in search(view, memory, section):
            marks = so_far
            if marks.build is not None:
                return marks.build
    except OutOfReachError as error:
        return unknown(error)
    except (DamagedError, struct.error) as error:
        return Unknown(f"the headers cannot be read: {error}")
    except _PackedError:
        return Unknown("packed with UPX: what is inside cannot be seen")
    why = "no Go build info: it was stripped" if marks.runtime else "not a Go program"
    return NotApplicable(why)


def read_slices(view: View, magic: bytes, *, whole: bool = True) -> tuple[MachoSlice, ...]:
    """The architectures of a universal Mach-O file; empty for any other. ``whole`` as above.

    Each is read on its own. Those that share bytes with another are not read, so that a table of
    many entries costs one pass.
    """
    try:
        entries = fat_entries(view, magic)
    except OutOfReachError:
        return ()
    slices: list[MachoSlice] = []
    for entry in entries:
        window = View(WindowSource(view.source, entry.offset, entry.size), view.cancel)
        overlaps = any(
            entry.offset < other.offset + other.size and other.offset < entry.offset + entry.size
            for other in slices
        )
        go = _OVERLAPS if overlaps else go_build(window, FileFormat.MACHO, whole=whole)
        slices.append(MachoSlice(*entry, go))
    return tuple(slices)


_OVERLAPS = Unknown("it overlaps another architecture of the file")


class _PackedError(Exception):
    """The real program is compressed. Stays in this module."""


def _load(place: int, address: int, size: int, memory: int, *, writable: bool) -> RawSegment:
    flags = _WRITABLE if writable else 0
    return RawSegment(PT_LOAD, flags, place, address, size, max(size, memory), 1)


def _sections(view: View) -> Iterator[RawSegment]:
    """The sections of a PE file that are mapped."""
    start = int.from_bytes(view.exact(0x3C, 4, "the PE header"), "little")
    header = view.exact(start, 24, "the PE header")
    if header[:4] != b"PE\0\0":
        return
    count, optional_size = struct.unpack_from("<6xH12xH", header)
    optional = view.exact(start + 24, 32, "the optional header")
    base = struct.unpack_from("<24xQ" if optional[:2] == b"\x0b\x02" else "<28xI", optional)[0]
    count = min(count, _MOST_PARTS)
    table = view.exact(start + 24 + optional_size, count * _SECTION.size, "the section table")
    for name, in_memory, address, in_file, offset, flags in _SECTION.iter_unpack(table):
        if name.startswith(b"UPX0"):
            raise _PackedError
        size = min(in_file, in_memory) if in_memory else in_file
        if size and not flags & _DISCARDABLE:
            yield _load(
                offset, base + address, size, in_memory, writable=bool(flags & _MEMORY_WRITE)
            )


def _commands(view: View) -> Iterator[tuple[RawSegment, int | None]]:
    """The segments of a Mach-O file for one architecture; of one, where its build info begins."""
    magic = view.exact(0, 4, "the Mach-O header")
    if magic not in _ORDERS:
        return
    order, length = _ORDERS[magic]
    header = view.exact(0, length, "the Mach-O header")
    count, room = struct.unpack_from(f"{order}16xII", header)
    commands = view.exact(length, min(room, 1 << 20), "the load commands")
    at = 0
    for _ in range(min(count, _MOST_PARTS)):
        kind, size = struct.unpack_from(f"{order}II", commands, at)
        if size < 8:
            return
        if kind in (_SEGMENT_32, _SEGMENT_64):
            numbers = f"{order}8x16s" + ("QQQQII" if kind == _SEGMENT_64 else "IIIIII")
            name, address, memory, offset, in_file, _, protection = struct.unpack_from(
                numbers, commands, at
            )
            if in_file and name.rstrip(b"\0") not in _NOT_LOADED:
                load = _load(offset, address, in_file, memory, writable=bool(protection & 2))
                yield load, _named_section(commands[at : at + size], order, kind)
        at += size


def _named_section(command: bytes, order: str, kind: int) -> int | None:
    """The offset of the section that is named for Go's build info, in the command of a segment."""
    is_wide = kind == _SEGMENT_64
    start, size = (72, 80) if is_wide else (56, 68)
    place = struct.Struct(f"{order}{48 if is_wide else 40}xI")
    for at in range(start, len(command) - size + 1, size):
        if command[at : at + 16].rstrip(b"\0") == _GO_SECTION:
            return int(place.unpack_from(command, at)[0])
    return None
