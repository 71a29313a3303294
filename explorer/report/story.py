"""The story that a matrix tells, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.compat import Answer, Verdict
from explorer.report.cells import Cell
from explorer.report.text import clip, one_line
from explorer.report.units import plural
from explorer.workbench import Matrix, MatrixCell, MatrixColumn, Role

__all__ = ["Story", "column_of_story", "story_of"]

_REASON = 60
"""Cells of the reason of the last no."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the releases of a matrix say about one platform."""

    text: str
    """``musl-arm64: never published in 195 releases; linux-arm64 runs in 181; last NO: v2.5.0
    (needs glibc's loader)``. Only files that were looked at count."""
    last_no: str
    """The tag of the newest release whose file does not run as it is; empty if none is known."""
    shorter: tuple[str, ...] = ()
    """The same in fewer words, for where it has no room."""

    @property
    def cell(self) -> Cell:
        """The line to draw."""
        return Cell(self.text, "dim")

    @property
    def forms(self) -> tuple[Cell, ...]:
        """The line, the longest first."""
        return (self.cell, *(Cell(words, "dim") for words in self.shorter))


def story_of(matrix: Matrix) -> Story:
    """The story of ``musl-arm64`` if the matrix has that column, else of the first for Linux."""
    column = column_of_story(matrix)
    if column is None or not matrix.rows:
        return Story("", "")
    place = matrix.columns.index(column)
    cells = [row.cells[place] for row in matrix.rows]
    parts = [_published(column, cells)]
    is_published = any(cell.assets for cell in cells)
    instead = None if is_published else _instead_of(matrix, column)
    if instead is None:
        name, files = "", cells
    else:
        name = f"{instead.title} "
        files = [row.cells[matrix.columns.index(instead)] for row in matrix.rows]
    verdicts = [_verdict(matrix, cell) for cell in files]
    parts += _runs(name, sum(bool(cell.assets) for cell in files), verdicts)
    last = next(
        (
            (row.release.tag, verdict)
            for row, verdict in zip(matrix.rows, verdicts, strict=True)
            if verdict is not None and verdict.unaided is Answer.NO
        ),
        None,
    )
    if last is None:
        return Story("; ".join(parts), "")
    label = "last NO" if last[1].answer is Answer.NO else "last not as it is"
    end = f"{label}: {one_line(last[0])}"
    rest = "; ".join((*parts[1:], end))
    shorter = f"{parts[0]}; {rest}", f"{column.title}: {rest}", f"{column.title}: {end}"
    return Story("; ".join((*parts, f"{end} ({_why_not(last[1])})")), last[0], shorter)


def column_of_story(matrix: Matrix) -> MatrixColumn | None:
    """The column that a user asks about first: for musl on arm64, else on another one for Linux."""
    own = [c for c in matrix.columns if c.kind.role is Role.PROGRAM]
    for start in ("musl-arm64", "musl-", "linux-arm64", "linux-"):
        for column in own:
            if column.platforms[0].startswith(start):
                return column
    return None


def _instead_of(matrix: Matrix, column: MatrixColumn) -> MatrixColumn | None:
    """The column of the files to use instead."""
    return next(
        (c for c in matrix.columns if c.kind == column.kind and column.instead in c.platforms), None
    )


def _published(column: MatrixColumn, cells: list[MatrixCell]) -> str:
    count = sum(bool(cell.assets) for cell in cells)
    releases = plural(len(cells), "release")
    if not count:
        return f"{column.title}: never published in {releases}"
    return f"{column.title}: published in {count} of {releases}"


def _verdict(matrix: Matrix, cell: MatrixCell) -> Verdict | None:
    """On the first file of a cell; None if it was not looked at."""
    if not cell.assets:
        return None
    return matrix.known.of(cell.assets[0]).verdict


def _runs(name: str, published: int, verdicts: list[Verdict | None]) -> list[str]:
    seen = [verdict for verdict in verdicts if verdict is not None]
    if not seen:
        return [f"{name}published in {published}, none inspected yet"] if published else []
    runs = sum(verdict.answer is Answer.YES for verdict in seen)
    of = f" of {len(seen)} inspected ({published} published)" if len(seen) < published else ""
    open_ = [verdict for verdict in seen if verdict.answer is Answer.UNKNOWN]
    as_is = sum(verdict.unaided is Answer.NO for verdict in open_)
    unknown = len(open_) - as_is
    aided = sum(verdict.answer is Answer.YES_IF for verdict in seen)
    more = f", with packages in {aided}" if aided else ""
    more += f", not as it is in {as_is}" if as_is else ""
    more += f", not known in {unknown}" if unknown else ""
    return [f"{name}runs in {runs}{of}{more}"]


def _why_not(verdict: Verdict) -> str:
    reason = next((r for r in verdict.reasons if r.answer is Answer.NO and not r.advice), None)
    short = reason.short if reason is not None else verdict.deciding.short
    return clip(one_line(short), _REASON)
