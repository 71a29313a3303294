"""Step 5: the libraries it needs. Without its loader none is searched."""

from __future__ import annotations

from explorer.compat.context import Context
from explorer.compat.dependencies import ROOT, Node, dynamic_of
from explorer.compat.exports import version_key
from explorer.compat.models import Answer, Libc, Where
from explorer.compat.packages import install_command
from explorer.compat.rules.registry import Match, Remedy, remedy_of, rule
from explorer.compat.rules.words import place, some, some_short
from explorer.compat.targets import package_with, stock
from explorer.elf import Dynamic
from explorer.facts import Unknown

RELR_MUSL = "1.2.4"
RELR_GLIBC = "2.36"


def _starts(context: Context) -> bool:
    return context.dynamic_program and context.loader_present


def _needed_by(node: Node) -> str:
    where = ", ".join(node.searched) or "no folder"
    return f"DT_NEEDED {node.name} of {node.needed_by or 'the program'}, searched in {where}"


@rule("elf.needed.missing", 5, Answer.NO, "A library is missing")
def missing_library(context: Context) -> Match | None:
    """A DT_NEEDED of the program, or of a library it brings, is nowhere the target's loader looks:
    not among the loader's own names, not in RPATH or RUNPATH ($ORIGIN followed beside the program),
    not in the image's folders. With DF_1_NODEFLIB glibc looks in none of these. musl takes $ORIGIN
    in DT_NEEDED literally.
    """
    if not _starts(context):
        return None
    missing = context.closure.of(Where.MISSING)
    if not missing:
        return None
    names = [node.name for node in missing]
    text = f"It needs {some(names)}, which {place(context.target)} does not have."
    packages = [package_with(name, context.target) for name in names]
    remedy = remedy_of(
        "Install the package that has it", "put it where the program's RUNPATH looks"
    )
    if all(packages):
        names_of = dict.fromkeys(package.name for package in packages if package)
        manager = stock(context.target).manager or "apk"
        remedy = Remedy(f"Install it: {install_command(manager, tuple(names_of))}")
    if any("$ORIGIN" in name or "${ORIGIN}" in name for name in names):
        text = f"It needs {some(names)}: musl does not expand $ORIGIN there, as glibc does."
        remedy = Remedy("Name the library without a folder, and set RUNPATH to $ORIGIN")
    elif context.dynamic is not None and context.dynamic.nodeflib:
        text = f"It needs {some(names)}, but keeps the loader out of the system's folders."
        remedy = Remedy("Build it without -z nodefaultlib (patchelf --no-default-lib)")
    evidence = "; ".join(_needed_by(node) for node in missing[:3])
    return Match(text, evidence, remedy, short=some_short("missing", names))


@rule("elf.needed.unusable", 5, Answer.NO, "A library is not one it can load")
def unusable_library(context: Context) -> Match | None:
    """The first file of the name on the search path is not a library for this program: text, an
    empty file, another processor's, or one with a segment that cannot be mapped. musl's loader
    stops there and goes no further; glibc's passes over another processor's only.
    """
    if not _starts(context):
        return None
    unusable = context.closure.of(Where.UNUSABLE)
    if not unusable:
        return None
    names = [node.name for node in unusable]
    libc = context.target.libc
    return Match(
        f"It needs {some(names)}: the first file that {libc}'s loader finds is"
        f" {unusable[0].why}, and it stops there.",
        "; ".join(f"{node.path}: {node.why}" for node in unusable[:3]),
        remedy_of("Remove that file", "put the right library in its place"),
        short=some_short("cannot load", names),
    )


@rule("elf.needed.unknown", 5, Answer.UNKNOWN, "Whether a library is present is unknown")
def unknown_library(context: Context) -> Match | None:
    """The target's data list what its stock image certainly has. Another library may be present or
    not, and one that $ORIGIN looks for beside the program cannot be judged where only the program
    was read.
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
    return Match(
        f"It needs {some(names)}; whether {place(context.target)} has it is unknown.",
        "; ".join(_needed_by(node) for node in unknown[:3]),
        "Inspect the whole archive, or the folder it came in"
        if beside
        else "Run it there to find out",
        short=some_short("may lack", names),
    )


@rule("elf.needed.relative", 5, Answer.YES_IF, "Finds a library in one folder only")
def relative_library(context: Context) -> Match | None:
    """A DT_NEEDED with a relative path is opened from the folder in which the program is started,
    not from its own: it starts there and nowhere else.
    """
    if not _starts(context):
        return None
    relative = [node for node in context.closure.nodes if node.started_in]
    if not relative:
        return None
    where = "/" if relative[0].started_in == ROOT else "its own folder"
    return Match(
        f"It starts only with {where} as its working folder: it names {relative[0].name} by a"
        " relative path.",
        "; ".join(f"DT_NEEDED {node.name}" for node in relative[:3]),
        remedy_of(f"Start it in {where}", "name the library without a folder"),
        short=f"only when started in {where}",
    )


@rule("elf.relr", 5, Answer.NO, "Compressed relocations that the loader does not know")
def relr(context: Context) -> Match | None:
    """DT_RELR in the program or in any library loaded with it. musl knows it from 1.2.4 on: an
    older one skips the table silently and the program crashes (exit 139). glibc knows it from 2.36
    on.
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
        remedy_of(
            f"Use an image with {libc} {since} or later",
            "link with -Wl,-z,nopack-relative-relocs",
        ),
        short=f"RELR needs {libc} {since}",
    )


def _uses_relr(context: Context, node: Node) -> bool:
    if node.where is Where.IMAGE:
        packaged = node.name in ("libgcc_s.so.1", "libstdc++.so.6")
        return packaged and stock(context.target).relr_libraries
    dynamic = dynamic_of(node.binary)
    return isinstance(dynamic, Dynamic) and dynamic.relr


@rule("elf.relocation.android", 5, Answer.NO, "Relocations packed for Android's loader")
def android_relocations(context: Context) -> Match | None:
    """DT_ANDROID_REL, DT_ANDROID_RELA or DT_ANDROID_RELR in the program or in any library loaded
    with it (lld's --pack-dyn-relocs=android). Only Android's loader reads them: musl's and glibc's
    skip them silently, and the program crashes.
    """
    if not _starts(context):
        return None
    using = ["the program"] if context.dynamic and context.dynamic.android else []
    for node in context.closure.nodes:
        dynamic = dynamic_of(node.binary)
        if isinstance(dynamic, Dynamic) and dynamic.android:
            using.append(node.name)
    if not using:
        return None
    return Match(
        "It has relocations packed for Android, which no other loader reads.",
        f"DT_ANDROID_REL, DT_ANDROID_RELA or DT_ANDROID_RELR in {some(using)}",
        "Link without --pack-dyn-relocs=android",
        short="relocations for Android",
    )


@rule("elf.closure.unknown", 5, Answer.UNKNOWN, "A library beside it is unknown")
def unknown_closure(context: Context) -> Match | None:
    """A library that would be loaded with it could not be read far enough, or it needs more
    libraries than are looked at.
    """
    if not _starts(context) or context.closure.incomplete is None:
        return None
    why: Unknown = context.closure.incomplete
    return Match(
        f"Not enough is known of one of its libraries: {why.why}.",
        "",
        "Inspect the whole archive",
        short="a library was not read",
    )
