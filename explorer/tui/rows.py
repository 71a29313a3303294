"""Where a table's rows come from: a list, or a million rows decoded when they are drawn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from explorer.progress import Cancellation
from explorer.tui.responsiveness.deferred_import import report

if TYPE_CHECKING:
    from explorer.report import Column, Row

QUICK = 5_000
"""Rows that are searched and sorted at once; more are searched in a thread."""
SORTABLE = 100_000
"""Rows that are sorted at all: decoding a million names takes seconds. Filter first."""


class RowSource(Protocol):
    """Rows by number. ``row`` is called for what is on the screen and must be quick."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns."""

    def __len__(self) -> int:
        """The number of rows."""

    def row(self, index: int) -> Row:
        """One row; its cells are in the columns' order."""

    def index_of(self, key: str) -> int | None:
        """The number of the row with this key; None if there is none, or it is not known."""

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        """The numbers of the rows that contain all the words, ascending.

        Raises:
            OperationCancelledError: another search has replaced this one.
        """


def matching(rows: Iterable[Row], words: str, cancel: Cancellation) -> Sequence[int]:
    """The numbers of the rows that contain all the words, whatever their case.

    If there are none: of those that contain the letters of each word, a few others between them.

    Raises:
        OperationCancelledError: as for ``RowSource.search``.
    """
    wanted = words.casefold().split()
    matches: list[int] = []
    nearly: list[int] = []
    for index, row in enumerate(rows):
        if index % 100 == 0:
            cancel.check()
        line = " ".join(cell.text for cell in row.cells).casefold()
        if all(word in line for word in wanted):
            matches.append(index)
        elif not matches and all(contains_nearly(line, word) for word in wanted):
            nearly.append(index)
    return matches or nearly


def contains_nearly(line: str, word: str) -> bool:
    """Whether the letters of ``word`` follow each other in ``line``, up to two others between.

    ``lnxarm`` is nearly in ``linux-arm64``.
    """
    places = dict.fromkeys(word, 0)  # of each letter: bit n is set where it is letter n
    for place, letter in enumerate(line):
        if letter in places:
            places[letter] |= 1 << place
    ends = places[word[0]]
    for letter in word[1:]:
        ends = (ends << 1 | ends << 2 | ends << 3) & places[letter]
        if not ends:
            return False
    return bool(ends)


class ListRows:
    """Rows of a list."""

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

    def index_of(self, key: str) -> int | None:
        return next((number for number, row in enumerate(self._rows) if row.key == key), None)

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        return matching(self._rows, words, cancel)


class LazyRows:
    """Rows made one by one and searched by their owner (a symbol table)."""

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

    def index_of(self, key: str) -> int | None:
        return None

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        return self._search(words, cancel)


NO_ROWS = ListRows((), ())


@dataclass(frozen=True, slots=True)
class RowQuery:
    """What the user wants to see of the rows."""

    words: str = ""
    """Only rows that contain all of them."""
    sorted_by: str = ""
    """A column's key; empty for the source's own order."""
    descending: bool = False


def choose(source: RowSource, query: RowQuery, cancel: Cancellation) -> Sequence[int]:
    """The numbers of the rows to show, in order.

    Raises:
        OperationCancelledError: another view has been asked for.
    """
    numbers = source.search(query.words, cancel) if query.words.strip() else range(len(source))
    place = next(
        (number for number, column in enumerate(source.columns) if column.key == query.sorted_by),
        None,
    )
    if place is None or len(numbers) > SORTABLE:
        return numbers

    def key(index: int) -> tuple[int, float, tuple[str, ...]]:
        cancel.check()
        return source.row(index).cells[place].sort_key

    return sorted(numbers, key=key, reverse=query.descending)


def place_of(number: int | None, numbers: Sequence[int], is_sorted: bool, default: int) -> int:
    """The place of a source's row in a view; ``default`` if it is not in the view.

    ``is_sorted``: the view is in another order than the source.
    """
    if number is None:
        return default
    if is_sorted:
        return numbers.index(number) if number in numbers else default
    place = bisect_left(numbers, number)
    return place if place < len(numbers) and numbers[place] == number else default


def cells_of(row: Row, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Title and full text of each cell that is not empty."""
    cells = zip(columns, row.cells, strict=False)
    return [
        (column.title, cell.text)
        for column, cell in cells
        if cell is not report.EMPTY and cell.text
    ]
