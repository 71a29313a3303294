"""Files that lie: no error but the format error, no hang, no memory by what a header claims."""

import contextlib
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import ByteSource, BytesSource, StreamSource
from explorer.elf import Binary, Elf, Linkage, Scope, read, symbols
from explorer.errors import FormatError, OperationCancelledError
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.progress import Cancellation
from tests.elf.crafted import Program
from tests.support.binaries import RECIPES, binary

SMALL = sorted(name for name in RECIPES if name.startswith("c-") and name != "c-symbols")
HUGE = [
    b"\xff" * 8,
    b"\xff" * 4,
    b"\xff\xff",
    b"\0" * 8,
    b"\0",
    b"\0\0\0\0\0\0\0\x80",
    b"\xff\xff\xff\x7f",
    b"\1",
]
SECONDS = 3.0
MEMORY = 64 << 20


def read_all(data: bytes) -> Binary:
    """Everything that can be asked of a file, within the limits of time and memory."""
    begin = time.perf_counter()
    found = read(BytesSource(data), "hostile")
    with contextlib.suppress(FormatError):
        table = symbols(BytesSource(data))
        for index in range(0, len(table), max(1, len(table) // 20)):
            table.row(index)
        table.search("main")
    assert time.perf_counter() - begin < SECONDS
    return found


def elf_of(data: bytes) -> Elf:
    elf = read_all(data).elf
    assert isinstance(elf, Elf)
    return elf


def patched(name: str, *edits: tuple[int, bytes]) -> bytes:
    data = bytearray(binary(name).read_bytes())
    for at, value in edits:
        data[at : at + len(value)] = value
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(SMALL),
    edits=st.lists(
        st.tuples(
            st.integers(4, 1 << 14), st.sampled_from(HUGE) | st.binary(min_size=1, max_size=8)
        ),
        max_size=12,
    ),
    keep=st.none() | st.integers(0, 1 << 14),
)
def test_mutated_real_files(name: str, edits: list[tuple[int, bytes]], keep: int | None) -> None:
    data = bytearray(binary(name).read_bytes())
    for at, value in edits:
        at = 4 + at % (len(data) - 12)
        data[at : at + len(value)] = value
    read_all(bytes(data[:keep]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_after_the_magic(rest: bytes) -> None:
    found = read_all(b"\x7fELF" + rest)
    assert isinstance(found.elf, Elf)
    assert found.elf.linkage is not Linkage.STATIC or len(rest) > 100


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert read_all(data).detail


@settings(max_examples=150, deadline=None)
@given(
    entries=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    1,
                    4,
                    5,
                    6,
                    7,
                    8,
                    10,
                    14,
                    17,
                    18,
                    20,
                    23,
                    2,
                    29,
                    0x6FFFFEF5,
                    0x6FFFFFFE,
                    0x6FFFFFFC,
                    0x6FFFFFF0,
                ]
            ),
            st.integers(0, 700) | st.integers(0, 2**64 - 1),
        )
    ),
    rest=st.binary(max_size=400),
)
def test_any_dynamic_section(entries: list[tuple[int, int]], rest: bytes) -> None:
    program = Program(type=3, segments=[(2, 6, 0, 0, 8)])
    words = b"".join(
        struct.pack("<QQ", tag, value + 0x400000 if value < 1000 else value)
        for tag, value in entries
    ) + bytes(16)
    program.segments = [(2, 6, program.start, len(words), 8)]
    program.body = words + rest
    read_all(program.build())


@pytest.mark.parametrize(
    ("name", "edit", "sentence"),
    [
        ("c-object", (4, b"\7"), "EI_CLASS is 7"),
        ("c-object", (5, b"\0"), "EI_DATA 0"),
        ("c-glibc", (16, b"\x63\0"), "e_type is 99"),
        ("c-glibc", (54, b"\x20\0"), "e_phentsize is 32"),
        ("c-glibc", (56, b"\xff\xff"), "65535 program headers"),
        ("c-glibc", (56, b"\0\0"), "no program headers"),
        ("c-glibc", (32, b"\xff" * 8), "program header table lies outside"),
    ],
)
def test_broken_says_why(name: str, edit: tuple[int, bytes], sentence: str) -> None:
    elf = elf_of(patched(name, edit))
    assert elf.linkage is Linkage.BROKEN
    assert any(sentence in problem for problem in elf.problems), elf.problems


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ((4, b"\7"), "EI_CLASS is 7"),
        ((4, b"\1"), "EI_CLASS is 1"),
        ((5, b"\0"), "EI_DATA is 0"),
        ((5, b"\2"), "EI_DATA is 2"),
        ((6, b"\0"), "EI_VERSION is 0"),
        ((52, b"\0\0"), "e_ehsize is 0"),
    ],
)
def test_what_linux_does_not_read_is_odd_and_no_more(edit: tuple[int, bytes], field: str) -> None:
    elf = elf_of(patched("c-glibc", edit))
    assert elf.linkage is Linkage.DYNAMIC
    assert (elf.header.bits, elf.header.little_endian, elf.header.arch) == (64, True, "amd64")
    assert elf.header.unread[0].startswith(field)


def test_cut_files_are_broken_and_say_where() -> None:
    data = binary("c-glibc").read_bytes()
    elf = elf_of(data[: len(data) // 2])
    assert elf.linkage is Linkage.BROKEN
    assert "the file is cut" in elf.problems[0]
    header_only = elf_of(b"\x7fELF\2\1\1")
    assert header_only.linkage is Linkage.BROKEN
    assert "ends inside the ELF header" in header_only.problems[0]
    assert isinstance(header_only.sections, NotApplicable)


def test_needed_without_an_interpreter_is_broken() -> None:
    """PT_INTERP overwritten with PT_NULL: nobody would load the libraries."""
    data = bytearray(binary("c-glibc").read_bytes())
    for at in range(64, 64 + 56 * data[56], 56):
        if data[at] == 3 and not any(data[at + 1 : at + 4]):
            data[at] = 0
    elf = elf_of(bytes(data))
    assert elf.linkage is Linkage.BROKEN
    assert "DT_NEEDED" in elf.problems[0]


@pytest.mark.parametrize("content", [b"x" * 28, b"\0", b""])
def test_an_interpreter_that_does_not_end(content: bytes) -> None:
    program = Program(type=3, segments=[(3, 4, 0, 0, 1)])
    program.segments = [(3, 4, program.start, len(content), 1)]
    program.body = content
    elf = elf_of(program.build())
    assert elf.linkage is Linkage.BROKEN
    assert isinstance(elf.interpreter, NotApplicable)


def dynamic_program(entries: list[tuple[int, int]], tail: Callable[[Program, int], bytes]) -> bytes:
    """A PIE with a dynamic section; values under 2**32 are offsets into ``tail``, and mapped."""
    size = 16 * (len(entries) + 1)
    program = Program(type=3, segments=[(2, 6, 0, size, 8)])
    program.segments = [(2, 6, program.start, size, 8)]
    words = b"".join(
        struct.pack(
            "<QQ",
            tag,
            program.address(size + value)
            if tag in (4, 5, 6, 7, 23, 0x6FFFFEF5, 0x6FFFFFFE, 0x6FFFFFFC)
            else value,
        )
        for tag, value in entries
    )
    program.body = words + bytes(16) + tail(program, size)
    return program.build()


LIES = {
    "a hash table of 4 billion symbols": (
        [(4, 0), (6, 0), (5, 0)],
        struct.pack("<II", 1, 0xFFFFFFFF) + bytes(64),
    ),
    "4 billion buckets": (
        [(0x6FFFFEF5, 0), (6, 0), (5, 0)],
        struct.pack("<IIII", 0xFFFFFFFF, 1, 1, 6) + bytes(64),
    ),
    "a bloom filter of 2**32 words": (
        [(0x6FFFFEF5, 0), (6, 0), (5, 0)],
        struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 6) + bytes(64),
    ),
    "a chain that never ends": (
        [(0x6FFFFEF5, 0), (6, 0), (5, 0)],
        struct.pack("<IIIIQI", 1, 1, 1, 6, 0, 1) + bytes(4096),
    ),
    "relocations of 2**63 bytes": ([(7, 0), (8, 2**63), (6, 0), (5, 0)], bytes(240)),
    "a relocation of symbol 2**31": (
        [(7, 0), (8, 24), (6, 0), (5, 0)],
        struct.pack("<QQQ", 0, (2**31 << 32) | 6, 0),
    ),
    "a version list that is its own next": (
        [(0x6FFFFFFE, 0), (0x6FFFFFFF, 2**60), (6, 0), (5, 0)],
        struct.pack("<HHIII", 1, 0xFFFF, 0, 0, 16) * 4096,
    ),
    "a version that counts back": (
        [(0x6FFFFFFE, 0), (0x6FFFFFFF, 9), (6, 0), (5, 0)],
        struct.pack("<HHIII", 1, 1, 0, 0xFFFFFFFF, 0xFFFFFFF0),
    ),
    "definitions in each other": (
        [(0x6FFFFFFC, 0), (0x6FFFFFFD, 2**40), (6, 0), (5, 0)],
        struct.pack("<HHHHIII", 1, 0, 2, 1, 0, 4, 4) * 4096,
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_tables_that_lie(lie: str) -> None:
    entries, data = LIES[lie]
    whole = dynamic_program(entries, lambda _program, _size: data)
    tracemalloc.start()
    try:
        elf = elf_of(whole)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert isinstance(elf.linking, Unknown)
    assert elf.linking.needs is None
    assert elf.problems


def test_a_thousand_segments_over_the_same_bytes_cost_one_search() -> None:
    program = Program(body=bytes(1 << 20))
    program.segments = [(1, 4 + 2 * (n % 2), 0, 0, 1) for n in range(1100)]
    start = program.start
    program.segments = [(1, 4 + 2 * (n % 2), start + n, (1 << 20) - 2 * n, 1) for n in range(1100)]
    elf = elf_of(program.build())
    assert elf.linkage is Linkage.STATIC
    assert elf.is_go is False


def overlapping_names(count: int, length: int) -> bytes:
    """``count`` exported symbols whose names end at the same NUL, each a byte shorter."""
    table = bytes(24) + b"".join(
        struct.pack("<IBBHQQ", 1 + index % length, 0x12, 0, 1, 0, 0) for index in range(count)
    )
    hashes = struct.pack("<II", 1, count + 1) + bytes(4 * (count + 2))
    names = b"\0" + b"n" * length + b"\0"
    entries = [(4, 0), (6, len(hashes)), (5, len(hashes) + len(table)), (10, len(names))]
    return dynamic_program(entries, lambda _program, _size: hashes + table + names)


def test_names_that_share_their_bytes_have_a_budget() -> None:
    data = overlapping_names(40_000, 60_000)
    tracemalloc.start()
    try:
        elf = read(BytesSource(data), "names").elf
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert isinstance(elf, Elf)
    assert isinstance(elf.linking, Unknown)
    assert "MiB" in elf.linking.why


def test_section_headers_that_lie() -> None:
    data = bytearray(binary("c-symbols").read_bytes())
    whole = elf_of(bytes(data))
    shoff = int.from_bytes(data[40:48], "little")
    assert not isinstance(whole.sections, MISSING)
    symtab = next(s for s in whole.sections if s.name == ".symtab")
    at = shoff + 64 * symtab.index
    data[at + 32 : at + 40] = b"\xff" * 7 + b"\x7f"
    elf = elf_of(bytes(data))
    assert not isinstance(elf.symbol_count, MISSING)
    assert elf.symbol_count <= len(data) // 24
    extended = bytearray(binary("c-symbols").read_bytes())
    extended[60:62] = bytes(2)
    extended[shoff + 32 : shoff + 40] = b"\xff" * 7 + b"\x7f"
    assert any("claims more" in p for p in elf_of(bytes(extended)).problems)


def test_notes_that_lie() -> None:
    for note in (
        b"\xff" * 12,
        struct.pack("<III", 4, 0xFFFFFFF0, 3) + b"GNU\0",
        struct.pack("<III", 0, 0, 0) * 5000,
    ):
        program = Program(segments=[(4, 4, 0, 0, 4)])
        program.segments = [(4, 4, program.start, len(note), 4)]
        program.body = note
        elf = elf_of(program.build())
        assert isinstance(elf.build_id, NotApplicable)
        assert any("note" in problem for problem in elf.problems)


def test_text_from_the_file_has_no_lone_surrogate() -> None:
    data = binary("c-needs").read_bytes().replace(b"libanswer.so.1", b"lib\xff\xed\xa0\x80swer.so")
    elf = elf_of(data)
    assert not isinstance(elf.dynamic, MISSING)
    assert elf.dynamic.needed[0] == "lib\\xff\\xed\\xa0\\x80swer.so"
    elf.dynamic.needed[0].encode()


@pytest.mark.parametrize("scope", list(Scope))
def test_cancelled(scope: Scope) -> None:
    cancel = Cancellation()
    cancel.cancel()
    with pytest.raises(OperationCancelledError):
        read(BytesSource(binary("c-glibc").read_bytes()), "x", scope, cancel)


def test_a_stream_that_ends_early() -> None:
    """An archive's member that says 1 MiB and has 600 bytes."""
    data = binary("c-glibc").read_bytes()[:600]
    rest = [data]
    source: ByteSource = StreamSource(lambda n: rest.pop() if rest else b"", 1 << 20)
    found = read(source, "cut member")
    assert isinstance(found.elf, Elf)
