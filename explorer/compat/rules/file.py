"""Steps 0 to 2: is it a whole Linux program, for this processor, and can it be looked into?"""

from __future__ import annotations

from explorer.compat.context import Context, need
from explorer.compat.models import Answer
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import arch_name
from explorer.elf import FileFormat, Linkage

_FOREIGN = {
    FileFormat.PE: (
        "This is a Windows program: Linux does not run it.",
        "Take the linux file of this release",
        "a Windows program",
    ),
    FileFormat.MACHO: (
        "This is a macOS program: Linux does not run it.",
        "Take the linux file of this release",
        "a macOS program",
    ),
    FileFormat.EMPTY: (
        "The file is empty: there is nothing to run.",
        "Download it again",
        "an empty file",
    ),
    FileFormat.DATA: (
        "This is no program: Linux has nothing to start here.",
        "Pick the executable among the files",
        "not a program",
    ),
}

_FOREIGN_ABI = {2: "NetBSD", 6: "Solaris", 9: "FreeBSD", 12: "OpenBSD"}
"""EI_OSABI values that name another system. Linux ignores the field, so alone it proves nothing."""

_COMPAT_32 = {("386", "amd64"): "32-bit Intel", ("arm", "arm64"): "32-bit ARM"}


@rule("elf.not-elf", 0, Answer.NO, "Not a Linux program")
def not_elf(context: Context) -> Match | None:
    """Linux starts ELF files and scripts. Windows (PE) and macOS (Mach-O) programs and data files are told by their first
    bytes.
    """
    if context.binary.format not in _FOREIGN:
        return None
    need(context.binary.elf, "what kind of file it is")  # raises where too few bytes are at hand
    text, remedy, short = _FOREIGN[context.binary.format]
    return Match(text, f"first bytes: {context.binary.detail}", remedy, short=short)


@rule("file.script", 0, Answer.YES_IF, "A script: its interpreter decides")
def script(context: Context) -> Match | None:
    """A script starts wherever the interpreter that its first line names is installed, with whatever it calls."""
    if context.binary.format is not FileFormat.SCRIPT:
        return None
    return Match(
        "This is a script: it runs if the interpreter named in its first line is installed there.",
        context.binary.detail,
        "Install that interpreter in the image",
        short="a script",
    )


@rule("elf.object", 0, Answer.NO, "An object file or a core dump")
def object_file(context: Context) -> Match | None:
    """Only e_type EXEC and DYN can be started; an object file waits for a linker, a core dump is a program's remains."""
    if context.linkage not in (Linkage.OBJECT, Linkage.CORE):
        return None
    is_object = context.linkage is Linkage.OBJECT
    short = "an object file" if is_object else "a core dump"
    kind = "an object file, half-way through being built" if is_object else short
    header = context.elf.header if context.elf else None
    return Match(
        f"This is {kind}: nothing can start it.",
        f"e_type {header.type if header else ''}",
        "Pick the executable",
        short=short,
    )


@rule("elf.truncated", 0, Answer.NO, "Shorter than its own headers say")
def truncated(context: Context) -> Match | None:
    """A PT_LOAD that ends behind the end of the file: a download or a copy that was cut. Where the file's whole size is
    not known, neither is this.
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


@rule("elf.broken", 0, Answer.NO, "No loader would take it")
def broken(context: Context) -> Match | None:
    """Headers that contradict one another, or libraries asked for without an interpreter to find them."""
    if context.linkage is not Linkage.BROKEN or context.elf is None:
        return None
    return Match(
        "The file is damaged: no loader would start it.",
        "; ".join(context.elf.problems[:3]),
        "Download it again",
        short="damaged",
    )


@rule("elf.arch", 1, Answer.NO, "Built for another processor")
def architecture(context: Context) -> Match | None:
    """e_machine against the target's architecture. 386 on amd64 and arm on arm64 run where the kernel has 32-bit support.
    A target without an architecture of its own takes the file's.
    """
    arch = need(context.binary.arch, "the architecture") if context.elf else None
    if arch is None or arch == context.target.arch or context.elf is None:
        return None
    evidence = f"e_machine {context.elf.header.machine} in the ELF header"
    if small := _COMPAT_32.get((arch, context.target.arch)):
        return Match(
            f"It is a {small} program: it runs on {context.target.arch} if the kernel has 32-bit support.",
            evidence,
            f"Take the {context.target.arch} file to be sure",
            Answer.YES_IF,
            f"a {small} program",
        )
    return Match(
        f"It is built for {arch_name(arch)}, and the target is {arch_name(context.target.arch)}.",
        evidence,
        f"Take the {context.target.arch} file of this release, or run it emulated with --platform linux/{arch}",
        short=f"built for {arch}",
    )


@rule("elf.os", 1, Answer.NO, "Built for another system")
def operating_system(context: Context) -> Match | None:
    """A note in PT_NOTE by which FreeBSD, NetBSD, OpenBSD or DragonFly know their programs decides; it lies in the first
    page. EI_OSABI alone decides nothing, since Linux starts such a file all the same: then Go's build info (GOOS) tells, or
    a note that only the section headers know; otherwise it stays unknown.
    """
    if context.elf is None or context.elf.header.type not in ("EXEC", "DYN"):
        return None
    remedy = "Take the linux file of this release"
    abi = f"EI_OSABI {context.elf.header.os_abi}"
    branded = need(context.elf.os_note, "which system it is for")
    if branded is not None:
        return Match(
            f"This is a program for {branded}: Linux would load it and fail at once.",
            f"{abi}, a note by {branded}",
            remedy,
            short=f"a program for {branded}",
        )
    if context.elf.header.os_abi not in _FOREIGN_ABI:
        return None
    system = _FOREIGN_ABI[context.elf.header.os_abi]
    short = f"a program for {system}"
    says = f"This is {short}: Linux would load it and fail at once."
    go = context.go
    if go is not None and (goos := go.setting("GOOS")):
        return (
            None
            if goos == "linux"
            else Match(says, f"{abi}, GOOS={goos} in Go's build info", remedy, short=short)
        )
    notes = need(context.elf.notes, "the notes") or ()
    if any(note.owner.lower() == system.lower() for note in notes):
        return Match(says, f"{abi}, a note by {system}", remedy, short=short)
    return Match(
        f"Its header says {system}; whether it is a Linux program all the same cannot be told.",
        f"{abi} at 0x7",
        "Run it to know",
        Answer.UNKNOWN,
        f"perhaps {short}",
    )
