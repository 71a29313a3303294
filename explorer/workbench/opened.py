"""A file that is on disk, opened as far as its program: its archive, its member, its neighbours."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.archive import ArchiveListing, Format, Member, MemberKind
from explorer.bytesource import FileSource, chunks_of, hash_chunks
from explorer.errors import FormatError, NotFoundError
from explorer.facts import MISSING, Fact, NotApplicable
from explorer.progress import Cancellation
from explorer.workbench.beside import Beside
from explorer.workbench.models import FileFacts, FileOnDisk, Inspection, Subject
from explorer.workbench.program_in_archive import (
    ANDROID_APP,
    find_program,
    refuse_member,
    unpack_member,
    unpack_single,
)

if TYPE_CHECKING:
    from explorer.elf import Binary
    from explorer.fetch import Cache

_LINKS = 8
"""Links that lead to links, inside an archive; Linux gives up at 40."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A program on disk, and what it came out of."""

    subject: Subject
    archive: Path
    """The asset or local file; the program itself if that is not an archive."""
    sha256: str
    """Of ``archive``."""
    listing: Fact[ArchiveListing]
    """NotApplicable if ``archive`` is the program itself."""
    member: Fact[Member]
    program: Path
    """The program, unpacked into the cache if it came from an archive."""
    file: FileFacts
    """The program's name, size and digest."""
    others: tuple[str, ...] = ()
    """The names of other programs in the archive."""

    @property
    def name(self) -> str:
        """What ``archive`` is called, which tells how it is packed. Untrusted."""
        return self.subject.asset.name if self.subject.asset else self.archive.name

    def neighbours(self, cache: Cache) -> Neighbours | MemberNeighbours | None:
        """The files beside the program: the archive's members, or a local file's folder.

        None for an asset that is not an archive: what is beside it is not known.
        """
        if isinstance(self.listing, MISSING) or isinstance(self.member, MISSING):
            return Neighbours(self.program) if self.subject.asset is None else None
        return MemberNeighbours(self, self.listing, self.member, cache)


def open_file(file: FileOnDisk, cache: Cache, cancel: Cancellation) -> Opened:
    """Open a file as far as its program, which is unpacked into the cache if need be.

    Raises:
        UndecidedProgramError: (a FormatError) which member is the program is not known.
        FormatError: a damaged archive in which the program was not reached.
        NotFoundError: no member is the program, or none has the name asked for.
    """
    from explorer.archive import detect

    subject, name = file.subject, file.name
    with FileSource(file.path) as source:
        form = detect(source, name, cancel)
        if form is Format.RAW:
            refuse_member(subject, name)
        digest = file.download.blob.sha256 if file.download else _hash(source, cancel)
        whole = FileFacts(name, source.size, digest)
        others: tuple[str, ...] = ()
        if form is Format.RAW:
            nothing = NotApplicable("not an archive")
            return Opened(subject, file.path, digest, nothing, nothing, file.path, whole)
        if form.is_single:
            member, stored = unpack_single(source, name, subject, digest, cache, cancel)
            members = ArchiveListing(form, (member,))
        else:
            program = find_program(source, name, subject, cancel)
            if program is None:
                nothing = NotApplicable(ANDROID_APP)
                return Opened(subject, file.path, digest, nothing, nothing, file.path, whole)
            member, members, others = program.member, program.listing, program.others
            stored = unpack_member(source, name, program.index, digest, cache, cancel)
    facts = FileFacts(posixpath.basename(member.name) or name, stored.size, stored.sha256)
    return Opened(subject, file.path, digest, members, member, stored.path, facts, others)


def opened_by(inspection: Inspection) -> Opened | None:
    """What an inspection of the whole file had opened; None after a peek."""
    path, digest = inspection.asset_path, inspection.asset_sha256
    if inspection.path is None or path is None or isinstance(digest, MISSING):
        return None
    return Opened(
        inspection.subject,
        path,
        digest,
        inspection.listing,
        inspection.member,
        inspection.path,
        inspection.file,
    )


class Neighbours:
    """The files beside a local program, within ``Beside``. Implements ``compat.Surroundings``."""

    def __init__(self, binary: Path) -> None:
        self.origin = binary.resolve().parent.as_posix()
        self._beside = Beside.of(binary)

    def read(self, path: str) -> Binary | None:
        """The file at an absolute POSIX path; None if there is no regular file."""
        file = self._beside.file(path)
        return _library(file) if file else None


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
            if m.refused is None and m.part != "control"
        }

    def read(self, path: str) -> Binary | None:
        """The library at a path inside the archive; links inside it are followed."""
        file = self._file(path)
        return _library(file) if file else None

    def _file(self, path: str) -> Path | None:
        """The member at a path, unpacked into the cache; None if there is none.

        Raises:
            NotFoundError: the archive itself is gone, e.g. pruned by another process.
        """
        index = self._resolve(path)
        if index is None:
            return None
        archive, name, digest = self._opened.archive, self._opened.name, self._opened.sha256
        # An archive that is gone says nothing about its members: that error is the caller's.
        with FileSource(archive) as source:
            try:
                blob = unpack_member(source, name, index, digest, self._cache, Cancellation())
            except (FormatError, NotFoundError):
                return None
        return blob.path

    def _resolve(self, path: str) -> int | None:
        """The place in the listing of the file that a path leads to; links of folders count too."""
        todo, done, links = path.split("/")[::-1], list[str](), 0
        while todo:
            part = todo.pop()
            if part == ".." and done:
                done.pop()
            elif part == "..":
                return None  # above the top of the archive
            elif part not in ("", "."):
                done.append(part)
            index, member = self._members.get("/".join(done), (0, None))
            if member is None or member.kind is MemberKind.DIRECTORY:
                continue
            if member.kind is MemberKind.FILE:
                return None if todo else index
            links += 1
            if links > _LINKS or member.link.startswith("/"):
                return None
            done = [] if member.kind is MemberKind.HARDLINK else done[:-1]
            todo += member.link.split("/")[::-1]
        return None


def _library(file: Path) -> Binary | None:
    from explorer.elf import Scope, read

    try:
        with FileSource(file) as source:
            return read(source, file.name, Scope.LINKAGE)
    except FormatError:
        return None


def _hash(source: FileSource, cancel: Cancellation) -> str:
    return hash_chunks(chunks_of(source), cancel.check)[0].hexdigest()


def hash_file(path: Path, cancel: Cancellation) -> tuple[int, str]:
    """Size in bytes and sha256 of a local file.

    Raises:
        NotFoundError, SourceError: the file cannot be read.
    """
    with FileSource(path) as source:
        return source.size, _hash(source, cancel)
