"""Linkage by headers that few compilers write; relocations, versions and notes of real files."""

import struct

import pytest

from explorer.bytesource import BytesSource, FileSource
from explorer.elf import Elf, Linkage, Linking, read
from explorer.elf.layout import layout
from explorer.elf.machines import arch_name
from explorer.elf.relocations import split_info
from explorer.facts import MISSING, NotApplicable, Unknown
from tests.elf.crafted import Program
from tests.support.binaries import GNU, binary, zig_cc

VERSYM = 0x6FFFFFF0
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
    """A file with these dynamic entries (None: no PT_DYNAMIC).

    The values of address tags are offsets into ``tail``.
    """
    made = Program(type=kind, entry=entry, machine=machine)
    if entries is None:
        return made.build()
    entries = [*entries, (STRTAB, 0), (STRSZ, 9)]
    size = 16 * (len(entries) + 1)
    made.segments = [(2, 6, 0, size, 8)]
    made.segments = [(2, 6, made.start, size, 8)]
    place = {SYMTAB, STRTAB, RELA, VERSYM}
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
        (DYN, [(DEBUG, 0)], 0x400000, Linkage.STATIC_PIE),  # a PIE older than DF_1_PIE
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


def test_nothing_says_whether_it_is_a_program_or_a_library() -> None:
    assert isinstance(elf_of(program(DYN, [])).linkage, Unknown)


def test_exported_symbols_make_a_library_of_what_has_an_entry() -> None:
    """As mold and older linkers write one: e_entry is set, DT_SONAME and DT_NEEDED are absent."""
    symbol = bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 1, 0x400000, 8)
    tail = b"\0first\0".ljust(16, b"\0") + symbol + struct.pack("<QQQ", 0, 1 << 32 | 6, 0)
    entries = [(SYMTAB, 16), (RELA, 64), (RELASZ, 24)]
    assert elf_of(program(DYN, entries, tail=tail)).linkage is Linkage.SHARED_LIBRARY
    with_mark = [*entries, (FLAGS_1, PIE)]
    assert elf_of(program(DYN, with_mark, tail=tail)).linkage is Linkage.STATIC_PIE


@pytest.mark.parametrize(
    ("info", "section", "value", "version", "resolvable"),
    [
        (0x12, 1, 0x400000, 1, True),  # a global function
        (0x21, 1, 0x400000, 1, True),  # a weak object
        (0xA0, 1, 0x400000, 1, True),  # STB_GNU_UNIQUE
        (0x1A, 1, 0x400000, 1, False),  # STT_GNU_IFUNC
        (0x12, 1, 0, 1, False),
        (0x16, 1, 0, 1, True),  # STT_TLS begins at 0
        (0x12, 1, 0x400000, 0x8002, False),  # a hidden version
        (0x12, 0xFFF1, 0x10, 1, True),  # SHN_ABS
        (0xB2, 1, 0x400000, 1, False),  # a binding of another system
    ],
)
def test_what_musl_takes_as_a_definition(
    info: int, section: int, value: int, version: int, resolvable: bool
) -> None:
    symbol = bytes(24) + struct.pack("<IBBHQQ", 1, info, 0, section, value, 8)
    tail = b"\0first\0".ljust(16, b"\0") + symbol + struct.pack("<QQQ", 0, 1 << 32 | 6, 0)
    tail += struct.pack("<HH", 0, version)
    entries = [(SYMTAB, 16), (RELA, 64), (RELASZ, 24), (VERSYM, 88)]
    linking = elf_of(program(DYN, entries, tail=tail)).linking
    assert isinstance(linking, Linking)
    assert linking.exports == {"first"}
    assert linking.resolvable == ({"first"} if resolvable else set())
    assert linking.unresolvable == (set() if resolvable else {"first"})


def test_a_weak_version_is_told_from_a_strong_one() -> None:
    data = bytearray(binary("c-glibc").read_bytes())
    at = data.index(struct.pack("<IH", 0x09691A75, 0))  # vna_hash of GLIBC_2.2.5, vna_flags
    data[at + 4] = 2
    strong, weak = elf_of(binary("c-glibc").read_bytes()).linking, elf_of(bytes(data)).linking
    assert isinstance(strong, Linking)
    assert isinstance(weak, Linking)
    assert not strong.versions[0].weak
    assert weak.versions[0].weak == {"GLIBC_2.2.5"}
    assert weak.versions[0].versions == strong.versions[0].versions


@pytest.mark.parametrize(
    ("machine", "bits", "little", "flags", "name"),
    [
        (8, 32, False, 0, "mips"),
        (8, 32, True, 0x20, "mips64p32le"),
        (8, 32, False, 0x20, "mips64p32"),
        (8, 64, True, 0, "mips64le"),
        (62, 32, True, 0, "amd64p32"),
        (183, 32, True, 0, "arm64p32"),
        (183, 64, False, 0, "arm64be"),
        (21, 64, True, 0, "ppc64le"),
    ],
)
def test_names_of_architectures(
    machine: int, bits: int, little: bool, flags: int, name: str
) -> None:
    assert arch_name(machine, bits, little, flags) == name


@pytest.mark.parametrize(
    ("machine", "number", "name"),
    [
        (183, 0, "R_AARCH64_NONE"),
        (183, 1027, "R_AARCH64_RELATIVE"),
        (243, 3, "R_RISCV_RELATIVE"),
        (243, 58, "R_RISCV_IRELATIVE"),
        (243, 65, "R_RISCV_TLSDESC_CALL"),
        (21, 248, "R_PPC64_IRELATIVE"),
        (22, 12, "R_390_RELATIVE"),
        (258, 3, "R_LARCH_RELATIVE"),
        (258, 14, "R_LARCH_TLS_DESC64"),
        (43, 22, "R_SPARC_RELATIVE"),
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


@pytest.mark.parametrize(
    ("machine", "bits", "little", "info", "split"),
    [
        (8, 64, True, 3 << 56 | 18 << 48 | 7, (7, 3)),
        (8, 64, False, 7 << 32 | 18 << 8 | 3, (7, 3)),
        (8, 32, False, 7 << 8 | 3, (7, 3)),
        (3, 32, True, 7 << 8 | 8, (7, 8)),
        (40, 32, True, 7 << 8 | 23, (7, 23)),
        (22, 64, False, 7 << 32 | 12, (7, 12)),
        (43, 64, False, 7 << 32 | 5 << 8 | 22, (7, 22)),
    ],
)
def test_symbol_and_type_of_every_machines_relocations(
    machine: int, bits: int, little: bool, info: int, split: tuple[int, int]
) -> None:
    assert split_info(info, machine, layout(bits, little)) == split


def test_a_copied_symbol_has_to_be_found_although_it_is_defined_here() -> None:
    """R_X86_64_COPY: the loader takes the value from a library, and fails if none has it."""
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
            assert linking.undefined == linking.copied == undefined
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
    source = """__attribute__((weak)) int perhaps(void);
int call(void) { return perhaps ? perhaps() : 0; }
"""
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


@pytest.mark.parametrize("width", [4, 8])
def test_s390x_has_a_hash_table_of_either_width(width: int) -> None:
    """GNU ld writes words of 8 bytes, lld of 4."""
    names = b"\0first\0".ljust(16, b"\0")
    symbols = bytes(24) + struct.pack(">IBBHQQ", 1, 0x12, 0, 1, 0x400000, 8)
    words = (1, 2, 1, 0, 0)  # nbucket, nchain, a bucket, two chains
    table = b"".join(word.to_bytes(width, "big") for word in words)
    made = Program(type=DYN, order=">", machine=22)
    tags = ((STRTAB, 0), (STRSZ, 16), (SYMTAB, 16), (4, 64), (SONAME, 1))
    size = 16 * (len(tags) + 1)
    made.segments = [(2, 6, 0, size, 8)]
    made.segments = [(2, 6, made.start, size, 8)]
    places = {STRTAB, SYMTAB, 4}
    made.body = b"".join(
        struct.pack(">QQ", tag, made.address(size + value) if tag in places else value)
        for tag, value in tags
    )
    made.body += bytes(16) + names + symbols + table
    linking = elf_of(made.build()).linking
    assert isinstance(linking, Linking)
    assert linking.exports == {"first"}
