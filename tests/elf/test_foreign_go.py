"""Go's build info in PE and Mach-O files, held against ``go version -m``."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, FileSource, PrefixSource
from explorer.elf import Binary, FileFormat, GoBuild, Scope, read, with_tables
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.progress import Cancellation
from tests.elf.crafted import framed
from tests.elf.test_go import as_go_prints, module
from tests.support.binaries import GO_HELLO, go_build
from tests.support.macho import universal

PLATFORMS = [
    ("windows", "amd64"),
    ("windows", "arm64"),
    ("windows", "386"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
]


def hello(goos: str, goarch: str) -> Path:
    return go_build("hello", GO_HELLO, goos=goos, goarch=goarch)


def binary_of(path: Path) -> Binary:
    with FileSource(path) as source:
        return read(source, path.name)


@pytest.mark.parametrize(("goos", "goarch"), PLATFORMS)
def test_as_go_itself_reads_it(goos: str, goarch: str) -> None:
    path = hello(goos, goarch)
    binary, expected = binary_of(path), as_go_prints(path)
    assert binary.format is (FileFormat.PE if goos == "windows" else FileFormat.MACHO)
    build = binary.go
    assert isinstance(build, GoBuild)
    assert build.version == expected["GoVersion"]
    assert build.path == expected["Path"]
    assert not isinstance(build.main, MISSING)
    assert module(build.main) == expected["Main"]
    assert [{"Key": key, "Value": value} for key, value in build.settings] == expected["Settings"]
    assert (build.setting("GOOS"), build.setting("GOARCH")) == (goos, goarch)


def few_bytes_of(path: Path) -> Binary:
    """What the places tell where linkers put build info."""
    with FileSource(path) as source:
        return with_tables(read(source, path.name, Scope.HEAD), source, Cancellation())


@pytest.mark.parametrize(("goos", "goarch"), PLATFORMS)
def test_a_few_bytes_tell_it(goos: str, goarch: str) -> None:
    path = hello(goos, goarch)
    assert few_bytes_of(path).foreign_go == binary_of(path).foreign_go


CPUS = {"amd64": 0x01000007, "arm64": 0x0100000C}
"""``CPU_TYPE_X86_64`` and ``CPU_TYPE_ARM64`` in ``mach/machine.h``."""


def test_each_architecture_of_a_universal_file_is_read(tmp_path: Path) -> None:
    thin = {arch: hello("darwin", arch) for arch in CPUS}
    for arches in (("amd64", "arm64"), ("arm64", "amd64")):
        for wide in (False, True):
            path = tmp_path / f"{arches[0]}{wide}"
            parts = [(CPUS[arch], thin[arch].read_bytes()) for arch in arches]
            path.write_bytes(universal(*parts, wide=wide))
            binary = binary_of(path)
            assert tuple(each.arch for each in binary.slices) == arches
            assert few_bytes_of(path).slices == binary.slices
            for arch in arches:
                assert binary.for_arch(arch).go == binary_of(thin[arch]).foreign_go
            assert binary.go == binary.slices[0].go
            assert binary.for_arch("riscv64") == binary
            if not wide:  # go's debug/macho does not know the 64-bit header
                rows: list[dict[str, str]] = as_go_prints(path)["Settings"]  # type: ignore[assignment]
                assert {"Key": "GOARCH", "Value": arches[0]} in rows


def test_a_universal_file_that_is_damaged_says_so() -> None:
    program = macho(with_pointers(0x100001000))
    shared = universal((7, program), (12, program))
    shared = shared[:36] + shared[16:20] + shared[40:]  # both at the first one's offset
    first, second = read(BytesSource(shared), "x").slices
    assert isinstance(first.go, GoBuild)
    assert second.go == Unknown("it overlaps another architecture of the file")
    cut = read(BytesSource(universal((7, program), (12, program))[:-0x3000]), "x")
    assert isinstance(cut.slices[1].go, (Unknown, GoBuild))
    gone = read(BytesSource(universal((7, program), (12, program))[:0x8000]), "x")
    assert isinstance(gone.slices[1].go, Unknown)


def pe(section: bytes, name: bytes = b".data") -> bytes:
    """A PE32+ file with one section."""
    header = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    header += struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, 112, 2)
    header += struct.pack("<H22xQ", 0x20B, 0x140000000).ljust(112, b"\0")
    header += struct.pack(
        "<8sIIII12xI", name, len(section), 0x1000, len(section), 0x200, 0xC0000040
    )
    return header.ljust(0x200, b"\0") + section


def macho(segment: bytes) -> bytes:
    """A 64-bit Mach-O file with one segment."""
    header = struct.pack("<IIIIIIII", 0xFEEDFACF, 0x01000007, 3, 2, 1, 72, 0, 0)
    header += struct.pack(
        "<II16sQQQQIIII",
        *(0x19, 72, b"__DATA", 0x100001000, len(segment), 0x200, len(segment), 3, 3, 0, 0),
    )
    return header.ljust(0x200, b"\0") + segment


def with_pointers(base: int) -> bytes:
    """Build info as Go 1.17 wrote it, to be mapped at ``base``."""
    version, modinfo = b"go1.17.13", framed("path\texample.test/old\n")
    strings = struct.pack("<QQQQ", base + 64, len(version), base + 80, len(modinfo))
    head = b"\xff Go buildinf:\x08\0" + struct.pack("<QQ", base + 32, base + 48)
    return (head + strings + version).ljust(80, b"\0") + modinfo


@pytest.mark.parametrize(("make", "base"), [(pe, 0x140001000), (macho, 0x100001000)])
def test_pointers_as_go_1_17_wrote_them(make: Callable[[bytes], bytes], base: int) -> None:
    build = read(BytesSource(make(with_pointers(base))), "old").go
    assert isinstance(build, GoBuild)
    assert (build.version, build.path) == ("go1.17.13", "example.test/old")


def test_what_is_not_there_says_why() -> None:
    assert read(BytesSource(pe(bytes(64))), "x").go == NotApplicable("not a Go program")
    packed = read(BytesSource(pe(with_pointers(0x140001000), b"UPX0")), "x").go
    assert isinstance(packed, Unknown)
    assert "UPX" in packed.why
    runtime = read(BytesSource(macho(b"\0runtime.goexit\0".ljust(64, b"\0"))), "x").go
    assert runtime == NotApplicable("no Go build info: it was stripped")
    script = read(BytesSource(b"#!/bin/sh\n"), "x").go
    assert isinstance(script, NotApplicable)


def test_a_part_of_the_file_does_not_know() -> None:
    data = pe(with_pointers(0x140001000))
    assert isinstance(read(PrefixSource(data[:0x204], len(data)), "x").go, Unknown)
    assert isinstance(read(BytesSource(data), "x", Scope.HEAD).go, Unknown)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([pe(with_pointers(0x140001000)), macho(with_pointers(0x100001000))]),
    st.integers(0, 0x280),
    st.binary(min_size=1, max_size=24),
)
def test_damaged_headers_are_never_a_crash(data: bytes, offset: int, junk: bytes) -> None:
    damaged = data[:offset] + junk + data[offset + len(junk) :]
    binary = read(BytesSource(damaged), "damaged")
    assert isinstance(binary.go, (GoBuild, Unknown, NotApplicable))
    for wide in (False, True):
        file = universal((7, damaged), (12, data), wide=wide)
        file = file[: offset // 8] + junk + file[offset // 8 + len(junk) :]
        binary = read(BytesSource(file), "damaged")
        for each in binary.slices:
            assert isinstance(each.go, (GoBuild, Unknown, NotApplicable))
    assert isinstance(binary.go, (GoBuild, Unknown, NotApplicable))
