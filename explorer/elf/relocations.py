"""Relocation types: their names, and which one copies a variable, for every machine that is read.

Names: pyelftools' enumerations; the supplements of the processors for what they lack or have wrong:
AAELF64 ("Dynamic relocations"), the RISC-V psABI, the SPARC supplement, ``elf.h`` of glibc.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from elftools.elf import enums

from explorer.elf import layout as shape
from explorer.elf import machines

_TABLES: Final[Mapping[int, Mapping[str, object]]] = MappingProxyType(
    {
        machines.EM_386: enums.ENUM_RELOC_TYPE_i386,
        machines.EM_MIPS: enums.ENUM_RELOC_TYPE_MIPS,
        machines.EM_PPC: enums.ENUM_RELOC_TYPE_PPC,
        machines.EM_PPC64: enums.ENUM_RELOC_TYPE_PPC64,
        machines.EM_S390: enums.ENUM_RELOC_TYPE_S390X,
        machines.EM_ARM: enums.ENUM_RELOC_TYPE_ARM,
        machines.EM_X86_64: enums.ENUM_RELOC_TYPE_x64,
        machines.EM_AARCH64: enums.ENUM_RELOC_TYPE_AARCH64,
        machines.EM_LOONGARCH: enums.ENUM_RELOC_TYPE_LOONGARCH,
    }
)
_RISCV: Final = (
    *("NONE", "32", "64", "RELATIVE", "COPY", "JUMP_SLOT", "TLS_DTPMOD32", "TLS_DTPMOD64"),
    *("TLS_DTPREL32", "TLS_DTPREL64", "TLS_TPREL32", "TLS_TPREL64", "TLSDESC", "", "", ""),
    *("BRANCH", "JAL", "CALL", "CALL_PLT", "GOT_HI20", "TLS_GOT_HI20", "TLS_GD_HI20"),
    *("PCREL_HI20", "PCREL_LO12_I", "PCREL_LO12_S", "HI20", "LO12_I", "LO12_S", "TPREL_HI20"),
    *("TPREL_LO12_I", "TPREL_LO12_S", "TPREL_ADD", "ADD8", "ADD16", "ADD32", "ADD64", "SUB8"),
    *("SUB16", "SUB32", "SUB64", "GOT32_PCREL", "", "ALIGN", "RVC_BRANCH", "RVC_JUMP", "", ""),
    *("", "", "", "RELAX", "SUB6", "SET6", "SET8", "SET16", "SET32", "32_PCREL", "IRELATIVE"),
    *("PLT32", "SET_ULEB128", "SUB_ULEB128", "TLSDESC_HI20", "TLSDESC_LOAD_LO12"),
    *("TLSDESC_ADD_LO12", "TLSDESC_CALL"),
)
"""By number, from 0."""
_SPARC: Final = {
    0: "NONE",
    3: "32",
    19: "COPY",
    20: "GLOB_DAT",
    21: "JMP_SLOT",
    22: "RELATIVE",
    32: "64",
    74: "TLS_DTPMOD32",
    75: "TLS_DTPMOD64",
    76: "TLS_DTPOFF32",
    77: "TLS_DTPOFF64",
    78: "TLS_TPOFF32",
    79: "TLS_TPOFF64",
    248: "JMP_IREL",
    249: "IRELATIVE",
}
_AARCH64: Final = {
    0: "NONE",
    1024: "COPY",
    1025: "GLOB_DAT",
    1026: "JUMP_SLOT",
    1027: "RELATIVE",
    1028: "TLS_DTPMOD",
    1029: "TLS_DTPREL",
    1030: "TLS_TPREL",
    1031: "TLSDESC",
    1032: "IRELATIVE",
}
_ADDED: Final[Mapping[int, tuple[str, Mapping[int, str]]]] = MappingProxyType(
    {
        machines.EM_RISCV: ("R_RISCV_", {n: name for n, name in enumerate(_RISCV) if name}),
        machines.EM_SPARC: ("R_SPARC_", _SPARC),
        machines.EM_SPARCV9: ("R_SPARC_", _SPARC),
        machines.EM_AARCH64: ("R_AARCH64_", _AARCH64),
        machines.EM_PPC: ("R_PPC_", {248: "IRELATIVE"}),
        machines.EM_PPC64: ("R_PPC64_", {247: "JMP_IREL", 248: "IRELATIVE"}),
        machines.EM_LOONGARCH: ("R_LARCH_", {13: "TLS_DESC32", 14: "TLS_DESC64"}),
    }
)
"""Prefix and names that come before pyelftools' own."""

_COPY: Final = MappingProxyType(
    {
        machines.EM_X86_64: 5,
        machines.EM_386: 5,
        machines.EM_AARCH64: 1024,
        machines.EM_ARM: 20,
        machines.EM_RISCV: 4,
        machines.EM_S390: 9,
        machines.EM_PPC64: 19,
        machines.EM_PPC: 19,
        machines.EM_SPARC: 19,
        machines.EM_SPARCV9: 19,
        machines.EM_LOONGARCH: 4,
        machines.EM_MIPS: 126,
    }
)


@cache
def _names(machine: int) -> Mapping[int, str]:
    names = {
        number: name
        for name, number in reversed(list(_TABLES.get(machine, {}).items()))
        if isinstance(number, int)
    }
    prefix, added = _ADDED.get(machine, ("", {}))
    return names | {number: prefix + name for number, name in added.items()}


def relocation_name(number: int, machine: int) -> str:
    """``R_X86_64_IRELATIVE`` …, or the number as text."""
    return _names(machine).get(number) or str(number)


def copy_type(machine: int) -> int | None:
    """The number of R_*_COPY: the loader copies a library's variable into the program."""
    return _COPY.get(machine)


def split_info(info: int, machine: int, layout: shape.Layout) -> tuple[int, int]:
    """The symbol's index and the type of a relocation's ``r_info``.

    MIPS's 64-bit files hold up to three types, of which the first counts, and a byte order of their
    own; SPARC's hold data above the type.
    """
    if layout.bits == 32:
        return info >> 8, info & 0xFF
    if machine == machines.EM_MIPS and layout.little_endian:
        return info & 0xFFFFFFFF, info >> 56
    if machine in (machines.EM_MIPS, machines.EM_SPARCV9):
        return info >> 32, info & 0xFF
    return info >> 32, info & 0xFFFFFFFF
