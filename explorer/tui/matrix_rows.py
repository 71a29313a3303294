"""The matrix as rows of a grid, made when they are seen: two hundred releases of fifteen cells are not drawn at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from explorer.errors import ExplorerError
from explorer.progress import Cancellation
from explorer.report import Cell, Column, Row, Style, cell_width
from explorer.report.matrix_marks import MarkForm, MarkState, mark_cell, mark_of
from explorer.tui.widgets.grid import Heading
from explorer.workbench import (
    Asset,
    AssetKind,
    FileState,
    Inspection,
    Matrix,
    MatrixCell,
    MatrixColumn,
    MatrixRow,
    file_key,
)

RELEASE = (13, 17)
"""Cells of the release's column, at least and at most: ``v2.0.0-alpha1``, ``v2023.1.0-alpha.1``."""
ANSWER, SHORT, STORY = 8, 7, 17
"""Cells of a column for Linux (``◐ yes-if``), for another system (``freebsd``), and of the one that names what serves instead."""
GROUPS = {
    AssetKind.SERVER: "server",
    AssetKind.DEB: "server",
    AssetKind.PLUGIN: "plugin",
    AssetKind.OTHER: "files",
}


def _width(column: MatrixColumn) -> int:
    if column.kind is AssetKind.SERVER and column.title == "musl-arm64":
        return STORY
    if column.kind is AssetKind.OTHER:
        return max(ANSWER, *(len(part) for part in _parts(column)))
    return ANSWER if column.title.startswith(("linux", "musl")) else SHORT


def _parts(column: MatrixColumn) -> tuple[str, str]:
    upper, _, lower = column.title.rpartition("-")
    return upper, lower


def headings(matrix: Matrix) -> tuple[Heading, ...]:
    """What stands above the columns."""
    return tuple(
        Heading(GROUPS[column.kind], *(Cell(part).text for part in _parts(column)))
        for column in matrix.columns
    )


class MatrixRows:
    """A row source: releases down, platforms across. ``learned`` and ``problems`` are the app's, read when a row is drawn."""

    def __init__(
        self,
        matrix: Matrix,
        rows: Sequence[MatrixRow],
        known: Callable[[Asset], Inspection | None],
        problem: Callable[[Asset], str],
    ) -> None:
        self.matrix = matrix
        self._rows = tuple(rows)
        self._known = known
        self._problem = problem
        self._made: dict[int, Row] = {}
        self._places = {row.release.tag: number for number, row in enumerate(self._rows)}
        self.unreachable: set[str] = set()
        """``TAG/NAME`` of files that no look can reach."""
        self.cached: set[str] = set()
        """``TAG/NAME`` of files that the cache has whole."""
        self.columns = (
            Column(
                "tag",
                "release",
                width=min(
                    RELEASE[1],
                    max((RELEASE[0], *(cell_width(row.release.tag) for row in self._rows))),
                ),
            ),
            *(Column(column.key, column.title, width=_width(column)) for column in matrix.columns),
        )

    def __len__(self) -> int:
        return len(self._rows)

    def release_row(self, index: int) -> MatrixRow:
        """The release itself."""
        return self._rows[index]

    def at(self, tag: str) -> MatrixRow | None:
        """The release with this tag."""
        place = self._places.get(tag)
        return self._rows[place] if place is not None else None

    def forget(self, tag: str) -> None:
        """Something of this release has changed: its row is made anew."""
        self._made.pop(self._places.get(tag, -1), None)

    def row(self, index: int) -> Row:
        made = self._made.get(index)
        if made is None:
            release = self._rows[index]
            style: Style = "dim" if release.release.prerelease else "strong"
            cells = (
                self._cell(cell, width.width)
                for cell, width in zip(release.cells, self.columns[1:], strict=True)
            )
            made = self._made[index] = Row(
                release.release.tag, (Cell(release.release.tag, style), *cells)
            )
        return made

    def _cell(self, cell: MatrixCell, width: int) -> Cell:
        for asset in cell.assets or ((cell.serves,) if cell.serves else ()):
            self._look_up(asset)
        mark = mark_of(self.matrix, cell)
        unseen = mark.state is MarkState.PUBLISHED and cell.assets
        if unseen and file_key(cell.assets[0]) not in self.unreachable:
            return Cell("…", "dim", sort=mark.state.rank)
        wide = not cell.assets and width >= STORY
        return mark_cell(mark, MarkForm.GRID_NAMED if wide else MarkForm.GRID)

    def _look_up(self, asset: Asset) -> None:
        """Copy what the app knows of a file into the matrix."""
        key = file_key(asset)
        inspection, problem = self._known(asset), self._problem(asset)
        error = None if inspection is not None or not problem else ExplorerError(problem)
        state = FileState(inspection, error=error, cached=key in self.cached)
        self.matrix.known.put(key, state)

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        wanted = words.casefold().split()
        found: list[int] = []
        for index in range(len(self._rows)):
            cancel.check()
            line = " ".join(cell.text for cell in self.row(index).cells).casefold()
            if all(word in line for word in wanted):
                found.append(index)
        return found
