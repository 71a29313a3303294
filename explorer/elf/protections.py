"""Which protections a program was built with, each as yes, partly, no, or why there is no answer.

Sources: the gABI and the Linux ``elf.h``; ``fs/binfmt_elf.c`` and ``arch/x86/include/asm/elf.h``
(executable stacks); glibc's ``elf/dl-reloc.c`` (RELRO), ``debug/`` (fortified functions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from explorer.elf.models import Elf, Linkage, Linking
from explorer.facts import MISSING, Fact, NotApplicable, Unknown, known_or

_NO_C = "Go without cgo: there is no C code in it"
_LOADED = (Linkage.STATIC, Linkage.STATIC_PIE, Linkage.DYNAMIC, Linkage.SHARED_LIBRARY)
_LAZY = ("JMPREL", "PLTRELSZ")
# Functions of a C library that -D_FORTIFY_SOURCE replaces by a checking one, NAME by __NAME_chk.
_NAMES = """
asprintf confstr dprintf explicit_bzero fdelt fgets fgetws fprintf fread fwprintf getcwd
getdomainname getgroups gethostname getlogin_r gets getwd longjmp mbsnrtowcs mbsrtowcs mbstowcs
memcpy memmove mempcpy memset poll ppoll pread pread64 printf ptsname_r read readlink readlinkat
realpath recv recvfrom snprintf sprintf stpcpy stpncpy strcat strcpy strlcat strlcpy strncat
strncpy swprintf syslog ttyname_r vasprintf vdprintf vfprintf vfwprintf vprintf vsnprintf
vsprintf vswprintf vsyslog vwprintf wcpcpy wcpncpy wcrtomb wcscat wcscpy wcsncat wcsncpy
wcsnrtombs wcsrtombs wcstombs wctomb wmemcpy wmemmove wmempcpy wmemset wprintf
"""
_FORTIFIABLE = frozenset(_NAMES.split())


class Degree(StrEnum):
    """How far a protection goes."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Protection:
    """One protection."""

    key: str
    """``pie``, ``relro``, ``nx``, ``canary``, ``fortify``, ``rpath``, ``textrel``, ``wx``, ``ibt``,
    ``shstk``, ``bti``, ``pac``, ``stripped``."""
    title: str
    degree: Fact[Degree]
    """NotApplicable says because of what, Unknown what was not read."""
    why: str
    """What was seen, as a sentence; empty if ``degree`` is missing, which says it. Untrusted."""


_Outcome = tuple[Degree, str] | Unknown | NotApplicable


def hardening(elf: Elf) -> tuple[Protection, ...]:
    """The protections of an ELF file, in a fixed order."""
    checks: tuple[tuple[str, str, Callable[[Elf], _Outcome]], ...] = (
        ("pie", "position independent (PIE)", _pie),
        ("relro", "read-only relocations (RELRO)", _relro),
        ("nx", "non-executable stack (NX)", _nx),
        ("wx", "no writable code (W^X)", _wx),
        ("textrel", "no relocations in code", _textrel),
        ("canary", "stack canaries", _canary),
        ("fortify", "fortified C functions", _fortify),
        ("rpath", "no RPATH or RUNPATH", _rpath),
        ("ibt", "branch tracking (CET IBT)", lambda e: _feature(e, "IBT", ("amd64", "386"))),
        ("shstk", "shadow stack (CET SHSTK)", lambda e: _feature(e, "SHSTK", ("amd64", "386"))),
        ("bti", "branch targets (BTI)", lambda e: _feature(e, "BTI", ("arm64",))),
        ("pac", "pointer authentication (PAC)", lambda e: _feature(e, "PAC", ("arm64",))),
        ("stripped", "stripped", _stripped),
    )
    return tuple(_protection(key, title, check(elf)) for key, title, check in checks)


def _protection(key: str, title: str, outcome: _Outcome) -> Protection:
    if isinstance(outcome, MISSING):
        return Protection(key, title, outcome, "")
    return Protection(key, title, *outcome)


def _linkage(elf: Elf) -> Linkage | Unknown | NotApplicable:
    """The linkage of something that is mapped and run."""
    if isinstance(elf.packed, Unknown):
        return elf.packed
    if not isinstance(elf.packed, NotApplicable):
        return Unknown(f"packed by {elf.packed.packer}: the program inside was not unpacked")
    linkage = elf.linkage
    if isinstance(linkage, MISSING) or linkage in _LOADED:
        return linkage
    return NotApplicable(f"not a program: {linkage.value}")


def _pure_go(elf: Elf) -> bool | Unknown:
    """Whether all of it is Go: no C compiler was at work."""
    if isinstance(elf.go, Unknown):
        return elf.go
    if isinstance(elf.go, NotApplicable):
        return False
    cgo = elf.go.setting("CGO_ENABLED")
    linking = elf.linking
    if cgo == "0" or (cgo is None and isinstance(linking, NotApplicable)):
        return True
    # cgo may be on and unused: without libraries and C start-up code there is no C.
    return isinstance(linking, NotApplicable) and elf.linkage is Linkage.STATIC


def _for_linux(elf: Elf) -> bool:
    """Whether Go built it for Linux, as far as its build info says."""
    return isinstance(elf.go, MISSING) or elf.go.setting("GOOS") in (None, "linux")


def _pie(elf: Elf) -> _Outcome:
    linkage = _linkage(elf)
    if isinstance(linkage, MISSING):
        return linkage
    if linkage is Linkage.SHARED_LIBRARY:
        return NotApplicable("a shared library always is")
    pure = _pure_go(elf) is True and _for_linux(elf)
    if elf.header.type == "DYN":
        why = "ET_DYN: it is loaded at a random address."
        if pure and not isinstance(elf.interpreter, MISSING):
            why += (
                " Built with Go's -buildmode=pie without cgo, which is why it needs the loader "
                f"{elf.interpreter}."
            )
        return Degree.YES, why
    why = "ET_EXEC: its code is always at the same address."
    if pure:
        why += (
            " Go's -buildmode=pie without cgo, as audits recommend it, would make it need glibc's "
            "loader, and it would no longer start on Alpine."
        )
    return Degree.NO, why


def _relro(elf: Elf) -> _Outcome:
    linkage, segments = _linkage(elf), elf.segments
    if isinstance(linkage, MISSING):
        return linkage
    if isinstance(segments, MISSING):
        return segments
    covered = any(segment.type == "GNU_RELRO" for segment in segments)
    if isinstance(elf.dynamic, Unknown):
        return elf.dynamic
    if isinstance(elf.dynamic, NotApplicable):
        if covered:
            return Degree.YES, "PT_GNU_RELRO; a static program binds nothing later."
        return NotApplicable("static: no table of addresses is filled in when it starts")
    if not covered:
        return Degree.NO, "No PT_GNU_RELRO: the tables of addresses stay writable."
    if elf.dynamic.binds_now:
        return Degree.YES, "PT_GNU_RELRO, and all symbols are bound at the start."
    if not any(entry.tag in _LAZY and entry.value for entry in elf.dynamic.entries):
        return Degree.YES, "PT_GNU_RELRO, and there is no table that is filled in later."
    return Degree.PARTLY, "PT_GNU_RELRO, but functions are bound later: their table stays writable."


def _nx(elf: Elf) -> _Outcome:
    segments = elf.segments
    if isinstance(segments, MISSING):
        return segments
    if elf.linkage in (Linkage.OBJECT, Linkage.CORE):
        return NotApplicable(f"not a program: {elf.linkage.value}")
    stack = next((segment for segment in segments if segment.type == "GNU_STACK"), None)
    if stack is not None:
        if "X" in stack.flags:
            return Degree.NO, f"PT_GNU_STACK asks for an executable stack ({stack.flags})."
        return Degree.YES, f"PT_GNU_STACK is {stack.flags}."
    if elf.header.arch == "386":
        return Degree.NO, "No PT_GNU_STACK: on 386 the stack is executable then."
    if elf.header.arch in ("amd64", "arm64"):
        return (
            Degree.PARTLY,
            "No PT_GNU_STACK: it depends on the kernel (amd64: Linux 5.8 or newer).",
        )
    return Unknown(f"no PT_GNU_STACK, and what {elf.header.arch} does then is not known here")


def _wx(elf: Elf) -> _Outcome:
    segments = elf.segments
    if isinstance(segments, MISSING):
        return segments
    both = [s for s in segments if s.type == "LOAD" and "W" in s.flags and "X" in s.flags]
    if both:
        places = ", ".join(f"{segment.offset:#x}" for segment in both[:3])
        return Degree.NO, f"PT_LOAD that is writable and executable, at {places}."
    return Degree.YES, "No PT_LOAD is both W and X."


def _textrel(elf: Elf) -> _Outcome:
    linkage = _linkage(elf)
    if isinstance(linkage, MISSING):
        return linkage
    if isinstance(elf.dynamic, Unknown):
        return elf.dynamic
    if isinstance(elf.dynamic, NotApplicable):
        return NotApplicable("static: nothing is relocated")
    if elf.dynamic.textrel:
        return Degree.NO, "DT_TEXTREL: the loader has to make code writable."
    return Degree.YES, "No DT_TEXTREL."


def _c_code(elf: Elf) -> Linking | Unknown | NotApplicable:
    """What its C code refers to, if the names are left."""
    linkage = _linkage(elf)
    if isinstance(linkage, MISSING):
        return linkage
    pure = _pure_go(elf)
    if isinstance(pure, Unknown):
        return pure
    if pure:
        return NotApplicable(_NO_C)
    if isinstance(elf.linking, NotApplicable) or linkage in (Linkage.STATIC, Linkage.STATIC_PIE):
        return Unknown("static: calls inside of the program leave no name")
    return elf.linking


def _canary(elf: Elf) -> _Outcome:
    linking = _c_code(elf)
    if isinstance(linking, MISSING):
        return linking
    names = linking.undefined | linking.weak_undefined | linking.copied
    for name in ("__stack_chk_fail", "__stack_chk_guard", "__stack_smash_handler"):
        if name in names or name in linking.exports:
            return Degree.YES, f"It refers to {name}: at least one function is guarded."
    return Degree.NO, "It does not refer to __stack_chk_fail: no function is guarded."


def _fortify(elf: Elf) -> _Outcome:
    linking = _c_code(elf)
    if isinstance(linking, MISSING):
        return linking
    interpreter = known_or(elf.interpreter, "")
    needed = () if isinstance(elf.dynamic, MISSING) else elf.dynamic.needed
    if "ld-musl" in interpreter or any(name.startswith("libc.musl") for name in needed):
        return NotApplicable("musl has no checking functions; fortify-headers leave no trace")
    names = linking.undefined | linking.weak_undefined
    checked = sorted(name for name in names if name.startswith("__") and name.endswith("_chk"))
    plain = sorted(names & _FORTIFIABLE)
    if checked and plain:
        return Degree.PARTLY, f"Some calls are checked ({checked[0]}), others not ({plain[0]})."
    if checked:
        return Degree.YES, f"It calls {checked[0]}, and no unchecked function of the kind."
    if plain:
        return Degree.NO, f"It calls {plain[0]} and others without checks."
    return NotApplicable("it calls no function that could be checked")


def _rpath(elf: Elf) -> _Outcome:
    linkage = _linkage(elf)
    if isinstance(linkage, MISSING):
        return linkage
    if isinstance(elf.dynamic, Unknown):
        return elf.dynamic
    if isinstance(elf.dynamic, NotApplicable):
        return NotApplicable("static: no library is searched")
    paths = elf.dynamic.runpath or elf.dynamic.rpath
    if not paths:
        return Degree.YES, "Libraries come from the system's folders only."
    tag = "DT_RUNPATH" if elf.dynamic.runpath else "DT_RPATH"
    own = all(path.startswith(("$ORIGIN", "${ORIGIN}")) for path in paths)
    where = "beside the program" if own else "elsewhere, too"
    return Degree.PARTLY if own else Degree.NO, f"{tag} {':'.join(paths)}: libraries {where}."


def _feature(elf: Elf, name: str, archs: tuple[str, ...]) -> _Outcome:
    if elf.header.arch not in archs:
        return NotApplicable(f"{' and '.join(archs)} only")
    linkage = _linkage(elf)
    if isinstance(linkage, MISSING):
        return linkage
    if isinstance(elf.features, MISSING):
        return elf.features
    if name in elf.features:
        return Degree.YES, f"The GNU property note says {name}."
    return Degree.NO, f"No GNU property note says {name}: some of its code lacks it."


def _stripped(elf: Elf) -> _Outcome:
    if isinstance(elf.stripped, MISSING):
        return elf.stripped
    if elf.stripped:
        return Degree.YES, "No symbol table."
    return Degree.NO, "It has a symbol table (.symtab)."
