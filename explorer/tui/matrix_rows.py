"""The matrix as rows of a grid, made when they are drawn: not two hundred releases at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from explorer.progress import Cancellation
from explorer.report import Cell, Column, Row, Style, cell_width
from explorer.report.golang import vulnerable_cell
from explorer.report.tables import (
    MarkForm,
    MarkState,
    mark_cell,
    mark_of,
)
from explorer.report.trust import TRUST_WIDTH, trust_cell
from explorer.tui.rows import matching
from explorer.tui.widgets.banner import NARROW
from explorer.tui.widgets.grid import Heading
from explorer.workbench import (
    Asset,
    KnownFiles,
    Matrix,
    MatrixCell,
    MatrixColumn,
    MatrixRow,
    Role,
    file_key,
)

LARGE_CELL = 16
"""Files of one cell above which only those that something is known of are read to draw it."""

RELEASE_WIDTH = (10, 17)
"""Cells of the release's column, at least and at most: ``v2025.1.15``, ``v2023.1.0-alpha.1``."""
ANSWER_WIDTH = 8
"""Cells of a column for Linux: ``◐ yes-if``."""
DERIVED_WIDTH = 9
"""Cells of a column of a project without a profile: ``? unknown``."""
SHORT_WIDTH = 7
"""Cells of a column for another system: ``freebsd``."""
VULNERABILITIES = Heading("", "known", "vulns")
"""Above the column of a database: how many vulnerabilities affect the release."""
TRUST = Heading("", "", "trust")
"""Above the column of what vouches for a release."""
NAMED_WIDTH = 17
"""Cells of the column that names the file to use instead: ``↳ linux-arm64 yes``."""


CORNERS = 4
"""Cells that the frame of the grid takes from its legend."""
MARKS = (
    ("…", "looking", "looking"),
    ("○", "not looked at", "unseen"),
    ("? unknown", "", ""),
    ("! error", ": enter says why", ""),
    ("◐ mixed", ": some files run", ""),
    ("✗ as is", ": packages may help", ": with packages?"),
    ("▨ no", ": did not start, as predicted", ": as predicted"),
    ("↳", "not published: use this", "use this"),
    ("–", "none", "none"),
    ("*", "in cache", "in cache"),
)
"""Each mark whose meaning is not plain, its meaning, and shorter words for a narrow screen."""


def legend_of(texts: Iterable[str], width: int) -> str:
    """What those marks mean that are in the texts of cells, on a screen so wide."""
    drawn = "\n".join(texts)
    shown = [(mark, *words) for mark, *words in MARKS if mark in drawn]
    usual = "  ".join(_with_meaning(mark, words) for mark, words, _ in shown)
    if width >= NARROW and cell_width(usual) <= width - CORNERS:
        return usual
    return "  ".join(_with_meaning(mark, words) for mark, _, words in shown)


def _with_meaning(mark: str, words: str) -> str:
    return mark + (words if words[:1] in ("", ":") else f" {words}")


_FIXED_WIDTHS = {"trust": TRUST_WIDTH, "vulns": len("vulns")}
_FIXED_CELLS = {"trust": trust_cell, "vulns": vulnerable_cell}


def _width(column: MatrixColumn) -> int:
    if column.kind.role is Role.PROGRAM and column.instead == "linux-arm64":
        return NAMED_WIDTH
    if not column.kind.prefix and column.kind.role is not Role.PACKAGE:
        return max(DERIVED_WIDTH, *(len(part) for part in column.lines))
    is_linux = column.platforms[0].startswith(("linux", "musl"))
    # A column of packages has a short title and short cells: it needs no more than freebsd's.
    return ANSWER_WIDTH if is_linux and column.kind.role is not Role.PACKAGE else SHORT_WIDTH


def headings(matrix: Matrix) -> tuple[Heading, ...]:
    """What stands above the columns."""
    kinds = [column.kind for column in matrix.columns]
    program = next((kind.value for kind in kinds if kind.role is Role.PROGRAM), "files")
    groups = {Role.PROGRAM: program, Role.PACKAGE: program, Role.OTHER: "files"}
    platforms = tuple(
        Heading(
            groups.get(column.kind.role, column.kind.value),
            *(Cell(line).text for line in column.lines),
        )
        for column in matrix.columns
    )
    before = {"trust": TRUST, "vulns": VULNERABILITIES}
    return (*(before[key] for key in _before_platforms(matrix)), *platforms)


def _before_platforms(matrix: Matrix) -> tuple[str, ...]:
    """The keys of the columns between the release and the platforms."""
    is_shown = {"trust": matrix.shows_trust, "vulns": matrix.vulnerabilities is not None}
    return tuple(key for key, shown in is_shown.items() if shown)


@dataclass(frozen=True, slots=True)
class LargeCell:
    """A cell with many files."""

    files: Mapping[str, Asset]
    """The files, by their keys."""
    unfinished: tuple[Asset, ...]
    """Those whose upload is not finished."""


@dataclass(frozen=True, slots=True)
class FileIndex:
    """Where the files of a matrix are."""

    tags: Mapping[str, str]
    """The release's tag, by the file's key."""
    large_cells: Mapping[tuple[str, str], LargeCell]
    """Each cell with many files, by its release's tag and its column's key."""

    def to_draw(self, tag: str, cell: MatrixCell, known: KnownFiles) -> MatrixCell:
        """The cell with the files that decide what it says.

        A file that nothing is known of only counts where nothing is known of any.
        """
        large = self.large_cells.get((tag, cell.column.key))
        if large is None:
            return cell
        mentioned = (large.files[key] for key in known if key in large.files)
        deciding = dict.fromkeys((*mentioned, *large.unfinished))
        return replace(cell, assets=tuple(deciding) or cell.assets[:1])


def files_of(cell: MatrixCell) -> tuple[Asset, ...]:
    """The files that are published there, else the one to use instead."""
    return cell.assets or ((cell.instead,) if cell.instead is not None else ())


def index_files(matrix: Matrix) -> FileIndex:
    """Index the files of a matrix. Blocking: call from a worker thread."""
    tags: dict[str, str] = {}
    large: dict[tuple[str, str], LargeCell] = {}
    for row in matrix.rows:
        tag = row.release.tag
        for cell in row.cells:
            files = {file_key(file): file for file in files_of(cell)}
            tags.update(dict.fromkeys(files, tag))
            if len(cell.assets) > LARGE_CELL:
                unfinished = tuple(file for file in cell.assets if file.unfinished)
                large[tag, cell.column.key] = LargeCell(files, unfinished)
    return FileIndex(tags, large)


class MatrixRows:
    """A row source: releases down, platforms across."""

    def __init__(self, matrix: Matrix, rows: Sequence[MatrixRow], files: FileIndex) -> None:
        """``matrix.known`` is the app's store: a row is drawn from what it holds by then."""
        self.matrix = matrix
        self._files = files
        self._rows = tuple(rows)
        self._made: dict[int, Row] = {}
        self._places = {row.release.tag: number for number, row in enumerate(self._rows)}
        least, most = RELEASE_WIDTH
        tags = max((cell_width(row.release.tag) for row in self._rows), default=0)
        self.fixed = _before_platforms(matrix)
        """The keys of the columns between the release and the platforms."""
        self.first = len(self.fixed)
        """The number of the first platform's column, not counting the release's."""
        self.columns = (
            Column("tag", "release", width=min(most, max(least, tags))),
            *(Column(key, key, width=_FIXED_WIDTHS[key]) for key in self.fixed),
            *(Column(column.key, column.title, width=_width(column)) for column in matrix.columns),
        )

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, tag: str) -> MatrixRow | None:
        """The release with this tag."""
        place = self._places.get(tag)
        return self._rows[place] if place is not None else None

    def forget(self, tag: str) -> None:
        """Make this release's row again when it is next drawn."""
        self._made.pop(self._places.get(tag, -1), None)

    def row(self, index: int) -> Row:
        made = self._made.get(index)
        if made is None:
            row = self._rows[index]
            known = self.matrix.known
            style: Style = "dim" if row.release.prerelease else "strong"
            cells = (
                self._cell(self._files.to_draw(row.release.tag, cell, known), column.width)
                for cell, column in zip(row.cells, self.columns[1 + self.first :], strict=True)
            )
            tag = row.release.tag
            fixed = (_FIXED_CELLS[key](self.matrix, row) for key in self.fixed)
            made = self._made[index] = Row(tag, (Cell(tag, style), *fixed, *cells))
        return made

    def _cell(self, cell: MatrixCell, width: int) -> Cell:
        mark = mark_of(self.matrix, cell)
        waiting = cell.assets and not self.matrix.known.of(cell.assets[0]).unreachable
        if waiting and mark.state is MarkState.PUBLISHED:
            return Cell("…", "dim", sort=mark.state.rank)
        named = not cell.assets and width >= NAMED_WIDTH
        return mark_cell(mark, MarkForm.GRID_NAMED if named else MarkForm.GRID)

    def index_of(self, key: str) -> int | None:
        return self._places.get(key)

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        return matching((self.row(index) for index in range(len(self))), words, cancel)
