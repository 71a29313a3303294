"""The program interpreters of Linux, by their paths: whose they are, and which a target has.

Sources: the glibc ABI list (sourceware.org/glibc/wiki/ABIList) and musl's ``arch/*/reloc.h`` (LDSO_ARCH).
"""

from __future__ import annotations

import posixpath
import re

from explorer.compat.models import Libc, Target

GLIBC_LOADERS = {
    "amd64": "/lib64/ld-linux-x86-64.so.2",
    "386": "/lib/ld-linux.so.2",
    "arm64": "/lib/ld-linux-aarch64.so.1",
    "arm": "/lib/ld-linux-armhf.so.3",
    "riscv64": "/lib/ld-linux-riscv64-lp64d.so.1",
    "ppc64le": "/lib64/ld64.so.2",
    "s390x": "/lib/ld64.so.1",
    "loong64": "/lib64/ld-linux-loongarch-lp64d.so.1",
}
"""glibc's loader by Go's name of the architecture."""

MUSL_ARCHES = {
    "amd64": "x86_64",
    "386": "i386",
    "arm64": "aarch64",
    "arm": "armhf",
    "riscv64": "riscv64",
    "ppc64le": "powerpc64le",
    "s390x": "s390x",
    "loong64": "loongarch64",
}
"""musl's name of the architecture by Go's."""

TRIPLETS = {
    "amd64": "x86_64-linux-gnu",
    "386": "i386-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "riscv64": "riscv64-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "loong64": "loongarch64-linux-gnu",
}
"""Debian's multiarch folder by Go's name of the architecture."""

_GLIBC_NAME = re.compile(r"ld-linux[\w-]*\.so\.\d+|ld64\.so\.[12]|ld\.so\.1|ld-\d\.\d+\.so")
_MUSL_NAME = re.compile(r"ld-musl-[\w-]+\.so\.1")


def whose(interpreter: str) -> Libc:
    """Whose loader a PT_INTERP asks for: glibc's, musl's, or nobody's known here (``Libc.NONE``)."""
    name = posixpath.basename(interpreter)
    if _MUSL_NAME.fullmatch(name):
        return Libc.MUSL
    return Libc.GLIBC if _GLIBC_NAME.fullmatch(name) else Libc.NONE


def musl_loader(arch: str) -> str:
    """``/lib/ld-musl-x86_64.so.1``; empty for an architecture that is not known here."""
    return f"/lib/ld-musl-{MUSL_ARCHES[arch]}.so.1" if arch in MUSL_ARCHES else ""


def listed(interpreter: str, target: Target) -> bool:
    """Whether this room knows which loader the target's libc has on its architecture; not so of MIPS, nor of ARM without
    hardware floating point, whose programs ask for another one than those with it and are of the same architecture in Go's words.
    """
    if target.libc is Libc.MUSL:
        return target.arch in MUSL_ARCHES
    return target.arch in GLIBC_LOADERS and not (
        target.arch == "arm" and interpreter == "/lib/ld-linux.so.3"
    )


def compat_layer(target: Target) -> str:
    """``gcompat`` or ``loader-symlink`` where the target has one, else empty."""
    if target.libc is not Libc.MUSL:
        return ""
    if target.packages & {"gcompat", "gcompat-1.0"}:
        return "gcompat"
    return "loader-symlink" if "loader-symlink" in target.packages else ""


def present(interpreter: str, target: Target) -> bool:
    """Whether the file that PT_INTERP names is in the target. ``target.arch`` must be filled in."""
    if target.libc is Libc.NONE:
        return False
    glibc = GLIBC_LOADERS.get(target.arch, "")
    if target.libc is Libc.GLIBC:
        return interpreter == glibc != ""
    if interpreter == musl_loader(target.arch) != "":
        return True
    # gcompat installs /lib/NAME and, where addresses have 64 bits, a link /lib64/NAME.
    return (
        bool(compat_layer(target))
        and glibc != ""
        and interpreter in (glibc, f"/lib/{posixpath.basename(glibc)}")
    )
