"""The tree of libraries a program would be started with, searched as the target's loader searches.

musl (ldso/dynlink.c, ``load_library``): its own names first, then what is loaded already under that
name, then DT_RUNPATH (or DT_RPATH) of the object and of all that needed it, then
/lib:/usr/local/lib:/usr/lib. The first file of the name decides, whatever it is.

glibc (ld.so(8), elf/dl-load.c): DT_RPATH of the object and of all that needed it if the object has
no DT_RUNPATH, then DT_RUNPATH of the object alone, then the system's folders. It expands $ORIGIN in
DT_NEEDED too, and passes over a library for another machine.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from dataclasses import dataclass, field

from explorer.compat.exports import version_key
from explorer.compat.kernel import misplaced, smallest_page
from explorer.compat.loader_table import MUSL_ARCHES, TRIPLETS, musl_loader
from explorer.compat.loaders import (
    Presence,
    compat_layer,
    loader_paths,
    presence_among,
    resolved,
)
from explorer.compat.models import Dependency, Libc, Surroundings, Target, Where
from explorer.compat.targets import packages_of, stock
from explorer.elf import OTHER_MAGIC, Binary, Dynamic, Elf, FileFormat, is_numbered
from explorer.facts import MISSING, NotApplicable, Unknown

MAX_LIBRARIES = 512
"""Objects that are looked at: real programs have under a hundred, a hostile archive any number."""
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
"""Parts of glibc in every distribution that is listed."""
ROOT = "/"
OWN_FOLDER = "its own folder"


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
    folder: str = ""
    """For $ORIGIN: its folder in the tree around the program."""
    started_in: str = ""
    """The folder the program must be started in for this library to be found: ``ROOT`` or
    ``OWN_FOLDER``; empty where any will do."""
    why: str = ""
    """Why the loader cannot use the file that it finds."""
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
    """Why it is not complete: a neighbour's facts are not known, or there are too many."""

    def of(self, where: Where) -> tuple[Node, ...]:
        """The libraries found in one kind of place."""
        return tuple(node for node in self.nodes if node.where is where)


def closure(binary: Binary, target: Target, surroundings: Surroundings | None) -> Closure:
    """Search everything that a program needs, and that its libraries need, breadth first.

    The program's own dynamic section must be known. Cycles are cut; at most ``MAX_LIBRARIES`` are
    looked at.
    """
    search = _Search(binary, target, surroundings)
    folder = surroundings.origin if surroundings else ""
    root = Node(binary.name, "", Where.BESIDE, "", (), None, binary, folder)
    queue, order = [root], list[Node]()
    for node in queue:
        dynamic = dynamic_of(node.binary)
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


def dynamic_of(binary: Binary | None) -> Dynamic | Unknown | None:
    """A file's dynamic section; None where there is no file, or none in it."""
    if binary is None or isinstance(binary.elf, NotApplicable):
        return None
    dynamic = binary.elf if isinstance(binary.elf, Unknown) else binary.elf.dynamic
    return None if isinstance(dynamic, NotApplicable) else dynamic


def _not_read(node: Node, dynamic: Dynamic | Unknown | None) -> Unknown | None:
    """Why a neighbour's needs or symbols are not known. The rules ask for the program's own."""
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
        self.glibc = target.libc is Libc.GLIBC
        self.image: dict[str, str] = {}
        for package in packages_of(target):
            self.image |= package.libraries
        interpreter = "" if isinstance(binary.elf, MISSING) else binary.elf.interpreter
        self.interpreter = interpreter if isinstance(interpreter, str) else ""
        linking = binary.elf if isinstance(binary.elf, MISSING) else binary.elf.linking
        self.wanted = frozenset() if isinstance(linking, MISSING) else linking.undefined
        self.stock = stock(target)
        folder = self.stock.libdir.format(triplet=TRIPLETS.get(target.arch, "unknown")) or "/lib"
        self.libdirs = (folder, f"/usr{folder}")

    def find(self, name: str, needer: Node) -> Node:
        """Where the loader would find ``name``, which ``needer`` needs."""
        if known := self.loaded.get(name):
            return Node(name, needer.name, known.where, known.path, known.searched, needer)
        node = Node(name, needer.name, Where.MISSING, "", (), needer)
        needing = dynamic_of(needer.binary)
        bare = self.glibc and isinstance(needing, Dynamic) and needing.nodeflib
        if own := self._own(name, bare=bare):
            node.where, node.path = own
            return node
        if "/" in name or not name:
            self._as_path(node, needer)
            return node
        unseen = self._paths(node, needer)
        if node.where is Where.MISSING:
            self._system(node, bare=bare)
        if unseen:
            # What may lie beside the program comes before the image's library of that name.
            node.where, node.path = Where.UNKNOWN, ""
        return node

    def _own(self, name: str, *, bare: bool) -> tuple[Where, str] | None:
        """The loader's own names, and those a compatibility layer answers."""
        loader = posixpath.basename(self.interpreter)
        if self.target.libc is Libc.MUSL:
            if name.startswith(MUSL_NAMES) or name == self.interpreter:
                return Where.LOADER, ""
            if compat_layer(self.target) and loader and name == loader:
                return Where.COMPAT, self.interpreter
        if self.glibc and (name == loader or (name in GLIBC_NAMES and not bare)):
            return Where.UNKNOWN if name in self.stock.unsure else Where.LOADER, ""
        return None

    def _as_path(self, node: Node, needer: Node) -> None:
        """A name with a slash is opened as it stands: no folder is searched."""
        if self.glibc and "$" in node.name:
            self._expanded(node, needer)
        elif not node.name or "$" in node.name.partition("/")[0]:
            return  # musl takes a $ literally, as the name of a folder
        elif node.name.startswith("/"):
            self._absolute(node)
        else:
            self._relative(node)

    def _expanded(self, node: Node, needer: Node) -> None:
        folder = _expand(node.name, needer)
        if folder is None or self.surroundings is None:
            node.where = Where.UNKNOWN  # $LIB, $PLATFORM, or a place that cannot be looked into
        else:
            self._take(node, folder)

    def _absolute(self, node: Node) -> None:
        node.where, _ = self._in_image(node.name)
        if node.where in (Where.LOADER, Where.IMAGE):
            node.path = node.name

    def _relative(self, node: Node) -> None:
        where, presence = self._in_image(node.name)
        if presence is Presence.FROM_ROOT:
            node.where, node.path, node.started_in = where, f"/{node.name}", ROOT
            return
        if self.surroundings is not None:
            self._take(
                node, posixpath.normpath(posixpath.join(self.surroundings.origin, node.name))
            )
        if node.where is Where.BESIDE:
            node.started_in = OWN_FOLDER
        elif node.where is Where.MISSING:
            node.where = Where.UNKNOWN  # depends on the folder it is started in

    def _in_image(self, path: str) -> tuple[Where, Presence]:
        """What a path leads to in the image, from / where it is relative."""
        loaders = loader_paths(self.target)
        files = set(self.image.values())
        if self.glibc:
            loaders |= {f"{self.libdirs[0]}/{name}" for name in GLIBC_NAMES}
            files = {f"{self.libdirs[0]}/{name}" for name in self.image}
        for where, known in ((Where.LOADER, loaders), (Where.IMAGE, frozenset(files))):
            presence = presence_among(path, known, self.target)
            if presence in (Presence.THERE, Presence.FROM_ROOT):
                return where, presence
            if presence is Presence.UNSURE:
                return Where.UNKNOWN, presence
        folder = posixpath.dirname(resolved(path) or path)
        open_ended = self.target.libc is not Libc.MUSL or (
            folder in MUSL_DIRS and not self.stock.complete
        )
        return (Where.UNKNOWN if open_ended else Where.MISSING), Presence.ABSENT

    def _paths(self, node: Node, needer: Node) -> bool:
        """Search the run paths. True if a place beside the program could not be looked into."""
        cannot_look = False
        for holder, entry in self._run_paths(needer):
            beside = _expand(entry, holder)
            if beside is None:
                node.searched += (entry,)
                if not entry.startswith(("/", "$")):
                    cannot_look = self._from_working_folder(node, entry) or cannot_look
                path = f"{entry}/{node.name}"
                where, presence = self._in_image(path)
                if node.where is Where.MISSING and presence is Presence.THERE:
                    node.where, node.path = where, resolved(path) or path
                if node.where is not Where.MISSING:
                    return cannot_look
                continue
            node.searched += (posixpath.join("$ORIGIN", _after_origin(entry)).rstrip("/"),)
            if self.surroundings is None:
                cannot_look = True
                continue
            if not self._leads_somewhere(entry, holder, self.surroundings):
                continue
            self._take(node, posixpath.normpath(posixpath.join(beside, node.name)))
            if node.where is not Where.MISSING:
                return False
        return cannot_look

    @staticmethod
    def _leads_somewhere(entry: str, holder: Node, around: Surroundings) -> bool:
        """Whether every folder that the entry enters and leaves by ``..`` is there."""
        parts = _after_origin(entry).split("/")
        for count, (part, following) in enumerate(itertools.pairwise(parts), 1):
            if part not in ("", ".", "..") and following == "..":
                folder = posixpath.join(holder.folder or ".", *parts[:count])
                if around.read(posixpath.normpath(folder)) is None:
                    return False
        return True

    def _from_working_folder(self, node: Node, entry: str) -> bool:
        """A relative run path holds where the program is started. True if that is not known."""
        if self.surroundings is None:
            return True
        self._take(
            node, posixpath.normpath(posixpath.join(self.surroundings.origin, entry, node.name))
        )
        if node.where is Where.BESIDE:
            node.started_in = OWN_FOLDER
        return False

    def _take(self, node: Node, path: str) -> None:
        """The file at a path of the tree around the program, where the loader stops at it."""
        if self.surroundings is None or "\0" in path or path in (".", ".."):
            return
        if path.startswith("../") or (binary := self.surroundings.read(path)) is None:
            return
        spoilt = binary.elf == OTHER_MAGIC and self.target.libc is Libc.MUSL
        if isinstance(binary.elf, Unknown) or isinstance(binary.arch, Unknown) or spoilt:
            self.incomplete = self.incomplete or Unknown(f"{node.name} beside it is not known")
        elif self.glibc and isinstance(binary.elf, Elf) and binary.arch != self.target.arch:
            return  # glibc passes over another processor's library
        else:
            node.why = _unusable(binary, self.target, self.wanted)
            if not node.why and binary.arch != self.target.arch:
                why = f"{node.name} beside it is built for {binary.arch}"
                self.incomplete = self.incomplete or Unknown(why)
        node.path, node.folder = path, posixpath.dirname(path)
        node.where = Where.UNUSABLE if node.why else Where.BESIDE
        node.binary = None if node.why else binary

    def _run_paths(self, needer: Node) -> list[tuple[Node, str]]:
        """(object that has it, entry) for each folder of the run paths that apply, in order."""
        entries = self._glibc_paths(needer) if self.glibc else self._musl_paths(needer)
        return [(holder, entry) for holder, entry in entries if entry]

    def _glibc_paths(self, needer: Node) -> list[tuple[Node, str]]:
        own = dynamic_of(needer.binary)
        if not isinstance(own, Dynamic):
            return []
        if own.runpath:
            return [(needer, entry) for entry in own.runpath]
        out: list[tuple[Node, str]] = []
        holder: Node | None = needer
        while holder is not None:
            dynamic = dynamic_of(holder.binary)
            if isinstance(dynamic, Dynamic) and not dynamic.runpath:
                out += [(holder, entry) for entry in dynamic.rpath]
            holder = holder.parent
        return out

    def _musl_paths(self, needer: Node) -> list[tuple[Node, str]]:
        out: list[tuple[Node, str]] = []
        holder: Node | None = needer
        while holder is not None:
            dynamic = dynamic_of(holder.binary)
            if isinstance(dynamic, Dynamic):
                entries = dynamic.runpath or dynamic.rpath
                # A $ that is not $ORIGIN makes musl ignore the whole list (fixup_rpath).
                if all(_only_origin(entry) for entry in entries):
                    out += [(holder, entry) for entry in entries]
            holder = holder.parent
        return out

    def _system(self, node: Node, *, bare: bool) -> None:
        """The image's own folders; ``bare`` (DF_1_NODEFLIB): glibc searches none of them."""
        if self.glibc:
            if bare and (node.name in GLIBC_NAMES or node.name in self.image):
                return
            node.searched += self.libdirs
            if node.name in self.image:
                node.where, node.path = Where.IMAGE, f"{self.libdirs[0]}/{node.name}"
            elif not self.stock.complete and not node.name.startswith("libc.musl-"):
                node.where = Where.UNKNOWN
            return
        if self.target.libc is Libc.MUSL:
            node.searched += MUSL_DIRS
            arch = self.target.arch
            if arch in MUSL_ARCHES and node.name == posixpath.basename(musl_loader(arch)):
                node.where = Where.LOADER  # found in /lib, and known to be the loader itself
                return
        path = self.image.get(node.name)
        if path:
            layer = posixpath.basename(path) == "libgcompat.so.0"
            node.where, node.path = (Where.COMPAT if layer else Where.IMAGE), path
        elif self.target.libc is Libc.MUSL and not self.stock.complete:
            node.where = Where.UNKNOWN


def _unusable(binary: Binary, target: Target, wanted: frozenset[str]) -> str:
    """Why a loader cannot load a file as a library; empty where it can.

    Args:
        wanted: the symbols that the program uses.
    """
    elf = binary.elf
    if isinstance(elf, MISSING):
        empty = binary.format is FileFormat.EMPTY
        return "an empty file" if empty else "not an ELF file"
    if binary.arch != target.arch and not _loads_by_chance(elf, target, wanted):
        return f"built for {binary.arch}"
    if elf.header.type not in ("DYN", "EXEC"):
        return "an object file or a core dump"
    if isinstance(elf.dynamic, NotApplicable):
        return "without a dynamic section"
    if target.libc is Libc.GLIBC and (why := _refused_by_glibc(elf, target)):
        return why
    segments = () if isinstance(elf.segments, MISSING) else elf.segments
    end = max((s.offset + s.filesz for s in segments if s.type == "LOAD"), default=0)
    if not isinstance(binary.size, MISSING) and end > binary.size:
        return "cut short"
    page = smallest_page(target.arch)
    if any(segment.type == "LOAD" and misplaced(segment, page) for segment in segments):
        return "with a segment that cannot be mapped"
    return ""


def _refused_by_glibc(elf: Elf, target: Target) -> str:
    """What glibc's loader checks and musl's does not (``open_verify``, ``_dl_map_object_from_fd``).

    It refuses position-independent programs since 2.30 (its bug 24323).
    """
    if elf.header.unusual:
        return f"marked in an unusual way ({elf.header.unusual[0]})"
    pie = isinstance(elf.dynamic, Dynamic) and elf.dynamic.pie
    if pie and version_key(target.libc_version) >= version_key("2.30"):
        return "a program"
    return ""


def _loads_by_chance(elf: Elf, target: Target, wanted: frozenset[str]) -> bool:
    """musl does not look at e_machine: another processor's library without relocations loads.

    The program crashes where it calls anything in it; where the number stands for no processor,
    that is unknown.
    """
    if target.libc is not Libc.MUSL:
        return False
    if is_numbered(elf.header.arch):
        return elf.header.bits == 64 and elf.header.little_endian
    if isinstance(elf.linking, MISSING):
        return False
    if elf.linking.relocations or elf.linking.resolvable & wanted:
        return False
    return elf.header.bits == 64 and elf.header.little_endian


def _only_origin(entry: str) -> bool:
    rest = entry.replace("${ORIGIN}", "").replace("$ORIGIN", "")
    return "$" not in rest


def _after_origin(entry: str) -> str:
    """``lib`` of ``$ORIGIN/lib``: an entry that ``_expand`` takes."""
    return entry.partition("/")[2].lstrip("/")


def _expand(entry: str, holder: Node) -> str | None:
    """The place in the tree around the program, or None for one of the target's own (absolute)."""
    if not re.match(r"\$(?:ORIGIN|\{ORIGIN\})(?:/|\Z)", entry):
        return None
    return posixpath.normpath(posixpath.join(holder.folder or ".", _after_origin(entry)))
