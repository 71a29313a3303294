"""What a loader has to resolve: relocations, the symbols they use, what the file exports, symbol versions.

Everything is found through PT_DYNAMIC. Tables are taken a quarter of a mebibyte at a time; their lengths are bounded by the segment that
holds them, never by what DT_*SZ or a hash table claims.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.bytesource import OutOfReachError
from explorer.elf import dynamic as dyn
from explorer.elf import layout as shape
from explorer.elf.dynamic import DynamicTable
from explorer.elf.head import Head
from explorer.elf.layout import Layout
from explorer.elf.models import Linking, RelocationType, VersionNeed
from explorer.elf.relocations import copy_type, relocation_name, split_info
from explorer.elf.versions import HIDDEN, defined_versions, needed_versions
from explorer.elf.view import CHUNK, MAX_STRING, DamagedError, View, text

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
STT_SECTION, STT_FILE, STT_TLS = 3, 4, 6
_EXPORTED, _RESOLVABLE, _UNDEFINED, _WEAK, _COPIED, _OWN = 1, 2, 4, 8, 16, 32
_ROLES = (_EXPORTED, _RESOLVABLE, _UNDEFINED, _WEAK, _COPIED, _OWN)
_ROLE_BITS = 6
_PLAIN_TYPES = frozenset({0, 1, 2, 5, STT_TLS})
"""NOTYPE, OBJECT, FUNC, COMMON, TLS: what musl's loader takes (``OK_TYPES`` in its dynlink.c)."""
_PLAIN_BINDS = frozenset({STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE})
"""``OK_BINDS`` there."""


Wanted = defaultdict[int, "array[int]"]
"""Names that are wanted, each ``position << 6 | roles``, by the piece of the string table that holds
them: sorting half a million at once would block the interpreter, and with it an app's keys."""


@dataclass(slots=True)
class Relocations:
    """Counts by type, and the symbols used, by their index in the dynamic symbol table."""

    types: Counter[int] = field(default_factory=Counter)
    used: set[int] = field(default_factory=set)
    copied: set[int] = field(default_factory=set)


def _names(view: View, offset: int, size: int, wanted: Wanted) -> Iterator[tuple[str, int]]:
    """The names that ``wanted`` asks for, with their roles.

    In the order of the string table, so that it is read once from front to back whatever the order of the symbols: dockerd has
    170,000 of them over 6 MB. All names together have a budget: they may overlap, so the file's size does not bound them.

    Raises:
        OutOfReachError: a name is not here.
        DamagedError: a name is not in the table, or they take too much.
    """
    spent = 0
    start, window = 0, b""
    for word in (word for place in sorted(wanted) for word in sorted(set(wanted[place]))):
        at, roles = word >> _ROLE_BITS, word & ((1 << _ROLE_BITS) - 1)
        if at >= size:
            raise DamagedError("a symbol's name lies outside the string table")
        end = (
            window.find(b"\0", at - start, at - start + MAX_STRING)
            if at - start < len(window)
            else -1
        )
        if end < 0:
            start, window = at, _window(view, offset + at, size - at)
            end = window.find(b"\0", 0, MAX_STRING)
        if end < 0:
            raise DamagedError("a symbol's name does not end")
        spent += end - (at - start)
        if spent > MAX_NAME_BYTES:
            raise DamagedError(
                f"the names of its symbols take more than {MAX_NAME_BYTES >> 20} MiB"
            )
        yield text(window[at - start : end]), roles


def _window(view: View, offset: int, size: int) -> bytes:
    """A ``CHUNK`` of the string table; where not all of that is here, the one string at its beginning."""
    try:
        return view.upto(offset, view.room(offset, min(size, CHUNK)))
    except OutOfReachError:
        return view.string(offset, size) + b"\0"


def link(view: View, head: Head, table: DynamicTable) -> Linking:
    """What the loader has to resolve.

    Raises:
        OutOfReachError: a table is not here.
        DamagedError: a table lies.
    """
    layout, machine = head.layout, head.header.machine
    found = relocations(view, head, table)
    names: dict[int, set[str]] = {role: set() for role in _ROLES}
    if table.has(dyn.SYMTAB):
        offset, size = table.strings()
        count = _entries(view, head, table, found)
        hidden = _hidden(view, layout, table, count)
        wanted = _wanted(_symbols(view, layout, table, count), layout, found, size, hidden)
        for name, roles in _names(view, offset, size, wanted):
            for role, group in names.items():
                if roles & role:
                    group.add(name)
    elif found.used or found.copied:
        raise DamagedError("its relocations use symbols, but there is no DT_SYMTAB")
    return Linking(
        undefined=frozenset(names[_UNDEFINED]),
        weak_undefined=frozenset(names[_WEAK] - names[_UNDEFINED]),
        copied=frozenset(names[_COPIED]),
        unresolvable=frozenset(names[_OWN] - names[_RESOLVABLE]),
        exports=frozenset(names[_EXPORTED]),
        resolvable=frozenset(names[_RESOLVABLE]),
        versions=tuple(
            VersionNeed(library, versions, weak)
            for library, versions, weak in needed_versions(view, layout, table)
        ),
        defined_versions=defined_versions(view, layout, table),
        relocations=tuple(
            RelocationType(number, relocation_name(number, machine), count)
            for number, count in sorted(found.types.items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def _wanted(
    rows: Iterator[tuple[int, tuple[int, ...]]],
    layout: Layout,
    found: Relocations,
    size: int,
    hidden: frozenset[int],
) -> Wanted:
    """Where in the string table, of ``size`` bytes, the names are that matter, and why."""
    wanted: Wanted = defaultdict(lambda: array("Q"))
    shift = max(12, (size >> 16).bit_length())  # 4 KiB a piece, and never more than 65,536 pieces
    name_at, info_at, section_at, value_at = (0, 1, 3, 4) if layout.bits == 64 else (0, 3, 5, 1)
    for index, row in rows:
        info, name = row[info_at], row[name_at]
        if info >> 4 == STB_LOCAL or not name:
            continue
        if row[section_at] == SHN_UNDEF:
            roles = _undefined_roles(index, info >> 4, found)
        else:
            plain = index not in hidden and _resolvable(info, row[value_at])
            roles = _defined_roles(index, info & 15, found, plain)
        if roles:
            wanted[min(name, size) >> shift].append(name << _ROLE_BITS | roles)
    return wanted


def _undefined_roles(index: int, bind: int, found: Relocations) -> int:
    if index in found.copied:
        return _UNDEFINED | _COPIED
    if index not in found.used:
        return 0
    return _WEAK if bind == STB_WEAK else _UNDEFINED


def _defined_roles(index: int, kind: int, found: Relocations, plain: bool) -> int:
    roles = 0 if kind in (STT_SECTION, STT_FILE) else _EXPORTED
    if plain:
        roles |= _RESOLVABLE
    if index in found.copied:
        return roles | _UNDEFINED | _COPIED
    return roles | _OWN if index in found.used and not plain else roles


def _resolvable(info: int, value: int) -> bool:
    """What musl's loader takes as a definition (``find_sym2`` in its dynlink.c)."""
    kind = info & 15
    return kind in _PLAIN_TYPES and info >> 4 in _PLAIN_BINDS and (value != 0 or kind == STT_TLS)


def _hidden(view: View, layout: Layout, table: DynamicTable, count: int) -> frozenset[int]:
    """The symbols whose version is hidden (``foo@V1``): only a loader that knows versions finds them.

    Raises:
        OutOfReachError, DamagedError: as every table.
    """
    address = table.get(dyn.VERSYM)
    if address is None:
        return frozenset()
    offset, room = table.memory.place(address, "DT_VERSYM")
    hidden: set[int] = set()
    index = 0
    for chunk in view.chunks(offset, min(2 * count, room), 2):
        numbers = layout.numbers(chunk, 2)
        hidden.update(index + n for n, number in enumerate(numbers) if number & HIDDEN)
        index += len(numbers)
    return frozenset(hidden)


def _symbols(
    view: View, layout: Layout, table: DynamicTable, count: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
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


def dynamic_symbols(view: View, head: Head, table: DynamicTable) -> int:
    """Entries of the dynamic symbol table: as its hash table has it, or as relocations use it, whichever is more.

    Raises:
        OutOfReachError, DamagedError: as ``link``.
    """
    if not table.has(dyn.SYMTAB):
        return 0
    count = _entries(view, head, table, relocations(view, head, table))
    _, room = table.memory.place(table.get(dyn.SYMTAB) or 0, "DT_SYMTAB")
    return min(count, room // head.layout.symbol.size)


def _entries(view: View, head: Head, table: DynamicTable, found: Relocations) -> int:
    hashed = count_symbols(view, head.layout, head.header.machine, table)
    return max(hashed, max(found.used | found.copied, default=-1) + 1)


def count_symbols(view: View, layout: Layout, machine: int, table: DynamicTable) -> int:
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
        return (
            first if first > 1 else 0
        )  # nothing exported: lld says how many symbols come before, GNU ld says 1
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


def relocations(view: View, head: Head, table: DynamicTable) -> Relocations:
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


def _count(
    view: View, head: Head, found: Relocations, offset: int, length: int, words: int
) -> None:
    """One table. Equal r_info are folded in C first: a million R_*_RELATIVE are one entry."""
    layout, machine = head.layout, head.header.machine
    width = layout.pointer
    copy = copy_type(machine)
    for chunk in view.chunks(offset, length, words * width):
        for info, count in Counter(layout.numbers(chunk, width)[1::words]).items():
            symbol, kind = split_info(info, machine, layout)
            found.types[kind] += count
            if symbol:
                (found.copied if kind == copy else found.used).add(symbol)
        if len(found.types) > MAX_TYPES:
            raise DamagedError(f"it has more than {MAX_TYPES} types of relocation")
        if len(found.used) + len(found.copied) > MAX_SYMBOLS:
            raise DamagedError(f"its relocations use more than {MAX_SYMBOLS} symbols")
