"""Where a table's rows come from: a list that is there, or a million that are decoded when they are seen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from explorer.progress import Cancellation
from explorer.tui.late import report

if TYPE_CHECKING:
    from explorer.report import Column, Row


class RowSource(Protocol):
    """Rows by number. ``row`` is called for what is on the screen and must be quick."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns."""

    def __len__(self) -> int:
        """How many rows there are."""

    def row(self, index: int) -> Row:
        """One row; its cells are in the columns' order."""

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        """The numbers of the rows that hold the words, ascending.

        Raises:
            CancelledError: another search has been asked for meanwhile.
        """


class ListRows:
    """Rows that are all there."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        self._columns = tuple(columns)
        self._rows = tuple(rows)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Row:
        return self._rows[index]

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        wanted = words.casefold().split()
        found: list[int] = []
        for index, row in enumerate(self._rows):
            if index % 1000 == 0:
                cancel.check()
            line = " ".join(cell.text for cell in row.cells).casefold()
            if all(word in line for word in wanted):
                found.append(index)
        return found


class LazyRows:
    """Rows decoded one by one, searched by whoever holds them (a symbol table)."""

    def __init__(
        self,
        columns: Sequence[Column],
        count: int,
        row: Callable[[int], Row],
        search: Callable[[str, Cancellation], Sequence[int]],
    ) -> None:
        self._columns = tuple(columns)
        self._count = count
        self._row = row
        self._search = search

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    def __len__(self) -> int:
        return self._count

    def row(self, index: int) -> Row:
        return self._row(index)

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        return self._search(words, cancel)


NO_ROWS = ListRows((), ())
QUICK = 5_000
"""Rows that are searched and sorted at once: 5,000 take some 10 ms, well under the 50 ms a key may wait."""
SORTABLE = 100_000
"""Rows that are sorted at all: decoding a million names takes seconds and their memory; filter first."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants to see of the rows."""

    words: str = ""
    sorted_by: str = ""
    """A column's key; empty for the source's own order."""
    descending: bool = False


def choose(source: RowSource, wish: Wish, cancel: Cancellation) -> Sequence[int]:
    """The numbers of the rows to show, in order.

    Raises:
        CancelledError: something else is wanted meanwhile.
    """
    found = source.search(wish.words, cancel) if wish.words.strip() else range(len(source))
    place = next(
        (number for number, column in enumerate(source.columns) if column.key == wish.sorted_by),
        None,
    )
    if place is None or len(found) > SORTABLE:
        return found

    def key(index: int) -> tuple[int, float, tuple[str, ...]]:
        cancel.check()
        return source.row(index).cells[place].sort_key

    return sorted(found, key=key, reverse=wish.descending)


def place_of(number: int, view: Sequence[int], ordered: bool, otherwise: int) -> int:
    """Where a row of the source stands in a view, without making rows: of five thousand that takes 30 ms.

    ``ordered``: the view is in another order than the source.
    """
    if ordered:
        return view.index(number) if number in view else otherwise
    place = bisect_left(view, number)
    return place if place < len(view) and view[place] == number else otherwise


def cells_of(row: Row, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Title and full text of each cell that says something."""
    cells = zip(columns, row.cells, strict=False)
    return [
        (column.title, cell.text)
        for column, cell in cells
        if cell is not report.EMPTY and cell.text
    ]
