"""ELF files made by hand, for what no compiler makes: a million symbols, tables that lie.

Layouts: gABI chapters 4 and 5; ``cmd/link`` of Go 1.17 for the build info with pointers.
"""

import itertools
import struct
from array import array
from dataclasses import dataclass, field

BASE = 0x400000


@dataclass
class Program:
    """A file made of an ELF header, program headers and one body that is mapped at ``BASE``."""

    bits: int = 64
    order: str = "<"
    type: int = 2
    machine: int = 62
    entry: int = BASE
    segments: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """Further program headers: type, flags, offset, size in the file, alignment."""
    body: bytes = b""
    flags: int = 6
    zeros: int = 0
    """Bytes behind the body that are in memory only, and filled with zeros."""

    @property
    def start(self) -> int:
        """Where the body begins in the file: at a multiple of 64."""
        size = (64, 56) if self.bits == 64 else (52, 32)
        return -(-(size[0] + size[1] * (1 + len(self.segments))) // 64) * 64

    def address(self, offset: int) -> int:
        """Where a place in the body is mapped."""
        return BASE + self.start + offset

    def build(self) -> bytes:
        """The file's bytes."""
        wide = self.bits == 64
        end = self.start + len(self.body)
        rows = [(1, self.flags, 0, end, 4096), *self.segments]
        zeros = itertools.chain((self.zeros,), itertools.repeat(0))
        ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if self.order == "<" else 2, 1]) + bytes(9)
        head = ident + struct.pack(
            self.order + ("HHIQQQI6H" if wide else "HHIIIII6H"),
            *(self.type, self.machine, 1, self.entry, 64 if wide else 52, 0, 0),
            *(64 if wide else 52, 56 if wide else 32, len(rows), 64 if wide else 40, 0, 0),
        )
        for (kind, flags, offset, size, align), more in zip(rows, zeros, strict=False):
            place = BASE + offset
            numbers = (
                (kind, flags, offset, place, place, size, size + more, align)
                if wide
                else (kind, offset, place, place, size, size + more, flags, align)
            )
            head += struct.pack(self.order + ("IIQQQQQQ" if wide else "8I"), *numbers)
        return head.ljust(self.start, b"\0") + self.body


_FIELDS = ("type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align")


def with_segment(data: bytes, which: int = -1, kind: int = 1, **fields: int) -> bytes:
    """A 64-bit little-endian file with other numbers in one of its program headers of a type."""
    copy = bytearray(data)
    table, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    places = [table + 56 * index for index in range(count)]
    place = [at for at in places if struct.unpack_from("<I", data, at)[0] == kind][which]
    row = dict(zip(_FIELDS, struct.unpack_from("<IIQQQQQQ", data, place), strict=True)) | fields
    struct.pack_into("<IIQQQQQQ", copy, place, *row.values())
    return bytes(copy)


def segments_of(data: bytes, kind: int = 1) -> list[dict[str, int]]:
    """The program headers of a type (PT_LOAD) of a 64-bit little-endian file, by field."""
    table, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    rows = [struct.unpack_from("<IIQQQQQQ", data, table + 56 * index) for index in range(count)]
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows if row[0] == kind]


def patched(data: bytes, *edits: tuple[int, bytes]) -> bytes:
    """A copy with other bytes at some offsets."""
    copy = bytearray(data)
    for at, value in edits:
        copy[at : at + len(value)] = value
    return bytes(copy)


def with_symbol(
    data: bytes, name: bytes, *, info: int = -1, other: int = -1, section: int = -1, value: int = -1
) -> bytes:
    """A copy with other fields in the dynamic symbol of this name; -1 keeps a field."""
    place = segments_of(data, 2)[0]
    rows = range(place["offset"], place["offset"] + place["filesz"], 16)
    tags = dict(struct.unpack_from("<QQ", data, at) for at in reversed(rows))
    loads = segments_of(data)

    def offset(address: int) -> int:
        load = next(s for s in loads if s["vaddr"] <= address < s["vaddr"] + s["filesz"])
        return address - load["vaddr"] + load["offset"]

    strings, at = offset(tags[5]), offset(tags[6])
    while True:
        fields = struct.unpack_from("<IBBHQ", data, at)
        if data[strings + fields[0] :].startswith(name + b"\0"):
            break
        at += 24
    wanted = (fields[0], info, other, section, value)
    row = [new if new >= 0 else old for old, new in zip(fields, wanted, strict=True)]
    return patched(data, (at, struct.pack("<IBBHQ", *row)))


def with_tag(data: bytes, tag: int, *, value: int | None = None) -> bytes:
    """A copy with another value in an entry of PT_DYNAMIC, or with a tag that nobody knows."""
    place = segments_of(data, 2)[0]
    rows = range(place["offset"], place["offset"] + place["filesz"], 16)
    at = next(at for at in rows if struct.unpack_from("<Q", data, at)[0] == tag)
    if value is None:
        return patched(data, (at, struct.pack("<Q", 0x60000001)))
    return patched(data, (at + 8, struct.pack("<Q", value)))


def without_needed(data: bytes, name: bytes) -> bytes:
    """A copy in which the DT_NEEDED of this name is a tag that nobody knows: all else stays."""
    place = segments_of(data, 2)[0]
    rows = range(place["offset"], place["offset"] + place["filesz"], 16)
    entries = [(at, *struct.unpack_from("<QQ", data, at)) for at in rows]
    names = next(value for _, tag, value in entries if tag == 5)
    loads = segments_of(data)
    load = next(s for s in loads if s["vaddr"] <= names < s["vaddr"] + s["filesz"])
    strings = names - load["vaddr"] + load["offset"]
    wanted = name + b"\0"
    found = [at for at, tag, v in entries if tag == 1 and data[strings + v :].startswith(wanted)]
    return patched(data, (found[0], struct.pack("<Q", 0x60000001)))


def old_build_info(
    bits: int, order: str, version: bytes, modinfo: bytes, *, in_bss: bool = False
) -> bytes:
    """A program as Go before 1.18 left it: build info with pointers to two Go string headers.

    ``in_bss``: that of the modules is in memory only, as in a build without any.
    """
    program = Program(bits=bits, order=order, machine=62 if bits == 64 else 8, zeros=64)
    size = bits // 8
    word = order + ("QQ" if size == 8 else "II")
    header = b"\xff Go buildinf:" + bytes([size, 0 if order == "<" else 1])
    strings = 32 + 4 * size
    modules = strings + len(version) + len(modinfo) + 16 if in_bss else 32 + 2 * size
    header += struct.pack(word, program.address(32), program.address(modules)).ljust(16, b"\0")
    header += struct.pack(word, program.address(strings), len(version))
    header += struct.pack(word, program.address(strings + len(version)), len(modinfo))
    program.body = header + version + modinfo
    return program.build()


def framed(lines: str) -> bytes:
    """modinfo between Go's two sentinels."""
    start, end = (
        bytes.fromhex("3077af0c9274080241e1c107e6d618e6"),
        bytes.fromhex("f932433186182072008242104116d8f2"),
    )
    return start + lines.encode() + end


def many_symbols(count: int) -> bytes:
    """An object file with .text and a .symtab of ``count`` entries, named ``function_N``."""
    names, places = bytearray(b"\0"), array("I")
    for index in range(count):
        places.append(len(names))
        names += b"function_%d\0" % index
    table = bytearray(24)
    row = struct.Struct("<IBBHQQ")
    table += b"".join(
        row.pack(place, 0x12, 0, 1, 16 * index, 16) for index, place in enumerate(places)
    )
    titles = b"\0.text\0.symtab\0.strtab\0.shstrtab\0"
    at = 64 + 16
    sections = [(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), (1, 1, 6, 0, 64, 16, 0, 0, 16, 0)]
    sections.append((7, 2, 0, 0, at, len(table), 3, 1, 8, 24))
    sections.append((15, 3, 0, 0, at + len(table), len(names), 0, 0, 1, 0))
    sections.append((23, 3, 0, 0, at + len(table) + len(names), len(titles), 0, 0, 1, 0))
    end = at + len(table) + len(names) + len(titles)
    end += -end % 8
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = ident + struct.pack("<HHIQQQI6H", 1, 62, 1, 0, 0, end, 0, 64, 0, 0, 64, 5, 4)
    data = head + b"\x90" * 16 + bytes(table) + bytes(names) + titles
    return data.ljust(end, b"\0") + b"".join(
        struct.pack("<IIQQQQIIQQ", *section) for section in sections
    )
