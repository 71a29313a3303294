"""What is copied into a proof's container: the archive as it is, or the libraries in a folder."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.archive import Member, MemberKind
from explorer.bytesource import FileSource
from explorer.errors import FormatError
from explorer.facts import MISSING
from explorer.progress import Cancellation
from explorer.verify import Tree, TreeItem, file_item, no_tree
from explorer.workbench.beside import Beside
from explorer.workbench.opened import Opened


@dataclass(frozen=True, slots=True)
class ProofTree:
    """The program's path in the tree, and everything else in it."""

    name: str
    beside: Tree = no_tree


def proof_tree(opened: Opened, *, static: bool) -> ProofTree:
    """The tree of a proof. A local static program has nothing beside it that it could load."""
    name = posixpath.basename(opened.file.name)
    if isinstance(opened.listing, MISSING) or isinstance(opened.member, MISSING):
        if opened.subject.asset is not None or static:
            return ProofTree(name)
        return _folder_tree(opened.program, name)
    members = [member for member in opened.listing.members if _belongs(member)]
    top = _common_folder(members)
    program = _inside(opened.member, top)
    return ProofTree(program, lambda cancel: _archive_items(opened, members, top, cancel))


def _folder_tree(program: Path, name: str) -> ProofTree:
    bounds = Beside.of(program)
    folder = program.resolve().parent
    inside = posixpath.normpath(posixpath.join(folder.relative_to(bounds.root).as_posix(), name))
    return ProofTree(inside, lambda cancel: _folder_items(bounds, cancel))


def _folder_items(bounds: Beside, cancel: Cancellation) -> Iterator[TreeItem]:
    for file in bounds.walk():
        cancel.check()
        name = file.path.relative_to(bounds.root).as_posix()
        if name == ".":
            continue
        if file.library and not file.empty:
            yield file_item(name, file.path)
        else:
            yield TreeItem(name, _nothing if file.empty else None, link=file.link)


def _nothing() -> Iterator[bytes]:
    return iter(())


def _belongs(member: Member) -> bool:
    """Not what was refused, and of a package only what it installs."""
    name = posixpath.normpath(member.name)
    return member.refused is None and member.part != "control" and name not in (".", "/")


def _common_folder(members: Sequence[Member]) -> str:
    """The one folder at the top that holds everything, as most archives have; else empty."""
    tops = {posixpath.normpath(member.name).partition("/")[0] for member in members}
    inside = any("/" in posixpath.normpath(member.name) for member in members)
    loose = any(
        "/" not in posixpath.normpath(member.name) and member.kind is not MemberKind.DIRECTORY
        for member in members
    )
    return tops.pop() if len(tops) == 1 and inside and not loose else ""


def _inside(member: Member, top: str) -> str:
    return _below(posixpath.normpath(member.name), top)


def _below(path: str, top: str) -> str:
    return path.removeprefix(f"{top}/") if top else path


def _archive_items(
    opened: Opened, members: Iterable[Member], top: str, cancel: Cancellation
) -> Iterator[TreeItem]:
    """Everything in the archive but the program, whose own bytes are copied instead.

    The walk ends with the last of them: a large program at the end is not unpacked again.
    """
    from explorer.archive import chunks, walk

    left = {member.name for member in members} - {_name(opened)}
    if not left:
        return
    with FileSource(opened.holder.path) as source:
        try:
            for entry in walk(source, opened.holder.name, cancel=cancel):
                member = entry.member
                if member.name in left and _belongs(member):
                    left.discard(member.name)
                    item = _link_item(member, top)
                    if member.kind is MemberKind.FILE and isinstance(member.size, int):
                        item = TreeItem(
                            _inside(member, top),
                            lambda entry=entry: chunks(entry.open()),  # type: ignore[misc]
                            member.size,
                        )
                    if item is not None:
                        yield item
                if not left:
                    return
        except FormatError:
            return  # the archive is damaged behind the program: it is what it is


def _name(opened: Opened) -> str:
    return "" if isinstance(opened.member, MISSING) else opened.member.name


def _link_item(member: Member, top: str) -> TreeItem | None:
    """A folder, or a link that stays inside the tree; None for anything else."""
    path = _inside(member, top)
    if member.kind is MemberKind.DIRECTORY:
        return None if path == top else TreeItem(path)
    if member.kind not in (MemberKind.SYMLINK, MemberKind.HARDLINK):
        return None
    folder = posixpath.dirname(path)
    link = member.link
    if member.kind is MemberKind.HARDLINK:
        link = posixpath.relpath(_below(posixpath.normpath(link), top), folder or ".")
    end = posixpath.normpath(posixpath.join(folder, link))
    outside = posixpath.isabs(link) or end == ".." or end.startswith("../")
    return None if outside else TreeItem(path, link=link)
