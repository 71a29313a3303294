"""The tree of libraries a program would be started with, searched as the target's loader searches.

musl (ldso/dynlink.c, load_library): its own names first, then what is loaded already under that name, then DT_RUNPATH
(or DT_RPATH) of the object and of all that needed it, then /lib:/usr/local/lib:/usr/lib. glibc (ld.so(8)): DT_RPATH of the
object and of its needers where the object has no DT_RUNPATH, then DT_RUNPATH of the object alone, then its own folders.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from explorer.compat.loaders import TRIPLETS, compat_layer
from explorer.compat.models import Dependency, Libc, Surroundings, Target, Where
from explorer.compat.targets import packages_of, stock
from explorer.elf import Binary, Dynamic
from explorer.facts import MISSING, Unknown

MAX_LIBRARIES = 512
"""Objects looked at: a real program has under a hundred; an attacker's archive may have any number."""
MAX_DEPTH = 64

MUSL_NAMES = ("libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.")
"""Prefixes of names that musl's loader answers itself."""
MUSL_DIRS = ("/lib", "/usr/local/lib", "/usr/lib")
GLIBC_NAMES = frozenset(
    {
        "libc.so.6",
        "libm.so.6",
        "libmvec.so.1",
        "libpthread.so.0",
        "libdl.so.2",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "libBrokenLocale.so.1",
        "libthread_db.so.1",
        "libnss_files.so.2",
        "libnss_dns.so.2",
    }
)
"""Part of glibc in every distribution here."""


@dataclass(slots=True)
class Node:
    """A needed library while the tree is built."""

    name: str
    needed_by: str
    where: Where
    path: str
    searched: tuple[str, ...]
    parent: Node | None
    binary: Binary | None = None
    """Its facts, where it lies beside the program."""
    folder: str = ""
    """For $ORIGIN: its folder in the tree around the program."""
    children: list[Node] = field(default_factory=list)

    def frozen(self, depth: int = 0) -> Dependency:
        kids = (
            tuple(child.frozen(depth + 1) for child in self.children) if depth < MAX_DEPTH else ()
        )
        return Dependency(self.name, self.needed_by, self.where, self.path, self.searched, kids)


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that would be loaded with a program."""

    tree: tuple[Dependency, ...]
    nodes: tuple[Node, ...]
    """Each library once, in the order the loader takes them."""
    incomplete: Unknown | None
    """Why it is not whole: a neighbour's facts are not known, or there are too many."""

    def of(self, where: Where) -> tuple[Node, ...]:
        """The libraries with this fate."""
        return tuple(node for node in self.nodes if node.where is where)


def closure(binary: Binary, target: Target, surroundings: Surroundings | None) -> Closure:
    """Search everything that a program needs, and that its libraries need, breadth first.

    The program's own dynamic section must be known. Cycles are cut; at most ``MAX_LIBRARIES`` are looked at.
    """
    search = _Search(binary, target, surroundings)
    root = Node(
        binary.name,
        "",
        Where.BESIDE,
        "",
        (),
        None,
        binary,
        surroundings.origin if surroundings else "",
    )
    queue, order = [root], list[Node]()
    for node in queue:
        dynamic = _dynamic(node)
        if isinstance(unknown := _not_read(node, dynamic), Unknown):
            search.incomplete = search.incomplete or unknown
        for name in dict.fromkeys(dynamic.needed) if isinstance(dynamic, Dynamic) else ():
            if len(order) >= MAX_LIBRARIES:
                search.incomplete = Unknown(f"it needs more than {MAX_LIBRARIES} libraries")
                break
            child = search.find(name, node)
            node.children.append(child)
            if name not in search.loaded:
                search.loaded[name] = child
                order.append(child)
                queue.append(child)
    return Closure(
        tuple(child.frozen() for child in root.children), tuple(order), search.incomplete
    )


def _dynamic(node: Node) -> Dynamic | Unknown | None:
    """The dynamic section of a node that lies beside the program; None for one of the image, or without one."""
    if node.binary is None:
        return None
    elf = node.binary.elf
    dynamic = elf if isinstance(elf, MISSING) else elf.dynamic
    if isinstance(dynamic, (Dynamic, Unknown)):
        return dynamic
    return None


def _not_read(node: Node, dynamic: Dynamic | Unknown | None) -> Unknown | None:
    """Why a neighbour's needs or symbols are not known. The program's own are asked for by the rules that need them."""
    if node.parent is None or node.binary is None or isinstance(dynamic, Unknown):
        return dynamic if isinstance(dynamic, Unknown) else None
    elf = node.binary.elf
    linking = elf if isinstance(elf, MISSING) else elf.linking
    return linking if isinstance(linking, Unknown) else None


class _Search:
    """One loader's way to look for names."""

    def __init__(self, binary: Binary, target: Target, surroundings: Surroundings | None) -> None:
        self.target = target
        self.surroundings = surroundings
        self.loaded: dict[str, Node] = {}
        self.incomplete: Unknown | None = None
        self.image: dict[str, str] = {}
        for package in packages_of(target):
            self.image |= package.libraries
        interpreter = "" if isinstance(binary.elf, MISSING) else binary.elf.interpreter
        self.interpreter = interpreter if isinstance(interpreter, str) else ""
        self.unsure = stock(target).unsure

    def find(self, name: str, needer: Node) -> Node:
        """Where the loader would find ``name``, asked for by ``needer``."""
        if known := self.loaded.get(name):
            return Node(name, needer.name, known.where, known.path, known.searched, needer)
        node = Node(name, needer.name, Where.MISSING, "", (), needer)
        if own := self._own(name):
            node.where, node.path = own
            return node
        if "/" in name or not name:
            self._as_path(node)
            return node
        unseen = self._paths(node, needer)
        if node.where is Where.MISSING:
            self._system(node)
        if (
            unseen
        ):  # what may lie beside the program comes first, also where the image has one of that name
            node.where, node.path = Where.UNKNOWN, ""
        return node

    def _own(self, name: str) -> tuple[Where, str] | None:
        """The loader's own names, and those a compatibility layer answers."""
        if self.target.libc is Libc.MUSL:
            if name.startswith(MUSL_NAMES) or name == self.interpreter:
                return Where.LOADER, ""
            layer = compat_layer(self.target)
            if layer and self.interpreter and name == posixpath.basename(self.interpreter):
                return Where.COMPAT, self.interpreter
        if self.target.libc is Libc.GLIBC and (
            name in GLIBC_NAMES or name == posixpath.basename(self.interpreter)
        ):
            return Where.LOADER, ""
        return None

    def _as_path(self, node: Node) -> None:
        """A name with a slash is opened as it stands: no folder is searched."""
        if node.name in self.image.values():
            node.where, node.path = Where.IMAGE, node.name
        elif node.name and (not node.name.startswith("/") or self.target.libc is Libc.GLIBC):
            node.where = (
                Where.UNKNOWN
            )  # depends on the folder it is started from, or on what the image has

    def _paths(self, node: Node, needer: Node) -> bool:
        """Search the run paths. True if a place beside the program was to be searched and cannot be."""
        cannot_look = False
        for holder, entry in self._run_paths(needer):
            beside = _expand(entry, holder)
            shown = (
                entry
                if beside is None
                else posixpath.join("$ORIGIN", _after_origin(entry)).rstrip("/")
            )
            node.searched += (shown,)
            if beside is None:
                path = posixpath.join(posixpath.normpath(entry), node.name)
                if self.image.get(node.name) == path:
                    node.where, node.path = Where.IMAGE, path
                    return cannot_look
                continue
            if self.surroundings is None:
                cannot_look = True
                continue
            path = posixpath.normpath(posixpath.join(beside, node.name))
            if (
                "\0" in path
                or path in (".", "..")
                or path.startswith("../")
                or (found := self.surroundings.read(path)) is None
            ):
                continue
            if not self._right_kind(found, node.name):
                continue
            node.where, node.path, node.binary = Where.BESIDE, path, found
            node.folder = posixpath.dirname(path)
            return False
        return cannot_look

    def _right_kind(self, found: Binary, name: str) -> bool:
        """glibc goes on past a library of another architecture; musl stops there, with an error either way."""
        if isinstance(found.elf, Unknown) or isinstance(found.arch, Unknown):
            self.incomplete = self.incomplete or Unknown(f"{name} beside it is not known")
            return True
        return found.arch == self.target.arch

    def _run_paths(self, needer: Node) -> list[tuple[Node, str]]:
        """(object that has it, entry) for each folder of the run paths that apply, in order."""
        out: list[tuple[Node, str]] = []
        holder: Node | None = needer
        own = _dynamic(needer)
        if self.target.libc is Libc.GLIBC:
            if isinstance(own, Dynamic) and not own.runpath:
                while holder is not None:
                    dynamic = _dynamic(holder)
                    if isinstance(dynamic, Dynamic) and not dynamic.runpath:
                        out += [(holder, entry) for entry in dynamic.rpath]
                    holder = holder.parent
            elif isinstance(own, Dynamic):
                out += [(needer, entry) for entry in own.runpath]
            return [(node, entry) for node, entry in out if entry]
        while holder is not None:
            dynamic = _dynamic(holder)
            if isinstance(dynamic, Dynamic):
                entries = dynamic.runpath or dynamic.rpath
                # A $ that is not $ORIGIN makes musl ignore the whole list (fixup_rpath).
                if all(_only_origin(entry) for entry in entries):
                    out += [(holder, entry) for entry in entries if entry]
            holder = holder.parent
        return out

    def _system(self, node: Node) -> None:
        """The image's own folders."""
        if self.target.libc is Libc.GLIBC:
            folder = (
                stock(self.target).libdir.format(triplet=TRIPLETS.get(self.target.arch, "unknown"))
                or "/lib"
            )
            node.searched += (folder, f"/usr{folder}")
            if node.name in self.image:
                node.where, node.path = Where.IMAGE, f"{folder}/{node.name}"
            elif not node.name.startswith("libc.musl-"):
                node.where = Where.UNKNOWN
            return
        if self.target.libc is Libc.MUSL:
            node.searched += MUSL_DIRS
        path = self.image.get(node.name)
        if path:
            layer = posixpath.basename(path) == "libgcompat.so.0"
            node.where, node.path = (Where.COMPAT if layer else Where.IMAGE), path
        elif node.name in self.unsure:
            node.where = Where.UNKNOWN


def _only_origin(entry: str) -> bool:
    rest = entry.replace("${ORIGIN}", "").replace("$ORIGIN", "")
    return "$" not in rest


def _after_origin(entry: str) -> str:
    """``lib`` of ``$ORIGIN/lib``: an entry that ``_expand`` takes."""
    return entry.partition("/")[2].lstrip("/")


def _expand(entry: str, holder: Node) -> str | None:
    """The folder in the tree around the program, or None for one of the target's own (absolute) folders."""
    if not re.match(r"\$(?:ORIGIN|\{ORIGIN\})(?:/|$)", entry):
        return None
    return posixpath.normpath(posixpath.join(holder.folder or ".", _after_origin(entry)))
