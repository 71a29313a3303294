"""What Linux checks in a program's headers before it starts it, with the page size as a parameter.

Source: ``fs/binfmt_elf.c`` (``load_elf_binary``, ``elf_load``, ``elf_map``), ``mm/mmap.c`` for what
a mapping may be, and each architecture's TASK_SIZE. Linux reads neither EI_CLASS, EI_DATA,
EI_VERSION, e_version nor e_ehsize. Sizes of tables and PT_INTERP are checked where they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from explorer.compat.models import Answer
from explorer.elf import Header, Segment

SMALLEST_PAGE: Final = MappingProxyType({"sparc64": 8192})
"""Bytes of the smallest memory page that kernels for an architecture have; others: 4096."""
USUAL_PAGE: Final = MappingProxyType({"loong64": 16384, "ppc64": 65536, "ppc64le": 65536})
"""Where distributions' kernels have larger pages than the smallest possible."""

_ADDRESSES: Final = MappingProxyType(
    {
        "amd64": (2**47 - 4096, 2**56),
        "386": (0xC0000000, 0xFFFFE000),
        "arm64": (2**39, 2**52),
        "arm": (0xBF000000, 0xFFFFF000),
        "mips": (0x7FFF8000, 2**31),
        "mipsle": (0x7FFF8000, 2**31),
        "ppc": (0xB0000000, 0xFFFFF000),
        "ppc64": (2**46, 2**52),
        "ppc64le": (2**46, 2**52),
        "s390x": (2**42, 2**63),
        "riscv64": (2**38, 2**56),
        "loong64": (2**39, 2**56),
    }
)
"""TASK_SIZE of the smallest address space that kernels give a program, and of the largest."""
_OTHER_ADDRESSES: Final = MappingProxyType({64: (2**38, 2**63), 32: (0x7FFF8000, 0xFFFFF000)})

_LOWEST: Final = MappingProxyType({"arm": 0x8000, "arm64": 0x8000})
"""vm.mmap_min_addr as kernels are configured, by architecture; others: 0x10000."""
_WIDTHS: Final = MappingProxyType(
    {
        **dict.fromkeys(("386", "arm", "armbe", "ppc", "sparc"), 32),
        **dict.fromkeys(("ppc64", "ppc64le", "sparc64"), 64),
    }
)
_NO_ABI: Final = frozenset({"arm64p32", "loong32"})
"""32-bit kinds of 64-bit processors that no kernel runs."""
_READ_IS_EXEC: Final = frozenset({"386", "arm", "ppc"})
"""Without PT_GNU_STACK, what can be read can be executed (``elf_read_implies_exec``)."""
_UNPROTECTED: Final = frozenset({"mips", "mipsle", "mips64", "mips64le", "sparc", "ppc"})
"""Most of their processors execute whatever can be read."""

MEMORY_NO: Final = 1 << 40
MEMORY_MAYBE: Final = 32 << 30
"""Bytes of zeroed memory in one segment. The kernel refuses what exceeds memory and swap."""


@dataclass(frozen=True, slots=True)
class KernelRefusal:
    """Why a kernel does not start a file."""

    text: str
    """A sentence."""
    evidence: str
    short: str
    answer: Answer = Answer.NO
    """YES_IF where it depends on the kernel."""


def claims_too_much_memory(segments: Sequence[Segment]) -> bool:
    """Whether a program claims more memory at start than any kernel gives."""
    return any(
        segment.type == "LOAD" and segment.memsz - segment.filesz >= MEMORY_NO
        for segment in segments
    )


def smallest_page(arch: str) -> int:
    """Bytes of the smallest page size of an architecture's kernels."""
    return SMALLEST_PAGE.get(arch, 4096)


def refusal(header: Header, segments: Sequence[Segment], page: int) -> KernelRefusal | None:
    """Why a kernel with pages of ``page`` bytes does not start a program, None where it does.

    What no kernel accepts comes before what some accept.
    """
    loads = [segment for segment in segments if segment.type == "LOAD"]
    reasons = [reason for reason in _reasons(header, loads, segments, page) if reason is not None]
    return min(reasons, key=lambda reason: reason.answer is not Answer.NO, default=None)


def _reasons(
    header: Header, loads: list[Segment], segments: Sequence[Segment], page: int
) -> Iterable[KernelRefusal | None]:
    yield _kind(header)
    for load in loads:
        yield misplaced(load, page)
        yield _sizes(load)
        yield _memory(load)
        yield _address(header, load)
        if header.type == "EXEC":
            yield _low(header, load, page)
    yield _entry(header, loads, segments, page)
    if any(segment.type == "INTERP" for segment in segments):
        yield _headers_found(header, loads, segments)


def _kind(header: Header) -> KernelRefusal | None:
    width = _WIDTHS.get(header.arch, header.bits)
    if width == header.bits and header.arch not in _NO_ABI:
        return None
    return KernelRefusal(
        f"It is a {header.bits}-bit file for {header.arch}, which no Linux kernel starts.",
        f"e_machine {header.machine} in a {header.bits}-bit ELF header",
        "no such kind of program",
    )


def misplaced(load: Segment, page: int) -> KernelRefusal | None:
    """A segment whose place in the file does not fit its address: it cannot be mapped."""
    if not load.filesz or (load.offset - load.vaddr) % page == 0:
        return None
    return KernelRefusal(
        f"A segment cannot be mapped: its place in the file does not fit its address in pages of"
        f" {page // 1024} KiB.",
        f"PT_LOAD at {load.offset:#x} goes to {load.vaddr:#x}: they differ modulo {page:#x}",
        "misaligned segment",
    )


def _sizes(load: Segment) -> KernelRefusal | None:
    if load.filesz <= load.memsz:
        return None
    return KernelRefusal(
        "A segment is larger in the file than in memory, which Linux refuses.",
        f"PT_LOAD at {load.offset:#x}: p_filesz {load.filesz:#x}, p_memsz {load.memsz:#x}",
        "segment sizes contradict",
    )


def _memory(load: Segment) -> KernelRefusal | None:
    zeroed = load.memsz - load.filesz
    if zeroed < MEMORY_MAYBE:
        return None
    evidence = f"PT_LOAD at {load.offset:#x}: p_memsz {load.memsz:#x}"
    size = f"{zeroed / 2**30:,.0f} GiB"
    if zeroed >= MEMORY_NO:
        text = f"It claims {size} of memory at start, more than kernels give."
        return KernelRefusal(text, evidence, f"claims {size} of memory")
    text = f"It claims {size} of memory at start: it runs if the machine has that much."
    return KernelRefusal(text, evidence, f"claims {size} of memory", Answer.YES_IF)


def _address(header: Header, load: Segment) -> KernelRefusal | None:
    sure, never = _ADDRESSES.get(header.arch, _OTHER_ADDRESSES[header.bits])
    end = load.vaddr + load.memsz
    evidence = f"PT_LOAD at {load.offset:#x} goes to {load.vaddr:#x}, up to {end:#x}"
    if load.vaddr >= never or end > never:
        text = f"A segment lies at {load.vaddr:#x}, outside of what a program may use."
        return KernelRefusal(text, evidence, "address of the kernel")
    if end > sure:
        text = (
            f"A segment lies at {load.vaddr:#x}: only some kernels have so large an address space."
        )
        return KernelRefusal(text, evidence, "needs a large address space", Answer.YES_IF)
    return None


def _low(header: Header, load: Segment, page: int) -> KernelRefusal | None:
    start = load.vaddr - load.vaddr % page
    if start >= _LOWEST.get(header.arch, 0x10000) or not load.memsz:
        return None
    evidence = f"PT_LOAD at {load.offset:#x} goes to {load.vaddr:#x}"
    if start == 0:
        text = "A segment lies at address 0, which Linux keeps unmapped."
        return KernelRefusal(text, evidence, "segment at address 0")
    text = f"A segment lies at {load.vaddr:#x}: it runs if vm.mmap_min_addr allows that."
    return KernelRefusal(text, evidence, "segment at a low address", Answer.YES_IF)


def _entry(
    header: Header, loads: list[Segment], segments: Sequence[Segment], page: int
) -> KernelRefusal | None:
    holding = [load for load in loads if _covers(load, header.entry, page)]
    if not holding:
        return KernelRefusal(
            "Its entry point lies outside of what is loaded: it crashes at once.",
            f"e_entry {header.entry:#x} is in no PT_LOAD",
            "entry point not loaded",
        )
    if header.arch in _UNPROTECTED or any("X" in load.flags for load in holding):
        return None
    unmarked = not any(segment.type == "GNU_STACK" for segment in segments)
    readable = any("R" in load.flags for load in holding)
    if unmarked and readable and header.arch in _READ_IS_EXEC:
        return None
    evidence = f"e_entry {header.entry:#x} is in a PT_LOAD with flags {holding[-1].flags}"
    if unmarked and readable:
        text = "Its code is not marked as executable: only Linux before 5.8 starts it."
        return KernelRefusal(text, evidence, "code not executable", Answer.YES_IF)
    text = "Its code is not marked as executable: it crashes at once."
    return KernelRefusal(text, evidence, "code not executable")


def _covers(load: Segment, address: int, page: int) -> bool:
    start = load.vaddr - load.vaddr % page
    end = load.vaddr + load.memsz
    return start <= address < end + -end % page


def _headers_found(
    header: Header, loads: list[Segment], segments: Sequence[Segment]
) -> KernelRefusal | None:
    """A loader reads the program headers in memory: AT_PHDR, which the kernel makes of e_phoff.

    PT_PHDR tells it how far the program was moved (musl's ``__dls3``, glibc's
    ``rtld_setup_main_map``).
    """
    places = [
        load.vaddr + header.phoff - load.offset
        for load in loads
        if load.offset <= header.phoff < load.offset + load.filesz
    ]
    if not places:
        return KernelRefusal(
            "Its program headers are in no loaded segment, so that its loader cannot find them.",
            f"e_phoff {header.phoff:#x} is in no PT_LOAD",
            "program headers not loaded",
        )
    marks = [segment.vaddr for segment in segments if segment.type == "PHDR"]
    if marks and marks[-1] not in places:
        return KernelRefusal(
            "PT_PHDR gives the wrong place of its program headers: its loader crashes.",
            f"PT_PHDR {marks[-1]:#x}, but e_phoff {header.phoff:#x} is loaded at {places[0]:#x}",
            "wrong PT_PHDR",
        )
    if not marks and header.type == "DYN":
        return KernelRefusal(
            "It has no PT_PHDR, without which its loader cannot tell where it was loaded.",
            "e_type DYN, PT_INTERP, no PT_PHDR",
            "no PT_PHDR",
        )
    return None


def locked(segments: Sequence[Segment]) -> str:
    """What a program has to use although its segment's flags forbid it: it crashes where it does.

    Returns:
        The segment as evidence: one that may not even be read, or one that may not be written
        although it is zeroed at the start (``.bss``) or relocated (PT_GNU_RELRO). Empty for others.
    """
    loads = [segment for segment in segments if segment.type == "LOAD" and segment.memsz]
    for load in loads:
        if load.flags == "---":
            return f"PT_LOAD at {load.offset:#x} has no flags"
        if load.flags == "R--" and load.memsz > load.filesz:
            return (
                f"PT_LOAD at {load.offset:#x}: flags R--, {load.memsz - load.filesz} zeroed bytes"
            )
    for segment in segments:
        if segment.type == "GNU_RELRO" and segment.memsz:
            holding = [
                load for load in loads if load.vaddr <= segment.vaddr < load.vaddr + load.memsz
            ]
            if holding and not any("W" in load.flags for load in holding):
                return f"PT_GNU_RELRO at {segment.vaddr:#x} is in a PT_LOAD without the flag W"
    return ""


_WRAPS: Final = 1 << 63
"""Addresses from here on may wrap around to small ones, and nothing is said of them."""


def unmapped(segments: Sequence[Segment], page: int) -> str:
    """What a loader reads or protects in the program's memory, where nothing is mapped, or nothing
    that it may read.

    Loaders go by the addresses of these headers, never by their places in the file.

    Args:
        page: bytes of the smallest page.

    Returns:
        The header and its address as evidence; empty if all of them are mapped.
    """
    loads = [segment for segment in segments if segment.type == "LOAD" and segment.memsz]
    open_ones = [load for load in loads if load.flags != "---"]
    for segment in segments:
        at = segment.vaddr
        if segment.type in ("DYNAMIC", "INTERP"):
            # musl does without a path at 0.
            if (at or segment.type == "DYNAMIC") and not _are_mapped(open_ones, at, at + 1, page):
                return f"PT_{segment.type} at {at:#x}"
        elif segment.type == "GNU_RELRO":
            start, end = at // page * page, (at + segment.memsz) // page * page
            # Larger pages hold more than the segment: what they cover may be protected.
            if start < end < _WRAPS and not any(
                _are_mapped(loads, start, end, size) for size in (page, 65536)
            ):
                return f"PT_GNU_RELRO from {at:#x} to {at + segment.memsz:#x}"
    return ""


def _are_mapped(loads: Sequence[Segment], start: int, end: int, page: int) -> bool:
    """Whether every page from ``start`` to ``end`` is part of a segment."""
    for load in sorted(loads, key=lambda one: one.vaddr):
        if load.vaddr // page * page <= start:
            start = max(start, -(-(load.vaddr + load.memsz) // page) * page)
    return start >= end
