"""Strings, searches and hex lines, held against binutils' ``strings`` and ``xxd``."""

import re
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, FileSource
from explorer.content import (
    Finder,
    NeedleKind,
    StringIndex,
    StringScanner,
    hex_line,
    parse_needle,
    parse_offset,
    strings_of,
)
from explorer.errors import UsageError
from explorer.progress import Cancellation
from tests.support.binaries import binary


def printed(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, check=True, timeout=60)
    return done.stdout.decode("ascii")


@pytest.mark.parametrize("name", ["c-glibc", "go-static-arm64"])
def test_strings_are_those_of_binutils(name: str) -> None:
    path = binary(name)
    with FileSource(path) as source:
        ours = [f"{run.offset:7x} {run.text}" for run in strings_of(source)]
    assert ours == printed("strings", "-a", "-t", "x", path).splitlines()
    assert len(ours) > 20


def test_hex_lines_are_those_of_xxd() -> None:
    path = binary("c-glibc")
    data = path.read_bytes()
    ours = [hex_line(at, data[at : at + 16]) for at in range(0, len(data), 16)]
    assert ours == printed("xxd", path).splitlines()


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_strings_do_not_depend_on_the_pieces(data: bytes, cuts: list[int]) -> None:
    scanner = StringScanner()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    runs = [run for start, end in pairwise(places) for run in scanner.feed(data[start:end])]
    runs += scanner.feed(b"", last=True)
    expected = [(m.start(), m.group()) for m in re.finditer(rb"[\t\x20-\x7e]{4,}", data)]
    assert [(run.offset, run.text.encode()) for run in runs] == expected


def test_a_string_of_a_hundred_thousand_characters_is_one() -> None:
    data = b"\0" + b"x" * 600_000 + b"\0tail\0"
    first, second = strings_of(BytesSource(data))
    assert (first.offset, first.size, len(first.text)) == (1, 600_000, 4096)
    assert (second.offset, second.text) == (600_002, "tail")
    assert first.shown.endswith("xx…"), "a reader sees that it is cut"
    assert second.shown == "tail"


def test_an_index_gives_any_string_by_its_number() -> None:
    with FileSource(binary("go-static-arm64")) as source:
        index = StringIndex(source)
        index.read_all(Cancellation())
        every = list(strings_of(source))
        assert len(index) == len(every)
        for number in (0, 63, 64, len(every) // 2, len(every) - 1, 1):
            assert index.row(number) == every[number]
        words = index.search("RUNTIME goexit", Cancellation())
        assert words
        assert all("goexit" in every[number].text.casefold() for number in words)


def found(data: bytes, text: str, kind: NeedleKind, piece: int = 7) -> list[tuple[int, bytes]]:
    finder = Finder(parse_needle(text, kind))
    spots = [
        spot
        for at in range(0, len(data), piece)
        for spot in finder.feed(data[at : at + piece], last=at + piece >= len(data))
    ]
    return [(spot.offset, data[spot.offset : spot.offset + spot.size]) for spot in spots]


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=60), st.binary(min_size=1, max_size=3), st.integers(1, 9))
def test_bytes_are_found_wherever_the_pieces_end(data: bytes, part: bytes, piece: int) -> None:
    expected = [(m.start(), m.group()) for m in re.finditer(re.escape(part), data, re.DOTALL)]
    assert found(data, part.hex(" "), NeedleKind.HEX, piece) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (NeedleKind.TEXT, "alpha", [2, 21]),
        (NeedleKind.TEXT, "Alpha", [21]),
        (NeedleKind.REGEX, r"[Aa]l\w+ \d", [2, 21]),
        (NeedleKind.REGEX, r"\x00+al", [0]),
        (NeedleKind.HEX, "61 6c??68", [2]),
        (NeedleKind.HEX, "0x61,0x6c", [2]),
    ],
)
def test_three_kinds_of_needles(kind: NeedleKind, text: str, expected: list[int]) -> None:
    data = b"\0\0alpha 1 and beta \0\0Alpha 2"
    assert [offset for offset, _ in found(data, text, kind)] == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (NeedleKind.TEXT, ""),
        (NeedleKind.HEX, "7f4"),
        (NeedleKind.HEX, "zz"),
        (NeedleKind.REGEX, "("),
        (NeedleKind.REGEX, "a*"),
        (NeedleKind.REGEX, "(a+)+b"),
        (NeedleKind.REGEX, "(a|a)*b"),
        (NeedleKind.REGEX, "a*b*c*d*e"),
        (NeedleKind.REGEX, "((ab){2,})*c"),
    ],
)
def test_what_cannot_be_searched_for_says_so(kind: NeedleKind, text: str) -> None:
    with pytest.raises(UsageError):
        parse_needle(text, kind)


@settings(deadline=None)
@given(st.text(alphabet="ab()[]*+?{},1|\\.^$", max_size=12))
def test_any_expression_is_taken_or_refused(text: str) -> None:
    try:
        needle = parse_needle(text, NeedleKind.REGEX)
    except UsageError:
        return
    list(Finder(needle).feed(b"ab" * 50, last=True))


@pytest.mark.alone
@pytest.mark.parametrize("text", [r".*x", r"\x00*a.*b", r"a*a*a*b", r"(?:ab)+c"])
def test_no_piece_takes_long(text: str) -> None:
    """The interpreter's lock is held while a piece is searched, and a key would wait for it."""
    for filler in (b"a", b"\0", b"ab"):
        finder = Finder(parse_needle(text, NeedleKind.REGEX))
        piece = (filler * finder.needle.piece)[: finder.needle.piece]
        begun = time.perf_counter()
        list(finder.feed(piece))
        assert time.perf_counter() - begun < 0.5


@pytest.mark.parametrize(
    ("text", "offset"), [("624", 624), ("0x270", 624), ("4M", 4 << 20), (" 1k ", 1024)]
)
def test_offsets_as_people_write_them(text: str, offset: int) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize("text", ["", "-1", "0x", "1.5", "12q", "x"])
def test_what_is_no_offset(text: str) -> None:
    with pytest.raises(UsageError):
        parse_offset(text)
