"""The machines of ELF files by number (e_machine), and their names in Go's words."""

EM_SPARC, EM_386, EM_MIPS, EM_PPC, EM_PPC64, EM_S390, EM_ARM = 2, 3, 8, 20, 21, 22, 40
EM_SPARCV9, EM_X86_64, EM_AARCH64, EM_RISCV, EM_LOONGARCH = 43, 62, 183, 243, 258
EF_MIPS_ABI2 = 0x20
"""MIPS n32: a 32-bit file of 64-bit code."""

_NUMBERED = "machine-"
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


def is_known(machine: int, bits: int) -> bool:
    """Whether the machine is known, and has files of that width."""
    return machine in _ARCHES and WIDTHS.get(machine, bits) == bits


def numbered(number: int | str) -> str:
    """The name of a processor of which only the number is known."""
    return f"{_NUMBERED}{number}"


def is_numbered(arch: str) -> bool:
    """Whether a processor's name is no more than the number that its file has for it."""
    return arch.startswith(_NUMBERED)


def arch_name(machine: int, bits: int, little_endian: bool, flags: int = 0) -> str:
    """e_machine as Go names it: ``amd64``, ``mipsle``; x32 is ``amd64p32``, n32 ``mips64p32``."""
    name = _ARCHES.get(machine)
    if name is None:
        return numbered(machine)
    if machine == EM_MIPS:
        n32 = bits == 32 and flags & EF_MIPS_ABI2
        name += "64p32" if n32 else "64" if bits == 64 else ""
    if machine in (EM_MIPS, EM_PPC64):
        return name + ("le" if little_endian else "")
    if bits == 32 and machine in _SMALL:
        return _SMALL[machine]
    return name if little_endian else _BIG.get(machine, name)
