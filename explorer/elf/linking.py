"""What a loader has to resolve: relocations, the symbols they use, exports, symbol versions.

Everything is found through PT_DYNAMIC. Tables are read in chunks; their lengths are bounded by the
segment that holds them, never by what DT_*SZ or a hash table claims.
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
from explorer.elf.models import BoundSymbols, Linking, RelocationType, VersionNeed
from explorer.elf.relocations import copy_type, relocation_name, split_info
from explorer.elf.versions import HIDDEN, defined_versions, needed_indices, needed_versions
from explorer.elf.view import CHUNK, MAX_STRING, DamagedError, View, text

MAX_SYMBOLS = 1 << 19
"""libxul exports 60,000; a file with more than half a million is not judged."""
MAX_NAME_BYTES = 32 << 20
"""Bytes of all names; libclang-cpp has 12 MiB."""
MAX_TYPES = 256
"""Distinct relocation types; the ABIs use fewer than 40 at run time."""
_WIDE_HASH = {22, 0x9026}
"""s390x and Alpha: DT_HASH has words of 8 bytes in their 64-bit files, but lld writes 4."""
SHN_UNDEF = 0
STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_SECTION, STT_FILE, STT_TLS, STT_GNU_IFUNC = 3, 4, 6, 10
SHN_ABS = 0xFFF1
STV_INTERNAL, STV_HIDDEN = 1, 2
_EXPORTED, _RESOLVABLE, _UNDEFINED, _WEAK, _COPIED, _OWN = 1, 2, 4, 8, 16, 32
_UNVERSIONED, _GLIBC_ONLY, _MUSL_ONLY = 64, 128, 256
_ROLES = (
    _EXPORTED,
    _RESOLVABLE,
    _UNDEFINED,
    _WEAK,
    _COPIED,
    _OWN,
    _UNVERSIONED,
    _GLIBC_ONLY,
    _MUSL_ONLY,
)
_BOUND_SHIFT = len(_ROLES)
"""Above the roles: which of the libraries in DT_VERNEED the name is wanted of, from 1."""
_BOUND_BITS = 13
_ROLE_BITS = _BOUND_SHIFT + _BOUND_BITS
_PLAIN_TYPES = frozenset({0, 1, 2, 5, STT_TLS})
"""NOTYPE, OBJECT, FUNC, COMMON, TLS: what musl's loader takes (``OK_TYPES`` in its dynlink.c)."""
_PLAIN_BINDS = frozenset({STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE})
"""``OK_BINDS`` there."""


_LISTED_VERSIONS = ("GLIBC_", "GLIBCXX_", "CXXABI_", "GCC_")
"""Versions of libc and of GCC's libraries: their many names are not kept by library."""


Wanted = defaultdict[int, "array[int]"]
"""Wanted names, each ``position << _ROLE_BITS | roles``, by the piece of the string table that
holds them.

Sorting half a million at once would block the interpreter, and with it an app's keys.
"""


@dataclass(frozen=True, slots=True)
class SymbolVersions:
    """The version of each dynamic symbol, and of which library it is wanted."""

    indices: "array[int]"
    """DT_VERSYM, one number per symbol; empty without it."""
    libraries: tuple[str, ...]
    """Those in DT_VERNEED whose names are kept, in the order of the file."""
    bound: dict[int, int]
    """The number of the library, from 1, by the version's index; 0 where names are not kept."""

    def hidden(self, symbol: int) -> bool:
        """Whether a definition is of a hidden version (``foo@V1``): only glibc finds it."""
        return symbol < len(self.indices) and bool(self.indices[symbol] & HIDDEN)

    def wanted_of(self, symbol: int) -> int:
        """The roles of an undefined symbol: of no version, or of a library's."""
        index = self.indices[symbol] & ~HIDDEN if symbol < len(self.indices) else 0
        # 0 and 1 are VER_NDX_LOCAL and VER_NDX_GLOBAL: no version.
        return self.bound.get(index, 0) << _BOUND_SHIFT if index > 1 else _UNVERSIONED


@dataclass(slots=True)
class Relocations:
    """Counts by type, and the symbols used, by their index in the dynamic symbol table."""

    types: Counter[int] = field(default_factory=Counter)
    used: set[int] = field(default_factory=set)
    copied: set[int] = field(default_factory=set)


def _names(view: View, offset: int, size: int, wanted: Wanted) -> Iterator[tuple[str, int]]:
    """The wanted names with their roles, in the order of the string table, which is read once.

    Names may overlap, so that the size of the file does not limit them: a budget does.

    Raises:
        OutOfReachError: a name cannot be reached.
        DamagedError: a name is not in the table, or they exceed the budget.
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
    """A ``CHUNK`` of the string table; only the first string if not all of that can be reached."""
    try:
        return view.upto(offset, view.room(offset, min(size, CHUNK)))
    except OutOfReachError:
        return view.string(offset, size) + b"\0"


def link(view: View, head: Head, table: DynamicTable) -> Linking:
    """What the loader has to resolve.

    Raises:
        OutOfReachError: a table cannot be reached.
        DamagedError: a table contradicts the file.
    """
    layout, machine = head.layout, head.header.machine
    relocs = relocations(view, head, table)
    names: dict[int, set[str]] = {role: set() for role in _ROLES}
    bound: dict[int, set[str]] = defaultdict(set)
    versions = SymbolVersions(array("H"), (), {})
    if table.has(dyn.SYMTAB):
        offset, size = table.strings()
        count = _entries(view, head, table, relocs)
        versions = _symbol_versions(view, layout, table, count)
        wanted = _wanted(_symbols(view, layout, table, count), layout, relocs, size, versions)
        for name, roles in _names(view, offset, size, wanted):
            for role, group in names.items():
                if roles & role:
                    group.add(name)
            if library := roles >> _BOUND_SHIFT:
                bound[library].add(name)
    elif relocs.used or relocs.copied:
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
            for number, count in sorted(relocs.types.items(), key=lambda item: (-item[1], item[0]))
        ),
        unversioned=frozenset(names[_UNVERSIONED]),
        bound=tuple(
            BoundSymbols(versions.libraries[number - 1], frozenset(bound[number]))
            for number in sorted(bound)
        ),
        glibc_only=frozenset(names[_GLIBC_ONLY]),
        musl_only=frozenset(names[_MUSL_ONLY]),
    )


def _wanted(
    rows: Iterator[tuple[int, tuple[int, ...]]],
    layout: Layout,
    relocs: Relocations,
    size: int,
    versions: SymbolVersions,
) -> Wanted:
    """Where in the string table, of ``size`` bytes, the names are that matter, and why."""
    wanted: Wanted = defaultdict(lambda: array("Q"))
    shift = max(12, (size >> 16).bit_length())  # pieces of 4 KiB, and at most 65,536 of them
    name_at, info_at, other_at, section_at, value_at = (
        (0, 1, 2, 3, 4) if layout.bits == 64 else (0, 3, 4, 5, 1)
    )
    for index, row in rows:
        info, name = row[info_at], row[name_at]
        if info >> 4 == STB_LOCAL or not name:
            continue
        if row[section_at] == SHN_UNDEF:
            roles = _undefined_roles(index, info >> 4, relocs)
        else:
            plain = not versions.hidden(index) and _resolvable(info, row[value_at])
            roles = _defined_roles(index, info & 15, relocs, plain)
            absolute = row[section_at] == SHN_ABS
            if plain != _glibc_takes(info, row[other_at], row[value_at], absolute=absolute):
                roles |= _MUSL_ONLY if plain else _GLIBC_ONLY
        if roles & _UNDEFINED:
            roles |= versions.wanted_of(index)
        if roles:
            wanted[min(name, size) >> shift].append(name << _ROLE_BITS | roles)
    return wanted


def _undefined_roles(index: int, bind: int, relocs: Relocations) -> int:
    if index in relocs.copied:
        return _UNDEFINED | _COPIED
    if index not in relocs.used:
        return 0
    return _WEAK if bind == STB_WEAK else _UNDEFINED


def _defined_roles(index: int, kind: int, relocs: Relocations, plain: bool) -> int:
    roles = 0 if kind in (STT_SECTION, STT_FILE) else _EXPORTED
    if plain:
        roles |= _RESOLVABLE
    if index in relocs.copied:
        return roles | _UNDEFINED | _COPIED
    return roles | _OWN if index in relocs.used and not plain else roles


def _resolvable(info: int, value: int) -> bool:
    """What musl's loader takes as a definition (``find_sym2`` in its dynlink.c)."""
    kind = info & 15
    return kind in _PLAIN_TYPES and info >> 4 in _PLAIN_BINDS and (value != 0 or kind == STT_TLS)


def _glibc_takes(info: int, other: int, value: int, *, absolute: bool) -> bool:
    """What glibc's loader takes as a definition (``check_match`` and ``do_lookup_x`` in its
    elf/dl-lookup.c), of whichever version.
    """
    kind = info & 15
    return (
        (kind in _PLAIN_TYPES or kind == STT_GNU_IFUNC)
        and info >> 4 in _PLAIN_BINDS
        and other & 3 not in (STV_INTERNAL, STV_HIDDEN)
        and (value != 0 or absolute or kind == STT_TLS)
    )


def _symbol_versions(view: View, layout: Layout, table: DynamicTable, count: int) -> SymbolVersions:
    """DT_VERSYM, and the libraries that its numbers stand for.

    Raises:
        OutOfReachError, DamagedError: as every table.
    """
    indices: array[int] = array("H")
    address = table.get(dyn.VERSYM)
    if address is None:
        return SymbolVersions(indices, (), {})
    offset, room = table.memory.place(address, "DT_VERSYM")
    for chunk in view.chunks(offset, min(2 * count, room), 2):
        indices.extend(layout.numbers(chunk, 2))
    libraries: dict[str, int] = {}
    bound: dict[int, int] = {}
    for library, version, index in needed_indices(view, layout, table):
        if not version.startswith(_LISTED_VERSIONS):
            bound[index] = libraries.setdefault(library, len(libraries) + 1)
    return SymbolVersions(indices, tuple(libraries), bound)


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
    """The number of dynamic symbols: by the hash table or by the relocations, whichever is more.

    Raises:
        OutOfReachError, DamagedError: as ``link``.
    """
    if not table.has(dyn.SYMTAB):
        return 0
    count = _entries(view, head, table, relocations(view, head, table))
    _, room = table.memory.place(table.get(dyn.SYMTAB) or 0, "DT_SYMTAB")
    return min(count, room // head.layout.symbol.size)


def _entries(view: View, head: Head, table: DynamicTable, relocs: Relocations) -> int:
    hashed = count_symbols(view, head.layout, head.header.machine, table)
    return max(hashed, max(relocs.used | relocs.copied, default=-1) + 1)


def count_symbols(view: View, layout: Layout, machine: int, table: DynamicTable) -> int:
    """The number of dynamic symbols by the hash table, without section headers.

    DT_HASH has one chain entry per symbol. DT_GNU_HASH covers the exported ones, which come last:
    the chain of the greatest bucket ends with the last of them (its low bit is set). 0 if there is
    neither: then only relocations tell.

    Raises:
        OutOfReachError: the hash table cannot be reached.
        DamagedError: it contradicts the file.
    """
    sysv, gnu = table.get(dyn.HASH), table.get(dyn.GNU_HASH)
    if sysv is not None:
        offset, room = table.memory.place(sysv, "DT_HASH")
        widths = (8, 4) if machine in _WIDE_HASH and layout.bits == 64 else (4,)
        for width in widths:
            counts = layout.numbers(view.exact(offset, 2 * width, "DT_HASH"), width)
            if (2 + counts[0] + counts[1]) * width <= room:
                return counts[1]
        raise DamagedError("DT_HASH claims more than its segment holds")
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
        # Nothing is exported: lld gives the number of symbols before, GNU ld gives 1.
        return first if first > 1 else 0
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
        OutOfReachError: one of them cannot be reached.
        DamagedError: one of them contradicts the file.
    """
    relocs = Relocations()
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
        _count(view, head, relocs, offset, length, 3 if with_addend else 2)
    return relocs


def _count(
    view: View, head: Head, relocs: Relocations, offset: int, length: int, words: int
) -> None:
    """One table. Equal r_info are folded in C first: a million R_*_RELATIVE are one entry."""
    layout, machine = head.layout, head.header.machine
    width = layout.pointer
    copy = copy_type(machine)
    for chunk in view.chunks(offset, length, words * width):
        for info, count in Counter(layout.numbers(chunk, width)[1::words]).items():
            symbol, kind = split_info(info, machine, layout)
            relocs.types[kind] += count
            if symbol:
                (relocs.copied if kind == copy else relocs.used).add(symbol)
        if len(relocs.types) > MAX_TYPES:
            raise DamagedError(f"it has more than {MAX_TYPES} types of relocation")
        if len(relocs.used) + len(relocs.copied) > MAX_SYMBOLS:
            raise DamagedError(f"its relocations use more than {MAX_SYMBOLS} symbols")
