"""Steps 6 and 7: relocations, symbols, and what a compatibility layer cannot do."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from explorer.compat.context import Context
from explorer.compat.loaders import whose
from explorer.compat.models import Answer, Libc
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import (
    build_remedy,
    go_words,
    place,
    plural,
    some,
    some_short,
    starts_on,
)
from explorer.compat.symbols import linking_of
from explorer.elf import Linking, RelocationType

_KNOWN_TYPES: Final = MappingProxyType(
    {
        "amd64": frozenset({0, 1, 2, 5, 6, 7, 8, 16, 17, 18, 36}),
        "arm64": frozenset({0, 257, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031}),
        "386": frozenset({0, 1, 2, 5, 6, 7, 8, 14, 35, 36, 37, 41}),
        "arm": frozenset({0, 2, 3, 13, 17, 18, 19, 20, 21, 22, 23}),
        "riscv64": frozenset({0, 2, 3, 4, 5, 7, 9, 11, 12}),
        "ppc64le": frozenset({0, 19, 20, 21, 22, 38, 43, 68, 73, 78}),
        "s390x": frozenset({0, 9, 10, 11, 12, 22, 54, 55, 56}),
        "loong64": frozenset({0, 2, 3, 4, 5, 7, 9, 11, 14}),
    }
)
"""Relocation types that musl's loader handles (arch/*/reloc.h)."""


@rule("elf.relocation.unsupported", 6, Answer.NO, "A relocation that musl does not know")
def relocation(context: Context) -> Match | None:
    """musl's loader refuses relocation types that it does not know, above all IRELATIVE (R_X86_64
    37, R_AARCH64 1032): functions chosen at start-up (IFUNC), which only glibc does.
    """
    if not starts_on(context, Libc.MUSL) or context.linking is None:
        return None
    objects: list[tuple[str, Linking | None]] = [("the program", context.linking)]
    objects += [(node.name, linking_of(node.binary)) for node in context.closure.nodes]
    holder, refused = next(
        (
            (name, types)
            for name, linking in objects
            if linking and (types := [r for r in linking.relocations if _refused(r, context)])
        ),
        ("", []),
    )
    if not refused:
        return None
    ifunc = any(r.name.endswith("_IRELATIVE") for r in refused)
    what = "functions chosen at start-up (IFUNC)" if ifunc else "relocations"
    return Match(
        f"It uses {what} that musl's loader refuses.",
        f"{', '.join(f'{r.count} {r.name}' for r in refused[:3])} in {holder}",
        build_remedy(context),
        short="IFUNC relocations" if ifunc else "unsupported relocations",
    )


def _refused(relocation: RelocationType, context: Context) -> bool:
    known = _KNOWN_TYPES.get(context.target.arch)
    if known is None:
        return relocation.name.endswith("_IRELATIVE")
    return relocation.number not in known


@rule("elf.symbol.missing", 6, Answer.NO, "A symbol is missing")
def missing_symbol(context: Context) -> Match | None:
    """Each undefined, not weak symbol that a relocation uses has to be defined by musl, by the rest
    of what is loaded, by the loader's private list of 64-bit names (musl 1.2.4 and later), or by
    gcompat where the target has it. musl does not take an IFUNC, a hidden version (foo@V1) or the
    value 0 as a definition, nor the program's own copy of a library's variable. It ignores symbol
    versions (GLIBC_x): they are never a reason.
    """
    if not starts_on(context, Libc.MUSL) or not context.symbols.missing:
        return None
    missing = context.symbols.missing
    verb = "is" if len(missing) == 1 else "are"
    text = f"It uses {some(missing, 3)}, which {verb} not in {place(context.target)}."
    if context.symbols.without_libc:
        text = f"It uses {some(missing, 3)}, but nothing names libc in DT_NEEDED."
    return Match(
        text,
        f"{plural(len(missing), 'undefined symbol')}: {some(missing, 8)}; compared with"
        f" {context.symbols.source}",
        build_remedy(context),
        short=some_short("missing", missing),
    )


@rule("elf.symbol.unknown", 6, Answer.UNKNOWN, "Whether a symbol is present is unknown")
def unknown_symbol(context: Context) -> Match | None:
    """Symbols that may be in a library whose exports are not listed, or about which the lists of
    the nearest versions disagree.
    """
    if not starts_on(context, Libc.MUSL) or not context.symbols.unsure:
        return None
    names, blockers = context.symbols.unsure, context.symbols.blockers
    where = f"perhaps in {some(blockers)}" if blockers else context.symbols.source
    return Match(
        f"It uses {some(names, 3)}; whether {place(context.target)} has it is unknown.",
        f"{plural(len(names), 'undefined symbol')}: {some(names, 8)}; {where}",
        "Run it there to find out",
        short=some_short("may lack", names),
    )


@rule("glibc.symbol.missing", 6, Answer.NO, "A symbol is missing")
def missing_on_glibc(context: Context) -> Match | None:
    """A symbol that is asked for without a version, or of a library beside the program, and that
    neither those libraries nor glibc's own define. glibc does not take the value 0, a hidden or
    internal symbol, a section or a file as a definition. A NO needs an object that is bound at once
    (-z now) and the glibc whose names are listed: Debian 12's. Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC) or context.glibc_symbols is None:
        return None
    missing = context.glibc_symbols.missing
    if not missing:
        return None
    verb = "is" if len(missing) == 1 else "are"
    return Match(
        f"It uses {some(missing, 3)}, which {verb} not in {place(context.target)}.",
        f"{plural(len(missing), 'undefined symbol')}: {some(missing, 8)}; compared with"
        f" {context.glibc_symbols.source} and the libraries beside it",
        "Put the libraries beside it that it was built with",
        short=some_short("missing", missing),
    )


@rule("glibc.symbol.unknown", 6, Answer.UNKNOWN, "Whether a symbol is present is unknown")
def unknown_on_glibc(context: Context) -> Match | None:
    """The same where the target's glibc is another than the listed one, or where the symbol is
    looked for only when it is first used: then the program starts, and may stop later.
    """
    if not starts_on(context, Libc.GLIBC) or context.glibc_symbols is None:
        return None
    names = context.glibc_symbols.unsure
    if not names:
        return None
    return Match(
        f"It uses {some(names, 3)}; whether {place(context.target)} has it is unknown.",
        f"{plural(len(names), 'undefined symbol')}: {some(names, 8)}; in no library beside it",
        "Run it there to find out",
        short=some_short("may lack", names),
    )


@rule("elf.gcompat.execstack", 7, Answer.UNKNOWN, "Executable stack under gcompat")
def gcompat_execstack(context: Context) -> Match | None:
    """gcompat starts the program through musl's loader. With PT_GNU_STACK executable, or absent,
    that may crash.
    """
    if context.layer != "gcompat":
        return None
    segment = context.segment("GNU_STACK")
    if segment is not None and "X" not in segment.flags:
        return None
    return Match(
        "It needs an executable stack: under gcompat it may crash.",
        f"PT_GNU_STACK flags {segment.flags}" if segment else "no PT_GNU_STACK",
        "Run it there to find out",
        short="executable stack",
    )


@rule("elf.textrel", 7, Answer.NO, "Writes into its own code while it is loaded")
def textrel(context: Context) -> Match | None:
    """DT_TEXTREL: the loader has to write into read-only segments. musl's loader makes them
    writable in what it maps itself, but the kernel maps a program, so it crashes, also where
    glibc's loader is a mere link to musl's. gcompat maps the program itself, and glibc handles it.
    """
    if not starts_on(context, Libc.MUSL) or context.layer == "gcompat":
        return None
    if context.dynamic is None or not context.dynamic.textrel:
        return None
    return Match(
        "It has relocations in its code (TEXTREL), on which musl's loader crashes.",
        "DT_TEXTREL or DF_TEXTREL in the dynamic section",
        "Build it with -fPIC and without -z notext",
        short="text relocations",
    )


@rule("elf.dynamic", 7, Answer.YES, "Everything it needs is there")
def dynamic(context: Context) -> Match | None:
    """Its loader is in the target, and so are its libraries and the symbols that it uses of them,
    unless another reason says otherwise.
    """
    if not (starts_on(context, Libc.MUSL) or starts_on(context, Libc.GLIBC)):
        return None
    if context.dynamic is None:
        return None
    needed = context.dynamic.needed
    libraries = plural(len(needed), "library", "libraries") if needed else "no libraries"
    go = go_words(context)
    how = f", through {context.layer}," if context.layer else ""
    loader = "musl" if whose(context.interpreter or "") is Libc.MUSL else "glibc"
    return Match(
        f"Its loader{how} is in {place(context.target)}, and so is everything it needs:"
        f" {libraries}{'; ' + go if go else ''}.",
        f"{context.interp_evidence()}; DT_NEEDED {some(needed) if needed else 'none'}",
        short=f"dynamic, through {context.layer}"
        if context.layer
        else f"dynamic, {loader}'s loader",
    )
