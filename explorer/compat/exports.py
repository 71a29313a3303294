"""The symbols that a target's libraries export: ``data/exports``, one text file per library.

A file begins with comment lines: what it is, its source, and ``X = SET`` for each set of names.
Then comes one name per line, followed by the letters of the sets that have it (none: all), and by
the version of GCC or OpenSSL that introduced it if that matters. Files are read on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("data") / "exports"

DEBIAN_DROPPED = frozenset({"crypt", "crypt_r", "encrypt", "setkey"})
"""Left out by Debian's musl 1.2.3, whose list is used here, but present in musl as released."""

LISTED_ARCHES = ("amd64", "arm64")
VERSIONS_OF_GLIBC = "2.36"
"""The glibc of the distribution whose libraries' versions are listed: Debian 12."""


@dataclass(frozen=True, slots=True)
class Exports:
    """What one library exports, as far as it is known."""

    names: frozenset[str]
    """Certainly exported."""
    unsure: frozenset[str]
    """Perhaps exported: the lists of the nearest versions disagree."""
    closed: bool
    """A name in neither set is not exported. False for an architecture without a list."""
    source: str
    """The source of the list, for the evidence."""


def version_key(version: str) -> tuple[int, ...]:
    """``1.2.5`` as ``(1, 2, 5)``; a part that is not a number counts as 0."""
    return tuple(
        int(part) if part.isascii() and part.isdigit() and len(part) < 10 else 0
        for part in version.split(".")
    )


def _lines(name: str, *, comments: bool = False) -> list[str]:
    text = (DATA / f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if comments or not line.startswith("#")]


@cache
def _sets(library: str, upto: str = "") -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """The sets of a library's file by key, and its other comments by name.

    Args:
        upto: leaves out what a later version introduced; empty takes all.
    """
    letters: dict[str, str] = {}
    notes: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    everywhere: set[str] = set()
    for line in _lines(library, comments=True):
        if line.startswith("# "):
            letter, _, key = line[2:].partition(" = ")
            if key:
                letters[letter] = key
                members[letter] = set()
            else:
                name, _, value = line[2:].partition(": ")
                notes[name] = value
            continue
        name, having, since = [*line.split("\t"), "", ""][:3]
        if upto and since and version_key(since) > version_key(upto):
            continue
        if not having:
            everywhere.add(name)
        for letter in having:
            members[letter].add(name)
    return {
        letters[letter]: frozenset(names | everywhere) for letter, names in members.items()
    }, notes


@cache
def musl(version: str, arch: str) -> Exports:
    """What musl's libc.so of this version exports, with the loader's private 64-bit names.

    For a version between two listed ones, what both have is certain and what one has is unsure,
    apart from the 64-bit names that 1.2.4 stopped exporting. An older or newer version takes the
    nearest list.
    """
    sets, _ = _sets("libc.musl")
    arches = (arch,) if arch in LISTED_ARCHES else LISTED_ARCHES
    versions = sorted({key.split("-")[0] for key in sets}, key=version_key)
    wanted = version_key(version)
    lower = [v for v in versions if version_key(v) <= wanted][-1:] or versions[:1]
    upper = (
        lower
        if version in versions
        else [v for v in versions if version_key(v) > wanted][:1] or lower
    )
    lists = [sets[f"{v}-{a}"] for v in {*lower, *upper} for a in arches]
    names = frozenset.intersection(*lists)
    unsure = frozenset.union(*lists) - names
    if version not in versions and version_key("1.2.4") <= wanted:
        unsure = frozenset(name for name in unsure if not name.removesuffix("_r").endswith("64"))
    if wanted < version_key("1.2.5"):
        unsure |= DEBIAN_DROPPED - names
    names |= _private_names(version, names)
    source = f"musl {version}"
    if version not in versions:
        source += f" (from the lists of {' and '.join(dict.fromkeys([*lower, *upper]))})"
    if arch not in LISTED_ARCHES:
        source += f" (lists of {' and '.join(LISTED_ARCHES)}, not of {arch or 'this architecture'})"
    return Exports(names, unsure - names, arch in LISTED_ARCHES, source)


def glibc(version: str, arch: str, libraries: frozenset[str]) -> Exports:
    """What some of glibc's libraries define for a reference without a version.

    Debian 12's are listed, with the glibc that brought each name. A later glibc has them too, and
    perhaps more; an earlier one has had others.

    Args:
        libraries: names as in DT_NEEDED, and ``libgcc_s.so.1``. The loader itself always counts.
    """
    arches = (arch,) if arch in LISTED_ARCHES else LISTED_ARCHES
    wanted = [f"{library}-{each}" for library in {"ld.so", *libraries} for each in arches]
    listed, present = _sets("glibc")[0], _sets("glibc", version)[0]
    names = frozenset[str]().union(*(present.get(key, frozenset()) for key in wanted))
    unsure = frozenset[str]().union(*(listed.get(key, frozenset()) for key in wanted)) - names
    closed = arch in LISTED_ARCHES and version == VERSIONS_OF_GLIBC
    return Exports(names, unsure, closed, "glibc 2.36 of Debian 12")


def _private_names(version: str, names: frozenset[str]) -> frozenset[str]:
    """The names that musl's loader resolves without exporting them, since 1.2.4.

    Its buffer held 15 characters of a name until 1.2.6, too few for ``posix_fallocate64``.
    """
    if version_key(version) < version_key("1.2.4"):
        return frozenset()
    short = version_key(version) < version_key("1.2.6")
    names64 = {
        f"{name}64"
        for name in _lines("lfs64")
        if name in names and not (short and len(name) + 2 > 16)
    }
    return frozenset(names64 | {"readdir64_r"} if "readdir_r" in names else names64)


@dataclass(frozen=True, slots=True)
class Build:
    """Which build of a library a target has."""

    arch: str
    gcompat: str = ""
    """The version of gcompat, for its library."""
    upto: str = ""
    """The version of GCC or OpenSSL that it is of; empty if it is not known."""
    release: str = ""
    """Alpine's release; empty for another distribution."""


@cache
def _listed_libraries() -> frozenset[str]:
    return frozenset(path.stem for path in DATA.glob("lib*.so.*.txt"))


def library(name: str, build: Build) -> Exports | None:
    """What a musl build of a packaged library exports; None for a library that is not listed."""
    return _library(name, build) if name in _listed_libraries() else None


@cache
def _library(name: str, build: Build) -> Exports:
    sets, notes = _sets(name, build.upto)
    source = f"{name} ({notes.get('from', '')})"
    if "release" in notes:
        return _packaged(sets, notes, build, source)
    if "any" in sets:
        return Exports(sets["any"], frozenset(), True, source)
    prefix = f"{build.gcompat}-" if build.gcompat else ""
    if build.arch in LISTED_ARCHES:
        return Exports(sets[f"{prefix}{build.arch}"], frozenset(), True, source)
    lists = [sets[f"{prefix}{a}"] for a in LISTED_ARCHES]
    names = frozenset.intersection(*lists)
    return Exports(names, frozenset.union(*lists) - names, False, source)


def _packaged(
    sets: dict[str, frozenset[str]], notes: dict[str, str], build: Build, source: str
) -> Exports:
    """A library of one release of Alpine, for that release and for others.

    A later build of the same soname has the same names, and perhaps more. An earlier one may lack
    some, unless the symbols' own versions tell which.
    """
    names = sets["any"] if "any" in sets else frozenset.intersection(*sets.values())
    if build.arch in sets:
        names = sets[build.arch]
    listed = notes["release"]
    known = build.arch in LISTED_ARCHES
    if not build.release:
        return Exports(frozenset(), names, False, source)
    if build.release == listed:
        return Exports(names, frozenset(), known, source)
    if version_key(build.release) > version_key(listed):
        return Exports(names, frozenset(), False, source)
    since = notes.get("since", "")
    if build.upto or (since and version_key(build.release) >= version_key(since)):
        return Exports(names, frozenset(), known, source)
    return Exports(frozenset(), names, False, source)


@cache
def defined_versions() -> Mapping[str, frozenset[str]]:
    """The symbol versions that Debian 12's libraries define, by DT_SONAME."""
    text = DATA.with_name("versions.debian-12.txt").read_text("utf-8")
    rows = [line.partition("\t") for line in text.splitlines() if not line.startswith("#")]
    return {name: frozenset(versions.split()) for name, _, versions in rows}
