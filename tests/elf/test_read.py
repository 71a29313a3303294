"""``read`` on real executables, against what they were built as and pyelftools' own reader."""

import io
from collections import Counter
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from explorer.bytesource import BytesSource, FileSource
from explorer.elf import Binary, Elf, FileFormat, Linkage, Linking, Scope, read
from explorer.facts import MISSING, NotApplicable, Unknown
from tests.elf.crafted import Program
from tests.elf.facts import known_names
from tests.support.binaries import binary

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
KINDS = [
    ("go-static-amd64", "amd64", Linkage.STATIC, ""),
    ("go-static-arm64", "arm64", Linkage.STATIC, ""),
    ("go-static-386", "386", Linkage.STATIC, ""),
    ("go-static-arm", "arm", Linkage.STATIC, ""),
    ("go-static-s390x", "s390x", Linkage.STATIC, ""),
    ("go-static-ppc64", "ppc64", Linkage.STATIC, ""),
    ("go-static-mips", "mips", Linkage.STATIC, ""),
    ("go-static-riscv64", "riscv64", Linkage.STATIC, ""),
    ("go-freebsd", "amd64", Linkage.STATIC, ""),
    ("go-pie", "amd64", Linkage.DYNAMIC, GLIBC),
    ("go-pie-arm64", "arm64", Linkage.DYNAMIC, "/lib/ld-linux-aarch64.so.1"),
    ("go-cgo-glibc", "amd64", Linkage.DYNAMIC, GLIBC),
    ("go-cgo-musl-static", "amd64", Linkage.STATIC, ""),
    ("c-static", "amd64", Linkage.STATIC, ""),
    ("c-static-pie", "amd64", Linkage.STATIC_PIE, ""),
    ("c-i386", "386", Linkage.STATIC, ""),
    ("c-glibc", "amd64", Linkage.DYNAMIC, GLIBC),
    ("c-glibc-pie", "amd64", Linkage.DYNAMIC, GLIBC),
    ("c-musl", "amd64", Linkage.DYNAMIC, MUSL),
    ("c-musl-arm64", "arm64", Linkage.DYNAMIC, "/lib/ld-musl-aarch64.so.1"),
    ("c-shared", "amd64", Linkage.SHARED_LIBRARY, ""),
    ("c-object", "amd64", Linkage.OBJECT, ""),
]
CROSS_CHECKED = [
    "go-pie",
    "go-static-s390x",
    "go-static-mips",
    "go-cgo-glibc",
    "c-glibc",
    "c-musl-arm64",
    "c-relr",
    "c-textrel",
    "cpp-glibc",
]


def facts(name: str, scope: Scope = Scope.FULL) -> tuple[Binary, Elf]:
    with FileSource(binary(name)) as source:
        found = read(source, name, scope)
    assert isinstance(found.elf, Elf)
    return found, found.elf


@pytest.mark.parametrize(("name", "arch", "linkage", "interpreter"), KINDS)
def test_kind(name: str, arch: str, linkage: Linkage, interpreter: str) -> None:
    found, elf = facts(name)
    assert (found.format, found.arch, elf.linkage, elf.problems) == (
        FileFormat.ELF,
        arch,
        linkage,
        (),
    )
    if interpreter:
        assert elf.interpreter == interpreter
    else:
        assert isinstance(elf.interpreter, NotApplicable)
    assert isinstance(elf.packer, NotApplicable)
    assert found.detail.startswith(f"ELF {elf.header.bits}-bit {arch}")
    assert ("big-endian" in found.detail) == (not elf.header.little_endian)


def test_details_name_what_is_unusual() -> None:
    assert facts("go-static-mips")[0].detail == "ELF 32-bit mips, big-endian, static"
    assert facts("c-shared")[0].detail == "ELF 64-bit amd64, shared library"
    assert facts("c-object")[0].detail == "ELF 64-bit amd64, object"
    assert facts("c-static-pie")[0].detail == "ELF 64-bit amd64, static PIE"


@pytest.mark.parametrize("name", CROSS_CHECKED)
def test_pyelftools_reads_the_same(name: str) -> None:
    _, elf = facts(name)
    with binary(name).open("rb") as file:
        other: Any = ELFFile(file)
        segments = [
            (s["p_offset"], s["p_vaddr"], s["p_filesz"], s["p_memsz"], s["p_align"])
            for s in other.iter_segments()
        ]
        assert not isinstance(elf.segments, MISSING)
        assert [(s.offset, s.vaddr, s.filesz, s.memsz, s.align) for s in elf.segments] == segments
        sections = [
            (s.name, s["sh_addr"], s["sh_offset"], s["sh_size"]) for s in other.iter_sections()
        ]
        assert not isinstance(elf.sections, MISSING)
        assert [(s.name, s.address, s.offset, s.size) for s in elf.sections] == sections
        dynamic = other.get_section_by_name(".dynamic")
        if dynamic is None:
            assert isinstance(elf.dynamic, NotApplicable)
            return
        tags = list(dynamic.iter_tags())
        assert not isinstance(elf.dynamic, MISSING)
        assert list(elf.dynamic.needed) == [t.needed for t in tags if t.entry.d_tag == "DT_NEEDED"]
        expected = [(t.entry.d_tag, t.entry.d_val) for t in tags][:-1]
        assert [("DT_" + e.tag, e.value) for e in elf.dynamic.entries] == expected[
            : len(elf.dynamic.entries)
        ]
        assert all(tag == "DT_NULL" for tag, _ in expected[len(elf.dynamic.entries) :])
        check_linking(elf, other)


def check_linking(elf: Elf, other: Any) -> None:
    linking = elf.linking
    assert isinstance(linking, Linking)
    counts: Counter[int] = Counter()
    used: set[str] = set()
    for section in other.iter_sections():
        if section["sh_type"] not in ("SHT_RELA", "SHT_REL"):
            continue
        symbols = other.get_section(section["sh_link"])
        for relocation in section.iter_relocations():
            counts[relocation["r_info_type"]] += 1
            if relocation["r_info_sym"]:
                symbol = symbols.get_symbol(relocation["r_info_sym"])
                if symbol["st_shndx"] == "SHN_UNDEF" and symbol["st_info"]["bind"] != "STB_WEAK":
                    used.add(symbol.name)
    assert {r.number: r.count for r in linking.relocations} == counts
    assert linking.undefined == used
    exported = {
        symbol.name
        for symbol in other.get_section_by_name(".dynsym").iter_symbols()
        if symbol["st_shndx"] != "SHN_UNDEF"
        and symbol["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK")
    }
    assert linking.exports == exported
    needs = other.get_section_by_name(".gnu.version_r")
    asked = {}
    if needs and needs["sh_type"] == "SHT_GNU_verneed":
        asked = {v.name: tuple(a.name for a in aux) for v, aux in needs.iter_versions()}
    assert {v.library: v.versions for v in linking.versions} == asked


@pytest.mark.parametrize(
    "name", ["c-glibc", "c-musl-arm64", "go-cgo-glibc", "c-shared", "cpp-glibc"]
)
def test_linking_needs_no_section_headers(name: str) -> None:
    data = bytearray(binary(name).read_bytes())
    data[40:48] = bytes(8)
    data[58:64] = bytes(6)
    _, whole = facts(name)
    bare = read(BytesSource(bytes(data)), name).elf
    assert isinstance(bare, Elf)
    assert isinstance(bare.sections, NotApplicable)
    assert bare.stripped is True
    assert (bare.dynamic, bare.linking, bare.linkage, bare.interpreter) == (
        whole.dynamic,
        whole.linking,
        whole.linkage,
        whole.interpreter,
    )


def test_what_the_dynamic_section_says() -> None:
    _, elf = facts("c-needs-origin")
    assert not isinstance(elf.dynamic, MISSING)
    assert elf.dynamic.needed == ("libanswer.so.1", "libc.so.6")
    assert elf.dynamic.runpath == ("$ORIGIN/lib",)
    _, library = facts("c-shared")
    assert not isinstance(library.dynamic, MISSING)
    assert not isinstance(library.linking, MISSING)
    assert library.dynamic.soname == "libanswer.so.1"
    assert library.linking.exports == {"answer"}
    assert library.linking.undefined == {"strlen"}
    for name, relr, textrel in (
        ("c-relr", True, False),
        ("c-textrel", False, True),
        ("c-glibc", False, False),
    ):
        dynamic = facts(name)[1].dynamic
        assert not isinstance(dynamic, MISSING)
        assert (dynamic.relr, dynamic.textrel) == (relr, textrel), name
    flags = next(e for e in elf.dynamic.entries if e.tag == "NEEDED")
    assert flags.text == "libanswer.so.1"
    pie = facts("c-glibc-pie")[1].dynamic
    assert not isinstance(pie, MISSING)
    assert "PIE" in next(e.text for e in pie.entries if e.tag == "FLAGS_1")


def test_symbol_versions_are_told_apart() -> None:
    _, old = facts("c-glibc")
    _, new = facts("c-glibc-new")
    assert not isinstance(old.linking, MISSING)
    assert not isinstance(new.linking, MISSING)
    assert "GLIBC_2.34" not in {v for need in old.linking.versions for v in need.versions}
    assert "GLIBC_2.34" in {v for need in new.linking.versions for v in need.versions}


def test_stripped_and_counted() -> None:
    assert facts("c-glibc")[1].stripped is True
    _, elf = facts("c-symbols")
    assert elf.stripped is False
    with binary("c-symbols").open("rb") as file:
        other: Any = ELFFile(file)
        assert elf.symbol_count == other.get_section_by_name(".symtab").num_symbols()


def test_scopes_read_as_much_as_they_say() -> None:
    _, head = facts("c-glibc", Scope.HEAD)
    assert {"header", "linkage", "interpreter", "segments"} <= known_names(head_of("c-glibc"))
    assert isinstance(head.dynamic, Unknown)
    assert isinstance(head.linking, Unknown)
    assert isinstance(head.sections, Unknown)
    _, linkage = facts("c-glibc", Scope.LINKAGE)
    assert not isinstance(linkage.linking, MISSING)
    assert isinstance(linkage.go, Unknown)
    # without PT_INTERP the dynamic section decides, and the head has not read it
    _, pie = facts("c-static-pie", Scope.HEAD)
    assert isinstance(pie.linkage, Unknown)
    assert pie.linkage.needs is not None
    assert facts("c-static-pie", Scope.LINKAGE)[1].linkage is Linkage.STATIC_PIE


def head_of(name: str) -> Binary:
    return facts(name, Scope.HEAD)[0]


def test_upx_mark_makes_it_packed() -> None:
    data = bytearray(binary("go-static-amd64").read_bytes())
    end = 64 + 56 * int.from_bytes(data[56:58], "little")
    data[end + 4 : end + 8] = b"UPX!"
    for scope in Scope:
        elf = read(BytesSource(bytes(data)), "packed", scope).elf
        assert isinstance(elf, Elf)
        assert (elf.packer, elf.linkage) == ("UPX", Linkage.PACKED)


def test_a_note_names_the_x86_level() -> None:
    """.note.gnu.property as GNU ld writes it for -march=x86-64-v3 (psABI, "Program Property")."""
    note = bytes.fromhex("04000000 10000000 05000000 474e5500 028000c0 04000000 06000000 00000000")
    program = Program(segments=[(4, 4, 0, 0, 8)])
    program.body = note
    program.segments = [(4, 4, program.start, len(note), 8)]
    elf = read(BytesSource(program.build()), "v3").elf
    assert isinstance(elf, Elf)
    assert elf.isa == "x86-64-v3"
    assert not isinstance(elf.notes, MISSING)
    assert elf.notes[0].name == "NT_GNU_PROPERTY_TYPE_0"
    assert "x86-64-v3" in elf.notes[0].text


def test_build_id_as_pyelftools_has_it() -> None:
    other: Any = ELFFile(io.BytesIO(binary("go-static-amd64").read_bytes()))
    notes = [
        note
        for section in other.iter_sections()
        if section["sh_type"] == "SHT_NOTE"
        for note in section.iter_notes()
    ]
    expected = next(note["n_desc"] for note in notes if note["n_name"] == "GNU")
    assert facts("go-static-amd64")[1].build_id == expected
