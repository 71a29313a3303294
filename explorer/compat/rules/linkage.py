"""Steps 3 and 4: how it is linked, and whether its loader is present."""

from __future__ import annotations

from explorer.compat.context import Context
from explorer.compat.dynamic_tables import contradiction
from explorer.compat.kernel import smallest_page, unmapped
from explorer.compat.loaders import Presence, foreign_system, listed, whose
from explorer.compat.models import Answer, Libc, Where
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import build_remedy, go_words, place
from explorer.elf import Dynamic, Elf, Linkage, RelocationType
from explorer.facts import MISSING, known_or

_SELF_RELOCATED = ("_RELATIVE", "_IRELATIVE", "_JMP_IREL", "_NONE")
"""Ends of the names of relocations that the start-up code of a static program does itself."""


def _short(words: str, context: Context) -> str:
    """``static Go`` where it is known to be a Go program."""
    is_go = context.elf is not None and known_or(context.elf.is_go, False)
    return f"{words} Go" if is_go else words


def _static_words(context: Context) -> str:
    go = go_words(context)
    return f"no interpreter, no libraries{'; ' + go if go else ''}"


@rule("elf.static", 3, Answer.YES, "Static: needs nothing but the kernel")
def static(context: Context) -> Match | None:
    """e_type EXEC without PT_INTERP and PT_DYNAMIC: the kernel maps it and jumps in. It needs no
    libc and no file of the image, so it runs on musl, on glibc and in an empty image alike.
    """
    if context.linkage is not Linkage.STATIC:
        return None
    return Match(
        f"It is static: {_static_words(context)}.",
        f"{len(context.segments)} program headers, no PT_INTERP, no PT_DYNAMIC",
        short=_short("static", context),
    )


@rule("elf.static-pie", 3, Answer.YES, "Static, position-independent: needs nothing but the kernel")
def static_pie(context: Context) -> Match | None:
    """e_type DYN with DF_1_PIE, without PT_INTERP and DT_NEEDED: it relocates itself. Its
    relocations have to be RELATIVE, or IRELATIVE, which glibc's own start-up code handles; with
    others, or with Android's packed ones, the answer is unknown.
    """
    if context.linkage is not Linkage.STATIC_PIE:
        return None
    others = [r for r in context.linking.relocations if _unusual(r)] if context.linking else []
    packed = context.dynamic is not None and context.dynamic.android
    if others or packed:
        return Match(
            "It is static, but not every start-up code does the relocations that it needs.",
            "DT_ANDROID_REL, DT_ANDROID_RELA or DT_ANDROID_RELR in the dynamic section"
            if packed
            else "relocations: " + ", ".join(f"{r.count} {r.name}" for r in others[:4]),
            "Run it to find out",
            Answer.UNKNOWN,
            "unusual relocations",
        )
    return Match(
        f"It is static and position-independent: {_static_words(context)}.",
        "e_type DYN, no PT_INTERP, no DT_NEEDED",
        short=_short("static PIE", context),
    )


def _unusual(relocation: RelocationType) -> bool:
    # MIPS has no RELATIVE: REL32 without a symbol is its equivalent.
    return not (
        relocation.name.endswith(_SELF_RELOCATED) or relocation.name in ("R_MIPS_REL32", "0")
    )


@rule("elf.shared-library", 3, Answer.NO, "A library, not a program")
def shared_library(context: Context) -> Match | None:
    """e_type DYN without an interpreter, and with an entry of 0, a DT_SONAME, a DT_NEEDED or
    exported symbols: made to be loaded by a program, not to be started.
    """
    if context.linkage is not Linkage.SHARED_LIBRARY:
        return None
    soname = context.dynamic.soname if context.dynamic else ""
    if isinstance(soname, str) and soname:
        evidence = f"DT_SONAME {soname}"
    elif context.elf is not None and context.elf.header.entry:
        evidence = "no PT_INTERP and no DF_1_PIE, but symbols for others"
    else:
        evidence = "no entry point"
    return Match(
        "This is a library: programs load it, it cannot be started.",
        evidence,
        short="a shared library",
    )


def _lacks_loader(context: Context) -> bool:
    """A dynamic program for Linux whose loader is not in the target."""
    if not context.dynamic_program or context.loader_present:
        return False
    return not foreign_system(context.interpreter or "")


@rule("elf.interp.glibc", 4, Answer.NO, "Needs glibc's loader")
def glibc_interpreter(context: Context) -> Match | None:
    """PT_INTERP names glibc's loader, and the target has none. The kernel opens that file first and
    gives up without it: the shell then says “not found”, although the program exists. Go with
    CGO_ENABLED=0 -buildmode=pie names it too, without any library: the ELF decides, the build info
    explains.
    """
    if not _lacks_loader(context) or whose(context.interpreter or "") is not Libc.GLIBC:
        return None
    if context.target.libc is Libc.GLIBC:
        return None
    where = place(context.target)
    text = f"It needs glibc's loader {context.interpreter}, which {where} does not have."
    go = context.go_hint
    if go is not None and go.setting("CGO_ENABLED") == "0":
        text = f"{text[:-1]}, although it was built with cgo off."
    remedy = build_remedy(context)
    return Match(text, context.interp_evidence(), remedy, short="needs glibc's loader")


@rule("elf.interp.musl", 4, Answer.NO, "Needs musl's loader")
def musl_interpreter(context: Context) -> Match | None:
    """PT_INTERP names musl's loader, and the target is a glibc distribution (or empty): the kernel
    finds no such file.
    """
    if not _lacks_loader(context) or whose(context.interpreter or "") is not Libc.MUSL:
        return None
    if context.target.libc is Libc.MUSL:
        return None
    return Match(
        f"It needs musl's loader {context.interpreter}, which {place(context.target)} does not"
        " have.",
        context.interp_evidence(),
        "Use the glibc or a static file of this release, if it has one, or run it on Alpine",
        short="needs musl's loader",
    )


@rule("elf.interp.missing", 4, Answer.NO, "Needs a loader that is missing")
def missing_interpreter(context: Context) -> Match | None:
    """PT_INTERP names a file that the target does not have: a path of the machine it was built on,
    or the right loader in the wrong folder. Unknown for an architecture whose loader is not listed,
    and for a path that leads through folders which the target may lack.
    """
    if not _lacks_loader(context):
        return None
    interpreter = context.interpreter or ""
    owner, libc = whose(interpreter), context.target.libc
    if owner is not Libc.NONE and owner is not libc:
        return None  # one of the two rules above
    name, where = interpreter.rsplit("/", 1)[-1], place(context.target)
    unsure = context.loader is Presence.UNSURE
    if unsure or (owner is libc and not listed(interpreter, context.target)):
        return Match(
            f"It needs the loader {interpreter}; whether {where} has it is unknown.",
            context.interp_evidence(),
            "Run it there to find out",
            Answer.UNKNOWN,
            f"may lack {name}",
        )
    return Match(
        f"It needs the loader {interpreter}, which {where} does not have.",
        context.interp_evidence(),
        "Use a static file, or set the right path with “patchelf --set-interpreter”",
        short=f"missing {name}",
    )


@rule("elf.interp.relative", 4, Answer.YES_IF, "Finds its loader in one folder only")
def relative_interpreter(context: Context) -> Match | None:
    """PT_INTERP is a relative path. The kernel looks for it from the folder in which the program is
    started, so that it starts in / and nowhere else.
    """
    if not context.dynamic_program or context.loader is not Presence.FROM_ROOT:
        return None
    return Match(
        "It starts only with / as its working folder: the path of its loader is relative.",
        context.interp_evidence(),
        "Start it in /, or set an absolute path with “patchelf --set-interpreter”",
        short="only when started in /",
    )


@rule("elf.dynamic.contradiction", 4, Answer.UNKNOWN, "A dynamic section that contradicts itself")
def dynamic_contradiction(context: Context) -> Match | None:
    """An entry of PT_DYNAMIC without the one that belongs to it (DT_RELA without DT_RELASZ), a size
    that no such table has, or an address in no PT_LOAD. Loaders, and the start-up code of a static
    position-independent program, take them as they are, and most such programs crash.
    """
    relocated = context.dynamic_program or context.linkage is Linkage.STATIC_PIE
    if not relocated or context.dynamic is None or context.elf is None:
        return None
    whose_section, evidence = _contradicting(context, context.elf, context.dynamic)
    if not evidence:
        return None
    return Match(
        f"{whose_section} dynamic section contradicts itself: it may crash at the start.",
        evidence,
        "Build it again, without editing it afterwards",
        short="damaged dynamic section",
    )


def _contradicting(context: Context, program: Elf, dynamic: Dynamic) -> tuple[str, str]:
    """Whose dynamic section it is, and the evidence; both empty where nothing is seen."""
    loader = context.target.libc if context.dynamic_program else Libc.NONE
    if evidence := contradiction(dynamic, context.segments, program.header.bits, loader):
        return "Its", evidence
    for node in context.closure.of(Where.BESIDE) if context.dynamic_program else ():
        elf = node.binary.elf if node.binary is not None else None
        if not isinstance(elf, Elf) or not isinstance(elf.dynamic, Dynamic):
            continue
        segments = () if isinstance(elf.segments, MISSING) else elf.segments
        if evidence := contradiction(elf.dynamic, segments, elf.header.bits, loader):
            return f"{node.name}'s", evidence
    return "", ""


@rule("elf.loader.tables", 4, Answer.NO, "Its loader reads where nothing is mapped")
def loader_tables(context: Context) -> Match | None:
    """The loader takes the tables in PT_DYNAMIC and the path in PT_INTERP at their addresses, and
    makes PT_GNU_RELRO read-only. An address in no PT_LOAD, or no PT_DYNAMIC at all, ends the
    program before its first instruction. Headers that were edited by hand are like that.
    """
    if not context.dynamic_program or context.elf is None:
        return None
    page = smallest_page(context.elf.header.arch)
    if context.segment("DYNAMIC") is None:
        return Match(
            "Its loader crashes: the program has no dynamic section.",
            "PT_INTERP, but no PT_DYNAMIC",
            "Build it again, without editing it afterwards",
            short="no dynamic section",
        )
    if not (where := unmapped(context.segments, page)):
        return None
    return Match(
        "Its loader crashes: one of its program headers has an address at which nothing is mapped.",
        f"{where} is in no PT_LOAD",
        "Build it again, without editing it afterwards",
        short="damaged program headers",
    )
