"""Section headers: names for people, and the place of .symtab. No loader reads them."""

from dataclasses import dataclass

from explorer.elf import layout as shape
from explorer.elf.head import Head
from explorer.elf.layout import Layout
from explorer.elf.models import Section
from explorer.elf.view import DamagedError, View, text
from explorer.facts import Fact, NotApplicable

MAX_SECTIONS = 65_536
"""Only object files with one section per function have more; those beyond are not shown."""
MAX_NAME = 256
SHN_XINDEX = 0xFFFF


@dataclass(frozen=True, slots=True)
class RawSection:
    """A section header's numbers."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entsize: int


@dataclass(frozen=True, slots=True)
class SectionTable:
    """Where the section headers are; each is decoded on demand."""

    view: View
    layout: Layout
    machine: int
    offset: int
    count: int
    """As the file claims, but no more than it can hold."""
    names_index: int
    cut: bool
    """The claim is more than the file can hold, or more than ``MAX_SECTIONS``."""

    def row(self, index: int) -> RawSection:
        """One header.

        Raises:
            DamagedError: there is no such section.
            OutOfReachError: it cannot be reached.
        """
        size = self.layout.section.size
        data = self.view.near(self.offset + index * size, size) if 0 <= index < self.count else b""
        if len(data) < size:
            raise DamagedError(f"section {index} lies outside the file")
        return _raw(self.layout.section.unpack(data))

    def rows(self) -> list[RawSection]:
        """The first ``MAX_SECTIONS`` headers.

        Raises:
            OutOfReachError: they cannot all be reached.
        """
        size = self.layout.section.size
        length = min(self.count, MAX_SECTIONS) * size
        return [
            _raw(row)
            for chunk in self.view.chunks(self.offset, length, size)
            for row in self.layout.section.iter_unpack(chunk)
        ]

    def name(self, section: RawSection) -> str:
        """A section's name; empty if the table of names is damaged.

        Raises:
            OutOfReachError: the names cannot be reached.
        """
        try:
            names = self.row(self.names_index)
            if section.name >= names.size or names.type == shape.SHT_NOBITS:
                return ""
            return text(
                self.view.string(
                    names.offset + section.name, min(MAX_NAME, names.size - section.name)
                )
            )
        except DamagedError:
            return ""


def open_sections(view: View, head: Head) -> Fact[SectionTable]:
    """Where the headers are; NotApplicable if the file has none.

    Raises:
        DamagedError: they cannot be used.
        OutOfReachError: the first of them, which may hold the counts, cannot be reached.
    """
    header = head.header
    layout = head.layout
    if not header.shoff:
        return NotApplicable("no section headers: they were stripped")
    size = layout.section.size
    if head.shentsize != size:
        raise DamagedError(f"e_shentsize is {head.shentsize}, not {size}")
    count, names = header.shnum, head.shstrndx
    if count == 0 or names == SHN_XINDEX:
        first = _raw(
            layout.section.unpack(view.exact(header.shoff, size, "the section header table"))
        )
        count = count or first.size
        names = first.link if names == SHN_XINDEX else names
    fits = view.room(header.shoff, count * size) // size
    if fits == 0:
        raise DamagedError("the section header table lies outside the file")
    return SectionTable(
        view,
        layout,
        header.machine,
        header.shoff,
        fits,
        names,
        fits < count or count > MAX_SECTIONS,
    )


def describe(table: SectionTable, rows: list[RawSection]) -> tuple[Section, ...]:
    """The headers with their names.

    Raises:
        OutOfReachError: headers or names cannot be reached.
    """
    return tuple(
        Section(
            index=index,
            name=table.name(raw),
            type=shape.section_type(raw.type, table.machine),
            flags=shape.section_flags(raw.flags),
            address=raw.address,
            offset=raw.offset,
            size=raw.size,
        )
        for index, raw in enumerate(rows)
    )


def named(table: SectionTable, rows: list[RawSection], name: str) -> int | None:
    """The offset of the first section with this name and bytes in the file; None without one.

    Raises:
        OutOfReachError: the names cannot be reached.
    """
    return next(
        (row.offset for row in rows if row.type != shape.SHT_NOBITS and table.name(row) == name),
        None,
    )


def _raw(row: tuple[int, ...]) -> RawSection:
    name, kind, flags, address, offset, size, link, info, align, entsize = row
    return RawSection(name, kind, flags, address, offset, size, link, info, align, entsize)
