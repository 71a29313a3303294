"""What changed between two releases, and in the files that both have. A door of ``report``.

A change that several files have in common stands there once, with the files that it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from explorer.compat import Answer, place
from explorer.facts import MISSING, Fact, Unknown
from explorer.releases import Asset
from explorer.report.answers import fact_cell, missing_text, verdict_cell
from explorer.report.cells import EMPTY, Cell, Column, Row
from explorer.report.comparing import (
    LIBRARY_COLUMNS,
    LINKER,
    MODULE_COLUMNS,
    NAME,
    VULNERABILITY_COLUMNS,
    ComparedPart,
    fact_row,
    library_rows,
    module_row,
    pair_columns,
    unread,
    verdict_rows,
    vulnerability_rows,
)
from explorer.report.tables.file_cells import short_names
from explorer.report.text import one_line
from explorer.report.units import human_size, plural
from explorer.report.verdicts import deciding_in_words
from explorer.workbench import (
    AssetPair,
    FactChange,
    FileComparison,
    FileState,
    Inspection,
    ReleaseComparison,
    SizeChange,
)

__all__ = ["release_headline", "release_parts", "unread_files"]

PAIR_COLUMNS = (
    Column("file", "file", grows=True),
    Column("size", "size", "right"),
    Column("change", "change", "right"),
    Column("before", "before"),
    Column("after", "after"),
    Column("why", "because", grows=True),
)
FILE_COLUMNS = (Column("change", "change"), NAME, Column("size", "size", "right"))
SIZE_COLUMNS = (
    Column("change", "change", "right"),
    Column("sections", "sections", grows=True),
    Column("packages", "Go packages", grows=True),
)
IN = Column("files", "in", grows=True)
_Rows = Fact[tuple[Row, ...]]
_LARGEST = 3
"""Sections and packages of a program that are named: those that changed most."""
_SYSTEMS = 3
"""Names of systems on a row; the comparison of two files has them all."""


def release_headline(comparison: ReleaseComparison) -> Cell:
    """``v1 → v2: 12 files match, 2 were added, 1 is gone; 1 runs elsewhere than before.``"""
    changed = sum(_has_changed(pair) for pair in comparison.pairs)
    text = (
        f"{one_line(comparison.before.tag)} → {one_line(comparison.after.tag)}: "
        f"{plural(len(comparison.pairs), 'file')} in both, {len(comparison.added)} added, "
        f"{len(comparison.gone)} gone; {plural(changed, 'answer')} changed."
    )
    return Cell(text, "warn" if changed else "")


def unread_files(comparison: ReleaseComparison) -> tuple[Asset, ...]:
    """The files in both that were not read whole, and tell more once they are downloaded."""
    assets: list[Asset] = []
    for pair in comparison.pairs:
        if isinstance(pair.changes, Unknown):
            assets += [pair.before, pair.after]
        elif not isinstance(pair.changes, MISSING):
            assets += unread(pair.changes)
    return tuple(assets)


def release_parts(comparison: ReleaseComparison) -> tuple[ComparedPart, ...]:
    """Files that were added or are gone, those that are in both, and what changed in these."""
    files = (
        *(_file_row("added", asset.name, asset.size) for asset in comparison.added),
        *(_file_row("gone", asset.name, asset.size) for asset in comparison.gone),
    )
    changes = _Changes(comparison.pairs)
    return (
        _part("files", "Files added and gone", FILE_COLUMNS, files),
        _part("pairs", "Files in both", PAIR_COLUMNS, _pair_rows(comparison.pairs)),
        changes.of_facts("facts", "The programs", "fact", lambda c: _other_facts(c.facts)),
        changes.part("sizes", "Sizes", SIZE_COLUMNS, _size_rows),
        changes.part("libraries", "Libraries", LIBRARY_COLUMNS, library_rows),
        changes.of_facts("hardening", "Hardening", "protection", lambda c: c.hardening),
        changes.part("verdicts", "Where they run", pair_columns("systems"), _verdict_rows),
        changes.part(
            "vulnerabilities", "Vulnerabilities", VULNERABILITY_COLUMNS, vulnerability_rows
        ),
        changes.part("modules", "Go modules", MODULE_COLUMNS, _module_rows),
        changes.of_facts("settings", "Go settings", "setting", lambda c: c.settings),
    )


def _part(key: str, title: str, columns: tuple[Column, ...], rows: Iterable[Row]) -> ComparedPart:
    listed = tuple(rows)
    return ComparedPart(key, title, columns, listed, EMPTY if listed else Cell("no change", "dim"))


def _other_facts(facts: Iterable[FactChange]) -> tuple[FactChange, ...]:
    """All but the size, which the table of the files has."""
    return tuple(change for change in facts if change.key != "size")


def _verdict_rows(comparison: FileComparison) -> tuple[Row, ...]:
    """One row for all systems on which the same has changed."""
    systems: dict[tuple[str, str], list[tuple[Row, str]]] = {}
    for row, change in zip(verdict_rows(comparison), comparison.verdicts, strict=True):
        answers = row.cells[1].text, row.cells[2].text
        systems.setdefault(answers, []).append((row, place(change.before.target)))
    return tuple(
        Row(rows[0][0].key, (_systems([name for _, name in rows]), *rows[0][0].cells[1:]))
        for rows in systems.values()
    )


def _systems(names: Sequence[str]) -> Cell:
    more = f" and {len(names) - _SYSTEMS} more" if len(names) > _SYSTEMS else ""
    return Cell(one_line(", ".join(names[:_SYSTEMS]) + more), "strong")


def _size_rows(comparison: FileComparison) -> _Rows:
    """By how much a program has grown, and what of it most; no row if nothing has."""
    sections, packages = comparison.sections, comparison.packages
    if isinstance(sections, MISSING) and isinstance(packages, MISSING):
        return sections if isinstance(sections, Unknown) else packages
    before, after = comparison.before.file.size, comparison.after.file.size
    by = 0 if isinstance(before, MISSING) or isinstance(after, MISSING) else after - before
    if not isinstance(sections, MISSING):
        empty = _without_bytes(comparison.before) | _without_bytes(comparison.after)
        sections = tuple(change for change in sections if change.name not in empty)
    cells = (_most_grown(sections), _most_grown(packages))
    if not by and not any(cell.text for cell in cells if cell.style != "dim"):
        return ()
    return (Row("size", (_signed(by), *cells)),)


def _without_bytes(inspection: Inspection) -> frozenset[str]:
    """The names of sections that take room in memory only, such as .bss."""
    elf = inspection.binary.elf
    if isinstance(elf, MISSING) or isinstance(elf.sections, MISSING):
        return frozenset()
    return frozenset(section.name for section in elf.sections if section.type == "NOBITS")


def _most_grown(changes: Fact[tuple[SizeChange, ...]]) -> Cell:
    """``.text +812 kB, .rodata +90.1 kB and 4 more``."""
    if isinstance(changes, MISSING):
        return Cell(missing_text(changes), "dim")
    grown = sorted((c for c in changes if c.grown), key=lambda c: (-abs(c.grown), c.name))
    named = [f"{one_line(c.name or LINKER)} {_signed(c.grown).text}" for c in grown[:_LARGEST]]
    more = f" and {len(grown) - _LARGEST:,} more" if len(grown) > _LARGEST else ""
    return Cell(", ".join(named) + more)


def _module_rows(comparison: FileComparison) -> _Rows:
    modules = comparison.modules
    return modules if isinstance(modules, MISSING) else tuple(map(module_row, modules))


# ------------------------------------------------------------------ what several files share


@dataclass(frozen=True, slots=True)
class _Gap:
    """What is not known of some programs, and why."""

    why: str
    titles: tuple[str, ...] = ()
    """Empty: nothing of a part is known."""


class _Changes:
    """The changes of all pairs of programs, by what they are."""

    def __init__(self, pairs: Sequence[AssetPair]) -> None:
        self._names = _short_names(pairs)
        self._pairs = pairs

    def of_facts(
        self,
        key: str,
        title: str,
        column: str,
        facts: Callable[[FileComparison], Fact[tuple[FactChange, ...]]],
    ) -> ComparedPart:
        """A part of facts before and after. What is known of neither file is told below it."""

        def rows(comparison: FileComparison) -> _Rows:
            changes = facts(comparison)
            if isinstance(changes, MISSING):
                return changes
            return tuple(fact_row(change) for change in changes if not _is_gap(change))

        def gaps(comparison: FileComparison) -> tuple[_Gap, ...]:
            changes = facts(comparison)
            titles: dict[str, list[str]] = {}
            for change in () if isinstance(changes, MISSING) else changes:
                if isinstance(change.before, Unknown) and _is_gap(change):
                    titles.setdefault(change.before.why, []).append(change.title)
            return tuple(_Gap(why, tuple(listed)) for why, listed in titles.items())

        return self.part(key, title, pair_columns(column), rows, gaps)

    def part(
        self,
        key: str,
        title: str,
        columns: tuple[Column, ...],
        rows_of: Callable[[FileComparison], _Rows],
        gaps_of: Callable[[FileComparison], tuple[_Gap, ...]] = lambda _: (),
    ) -> ComparedPart:
        """Each change once, with the files that it is in."""
        rows: dict[tuple[str, ...], tuple[Row, list[str]]] = {}
        gaps: dict[_Gap, list[str]] = {}
        known, reasons = 0, dict[str, None]()
        for pair in self._pairs:
            name, changes = self._names[pair.after.name], pair.changes
            listed = changes if isinstance(changes, MISSING) else rows_of(changes)
            if isinstance(listed, Unknown):
                gaps.setdefault(_Gap(listed.why), []).append(name)
            elif isinstance(listed, MISSING):
                reasons[listed.why] = None
            if isinstance(listed, MISSING):
                continue
            known += 1
            for row in listed:
                texts = (row.key, *(cell.text for cell in row.cells))
                rows.setdefault(texts, (row, []))[1].append(name)
            assert not isinstance(changes, MISSING)
            for gap in gaps_of(changes):
                gaps.setdefault(gap, []).append(name)
        places = {row.key: place for place, (row, _) in reversed([*enumerate(rows.values())])}
        together = sorted(rows.values(), key=lambda one: places[one[0].key])  # by what they are of
        made = tuple(
            Row(f"{row.key} {number}", (*row.cells, Cell(_where(names, known))))
            for number, (row, names) in enumerate(together)
        )
        nothing = "no change" if known else one_line(f"n/a: {'; '.join(reasons)}")
        note = _gap_words(gaps) or ("" if made else nothing)
        return ComparedPart(key, title, (*columns, IN), made, Cell(note, "dim") if note else EMPTY)


def _is_gap(change: FactChange) -> bool:
    return isinstance(change.before, Unknown) and isinstance(change.after, Unknown)


def _where(names: Sequence[str], known: int) -> str:
    return f"all {known}" if len(names) == known > 1 else _listed(names)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return one_line(names[0]) + more


def _gap_words(gaps: Mapping[_Gap, Sequence[str]]) -> str:
    """``? needs the whole file (2 programs)``, ``? toolchain, kernel: needs … (linux-arm64)``."""
    words = [
        f"{', '.join(gap.titles)}{': ' if gap.titles else ''}{one_line(gap.why)} ({_some(names)})"
        for gap, names in gaps.items()
    ]
    return f"? {'; '.join(words)}" if words else ""


def _some(names: Sequence[str]) -> str:
    return one_line(names[0]) if len(names) == 1 else plural(len(names), "program")


def _short_names(pairs: Sequence[AssetPair]) -> dict[str, str]:
    """By the file's name what tells it from the others: its platform, if no other has that."""
    slugs = [pair.after.platform.slug for pair in pairs]
    shorts = short_names(pair.after for pair in pairs)
    return {
        name: slug if slugs.count(slug) == 1 and slug != "?" else shorts[name] or name
        for name, slug in zip(shorts, slugs, strict=True)
    }


# ------------------------------------------------------------------ files


def _file_row(change: str, name: str, size: Fact[int]) -> Row:
    words = fact_cell(size, lambda n: Cell(human_size(n), align="right", sort=n), short=True)
    return Row(f"{change} {name}", (Cell(change), Cell(one_line(name), "strong"), words))


def _has_changed(pair: AssetPair) -> bool:
    """Whether both answers are known, and differ."""
    verdicts = [state.verdict for state in pair.states]
    known = all(each is not None and each.answer is not Answer.UNKNOWN for each in verdicts)
    return known and _answer(pair.states[0]).text != _answer(pair.states[1]).text


def _answer(state: FileState) -> Cell:
    if state.inspection is None or not state.inspection.verdicts:
        return Cell("! error", "warn") if state.error is not None else Cell("–", "dim")
    return verdict_cell(state.inspection.verdicts[0])


def _pair_rows(pairs: Sequence[AssetPair]) -> Iterable[Row]:
    shorts = short_names(pair.after for pair in pairs)
    return (_pair_row(pair, shorts[pair.after.name]) for pair in pairs)


def _pair_row(pair: AssetPair, short: str) -> Row:
    state = pair.states[1]
    why = EMPTY
    if state.inspection is not None and state.inspection.verdicts:
        why = Cell(deciding_in_words(state.inspection.verdicts[0]))
    elif state.error is not None:
        why = Cell(one_line(state.error.title))
    size = pair.after.size
    return Row(
        pair.after.name,
        (
            Cell(one_line(pair.after.name), "strong", short=one_line(short)),
            fact_cell(size, lambda n: Cell(human_size(n), align="right", sort=n), short=True),
            _grown(pair),
            _answer(pair.states[0]),
            _answer(state),
            why,
        ),
    )


def _grown(pair: AssetPair) -> Cell:
    before, after = pair.before.size, pair.after.size
    by = 0 if isinstance(before, MISSING) or isinstance(after, MISSING) else after - before
    if not by and pair.before.digest == pair.after.digest and isinstance(pair.after.digest, str):
        return Cell("same bytes", align="right", sort=0)
    if not isinstance(pair.changes, MISSING) and pair.changes.same_program:
        return Cell("same program", align="right", sort=by)
    if isinstance(before, MISSING) or isinstance(after, MISSING):
        return EMPTY
    return _signed(by) if by else Cell("same size", align="right", sort=0)


def _signed(by: int) -> Cell:
    """``+812 kB``, ``−4 B``."""
    sign = "+" if by > 0 else "−" if by < 0 else ""
    return Cell(f"{sign}{human_size(abs(by))}", align="right", sort=by)
