"""Symbol versions: DT_VERNEED, DT_VERDEF and DT_VERSYM (the LSB's "Symbol Versioning")."""

import struct
from collections.abc import Iterator

from explorer.elf import dynamic as dyn
from explorer.elf.dynamic import DynamicTable
from explorer.elf.layout import Layout
from explorer.elf.view import DamagedError, View, text

MAX_RECORDS = 8192
"""Records followed in one list; glibc's libc defines 40, and programs need up to 90."""
MAX_NAME = 512
"""Bytes of a library's or version's name; a file name has 255 at most."""
VER_FLG_BASE, VER_FLG_WEAK = 1, 2
HIDDEN = 0x8000
_NEED = ("HHIII", "IHHII")
_DEFINE = ("HHHHIII", "II")


class _Records:
    """A list whose records hold the distance to the next: a bounded number, inside one segment."""

    def __init__(self, view: View, layout: Layout, offset: int, room: int, what: str) -> None:
        self.view = view
        self.order = "<" if layout.little_endian else ">"
        self.offset = offset
        self.room = room
        self.what = what
        self.left = MAX_RECORDS

    def read(self, at: int, shape: str) -> tuple[int, ...]:
        record = struct.Struct(self.order + shape)
        self.left -= 1
        if self.left < 0:
            raise DamagedError(f"{self.what} has more than {MAX_RECORDS} records")
        if at + record.size > self.room:
            raise DamagedError(f"{self.what} reaches beyond its segment")
        data = self.view.near(self.offset + at, record.size)
        if len(data) < record.size:
            raise DamagedError(f"{self.what} lies outside the file")
        return record.unpack(data)

    def each(self, at: int, count: int, shape: str) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Position and fields of ``count`` records, whose last field leads to the next."""
        for _ in range(count):
            fields = self.read(at, shape)
            yield at, fields
            if not fields[-1]:
                return
            at += fields[-1]


def _records(
    view: View, layout: Layout, table: DynamicTable, tag: int, what: str
) -> _Records | None:
    address = table.get(tag)
    return (
        None
        if address is None
        else _Records(view, layout, *table.memory.place(address, what), what)
    )


def _name(view: View, table: DynamicTable, index: int) -> str:
    offset, size = table.strings()
    if index >= size:
        raise DamagedError("the name of a symbol version lies outside the string table")
    return text(view.string(offset + index, min(MAX_NAME, size - index)))


def _needs(view: View, layout: Layout, table: DynamicTable) -> Iterator[tuple[str, str, int, int]]:
    """Library, version, index and flags of every version that is needed."""
    records = _records(view, layout, table, dyn.VERNEED, "DT_VERNEED")
    if records is None:
        return
    for at, (_, count, file, aux, _) in records.each(
        0, table.get(dyn.VERNEEDNUM) or MAX_RECORDS, _NEED[0]
    ):
        library = _name(view, table, file)
        for _, (_, flags, index, name, _) in records.each(at + aux, count, _NEED[1]):
            yield library, _name(view, table, name), index, flags


def needed_versions(
    view: View, layout: Layout, table: DynamicTable
) -> tuple[tuple[str, tuple[str, ...], frozenset[str]], ...]:
    """DT_VERNEED as ``(library, versions, weak ones among them)``, in the file's order.

    Raises:
        OutOfReachError, DamagedError: as every table.
    """
    needed: dict[str, dict[str, int]] = {}
    for library, version, _, flags in _needs(view, layout, table):
        needed.setdefault(library, {})[version] = flags
    return tuple(
        (library, tuple(versions), frozenset(v for v, f in versions.items() if f & VER_FLG_WEAK))
        for library, versions in needed.items()
    )


def needed_indices(
    view: View, layout: Layout, table: DynamicTable
) -> Iterator[tuple[str, str, int]]:
    """Library, version and the version's index in DT_VERSYM, for each that is needed.

    Raises:
        OutOfReachError, DamagedError: as every table.
    """
    for library, version, index, _ in _needs(view, layout, table):
        yield library, version, index & ~HIDDEN


def _definitions(view: View, layout: Layout, table: DynamicTable) -> Iterator[tuple[str, int, int]]:
    """Name, index and flags of every version defined."""
    records = _records(view, layout, table, dyn.VERDEF, "DT_VERDEF")
    if records is None:
        return
    for at, fields in records.each(0, table.get(dyn.VERDEFNUM) or MAX_RECORDS, _DEFINE[0]):
        _, flags, index, _, _, aux, _ = fields
        name, _ = records.read(at + aux, _DEFINE[1])
        yield _name(view, table, name), index, flags


def defined_versions(view: View, layout: Layout, table: DynamicTable) -> tuple[str, ...]:
    """The versions in DT_VERDEF, without the base entry (the file's own name).

    Raises:
        OutOfReachError, DamagedError: as every table.
    """
    return tuple(
        name for name, _, flags in _definitions(view, layout, table) if not flags & VER_FLG_BASE
    )


def version_names(view: View, layout: Layout, table: DynamicTable) -> dict[int, str]:
    """Names by their index in DT_VERSYM.

    Raises:
        OutOfReachError, DamagedError: as every table.
    """
    names = {
        index & ~HIDDEN: name
        for name, index, flags in _definitions(view, layout, table)
        if not flags & VER_FLG_BASE
    }
    return names | {index & ~HIDDEN: name for _, name, index, _ in _needs(view, layout, table)}
