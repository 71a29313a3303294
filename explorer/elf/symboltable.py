"""A symbol table whose rows are decoded when they are shown: a million open as fast as ten."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.bytesource import ByteSource, OutOfReachError
from explorer.elf import dynamic as dyn
from explorer.elf import layout as shape
from explorer.elf import linking
from explorer.elf.head import Head, read_head
from explorer.elf.models import Symbol
from explorer.elf.sections import SectionTable, open_sections
from explorer.elf.versions import HIDDEN, version_names
from explorer.elf.view import DamagedError, View, text
from explorer.errors import FormatError
from explorer.facts import MISSING
from explorer.progress import Cancellation

_SPECIAL = {0: "UND", 0xFFF1: "ABS", 0xFFF2: "COMMON"}
_SHN_LORESERVE = 0xFF00
_REMEDY = "Try another file, or download it again"
_MAX_TAIL = 1 << 20
"""Bytes of one name that a search keeps across two chunks."""


@dataclass(frozen=True, slots=True)
class _SymbolPlace:
    """Where a symbol table and its names are."""

    title: str
    offset: int
    count: int
    names: int
    names_size: int
    versym: int | None = None
    """Offset of DT_VERSYM's table."""


class SymbolTable:
    """A symbol table of ``len(table)`` rows, each decoded by ``row``, in 2 MiB of memory."""

    def __init__(
        self,
        view: View,
        head: Head,
        place: _SymbolPlace,
        sections: SectionTable | None,
        versions: dict[int, str],
    ) -> None:
        self._view = view
        self._head = head
        self._place = place
        self._sections = sections
        self._versions = versions

    @property
    def title(self) -> str:
        """``.symtab`` or ``.dynsym``; ``no symbols`` if the file has neither."""
        return self._place.title

    def __len__(self) -> int:
        return self._place.count

    def row(self, index: int) -> Symbol:
        """One entry; a name or section that cannot be read is a text in angle brackets.

        Raises:
            IndexError: there is no such row.
            FormatError: the entry lies outside the file, or cannot be reached.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        layout, place = self._head.layout, self._place
        try:
            data = self._view.near(place.offset + index * layout.symbol.size, layout.symbol.size)
        except OutOfReachError as error:
            raise FormatError(
                "This symbol was not read", f"it {error.why}", "Download the file first"
            ) from None
        if len(data) < layout.symbol.size:
            raise FormatError(
                "The symbol table is cut", f"symbol {index} lies outside the file", _REMEDY
            )
        if layout.bits == 64:
            name, info, _, section, value, size = layout.symbol.unpack(data)
        else:
            name, value, size, info, _, section = layout.symbol.unpack(data)
        section_name = self._section(section)
        kind = shape.SYMBOL_TYPES.get(info & 15, str(info & 15))
        shown = self._name(name)
        if not shown and kind == "SECTION":
            shown = section_name
        bind = shape.SYMBOL_BINDS.get(info >> 4, str(info >> 4))
        return Symbol(index, shown, value, size, kind, bind, section_name, self._version(index))

    def _name(self, index: int) -> str:
        if not index:
            return ""
        try:
            if index >= self._place.names_size:
                raise DamagedError("outside the string table")
            return text(
                self._view.string(self._place.names + index, self._place.names_size - index)
            )
        except DamagedError as error:
            return f"<{error}>"
        except OutOfReachError as error:
            return f"<{error.why}>"

    def _section(self, index: int) -> str:
        if index in _SPECIAL:
            return _SPECIAL[index]
        if index >= _SHN_LORESERVE or self._sections is None:
            return str(index)
        try:
            return self._sections.name(self._sections.row(index)) or str(index)
        except (DamagedError, OutOfReachError):
            return str(index)

    def _version(self, index: int) -> str:
        if self._place.versym is None:
            return ""
        try:
            data = self._view.near(self._place.versym + 2 * index, 2)
        except OutOfReachError:
            return ""
        numbers = self._head.layout.numbers(data, 2)
        return self._versions.get(numbers[0] & ~HIDDEN, "") if numbers else ""

    def search(self, text: str, cancel: Cancellation | None = None) -> Sequence[int]:
        """The rows whose name contains ``text``, regardless of the case of A–Z, in order.

        Searches the string table once, and then for the symbols that point to the matches: both
        tables are read once. An empty text matches every row.

        Raises:
            CancelledError: ``cancel`` was raised.
            FormatError: the tables cannot all be reached.
        """
        if not text:
            return range(len(self))
        stop = cancel or Cancellation()
        needle = text.encode("utf-8", "surrogatepass").lower()
        try:
            starts, ends = self._spans(needle, stop)
            rows = array("I")
            if not starts:
                return rows
            for index, name in self._name_indexes(stop):
                at = bisect_right(starts, name) - 1
                if at >= 0 and name <= ends[at] and name:
                    rows.append(index)
        except OutOfReachError as error:
            raise FormatError(
                "Not all symbol names were read",
                f"reading them {error.why}",
                "Download the file first",
            ) from None
        return rows

    def _spans(self, needle: bytes, cancel: Cancellation) -> "tuple[array[int], array[int]]":
        """For each string with the needle: where it starts, and where its last needle begins.

        A symbol that points between the two (linkers share tails) has a name with the needle.
        """
        starts, ends = array("Q"), array("Q")
        # The rest of the string is part of the match: one match per string.
        pattern = re.compile(re.escape(needle) + rb"[^\0]*")
        tail = b""
        at = 0
        for chunk in self._view.chunks(self._place.names, self._place.names_size):
            cancel.check()
            data = tail + chunk
            cut = data.rfind(b"\0") + 1
            if not cut and len(data) > _MAX_TAIL:
                cut = len(data)
            self._add_spans(needle, pattern, data[:cut].lower(), at, starts, ends)
            at += cut
            tail = data[cut:]
        return starts, ends

    @staticmethod
    def _add_spans(
        needle: bytes,
        pattern: re.Pattern[bytes],
        data: bytes,
        base: int,
        starts: "array[int]",
        ends: "array[int]",
    ) -> None:
        last = 0  # looking back no further than the last match keeps this linear
        for match in pattern.finditer(data):
            first, after = match.span()
            starts.append(base + max(last, data.rfind(b"\0", last, first) + 1))
            ends.append(base + data.rfind(needle, first, after))
            last = after

    def _name_indexes(self, cancel: Cancellation) -> Iterator[tuple[int, int]]:
        size = self._head.layout.symbol.size
        index = 0
        for chunk in self._view.chunks(self._place.offset, len(self) * size, size):
            cancel.check()
            for name in self._head.layout.numbers(chunk, 4)[:: size // 4]:
                yield index, name
                index += 1


def symbols(source: ByteSource, cancel: Cancellation | None = None) -> SymbolTable:
    """.symtab, else the dynamic symbol table, through PT_DYNAMIC if section headers are stripped.

    Only headers are read. A file without symbols gives an empty table.

    Raises:
        FormatError: not an ELF file, or its headers are damaged or cannot be reached.
        SourceError: the source failed.
        CancelledError: ``cancel`` was raised.
    """
    view = View(source, cancel)
    try:
        if view.upto(0, view.room(0, 4)) != shape.ELF_MAGIC:
            raise FormatError("This file has no symbols", "it is not ELF", "Choose an ELF file")
        head = read_head(view)
        if not head.usable:
            raise DamagedError(head.defects[0])
        sections = _sections(view, head)
        place = _static(view, head, sections) if sections else None
        versions: dict[int, str] = {}
        if place is None:
            place, versions = _dynamic(view, head)
    except OutOfReachError as error:
        raise FormatError(
            "Its symbols were not read", f"reading them {error.why}", "Download the file first"
        ) from None
    except DamagedError as error:
        raise FormatError("Its symbols cannot be read", str(error), _REMEDY) from None
    return SymbolTable(
        view, head, place or _SymbolPlace("no symbols", 0, 0, 0, 0), sections, versions
    )


def _sections(view: View, head: Head) -> SectionTable | None:
    try:
        table = open_sections(view, head)
    except DamagedError:
        return None
    return None if isinstance(table, MISSING) else table


def _static(view: View, head: Head, sections: SectionTable) -> _SymbolPlace | None:
    rows = sections.rows()
    for row in rows:
        if row.type == shape.SHT_SYMTAB:
            names = rows[row.link] if row.link < len(rows) else None
            count = view.room(row.offset, row.size) // head.layout.symbol.size
            size = view.room(names.offset, names.size) if names else 0
            return _SymbolPlace(".symtab", row.offset, count, names.offset if names else 0, size)
    return None


def _dynamic(view: View, head: Head) -> tuple[_SymbolPlace | None, dict[int, str]]:
    segment, segments = head.first(shape.PT_DYNAMIC), head.raw
    if isinstance(segment, MISSING) or isinstance(segments, MISSING):
        return None, {}
    table = dyn.read_table(view, head, segment, segments)
    address = table.get(dyn.SYMTAB)
    count = linking.dynamic_symbols(view, head, table)
    if address is None or not count:
        return None, {}
    offset, _ = table.memory.place(address, "DT_SYMTAB")
    names, size = table.strings()
    versym = table.get(dyn.VERSYM)
    place = _SymbolPlace(
        ".dynsym",
        offset,
        count,
        names,
        size,
        None if versym is None else table.memory.place(versym, "DT_VERSYM")[0],
    )
    try:
        return place, version_names(view, head.layout, table)
    except DamagedError:
        return place, {}
