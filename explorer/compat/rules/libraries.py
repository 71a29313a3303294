"""Step 5: the libraries it asks for. Looked at only where its loader is there: without one nothing is searched."""

from __future__ import annotations

from explorer.compat.context import Context
from explorer.compat.dependencies import Node
from explorer.compat.exports import version_key
from explorer.compat.models import Answer, Libc, Where
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import place, some, some_short
from explorer.compat.targets import package_with, stock
from explorer.elf import Dynamic
from explorer.facts import MISSING, Unknown

RELR_MUSL = "1.2.4"
RELR_GLIBC = "2.36"


def _starts(context: Context) -> bool:
    return context.dynamic_program and context.loader_present


def _asked_by(node: Node) -> str:
    return f"DT_NEEDED {node.name} of {node.needed_by or 'the program'}, searched in {', '.join(node.searched) or 'no folder'}"


@rule("elf.needed.missing", 5, Answer.NO, "A library is missing")
def missing_library(context: Context) -> Match | None:
    """A DT_NEEDED of the program, or of a library it brings, is found nowhere the target's loader looks: not among the
    loader's own names, not in RPATH or RUNPATH ($ORIGIN followed beside the program), not in the image's folders.
    """
    if not _starts(context):
        return None
    missing = context.closure.of(Where.MISSING)
    if not missing:
        return None
    names = [node.name for node in missing]
    packages = list(dict.fromkeys(package for name in names if (package := package_with(name))))
    text = f"It needs {some(names)}, which {place(context.target)} does not have."
    if (
        context.target.libc is Libc.MUSL
        and len(packages) > 0
        and all(package_with(name) for name in names)
    ):
        remedy = f"Install it: apk add {' '.join(packages)}"
    else:
        remedy = "Install the package that has it, or put the library beside the program where its RUNPATH looks"
    evidence = "; ".join(_asked_by(node) for node in missing[:3])
    return Match(text, evidence, remedy, short=some_short("missing", names))


@rule("elf.needed.unknown", 5, Answer.UNKNOWN, "Whether a library is there is not known")
def unknown_library(context: Context) -> Match | None:
    """The target's data list what is certain of its stock image. A library they do not list may be there or not, and one
    that $ORIGIN looks for beside the program cannot be judged where only the program is at hand.
    """
    if not _starts(context):
        return None
    unknown = context.closure.of(Where.UNKNOWN)
    if not unknown:
        return None
    beside = context.surroundings is None and any(
        "$ORIGIN" in entry for node in unknown for entry in node.searched
    )
    names = [node.name for node in unknown]
    text = f"It needs {some(names)}; whether {place(context.target)} has it is not known."
    remedy = (
        "Look at the whole archive or the folder it came in" if beside else "Run it there to know"
    )
    evidence = "; ".join(_asked_by(node) for node in unknown[:3])
    return Match(text, evidence, remedy, short=some_short("may lack", names))


@rule("elf.relr", 5, Answer.NO, "Compressed relocations that the loader does not know")
def relr(context: Context) -> Match | None:
    """DT_RELR in the program or in any library loaded with it. musl knows it from 1.2.4 on: an older one skips the table in
    silence and the program crashes (exit 139). glibc knows it from 2.36 on.
    """
    if not _starts(context):
        return None
    libc = context.target.libc
    since = RELR_MUSL if libc is Libc.MUSL else RELR_GLIBC
    if version_key(context.target.libc_version) >= version_key(since):
        return None
    using = ["the program"] if context.dynamic and context.dynamic.relr else []
    if not using and context.closure.incomplete is None:
        using = [node.name for node in context.closure.nodes if _uses_relr(context, node)]
    if not using:
        return None
    return Match(
        f"It has compressed relocations (RELR), which {libc} knows only from {since} on.",
        f"DT_RELR in {some(using)}",
        f"Use an image with {libc} {since} or later, or link with -Wl,-z,nopack-relative-relocs",
        short=f"RELR needs {libc} {since}",
    )


def _uses_relr(context: Context, node: Node) -> bool:
    if node.where is Where.IMAGE:
        return stock(context.target).relr_libraries and node.name in (
            "libgcc_s.so.1",
            "libstdc++.so.6",
        )
    elf = node.binary.elf if node.binary else None
    dynamic = None if elf is None or isinstance(elf, MISSING) else elf.dynamic
    return isinstance(dynamic, Dynamic) and dynamic.relr


@rule("elf.closure.unknown", 5, Answer.UNKNOWN, "A library beside it is not known")
def unknown_closure(context: Context) -> Match | None:
    """Something that would be loaded with it could not be read far enough, or there are more libraries than are looked at."""
    if not _starts(context) or context.closure.incomplete is None:
        return None
    why: Unknown = context.closure.incomplete
    return Match(
        f"One of its libraries is not known well enough: {why.why}.",
        "",
        "Look at the whole archive",
        short="a library was not read",
    )
