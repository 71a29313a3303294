"""The symbols that nothing in a target provides.

musl ignores symbol versions (GLIBC_x). On glibc, versions are for rules of their own; here are the
names that ask for none, and those that a library beside the program should have.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from explorer.compat import exports
from explorer.compat.dependencies import Closure, Node, dynamic_of
from explorer.compat.models import Target, Where
from explorer.compat.targets import packages_of, stock
from explorer.elf import Binary, Dynamic, Linking
from explorer.facts import MISSING

PACKAGED = ("libgcc_s.so.1", "libstdc++.so.6")
_OPENSSL = ("libcrypto.so.3", "libssl.so.3")
LISTED_GCC = 14
"""The major version of the GCC that built the listed libraries."""


@dataclass(frozen=True, slots=True)
class Symbols:
    """Symbols that are needed and not provided, sorted."""

    missing: tuple[str, ...]
    """Certainly provided by nothing."""
    unsure: tuple[str, ...]
    """Perhaps provided: the data do not say."""
    blockers: tuple[str, ...]
    """Missing or unlisted libraries that might provide the unsure ones."""
    source: str
    """Which lists were used, for a sentence."""
    without_libc: bool = False
    """Nothing that is loaded needs libc (DT_NEEDED), so that musl's loader offers no symbols."""


def linking_of(binary: Binary | None) -> Linking | None:
    """The symbols of a file; None if it has none, or if they are not known."""
    if binary is None or isinstance(binary.elf, MISSING) or isinstance(binary.elf.linking, MISSING):
        return None
    return binary.elf.linking


def unresolved(binary: Binary, target: Target, closure: Closure, *, gcompat: bool) -> Symbols:
    """Every strong undefined symbol that a relocation uses and nothing in the target defines.

    A packaged library that is missing counts as present: another rule reports it.
    """
    program = linking_of(binary)
    beside = [linking for node in closure.nodes if (linking := linking_of(node.binary))]
    own = [program, *beside] if program else beside
    wanted = frozenset[str]().union(*(linking.undefined | linking.unresolvable for linking in own))
    base = exports.musl(target.libc_version, target.arch)
    without = not gcompat and not _loads_libc(closure)
    if without:
        base = exports.Exports(frozenset(), frozenset(), True, "no libc: no DT_NEEDED names it")
    others = base.names.union(*(linking.resolvable for linking in beside))
    unsure, closed, blockers = set(base.unsure), base.closed, list[str]()
    doubted = {node.name for node in closure.of(Where.UNKNOWN)}
    for name in _image_libraries(target, closure, gcompat):
        listed = exports.library(name, _build_of(name, target))
        if listed is None:
            blockers.append(name)
            continue
        if name in doubted:
            blockers.append(name)  # perhaps another one of that name is beside the program
        others |= listed.names
        unsure |= listed.unsure
        closed = closed and listed.closed
    have = others | program.resolvable if program else others
    copied = frozenset[str]().union(*(linking.copied for linking in own))
    left = (wanted - have) | (copied - others)
    open_ended = bool(blockers) or not closed
    newer = stock(target).gcc > LISTED_GCC and any(node.name in PACKAGED for node in closure.nodes)
    doubtful = {
        name for name in left if open_ended or name in unsure or (newer and name.startswith("_Z"))
    }
    return Symbols(
        tuple(sorted(left - doubtful)),
        tuple(sorted(doubtful)),
        tuple(blockers),
        base.source,
        without_libc=without,
    )


def unresolved_on_glibc(binary: Binary, target: Target, closure: Closure) -> Symbols | None:
    """The strong undefined symbols that no library beside a program defines, nor glibc itself.

    Returns:
        None where a library is loaded whose exports are not listed: it may have any name.
    """
    nodes, stated = closure.nodes, {node.name for node in closure.nodes}
    if any(not _is_listed_on_glibc(node) for node in nodes):
        return None
    libraries = [node.binary for node in closure.of(Where.BESIDE)]
    beside = {node.name for node in closure.of(Where.BESIDE)}
    wanted = [(each, _wanted(each, beside)) for each in (binary, *libraries)]
    if not any(names for _, names in wanted):
        return Symbols((), (), (), "")  # as nearly always: the lists are not even read
    listed = exports.glibc(target.libc_version, target.arch, frozenset(stated - beside))
    others = listed.names.union(*map(_definitions, libraries))
    have = others | _definitions(binary)
    missing, unsure = set[str](), set[str]()
    for each, names in wanted:
        linking, dynamic = linking_of(each), dynamic_of(each)
        copied = linking.copied if linking else frozenset[str]()
        left = (names - have) | ((names & copied) - others)
        # A function that is looked for at its first call stops the program there, or never.
        now = isinstance(dynamic, Dynamic) and dynamic.binds_now
        certain = left - listed.unsure if listed.closed and now else set[str]()
        missing |= certain
        unsure |= left - certain
    if "libstdc++.so.6" in stated - beside:
        unsure, missing = unsure | missing, set()
    return Symbols(tuple(sorted(missing)), tuple(sorted(unsure - missing)), (), listed.source)


def _wanted(binary: Binary | None, beside: set[str]) -> frozenset[str]:
    """The strong symbols that an object wants of no version, or of a library beside the program."""
    linking = linking_of(binary)
    if linking is None:
        return frozenset()
    return linking.unversioned.union(
        *(bound.names for bound in linking.bound if bound.library in beside)
    )


def _is_listed_on_glibc(node: Node) -> bool:
    """Whether what a library defines is known, or will not be asked for without a version."""
    if node.where is Where.IMAGE:
        return posixpath.basename(node.name) in PACKAGED
    return node.where in (Where.BESIDE, Where.LOADER)


def _definitions(binary: Binary | None) -> frozenset[str]:
    """What glibc's loader takes as definitions, of whichever version."""
    linking = linking_of(binary)
    if linking is None:
        return frozenset()
    return (linking.resolvable - linking.musl_only) | linking.glibc_only


def _loads_libc(closure: Closure) -> bool:
    """Whether musl's loader offers its own symbols: only if some DT_NEEDED has one of its names.

    Every packaged library has one; so may those that are not known.
    """
    return closure.incomplete is not None or any(
        node.where is not Where.BESIDE for node in closure.nodes
    )


def _image_libraries(target: Target, closure: Closure, gcompat: bool) -> list[str]:
    """The names of the image's libraries (or missing ones) that would be loaded, each once."""
    names: list[str] = []
    for node in closure.nodes:
        if node.where in (Where.IMAGE, Where.MISSING, Where.UNKNOWN):
            name = posixpath.basename(node.name)
            names.append(name)
            if name == "libstdc++.so.6":
                names.append("libgcc_s.so.1")
        elif node.where is Where.COMPAT and node.path.endswith("libgcompat.so.0"):
            gcompat = True
    if gcompat:
        names += ["libgcompat.so.0", "libucontext.so.1"]
        if any("libobstack.so.1" in package.libraries for package in packages_of(target)):
            names.append("libobstack.so.1")
    return list(dict.fromkeys(names))


def _build_of(name: str, target: Target) -> exports.Build:
    """Which build of a library the target has."""
    image = stock(target)
    if name in PACKAGED:
        return exports.Build(target.arch, upto=str(image.gcc or ""))
    if name == "libgcompat.so.0":
        return exports.Build(target.arch, gcompat=_gcompat_version(target))
    upto = image.openssl if name in _OPENSSL else ""
    return exports.Build(target.arch, upto=upto, release=image.release)


def _gcompat_version(target: Target) -> str:
    return next((package.gcompat for package in packages_of(target) if package.gcompat), "")
