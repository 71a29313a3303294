"""Steps 6 and 7: relocations, symbols, versions, and what a compatibility layer cannot do."""

from __future__ import annotations

import re

from explorer.compat.context import Context
from explorer.compat.exports import version_key
from explorer.compat.loaders import whose
from explorer.compat.models import Answer, Libc, Where
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import build_remedy, go_words, place, some, some_short
from explorer.compat.symbols import linking_of
from explorer.compat.targets import stock
from explorer.elf import RelocationType

_KNOWN_TYPES = {
    "amd64": frozenset({0, 1, 2, 5, 6, 7, 8, 16, 17, 18, 36}),
    "arm64": frozenset({0, 257, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031}),
    "386": frozenset({0, 1, 2, 5, 6, 7, 8, 14, 35, 36, 37, 41}),
    "arm": frozenset({0, 2, 3, 13, 17, 18, 19, 20, 21, 22, 23}),
}
"""Relocation types that musl's loader handles (arch/*/reloc.h)."""

_GLIBCXX = {8: 25, 9: 28, 10: 28, 11: 29, 12: 30, 13: 32, 14: 33, 15: 34}
"""The newest GLIBCXX_3.4.N of libstdc++ by GCC's major version (GCC's manual, "ABI Policy and Guidelines")."""

_SPECIAL_GLIBC = {"GLIBC_ABI_DT_RELR": "2.36", "GLIBC_ABI_GNU2_TLS": "2.42"}
"""Version names without a number, and the glibc that brought them."""


def starts_on(context: Context, libc: Libc) -> bool:
    """A dynamic program whose loader is in a target of this libc."""
    return context.dynamic_program and context.target.libc is libc and context.loader_present


@rule("elf.relocation.unsupported", 6, Answer.NO, "A relocation that musl does not know")
def relocation(context: Context) -> Match | None:
    """musl's loader refuses relocation types it does not know, above all IRELATIVE (R_X86_64 37, R_AARCH64 1032): functions
    chosen at start-up (IFUNC), which only glibc does.
    """
    if not starts_on(context, Libc.MUSL) or context.linking is None:
        return None
    known = _KNOWN_TYPES.get(context.target.arch)
    bad: list[RelocationType] = []
    holder = "the program"
    for name, linking in [
        ("the program", context.linking),
        *((n.name, linking_of(n.binary)) for n in context.closure.nodes),
    ]:
        if linking is None or bad:
            continue
        holder = name
        bad = [
            r
            for r in linking.relocations
            if (r.number not in known if known else r.name.endswith("_IRELATIVE"))
        ]
    if not bad:
        return None
    ifunc = any(r.name.endswith("_IRELATIVE") for r in bad)
    what = "functions chosen at start-up (IFUNC)" if ifunc else "relocations"
    evidence = f"{', '.join(f'{r.count} {r.name}' for r in bad[:3])} in {holder}"
    return Match(
        f"It uses {what} that musl's loader refuses.",
        evidence,
        build_remedy(context),
        short="IFUNC relocations" if ifunc else "unsupported relocations",
    )


@rule("elf.symbol.missing", 6, Answer.NO, "A function is missing")
def missing_symbol(context: Context) -> Match | None:
    """Each undefined, not weak symbol that a relocation uses has to be exported by musl, by the rest of what is loaded, by
    the loader's private list of 64-bit names (musl 1.2.4 and later) or by gcompat where it is there. Symbol versions
    (GLIBC_x) are never a reason: musl ignores them.
    """
    if not starts_on(context, Libc.MUSL) or not context.symbols.missing:
        return None
    missing = context.symbols.missing
    one = len(missing) == 1
    text = f"It calls {some(missing, 3)}, which {'is' if one else 'are'} not in {place(context.target)}."
    evidence = f"{len(missing)} undefined symbol{'' if one else 's'}: {some(missing, 8)}; against {context.symbols.source}"
    return Match(text, evidence, build_remedy(context), short=some_short("missing", missing))


@rule("elf.symbol.unknown", 6, Answer.UNKNOWN, "Whether a function is there is not known")
def unknown_symbol(context: Context) -> Match | None:
    """Symbols that a library whose exports are not listed may provide, or about which the lists of near versions disagree."""
    if not starts_on(context, Libc.MUSL) or not context.symbols.unsure:
        return None
    names, blockers = context.symbols.unsure, context.symbols.blockers
    text = f"It calls {some(names, 3)}; whether anything in {place(context.target)} has it is not known."
    evidence = f"{len(names)} undefined: {some(names, 8)}; {'perhaps in ' + some(blockers) if blockers else context.symbols.source}"
    return Match(text, evidence, "Run it there to know", short=some_short("may lack", names))


def glibc_versions(context: Context) -> tuple[str, ...]:
    """Every GLIBC_… version that the program and what lies beside it ask for."""
    linkings = [context.linking, *(linking_of(node.binary) for node in context.closure.nodes)]
    found = {
        v
        for linking in linkings
        if linking
        for need in linking.versions
        for v in need.versions
        if v.startswith("GLIBC_")
    }
    return tuple(sorted(found))


def newest_glibc(versions: tuple[str, ...]) -> str:
    """``2.34``: the newest number among GLIBC_x.y names, empty where there is none."""
    numbers = [
        m[1] for v in versions if (m := re.fullmatch(r"GLIBC_(\d{1,4}(?:\.\d{1,4}){1,2})", v))
    ]
    numbers += [_SPECIAL_GLIBC[v] for v in versions if v in _SPECIAL_GLIBC]
    return max(numbers, key=version_key, default="")


@rule("glibc.version", 6, Answer.NO, "Needs a newer glibc")
def glibc_too_old(context: Context) -> Match | None:
    """The newest GLIBC_x.y among the symbol versions it asks for, against the target's glibc. Only on glibc targets."""
    if not starts_on(context, Libc.GLIBC):
        return None
    newest = newest_glibc(glibc_versions(context))
    have = context.target.libc_version
    if not newest or version_key(newest) <= version_key(have):
        return None
    return Match(
        f"It needs glibc {newest}, and {place(context.target)} has {have}.",
        f"DT_VERNEED asks for GLIBC_{newest}",
        f"Use an image with glibc {newest} or later, or take a static file",
        short=f"needs glibc {newest}",
    )


@rule("glibc.private", 6, Answer.UNKNOWN, "Uses glibc's private functions")
def glibc_private(context: Context) -> Match | None:
    """GLIBC_PRIVATE symbols belong to one build of glibc: whether another has them cannot be told."""
    if not starts_on(context, Libc.GLIBC) or "GLIBC_PRIVATE" not in glibc_versions(context):
        return None
    return Match(
        "It uses private functions of the glibc it was built with.",
        "DT_VERNEED asks for GLIBC_PRIVATE",
        "Run it there to know",
        short="uses private glibc functions",
    )


@rule("glibc.libstdcxx", 6, Answer.NO, "Needs a newer libstdc++")
def libstdcxx_too_old(context: Context) -> Match | None:
    """The newest GLIBCXX_3.4.N it asks for, against the libstdc++ of the target's stock image (by its GCC)."""
    if not starts_on(context, Libc.GLIBC) or context.linking is None:
        return None
    have = _GLIBCXX.get(stock(context.target).gcc)
    from_image = any(
        node.name == "libstdc++.so.6" and node.where is Where.IMAGE
        for node in context.closure.nodes
    )
    asked = [
        int(m[1])
        for need in context.linking.versions
        for v in need.versions
        if (m := re.fullmatch(r"GLIBCXX_3\.4\.(\d{1,4})", v))
    ]
    if have is None or not from_image or max(asked, default=0) <= have:
        return None
    return Match(
        f"It needs a newer libstdc++ than {place(context.target)} has.",
        f"DT_VERNEED asks for GLIBCXX_3.4.{max(asked)}; the image's goes up to GLIBCXX_3.4.{have}",
        "Use a newer image, or take a static file",
        short=f"needs GLIBCXX_3.4.{max(asked)}",
    )


@rule("elf.gcompat.execstack", 7, Answer.UNKNOWN, "Executable stack under gcompat")
def gcompat_execstack(context: Context) -> Match | None:
    """gcompat starts the program through musl's loader. With PT_GNU_STACK executable, or absent, that may crash."""
    if context.layer != "gcompat":
        return None
    segment = context.segment("GNU_STACK")
    if segment is not None and "X" not in segment.flags:
        return None
    evidence = f"PT_GNU_STACK flags {segment.flags}" if segment else "no PT_GNU_STACK"
    return Match(
        "It asks for an executable stack: under gcompat it may crash.",
        evidence,
        "Run it there to know",
        short="executable stack",
    )


@rule("elf.textrel", 7, Answer.NO, "Writes into its own code while it is loaded")
def textrel(context: Context) -> Match | None:
    """DT_TEXTREL: the loader has to write into read-only segments. musl's loader makes them writable for what it maps
    itself, but a program is mapped by the kernel, so it crashes, with a mere link to musl's loader too. gcompat maps the
    program itself and glibc handles it.
    """
    if (
        not starts_on(context, Libc.MUSL)
        or context.layer == "gcompat"
        or context.dynamic is None
        or not context.dynamic.textrel
    ):
        return None
    return Match(
        "It has relocations in its code (TEXTREL), on which musl's loader crashes.",
        "DT_TEXTREL or DF_TEXTREL in the dynamic section",
        "Build it with -fPIC and without -z notext",
        short="text relocations",
    )


@rule("elf.dynamic", 7, Answer.YES, "Everything it asks for is there")
def dynamic(context: Context) -> Match | None:
    """Its loader is in the target, so are its libraries and what it calls in them, unless another reason says otherwise."""
    if (
        not (starts_on(context, Libc.MUSL) or starts_on(context, Libc.GLIBC))
        or context.dynamic is None
    ):
        return None
    needed = context.dynamic.needed
    libraries = (
        f"{len(needed)} librar{'y' if len(needed) == 1 else 'ies'}" if needed else "no libraries"
    )
    go = go_words(context)
    how = f", through {context.layer}," if context.layer else ""
    text = f"Its loader{how} is in {place(context.target)}, and so is all it asks for: {libraries}{'; ' + go if go else ''}."
    evidence = f"{context.interp_evidence()}; DT_NEEDED {some(needed) if needed else 'none'}"
    loader = "musl" if whose(context.interpreter or "") is Libc.MUSL else "glibc"
    short = f"dynamic, through {context.layer}" if context.layer else f"dynamic, {loader}'s loader"
    return Match(text, evidence, short=short)
