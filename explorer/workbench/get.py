"""``get``: download, check, unpack into a directory, mark the program executable."""

from __future__ import annotations

import filecmp
import os
import posixpath
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.archive import (
    Format,
    Member,
    MemberKind,
    RefusedError,
    detect,
    extract,
    listing,
)
from explorer.bytesource import FileSource
from explorer.errors import FormatError, NotFoundError, SourceError
from explorer.progress import Cancellation, ProgressCallback
from explorer.workbench.layers import layer_of
from explorer.workbench.models import FileOnDisk, GetResult, Subject
from explorer.workbench.one_pass import (
    Unpacked,
    Unpacking,
    fetch_and_unpack,
    unpack_in_one_pass,
)
from explorer.workbench.opened import Opened, open_file
from explorer.workbench.program_choice import listed, rest_behind, same_member
from explorer.workbench.program_in_archive import MAGICS, UndecidedProgramError

if TYPE_CHECKING:
    from explorer.fetch import Cache
    from explorer.workbench.resources import Resources

CHUNK = 1 << 20

Written = tuple[tuple[Path, ...], Path | None]
"""The files, and the one of them that was marked executable."""


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where files are written, and who hears about it."""

    into: Path
    warn: Callable[[str], None]
    progress: ProgressCallback
    cancel: Cancellation


async def get(
    resources: Resources, subject: Subject, into: Path, progress: ProgressCallback
) -> GetResult:
    """Write the subject's files below ``into``, which is made if it does not exist.

    Members that are refused are left out with a warning. After an error nothing is left; an
    existing file is never overwritten.

    Raises:
        SourceError: the directory cannot be written, or a file exists there.
        FormatError: the archive is damaged or not read here, or the program was refused.
        NotFoundError: no such member, or no files at all.
    """
    if "\0" in str(into):
        raise SourceError(
            "No directory can have this name", "it holds a zero byte", "Choose another with -o"
        )
    file, unpacked = await fetch_and_unpack(resources, subject, into, progress)

    def work(cancel: Cancellation) -> Written:
        destination = _Destination(into, resources.warn, progress, cancel)
        if unpacked is not None:
            return _finished(file.name, unpacked, destination)
        return _write(file, resources.cache, destination)

    files, program = await resources.run(work)
    return GetResult(into, files, program, file.download)


def _write(file: FileOnDisk, cache: Cache, to: _Destination) -> Written:
    with FileSource(file.path) as source:
        form, head = detect(source, file.name, to.cancel), source.read_at(0, 4)
    if not (form is Format.RAW or form.is_single):
        return _extract(file, cache, to)
    return _write_content(file, form, head, cache, to)


def _write_content(
    file: FileOnDisk, form: Format, head: bytes, cache: Cache, to: _Destination
) -> Written:
    """Write a file that is not an archive, or the content of a compressed one."""
    asset = file.subject.asset
    if form is Format.RAW and asset is not None and asset.archive not in ("raw", ""):
        raise FormatError(
            f"{file.name} is not a {asset.archive} file",
            f"it begins with {head!r}",
            "Do not use it; look at it in the browser",
        )
    try:
        opened = open_file(file, cache, to.cancel)
    except UndecidedProgramError as error:
        raise RefusedError("method", error.text, file.name) from error
    if len(opened.way) > 1:
        return _extract_from(opened, file.subject.member, to)
    with FileSource(opened.program) as program:
        runs = program.read_at(0, 4).startswith((*MAGICS, b"#!"))
    copy = _copy(opened, runs, to)
    return (copy,), copy if runs else None


def _extract(file: FileOnDisk, cache: Cache, to: _Destination) -> Written:
    """Write an archive's members, or the one that was named."""
    named = file.subject.member
    if not named:
        with FileSource(file.path) as source:
            layer = layer_of(file.subject, file.name)
            unpacked = unpack_in_one_pass(source, layer, Unpacking(to.into, to.progress, to.cancel))
        if unpacked is not None:
            return _finished(file.name, unpacked, to)
    try:
        return _extract_from(open_file(file, cache, to.cancel), named, to)
    except UndecidedProgramError as error:
        if error.is_unread:
            raise RefusedError("method", error.text, file.name) from error
        if not named:
            to.warn(f"No file was marked as the program. {error.title}")
    except NotFoundError:
        if named:
            raise
        _check_holds_files(file, to.cancel)
    return _extract_members(
        file.path, file.name, lambda member: not named or same_member(member.name, named), to
    ), None


def _finished(name: str, unpacked: Unpacked, to: _Destination) -> Written:
    _warn_of_refused(name, unpacked.refused, to)
    return unpacked.paths, _mark_executable(unpacked.program, unpacked.paths, to.into)


def _extract_from(opened: Opened, named: str, to: _Destination) -> Written:
    """Write what was asked for of a file whose program is known: all members, or one.

    Of an archive in an archive only what is named is written.
    """
    way = list(opened.way)
    while len(way) > 1 and way[0].member.packing.is_single:
        del way[0]  # compressed once more: its content is meant
    step, rest = (way[0] if way else None), named
    for step in way if named else ():
        rest = rest_behind(step.member.name, rest) or ""
        if not rest:
            break
    holder = step.holder if step else opened.holder
    is_program = step is not None and step.member == opened.member and holder == opened.holder
    if not is_program and step is not None and not named:
        inside = "#".join(step.member.name for step in way)
        to.warn(
            "No file was marked as the program: it is in an archive in this archive. To write it, "
            f"get {opened.subject.name}#{inside}"
        )
    chosen = step.member if step is not None and named else None
    written = _extract_members(
        holder.path, holder.name, lambda member: chosen is None or member == chosen, to
    )
    program = opened.member if is_program and isinstance(opened.member, Member) else None
    return written, _mark_executable(program, written, to.into)


def _extract_members(
    path: Path, name: str, wanted: Callable[[Member], bool], to: _Destination
) -> tuple[Path, ...]:
    with FileSource(path) as source:
        written = extract(
            source, name, to.into, wanted=wanted, progress=to.progress, cancel=to.cancel
        )
    _warn_of_refused(name, written.refused, to)
    return written.paths


def _check_holds_files(file: FileOnDisk, cancel: Cancellation) -> None:
    """For an archive without a program: documents, sources.

    Raises:
        NotFoundError: it holds no files at all.
        RefusedError: (a FormatError) what is refused may be the program: then the rest must not
            pass for all of it.
    """
    with FileSource(file.path) as source:
        members = listing(source, file.name, cancel=cancel).members
    if all(member.kind is MemberKind.DIRECTORY for member in members):
        raise NotFoundError(f"{file.name} holds no files", remedy="Use another file")
    chooser = layer_of(file.subject, file.name).chooser()
    for member in members:
        if member.refused is not None and chooser.may_be_program(member):
            raise RefusedError(member.refused.rule, member.refused.text, member.name)


def _warn_of_refused(name: str, members: Sequence[Member], to: _Destination) -> None:
    if members:
        names = [f"{m.name} ({m.refused.rule})" for m in members if m.refused]
        to.warn(
            f"{name} holds members that were refused and not written: {listed(names)}. "
            "Look at it before you trust the rest"
        )


def _mark_executable(member: Member | None, files: tuple[Path, ...], into: Path) -> Path | None:
    """Make the program executable for everyone who may read it."""
    program = into / posixpath.normpath(member.name) if member is not None else None
    if program is None or program not in files:
        return None
    try:
        mode = stat.S_IMODE(program.stat().st_mode)
        program.chmod(mode | (mode & 0o444) >> 2)
    except OSError as error:
        raise SourceError(
            f"Cannot mark {program} executable",
            error.strerror or str(error),
            "Do it by hand: chmod +x",
        ) from error
    return program


def _safe_name(name: str) -> str:
    """A file name for a raw asset: the last part of what the server called it.

    Without anything that leads elsewhere, or that a terminal would obey when the folder is listed.
    """
    short = "".join(
        c if c.isprintable() else "_" for c in name.replace("\\", "/").rpartition("/")[2]
    )
    return short if short not in ("", ".", "..") else "program"


def _copy(opened: Opened, executable: bool, to: _Destination) -> Path:
    """Write a program that is not an archive's member: complete, or not at all."""
    from explorer.fetch import write_new

    source, into = opened.program, to.into
    final = into / _safe_name(opened.file.name)

    def chunks() -> Iterator[bytes]:
        with source.open("rb") as file:
            while part := file.read(CHUNK):
                to.cancel.check()
                yield part

    try:
        into.mkdir(parents=True, exist_ok=True)
        is_file = final.is_file() and not final.is_symlink()
        if is_file and filecmp.cmp(source, final, shallow=False):
            return final
        write_new(final, chunks(), executable)
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(final):
            raise SourceError(
                f"{final} already there",
                "with different contents",
                "Remove it, or choose another directory",
            ) from None
        raise SourceError(
            f"Cannot write {final}", error.strerror or str(error), "Choose another directory"
        ) from error
    return final
