"""Steps 0 and 1: is it a complete program for Linux, and for this processor?"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from explorer.compat.context import Context, need
from explorer.compat.loaders import foreign_system
from explorer.compat.models import Answer
from explorer.compat.rules.registry import Match, remedy_of, rule
from explorer.compat.rules.words import arch_name
from explorer.elf import FileFormat, GoBuild, Linkage

_LINUX_FILE = "Use the Linux file of this release, if it has one"
_FOREIGN: Final = MappingProxyType(
    {
        FileFormat.PE: (
            "This is a Windows program: Linux does not run it.",
            _LINUX_FILE,
            "a Windows program",
        ),
        FileFormat.MACHO: (
            "This is a macOS program: Linux does not run it.",
            _LINUX_FILE,
            "a macOS program",
        ),
        FileFormat.EMPTY: (
            "The file is empty: there is nothing to run.",
            "Download it again",
            "an empty file",
        ),
        FileFormat.DATA: (
            "This is not a program: there is nothing for Linux to start.",
            "Choose the executable among the files",
            "not a program",
        ),
    }
)

_FOREIGN_ABI: Final = MappingProxyType({2: "NetBSD", 6: "Solaris", 9: "FreeBSD", 12: "OpenBSD"})
"""EI_OSABI values that name another system. Linux ignores the field, so it proves nothing alone."""
_SUN_STACK: Final = "0x6ffffffb"
"""PT_SUNWSTACK, which only linkers for Solaris and illumos write."""
_GOOS: Final = MappingProxyType(
    {
        "dragonfly": "DragonFly",
        "freebsd": "FreeBSD",
        "netbsd": "NetBSD",
        "openbsd": "OpenBSD",
        "solaris": "Solaris",
        "hurd": "GNU Hurd",
        "aix": "AIX",
    }
)
_LINUX: Final = frozenset({"linux", "android"})

_COMPAT_32: Final = MappingProxyType(
    {
        ("386", "amd64"): "32-bit Intel",
        ("arm", "arm64"): "32-bit ARM",
        ("mips", "mips64"): "32-bit MIPS",
        ("mipsle", "mips64le"): "32-bit MIPS",
        ("ppc", "ppc64"): "32-bit PowerPC",
        ("s390", "s390x"): "31-bit S/390",
        ("riscv", "riscv64"): "32-bit RISC-V",
    }
)
_KERNEL_ABIS: Final = MappingProxyType(
    {
        "amd64p32": ("amd64", "x32", "CONFIG_X86_X32_ABI"),
        "mips64p32": ("mips64", "n32", "CONFIG_MIPS32_N32"),
        "mips64p32le": ("mips64le", "n32", "CONFIG_MIPS32_N32"),
    }
)
"""64-bit code in 32-bit files: the architecture, the name, and the kernel's build option."""


@rule("elf.not-elf", 0, Answer.NO, "Not a Linux program")
def not_elf(context: Context) -> Match | None:
    """Linux starts ELF files and scripts. Windows (PE) and macOS (Mach-O) programs and data files
    are recognised by their first bytes.
    """
    if context.binary.format not in _FOREIGN:
        return None
    need(context.binary.elf, "what kind of file it is")
    text, remedy, short = _FOREIGN[context.binary.format]
    return Match(text, f"first bytes: {context.binary.detail}", remedy, short=short)


@rule("file.script", 0, Answer.YES_IF, "A script: its interpreter decides")
def script(context: Context) -> Match | None:
    """A script starts wherever the interpreter that its first line names is installed, with
    everything it calls.
    """
    if context.binary.format is not FileFormat.SCRIPT:
        return None
    return Match(
        "This is a script: it runs if the interpreter in its first line is installed there.",
        context.binary.detail,
        "Install that interpreter in the image",
        short="a script",
    )


@rule("elf.object", 0, Answer.NO, "An object file or a core dump")
def object_file(context: Context) -> Match | None:
    """Only e_type EXEC and DYN can be started. An object file has to be linked first; a core dump
    is the memory of a program that crashed.
    """
    if context.linkage not in (Linkage.OBJECT, Linkage.CORE):
        return None
    is_object = context.linkage is Linkage.OBJECT
    short = "an object file" if is_object else "a core dump"
    header = context.elf.header if context.elf else None
    return Match(
        f"This is {short}{', which has to be linked first' if is_object else ''}: it cannot be"
        " started.",
        f"e_type {header.type if header else ''}",
        "Choose the executable",
        short=short,
    )


@rule("elf.truncated", 0, Answer.NO, "Shorter than its own headers say")
def truncated(context: Context) -> Match | None:
    """A PT_LOAD ends beyond the end of the file: a download or a copy that was cut short. Unknown
    where the size of the whole file is.
    """
    if context.elf is None or context.elf.header.type not in ("EXEC", "DYN"):
        return None
    ends = [
        (segment.offset + segment.filesz, segment)
        for segment in context.segments
        if segment.type == "LOAD"
    ]
    if not ends:
        return None
    size = need(context.binary.size, "the file's size") or 0
    end, segment = max(ends, key=lambda pair: pair[0])
    if end <= size:
        return None
    return Match(
        f"The file is cut short: {end - size:,} bytes that its headers promise are missing.",
        f"PT_LOAD at {segment.offset:#x} ends at {end:,}; the file has {size:,} bytes",
        "Download it again",
        short="cut short",
    )


@rule("elf.broken", 0, Answer.NO, "Damaged: nothing can start it")
def broken(context: Context) -> Match | None:
    """Headers that contradict one another or that Linux refuses, or libraries without an
    interpreter that would load them.
    """
    if context.linkage is not Linkage.BROKEN or context.elf is None:
        return None
    return Match(
        "The file is damaged: neither the kernel nor a loader can start it.",
        "; ".join(context.elf.problems[:3]),
        "Download it again",
        short="damaged",
    )


@rule("elf.arch", 1, Answer.NO, "Built for another processor")
def architecture(context: Context) -> Match | None:
    """e_machine against the target's architecture. 386 runs on amd64, and arm on arm64, where the
    kernel has 32-bit support. A target without an architecture of its own takes the file's.
    """
    arch = need(context.binary.arch, "the architecture") if context.elf else None
    if arch is None or arch == context.target.arch or context.elf is None:
        return None
    if _KERNEL_ABIS.get(arch, ("",))[0] == context.target.arch:
        return None  # the next rule
    evidence = f"e_machine {context.elf.header.machine} in the ELF header"
    wanted = context.target.arch
    if small := _COMPAT_32.get((arch, wanted)):
        return Match(
            f"It is a {small} program: it runs on {wanted} if the kernel has 32-bit support.",
            evidence,
            f"Use the {wanted} file to be sure",
            Answer.YES_IF,
            f"a {small} program",
        )
    return Match(
        f"It is built for {arch_name(arch)}, and the target is {arch_name(wanted)}.",
        evidence,
        remedy_of(
            f"Use the {wanted} file of this release, if it has one",
            f"run it emulated with --platform linux/{arch}",
        ),
        short=f"built for {arch}",
    )


@rule("elf.abi", 1, Answer.YES_IF, "Needs a kernel with an uncommon ABI")
def kernel_abi(context: Context) -> Match | None:
    """x32 (a 32-bit ELF file for x86-64) and MIPS n32 run only on kernels that are built for them.
    Most are not: then it ends with “exec format error”.
    """
    arch = need(context.binary.arch, "the architecture") if context.elf else None
    if arch is None or arch not in _KERNEL_ABIS or context.elf is None:
        return None
    processor, name, option = _KERNEL_ABIS[arch]
    if context.target.arch not in (processor, arch):
        return None
    return Match(
        f"It is an {name} program: it runs only if the kernel is built for {name}; most are not.",
        f"e_machine {context.elf.header.machine} in a 32-bit ELF header",
        remedy_of(
            f"Use the {processor} file of this release, if it has one", f"a kernel with {option}"
        ),
        short=f"needs a kernel with {name}",
    )


@rule("elf.os", 1, Answer.NO, "Built for another system")
def operating_system(context: Context) -> Match | None:
    """The loader that PT_INTERP names, or a note in PT_NOTE by which FreeBSD, NetBSD, OpenBSD or
    DragonFly know their programs; both lie in the first page. Where nothing else tells, Go's build
    info (GOOS) does. EI_OSABI alone decides nothing, since Linux starts such a file all the same:
    without build info or a note that confirms it, the answer is unknown.
    """
    if context.elf is None or context.elf.header.type not in ("EXEC", "DYN"):
        return None
    abi = f"EI_OSABI {context.elf.header.os_abi}"
    branded = need(context.elf.os_note, "which system it is for")
    if branded is not None:
        return _other_system(branded, f"{abi}, a note by {branded}")
    if system := foreign_system(context.interpreter or ""):
        return _other_system(_goos(context.go_hint) or system, context.interp_evidence())
    if any(segment.type == _SUN_STACK for segment in context.segments):
        return _other_system(_goos(context.go_hint) or "Solaris", "PT_SUNWSTACK")
    if context.elf.header.os_abi in _FOREIGN_ABI:
        return _claimed(context, _FOREIGN_ABI[context.elf.header.os_abi], abi)
    if _may_be_unmarked_go(context) and (system := _goos(context.go)):
        return _other_system(system, "GOOS in Go's build info")
    return None


def _other_system(system: str, evidence: str) -> Match:
    return Match(
        f"This is a program for {system}: Linux would load it and fail at once.",
        evidence,
        _LINUX_FILE,
        short=f"a program for {system}",
    )


def _goos(go: GoBuild | None) -> str:
    """The other system that Go's build info names, empty for Linux."""
    goos = (go.setting("GOOS") if go else None) or "linux"
    return "" if goos in _LINUX else _GOOS.get(goos, goos)


def _may_be_unmarked_go(context: Context) -> bool:
    """A static program as Go's own linker writes it for systems without a mark (DragonFly).

    It writes PT_PHDR for all, and PT_GNU_STACK for Linux and FreeBSD only (cmd/link, ``asmbElf``).
    So a program with PT_GNU_STACK is known not to be one before its build info is read.
    """
    types = {segment.type for segment in context.segments}
    return "PHDR" in types and not types & {"GNU_STACK", "INTERP"}


def _claimed(context: Context, system: str, abi: str) -> Match | None:
    """The header names another system: what else says so?"""
    go = context.go
    if go is not None and (goos := go.setting("GOOS")):
        if goos in _LINUX:
            return None
        return _other_system(system, f"{abi}, GOOS={goos} in Go's build info")
    notes = (need(context.elf.notes, "the notes") if context.elf else None) or ()
    if any(note.owner.lower() == system.lower() for note in notes):
        return _other_system(system, f"{abi}, a note by {system}")
    return Match(
        f"Its header says {system}; it may be a Linux program all the same.",
        f"{abi} at 0x7",
        "Run it to find out",
        Answer.UNKNOWN,
        f"perhaps a program for {system}",
    )
