"""``read``: a file's facts from its bytes, as far as these can be reached.

Each fact is collected on its own: at the end of a prefix it becomes ``Unknown(why, needs)``, on
damage ``Unknown`` and a problem, and the others go on. So a fact from a prefix is that of the whole
file, or Unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from explorer.bytesource import ByteSource, OutOfReachError
from explorer.elf import dynamic, foreign, foreign_go, gobuild, linking, machines, sections
from explorer.elf import layout as shape
from explorer.elf import notes as note_reader
from explorer.elf.dynamic import DynamicTable
from explorer.elf.head import DAMAGED_HEADER, Head, read_head, unknown
from explorer.elf.linkage import decide
from explorer.elf.memory import Memory
from explorer.elf.models import (
    Binary,
    Dynamic,
    Elf,
    FileFormat,
    GoBuild,
    Linking,
    Note,
    PackedProgram,
    Payload,
    Scope,
    Section,
)
from explorer.elf.notes import RawNote, Span
from explorer.elf.packed import look_inside
from explorer.elf.payload import find_payload
from explorer.elf.sections import RawSection, SectionTable
from explorer.elf.view import DamagedError, View
from explorer.facts import MISSING, NEEDS_FILE, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation

T = TypeVar("T")
_UNREAD = Unknown(NEEDS_FILE)
_OBFUSCATED = Unknown("the names of its functions are obfuscated")
_LINKAGE_WORDS = {
    "shared-library": "shared library",
    "static-pie": "static PIE",
    "core": "core dump",
}


def read(
    source: ByteSource, name: str, scope: Scope = Scope.FULL, cancel: Cancellation | None = None
) -> Binary:
    """What a file is. Memory is limited (under 16 MiB for most files), whatever a header claims.

    Args:
        source: the file, or a part of it; what cannot be reached becomes ``Unknown(why, needs)``.
        name: for display only.
        scope: how much to read. HEAD takes one read of at most 1 KiB, and what moved headers need.
        cancel: checked before every read.

    Raises:
        SourceError: the source failed.
        CancelledError: ``cancel`` was raised.
    """
    view = View(source, cancel)
    try:
        start = view.upto(0, view.room(0, 8))
    except OutOfReachError as error:
        lost = unknown(error)
        return Binary(
            name, source.size, FileFormat.DATA, scope, "too few bytes to name it", lost, lost
        )
    if start[:4] != shape.ELF_MAGIC:
        kind, detail, arch = foreign.name_foreign(view, start)
        no_elf = foreign.why_no_elf(view) if kind is FileFormat.DATA else foreign.NO_ELF
        binary = Binary(name, source.size, kind, scope, detail, arch, no_elf)
        if kind not in (FileFormat.PE, FileFormat.MACHO):
            return binary
        if scope is not Scope.FULL:
            return replace(binary, foreign_go=_UNREAD)
        if slices := foreign_go.read_slices(view, start[:4]):
            return replace(binary, slices=slices)
        return replace(binary, foreign_go=foreign_go.go_build(view, kind))
    try:
        head = read_head(view)
    except OutOfReachError as error:
        lost = unknown(error)
        return Binary(name, source.size, FileFormat.ELF, scope, "ELF", lost, lost)
    elf = _Collector(view, head, scope).collect()
    return Binary(name, source.size, FileFormat.ELF, scope, _detail(elf), elf.header.arch, elf)


def with_tables(binary: Binary, source: ByteSource, cancel: Cancellation) -> Binary:
    """The facts, with what a few bytes tell: section headers, notes, Go's build info.

    Never another than all of it gives; what is known already stays.

    Raises:
        SourceError: the source failed. CancelledError: ``cancel`` was raised.
    """
    elf, view = binary.elf, View(source, cancel)
    try:
        if isinstance(elf, MISSING):
            return _with_foreign_build(binary, view)
        head = read_head(view)
        elf = _with_build(elf, view, head)
    except (OutOfReachError, DamagedError):
        return binary
    collector = _Collector(view, head, Scope.HEAD)
    tables = collector.tables()
    is_go = tables.notes.go is True or isinstance(elf.go, GoBuild)
    more = [problem for problem in collector.problems if problem not in elf.problems]
    elf = replace(
        elf,
        sections=_better(elf.sections, tables.sections),
        notes=_better(elf.notes, tables.notes.all),
        build_id=_better(elf.build_id, tables.notes.build_id),
        stripped=_better(elf.stripped, tables.stripped),
        isa=_better(elf.isa, tables.notes.isa),
        features=_better(elf.features, tables.notes.features),
        is_go=_better(elf.is_go, True) if is_go else elf.is_go,
        problems=(*elf.problems, *more),
    )
    return replace(binary, elf=elf)


def _better(known: Fact[T], other: Fact[T]) -> Fact[T]:
    return other if isinstance(known, Unknown) else known


def _with_build(elf: Elf, view: View, head: Head) -> Elf:
    if not isinstance(elf.go, Unknown) or not isinstance(elf.packed, NotApplicable):
        return elf
    build = _go_build_of(view, head)
    return replace(elf, go=build) if build else elf


def _go_build_of(view: View, head: Head) -> GoBuild | None:
    """Go's build info, where Go's linker or the section's name puts it."""
    segments = head.raw
    if isinstance(segments, MISSING) or head.type not in (shape.ET_EXEC, shape.ET_DYN):
        return None
    memory = Memory.of(segments)
    build = gobuild.at_beginning(view, memory)
    if build is not None:
        return build
    try:
        place = sections.open_sections(view, head)
        if isinstance(place, MISSING):
            return None
        section = sections.named(place, place.rows(), gobuild.SECTION)
    except DamagedError:
        return None
    return gobuild.at_section(view, memory, section)


def _with_foreign_build(binary: Binary, view: View) -> Binary:
    if binary.format not in (FileFormat.PE, FileFormat.MACHO):
        return binary
    start = view.upto(0, 4)
    slices = foreign_go.read_slices(view, start, whole=False)
    if slices:
        is_known = all(isinstance(part.go, GoBuild) for part in slices)
        return replace(binary, slices=slices) if is_known else binary
    build = foreign_go.go_build(view, binary.format, whole=False)
    return replace(binary, foreign_go=build) if isinstance(build, GoBuild) else binary


def _detail(elf: Elf) -> str:
    header = elf.header
    words = f"ELF {header.bits}-bit {header.arch}" + (
        "" if header.little_endian else ", big-endian"
    )
    if isinstance(elf.linkage, MISSING):
        return words
    return f"{words}, {_LINKAGE_WORDS.get(elf.linkage, elf.linkage)}"


@dataclass(frozen=True, slots=True)
class _NoteFacts:
    all: Fact[tuple[Note, ...]]
    build_id: Fact[str]
    isa: Fact[str]
    features: Fact[frozenset[str]]
    go: bool | Unknown
    """A Go build id was seen."""


@dataclass(frozen=True, slots=True)
class _Tables:
    notes: _NoteFacts
    symtab: Fact[int]
    """Entries of the symbol table; 0 if it was stripped."""
    sections: Fact[tuple[Section, ...]]
    build_section: int | None
    """The offset of the section that is named for Go's build info."""

    @property
    def stripped(self) -> Fact[bool]:
        return self.symtab if isinstance(self.symtab, MISSING) else self.symtab == 0


_NO_TABLES = _Tables(_NoteFacts(*[_UNREAD] * 5), _UNREAD, _UNREAD, None)


@dataclass(frozen=True, slots=True)
class _GoFacts:
    build: Fact[GoBuild]
    is_go: Fact[bool]
    tzdata: Fact[bool]


class _Collector:
    """Collects the facts of one ELF file."""

    def __init__(self, view: View, head: Head, scope: Scope) -> None:
        self.view = view
        self.head = head
        self.scope = scope
        self.problems: list[str] = [*head.defects, *head.problems]
        self.packed = look_inside(view, head)

    def attempt(self, make: Callable[[], T], what: str) -> T | Unknown:
        """A fact, or why it is not known."""
        try:
            return make()
        except OutOfReachError as error:
            return unknown(error)
        except DamagedError as error:
            self.problem(str(error))
            return Unknown(f"{what} cannot be read: {error}")

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    def collect(self) -> Elf:
        head = self.head
        table = self._table()
        described, linked = self._loader_facts(table)
        linkage, broken = decide(head, self.packed, table, linked, self.view.size)
        if broken:
            self.problem(broken)
        full = self.scope is Scope.FULL
        tables = self.tables() if full else _NO_TABLES
        go = (
            self._go(tables.notes.go, tables.build_section)
            if full
            else _GoFacts(_UNREAD, _UNREAD, _UNREAD)
        )
        return Elf(
            header=head.header,
            linkage=linkage,
            payload=self._payload(),
            packed=self.packed,
            interpreter=head.interpreter,
            os_note=head.brand,
            segments=head.segments,
            dynamic=described,
            linking=linked,
            sections=tables.sections,
            notes=tables.notes.all,
            build_id=tables.notes.build_id,
            go=go.build,
            is_go=go.is_go,
            stripped=tables.stripped,
            tzdata=go.tzdata,
            isa=tables.notes.isa,
            features=tables.notes.features,
            symbol_count=self._symbol_count(tables.symtab, table) if full else _UNREAD,
            problems=tuple(self.problems),
        )

    def tables(self) -> _Tables:
        """What the section headers and the notes tell."""
        place = self._section_table()
        rows = self._section_rows(place)
        return _Tables(
            notes=self._notes(rows),
            symtab=self._symtab(place, rows),
            sections=self._named_sections(place, rows),
            build_section=self._build_section(place, rows),
        )

    def _payload(self) -> Fact[Payload]:
        if isinstance(self.packed, Unknown):
            return self.packed
        if isinstance(self.packed, PackedProgram):
            return NotApplicable("it is packed: what stands behind its headers is its own")
        return find_payload(self.view, self.head)

    def _table(self) -> Fact[DynamicTable]:
        segment, segments = self.head.first(shape.PT_DYNAMIC), self.head.raw
        if isinstance(segment, Unknown) or isinstance(segments, Unknown):
            return (
                segment
                if isinstance(segment, Unknown)
                else Unknown("the program headers cannot be reached")
            )
        if isinstance(segment, NotApplicable) or isinstance(segments, NotApplicable):
            return NotApplicable("no dynamic section (PT_DYNAMIC): no loader has anything to do")
        if self.scope is Scope.HEAD:
            return Unknown(NEEDS_FILE, segment.offset + segment.filesz)
        table = self.attempt(
            lambda: dynamic.read_table(self.view, self.head, segment, segments),
            "the dynamic section",
        )
        if isinstance(table, DynamicTable):
            for sentence in table.problems:
                self.problem(sentence)
        return table

    def _loader_facts(self, table: Fact[DynamicTable]) -> tuple[Fact[Dynamic], Fact[Linking]]:
        if isinstance(table, MISSING):
            return table, table
        return (
            self.attempt(lambda: dynamic.describe(self.view, table), "the dynamic section"),
            self.attempt(lambda: linking.link(self.view, self.head, table), "what it links to"),
        )

    def _section_table(self) -> Fact[SectionTable]:
        if not self.head.usable:
            return DAMAGED_HEADER
        try:
            place = sections.open_sections(self.view, self.head)
        except OutOfReachError as error:
            return unknown(error)
        except DamagedError as error:
            self.problem(str(error))
            return Unknown(f"the section headers cannot be read: {error}")
        if isinstance(place, SectionTable) and place.cut:
            self.problem("the section header table claims more entries than can be shown")
        return place

    def _section_rows(self, place: Fact[SectionTable]) -> Fact[list[RawSection]]:
        return (
            place if isinstance(place, MISSING) else self.attempt(place.rows, "the section headers")
        )

    def _named_sections(
        self, place: Fact[SectionTable], rows: Fact[list[RawSection]]
    ) -> Fact[tuple[Section, ...]]:
        if isinstance(place, MISSING):
            return place
        if isinstance(rows, MISSING):
            return rows
        return self.attempt(lambda: sections.describe(place, rows), "the section names")

    def _notes(self, rows: Fact[list[RawSection]]) -> _NoteFacts:
        segments = self.head.raw
        if isinstance(segments, Unknown):
            return _NoteFacts(segments, segments, segments, segments, segments)
        spans = [
            Span(s.offset, s.filesz, 8 if s.align == 8 else 4)
            for s in (() if isinstance(segments, NotApplicable) else segments)
            if s.type == shape.PT_NOTE
        ]
        # Damaged section headers (needs is None) never show more notes: PT_NOTE has them all.
        missing: Unknown | None = (
            rows if isinstance(rows, Unknown) and rows.needs is not None else None
        )
        if isinstance(rows, list):
            spans += [
                Span(row.offset, row.size, 8 if row.align == 8 else 4)
                for row in rows
                if row.type == shape.SHT_NOTE
                and not any(
                    s.offset <= row.offset and row.offset + row.size <= s.offset + s.size
                    for s in spans
                )
            ]
        notes: list[RawNote] = []
        defects: list[str] = []
        try:
            for note in note_reader.read_notes(self.view, self.head.layout, spans, defects):
                notes.append(note)  # noqa: PERF402 - those before an error count
        except OutOfReachError as error:
            missing = unknown(error)
        for sentence in defects:
            self.problem(sentence)
        return self._from_notes(notes, missing)

    def _from_notes(self, notes: list[RawNote], missing: Unknown | None) -> _NoteFacts:
        layout = self.head.layout
        named = tuple(note_reader.describe(note, layout) for note in notes)
        ids = (
            n.text
            for n in named
            if (n.owner, n.type) == (note_reader.GNU, note_reader.GNU_BUILD_ID)
        )
        levels = (
            level for note in notes if (level := note_reader.isa_level(note, layout)) is not None
        )
        features = [
            known for note in notes if (known := note_reader.cpu_features(note, layout)) is not None
        ]
        x86 = self.head.header.machine in (machines.EM_386, machines.EM_X86_64)
        return _NoteFacts(
            all=missing or named,
            build_id=next(ids, None) or missing or NotApplicable("no GNU build id"),
            isa=(next(levels, None) or missing or NotApplicable("no note names an x86 level"))
            if x86
            else NotApplicable("not x86"),
            features=missing or frozenset[str]().union(*features),
            go=any((n.owner, n.type) == (note_reader.GO, note_reader.GO_BUILD_ID) for n in notes)
            or missing
            or False,
        )

    def _build_section(self, place: Fact[SectionTable], rows: Fact[list[RawSection]]) -> int | None:
        """The offset of the section that is named for Go's build info."""
        if isinstance(place, MISSING) or isinstance(rows, MISSING):
            return None
        try:
            return sections.named(place, rows, gobuild.SECTION)
        except OutOfReachError:
            return None

    def _go(self, note: bool | Unknown, section: int | None) -> _GoFacts:
        segments, packed = self.head.raw, self.packed
        if isinstance(segments, Unknown) or isinstance(packed, Unknown):
            lost = (
                segments
                if isinstance(segments, Unknown)
                else Unknown("whether it is packed is not known yet")
            )
            return _GoFacts(lost, lost, lost)
        if isinstance(packed, PackedProgram):
            hidden = Unknown(f"packed with {packed.packer}: what is inside cannot be seen")
            return _GoFacts(hidden, hidden, hidden)
        if isinstance(segments, NotApplicable) or self.head.type not in (
            shape.ET_EXEC,
            shape.ET_DYN,
        ):
            none = NotApplicable("not a program: only programs and libraries have build info")
            return _GoFacts(none, note, none)
        marks = gobuild.Marks(None, False, False)
        missing = note if isinstance(note, Unknown) else None
        searched: Unknown | None = None
        try:
            for so_far in gobuild.search(self.view, Memory.of(segments), section):
                marks = so_far
        except OutOfReachError as error:
            missing = searched = unknown(error)
        is_go = note is True or marks.runtime or marks.build is not None
        return _GoFacts(
            build=marks.build
            or missing
            or NotApplicable("no Go build info: it was stripped" if is_go else "not a Go program"),
            is_go=is_go or missing or False,
            tzdata=(marks.tzdata or searched or (False if marks.runtime else _OBFUSCATED))
            if is_go
            else missing or NotApplicable("not a Go program"),
        )

    def _symtab(self, place: Fact[SectionTable], rows: Fact[list[RawSection]]) -> Fact[int]:
        """Entries of .symtab; 0 if it was stripped."""
        if isinstance(rows, NotApplicable):
            return 0 if self.head.usable else rows
        if isinstance(rows, Unknown):
            return rows
        table = next((row for row in rows if row.type == shape.SHT_SYMTAB), None)
        if table is not None:
            size = self.head.layout.symbol.size
            return self.attempt(
                lambda: self.view.held(table.offset, table.size) // size, "the symbol table"
            )
        if isinstance(place, SectionTable) and place.cut:
            return Unknown("the section header table is cut")
        return 0

    def _symbol_count(self, symtab: Fact[int], table: Fact[DynamicTable]) -> Fact[int]:
        if isinstance(symtab, MISSING) or symtab:
            return symtab
        if isinstance(table, MISSING):
            return 0 if isinstance(table, NotApplicable) else table
        return self.attempt(
            lambda: linking.dynamic_symbols(self.view, self.head, table), "the dynamic symbol table"
        )
