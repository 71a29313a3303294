"""What a binary is, as rows: one table for each tab."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.archive import ArchiveListing, Member
from explorer.content import PrintableRun, hex_line
from explorer.elf import (
    Binary,
    Degree,
    DynamicEntry,
    FileFormat,
    GoBuild,
    GoModule,
    Note,
    Protection,
    Section,
    Segment,
    Symbol,
    hardening,
)
from explorer.facts import MISSING, Fact, NotApplicable, Unknown, known_or
from explorer.report.answers import fact_cell, missing_text
from explorer.report.cells import EMPTY, Cell, Column, Row
from explorer.report.text import one_line
from explorer.report.units import human_size
from explorer.report.verdicts.words import binary_in_words
from explorer.workbench import Inspection

__all__ = [
    "BYTES_COLUMNS",
    "DYNAMIC_COLUMNS",
    "GO_COLUMNS",
    "HARDENING_COLUMNS",
    "MEMBER_COLUMNS",
    "NOTE_COLUMNS",
    "SECTION_COLUMNS",
    "SEGMENT_COLUMNS",
    "STRING_COLUMNS",
    "SYMBOL_COLUMNS",
    "binary_facts",
    "bytes_row",
    "dynamic_row",
    "go_cgo",
    "go_rows",
    "hardening_rows",
    "listing_problem",
    "member_row",
    "note_row",
    "section_row",
    "segment_row",
    "size_in_words",
    "slice_rows",
    "string_row",
    "symbol_row",
    "tab_note",
]


def _hex(value: int) -> Cell:
    return Cell(f"{value:#x}", align="right", sort=value)


def _number(value: int) -> Cell:
    return Cell(f"{value:,}", align="right", sort=value)


def _pair(name: str, cell: Cell) -> Row:
    return Row(name, (Cell(name, "dim"), cell))


def _some(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def binary_facts(inspection: Inspection) -> tuple[Row, ...]:
    """The file and its headline facts, as (what, value) rows."""
    binary = inspection.binary
    file = inspection.file
    rows = [
        _pair("file", Cell(file.name)),
        *([_pair("inside", Cell(" › ".join(inspection.inside)))] if inspection.inside else []),
        *([_pair("also in it", Cell(_some(inspection.others)))] if inspection.others else []),
        _pair(
            "size", fact_cell(file.size, lambda size: Cell(f"{human_size(size)} ({size:,} bytes)"))
        ),
        _pair("sha256", fact_cell(file.sha256, Cell.of)),
        _pair("is", Cell(one_line(binary.detail))),
        _pair("in words", Cell(binary_in_words(binary))),
        _pair("architecture", fact_cell(binary.arch, Cell.of)),
    ]
    return (*rows, *_elf_facts(binary))


def _elf_facts(binary: Binary) -> tuple[Row, ...]:
    if isinstance(binary.elf, MISSING):
        no_elf = _pair("ELF", Cell(missing_text(binary.elf), "dim"))
        may_be_go = binary.format in (FileFormat.PE, FileFormat.MACHO)
        go = _slice_facts(binary) if binary.slices else (_go_fact(binary.go),)
        return (no_elf, *go) if may_be_go else (no_elf,)
    elf = binary.elf
    rows = [
        _pair("linkage", fact_cell(elf.linkage, lambda linkage: Cell(linkage.value))),
        _pair("interpreter", fact_cell(elf.interpreter, Cell.of)),
        *([_pair("made for", Cell(elf.os_note))] if isinstance(elf.os_note, str) else []),
        _pair("packer", fact_cell(elf.packer, Cell.of)),
        _pair("build id", fact_cell(elf.build_id, Cell.of)),
        _go_fact(elf.go),
        _pair("stripped", fact_cell(elf.stripped, lambda yes: Cell("yes" if yes else "no"))),
        _pair(
            "time zones",
            fact_cell(elf.tzdata, lambda yes: Cell("embedded" if yes else "not embedded")),
        ),
        _pair("ISA level", fact_cell(elf.isa, Cell.of)),
        _pair("symbols", fact_cell(elf.symbol_count, lambda count: Cell(f"{count:,}"))),
    ]
    rows += [
        _pair(f"problem {number}", Cell(one_line(problem), "bad"))
        for number, problem in enumerate(elf.problems, 1)
    ]
    return tuple(rows)


def _slice_facts(binary: Binary) -> tuple[Row, ...]:
    """Go's version in each architecture of a universal file, the chosen one marked."""
    rows = (_go_fact(each.go, f"Go ({each.arch})") for each in binary.slices)
    chosen = binary.slice.arch if binary.slice is not None else ""
    return (*rows, _pair("shown", Cell(f"{chosen}; --platform darwin-ARCH chooses another")))


def _go_fact(go: Fact[GoBuild], title: str = "Go") -> Row:
    return _pair(title, fact_cell(go, lambda go: Cell(f"{go.version}, cgo {go_cgo(go)}")))


def go_cgo(go: GoBuild) -> str:
    """``on``, ``off`` or ``not recorded``."""
    return {"1": "on", "0": "off"}.get(go.setting("CGO_ENABLED") or "", "not recorded")


SEGMENT_COLUMNS = (
    Column("type", "type"),
    Column("flags", "flags"),
    Column("offset", "offset", "right"),
    Column("vaddr", "address", "right"),
    Column("filesz", "in file", "right"),
    Column("memsz", "in memory", "right"),
    Column("align", "align", "right"),
)


def segment_row(segment: Segment, index: int) -> Row:
    """A program header."""
    numbers = (segment.offset, segment.vaddr, segment.filesz, segment.memsz, segment.align)
    return Row(
        str(index), (Cell(segment.type, "strong"), Cell(segment.flags, "code"), *map(_hex, numbers))
    )


SECTION_COLUMNS = (
    Column("index", "#", "right"),
    Column("name", "name", grows=True),
    Column("type", "type"),
    Column("flags", "flags"),
    Column("address", "address", "right"),
    Column("offset", "offset", "right"),
    Column("size", "size", "right"),
)


def section_row(section: Section) -> Row:
    """A section header."""
    return Row(
        str(section.index),
        (
            _number(section.index),
            Cell(section.name, "strong"),
            Cell(section.type),
            Cell(section.flags, "code"),
            _hex(section.address),
            _hex(section.offset),
            _hex(section.size),
        ),
    )


DYNAMIC_COLUMNS = (
    Column("tag", "tag"),
    Column("value", "value", "right"),
    Column("text", "means", grows=True),
)


def dynamic_row(entry: DynamicEntry, index: int) -> Row:
    """An entry of the dynamic section."""
    return Row(
        str(index), (Cell(entry.tag, "strong"), _hex(entry.value), Cell(one_line(entry.text)))
    )


NOTE_COLUMNS = (
    Column("owner", "owner"),
    Column("name", "note"),
    Column("text", "says", grows=True),
)


def note_row(note: Note, index: int) -> Row:
    """An ELF note."""
    return Row(str(index), (Cell(note.owner, "strong"), Cell(note.name), Cell(one_line(note.text))))


SYMBOL_COLUMNS = (
    Column("index", "#", "right", width=7),
    Column("value", "value", "right", width=16),
    Column("size", "size", "right", width=8),
    Column("type", "type", width=7),
    Column("bind", "bind", width=6),
    Column("section", "section", width=10),
    Column("name", "name", grows=True),
)


def symbol_row(symbol: Symbol) -> Row:
    """A symbol, with its version as the loader would write it: ``memcpy@GLIBC_2.14``."""
    name = f"{symbol.name}@{symbol.version}" if symbol.version else symbol.name
    return Row(
        str(symbol.index),
        (
            Cell(str(symbol.index), align="right", sort=symbol.index),
            Cell(f"{symbol.value:x}", align="right", sort=symbol.value),
            Cell(str(symbol.size), align="right", sort=symbol.size),
            Cell(symbol.type),
            Cell(symbol.bind),
            Cell(symbol.section),
            Cell(name),
        ),
    )


BYTES_COLUMNS = (
    Column("offset", "offset", width=9),
    Column("hex", "bytes", width=39),
    Column("text", "text", width=16),
)


def bytes_row(offset: int, data: bytes | None) -> Row:
    """Sixteen bytes as ``xxd`` prints them; None: they are not here yet."""
    name = f"{offset:08x}"
    if data is None:
        return Row(name, (Cell(name, "dim"), Cell("…", "dim"), EMPTY))
    line = hex_line(offset, data)
    start = line.index(":") + 2
    pairs, shown = line[start : start + 39].rstrip(), line[start + 41 :]
    return Row(name, (Cell(name, "dim"), Cell(pairs), Cell(shown, "code")))


STRING_COLUMNS = (
    Column("offset", "offset", "right", width=10),
    Column("size", "length", "right", width=8),
    Column("text", "string", grows=True),
)


def string_row(run: PrintableRun, number: int) -> Row:
    """A printable string."""
    size = Cell(str(run.size), align="right", sort=run.size)
    return Row(str(number), (_hex(run.offset), size, Cell(run.text[:1000])))


HARDENING_COLUMNS = (
    Column("protection", "protection"),
    Column("degree", "built in"),
    Column("why", "because", grows=True),
)
_DEGREES = {
    Degree.YES: Cell("✓ yes", "good"),
    Degree.PARTLY: Cell("◐ partly", "warn"),
    Degree.NO: Cell("✗ no", "bad"),
}


def hardening_rows(binary: Binary) -> Fact[tuple[Row, ...]]:
    """One row for each protection; missing if the file is not ELF."""
    if isinstance(binary.elf, MISSING):
        return binary.elf
    return tuple(_protection_row(protection) for protection in hardening(binary.elf))


def _protection_row(protection: Protection) -> Row:
    degree = protection.degree
    if isinstance(degree, Unknown):
        mark, why = Cell("? unknown", "unknown"), degree.why
    elif isinstance(degree, NotApplicable):
        mark, why = Cell("– n/a", "dim"), degree.why
    else:
        mark, why = _DEGREES[degree], protection.why
    return Row(protection.key, (Cell(protection.title, "strong"), mark, Cell(one_line(why))))


GO_COLUMNS = (
    Column("what", "what"),
    Column("name", "name", grows=True),
    Column("version", "version"),
    Column("sum", "sum"),
)


def go_rows(go: Fact[GoBuild]) -> tuple[Row, ...]:
    """Go's build info: version, main module, settings, dependencies with their replacements."""
    if isinstance(go, MISSING):
        return (Row("go", (Cell("Go", "dim"), Cell(missing_text(go), "dim"), EMPTY, EMPTY)),)
    rows = [
        Row("version", (Cell("toolchain", "dim"), Cell("go", "strong"), Cell(go.version), EMPTY))
    ]
    path = Cell(go.path) if go.path else Cell("n/a: not recorded", "dim")
    rows.append(Row("path", (Cell("package", "dim"), path, EMPTY, EMPTY)))
    if isinstance(go.main, MISSING):
        rows.append(
            Row("main", (Cell("module", "dim"), Cell(missing_text(go.main), "dim"), EMPTY, EMPTY))
        )
    else:
        rows.append(_module_row("main", "module", go.main))
    rows += [
        Row(
            f"setting:{number}",
            (Cell("setting", "dim"), Cell(key, "strong"), Cell(one_line(value)), EMPTY),
        )
        for number, (key, value) in enumerate(go.settings)
    ]
    for number, module in enumerate(go.dependencies):
        rows.append(_module_row(f"dep:{number}", "dependency", module))
        if module.replace is not None:
            rows.append(_module_row(f"replace:{number}", "└ replaced by", module.replace))
    return tuple(rows)


def slice_rows(binary: Binary) -> tuple[Row, ...]:
    """The architectures of a universal file, for the table of ``go_rows``; none for others."""
    return tuple(
        Row(
            f"slice:{number}",
            (
                Cell("architecture", "dim"),
                Cell(one_line(each.arch), "strong"),
                fact_cell(each.go, lambda go: Cell(go.version)),
                Cell("shown below" if number == binary.chosen else "", "dim"),
            ),
        )
        for number, each in enumerate(binary.slices)
    )


def _module_row(key: str, what: str, module: GoModule) -> Row:
    return Row(
        key,
        (
            Cell(what, "dim"),
            Cell(module.path, "strong"),
            Cell(module.version),
            Cell(module.sum, "dim"),
        ),
    )


MEMBER_COLUMNS = (
    Column("name", "file", grows=True),
    Column("size", "size", "right"),
    Column("mode", "mode"),
    Column("state", "state"),
)


def member_row(member: Member, index: int) -> Row:
    """A member of an archive; one that was refused says by which rule."""
    name = f"{member.name} → {member.link}" if member.link else member.name
    size = fact_cell(
        member.size,
        lambda size: Cell(human_size(size), align="right", sort=size),
        short=True,
        align="right",
    )
    state = (
        Cell(f"✗ refused ({member.refused.rule}): {one_line(member.refused.text)}", "bad")
        if member.refused
        else Cell(member.kind.value, "dim")
    )
    return Row(
        f"{index}:{member.name}", (Cell(name), size, Cell(f"{member.mode:04o}", "code"), state)
    )


def listing_problem(listing: ArchiveListing) -> Cell:
    """What stopped the reading of an archive; empty where nothing did."""
    return (
        Cell(f"✗ {listing.problem.rule}: {one_line(listing.problem.text)}", "bad")
        if listing.problem
        else EMPTY
    )


def tab_note(fact: Fact[object]) -> Cell:
    """What an empty tab says: why its table is not there."""
    return Cell(missing_text(fact), "unknown") if isinstance(fact, MISSING) else EMPTY


def size_in_words(inspection: Inspection) -> str:
    """The binary's size, or a question mark."""
    size = known_or(inspection.file.size, -1)
    return human_size(size) if size >= 0 else "?"
