"""The shapes of ELF's tables for both classes and byte orders, and what its numbers are called.

Layouts: gABI chapters 4 and 5. Names: pyelftools' enumerations. The tables are read with ``struct`` in bounded loops, since
pyelftools reads a table as long as its header claims, and needs section headers that may be stripped or not here.
"""

import struct
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from elftools.elf import enums
from elftools.elf.constants import SH_FLAGS

ELF_MAGIC = b"\x7fELF"
EM_386, EM_MIPS, EM_X86_64, EM_AARCH64 = 3, 8, 62, 183
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
SHT_SYMTAB, SHT_NOTE, SHT_NOBITS, SHT_DYNSYM = 2, 7, 8, 11

_ARCHES = {
    3: "386",
    21: "ppc64",
    22: "s390x",
    20: "ppc",
    40: "arm",
    43: "sparc64",
    2: "sparc",
    62: "amd64",
    183: "arm64",
    258: "loong64",
    8: "mips",
    243: "riscv64",
}
_SMALL = {8: "mips", 22: "s390", 62: "amd64p32", 183: "arm64p32", 243: "riscv", 258: "loong32"}
_BIG = {40: "armbe", 183: "arm64be"}


@dataclass(frozen=True, slots=True)
class Layout:
    """One class (32 or 64 bit) in one byte order."""

    bits: int
    little_endian: bool
    header: struct.Struct
    """e_type … e_shstrndx, from byte 16."""
    segment: struct.Struct
    section: struct.Struct
    pair: struct.Struct
    """d_tag and d_val; also a Go string header, and RELs."""
    symbol: struct.Struct
    word: struct.Struct
    """Four bytes."""

    @property
    def pointer(self) -> int:
        """Bytes."""
        return self.bits // 8

    def numbers(self, data: bytes, width: int) -> "array[int]":
        """A table of ``width``-byte numbers (2, 4 or 8) in this byte order, without a Python loop."""
        numbers = array({2: "H", 4: "I", 8: "Q"}[width], data[: len(data) - len(data) % width])
        if self.little_endian != (sys.byteorder == "little"):
            numbers.byteswap()
        return numbers


@cache
def layout(bits: int, little_endian: bool) -> Layout:
    """The layout of a class and byte order."""
    order = "<" if little_endian else ">"
    address = "Q" if bits == 64 else "I"
    return Layout(
        bits=bits,
        little_endian=little_endian,
        header=struct.Struct(f"{order}HHI{address * 3}I6H"),
        segment=struct.Struct(order + ("IIQQQQQQ" if bits == 64 else "8I")),
        section=struct.Struct(f"{order}II{address * 4}II{address * 2}"),
        pair=struct.Struct(order + address * 2),
        symbol=struct.Struct(order + ("IBBHQQ" if bits == 64 else "IIIBBH")),
        word=struct.Struct(f"{order}I"),
    )


def arch_name(machine: int, bits: int, little_endian: bool) -> str:
    """e_machine in Go's words."""
    name = _ARCHES.get(machine)
    if name is None:
        return f"machine-{machine}"
    if machine == EM_MIPS:
        return name + ("64" if bits == 64 else "") + ("le" if little_endian else "")
    if machine == 21:
        return name + ("le" if little_endian else "")
    if bits == 32 and machine in _SMALL:
        return _SMALL[machine]
    return name if little_endian else _BIG.get(machine, name)


def _turn(table: Mapping[str, object], prefix: str) -> dict[int, str]:
    """Number → name without its prefix; the first name of a number wins (later ones are range ends)."""
    names: dict[int, str] = {}
    for name, number in table.items():
        if (
            isinstance(number, int)
            and name.startswith(prefix)
            and not name.endswith(("LOOS", "HIOS", "LOPROC", "HIPROC"))
        ):
            names.setdefault(number, name.removeprefix(prefix))
    return names


_SEGMENTS = _turn(enums.ENUM_P_TYPE_BASE, "PT_")
_SECTIONS = _turn(enums.ENUM_SH_TYPE_BASE, "SHT_")
_TAGS = _turn(enums.ENUM_D_TAG_COMMON, "DT_")
_TAGS[32] = "PREINIT_ARRAY"
_BY_MACHINE: dict[int, tuple[Mapping[str, object], Mapping[str, object]]] = {
    EM_MIPS: (enums.ENUM_P_TYPE_MIPS, enums.ENUM_SH_TYPE_MIPS),
    40: (enums.ENUM_P_TYPE_ARM, enums.ENUM_SH_TYPE_ARM),
    EM_AARCH64: (enums.ENUM_P_TYPE_AARCH64, enums.ENUM_SH_TYPE_AARCH64),
    EM_X86_64: (enums.ENUM_P_TYPE_BASE, enums.ENUM_SH_TYPE_AMD64),
    243: (enums.ENUM_P_TYPE_RISCV, enums.ENUM_SH_TYPE_RISCV),
}
_RELOCATIONS: dict[int, Mapping[str, object]] = {
    EM_386: enums.ENUM_RELOC_TYPE_i386,
    EM_MIPS: enums.ENUM_RELOC_TYPE_MIPS,
    20: enums.ENUM_RELOC_TYPE_PPC,
    21: enums.ENUM_RELOC_TYPE_PPC64,
    22: enums.ENUM_RELOC_TYPE_S390X,
    40: enums.ENUM_RELOC_TYPE_ARM,
    EM_X86_64: enums.ENUM_RELOC_TYPE_x64,
    EM_AARCH64: enums.ENUM_RELOC_TYPE_AARCH64,
    258: enums.ENUM_RELOC_TYPE_LOONGARCH,
}
SYMBOL_TYPES = _turn(enums.ENUM_ST_INFO_TYPE, "STT_") | {10: "GNU_IFUNC"}
SYMBOL_BINDS = _turn(enums.ENUM_ST_INFO_BIND, "STB_") | {10: "GNU_UNIQUE"}
_FLAG_LETTERS = (
    (SH_FLAGS.SHF_WRITE, "W"),
    (SH_FLAGS.SHF_ALLOC, "A"),
    (SH_FLAGS.SHF_EXECINSTR, "X"),
    (SH_FLAGS.SHF_MERGE, "M"),
    (SH_FLAGS.SHF_STRINGS, "S"),
    (SH_FLAGS.SHF_INFO_LINK, "I"),
    (SH_FLAGS.SHF_LINK_ORDER, "L"),
    (SH_FLAGS.SHF_GROUP, "G"),
    (SH_FLAGS.SHF_TLS, "T"),
    (SH_FLAGS.SHF_COMPRESSED, "C"),
    (SH_FLAGS.SHF_EXCLUDE, "E"),
)


@cache
def _special(machine: int, column: int, prefix: str) -> dict[int, str]:
    tables = _BY_MACHINE.get(machine)
    return _turn(tables[column], prefix) if tables else {}


@cache
def _relocations(machine: int) -> dict[int, str]:
    names = _turn(_RELOCATIONS.get(machine, {}), "")
    if (
        machine == EM_AARCH64
    ):  # pyelftools 0.32 has these five off by some; AAELF64, dynamic relocations
        for number, name in enumerate(
            ("TLS_DTPMOD", "TLS_DTPREL", "TLS_TPREL", "TLSDESC", "IRELATIVE"), 1028
        ):
            names[number] = f"R_AARCH64_{name}"
    return names


def segment_type(number: int, machine: int) -> str:
    """``LOAD``, ``GNU_STACK`` …, or the number in hex."""
    return _SEGMENTS.get(number) or _special(machine, 0, "PT_").get(number) or hex(number)


def section_type(number: int, machine: int) -> str:
    """``PROGBITS``, ``NOTE`` …, or the number in hex."""
    return _SECTIONS.get(number) or _special(machine, 1, "SHT_").get(number) or hex(number)


def section_flags(flags: int) -> str:
    """readelf's letters: ``WA``, ``AX`` …"""
    return "".join(letter for bit, letter in _FLAG_LETTERS if flags & bit)


def dynamic_tag(number: int) -> str:
    """``NEEDED``, ``FLAGS_1`` …, or the number in hex."""
    return _TAGS.get(number) or hex(number)


def relocation_type(number: int, machine: int) -> str:
    """``R_X86_64_IRELATIVE`` …, or the number as text."""
    return _relocations(machine).get(number) or str(number)


def flag_names(value: int, table: Mapping[str, object], prefix: str) -> str:
    """The names of a word's set bits, e.g. ``NOW PIE``; what has no name in hex."""
    names = [
        name.removeprefix(prefix)
        for name, bit in table.items()
        if isinstance(bit, int) and bit and value & bit
    ]
    rest = value & ~sum(bit for bit in table.values() if isinstance(bit, int))
    return " ".join(names + ([hex(rest)] if rest else []))
