"""What each tab of an opened binary shows: a table made from facts, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from explorer.facts import Fact, NotApplicable, Unknown
from explorer.report import (
    DEPENDENCY_COLUMNS,
    DYNAMIC_COLUMNS,
    EMPTY,
    GO_COLUMNS,
    MEMBER_COLUMNS,
    NOTE_COLUMNS,
    SECTION_COLUMNS,
    SEGMENT_COLUMNS,
    Cell,
    Column,
    Row,
    asset_facts,
    binary_facts,
    dependency_facts,
    dependency_rows,
    dynamic_row,
    go_rows,
    listing_problem,
    member_row,
    note_row,
    section_row,
    segment_row,
    tab_note,
)
from explorer.workbench import Elf, Inspection

FACT_COLUMNS = (Column("what", "fact"), Column("value", "value", grows=True))


@dataclass(frozen=True, slots=True)
class TabContent:
    """A tab's table and a line above it."""

    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    note: Cell = EMPTY
    """Why there is no table, or what stopped its reading."""
    summary: tuple[Row, ...] = field(default=())
    """(what, value) rows above the table."""


@dataclass(frozen=True, slots=True)
class TabSpec:
    """One tab."""

    id: str
    label: str
    build: Callable[[Inspection], TabContent] | None
    """None: the tab has a widget of its own."""
    help: str
    fits: bool = True
    drops: tuple[str, ...] = ()


def _elf(inspection: Inspection) -> Fact[Elf]:
    return inspection.binary.elf


def dependencies(inspection: Inspection) -> TabContent:
    """The tree of libraries, and what is missing."""
    if not inspection.verdicts:
        return TabContent(note=Cell("no verdict was asked for", "dim"))
    verdict = inspection.verdicts[0]
    return TabContent(
        DEPENDENCY_COLUMNS,
        dependency_rows(verdict),
        tab_note(verdict.dependencies),
        dependency_facts(verdict),
    )


def facts(inspection: Inspection) -> TabContent:
    """The binary's headline facts, and the asset's."""
    asset = inspection.subject.asset
    rest = asset_facts(asset) if asset is not None else ()
    return TabContent(
        FACT_COLUMNS,
        (*binary_facts(inspection), *(Row(f"asset {row.key}", row.cells) for row in rest)),
    )


def segments(inspection: Inspection) -> TabContent:
    """Program headers."""
    elf = _elf(inspection)
    if isinstance(elf, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf))
    if isinstance(elf.segments, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf.segments))
    return TabContent(
        SEGMENT_COLUMNS,
        tuple(segment_row(segment, index) for index, segment in enumerate(elf.segments)),
    )


def sections(inspection: Inspection) -> TabContent:
    """Section headers."""
    elf = _elf(inspection)
    if isinstance(elf, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf))
    if isinstance(elf.sections, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf.sections))
    return TabContent(SECTION_COLUMNS, tuple(section_row(section) for section in elf.sections))


def dynamic(inspection: Inspection) -> TabContent:
    """The dynamic section."""
    elf = _elf(inspection)
    if isinstance(elf, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf))
    if isinstance(elf.dynamic, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf.dynamic))
    return TabContent(
        DYNAMIC_COLUMNS,
        tuple(dynamic_row(entry, index) for index, entry in enumerate(elf.dynamic.entries)),
    )


def notes(inspection: Inspection) -> TabContent:
    """ELF notes."""
    elf = _elf(inspection)
    if isinstance(elf, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf))
    if isinstance(elf.notes, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf.notes))
    return TabContent(
        NOTE_COLUMNS, tuple(note_row(note, index) for index, note in enumerate(elf.notes))
    )


def go_build(inspection: Inspection) -> TabContent:
    """Go's build info."""
    elf = _elf(inspection)
    if isinstance(elf, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(elf))
    return (
        TabContent(note=tab_note(elf.go))
        if isinstance(elf.go, (Unknown, NotApplicable))
        else TabContent(GO_COLUMNS, go_rows(elf.go))
    )


def members(inspection: Inspection) -> TabContent:
    """The archive's members, refused ones included."""
    listing = inspection.listing
    if isinstance(listing, (Unknown, NotApplicable)):
        return TabContent(note=tab_note(listing))
    rows = tuple(member_row(member, index) for index, member in enumerate(listing.members))
    return TabContent(MEMBER_COLUMNS, rows, listing_problem(listing))


TABS: tuple[TabSpec, ...] = (
    TabSpec(
        "verdict",
        "Verdict",
        None,
        "Every rule that applies, worst first: its code, its sentence, where in the file it is seen, what to do.",
    ),
    TabSpec(
        "proof",
        "Proof",
        None,
        "What was run in a container, by which command lines, what came out, and whether it agrees with the verdict.",
    ),
    TabSpec(
        "dependencies",
        "Libraries",
        dependencies,
        "The tree of libraries, where each would be found in the target, and what is missing.",
        drops=("searched",),
    ),
    TabSpec(
        "targets",
        "Targets",
        None,
        "The same binary on every target. Enter takes the one under the cursor as the target.",
    ),
    TabSpec(
        "facts", "File", facts, "What the file is, fact by fact; a fact that is missing says why."
    ),
    TabSpec(
        "members",
        "Members",
        members,
        "The files in the archive. Enter opens the one under the cursor; refused ones name the rule.",
        drops=("mode",),
    ),
    TabSpec("segments", "Segments", segments, "Program headers: what the loader maps.", fits=False),
    TabSpec(
        "sections",
        "Sections",
        sections,
        "Section headers; a stripped file still has most of them.",
        fits=False,
    ),
    TabSpec(
        "dynamic", "Dynamic", dynamic, "The dynamic section, read through PT_DYNAMIC.", fits=False
    ),
    TabSpec(
        "symbols",
        "Symbols",
        None,
        "The symbol table, or the dynamic one where that is stripped. / searches all of it.",
        fits=False,
    ),
    TabSpec("notes", "Notes", notes, "ELF notes: build ids, ABI tags, properties."),
    TabSpec(
        "go",
        "Go build",
        go_build,
        "Go's build info: toolchain, modules with their replacements, settings.",
        drops=("sum",),
    ),
    TabSpec(
        "release", "Release", None, "The release's notes. A link is opened only when you choose it."
    ),
)
