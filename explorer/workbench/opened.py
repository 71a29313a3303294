"""A file that is on disk, opened as far as its program: its archive, its member, its neighbours."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from explorer.archive import ArchiveListing, Format, Member, MemberKind
from explorer.bytesource import FileSource, chunks_of, hash_chunks
from explorer.errors import FormatError, NotFoundError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation
from explorer.workbench.beside import Beside
from explorer.workbench.layers import Layer, layer_of
from explorer.workbench.models import FileFacts, FileOnDisk, Holder, Inspection, Subject
from explorer.workbench.program_choice import HEAD_BYTES, may_run
from explorer.workbench.program_in_archive import (
    ANDROID_APP,
    find_program,
    inner_of_single,
    opening_inner,
    refuse_member,
    refuse_other_content,
    unpack_member,
)

if TYPE_CHECKING:
    from explorer.elf import Binary
    from explorer.fetch import Blob, Cache

_LINKS = 8
"""Links that lead to links, inside an archive; Linux gives up at 40."""


@dataclass(frozen=True, slots=True)
class Step:
    """An archive, and the member of it that is the program, or the archive with the program."""

    holder: Holder
    member: Member


@dataclass(frozen=True, slots=True)
class Opened:
    """A program on disk, and what it came out of."""

    subject: Subject
    archive: Path
    """The asset or local file; the program itself if that is not an archive."""
    sha256: str
    """Of ``archive``."""
    holder: Holder
    """The archive that the program is in: ``archive``, or an archive in that."""
    listing: Fact[ArchiveListing]
    """Of ``holder``; NotApplicable if ``archive`` is the program itself."""
    member: Fact[Member]
    program: Path
    """The program, unpacked into the cache if it came from an archive."""
    file: FileFacts
    """The program's name, size and digest."""
    others: tuple[str, ...] = ()
    """The names of other programs in the archive."""
    way: tuple[Step, ...] = ()
    """From ``archive`` to the program."""

    def neighbours(self, cache: Cache) -> Neighbours | MemberNeighbours | None:
        """The files beside the program: the archive's members, or a local file's folder.

        None for an asset that is not an archive: what is beside it is not known.
        """
        if isinstance(self.listing, MISSING) or isinstance(self.member, MISSING):
            return Neighbours(self.program) if self.subject.asset is None else None
        return MemberNeighbours(self, self.listing, self.member, cache)


def open_file(file: FileOnDisk, cache: Cache, cancel: Cancellation) -> Opened:
    """Open a file as far as its program, which is unpacked into the cache if need be.

    An archive in it that the program is in is unpacked and opened, too.

    Raises:
        UndecidedProgramError: (a FormatError) which member is the program is not known.
        FormatError: a damaged archive in which the program was not reached.
        NotFoundError: no member is the program, or none has the name asked for.
    """
    if file.download:
        digest = file.download.blob.sha256
    else:
        with FileSource(file.path) as source:
            digest = _hash(source, cancel)
    layer = layer_of(file.subject, file.name)
    opening = _Opening(file.subject, Holder(file.path, file.name, digest), cache, cancel)
    return opening.open(layer, opening.asset)


@dataclass(slots=True)
class _Opening:
    """The way from a file to its program."""

    subject: Subject
    asset: Holder
    cache: Cache
    cancel: Cancellation
    way: list[Step] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def open(self, layer: Layer, holder: Holder) -> Opened:
        """Open a layer, and those in it. Raises as ``open_file``."""
        from explorer.archive import detect

        with FileSource(holder.path) as source:
            form = detect(source, layer.name, self.cancel)
            if form is Format.RAW:
                refuse_member(layer)
                return self._plain(holder, source.size, "not an archive")
            if form.is_single:
                return self._open_single(source, layer, holder)
            program = find_program(source, layer, self.cancel)
            if program is None:
                return self._plain(holder, source.size, ANDROID_APP)
            stored = self._unpack(source, holder, program.index)
        self.way.append(Step(holder, program.member))
        self.others += program.others
        if program.inner is None:
            return self._program(holder, program.listing, program.member, stored)
        with opening_inner(program):
            opened = self.open(program.inner, _holder(stored, program.member))
        with FileSource(opened.program) as content:
            if not may_run(content.read_at(0, HEAD_BYTES)):
                refuse_other_content(program)
        return opened

    def _open_single(self, source: FileSource, layer: Layer, holder: Holder) -> Opened:
        """A compressed file, or an archive that is compressed once more."""
        from explorer.archive import detect, listing

        members = listing(source, layer.name, cancel=self.cancel)
        member = members.members[0]
        stored = self._unpack(source, holder, 0)
        with FileSource(stored.path) as content:
            form = detect(content, member.name, self.cancel)
        inner = inner_of_single(layer, members, form)
        self.way.append(Step(holder, member))
        if inner is not None:
            return self.open(inner, _holder(stored, member))
        return self._program(holder, members, member, stored)

    def _unpack(self, source: FileSource, holder: Holder, index: int) -> Blob:
        return unpack_member(source, holder.name, index, holder.sha256, self.cache, self.cancel)

    def _program(
        self, holder: Holder, listing: ArchiveListing, member: Member, stored: Blob
    ) -> Opened:
        name = posixpath.basename(member.name) or holder.name
        facts = FileFacts(name, stored.size, stored.sha256)
        return self._opened(holder, listing, member, stored.path, facts)

    def _plain(self, holder: Holder, size: int, why: str) -> Opened:
        """The file itself: it is not an archive, or nothing in it is opened."""
        nothing = NotApplicable(why)
        facts = FileFacts(holder.name, size, holder.sha256)
        return self._opened(holder, nothing, nothing, holder.path, facts)

    def _opened(
        self,
        holder: Holder,
        listing: Fact[ArchiveListing],
        member: Fact[Member],
        program: Path,
        facts: FileFacts,
    ) -> Opened:
        asset = self.asset
        return Opened(
            subject=self.subject,
            archive=asset.path,
            sha256=asset.sha256,
            holder=holder,
            listing=listing,
            member=member,
            program=program,
            file=facts,
            others=tuple(self.others),
            way=tuple(self.way),
        )


def _holder(stored: Blob, member: Member) -> Holder:
    return Holder(stored.path, posixpath.basename(member.name), stored.sha256)


def opened_by(inspection: Inspection) -> Opened | None:
    """What an inspection of the whole file had opened; None after a peek."""
    path, digest = inspection.asset_path, inspection.asset_sha256
    if inspection.path is None or path is None or isinstance(digest, MISSING):
        return None
    asset = inspection.subject.asset
    return Opened(
        subject=inspection.subject,
        archive=path,
        sha256=digest,
        holder=inspection.holder or Holder(path, asset.name if asset else path.name, digest),
        listing=inspection.listing,
        member=inspection.member,
        program=inspection.path,
        file=inspection.file,
    )


class Neighbours:
    """The files beside a local program, within ``Beside``. Implements ``compat.Surroundings``."""

    def __init__(self, binary: Path) -> None:
        self.origin = binary.resolve().parent.as_posix()
        self._beside = Beside.of(binary)

    def read(self, path: str) -> Binary | None:
        """The file at an absolute POSIX path; None if there is none."""
        file = self._beside.file(path)
        if file is not None:
            return _library(file)
        return _unread(path, "not a regular file") if self._beside.is_blocked(path) else None


class MemberNeighbours:
    """The files beside a binary inside its archive. Implements ``compat.Surroundings``."""

    def __init__(
        self, opened: Opened, listing: ArchiveListing, member: Member, cache: Cache
    ) -> None:
        self.origin = posixpath.dirname(posixpath.normpath(member.name))
        self._opened, self._cache = opened, cache
        self._members = {
            posixpath.normpath(m.name).lstrip("/"): (index, m)
            for index, m in enumerate(listing.members)
            if m.part != "control"
        }
        self._folders = {
            above.as_posix() for path in self._members for above in PurePosixPath(path).parents
        }

    def read(self, path: str) -> Binary | None:
        """The library at a path inside the archive; links inside it are followed.

        Raises:
            NotFoundError: the archive itself is gone, e.g. pruned by another process.
        """
        try:
            index = self._resolve(path)
        except _BlockedError as error:
            return _unread(path, str(error))
        return None if index is None else self._unpacked(path, index)

    def _check_readable(self, path: str, member: Member | None) -> None:
        if path in self._folders or (member and member.kind is MemberKind.DIRECTORY):
            raise _BlockedError("a folder")

    def _unpacked(self, path: str, index: int) -> Binary:
        holder = self._opened.holder
        # An archive that is gone says nothing about its members: that error is the caller's.
        with FileSource(holder.path) as source:
            try:
                blob = unpack_member(
                    source, holder.name, index, holder.sha256, self._cache, Cancellation()
                )
            except (FormatError, NotFoundError) as error:
                return _unread(path, error.title)
        return _library(blob.path)

    def _resolve(self, path: str) -> int | None:
        """The place in the listing of the file that a path leads to; links of folders count too.

        Raises:
            _BlockedError: there is something that cannot be read.
        """
        todo, done, links = path.split("/")[::-1], list[str](), 0
        while todo:
            if not _step(done, todo.pop()):
                return None
            index, member = self._members.get("/".join(done), (0, None))
            if not todo:
                self._check_readable("/".join(done), member)
            if member is None or member.kind is MemberKind.DIRECTORY:
                continue
            if member.refused is not None:
                raise _BlockedError("refused")
            if member.kind is MemberKind.FILE:
                return None if todo else index
            links += 1
            if links > _LINKS:
                raise _BlockedError("a loop of links")
            if member.link.startswith("/"):
                return None
            done = [] if member.kind is MemberKind.HARDLINK else done[:-1]
            todo += member.link.split("/")[::-1]
        return None


def _step(done: list[str], part: str) -> bool:
    """Go one part of a path further; False above the top of the archive."""
    if part == "..":
        return bool(done and done.pop())
    if part not in ("", "."):
        done.append(part)
    return True


class _BlockedError(Exception):
    """Something that cannot be read is where a library would be. Stays in this module."""


def _library(file: Path) -> Binary:
    from explorer.elf import Scope, read

    try:
        with FileSource(file) as source:
            return read(source, file.name, Scope.LINKAGE)
    except FormatError as error:
        return _unread(file.name, error.title)


def _unread(path: str, why: str) -> Binary:
    """A library of which nothing is known but that it is there."""
    from explorer.elf import Binary, FileFormat, Scope

    unknown = Unknown(why)
    name = posixpath.basename(path)
    return Binary(name, unknown, FileFormat.UNSEEN, Scope.HEAD, why, unknown, unknown)


def _hash(source: FileSource, cancel: Cancellation) -> str:
    return hash_chunks(chunks_of(source), cancel.check)[0].hexdigest()


def hash_file(path: Path, cancel: Cancellation) -> tuple[int, str]:
    """Size in bytes and sha256 of a local file.

    Raises:
        NotFoundError, SourceError: the file cannot be read.
    """
    with FileSource(path) as source:
        return source.size, _hash(source, cancel)
