"""What changed between two files, and how to build a file again. A door of ``report``.

Both faces show the same parts: a title, a table, and why a table is missing.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from explorer import __version__
from explorer.advisories import AdvisoryMatch
from explorer.compat import Answer
from explorer.elf import Degree, DifferenceKind, DifferingRange, Sameness
from explorer.errors import FormatError
from explorer.facts import MISSING, Fact, NotApplicable, known_or
from explorer.releases import Asset
from explorer.report.answers import fact_cell, missing_text, verdict_cell
from explorer.report.cells import EMPTY, Cell, Column, Row, Style
from explorer.report.markup import code, in_table, prose
from explorer.report.text import one_line
from explorer.report.units import human_size, plural
from explorer.report.verdicts import deciding_in_words, target_in_words
from explorer.workbench import (
    FactChange,
    FileComparison,
    Inspection,
    ModuleChange,
    Rebuild,
    SizeChange,
)

__all__ = [
    "COMPARISON_COLUMNS",
    "ComparedPart",
    "comparison_columns",
    "comparison_headline",
    "comparison_markdown",
    "comparison_parts",
    "comparison_rows",
    "download_words",
    "judgement",
    "rebuild_line",
    "rebuild_rows",
    "short_names",
    "unread",
]

T = TypeVar("T")
KINDS = {
    DifferenceKind.GO_BUILD_ID: "Go build id",
    DifferenceKind.GNU_BUILD_ID: "GNU build id",
    DifferenceKind.DEBUG_LINK: "debug link checksum",
    DifferenceKind.LINK_STRING: "string set by the linker (-X)",
    DifferenceKind.BUILD_INFO: "Go build info",
    DifferenceKind.TIMESTAMP: "date or time",
    DifferenceKind.OTHER: "something else",
}
_SHOWN_RANGES = 40
_ENDING = re.compile(r"\.(?:tar\.\w+|tgz|zip|deb|rpm|exe|gz|xz|bz2|zst|apk|7z)$")


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """One section of a comparison."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: Cell = EMPTY
    """What a reader needs beside the table, or why there is none."""


# ------------------------------------------------------------------ sentences


def short_names(before: str, after: str) -> tuple[str, str]:
    """What tells two file names apart: ``linux-amd64`` and ``unknown-musl-amd64``.

    Folders, endings and words that both begin with are left out.
    """
    names = [_ENDING.sub("", posixpath.basename(one_line(name))) for name in (before, after)]
    if names[0] == names[1]:
        return one_line(before), one_line(after)
    common = posixpath.commonprefix(names)
    start = common.rfind("-") + 1
    short = names[0][start:], names[1][start:]
    told_apart = all(re.search("[A-Za-z]", name) for name in short)
    return short if told_apart else (names[0], names[1])


def comparison_headline(comparison: FileComparison) -> Cell:
    """One sentence: the same program, the same code, or how much differs."""
    names = _names(comparison.before, comparison.after)
    pair = f"{names[0]} and {names[1]}"
    result = comparison.bytes
    if isinstance(result, MISSING):
        return _headline_of_first_bytes(comparison, pair)
    where = f"{plural(result.changed, 'byte')} in {plural(result.count, 'range')}"
    if result.sameness is Sameness.IDENTICAL:
        return Cell(f"{pair} are the same program, bit for bit.", "good")
    if result.sameness is Sameness.BUILD_TIME:
        return Cell(
            f"{pair} are the same program: identical but for {_stamp_words(comparison)} ({where}).",
            "good",
        )
    if result.sameness is Sameness.STAMPED:
        values = "; ".join(_value_changes(comparison))
        return Cell(f"{pair} have the same code, with other values set by the linker: {values}.")
    return Cell(f"{pair} differ: {one_line(result.why)}.", "warn")


def _headline_of_first_bytes(comparison: FileComparison, pair: str) -> Cell:
    facts = [one for one in comparison.facts if _tells(one) and one.key != "size"]
    changed = [one.title for one in facts]
    changed += ["libraries"] if known_or(library_rows(comparison), ()) else []
    protections = [one for one in known_or(comparison.hardening, ()) if _tells(one)]
    changed += [plural(len(protections), "protection")] if protections else []
    known = [
        c for c in comparison.verdicts if Answer.UNKNOWN not in (c.before.answer, c.after.answer)
    ]
    changed += ["where they run"] if known else []
    if changed:
        return Cell(f"{pair} differ, as their first bytes tell: {', '.join(changed)}.", "warn")
    return Cell(f"The first bytes of {pair} tell no difference; the rest is not known yet.")


def _tells(change: FactChange) -> bool:
    """Whether it is a difference, not a gap nor two reasons why neither file has the fact."""
    missing = isinstance(change.before, NotApplicable), isinstance(change.after, NotApplicable)
    return change.is_known and not all(missing)


def judgement(comparison: FileComparison) -> Cell:
    """Whether ``after`` is a rebuild of ``before``."""
    result = comparison.bytes
    if isinstance(result, MISSING):
        return Cell(f"Not judged: {missing_text(result)}.")
    if result.sameness is Sameness.IDENTICAL:
        return Cell("Reproduced bit for bit.", "good")
    if result.sameness is Sameness.BUILD_TIME:
        return Cell(f"Reproduced: identical but for {_stamp_words(comparison)}.", "good")
    if result.sameness is Sameness.STAMPED:
        values = "; ".join(_value_changes(comparison))
        return Cell(f"The code is reproduced, values set by the linker differ: {values}.", "warn")
    return Cell(f"Not reproduced: {one_line(result.why)}.", "bad")


def _names(before: Inspection, after: Inspection) -> tuple[str, str]:
    names = [each.subject.name for each in (before, after)]
    return short_names(names[0], names[1])


def _stamp_words(comparison: FileComparison) -> str:
    kinds = {one.kind for one in _ranges(comparison)}
    timed = kinds & {
        DifferenceKind.LINK_STRING,
        DifferenceKind.TIMESTAMP,
        DifferenceKind.BUILD_INFO,
    }
    return "the build time" if timed else "build ids"


def _ranges(comparison: FileComparison) -> tuple[DifferingRange, ...]:
    return () if isinstance(comparison.bytes, MISSING) else comparison.bytes.ranges


def _value_changes(comparison: FileComparison) -> Iterator[str]:
    shown = (DifferenceKind.LINK_STRING, DifferenceKind.BUILD_INFO)
    pairs = dict.fromkeys((r.before, r.after) for r in _ranges(comparison) if r.kind in shown)
    for before, after in list(pairs)[:3]:
        yield f"“{one_line(before)}” → “{one_line(after)}”"


def unread(comparison: FileComparison) -> tuple[Asset, ...]:
    """The files that were not read whole, and tell more once they are downloaded."""
    if not isinstance(comparison.bytes, MISSING) and comparison.same_program:
        return ()
    looked = (comparison.before, comparison.after)
    return tuple(
        each.subject.asset
        for each in looked
        if each.path is None and each.subject.asset is not None
    )


def download_words(assets: Sequence[Asset]) -> str:
    """``d downloads 2 files (40.2 MB) and compares all of them``; empty if all was read."""
    if not assets:
        return ""
    sizes = [0 if isinstance(asset.size, MISSING) else asset.size for asset in assets]
    size = f" ({human_size(sum(sizes))})" if all(sizes) else ""
    which = "it" if len(assets) == 1 else "them"
    return (
        f"Read so far: what is here, and first bytes. d downloads {plural(len(assets), 'file')}"
        f"{size} and compares all of {which}."
    )


# ------------------------------------------------------------------ parts of two files


def pair_columns(first: str, before: str = "before", after: str = "after") -> tuple[Column, ...]:
    return (
        Column("what", first),
        Column("before", before, grows=True),
        Column("after", after, grows=True),
    )


RANGE_COLUMNS = (
    Column("offset", "offset", "right"),
    Column("size", "bytes", "right"),
    Column("changed", "changed", "right"),
    Column("place", "in"),
    Column("kind", "is"),
    Column("before", "before", grows=True),
    Column("after", "after", grows=True),
)
SIZE_COLUMNS = (
    Column("name", "name", grows=True),
    Column("before", "before", "right"),
    Column("after", "after", "right"),
    Column("grown", "change", "right"),
)
MODULE_COLUMNS = (
    Column("change", "change"),
    Column("module", "module", grows=True),
    Column("before", "before"),
    Column("after", "after"),
)


def library_rows(comparison: FileComparison) -> Fact[tuple[Row, ...]]:
    """The libraries that were added or are gone."""
    added, gone = comparison.libraries_added, comparison.libraries_gone
    if isinstance(added, MISSING):
        return added
    if isinstance(gone, MISSING):
        return gone
    return (
        *(library_row(name, "added") for name in added),
        *(library_row(name, "gone") for name in gone),
    )


def vulnerability_rows(comparison: FileComparison) -> Fact[tuple[Row, ...]]:
    """The advisories that were fixed or are new."""
    changes = comparison.vulnerabilities
    if isinstance(changes, MISSING):
        return changes
    return (
        *advisory_rows("fixed", "good", changes.fixed),
        *advisory_rows("new", "bad", changes.introduced),
    )


def comparison_parts(comparison: FileComparison) -> tuple[ComparedPart, ...]:
    """The sections of a comparison; those without a difference say so."""
    return (
        _part("facts", "The file", pair_columns("fact"), map(fact_row, comparison.facts)),
        part_of("libraries", "Libraries", LIBRARY_COLUMNS, library_rows(comparison)),
        _of("hardening", "Hardening", pair_columns("protection"), comparison.hardening, fact_row),
        _part("verdicts", "Where it runs", pair_columns("system"), verdict_rows(comparison)),
        _of("modules", "Go modules", MODULE_COLUMNS, comparison.modules, module_row),
        _of("settings", "Go settings", pair_columns("setting"), comparison.settings, fact_row),
        part_of(
            "vulnerabilities",
            "Vulnerabilities",
            VULNERABILITY_COLUMNS,
            vulnerability_rows(comparison),
        ),
        _of("sections", "Sections", SIZE_COLUMNS, comparison.sections, _size_row),
        _of("packages", "Go packages", SIZE_COLUMNS, comparison.packages, _size_row),
        _bytes_part(comparison),
    )


NAME = Column("name", "name", grows=True)
LINKER = "(made by the linker)"
"""The package of functions that are of none."""
LIBRARY_COLUMNS = (Column("what", "change"), NAME)
VULNERABILITY_COLUMNS = (
    Column("change", "change"),
    Column("id", "id"),
    Column("module", "module"),
    Column("summary", "summary", grows=True),
)


def _part(key: str, title: str, columns: tuple[Column, ...], rows: Iterable[Row]) -> ComparedPart:
    listed = tuple(rows)
    return ComparedPart(key, title, columns, listed, EMPTY if listed else Cell("no change", "dim"))


def part_of(
    key: str, title: str, columns: tuple[Column, ...], rows: Fact[tuple[Row, ...]]
) -> ComparedPart:
    if isinstance(rows, MISSING):
        return ComparedPart(key, title, columns, (), Cell(missing_text(rows), "dim"))
    return _part(key, title, columns, rows)


def _of(
    key: str,
    title: str,
    columns: tuple[Column, ...],
    changes: Fact[tuple[T, ...]],
    row: Callable[[T], Row],
) -> ComparedPart:
    if isinstance(changes, MISSING):
        return ComparedPart(key, title, columns, (), Cell(missing_text(changes), "dim"))
    return _part(key, title, columns, map(row, changes))


def fact_row(change: FactChange) -> Row:
    return Row(
        change.key,
        (Cell(change.title, "strong"), fact_text(change.before), fact_text(change.after)),
    )


def fact_text(fact: Fact[str]) -> Cell:
    def show(text: str) -> Cell:
        return Cell(one_line(text), _DEGREES.get(text, ""))

    return fact_cell(fact, show)


_DEGREES: dict[str, Style] = {Degree.YES.value: "good", Degree.NO.value: "bad"}


def library_row(name: str, change: str) -> Row:
    return Row(f"{change} {name}", (Cell(change), Cell(one_line(name), "strong")))


def verdict_rows(comparison: FileComparison) -> Iterator[Row]:
    for change in comparison.verdicts:
        yield Row(
            change.before.target.name,
            (
                Cell(target_in_words(change.before.target), "strong"),
                *(
                    Cell(f"{verdict_cell(v).text}: {deciding_in_words(v)}", verdict_cell(v).style)
                    for v in (change.before, change.after)
                ),
            ),
        )


def _size_row(change: SizeChange) -> Row:
    sizes = [
        Cell("–" if size is None else human_size(size), align="right", sort=size or 0)
        for size in (change.before, change.after)
    ]
    sign = "+" if change.grown > 0 else "−"
    grown = f"{sign}{human_size(abs(change.grown))}" if change.grown else "0 B"
    name = change.name or LINKER
    return Row(
        name,
        (Cell(one_line(name), "strong"), *sizes, Cell(grown, align="right", sort=change.grown)),
    )


def module_row(change: ModuleChange) -> Row:
    word = "added" if change.before is None else "gone" if change.after is None else "moved"
    same_version = (
        change.before is not None
        and change.after is not None
        and change.before.version == change.after.version
    )
    versions = []
    for module in (change.before, change.after):
        text = "–" if module is None else module.version
        if module is not None and module.replace is not None:
            text += f" ⇒ {module.replace.path} {module.replace.version}".rstrip()
        elif module is not None and same_version:
            text += f" {module.sum}"
        versions.append(Cell(one_line(text)))
    return Row(change.path, (Cell(word), Cell(one_line(change.path), "strong"), *versions))


def advisory_rows(word: str, style: Style, matches: Sequence[AdvisoryMatch]) -> Iterator[Row]:
    for match in matches:
        yield Row(
            f"{word} {match.advisory.id}",
            (
                Cell(word, style),
                Cell.of(match.advisory.id, "strong"),
                Cell.of(f"{match.module} {match.version}"),
                Cell(one_line(match.advisory.summary)),
            ),
        )


def _bytes_part(comparison: FileComparison) -> ComparedPart:
    result = comparison.bytes
    if isinstance(result, MISSING):
        return ComparedPart("bytes", "Bytes", RANGE_COLUMNS, (), Cell(missing_text(result), "dim"))
    rows = tuple(
        Row(
            str(number),
            (
                Cell(f"{one.offset:#x}", align="right", sort=one.offset),
                Cell(f"{one.size:,}", align="right", sort=one.size),
                Cell(f"{one.changed:,}", align="right", sort=one.changed),
                Cell(one_line(one.place)),
                Cell(KINDS[one.kind]),
                Cell(one_line(one.before)),
                Cell(one_line(one.after)),
            ),
        )
        for number, one in enumerate(result.ranges[:_SHOWN_RANGES])
    )
    words = f"{plural(result.changed, 'byte')} in {plural(result.count, 'range')}: {result.why}"
    note = one_line(words if result.count else result.why)
    if result.count > len(rows):
        note += f"; the first {len(rows)} ranges are shown"
    return ComparedPart("bytes", "Bytes", RANGE_COLUMNS, rows, Cell(note, "dim"))


# ------------------------------------------------------------------ one table

COMPARISON_COLUMNS = (
    Column("what", "what", names_row=True),
    Column("before", "before", grows=True),
    Column("after", "after", grows=True),
    Column("change", "change"),
)
_FLAT = {
    "libraries": ("name", "", "", "what"),
    "files": ("name", "size", "size", "change"),
    "modules": ("module", "before", "after", "change"),
    "vulnerabilities": ("id", "module", "summary", "change"),
    "sections": ("name", "before", "after", "grown"),
    "packages": ("name", "before", "after", "grown"),
    "bytes": ("kind", "before", "after", "offset"),
    "sizes": ("change", "sections", "packages", ""),
    "pairs": ("file", "before", "after", "change"),
}
"""Keys of a part's columns that stand for what, before, after and change."""


def comparison_columns(parts: Iterable[ComparedPart]) -> tuple[Column, ...]:
    """The columns of that table. In two releases a change says in which files it is, too."""
    listed = tuple(parts)
    if not any(_has_files(part) for part in listed):
        has_changes = any(part.rows and _FLAT.get(part.id, ("",))[-1] for part in listed)
        return COMPARISON_COLUMNS if has_changes else COMPARISON_COLUMNS[:-1]
    return (*COMPARISON_COLUMNS[:-1], Column("change", "change", grows=True))


def _has_files(part: ComparedPart) -> bool:
    return any(column.key == "files" for column in part.columns)


def comparison_rows(parts: Iterable[ComparedPart]) -> tuple[Row, ...]:
    """All parts as one table: a row for each title, its changes below; then what is the same."""
    rows: list[Row] = []
    same: list[str] = []
    for part in parts:
        if not part.rows and part.note.text == "no change":
            same.append(part.title)
            continue
        title = Cell(f"▾ {part.title}", "accent")
        notes = Cell(part.note.text, "dim", wide=True), EMPTY
        if part.id == "sizes" and not part.note.text:
            notes = Cell("by section", "dim"), Cell("by Go package", "dim")
        rows.append(Row(f"§{part.id}", (title, *notes, EMPTY)))
        keys = _FLAT.get(part.id, ("what", "before", "after", ""))
        places = {column.key: place for place, column in enumerate(part.columns)}
        for row in part.rows:
            cells = tuple(row.cells[places[key]] if key else EMPTY for key in keys)
            if part.id in ("files", "libraries", "vulnerabilities"):
                cells = _on_its_side(part.id, cells)
            if _has_files(part):
                where = " in ".join(filter(None, (cells[3].text, row.cells[places["files"]].text)))
                cells = (*cells[:3], Cell(where, cells[3].style))
            elif part.id == "pairs":  # its column grows: its right edge is far away
                cells = (*cells[:3], replace(cells[3], align="left"))
            short = f"  {cells[0].short}" if cells[0].short else ""
            first = Cell(f"  {cells[0].text}", cells[0].style, short=short)
            rows.append(Row(f"{part.id} {row.key}", (first, *cells[1:])))
    if same:
        words = Cell(", ".join(same), "dim", wide=True)
        rows.append(Row("§same", (Cell("no change", "dim"), words, EMPTY, EMPTY)))
    return tuple(rows)


def _on_its_side(part: str, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """What is in one file or release alone, in its column: the change may be left out."""
    name, before, after, change = cells
    if part == "vulnerabilities":
        there = replace(before, text=f"{change.text}: {before.text}", style=change.style)
        return name, there, after, change
    none, there = Cell("–", "dim"), before if part == "files" else Cell("needed")
    if change.text == "gone":
        return name, there, none, change
    return name, none, there, change


# ------------------------------------------------------------------ documents


def comparison_markdown(headline: Cell, parts: Iterable[ComparedPart]) -> str:
    """The comparison for an issue: the sentence, and a table for each part that has rows."""
    lines = [prose(headline.text), ""]
    for part in parts:
        if not part.rows:
            continue
        lines += [f"### {part.title}", ""]
        if part.note.text:
            lines += [prose(part.note.text), ""]
        lines.append("| " + " | ".join(column.title for column in part.columns) + " |")
        lines.append("|" + " --- |" * len(part.columns))
        for row in part.rows:
            cells = (in_table(code(cell.text)) if cell.text else "" for cell in row.cells)
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    lines.append(f"<sub>rr-explorer {__version__}</sub>")
    return "\n".join(lines) + "\n"


_PLAIN = re.compile(r"[\x20-\x7e]*")
_ADDRESS = re.compile(r"https?://[0-9A-Za-z:/._~%+@=&?,-]+")


def rebuild_line(rebuild: Rebuild) -> str:
    """The one line to paste into a shell, every word quoted.

    Raises:
        FormatError: the build info holds what cannot stand on one line of a script.
    """
    commands = [*rebuild.sources, (*_variables(rebuild), *rebuild.words)]
    for words in commands:
        for word in words:
            if not _PLAIN.fullmatch(word):
                raise FormatError("This build cannot be put into one line", one_line(word))
        if words[:2] == ("git", "clone") and not any(map(_ADDRESS.fullmatch, words)):
            raise FormatError("This build cannot be put into one line", " ".join(words))
    return " && ".join(" ".join(_quoted(word) for word in words) for words in commands)


def _variables(rebuild: Rebuild) -> Iterator[str]:
    for name, value in rebuild.environment:
        yield f"{name}={value}"


def _quoted(word: str) -> str:
    """A word for a shell; of ``NAME=value`` only the value, else it would not be an assignment."""
    name, equals, value = word.partition("=")
    if equals and re.fullmatch(r"[A-Z][A-Z0-9_]*|--?[a-z]+", name):
        return f"{name}={shlex.quote(value)}" if value else f"{name}="
    return shlex.quote(word)


def rebuild_rows(rebuild: Rebuild) -> tuple[Row, ...]:
    """The line, and what nothing in the file tells, as (what, value) rows."""
    line = Row("line", (Cell("to rebuild", "dim"), Cell(rebuild_line(rebuild), "code")))
    return (
        line,
        *(
            Row(f"unknown:{number}", (Cell("not known", "dim"), Cell(one_line(sentence))))
            for number, sentence in enumerate(rebuild.unknown)
        ),
    )
