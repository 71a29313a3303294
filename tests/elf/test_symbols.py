"""The symbol table by rows: real tables against pyelftools, and a million entries."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from explorer.bytesource import BytesSource, FileSource, PrefixSource
from explorer.elf import read, symbols
from explorer.elf.models import Elf
from explorer.errors import FormatError, OperationCancelledError
from explorer.progress import Cancellation
from tests.elf.crafted import many_symbols
from tests.support.binaries import binary

MILLION = 1_000_000


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("symbols") / "million.o"
    path.write_bytes(many_symbols(MILLION))
    return path


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("c-symbols", ".symtab"),
        ("go-symbols", ".symtab"),
        ("c-object", ".symtab"),
        ("cpp-glibc", ".dynsym"),
    ],
)
def test_rows_are_those_of_pyelftools(name: str, section: str) -> None:
    with FileSource(binary(name)) as source, binary(name).open("rb") as file:
        table = symbols(source)
        elf: Any = ELFFile(file)
        other = elf.get_section_by_name(section)
        assert table.title == section
        assert len(table) == other.num_symbols()
        for index, expected in islice(enumerate(other.iter_symbols()), 600):
            row = table.row(index)
            assert (row.index, row.value, row.size) == (
                index,
                expected["st_value"],
                expected["st_size"],
            )
            assert "STB_" + row.bind == expected["st_info"]["bind"]
            if row.type not in ("SECTION", "GNU_IFUNC"):
                assert row.name == expected.name
                assert "STT_" + row.type == expected["st_info"]["type"]


def test_versions_of_dynamic_symbols() -> None:
    with FileSource(binary("c-glibc-new")) as source:
        table = symbols(source)
        rows = {row.name: row for row in map(table.row, range(len(table)))}
    assert rows["__libc_start_main"].version == "GLIBC_2.34"
    assert rows["__libc_start_main"].section == "UND"


def test_stripped_headers_leave_the_dynamic_symbols() -> None:
    data = bytearray(binary("c-glibc").read_bytes())
    data[40:48] = bytes(8)
    data[58:64] = bytes(6)
    table = symbols(BytesSource(bytes(data)))
    assert table.title == ".dynsym"
    assert "__libc_start_main" in {table.row(i).name for i in range(len(table))}
    elf = read(BytesSource(bytes(data)), "bare").elf
    assert isinstance(elf, Elf)
    assert elf.symbol_count == len(table)


def test_no_symbols_at_all() -> None:
    with FileSource(binary("go-static-amd64")) as source:
        table = symbols(source)
    assert (len(table), table.title, list(table.search("x"))) == (0, "no symbols", [])
    with pytest.raises(IndexError):
        table.row(0)


def test_not_an_elf_file() -> None:
    with pytest.raises(FormatError, match="not ELF"):
        symbols(BytesSource(b"#!/bin/sh\n"))
    data = binary("c-symbols").read_bytes()
    with pytest.raises(FormatError, match="Download"):
        symbols(PrefixSource(data[:4096], len(data)))


def test_pyelftools_takes_the_million_table(million: Path) -> None:
    with million.open("rb") as file:
        elf: Any = ELFFile(file)
        table = elf.get_section_by_name(".symtab")
        assert table.num_symbols() == MILLION + 1
        assert table.get_symbol(MILLION).name == f"function_{MILLION - 1}"


@pytest.mark.alone
def test_a_million_open_at_once(million: Path) -> None:
    with FileSource(million) as source:
        begin = time.perf_counter()
        table = symbols(source)
        opened = time.perf_counter() - begin
        assert len(table) == MILLION + 1
        picked = range(1, MILLION, MILLION // 500)
        begin = time.perf_counter()
        rows = [table.row(index) for index in picked]
        each = (time.perf_counter() - begin) / len(rows)
    assert [row.name for row in rows] == [f"function_{index - 1}" for index in picked]
    assert rows[0].section == ".text"
    assert opened < 0.05
    assert each < 0.001


def test_search_in_a_million(million: Path) -> None:
    with FileSource(million) as source:
        table = symbols(source)
        found = table.search("TION_99999")
        assert [table.row(i).name for i in found[:2]] == ["function_99999", "function_999990"]
        assert len(found) == 11
        assert len(table.search("no such name")) == 0
        assert len(table.search("")) == MILLION + 1


def test_a_search_goes_by_small_pieces(million: Path) -> None:
    """A call into C holds the interpreter: a key would wait for a whole table of 24 MB."""

    class Watched(FileSource):
        longest = 0

        def read_at(self, offset: int, length: int) -> bytes:
            self.longest = max(self.longest, length)
            return super().read_at(offset, length)

    watched = Watched(million)
    with watched:
        symbols(watched).search("TION_99999")
    assert 0 < watched.longest <= 256 << 10


def test_search_can_be_cancelled(million: Path) -> None:
    cancel = Cancellation()
    cancel.cancel()
    with FileSource(million) as source:
        table = symbols(source)
        with pytest.raises(OperationCancelledError):
            table.search("function", cancel)


def test_search_is_what_looking_at_every_row_finds() -> None:
    with FileSource(binary("c-symbols")) as source:
        table = symbols(source)
        names = [table.row(i) for i in range(len(table))]
        for word in ("main", "MAIN", "_", "printf", "e"):
            expected = [
                row.index
                for row in names
                if word.lower() in row.name.lower() and row.type != "SECTION"
            ]
            assert [i for i in table.search(word) if names[i].type != "SECTION"] == expected


@pytest.mark.alone
def test_search_is_linear_in_a_table_without_ends() -> None:
    """4 MiB of one letter without a NUL: looking back for each name's beginning stays linear."""
    data = many_symbols(3)
    end = data.index(b"\0function_0")
    hostile = data[:end] + b"\0" + b"a" * (4 << 20)
    shoff = len(hostile) + -len(hostile) % 8
    headers = bytearray(data[-5 * 64 :])
    headers[3 * 64 + 32 : 3 * 64 + 40] = (4 << 20).to_bytes(8, "little")
    hostile = (
        hostile[:40]
        + shoff.to_bytes(8, "little")
        + hostile[48:].ljust(shoff - 48, b"\0")
        + bytes(headers)
    )
    table = symbols(BytesSource(hostile))
    begin = time.perf_counter()
    assert len(table) == 4
    table.search("a")
    table.search("aa")
    assert time.perf_counter() - begin < 3
    assert table.row(1).name.startswith("<")
