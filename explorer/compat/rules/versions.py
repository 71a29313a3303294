"""Step 6 on glibc: symbol versions, of the program and of every library beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.compat import exports
from explorer.compat.context import Context
from explorer.compat.dependencies import dynamic_of
from explorer.compat.exports import version_key
from explorer.compat.models import Answer, Libc, Where
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import place, some, some_short, starts_on
from explorer.compat.symbols import linking_of
from explorer.compat.targets import stock
from explorer.elf import Dynamic, Linking

_GLIBCXX = {8: 25, 9: 28, 10: 28, 11: 29, 12: 30, 13: 32, 14: 33, 15: 34, 16: 36}
_CXXABI = {8: 11, 9: 12, 10: 12, 11: 13, 12: 13, 13: 14, 14: 15, 15: 16, 16: 17}
"""The newest GLIBCXX_3.4.N and CXXABI_1.3.N of libstdc++ by GCC's major version.

Source: GCC's manual, "ABI Policy and Guidelines". libgcc's versions (GCC_12.0.0) name their GCC.
"""

_SPECIAL_GLIBC = {"GLIBC_ABI_DT_RELR": "2.36", "GLIBC_ABI_GNU2_TLS": "2.42"}
"""Version names without a number, and the glibc that brought them."""


@dataclass(frozen=True, slots=True)
class _Need:
    """A version that an object needs of a library."""

    holder: str
    library: str
    version: str


def _needs(context: Context) -> Iterator[_Need]:
    """What the program and every library beside it need; glibc goes on without weak versions."""
    linkings: list[tuple[str, Linking | None]] = [("the program", context.linking)]
    linkings += [(node.name, linking_of(node.binary)) for node in context.closure.nodes]
    for holder, linking in linkings:
        for need in linking.versions if linking else ():
            for version in need.versions:
                if version not in need.weak:
                    yield _Need(holder, need.library, version)


def glibc_versions(context: Context) -> tuple[str, ...]:
    """Every GLIBC_… version that the program and what lies beside it need."""
    versions = {n.version for n in _needs(context) if n.version.startswith("GLIBC_")}
    return tuple(sorted(versions))


def newest_glibc(versions: tuple[str, ...]) -> str:
    """``2.34``: the newest number among GLIBC_x.y names, empty if it names no version."""
    numbers = [
        m[1] for v in versions if (m := re.fullmatch(r"GLIBC_(\d{1,4}(?:\.\d{1,4}){1,2})", v))
    ]
    numbers += [_SPECIAL_GLIBC[v] for v in versions if v in _SPECIAL_GLIBC]
    return max(numbers, key=version_key, default="")


@rule("glibc.version", 6, Answer.NO, "Needs a newer glibc")
def glibc_too_old(context: Context) -> Match | None:
    """The newest GLIBC_x.y that it and the libraries beside it need, against the target's glibc.
    Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC):
        return None
    newest = newest_glibc(glibc_versions(context))
    have = context.target.libc_version
    if not newest or version_key(newest) <= version_key(have):
        return None
    return Match(
        f"It needs glibc {newest}, and {place(context.target)} has {have}.",
        f"DT_VERNEED names GLIBC_{newest}",
        f"Use an image with glibc {newest} or later, or a static file",
        short=f"needs glibc {newest}",
    )


@rule("glibc.private", 6, Answer.UNKNOWN, "Uses glibc's private functions")
def glibc_private(context: Context) -> Match | None:
    """GLIBC_PRIVATE symbols belong to one build of glibc: another may not have them. A version name
    without a number (GLIBC_ABI_…) that is not listed does not say which glibc brought it.
    """
    if not starts_on(context, Libc.GLIBC):
        return None
    versions = glibc_versions(context)
    if "GLIBC_PRIVATE" in versions:
        return Match(
            "It uses private functions of the glibc it was built with.",
            "DT_VERNEED names GLIBC_PRIVATE",
            "Run it there to find out",
            short="uses private glibc functions",
        )
    unlisted = [version for version in versions if not newest_glibc((version,))]
    if not unlisted:
        return None
    return Match(
        f"It needs {some(unlisted)}; which glibc has that is unknown.",
        f"DT_VERNEED names {some(unlisted)}",
        "Run it there to find out",
        short=f"needs {unlisted[0]}",
    )


def _from_image(context: Context, library: str) -> bool:
    return any(node.name == library and node.where is Where.IMAGE for node in context.closure.nodes)


@rule("glibc.libstdcxx", 6, Answer.NO, "Needs a newer libstdc++")
def libstdcxx_too_old(context: Context) -> Match | None:
    """GLIBCXX_3.4.N and CXXABI_1.3.N that the program or a library beside it needs, against the
    libstdc++ of the target's stock image, by its GCC. Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC) or not _from_image(context, "libstdc++.so.6"):
        return None
    gcc = stock(context.target).gcc
    return _too_new(context, "GLIBCXX_3.4", _GLIBCXX.get(gcc)) or _too_new(
        context, "CXXABI_1.3", _CXXABI.get(gcc)
    )


def _too_new(context: Context, series: str, have: int | None) -> Match | None:
    """``have``: the newest of the series in the image; None where it is unknown."""
    numbers = {
        int(match[1]): need
        for need in _needs(context)
        if need.library == "libstdc++.so.6"
        and (match := re.fullmatch(rf"{re.escape(series)}\.(\d{{1,4}})", need.version))
    }
    newest = max(numbers, default=0)
    if have is None or newest <= have:
        return None
    return Match(
        f"It needs a newer libstdc++ than {place(context.target)} has.",
        f"DT_VERNEED of {numbers[newest].holder} names {series}.{newest}; the image's goes up to"
        f" {series}.{have}",
        "Use a newer image, or a static file",
        short=f"needs {series}.{newest}",
    )


@rule("glibc.libgcc", 6, Answer.NO, "Needs a newer libgcc")
def libgcc_too_old(context: Context) -> Match | None:
    """GCC_N versions that the program or a library beside it needs, against the GCC that the
    libgcc_s of the target's stock image comes from. Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC) or not _from_image(context, "libgcc_s.so.1"):
        return None
    gcc = stock(context.target).gcc
    newer = {
        int(match[1]): need
        for need in _needs(context)
        if need.library == "libgcc_s.so.1"
        and (match := re.fullmatch(r"GCC_(\d{1,4})(?:\.\d{1,4})*", need.version))
        and int(match[1]) > gcc > 0
    }
    if not newer:
        return None
    need = newer[max(newer)]
    return Match(
        f"It needs the libgcc of GCC {max(newer)}, and {place(context.target)} has that of {gcc}.",
        f"DT_VERNEED of {need.holder} names {need.version}",
        "Use a newer image, or a static file",
        short=f"needs {need.version}",
    )


@rule("glibc.beside", 6, Answer.NO, "A library beside it lacks a version")
def version_beside(context: Context) -> Match | None:
    """A symbol version that a library beside the program should define and does not: glibc's loader
    refuses to start it. A library without any versions is taken as it is. Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC):
        return None
    defined = {
        node.name: linking.defined_versions
        for node in context.closure.of(Where.BESIDE)
        if (linking := linking_of(node.binary)) is not None and linking.defined_versions
    }
    lacking = [n for n in _needs(context) if n.version not in defined.get(n.library, (n.version,))]
    if not lacking:
        return None
    names = list(dict.fromkeys(need.version for need in lacking))
    return Match(
        f"It needs the version {some(names)} of {lacking[0].library}, and the one beside it has"
        " another.",
        f"DT_VERNEED of {lacking[0].holder}; defined: {some(defined[lacking[0].library])}",
        "Put the library beside it that it was built with",
        short=f"needs {names[0]}",
    )


@rule("glibc.not-loaded", 6, Answer.NO, "Needs a version of a library that is not loaded")
def version_of_what_is_not_loaded(context: Context) -> Match | None:
    """DT_VERNEED names a library that no DT_NEEDED does, as where an entry was removed by hand:
    glibc's loader ends with a failed assertion. Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC) or context.closure.incomplete is not None:
        return None
    nodes = context.closure.nodes
    if any(node.where not in (Where.LOADER, Where.BESIDE) for node in nodes):
        return None  # what others bring along is not known
    loaded = {posixpath.basename(context.interpreter or "")} | {node.name for node in nodes}
    if any(node.where is Where.LOADER for node in nodes):
        loaded.add("libc.so.6")
    for node in nodes:
        dynamic = dynamic_of(node.binary)
        if isinstance(dynamic, Dynamic) and isinstance(dynamic.soname, str):
            loaded.add(dynamic.soname)
    need = next((need for need in _needs(context) if need.library not in loaded), None)
    if need is None:
        return None
    return Match(
        f"It needs a version of {need.library}, which nothing loads: glibc's loader stops there.",
        f"DT_VERNEED of {need.holder} names {need.version} of {need.library}; no DT_NEEDED does",
        "Build it again, or add the library to it (patchelf --add-needed)",
        short=some_short("does not load", [need.library]),
    )


@rule("glibc.packaged", 6, Answer.NO, "A packaged library lacks a version")
def packaged_version(context: Context) -> Match | None:
    """A symbol version that a library of the target's packages should define: by the versions that
    Debian 12's libraries define. A later distribution has these and perhaps more; an earlier one
    may lack some, and then the answer is unknown. Only on glibc targets.
    """
    if not starts_on(context, Libc.GLIBC):
        return None
    defined = exports.defined_versions()
    exact = context.target.libc_version == exports.VERSIONS_OF_GLIBC
    later = version_key(context.target.libc_version) > version_key(exports.VERSIONS_OF_GLIBC)
    lacking = [
        need
        for need in _needs(context)
        if need.library in defined
        and _from_image(context, need.library)
        and not (need.version in defined[need.library] and (exact or later))
    ]
    if not lacking:
        return None
    need = lacking[0]
    certain = exact and bool(defined[need.library])
    words = "does not have" if certain else "may not have"
    return Match(
        f"It needs the version {need.version} of {need.library}, which"
        f" {place(context.target)} {words}.",
        f"DT_VERNEED of {need.holder}; compared with the libraries of Debian 12",
        "Use a newer image, or a static file" if certain else "Run it there to find out",
        None if certain else Answer.UNKNOWN,
        f"needs {need.version}" if certain else f"may lack {need.version}",
    )
