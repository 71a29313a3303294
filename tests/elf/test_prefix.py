"""On a prefix every fact is that of the whole file, or Unknown: never a different one."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, PrefixSource
from explorer.elf import Binary, Elf, Linkage, Scope, read
from explorer.facts import MISSING, Unknown
from tests.elf.facts import assert_agrees
from tests.support.binaries import RECIPES, binary

_WHOLE: dict[tuple[str, Scope], Binary] = {}
NAMES = sorted(RECIPES)


def whole(name: str, scope: Scope) -> tuple[bytes, Binary]:
    data = binary(name).read_bytes()
    if (name, scope) not in _WHOLE:
        _WHOLE[name, scope] = read(BytesSource(data), name, scope)
    return data, _WHOLE[name, scope]


class CountingSource:
    """A whole file that keeps what was asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.data[offset : offset + length]

    def read_some(self, offset: int, limit: int) -> bytes:
        return self.read_at(offset, limit)


@pytest.mark.parametrize("name", NAMES)
def test_cut_anywhere_it_agrees(name: str) -> None:
    data, full = whole(name, Scope.FULL)
    steps = [
        *range(0, 1100, 61),
        2048,
        4096,
        4097,
        16384,
        65536,
        len(data) // 2,
        len(data) * 9 // 10,
        len(data) - 64,
        len(data) - 1,
    ]
    for cut in steps:
        assert_agrees(read(PrefixSource(data[:cut], len(data)), name), full, f"{name} cut at {cut}")
        assert_agrees(
            read(PrefixSource(data[:cut], Unknown("no size")), name),
            full,
            f"{name} cut at {cut}, size unknown",
        )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scope", [Scope.HEAD, Scope.LINKAGE])
def test_a_smaller_scope_agrees(name: str, scope: Scope) -> None:
    assert_agrees(whole(name, scope)[1], whole(name, Scope.FULL)[1], f"{name} {scope}")


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    scope=st.sampled_from(list(Scope)),
    where=st.floats(0, 1),
    deep=st.booleans(),
)
def test_cut_by_chance_it_agrees(name: str, scope: Scope, where: float, deep: bool) -> None:
    data, full = whole(name, scope)
    cut = int(len(data) * where) if deep else int(len(data) ** where)
    assert_agrees(
        read(PrefixSource(data[:cut], len(data)), name, scope), full, f"{name} {scope} cut at {cut}"
    )


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    edits=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\xff", b"\1", b"\0\0\0\x80"]),
        ),
        min_size=1,
        max_size=6,
    ),
    head=st.booleans(),
    where=st.floats(0, 1),
)
def test_damaged_files_agree_too(
    name: str, edits: list[tuple[float, bytes]], head: bool, where: float
) -> None:
    data = bytearray(binary(name).read_bytes())
    for place, value in edits:
        at = 4 + int(place * ((1100 if head else len(data)) - 12))
        data[at : at + len(value)] = value
    damaged = bytes(data)
    full = read(BytesSource(damaged), name)
    cut = int(len(damaged) ** where)
    for scope in Scope:
        assert_agrees(
            read(PrefixSource(damaged[:cut], len(damaged)), name, scope),
            full,
            f"{name} {scope} cut at {cut}",
        )


@pytest.mark.parametrize("name", ["c-glibc", "go-pie", "c-static-pie", "go-static-arm64"])
def test_needs_is_enough(name: str) -> None:
    """Following ``needs`` step by step, as a peek does, ends with the whole file's linkage."""
    data, full = whole(name, Scope.LINKAGE)
    assert isinstance(full.elf, Elf)
    have = 512
    for _ in range(20):
        found = read(PrefixSource(data[:have], len(data)), name, Scope.LINKAGE)
        waits = (
            [found.elf]
            if isinstance(found.elf, Unknown)
            else [getattr(found.elf, f.name) for f in fields(Elf)]
        )
        needs = [
            fact.needs for fact in waits if isinstance(fact, Unknown) and fact.needs is not None
        ]
        if not needs:
            break
        assert min(needs) > have
        have = min(needs)
    assert isinstance(found.elf, Elf)
    assert (found.elf.linkage, found.elf.dynamic, found.elf.linking) == (
        full.elf.linkage,
        full.elf.dynamic,
        full.elf.linking,
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_head_is_one_small_read(name: str) -> None:
    data = binary(name).read_bytes()
    source = CountingSource(data)
    elf = read(source, name, Scope.HEAD).elf
    # Go puts its notes and PT_INTERP's string at the end of its first page.
    assert max(offset + length for offset, length in source.reads) <= (
        4096 if name.startswith("go-") else 1024
    )
    # Where the segments end before the file, the section headers are read: they describe the rest.
    sections = 64 * elf.header.shnum if isinstance(elf, Elf) else 0
    assert sum(length for _, length in source.reads) <= 8 + 1024 + 256 + sections


def test_1_kib_of_a_static_program_is_enough() -> None:
    for name in ("go-static-amd64", "go-static-arm64", "c-glibc", "c-musl"):
        data, full = whole(name, Scope.HEAD)
        found = read(PrefixSource(data[:1024], len(data)), name)
        assert isinstance(found.elf, Elf)
        assert isinstance(full.elf, Elf)
        assert found.elf.linkage == full.elf.linkage
        assert found.elf.linkage in (Linkage.STATIC, Linkage.DYNAMIC)
        assert found.elf.interpreter == full.elf.interpreter


def test_headers_moved_to_the_end_are_followed() -> None:
    """As patchelf leaves a file: e_phoff and PT_INTERP's p_offset point behind everything else."""
    data = bytearray(binary("c-glibc").read_bytes())
    count, phoff = int.from_bytes(data[56:58], "little"), int.from_bytes(data[32:40], "little")
    table = bytearray(data[phoff : phoff + 56 * count])
    path = b"/opt/compat/ld-linux.so\0"
    end = len(data) + -len(data) % 16
    for at in range(0, len(table), 56):
        if int.from_bytes(table[at : at + 4], "little") == 3:
            table[at + 8 : at + 16] = (end + len(table)).to_bytes(8, "little")
            table[at + 32 : at + 40] = len(path).to_bytes(8, "little")
    data[32:40] = end.to_bytes(8, "little")
    moved = bytes(data.ljust(end, b"\0") + table + path)
    source = CountingSource(moved)
    full = read(source, "moved", Scope.HEAD)
    assert isinstance(full.elf, Elf)
    assert (full.elf.interpreter, full.elf.linkage) == ("/opt/compat/ld-linux.so", Linkage.DYNAMIC)
    assert sum(length for _, length in source.reads) <= 8 + 1024 + len(table) + len(path)
    part = read(PrefixSource(moved[:end], len(moved)), "moved", Scope.HEAD)
    assert isinstance(part.elf, Elf)
    assert isinstance(part.elf.linkage, Unknown)
    assert part.elf.linkage.needs == end + len(table)


def test_an_unknown_size_leaves_open_whether_the_file_is_cut() -> None:
    data, full = whole("go-static-amd64", Scope.FULL)
    found = read(PrefixSource(data[:4096], Unknown("chunked")), "x", Scope.HEAD)
    assert isinstance(found.elf, Elf)
    assert isinstance(found.elf.linkage, Unknown)
    assert isinstance(full.elf, Elf)
    assert not isinstance(full.elf.linkage, MISSING)
