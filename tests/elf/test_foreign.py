"""Files that are no ELF are recognised and named."""

import gzip
import struct

import pytest

from explorer.bytesource import BytesSource, FileSource, PrefixSource
from explorer.elf import FileFormat, read
from explorer.facts import NotApplicable, Unknown
from tests.support.binaries import binary


@pytest.mark.parametrize(
    ("name", "kind", "arch", "detail"),
    [
        ("go-windows", FileFormat.PE, "amd64", "PE32+ amd64, Windows program"),
        ("go-darwin", FileFormat.MACHO, "amd64", "Mach-O amd64, program"),
        ("go-darwin-arm64", FileFormat.MACHO, "arm64", "Mach-O arm64, program"),
    ],
)
def test_other_systems(name: str, kind: FileFormat, arch: str, detail: str) -> None:
    with FileSource(binary(name)) as source:
        found = read(source, name)
    assert (found.format, found.arch, found.detail) == (kind, arch, detail)
    assert isinstance(found.elf, NotApplicable)


def test_universal_macho_and_the_java_class_with_the_same_magic() -> None:
    thin = [binary("go-darwin").read_bytes()[:64], binary("go-darwin-arm64").read_bytes()[:64]]
    fat = struct.pack(">II", 0xCAFEBABE, 2)
    for index, cpu in enumerate((0x01000007, 0x0100000C)):
        fat += struct.pack(">IIIII", cpu, 3, 64 + 64 * index, 64, 6)
    found = read(BytesSource(fat.ljust(64, b"\0") + b"".join(thin)), "both")
    assert (found.format, found.detail) == (FileFormat.MACHO, "Mach-O universal (amd64, arm64)")
    assert isinstance(found.arch, NotApplicable)
    java = read(BytesSource(bytes.fromhex("cafebabe00000041") + bytes(64)), "A.class")
    assert (java.format, java.detail) == (FileFormat.DATA, "data: Java class")


@pytest.mark.parametrize(
    ("data", "kind", "detail"),
    [
        (b"", FileFormat.EMPTY, "empty file"),
        (b"#!/bin/sh\necho\n", FileFormat.SCRIPT, "script: #!/bin/sh"),
        (b"#! /usr/bin/env python3", FileFormat.SCRIPT, "script: #! /usr/bin/env python3"),
        (gzip.compress(b"x", mtime=0), FileFormat.DATA, "data: gzip"),
        (b"PK\x03\x04" + bytes(40), FileFormat.DATA, "data: zip"),
        (b"!<arch>\ndebian-binary   " + bytes(60), FileFormat.DATA, "data: Debian package"),
        (b"!<arch>\nlib.o/          " + bytes(60), FileFormat.DATA, "data: ar archive"),
        (bytes(257) + b"ustar" + bytes(250), FileFormat.DATA, "data: tar"),
        (b"MZ", FileFormat.PE, "DOS program"),
        (b"hello", FileFormat.DATA, "data"),
        (b"\x7fEL", FileFormat.DATA, "data"),
    ],
)
def test_data(data: bytes, kind: FileFormat, detail: str) -> None:
    found = read(BytesSource(data), "x")
    assert (found.format, found.detail) == (kind, detail)
    assert isinstance(found.arch, NotApplicable)


def test_a_prefix_says_what_it_waits_for() -> None:
    data = binary("go-windows").read_bytes()
    found = read(PrefixSource(data[:32], len(data)), "x")
    assert found.format is FileFormat.PE
    assert isinstance(found.arch, Unknown)
    assert found.arch.needs == 64
    nothing = read(PrefixSource(b"\x7f", 5000), "x")
    assert isinstance(nothing.elf, Unknown)
    assert isinstance(nothing.arch, Unknown)
