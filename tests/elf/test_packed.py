"""Packed programs: recognised by UPX's structure, and seen through."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, FileSource, PrefixSource
from explorer.elf import Elf, Linkage, PackedProgram, Scope, read
from explorer.elf.head import read_head
from explorer.elf.nrv import NrvError, decompress
from explorer.elf.upx import Upx, read_beginning, read_upx
from explorer.elf.view import View
from explorer.facts import NotApplicable, Unknown
from tests.support.binaries import binary
from tests.support.upx import packed

METHODS = {"--lzma": "LZMA", "--nrv2b": "NRV2B", "--nrv2d": "NRV2D", "--nrv2e": "NRV2E"}
STATIC = ("go-static-amd64", "go-static-arm64", "go-static-386", "go-static-arm", "go-static-mips")
GLIBC_LOADER = "/lib64/ld-linux-x86-64.so.2"


def elf_of(data: bytes, scope: Scope = Scope.HEAD) -> Elf:
    elf = read(BytesSource(data), "packed", scope).elf
    assert isinstance(elf, Elf)
    return elf


def inside(path: Path, scope: Scope = Scope.HEAD) -> PackedProgram:
    elf = elf_of(path.read_bytes(), scope)
    assert elf.linkage is Linkage.PACKED
    assert elf.packer == "UPX"
    assert isinstance(elf.packed, PackedProgram)
    return elf.packed


@pytest.mark.parametrize("option", METHODS)
@pytest.mark.parametrize("name", STATIC)
def test_a_static_program_inside(name: str, option: str) -> None:
    program = inside(packed(binary(name), option))
    assert program.linkage is Linkage.STATIC
    assert isinstance(program.interpreter, NotApplicable)
    assert program.method == METHODS[option]
    assert program.size == binary(name).stat().st_size


@pytest.mark.parametrize("option", METHODS)
@pytest.mark.parametrize("name", ["go-cgo-glibc", "cpp-glibc", "c-symbols"])
def test_a_dynamic_program_inside_and_its_loader(name: str, option: str) -> None:
    program = inside(packed(binary(name), option), Scope.FULL)
    assert (program.linkage, program.interpreter) == (Linkage.DYNAMIC, GLIBC_LOADER)


def test_a_static_pie_inside() -> None:
    program = inside(packed(binary("c-static-pie"), "--nrv2e"))
    assert program.linkage is Linkage.STATIC_PIE


@pytest.mark.parametrize("option", METHODS)
def test_what_is_unpacked_is_the_original(option: str) -> None:
    """The first segment of this program is not executable, so UPX applies no filter to it."""
    original = binary("cpp-glibc").read_bytes()
    with FileSource(packed(binary("cpp-glibc"), option)) as source:
        view = View(source)
        head = read_head(view)
        upx = read_upx(view, head)
        assert isinstance(upx, Upx)
        assert original.startswith(upx.head)
        assert read_beginning(view, head, upx, 60_000) == original[:60_000]


def test_the_mark_alone_makes_nothing_packed() -> None:
    data = bytearray(binary("go-static-amd64").read_bytes())
    data[600:604] = b"UPX!"
    elf = elf_of(bytes(data))
    assert elf.linkage is Linkage.STATIC
    assert isinstance(elf.packer, NotApplicable)


@pytest.mark.parametrize("option", METHODS)
def test_without_its_mark_it_is_packed_all_the_same(option: str) -> None:
    data = packed(binary("go-static-amd64"), option).read_bytes()
    for mark in (b"\0\0\0\0", b"ABCD"):
        assert elf_of(data.replace(b"UPX!", mark)).linkage is Linkage.PACKED


@pytest.mark.parametrize("option", METHODS)
def test_damaged_headers_inside_are_unknown(option: str) -> None:
    data = bytearray(packed(binary("go-static-amd64"), option).read_bytes())
    start = 64 + 56 * int.from_bytes(data[56:58], "little") + 36
    data[start : start + 64] = b"\xff" * 64
    elf = elf_of(bytes(data))
    assert isinstance(elf.packed, PackedProgram)
    assert isinstance(elf.packed.linkage, Unknown)


@pytest.mark.parametrize("name", ["go-static-amd64", "go-cgo-glibc"])
@pytest.mark.parametrize("option", METHODS)
def test_a_prefix_says_the_same_or_that_it_does_not_know(name: str, option: str) -> None:
    data = packed(binary(name), option).read_bytes()
    whole = elf_of(data).packed
    assert isinstance(whole, PackedProgram)
    for length in (*range(0, 1400, 7), len(data)):
        binary_facts = read(PrefixSource(data[:length], len(data)), "part", Scope.HEAD)
        if not isinstance(binary_facts.elf, Elf):
            continue
        part = binary_facts.elf.packed
        if isinstance(part, PackedProgram):
            assert part.linkage == whole.linkage
            assert isinstance(part.interpreter, Unknown) or part.interpreter == whole.interpreter
        else:
            assert isinstance(part, Unknown)


@given(st.binary(max_size=400), st.sampled_from(["2b", "2d", "2e"]), st.sampled_from([1, 2, 4]))
def test_any_bytes_unpack_or_are_damaged(data: bytes, variant: str, unit: int) -> None:
    with contextlib.suppress(NrvError):
        assert len(decompress(data, 4096, variant, unit)) <= 4096


@given(st.data())
def test_a_packed_program_with_any_bytes_behind_its_headers(draw: st.DataObject) -> None:
    data = bytearray(packed(binary("go-static-amd64"), "--lzma").read_bytes()[:2048])
    start = 64 + 56 * int.from_bytes(data[56:58], "little")
    junk = draw.draw(st.binary(min_size=1, max_size=200))
    offset = start + draw.draw(st.integers(0, 150))
    data[offset : offset + len(junk)] = junk
    facts = read(PrefixSource(bytes(data), 480_000), "junk", Scope.LINKAGE)
    assert isinstance(facts.elf, Elf)
    assert isinstance(facts.elf.packed, (PackedProgram, Unknown, NotApplicable))
