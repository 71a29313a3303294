"""What follows the end of a program, by what its launcher looks for or by its format."""

import json

import pytest

from explorer.bytesource import BytesSource, PrefixSource
from explorer.elf import Elf, Payload, Scope, read
from explorer.facts import NotApplicable, Unknown
from tests.support.binaries import RECIPES, binary

PROGRAM = "go-static-amd64"
SCIE = json.dumps({"scie": {"jump": {"size": 1}, "lift": {"files": []}}}, indent=2).encode()
KINDS = {
    "caxa": b"\nCAXACAXACAXA\n\x1f\x8b" + bytes(2000) + b'\n{"command": []}',
    "scie": b"\x1f\x8b" + bytes(2000) + SCIE,
    "PyInstaller": b"x" * 2000 + b"MEI\x0c\x0b\x0a\x0b\x0e" + bytes(80),
    "Nuitka": b"KAY\x28\xb5\x2f\xfd" + bytes(2000),
    "Bun": b"x" * 2000 + b"\n---- Bun! ----\n" + bytes(8),
    "Deno": b"x" * 2000 + b"d3n0l4nd" + bytes(32),
    "nexe": b"x" * 2000 + b"<nexe~~sentinel>" + bytes(16),
}
FORMATS = {
    "gzip": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
    "squashfs": b"hsqs",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "": b"\1\2\3\4",
}


def payload_of(data: bytes, scope: Scope = Scope.HEAD) -> object:
    elf = read(BytesSource(data), "it", scope).elf
    assert isinstance(elf, Elf)
    return elf.payload


@pytest.mark.parametrize("name", [name for name in RECIPES if "windows" not in name])
def test_compilers_leave_nothing_behind_a_program(name: str) -> None:
    elf = read(BytesSource(binary(name).read_bytes()), name, Scope.HEAD).elf
    if isinstance(elf, Elf):
        assert isinstance(elf.payload, NotApplicable)


@pytest.mark.parametrize("kind", KINDS)
def test_a_launcher_is_named(kind: str) -> None:
    program = binary(PROGRAM).read_bytes()
    payload = payload_of(program + KINDS[kind])
    assert isinstance(payload, Payload)
    assert (payload.kind, payload.offset) == (kind, len(program))
    assert payload.size == len(KINDS[kind])


def test_an_appimage_is_named_by_its_header() -> None:
    program = bytearray(binary(PROGRAM).read_bytes())
    program[8:11] = b"AI\x02"
    payload = payload_of(bytes(program) + b"hsqs" + bytes(4000))
    assert isinstance(payload, Payload)
    assert (payload.kind, payload.format) == ("AppImage", "squashfs")


@pytest.mark.parametrize("form", FORMATS)
def test_anything_else_is_named_by_its_format(form: str) -> None:
    program = binary(PROGRAM).read_bytes()
    for padding in (0, 96):
        payload = payload_of(program + bytes(padding) + FORMATS[form].ljust(4000, b"\1"))
        assert isinstance(payload, Payload)
        assert (payload.kind, payload.format) == ("", form)
        assert payload.offset == len(program) + (padding if form else 0)


def test_a_prefix_does_not_know_what_stands_behind_its_end() -> None:
    program = binary(PROGRAM).read_bytes()
    whole = program + KINDS["caxa"]
    for length in (4096, len(program), len(whole) - 1):
        elf = read(PrefixSource(whole[:length], len(whole)), "part", Scope.HEAD).elf
        assert isinstance(elf, Elf)
        assert isinstance(elf.payload, Unknown)
        assert elf.payload.needs is not None
        assert length < elf.payload.needs <= len(whole)


@pytest.mark.parametrize("tail", [b'{"scie": [', b'{"scie":' * 4000, b"", b"{" * 60_000])
def test_a_damaged_manifest_names_nothing(tail: bytes) -> None:
    payload = payload_of(binary(PROGRAM).read_bytes() + b"x" * 1000 + tail)
    assert isinstance(payload, Payload)
    assert payload.kind == ""
