"""How a program meets its libraries, for headers that few compilers write; and relocations, versions and notes of real ones."""

import struct

import pytest

from explorer.bytesource import BytesSource, FileSource
from explorer.elf import Elf, Linkage, Linking, read
from explorer.facts import MISSING, NotApplicable
from tests.elf.crafted import Program
from tests.support.binaries import GNU, zig_cc

NEEDED, SYMTAB, STRTAB, RELA, RELASZ, STRSZ, SONAME, DEBUG, FLAGS_1, PIE = (
    1,
    6,
    5,
    7,
    8,
    10,
    14,
    21,
    0x6FFFFFFB,
    0x08000000,
)
EXEC, DYN, CORE = 2, 3, 4


def elf_of(data: bytes) -> Elf:
    elf = read(BytesSource(data), "made").elf
    assert isinstance(elf, Elf)
    return elf


def program(
    kind: int,
    entries: list[tuple[int, int]] | None,
    entry: int = 0x400000,
    machine: int = 62,
    tail: bytes = b"\0libx.so\0",
) -> bytes:
    """A file of a type with these dynamic entries (None: no PT_DYNAMIC); the values of address tags are offsets into ``tail``."""
    made = Program(type=kind, entry=entry, machine=machine)
    if entries is None:
        return made.build()
    entries = [*entries, (STRTAB, 0), (STRSZ, 9)]
    size = 16 * (len(entries) + 1)
    made.segments = [(2, 6, 0, size, 8)]
    made.segments = [(2, 6, made.start, size, 8)]
    place = {SYMTAB, STRTAB, RELA}
    words = [
        struct.pack("<QQ", tag, made.address(size + value) if tag in place else value)
        for tag, value in entries
    ]
    made.body = b"".join(words) + bytes(16) + tail
    return made.build()


@pytest.mark.parametrize(
    ("kind", "entries", "entry", "linkage"),
    [
        (EXEC, None, 0x400000, Linkage.STATIC),
        (EXEC, [], 0x400000, Linkage.STATIC),
        (EXEC, [(NEEDED, 1)], 0x400000, Linkage.BROKEN),
        (DYN, None, 0x400000, Linkage.STATIC_PIE),
        (DYN, None, 0, Linkage.SHARED_LIBRARY),
        (DYN, [(FLAGS_1, PIE)], 0x400000, Linkage.STATIC_PIE),
        (DYN, [(FLAGS_1, PIE), (NEEDED, 1)], 0x400000, Linkage.BROKEN),
        (DYN, [(DEBUG, 0), (NEEDED, 1)], 0x400000, Linkage.BROKEN),
        (DYN, [], 0x400000, Linkage.STATIC_PIE),
        (DYN, [], 0, Linkage.SHARED_LIBRARY),
        (DYN, [(SONAME, 1), (NEEDED, 1)], 0x400000, Linkage.SHARED_LIBRARY),
        (
            DYN,
            [(NEEDED, 1)],
            0x400000,
            Linkage.SHARED_LIBRARY,
        ),  # a plugin: old linkers gave it an entry
        (CORE, None, 0, Linkage.CORE),
    ],
)
def test_without_an_interpreter(
    kind: int, entries: list[tuple[int, int]] | None, entry: int, linkage: Linkage
) -> None:
    elf = elf_of(program(kind, entries, entry))
    assert elf.linkage is linkage
    assert bool(elf.problems) == (linkage is Linkage.BROKEN)


@pytest.mark.parametrize(
    ("machine", "number", "name"),
    [
        (62, 37, "R_X86_64_IRELATIVE"),
        (62, 8, "R_X86_64_RELATIVE"),
        (183, 1032, "R_AARCH64_IRELATIVE"),
        (183, 1031, "R_AARCH64_TLSDESC"),
        (62, 999, "999"),
    ],
)
def test_relocation_types_have_the_names_of_the_abi(machine: int, number: int, name: str) -> None:
    tail = b"\0libx.so\0".ljust(16, b"\0") + struct.pack("<QQQ", 0, number, 0) * 3
    linking = elf_of(program(DYN, [(RELA, 16), (RELASZ, 72)], machine=machine, tail=tail)).linking
    assert isinstance(linking, Linking)
    assert [(r.number, r.name, r.count) for r in linking.relocations] == [(number, name, 3)]


def test_a_copied_symbol_has_to_be_found_although_it_is_defined_here() -> None:
    """R_X86_64_COPY: the loader takes the value from a library, and fails where none has the symbol."""
    symbol = bytes(24) + struct.pack(
        "<IBBHQQ", 1, 0x11, 0, 1, 0x400000, 8
    )  # global object, defined in section 1
    for machine, copy, glob_dat in ((62, 5, 6), (183, 1024, 1025)):
        for number, undefined in ((copy, {"libx.so"}), (glob_dat, set())):
            tail = (
                b"\0libx.so\0".ljust(16, b"\0")
                + symbol
                + struct.pack("<QQQ", 0, 1 << 32 | number, 0)
            )
            entries = [(SYMTAB, 16), (RELA, 64), (RELASZ, 24)]
            linking = elf_of(program(EXEC, entries, machine=machine, tail=tail)).linking
            assert isinstance(linking, Linking)
            assert linking.undefined == undefined
            assert linking.exports == {"libx.so"}


def test_versions_that_a_library_defines() -> None:
    path = zig_cc(
        "libversioned.so",
        "int first(void) { return 1; } int second(void) { return 2; }\n",
        GNU,
        "-O1",
        "-s",
        "-shared",
        "-fPIC",
        "-Wl,-soname,libversioned.so",
        "-Wl,--version-script=map",
        files={
            "map": "ONE_1.0 { global: first; local: *; };\nTWO_2.0 { global: second; } ONE_1.0;\n"
        },
    )
    with FileSource(path) as file:
        elf = read(file, "libversioned.so").elf
    assert isinstance(elf, Elf)
    assert isinstance(elf.linking, Linking)
    assert elf.linking.defined_versions == ("ONE_1.0", "TWO_2.0")
    assert elf.linking.exports >= {"first", "second"}


def test_a_weak_symbol_may_be_missing() -> None:
    source = "__attribute__((weak)) int perhaps(void); int call(void) { return perhaps ? perhaps() : 0; }\n"
    with FileSource(zig_cc("libweak.so", source, GNU, "-O1", "-s", "-shared", "-fPIC")) as file:
        elf = read(file, "libweak.so").elf
    assert isinstance(elf, Elf)
    assert isinstance(elf.linking, Linking)
    assert "perhaps" not in elf.linking.undefined
    assert "perhaps" in elf.linking.weak_undefined


def note(owner: bytes, kind: int, desc: bytes, order: str = "<") -> bytes:
    name = owner + b"\0"
    parts = struct.pack(order + "III", len(name), len(desc), kind), name, desc
    return b"".join(part.ljust(len(part) + -len(part) % 4, b"\0") for part in parts)


@pytest.mark.parametrize("order", ["<", ">"])
def test_notes_in_words(order: str) -> None:
    body = note(b"GNU", 1, struct.pack(order + "IIII", 0, 3, 2, 0), order)
    body += note(b"GNU", 3, bytes(range(20)), order)
    body += note(b"FDO", 0xCAFE1A7E, b'{"type":"deb"}\0', order)
    body += note(b"stapsdt", 3, bytes(24) + b"libc\0setjmp\0args\0", order)
    body += note(b"Go", 4, b"a/b/c/d", order)
    body += note(b"Acme", 7, b"\xff" * 100, order)
    made = Program(order=order, segments=[(4, 4, 0, 0, 4)], body=body)
    made.segments = [(4, 4, made.start, len(body), 4)]
    elf = elf_of(made.build())
    assert not isinstance(elf.notes, MISSING)
    assert [(n.owner, n.name, n.text) for n in elf.notes] == [
        ("GNU", "NT_GNU_ABI_TAG", "Linux 3.2.0"),
        ("GNU", "NT_GNU_BUILD_ID", bytes(range(20)).hex()),
        ("FDO", "NT_FDO_PACKAGING_METADATA", '{"type":"deb"}'),
        ("stapsdt", "NT_STAPSDT", "libc:setjmp"),
        ("Go", "NT_GO_BUILD_ID", "a/b/c/d"),
        ("Acme", "7", "ff" * 64 + "…"),
    ]
    assert elf.build_id == bytes(range(20)).hex()
    assert elf.is_go is True
    assert isinstance(elf.go, NotApplicable)
