"""The layout of ELF's tables for both classes and byte orders, and the names of its numbers.

Layouts: gABI chapters 4 and 5. Names: pyelftools' enumerations. The tables are read with ``struct``
in bounded loops, since pyelftools reads as much as a header claims, and needs section headers.
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
EM_SPARC, EM_386, EM_MIPS, EM_PPC, EM_PPC64, EM_S390, EM_ARM = 2, 3, 8, 20, 21, 22, 40
EM_SPARCV9, EM_X86_64, EM_AARCH64, EM_RISCV, EM_LOONGARCH = 43, 62, 183, 243, 258
EF_MIPS_ABI2 = 0x20
"""MIPS n32: a 32-bit file of 64-bit code."""
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
SHT_SYMTAB, SHT_NOTE, SHT_NOBITS = 2, 7, 8

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
_SMALL = {22: "s390", 62: "amd64p32", 183: "arm64p32", 243: "riscv", 258: "loong32"}
"""Names of 32-bit files: x32 is Go's ``amd64p32``."""
_BIG = {40: "armbe", 183: "arm64be"}
WIDTHS = {3: 32, 20: 32, 2: 32, 40: 32, 21: 64, 43: 64}
"""Bits of the files of machines that have only one kind."""


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
    """d_tag and d_val; also a Go string header, and a REL."""
    symbol: struct.Struct
    word: struct.Struct
    """Four bytes."""

    @property
    def pointer(self) -> int:
        """Bytes."""
        return self.bits // 8

    def numbers(self, data: bytes, width: int) -> "array[int]":
        """A table of ``width``-byte numbers (2, 4 or 8) in this byte order."""
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


def is_known(machine: int, bits: int) -> bool:
    """Whether the machine is known, and has files of that width."""
    return machine in _ARCHES and WIDTHS.get(machine, bits) == bits


def arch_name(machine: int, bits: int, little_endian: bool, flags: int = 0) -> str:
    """e_machine as Go names it: ``amd64``, ``mipsle``; x32 is ``amd64p32``, n32 ``mips64p32``."""
    name = _ARCHES.get(machine)
    if name is None:
        return f"machine-{machine}"
    if machine == EM_MIPS:
        n32 = bits == 32 and flags & EF_MIPS_ABI2
        name += "64p32" if n32 else "64" if bits == 64 else ""
    if machine in (EM_MIPS, EM_PPC64):
        return name + ("le" if little_endian else "")
    if bits == 32 and machine in _SMALL:
        return _SMALL[machine]
    return name if little_endian else _BIG.get(machine, name)


def _turn(table: Mapping[str, object], prefix: str) -> dict[int, str]:
    """Names without their prefix by number; the first one wins, since later ones are range ends."""
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


def flag_names(value: int, table: Mapping[str, object], prefix: str) -> str:
    """The names of a word's set bits, e.g. ``NOW PIE``; bits without a name in hex."""
    names = [
        name.removeprefix(prefix)
        for name, bit in table.items()
        if isinstance(bit, int) and bit and value & bit
    ]
    rest = value & ~sum(bit for bit in table.values() if isinstance(bit, int))
    return " ".join(names + ([hex(rest)] if rest else []))
