"""Step 8: worth knowing. None of it changes the answer."""

from __future__ import annotations

from explorer.compat.context import Context
from explorer.compat.models import Answer, Libc
from explorer.compat.rules.registry import Match, rule
from explorer.elf import Linkage
from explorer.facts import known_or

MUSL_THREAD_STACK = 128 * 1024
"""Bytes; glibc gives 8 MiB (the shell's limit)."""
BASELINE = "x86-64"
"""The level that every 64-bit Intel and AMD processor has; some linkers write it down all the same."""
_BIG_PAGE_ARCHES = ("arm64", "ppc64le", "loong64", "mips64le", "mips64")
_INSTALL = {
    Libc.MUSL: "apk add {0}",
    Libc.GLIBC: "install the package {0}",
    Libc.NONE: "copy {1} into the image",
}


def _runs(context: Context) -> bool:
    """It is a program: advice about a library or a broken file would be noise."""
    if context.linkage in (Linkage.STATIC, Linkage.STATIC_PIE):
        return True
    return context.dynamic_program and context.loader_present


def _is_go(context: Context) -> bool:
    return context.elf is not None and known_or(context.elf.is_go, False)


@rule("advice.isa", 8, Answer.YES, "Needs a newer processor")
def isa(context: Context) -> Match | None:
    """GOAMD64 in Go's build info is exact. GNU_PROPERTY_X86_ISA_1_NEEDED is what the linker was told: glibc's loader refuses
    to start such a file on an older processor, musl's does not look. Without the level: exit 132, illegal instruction.
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
        "Take a baseline build for older machines",
    )


@rule("advice.page-size", 8, Answer.YES, "Does not start where memory pages are large")
def page_size(context: Context) -> Match | None:
    """A page size P works if (p_offset - p_vaddr) is a multiple of P for every PT_LOAD. 16 KiB pages: Apple machines and
    Raspberry Pi 5; 64 KiB: some ARM servers. Emulation cannot show the failure, only the headers can.
    """
    if context.elf is None or context.elf.header.arch not in _BIG_PAGE_ARCHES or not _runs(context):
        return None
    loads = [segment for segment in context.segments if segment.type == "LOAD"]
    bad = [kib for kib in (16, 64) if any((s.offset - s.vaddr) % (kib * 1024) for s in loads)]
    if not bad:
        return None
    where = next(s for s in loads if (s.offset - s.vaddr) % (bad[0] * 1024))
    sizes = " and ".join(f"{kib} KiB" for kib in bad)
    return Match(
        f"It does not start where the kernel has pages of {sizes}.",
        f"PT_LOAD at {where.offset:#x} goes to {where.vaddr:#x}",
        "Link with -Wl,-z,max-page-size=65536",
    )


@rule("advice.thread-stack", 8, Answer.YES, "Small thread stacks on musl")
def thread_stack(context: Context) -> Match | None:
    """musl gives a C thread 128 KiB of stack unless PT_GNU_STACK.p_memsz says more; glibc gives 8 MiB. Said where the
    program creates threads through the C library; Go without cgo makes its own.
    """
    if (
        context.target.libc is not Libc.MUSL
        or not context.dynamic_program
        or not context.loader_present
    ):
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
        f"PT_GNU_STACK.p_memsz {size:#x}, imports pthread_create",
        "Link with -Wl,-z,stack-size=1048576 or more if it crashes",
    )


@rule("advice.ca-certificates", 8, Answer.YES, "Root certificates for TLS")
def ca_certificates(context: Context) -> Match | None:
    """A Go program that makes TLS connections reads the image's root certificates; without them it says
    “x509: certificate signed by unknown authority”.
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
    )


@rule("advice.tzdata", 8, Answer.YES, "Time zones")
def tzdata(context: Context) -> Match | None:
    """A Go program that loads time zones (TZ, time.LoadLocation) reads the image's zone files unless it was built with
    -tags timetzdata; without them it says “unknown time zone”.
    """
    if (
        context.elf is None
        or not _runs(context)
        or not _is_go(context)
        or known_or(context.elf.tzdata, True)
    ):
        return None
    install = _INSTALL[context.target.libc].format("tzdata", "/usr/share/zoneinfo")
    evidence = "a Go program without time/tzdata"
    return Match(
        "If it works with time zones, the image needs the zone files.",
        evidence,
        f"For time zones: {install}",
    )


@rule("advice.go-version", 8, Answer.YES, "What scanners will say")
def go_version(context: Context) -> Match | None:
    """Vulnerability scanners judge Go's standard library by the version in the build info, not by the image."""
    go = context.go_hint
    if go is None or not _runs(context):
        return None
    text = f"Scanners will judge it by Go {go.version.removeprefix('go')}, whatever the image."
    return Match(text, f"Go's build info: {go.version}", "")


@rule("advice.gcompat", 8, Answer.YES, "Through a compatibility layer")
def compat_layer(context: Context) -> Match | None:
    """gcompat answers for glibc with its own versions of a few hundred functions: starting is no proof of working."""
    if not context.layer:
        return None
    text = f"It would run through {context.layer}, not on the libc it was built for: try what you need of it."
    return Match(text, context.interp_evidence(), "A static or musl file is safer")
