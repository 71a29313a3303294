"""Steps 3 and 4: how it is linked, and whether its loader is there."""

from __future__ import annotations

from explorer.compat.context import Context
from explorer.compat.loaders import listed, whose
from explorer.compat.models import Answer, Libc
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import build_remedy, go_words, place
from explorer.elf import Linkage
from explorer.facts import known_or


def _short(words: str, context: Context) -> str:
    """``static Go`` where it is known to be a Go program."""
    is_go = context.elf is not None and known_or(context.elf.is_go, False)
    return f"{words} Go" if is_go else words


def _static_words(context: Context) -> str:
    go = go_words(context)
    return f"no interpreter, no libraries{'; ' + go if go else ''}"


@rule("elf.static", 3, Answer.YES, "Static: needs nothing but the kernel")
def static(context: Context) -> Match | None:
    """e_type EXEC without PT_INTERP and PT_DYNAMIC: the kernel maps it and jumps in. No libc, no file of the image is
    asked for, so it runs on musl, on glibc and in an empty image alike.
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
    """e_type DYN with DF_1_PIE, without PT_INTERP and DT_NEEDED: it relocates itself. Its relocations have to be RELATIVE,
    or IRELATIVE, which glibc's own start-up code handles; with others it stays unknown.
    """
    if context.linkage is not Linkage.STATIC_PIE:
        return None
    linking = context.linking
    others = (
        []
        if linking is None
        else [
            r
            for r in linking.relocations
            if not r.name.endswith(("_RELATIVE", "_IRELATIVE", "_NONE"))
        ]
    )
    if others:
        return Match(
            "It is static, but its start-up code would have to do relocations that not every start-up code does.",
            "relocations: " + ", ".join(f"{r.count} {r.name}" for r in others[:4]),
            "Run it to know",
            Answer.UNKNOWN,
            "unusual relocations",
        )
    return Match(
        f"It is static and position-independent: {_static_words(context)}.",
        "e_type DYN, DF_1_PIE, no PT_INTERP, no DT_NEEDED",
        short=_short("static PIE", context),
    )


@rule("elf.shared-library", 3, Answer.NO, "A library, not a program")
def shared_library(context: Context) -> Match | None:
    """e_type DYN without an interpreter and with an entry of 0 or a DT_SONAME: made to be loaded, not to be started."""
    if context.linkage is not Linkage.SHARED_LIBRARY:
        return None
    soname = context.dynamic.soname if context.dynamic else ""
    name = soname if isinstance(soname, str) else ""
    return Match(
        "This is a library: programs load it, it cannot be started.",
        f"DT_SONAME {name}" if name else "no entry point",
        short="a shared library",
    )


@rule("elf.interp.glibc", 4, Answer.NO, "Asks for glibc's loader")
def glibc_interpreter(context: Context) -> Match | None:
    """PT_INTERP names glibc's loader, and the target has none. The kernel opens that file first and gives up without it:
    the shell then says “not found”, though the program is there. Go with CGO_ENABLED=0 -buildmode=pie has it too, with
    no library at all: the ELF decides, the build info explains.
    """
    if (
        not context.dynamic_program
        or context.loader_present
        or whose(context.interpreter or "") is not Libc.GLIBC
    ):
        return None
    if context.target.libc is Libc.GLIBC:
        return None
    text = f"It asks for glibc's loader {context.interpreter}, which {place(context.target)} does not have."
    go = context.go_hint
    if go is not None and go.setting("CGO_ENABLED") == "0":
        text = f"{text[:-1]}, although it was built with cgo off."
    remedy = build_remedy(context)
    if context.target.libc is Libc.MUSL and go is None:
        remedy += "; “apk add gcompat” helps some such programs"
    return Match(text, context.interp_evidence(), remedy, short="needs glibc's loader")


@rule("elf.interp.musl", 4, Answer.NO, "Asks for musl's loader")
def musl_interpreter(context: Context) -> Match | None:
    """PT_INTERP names musl's loader, and the target is a glibc distribution (or empty): the kernel finds no such file."""
    if (
        not context.dynamic_program
        or context.loader_present
        or whose(context.interpreter or "") is not Libc.MUSL
    ):
        return None
    if context.target.libc is Libc.MUSL:
        return None
    text = f"It asks for musl's loader {context.interpreter}, which {place(context.target)} does not have."
    return Match(
        text,
        context.interp_evidence(),
        "Take the glibc or a static file of this release, or run it on Alpine",
        short="needs musl's loader",
    )


@rule("elf.interp.missing", 4, Answer.NO, "Asks for a loader that is not there")
def missing_interpreter(context: Context) -> Match | None:
    """PT_INTERP names a file that the target does not have: another system's loader, a path of the machine it was built
    on, or the right loader in the wrong folder. For a processor whose loader is not listed here it stays unknown.
    """
    if not context.dynamic_program or context.loader_present:
        return None
    owner, libc = whose(context.interpreter or ""), context.target.libc
    if (owner is Libc.GLIBC and libc is not Libc.GLIBC) or (
        owner is Libc.MUSL and libc is not Libc.MUSL
    ):
        return None
    name = (context.interpreter or "").rsplit("/", 1)[-1]
    if owner is libc and not listed(context.interpreter or "", context.target):
        text = f"It asks for the loader {context.interpreter}; whether {place(context.target)} has it is not known."
        return Match(
            text,
            context.interp_evidence(),
            "Run it there to know",
            Answer.UNKNOWN,
            f"may lack {name}",
        )
    text = f"It asks for the loader {context.interpreter}, which {place(context.target)} does not have."
    return Match(
        text,
        context.interp_evidence(),
        "Take a static file, or set the right path with “patchelf --set-interpreter”",
        short=f"missing {name}",
    )
