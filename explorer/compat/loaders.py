"""Program interpreters: which system a path belongs to, and whether a target has it."""

from __future__ import annotations

import posixpath
import re
from enum import StrEnum

from explorer.compat.loader_table import GLIBC_LOADERS, MUSL_ARCHES, TRIPLETS, musl_loader
from explorer.compat.models import Libc, Target
from explorer.compat.targets import stock

_GLIBC_NAME = re.compile(r"ld-linux[\w-]*\.so\.\d+|ld64\.so\.[12]|ld-\d\.\d+\.so")
_MUSL_NAME = re.compile(r"ld-musl-[\w-]+\.so\.1|libc\.musl-[\w-]+\.so\.1")
_OLD_GLIBC = re.compile(r"/+lib(?:32|64|n32)?/+ld\.so\.1")
"""MIPS and 32-bit PowerPC."""

_FOREIGN = (
    (re.compile(r"(?:/usr)?/lib/(?:amd64|64|sparcv9)/ld\.so\.1|/usr/lib/ld\.so\.1"), "Solaris"),
    (re.compile(r"/libexec/ld-elf(?:32)?\.so\.1"), "FreeBSD"),
    (re.compile(r"/usr/libexec/ld-elf\.so\.2"), "DragonFly"),
    (re.compile(r"(?:/usr)?/libexec/ld\.elf_so(?:-[\w-]+)?"), "NetBSD"),
    (re.compile(r"/usr/libexec/ld\.so"), "OpenBSD"),
    (re.compile(r"(?:/apex/[\w.]+/bin|/system/bin(?:/bootstrap)?)/linker(?:64)?"), "Android"),
    (re.compile(r"(?:/boot)?/system/runtime_loader(?:/[\w]+)?"), "Haiku"),
    (re.compile(r"/lib/ld-x86-64\.so\.1|/lib/ld\.so"), "GNU Hurd"),
)
"""Loaders of other systems that use ELF: linker scripts and ``exec`` code of each. illumos shares
Solaris's."""

_FOLDERS = frozenset(
    {
        *("/", "/bin", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root", "/run"),
        *("/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local"),
        *("/usr/local/lib", "/usr/sbin", "/var"),
    }
)
"""Folders of every image with a libc: ``..`` behind another one may lead nowhere."""


class Presence(StrEnum):
    """Whether a target has the file that a path names."""

    THERE = "there"
    FROM_ROOT = "from root"
    """It is a relative path, and right where the program is started with / as its folder."""
    ABSENT = "absent"
    UNSURE = "unsure"


def whose(interpreter: str) -> Libc:
    """The libc whose loader a PT_INTERP names; ``Libc.NONE`` for any other."""
    name = posixpath.basename(interpreter)
    if _MUSL_NAME.fullmatch(name):
        return Libc.MUSL
    is_glibc = _GLIBC_NAME.fullmatch(name) or _OLD_GLIBC.fullmatch(interpreter)
    return Libc.GLIBC if is_glibc else Libc.NONE


def foreign_system(interpreter: str) -> str:
    """The other system whose loader a PT_INTERP names, empty where it is Linux's or unknown."""
    path = resolved(interpreter) or interpreter
    return next((system for pattern, system in _FOREIGN if pattern.fullmatch(path)), "")


def listed(interpreter: str, target: Target) -> bool:
    """Whether the loader of the target's libc is known for its architecture, or known to be absent.

    Not known for MIPS, nor for ARM without hardware floating point, which Go calls ``arm`` too.
    """
    if target.arch.startswith(("amd64p32", "mips64p32")):
        return True  # no distribution here is built for x32 or n32
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


def presence(path: str, target: Target) -> Presence:
    """Whether the target has the loader that PT_INTERP names. ``target.arch`` must be filled in."""
    return presence_among(path, loader_paths(target), target)


def presence_among(path: str, files: frozenset[str], target: Target) -> Presence:
    """Whether a path, however it is spelled, leads to one of a target's ``files``."""
    if not path or path.endswith(("/", "/.", "/..")) or not files:
        return Presence.ABSENT  # no file, but a folder
    place = resolved(path)
    if place is None:
        return Presence.UNSURE
    if place not in files:
        merged = stock(target).usr_merged
        other = place.removeprefix("/usr") if place.startswith("/usr/lib") else f"/usr{place}"
        if not place.startswith(("/lib", "/usr/lib")) or merged == "no" or other not in files:
            return Presence.ABSENT
        if merged != "yes":
            return Presence.UNSURE
    return Presence.THERE if path.startswith("/") else Presence.FROM_ROOT


def resolved(path: str) -> str | None:
    """The plain form of a path that starts at /: ``//lib/./x`` is ``/lib/x``.

    None where that depends on folders that an image may lack, or on links of the kernel.
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            if "/" + "/".join(parts) not in _FOLDERS:
                return None
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    place = "/" + "/".join(parts)
    return None if place.startswith(("/proc/", "/dev/fd/", "/dev/shm/")) else place


def loader_paths(target: Target) -> frozenset[str]:
    """Every path that leads to the target's loader, links included."""
    glibc, arch = GLIBC_LOADERS.get(target.arch, ""), target.arch
    if target.libc is Libc.GLIBC:
        folder = stock(target).libdir.format(triplet=TRIPLETS.get(arch, "unknown"))
        beside = f"{folder}/{posixpath.basename(glibc)}"
        return frozenset({glibc, beside} if folder and glibc else {glibc} - {""})
    if target.libc is not Libc.MUSL or arch not in MUSL_ARCHES:
        return frozenset()
    paths = {musl_loader(arch), f"/lib/libc.musl-{MUSL_ARCHES[arch]}.so.1"}
    if compat_layer(target) and glibc:
        # gcompat installs /lib/NAME and, where addresses have 64 bits, a link /lib64/NAME.
        paths |= {glibc, f"/lib/{posixpath.basename(glibc)}"}
    return frozenset(paths)
