"""What a loader has to resolve: relocations, the symbols they use, what the file exports, symbol versions.

Everything is found through PT_DYNAMIC. Tables are taken a mebibyte at a time; their lengths are bounded by the segment that
holds them, never by what DT_*SZ or a hash table claims.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.elf import dynamic as dyn
from explorer.elf import layout as shape
from explorer.elf.dynamic import Table
from explorer.elf.head import Head
from explorer.elf.layout import Layout
from explorer.elf.models import Linking, RelocationType, VersionNeed
from explorer.elf.versions import defined_versions, needed_versions
from explorer.elf.view import DamagedError, View, text

MAX_SYMBOLS = 1 << 19
"""libxul exports 60,000; what has more than half a million is not judged."""
MAX_NAME_BYTES = 32 << 20
"""All names together; the greatest seen (libclang-cpp) has 12 MiB."""
MAX_TYPES = 256
"""Distinct relocation types; the ABIs use fewer than 40 at run time."""
_WIDE_HASH = {22, 0x9026}
"""s390x and Alpha: DT_HASH has words of 8 bytes in their 64-bit files."""
SHN_UNDEF = 0
STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_SECTION, STT_FILE = 3, 4
_COPY = {shape.EM_X86_64: 5, shape.EM_386: 5, shape.EM_AARCH64: 1024, 40: 20, 243: 4, 22: 9, 21: 19, 20: 19, 258: 4, 8: 126}
"""R_*_COPY: the loader looks the symbol up in the libraries although this file defines a place for it."""


@dataclass(slots=True)
class Relocations:
    """Counts by type, and the symbols used, by their index in the dynamic symbol table."""

    types: Counter[int] = field(default_factory=Counter)
    used: set[int] = field(default_factory=set)
    copied: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Names:
    """The dynamic string table, with a budget: names may overlap, so the file's size does not bound them."""

    view: View
    offset: int
    size: int
    spent: list[int]

    def get(self, index: int) -> str:
        """The name at an index.

        Raises:
            DamagedError: it is not in the table, or all names together are too long.
        """
        if index >= self.size:
            raise DamagedError("a symbol's name lies outside the string table")
        raw = self.view.string(self.offset + index, self.size - index)
        self.spent[0] += len(raw)
        if self.spent[0] > MAX_NAME_BYTES:
            raise DamagedError(f"the names of its symbols take more than {MAX_NAME_BYTES >> 20} MiB")
        return text(raw)


def link(view: View, head: Head, table: Table) -> Linking:
    """What the loader has to resolve.

    Raises:
        OutOfReachError: a table is not here.
        DamagedError: a table lies.
    """
    layout, machine = head.layout, head.header.machine
    found = relocations(view, head, table)
    defined: list[str] = []
    undefined: set[str] = set()
    weak: set[str] = set()
    used = found.used | found.copied
    if table.has(dyn.SYMTAB):
        names = Names(view, *table.strings(), [0])
        count = _entries(view, head, table, found)
        for index, row in _symbols(view, layout, table, count):
            name, info, section = (row[0], row[1], row[3]) if layout.bits == 64 else (row[0], row[3], row[5])
            bind, kind = info >> 4, info & 15
            if bind == STB_LOCAL or not name:
                continue
            if section != SHN_UNDEF and kind not in (STT_SECTION, STT_FILE):
                defined.append(names.get(name))
            if index in found.copied or (index in used and section == SHN_UNDEF and bind != STB_WEAK):
                undefined.add(names.get(name))
            elif index in used and section == SHN_UNDEF:
                weak.add(names.get(name))
    elif used:
        raise DamagedError("its relocations use symbols, but there is no DT_SYMTAB")
    return Linking(
        undefined=frozenset(undefined),
        weak_undefined=frozenset(weak - undefined),
        exports=frozenset(defined),
        versions=tuple(VersionNeed(library, versions) for library, versions in needed_versions(view, layout, table)),
        defined_versions=defined_versions(view, layout, table),
        relocations=tuple(
            RelocationType(number, shape.relocation_type(number, machine), count)
            for number, count in sorted(found.types.items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def _symbols(view: View, layout: Layout, table: Table, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    offset, room = table.memory.place(table.get(dyn.SYMTAB) or 0, "DT_SYMTAB")
    size = layout.symbol.size
    if count > MAX_SYMBOLS:
        raise DamagedError(f"it has more than {MAX_SYMBOLS} dynamic symbols")
    if count * size > room:
        raise DamagedError("the dynamic symbol table reaches beyond its segment")
    index = 0
    for chunk in view.chunks(offset, count * size, size):
        for row in layout.symbol.iter_unpack(chunk):
            yield index, row
            index += 1
    if index < count:
        raise DamagedError("the dynamic symbol table lies outside the file")


def dynamic_symbols(view: View, head: Head, table: Table) -> int:
    """Entries of the dynamic symbol table: as its hash table has it, or as relocations use it, whichever is more.

    Raises:
        OutOfReachError, DamagedError: as ``link``.
    """
    if not table.has(dyn.SYMTAB):
        return 0
    count = _entries(view, head, table, relocations(view, head, table))
    _, room = table.memory.place(table.get(dyn.SYMTAB) or 0, "DT_SYMTAB")
    return min(count, room // head.layout.symbol.size)


def _entries(view: View, head: Head, table: Table, found: Relocations) -> int:
    hashed = count_symbols(view, head.layout, head.header.machine, table)
    return max(hashed, max(found.used | found.copied, default=-1) + 1)


def count_symbols(view: View, layout: Layout, machine: int, table: Table) -> int:
    """Entries of the dynamic symbol table as its hash table knows them; section headers are not asked.

    DT_HASH has one chain entry a symbol. DT_GNU_HASH covers the exported ones, which come last: the greatest bucket's chain
    ends with the last of them (its low bit is set). 0 where there is neither: relocations then show which symbols there are.

    Raises:
        OutOfReachError: the hash table is not here.
        DamagedError: it lies.
    """
    sysv, gnu = table.get(dyn.HASH), table.get(dyn.GNU_HASH)
    if sysv is not None:
        offset, room = table.memory.place(sysv, "DT_HASH")
        width = 8 if machine in _WIDE_HASH and layout.bits == 64 else 4
        counts = layout.numbers(view.exact(offset, 2 * width, "DT_HASH"), width)
        if (2 + counts[0] + counts[1]) * width > room:
            raise DamagedError("DT_HASH claims more than its segment holds")
        return counts[1]
    return 0 if gnu is None else _count_gnu(view, layout, *table.memory.place(gnu, "DT_GNU_HASH"))


def _count_gnu(view: View, layout: Layout, offset: int, room: int) -> int:
    buckets, first, bloom, _ = layout.numbers(view.exact(offset, 16, "DT_GNU_HASH"), 4)
    start = 16 + bloom * layout.pointer
    if start + buckets * 4 > room:
        raise DamagedError("DT_GNU_HASH claims more than its segment holds")
    last = 0
    for chunk in view.chunks(offset + start, buckets * 4, 4):
        last = max(last, max(layout.numbers(chunk, 4), default=0))
    if last < first:
        return first if first > 1 else 0  # nothing exported: lld says how many symbols come before, GNU ld says 1
    chain = start + buckets * 4 + (last - first) * 4
    at = chain
    while at + 4 <= room:
        part = layout.numbers(view.near(offset + at, min(64, (room - at) & ~3)), 4)
        if not part:
            break
        for number in part:
            if number & 1:
                return first + (at - chain) // 4 + (last - first) + 1
            at += 4
    raise DamagedError("a chain of DT_GNU_HASH does not end")


def relocations(view: View, head: Head, table: Table) -> Relocations:
    """RELA, REL and JMPREL; a JMPREL that lies inside RELA is counted once.

    Raises:
        OutOfReachError: one of them is not here.
        DamagedError: one of them lies.
    """
    found = Relocations()
    spans: list[tuple[int, int]] = []
    plt_rela = table.get(dyn.PLTREL) != dyn.REL
    for start, size, with_addend in (
        (dyn.RELA, dyn.RELASZ, True),
        (dyn.REL, dyn.RELSZ, False),
        (dyn.JMPREL, dyn.PLTRELSZ, plt_rela),
    ):
        address, length = table.get(start), table.get(size)
        if address is None or not length:
            continue
        offset, room = table.memory.place(address, f"DT_{shape.dynamic_tag(start)}")
        if any(low <= offset and offset + length <= high for low, high in spans):
            continue
        if length > room:
            raise DamagedError(f"DT_{shape.dynamic_tag(start)} reaches beyond its segment")
        spans.append((offset, offset + length))
        _count(view, head, found, offset, length, 3 if with_addend else 2)
    return found


def _count(view: View, head: Head, found: Relocations, offset: int, length: int, words: int) -> None:
    """One table. Equal r_info are folded in C first: a million R_*_RELATIVE are one entry."""
    layout, machine = head.layout, head.header.machine
    width = layout.pointer
    shift, mask = (32, 0xFFFFFFFF) if layout.bits == 64 else (8, 0xFF)
    copy = _COPY.get(machine)
    swapped = machine == shape.EM_MIPS and layout.bits == 64 and layout.little_endian
    for chunk in view.chunks(offset, length, words * width):
        for info, count in Counter(layout.numbers(chunk, width)[1::words]).items():
            symbol, kind = (info & mask, info >> 56) if swapped else (info >> shift, info & mask)
            found.types[kind] += count
            if symbol:
                (found.copied if kind == copy else found.used).add(symbol)
        if len(found.types) > MAX_TYPES:
            raise DamagedError(f"it has more than {MAX_TYPES} types of relocation")
        if len(found.used) + len(found.copied) > MAX_SYMBOLS:
            raise DamagedError(f"its relocations use more than {MAX_SYMBOLS} symbols")
