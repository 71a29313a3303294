"""Tables on a terminal of some width: which columns stand, and how wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from explorer.report import Cell, Column, Row, cell_width, clip, pad

GAP = 2
"""Spaces between two columns."""
_LEAST_GROWING, _LEAST = 12, 8
"""Cells that a column keeps while another can still give way."""


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of a table: its cells with the widths and alignments of their columns."""

    cells: Sequence[Cell]
    columns: Sequence[Column]
    widths: Sequence[int]

    def text(self, styled: Callable[[str, Cell], str]) -> str:
        """The line, each cell's text passed through ``styled``."""
        parts = []
        last = len(self.cells) - 1
        places = zip(self.cells, self.columns, self.widths, strict=True)
        for place, (cell, column, width) in enumerate(places):
            fits = not cell.short or cell_width(cell.text) <= width
            text = clip(cell.text if fits else cell.short, width)
            ends = place == last and column.align == "left"
            filled = text if ends else pad(text, width, column.align)
            # Only the text is coloured: an underline or a background must not reach into the gap.
            parts.append(filled.replace(text, styled(text, cell), 1) if text else filled)
        return (" " * GAP).join(parts).rstrip()


def lay_out(
    columns: Sequence[Column],
    rows: Sequence[Row],
    heads: Sequence[Sequence[Cell]] | None,
    spare: Sequence[str],
    room: int | None,
) -> list[TableLine]:
    """The lines of a table in ``room`` cells (None: as wide as it likes); see ``Output.table``."""
    while spare and room is not None and _needed(columns, rows) > room:
        kept = [number for number, column in enumerate(columns) if column.key != spare[0]]
        rows = [replace(row, cells=tuple(row.cells[number] for number in kept)) for row in rows]
        columns, spare = [columns[number] for number in kept], spare[1:]
    used = [number for number in range(len(columns)) if any(row.cells[number].text for row in rows)]
    columns = [columns[number] for number in used]
    table: list[Sequence[Cell]] = [[row.cells[number] for number in used] for row in rows]
    if not table:
        return []
    titles = [[Cell(column.title, "dim") for column in columns]]
    above = [[line[number] for number in used] for line in heads] if heads else titles
    lines = [*above, *table]
    widths = [max(cell_width(line[n].text) for line in lines) for n in range(len(columns))]
    if room is not None:
        widths = _fitted(widths, columns, room - GAP * (len(widths) - 1))
    return [TableLine(line, columns, widths) for line in lines]


def _needed(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    """Cells that a table needs if none is cut; empty columns do not count."""
    widths = [
        max((cell_width(row.cells[number].text) for row in rows), default=0)
        for number in range(len(columns))
    ]
    used = [
        max(width, cell_width(column.title))
        for width, column in zip(widths, columns, strict=True)
        if width
    ]
    return sum(used) + GAP * (len(used) - 1)


def _fitted(widths: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """Widths that fit: growing columns give way first, then the widest, names last."""
    fitted = list(widths)
    growing = [number for number, column in enumerate(columns) if column.grows]
    every = list(range(len(fitted)))
    others = [number for number in every if not columns[number].names_row]
    steps = ((growing, _LEAST_GROWING), (others, _LEAST), (every, _LEAST), (every, 1))
    for places, least in steps:
        while sum(fitted) > room:
            place = max(places, key=fitted.__getitem__, default=None)
            if place is None or fitted[place] <= least:
                break
            fitted[place] -= 1
    return fitted
