"""Where a table's rows come from: a list that is there, or a million that are decoded when they are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from explorer.progress import Cancellation
from explorer.report.cells import Column, Row


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
