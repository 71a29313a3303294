"""What each tab of an open binary shows: a table of facts, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.report import EMPTY, Cell, Column, Row
from explorer.report.binaries import (
    DYNAMIC_COLUMNS,
    GO_COLUMNS,
    HARDENING_COLUMNS,
    MEMBER_COLUMNS,
    NOTE_COLUMNS,
    SECTION_COLUMNS,
    SEGMENT_COLUMNS,
    binary_facts,
    dynamic_row,
    go_rows,
    hardening_rows,
    listing_problem,
    member_row,
    note_row,
    section_row,
    segment_row,
    slice_rows,
    tab_note,
)
from explorer.report.tables import asset_facts
from explorer.report.verdicts import (
    DEPENDENCY_COLUMNS,
    about_in_words,
    dependency_facts,
    dependency_rows,
    loader_facts,
)
from explorer.workbench import Answer, Elf, GoBuild, Inspection

T = TypeVar("T")
PROGRAM_LABELS = {"file": "program", "size": "program size", "sha256": "program sha256"}
"""What the facts of a member are called, beside those of the asset."""
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
    needs_file: bool = False
    """Whether the whole file would tell more: only its first bytes were read."""
    needs_database: bool = False
    """Whether there is no vulnerability database."""


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
    floor: int = 10
    """Cells that a growing column keeps as long as another one can be left out."""


def is_peek(inspection: Inspection) -> bool:
    """Whether only the first bytes of the file were read."""
    return inspection.path is None and inspection.asset_path is None


def tells_modules(inspection: Inspection) -> bool:
    """Whether all modules are known that a Go program was built from."""
    return isinstance(inspection.binary.go, GoBuild) and not inspection.recorded


def leaves_open(inspection: Inspection) -> bool:
    """Whether a verdict is unknown because the whole file was not read."""
    unknown = (v for v in inspection.verdicts if v.answer is Answer.UNKNOWN)
    reasons = (reason for verdict in unknown for reason in verdict.reasons)
    return any(reason.needs_file for reason in reasons)


def not_judged(inspection: Inspection) -> TabContent:
    """Why there are no verdicts: it is a file about files, such as a checksum file."""
    what = about_in_words(inspection)
    words = f"n/a: {what}, not a program" if what else "no verdict was requested"
    return TabContent(note=Cell(words, "dim"))


def missing_table(inspection: Inspection, fact: Unknown | NotApplicable) -> TabContent:
    """Why a tab has no table."""
    if isinstance(fact, Unknown) and is_peek(inspection):
        return TabContent(needs_file=True)
    return TabContent(note=tab_note(fact))


def dependencies(inspection: Inspection) -> TabContent:
    """The tree of libraries."""
    if not inspection.verdicts:
        return not_judged(inspection)
    verdict = inspection.verdicts[0]
    if isinstance(verdict.dependencies, Unknown) and is_peek(inspection):
        elf = inspection.binary.elf
        known = loader_facts(verdict, elf.interpreter) if isinstance(elf, Elf) else ()
        return TabContent(summary=known, needs_file=True)
    return TabContent(
        DEPENDENCY_COLUMNS,
        dependency_rows(verdict),
        tab_note(verdict.dependencies),
        dependency_facts(verdict),
    )


def file_facts(inspection: Inspection) -> TabContent:
    """The binary's facts, and the asset's."""
    rows = binary_facts(inspection)
    if inspection.asset_path != inspection.path or is_peek(inspection):
        rows = tuple(_relabelled(row, PROGRAM_LABELS.get(row.key, row.key)) for row in rows)
    asset = inspection.subject.asset
    if asset is not None:
        asset_rows = (_relabelled(row, f"asset {row.key}") for row in asset_facts(asset))
        rows = (*rows, *asset_rows)
    return TabContent(FACT_COLUMNS, rows, needs_file=is_peek(inspection))


def _relabelled(row: Row, label: str) -> Row:
    return Row(label, (Cell(label, row.cells[0].style), *row.cells[1:]))


def protections(inspection: Inspection) -> TabContent:
    """The protections that the program was built with."""
    rows = hardening_rows(inspection.binary)
    if isinstance(rows, MISSING):
        return missing_table(inspection, rows)
    # What it says of Go is two sentences, which no column has the width for.
    long = [row for row in rows if row.key == "pie" and ". " in row.cells[-1].text]
    summary = tuple(Row(row.key, (Cell("PIE", "dim"), row.cells[-1])) for row in long)
    is_open = any(row.cells[1].style == "unknown" for row in rows)
    needs_file = is_peek(inspection) and is_open
    return TabContent(HARDENING_COLUMNS, rows, summary=summary, needs_file=needs_file)


def members(inspection: Inspection) -> TabContent:
    """The archive's members, refused ones included."""
    listing = inspection.listing
    if isinstance(listing, MISSING):
        return missing_table(inspection, listing)
    rows = tuple(member_row(member, index) for index, member in enumerate(listing.members))
    return TabContent(MEMBER_COLUMNS, rows, listing_problem(listing))


def elf_tab(
    part: Callable[[Elf], Fact[T]], columns: tuple[Column, ...], rows: Callable[[T], Iterable[Row]]
) -> Callable[[Inspection], TabContent]:
    """A tab with ``rows`` of one part of an ELF file, or a note that says why there is none."""

    def build(inspection: Inspection) -> TabContent:
        elf = inspection.binary.elf
        if isinstance(elf, MISSING):
            return missing_table(inspection, elf)
        facts = part(elf)
        if isinstance(facts, MISSING):
            return missing_table(inspection, facts)
        return TabContent(columns, tuple(rows(facts)))

    return build


def _numbered(row: Callable[[T, int], Row]) -> Callable[[Sequence[T]], Iterable[Row]]:
    return lambda parts: (row(part, index) for index, part in enumerate(parts))


segments = elf_tab(lambda elf: elf.segments, SEGMENT_COLUMNS, _numbered(segment_row))
sections = elf_tab(lambda elf: elf.sections, SECTION_COLUMNS, lambda parts: map(section_row, parts))
notes = elf_tab(lambda elf: elf.notes, NOTE_COLUMNS, _numbered(note_row))
dynamic = elf_tab(
    lambda elf: elf.dynamic,
    DYNAMIC_COLUMNS,
    lambda section: (dynamic_row(entry, n) for n, entry in enumerate(section.entries)),
)


def go_build(inspection: Inspection) -> TabContent:
    """Go's build info. What is kept of a peek leaves out the modules."""
    go = inspection.binary.go
    if isinstance(go, MISSING):
        return missing_table(inspection, go)
    return TabContent(
        GO_COLUMNS, (*slice_rows(inspection.binary), *go_rows(go)), needs_file=inspection.recorded
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
        "Where",
        None,
        "The verdicts for every target, best first, and above them the least that it needs. Enter "
        "judges the file for the system under the cursor, and shows why.",
        drops=("target",),
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
    TabSpec(
        "hardening",
        "Hardening",
        protections,
        "The protections that the program was built with: yes, partly, no, or why the question "
        "does not apply.",
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
    TabSpec(
        "strings",
        "Strings",
        None,
        "The printable strings with their offsets, as the tool strings finds them. / searches all "
        "of them; Enter shows the bytes of the one under the cursor.",
    ),
    TabSpec("hex", "Hex", None, "The bytes of the program, 16 to a line."),
    TabSpec("notes", "Notes", notes, "ELF notes: build IDs, ABI tags, properties."),
    TabSpec(
        "go",
        "Go",
        go_build,
        "Go's build info: toolchain, modules with their replacements, settings.",
        drops=("sum",),
        floor=40,
    ),
    TabSpec(
        "packages",
        "Packages",
        None,
        "The packages of a Go program by size, stripped or not. Enter lists the functions of the "
        "one under the cursor, escape goes back to all packages.",
        drops=("functions", "share"),
    ),
    TabSpec(
        "vulns",
        "Vulns",
        None,
        "Known vulnerabilities of a Go program, from its table of functions: affected, module "
        "level, linked but not called, or not in the program. o opens the advisory's page.",
        drops=("alias", "module"),
        floor=30,
    ),
    TabSpec(
        "trust",
        "Trust",
        None,
        "Who vouches for the file: digest, checksum files, signatures, attestations. Enter shows "
        "the whole reason. Before a download what the digest is enough for is checked.",
    ),
    TabSpec(
        "release", "Release", None, "The release's notes. A link opens only when you choose it."
    ),
)
