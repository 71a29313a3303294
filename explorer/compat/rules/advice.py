"""Step 8: worth knowing. None of it changes the answer."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from explorer.compat.context import Context
from explorer.compat.kernel import misplaced, smallest_page
from explorer.compat.models import Answer, Libc
from explorer.compat.rules.registry import Match, rule
from explorer.elf import Linkage
from explorer.facts import known_or

MUSL_THREAD_STACK = 128 * 1024
"""Bytes; glibc gives 8 MiB (the shell's limit)."""
BASELINE = "x86-64"
"""The level that every 64-bit Intel and AMD processor has; some linkers write it all the same."""
_BIG_PAGES: Final = (16 << 10, 64 << 10)
"""Bytes. 16 KiB: Apple machines and Raspberry Pi 5; 64 KiB: some ARM and most POWER servers."""
_BIG_PAGE_ARCHES = ("arm64", "ppc64le", "loong64", "mips64le", "mips64")
_INSTALL: Final = MappingProxyType(
    {
        Libc.MUSL: "apk add {0}",
        Libc.GLIBC: "install the package {0}",
        Libc.NONE: "copy {1} into the image",
    }
)


def _runs(context: Context) -> bool:
    """It is a program: advice about a library or a broken file would be noise."""
    if context.linkage in (Linkage.STATIC, Linkage.STATIC_PIE):
        return True
    return context.dynamic_program and context.loader_present


def _is_go(context: Context) -> bool:
    return context.elf is not None and known_or(context.elf.is_go, False)


@rule("advice.isa", 8, Answer.YES, "Needs a newer processor")
def isa(context: Context) -> Match | None:
    """GOAMD64 in Go's build info is exact. GNU_PROPERTY_X86_ISA_1_NEEDED is what the linker was
    given: glibc's loader refuses to start such a file on an older processor, musl's does not look.
    On a processor without the level it ends with exit 132, illegal instruction.
    """
    if context.elf is None or not _runs(context):
        return None
    go = context.go_hint
    goamd64 = (go.setting("GOAMD64") if go else None) or "v1"
    note = known_or(context.elf.isa, "")
    if goamd64 in ("v2", "v3", "v4"):
        level, evidence = f"x86-64-{goamd64}", f"GOAMD64={goamd64} in Go's build info"
    elif note not in ("", BASELINE):
        level, evidence = note, f"GNU_PROPERTY_X86_ISA_1_NEEDED: {note}"
    else:
        return None
    return Match(
        f"It needs a processor of level {level}; on an older one it stops.",
        evidence,
        "Use a baseline build for older machines",
        short=f"needs {level}",
    )


@rule("advice.page-size", 8, Answer.YES, "Does not start where memory pages are large")
def page_size(context: Context) -> Match | None:
    """A page size P works if (p_offset - p_vaddr) is a multiple of P for every PT_LOAD. 16 KiB
    pages: Apple machines and Raspberry Pi 5; 64 KiB: some ARM servers. Emulation cannot show the
    failure, only the headers can.
    """
    if context.elf is None or context.elf.header.arch not in _BIG_PAGE_ARCHES or not _runs(context):
        return None
    loads = [segment for segment in context.segments if segment.type == "LOAD"]
    small = smallest_page(context.elf.header.arch)
    if any(misplaced(load, small) for load in loads):
        return None  # no kernel starts it: another rule says so
    bad = [page for page in _BIG_PAGES if any(misplaced(load, page) for load in loads)]
    if not bad:
        return None
    load = next(load for load in loads if misplaced(load, bad[0]))
    sizes = " and ".join(f"{page >> 10} KiB" for page in bad)
    return Match(
        f"It does not start where the kernel has pages of {sizes}.",
        f"PT_LOAD at {load.offset:#x} goes to {load.vaddr:#x}",
        "Link with -Wl,-z,max-page-size=65536",
        short=f"not with pages of {sizes}",
    )


@rule("advice.emulation", 8, Answer.YES, "Cannot be run under emulation")
def emulation(context: Context) -> Match | None:
    """Linux reads neither EI_CLASS, EI_DATA, EI_VERSION nor e_ehsize. qemu-user does, and refuses
    the file where one is wrong (“Invalid ELF image for this architecture”): a run on another
    machine's processor then shows a failure that the real one would not.
    """
    if context.elf is None or not context.elf.header.unread or not _runs(context):
        return None
    arch = context.elf.header.arch
    return Match(
        "Linux starts it, but qemu-user refuses it: emulation cannot show that it runs.",
        "; ".join(context.elf.header.unread),
        f"Run it on a machine with an {arch} processor",
        short="not under emulation",
    )


@rule("advice.thread-stack", 8, Answer.YES, "Small thread stacks on musl")
def thread_stack(context: Context) -> Match | None:
    """musl gives a C thread 128 KiB of stack unless PT_GNU_STACK.p_memsz says more; glibc gives
    8 MiB. Only for programs that create threads through the C library; Go without cgo makes its
    own.
    """
    if context.target.libc is not Libc.MUSL:
        return None
    if not context.dynamic_program or not context.loader_present:
        return None
    linking = context.linking
    if linking is None or not linking.undefined & {"pthread_create", "thrd_create"}:
        return None
    segment = context.segment("GNU_STACK")
    size = segment.memsz if segment else 0
    if size > MUSL_THREAD_STACK:
        return None
    return Match(
        "Its threads get 128 KiB of stack on musl (8 MiB on glibc): deep recursion may crash.",
        f"PT_GNU_STACK.p_memsz {size:#x}, uses pthread_create",
        "Link with -Wl,-z,stack-size=1048576 or more if it crashes",
        short="small thread stacks",
    )


@rule("advice.ca-certificates", 8, Answer.YES, "Root certificates for TLS")
def ca_certificates(context: Context) -> Match | None:
    """A Go program that makes TLS connections reads the image's root certificates; without them it
    says “x509: certificate signed by unknown authority”.
    """
    if not _runs(context) or not _is_go(context):
        return None
    install = _INSTALL[context.target.libc].format(
        "ca-certificates", "/etc/ssl/certs/ca-certificates.crt"
    )
    return Match(
        "If it makes TLS connections, the image needs root certificates.",
        "a Go program",
        f"For TLS: {install}",
        short="root certificates for TLS",
    )


@rule("advice.tzdata", 8, Answer.YES, "Time zones")
def tzdata(context: Context) -> Match | None:
    """A Go program that loads time zones (TZ, time.LoadLocation) reads the image's zone files,
    unless it was built with -tags timetzdata; without them it says “unknown time zone”.
    """
    if context.elf is None or not _runs(context) or not _is_go(context):
        return None
    if known_or(context.elf.tzdata, True):
        return None
    install = _INSTALL[context.target.libc].format("tzdata", "/usr/share/zoneinfo")
    return Match(
        "If it works with time zones, the image needs the zone files.",
        "a Go program without time/tzdata",
        f"For time zones: {install}",
        short="time zone files",
    )


@rule("advice.go-version", 8, Answer.YES, "What scanners will say")
def go_version(context: Context) -> Match | None:
    """Vulnerability scanners judge Go's standard library by the version in the build info, not by
    the image.
    """
    go = context.go_hint
    if go is None or not _runs(context):
        return None
    version = go.version.removeprefix("go")
    return Match(
        f"Scanners will judge it by Go {version}, whatever the image.",
        f"Go's build info: {go.version}",
        short=f"Go {version}",
    )


@rule("advice.gcompat", 8, Answer.YES, "Through a compatibility layer")
def compat_layer(context: Context) -> Match | None:
    """gcompat stands in for glibc with its own versions of a few hundred functions: a program that
    starts may still fail later.
    """
    if not context.layer:
        return None
    return Match(
        f"It would run through {context.layer}, not on the libc it was built for: test the parts"
        " that you need.",
        context.interp_evidence(),
        "A static or musl file is safer",
        short=f"through {context.layer}",
    )
