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

from explorer.elf.machines import EM_AARCH64, EM_MIPS, EM_X86_64

ELF_MAGIC = b"\x7fELF"
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
SHT_SYMTAB, SHT_NOTE, SHT_NOBITS = 2, 7, 8


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
