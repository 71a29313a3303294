"""The note by which another system recognises its programs is read with the head."""

import struct

import pytest

from explorer.bytesource import BytesSource, PrefixSource
from explorer.compat import Answer, find_target, judge
from explorer.elf import Elf, Scope, read
from explorer.facts import NotApplicable, Unknown
from tests.support.binaries import GO_HELLO, binary, go_build

SYSTEMS = {"freebsd": "FreeBSD", "netbsd": "NetBSD", "openbsd": "OpenBSD"}


def built(goos: str) -> bytes:
    """A Go program for one of the systems."""
    return go_build("hello", GO_HELLO, goos=goos).read_bytes()


def elf_of(data: bytes, size: int | Unknown | None = None, scope: Scope = Scope.HEAD) -> Elf:
    """The facts of a beginning of a file, or of all of it."""
    found = read(BytesSource(data) if size is None else PrefixSource(data, size), "it", scope)
    assert isinstance(found.elf, Elf)
    return found.elf


@pytest.mark.parametrize("goos", SYSTEMS)
def test_four_kib_tell_the_system_and_the_verdict(goos: str) -> None:
    data = built(goos)
    for scope in Scope:
        assert elf_of(data, scope=scope).os_note == SYSTEMS[goos]
    assert elf_of(data[:4096], len(data)).os_note == SYSTEMS[goos]
    assert elf_of(data[:4096], Unknown("nobody says")).os_note == SYSTEMS[goos]
    for source in (BytesSource(data), PrefixSource(data[:4096], len(data))):
        verdict = judge(read(source, "it", Scope.HEAD), find_target("musl"))
        assert verdict.answer is Answer.NO
        assert verdict.deciding.code == "elf.os"
        assert SYSTEMS[goos] in verdict.deciding.text


def test_before_the_note_it_is_unknown_and_says_how_far_it_is() -> None:
    data = built("freebsd")
    fact = elf_of(data[:2048], len(data)).os_note
    assert isinstance(fact, Unknown)
    assert fact.needs is not None
    assert elf_of(data[: fact.needs], len(data)).os_note == "FreeBSD"


@pytest.mark.parametrize(
    "name",
    ["go-static-amd64", "c-static", "c-glibc", "c-musl", "go-pie", "go-static-s390x", "upx-static"],
)
def test_linux_programs_have_none(name: str) -> None:
    assert isinstance(elf_of(binary(name).read_bytes()).os_note, NotApplicable)


def test_the_note_decides_where_the_headers_byte_says_nothing() -> None:
    data = bytearray(built("openbsd"))
    data[7] = 0  # EI_OSABI: what OpenBSD's own compilers write
    assert (
        judge(read(BytesSource(bytes(data)), "it"), find_target("musl")).deciding.code == "elf.os"
    )


def test_several_brands_are_a_program_for_all_of_them() -> None:
    data = bytearray(built("freebsd"))
    note = data.index(struct.pack("<III", 8, 4, 1) + b"FreeBSD\0")
    second = data.index(b"FreeBSD\0", note + 20)
    data[second : second + 8] = b"NetBSD\0\0"
    struct.pack_into("<I", data, second - 4, 1)
    fact = elf_of(bytes(data)).os_note
    assert isinstance(fact, NotApplicable)
    assert "FreeBSD, NetBSD" in fact.why


def test_notes_that_lie_brand_nothing() -> None:
    data = bytearray(built("freebsd"))
    note = data.index(struct.pack("<III", 8, 4, 1) + b"FreeBSD\0")
    struct.pack_into("<I", data, note, 0xFFFFFFFF)
    assert isinstance(elf_of(bytes(data)).os_note, NotApplicable)
