"""``get``: download, check, unpack where the user said, mark the program executable."""

from __future__ import annotations

import filecmp
import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.archive import Member
from explorer.bytesource import FileSource
from explorer.errors import FormatError, NotFoundError, SourceError
from explorer.progress import Cancellation, ProgressCallback
from explorer.workbench.download import file_on_disk
from explorer.workbench.models import FileOnDisk, GetResult, Subject
from explorer.workbench.opened import Opened, open_file
from explorer.workbench.program_in_archive import MAGICS, NAMED, is_raw

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

    All of them or none; an existing file is never overwritten.

    Raises:
        SourceError: the directory cannot be written, or a file exists there.
        FormatError: the archive is damaged or a member was refused. NotFoundError: no such member.
    """
    if "\0" in str(into):
        raise SourceError(
            "No directory can have this name", "it holds a zero byte", "Choose another with -o"
        )
    file = await file_on_disk(resources, subject, progress)

    def work(cancel: Cancellation) -> Written:
        destination = _Destination(into, resources.warn, progress, cancel)
        return _write(file, resources.cache, destination)

    files, program = await resources.run(work)
    return GetResult(into, files, program, file.download)


def _write(file: FileOnDisk, cache: Cache, to: _Destination) -> Written:
    with FileSource(file.path) as source:
        raw, head = is_raw(source, file.name), source.read_at(0, 4)
    if not raw:
        return _extract(file, cache, to)
    asset = file.subject.asset
    if asset is not None and asset.archive not in ("raw", ""):
        raise FormatError(
            f"{file.name} is not a {asset.archive} file",
            f"it begins with {head!r}",
            "Do not use it; look at it in the browser",
        )
    opened = open_file(file, cache, to.cancel)
    runs = head.startswith((*MAGICS, b"#!"))
    copy = _copy(opened, runs, to)
    return (copy,), copy if runs else None


def _extract(file: FileOnDisk, cache: Cache, to: _Destination) -> Written:
    """An archive's members, or what a plain compressor holds."""
    from explorer.archive import detect, extract

    with FileSource(file.path) as source:
        chosen: object = None
        try:
            opened = open_file(file, cache, to.cancel)
        except NotFoundError:
            if file.subject.member:
                raise
            # No program in it: documents, sources.
            _check_nothing_refused(source, file.name, to.cancel)
        else:
            if detect(source, file.name).is_single:
                copy = _copy(opened, True, to)
                return (copy,), copy
            chosen = opened.member
        written = extract(
            source,
            file.name,
            to.into,
            wanted=(lambda m: m == chosen) if file.subject.member else (lambda _: True),
            progress=to.progress,
            cancel=to.cancel,
        )
    _warn_of_refused(file, written.refused, to)
    return written.paths, _mark_executable(chosen, written.paths, to.into)


def _check_nothing_refused(source: FileSource, name: str, cancel: Cancellation) -> None:
    """The program of an archive may be what is refused: then the rest must not pass for all of it.

    Raises:
        RefusedError: (a FormatError) a member is refused.
    """
    from explorer.archive import RefusedError, listing

    for member in listing(source, name, cancel=cancel).members:
        if member.refused is not None:
            raise RefusedError(member.refused.rule, member.refused.text, member.name)


def _warn_of_refused(file: FileOnDisk, members: Sequence[Member], to: _Destination) -> None:
    refused = [f"{m.name} ({m.refused.rule})" for m in members if m.refused]
    if refused:
        more = f" and {len(refused) - NAMED:,} more" if len(refused) > NAMED else ""
        to.warn(
            f"{file.name} holds members that were refused and not written: "
            f"{', '.join(refused[:NAMED])}{more}. Look at it before you trust the rest"
        )


def _mark_executable(member: object, files: tuple[Path, ...], into: Path) -> Path | None:
    if not isinstance(member, Member):
        return None
    program = into / posixpath.normpath(member.name)
    if program not in files:
        return None
    try:
        mode = program.stat().st_mode
        program.chmod(mode | (mode & 0o444) >> 2)  # for everyone who may read it
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
    """Write a program that is no archive's member: complete, or not at all."""
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
