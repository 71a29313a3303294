"""What each tab of an open binary shows: a table of facts, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from explorer.facts import MISSING, Fact
from explorer.report import EMPTY, Cell, Column, Row
from explorer.report.binaries import (
    DYNAMIC_COLUMNS,
    GO_COLUMNS,
    MEMBER_COLUMNS,
    NOTE_COLUMNS,
    SECTION_COLUMNS,
    SEGMENT_COLUMNS,
    binary_facts,
    dynamic_row,
    go_rows,
    listing_problem,
    member_row,
    note_row,
    section_row,
    segment_row,
    tab_note,
)
from explorer.report.tables import asset_facts
from explorer.report.verdicts import DEPENDENCY_COLUMNS, dependency_facts, dependency_rows
from explorer.workbench import Elf, Inspection

T = TypeVar("T")
FACT_COLUMNS = (Column("what", "fact"), Column("value", "value", grows=True))


@dataclass(frozen=True, slots=True)
class TabContent:
    """A tab's table and a line above it."""

    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    note: Cell = EMPTY
    """Why there is no table, or why it is incomplete."""
    summary: tuple[Row, ...] = field(default=())
    """Rows of a name and a value above the table."""


@dataclass(frozen=True, slots=True)
class TabSpec:
    """One tab."""

    id: str
    label: str
    build: Callable[[Inspection], TabContent] | None
    """None for a tab that the screen fills itself."""
    help: str
    fits: bool = True
    """Whether the columns share the width; else the table scrolls sideways."""
    drops: tuple[str, ...] = ()
    """Keys of the columns that are left out first."""


def dependencies(inspection: Inspection) -> TabContent:
    """The tree of libraries."""
    if not inspection.verdicts:
        return TabContent(note=Cell("no verdict was requested", "dim"))
    verdict = inspection.verdicts[0]
    return TabContent(
        DEPENDENCY_COLUMNS,
        dependency_rows(verdict),
        tab_note(verdict.dependencies),
        dependency_facts(verdict),
    )


def file_facts(inspection: Inspection) -> TabContent:
    """The binary's facts, and the asset's."""
    asset = inspection.subject.asset
    asset_rows = asset_facts(asset) if asset is not None else ()
    return TabContent(
        FACT_COLUMNS,
        (*binary_facts(inspection), *(Row(f"asset {row.key}", row.cells) for row in asset_rows)),
    )


def members(inspection: Inspection) -> TabContent:
    """The archive's members, refused ones included."""
    listing = inspection.listing
    if isinstance(listing, MISSING):
        return TabContent(note=tab_note(listing))
    rows = tuple(member_row(member, index) for index, member in enumerate(listing.members))
    return TabContent(MEMBER_COLUMNS, rows, listing_problem(listing))


def elf_tab(
    part: Callable[[Elf], Fact[T]], columns: tuple[Column, ...], rows: Callable[[T], Iterable[Row]]
) -> Callable[[Inspection], TabContent]:
    """A tab with ``rows`` of one part of an ELF file, or a note that says why there is none."""

    def build(inspection: Inspection) -> TabContent:
        elf = inspection.binary.elf
        if isinstance(elf, MISSING):
            return TabContent(note=tab_note(elf))
        facts = part(elf)
        if isinstance(facts, MISSING):
            return TabContent(note=tab_note(facts))
        return TabContent(columns, tuple(rows(facts)))

    return build


def _numbered(row: Callable[[T, int], Row]) -> Callable[[Sequence[T]], Iterable[Row]]:
    return lambda parts: (row(part, index) for index, part in enumerate(parts))


segments = elf_tab(lambda elf: elf.segments, SEGMENT_COLUMNS, _numbered(segment_row))
sections = elf_tab(lambda elf: elf.sections, SECTION_COLUMNS, lambda parts: map(section_row, parts))
notes = elf_tab(lambda elf: elf.notes, NOTE_COLUMNS, _numbered(note_row))
go_build = elf_tab(lambda elf: elf.go, GO_COLUMNS, go_rows)
dynamic = elf_tab(
    lambda elf: elf.dynamic,
    DYNAMIC_COLUMNS,
    lambda section: (dynamic_row(entry, n) for n, entry in enumerate(section.entries)),
)

TABS: tuple[TabSpec, ...] = (
    TabSpec(
        "verdict",
        "Verdict",
        None,
        "Every rule that applies, worst first: its code, its sentence, where in the file it was "
        "found, what to do.",
    ),
    TabSpec(
        "proof",
        "Proof",
        None,
        "What was run in a container, with which commands, what came out, and whether it agrees "
        "with the verdict.",
    ),
    TabSpec(
        "dependencies",
        "Libraries",
        dependencies,
        "The tree of libraries, where each is found on the target, and what is missing.",
        drops=("searched",),
    ),
    TabSpec(
        "targets",
        "Targets",
        None,
        "The verdicts for every target. Enter selects the one under the cursor as the target.",
    ),
    TabSpec("facts", "File", file_facts, "What the file is. A missing fact says why."),
    TabSpec(
        "members",
        "Members",
        members,
        "The files in the archive. Enter opens the one under the cursor. Refused ones name the "
        "rule.",
        drops=("mode",),
    ),
    TabSpec("segments", "Segments", segments, "Program headers: what the loader maps.", fits=False),
    TabSpec(
        "sections",
        "Sections",
        sections,
        "Section headers. A stripped file still has most of them.",
        fits=False,
    ),
    TabSpec(
        "dynamic", "Dynamic", dynamic, "The dynamic section, located by PT_DYNAMIC.", fits=False
    ),
    TabSpec(
        "symbols",
        "Symbols",
        None,
        "The symbol table, or in a stripped file the dynamic one. / searches all of it.",
        fits=False,
    ),
    TabSpec("notes", "Notes", notes, "ELF notes: build IDs, ABI tags, properties."),
    TabSpec(
        "go",
        "Go build",
        go_build,
        "Go's build info: toolchain, modules with their replacements, settings.",
        drops=("sum",),
    ),
    TabSpec(
        "release", "Release", None, "The release's notes. A link opens only when you choose it."
    ),
)
