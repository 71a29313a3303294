"""The one table: quick with a million rows, filtered, ordered, narrow, under the mouse."""

import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult

from explorer.progress import Cancellation
from explorer.report import Cell, Column, Row
from explorer.tui.rows import LazyRows, ListRows, RowQuery, choose
from explorer.tui.widgets.columns import SHORT_FORMS, fitting_columns
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from tests.support.machine import slowness

MILLION = 1_000_000
COLUMNS = (
    Column("number", "number", "right"),
    Column("name", "name", grows=True),
    Column("note", "note"),
)


def row(number: int) -> Row:
    return Row(
        str(number),
        (
            Cell(str(number), align="right", sort=number),
            Cell(f"symbol_{number}"),
            Cell("seen", "dim"),
        ),
    )


def million() -> LazyRows:
    def search(words: str, cancel: Cancellation) -> Sequence[int]:
        matches = []
        for number in range(MILLION):
            if number % 10_000 == 0:
                cancel.check()
            if words in f"symbol_{number}":
                matches.append(number)
        return matches

    return LazyRows(COLUMNS, MILLION, row, search)


class Holder(App[None]):
    """Nothing but a table."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.table = Table(**options)

    def compose(self) -> ComposeResult:
        yield Pane(self.table, "Rows")


@asynccontextmanager
async def holding(source: Any, size: tuple[int, int] = (60, 12), **options: Any) -> Any:
    app = Holder(**options)
    async with app.run_test(size=size) as pilot:
        app.table.show(source)
        app.table.focus()
        await pilot.pause()
        yield app, pilot


def drawn(table: Table) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


@pytest.mark.alone
async def test_a_million_rows_open_at_once_and_scroll() -> None:
    app = Holder()
    async with app.run_test(size=(60, 12)) as pilot:
        started = time.perf_counter()
        app.table.show(million())
        first = drawn(app.table)
        took = time.perf_counter() - started
        assert "symbol_0" in first[1]
        assert took < 0.5 * slowness(), "measuring 200 rows and drawing ten takes some 10 ms"
        app.table.focus()
        await pilot.press("end")
        assert app.table.row is not None
        assert app.table.row.key == str(MILLION - 1)
        assert "symbol_999999" in drawn(app.table)[-1]
        await pilot.press("home", "pagedown")
        assert 0 < app.table.cursor < 12


@pytest.mark.alone
async def test_a_long_search_runs_beside_the_keys() -> None:
    async with holding(million()) as (app, pilot):
        app.table.filter("99999")
        worst = 0.0
        while len(app.table.view) == MILLION:
            started = time.perf_counter()
            await pilot.press("down")
            worst = max(worst, time.perf_counter() - started)
        assert app.table.row is not None
        assert app.table.row.key == "99999"
        assert len(app.table.view) == 19
        assert worst < 1.0 * slowness(), "a key is answered while a million rows are searched"


async def test_a_newer_search_replaces_an_older_one() -> None:
    async with holding(million()) as (app, pilot):
        app.table.filter("1")
        app.table.filter("777777")
        while len(app.table.view) == MILLION:
            await pilot.pause()
        assert [app.table.source.row(index).key for index in app.table.view] == ["777777"]


async def test_too_many_rows_are_not_sorted_and_it_says_so() -> None:
    async with holding(million()) as (app, pilot):
        app.table.sort_by("number", descending=True)
        await pilot.pause()
        assert app.table.row_query == RowQuery()
        assert any("Filter first" in toast.message for toast in app._notifications)


async def test_order_by_key_and_by_a_click_on_the_title() -> None:
    rows = ListRows(COLUMNS, [row(number) for number in (3, 1, 2, 10)])
    async with holding(rows) as (app, pilot):
        table = app.table
        await pilot.click(table, offset=(6, 0))
        assert [table.source.row(index).key for index in table.view] == ["1", "2", "3", "10"]
        assert "number▲" in drawn(table)[0]
        await pilot.click(table, offset=(6, 0))
        assert [table.source.row(index).key for index in table.view] == ["10", "3", "2", "1"]
        assert "number▼" in drawn(table)[0]
        table.sort_next()
        table.sort_next()
        table.sort_next()
        assert table.row_query.sorted_by == ""


async def test_the_cursor_stays_on_its_row_when_rows_change() -> None:
    async with holding(ListRows(COLUMNS, [row(number) for number in range(10)])) as (app, pilot):
        await pilot.press("down", "down", "down")
        app.table.show(ListRows(COLUMNS, [row(number) for number in range(2, 10)]))
        assert app.table.row is not None
        assert app.table.row.key == "3"
        app.table.show(ListRows(COLUMNS, [row(number) for number in range(5)]), keep=False)
        assert app.table.cursor == 0
        app.table.show(ListRows(COLUMNS, []))
        assert app.table.row is None
        assert "Nothing here" in drawn(app.table)[0] + drawn(app.table)[1]


async def test_a_second_click_opens_and_a_first_does_not() -> None:
    opened: list[str] = []

    class Listening(Holder):
        def on_table_selected(self, event: Table.Selected) -> None:
            opened.append(event.row.key)

    app = Listening()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.show(ListRows(COLUMNS, [row(number) for number in range(5)]))
        await pilot.click(app.table, offset=(5, 3))
        assert app.table.cursor == 2
        assert not opened
        await pilot.click(app.table, offset=(5, 3), times=2)
        assert opened == ["2"]
        await pilot.press("enter")
        assert opened == ["2", "2"]


@pytest.mark.parametrize("room", [3, 8, 14, 20, 40, 200])
def test_columns_always_fit_and_what_matters_least_goes_first(room: int) -> None:
    source = ListRows(COLUMNS, [row(number) for number in range(50)])
    layout = fitting_columns(source, range(50), room, drops=("note",), floor=8)
    widths = [width for _, width in layout]
    assert sum(widths) + 2 * (len(widths) - 1) <= max(room, 3 * len(widths) + 2 * (len(widths) - 1))
    assert ("note" in [column.key for column in layout.columns]) == (room >= 8 + 8 + 5 + 4)
    if room >= 40:
        assert sum(widths) + 2 * (len(widths) - 1) == room


def test_a_column_is_not_shortened_to_leave_room_that_nothing_fills() -> None:
    names = "Debian 12 bookworm (glibc 2.36)", "RHEL 9 and its rebuilds (glibc 2.34)"
    reason = "dynamic, glibc's loader"
    rows = [Row(name, (Cell(name), Cell("✓ yes"), Cell(reason))) for name in (*names, "x" * 44)]
    columns = Column("system", "system"), Column("answer", ""), Column("reason", "", grows=True)
    layout = fitting_columns(ListRows(columns, rows), range(3), 74, drops=(), floor=8)
    widths = {column.key: width for column, width in layout}
    assert widths["system"] >= len(names[1])
    assert widths["reason"] == len(reason)


def test_the_reason_is_shortened_before_it_is_left_out() -> None:
    """Neovim's files on a screen of 120 cells: their names leave the reason 20."""
    reason = Cell("needs glibc's loader; gcompat?", short="needs glibc's loader")
    name = Cell("nvim-linux-x86_64.appimage.zsync")
    row = Row("a", (name, Cell("installer"), Cell("10.2 MB"), Cell("✗ as is"), reason))
    columns = (
        Column("name", "file", names_row=True),
        Column("kind", "kind"),
        Column("size", "size", width=8),
        Column("answer", "on musl", width=9),
        Column("fact", "because", grows=True),
    )
    drops = ("size", "fact", "kind")
    layout = fitting_columns(ListRows(columns, [row]), range(1), 76, drops=drops, floor=29)
    widths = {column.key: width for column, width in layout}
    assert widths == {"name": len(name.text), "kind": 9, "answer": 9, "fact": len(reason.short)}
    layout = fitting_columns(ListRows(columns, [row]), range(1), 75, drops=drops, floor=29)
    assert [column.key for column in layout.columns] == ["name", "kind", "answer"]


def test_names_that_begin_alike_are_all_whole_or_all_short() -> None:
    """As RoadRunner's: else one list would mix ``tool-1.0-linux.zip`` with ``…linux-musl.zip``."""
    cells = [
        Cell("tool-1.0-linux.zip", "strong", short="…linux.zip"),
        Cell("tool-1.0-linux-musl.zip", "strong", short="…linux-musl.zip"),
        Cell("plugin-for-tool-1.0-linux.zip", "strong", short="plugin…linux.zip"),
        Cell("tool-1.0-sums.txt", "dim", short="…sums.txt"),
    ]
    rows = [Row(cell.text, (cell, Cell("✓ yes"))) for cell in cells]
    columns = Column("name", "file", names_row=True), Column("answer", "on musl")

    def shown(room: int) -> list[str]:
        drops = (SHORT_FORMS,)
        layout = fitting_columns(ListRows(columns, rows), range(4), room, drops=drops, floor=8)
        return [layout.words(columns[0], cell, dict(layout)[columns[0]]) for cell in cells]

    assert shown(50) == [cell.text for cell in cells]
    whole = [cell.text for cell in cells]
    assert shown(36) == [*whole[:2], "plugin…linux.zip", whole[3]]
    assert shown(30) == ["…linux.zip", "…linux-musl.zip", "plugin…linux.zip", whole[3]]


def test_the_name_of_a_choice_is_whole_before_what_it_means() -> None:
    name = "localhost/rr-explorer-test/musl:1.2.5-amd64-libgcc"
    rows = [Row(name, (Cell(name), Cell("Alpine 3.24 (musl 1.2.6) with libgcc, libstdc++")))]
    columns = Column("title", "", names_row=True), Column("detail", "", grows=True)
    layout = fitting_columns(ListRows(columns, rows), range(1), 64, drops=(), floor=8)
    assert {column.key: width for column, width in layout}["title"] == len(name)


def test_choosing_orders_numbers_as_numbers() -> None:
    source = ListRows(COLUMNS, [row(number) for number in (10, 9, 100)])
    assert list(choose(source, RowQuery(sorted_by="name"), Cancellation())) == [1, 0, 2]
    assert list(choose(source, RowQuery(words="symbol_10"), Cancellation())) == [0, 2]


async def test_a_scrollbar_says_that_there_is_more() -> None:
    async with holding(million()) as (app, pilot):
        assert app.table.show_vertical_scrollbar
        assert not app.table.show_horizontal_scrollbar, (
            "columns that share the width do not scroll sideways"
        )
        assert app.table.scrollable_content_region.width == app.table.region.width - 1
        app.table.show(ListRows(COLUMNS, [row(number) for number in range(3)]), keep=False)
        await pilot.pause()
        assert not app.table.show_vertical_scrollbar
    wide = ListRows((Column("name", "name", width=200),), [Row("1", (Cell("x" * 200),))])
    async with holding(wide, fits=False) as (app, pilot):
        assert app.table.show_horizontal_scrollbar
        assert not app.table.show_vertical_scrollbar


async def test_the_highlight_ends_with_the_row() -> None:
    rows = [Row(str(number), (Cell("short"),)) for number in range(3)]
    source = ListRows((Column("name", "name"),), rows)
    async with holding(source, size=(60, 12), fits=False) as (app, _):
        strip = app.table.render_line(1)
        styles = [segment.style for segment in strip for _ in segment.text]
        other = [segment.style for segment in app.table.render_line(2)]
        assert styles[0] != other[0], "the row under the cursor has a background"
        assert styles[-1] == other[-1], "and it ends behind the last column"
