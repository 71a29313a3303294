"""``get``: download, check, unpack where the user said, mark the program executable."""

from __future__ import annotations

import contextlib
import filecmp
import os
import posixpath
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.bytesource import FileSource
from explorer.errors import FormatError, NotFoundError, SourceError
from explorer.fetch import Blob, Cache
from explorer.progress import Cancellation, ProgressCallback
from explorer.workbench.models import GetResult, Subject
from explorer.workbench.program_in_archive import MAGICS, NAMED, is_raw, open_asset, safe_name

if TYPE_CHECKING:
    from explorer.workbench.workbench import Workbench

CHUNK = 1 << 20


async def get(
    bench: Workbench, subject: Subject, into: Path, progress: ProgressCallback
) -> GetResult:
    """Write the subject's files below ``into``, which is made if it is not there. All of them or none; a file that is
    already there is never overwritten.

    Raises:
        SourceError: the directory cannot be written, or a file is already there.
        FormatError: the archive is damaged or a member was refused. NotFoundError: no such member.
    """
    if "\0" in str(into):
        raise SourceError(
            "No directory can have this name", "it holds a zero byte", "Choose another with -o"
        )
    download = None
    if subject.path is None:
        assert subject.asset is not None
        download = await bench.download(subject.asset, progress=progress)
    path = download.blob.path if download else subject.path
    assert path is not None
    blob = download.blob if download else None
    warn = bench.session.warn
    files, binary = await bench.session.run(
        lambda cancel: _write(
            subject, path, blob, bench.session.cache, into, warn, progress, cancel
        )
    )
    return GetResult(into, files, binary, download)


def _write(
    subject: Subject,
    path: Path,
    blob: Blob | None,
    cache: Cache,
    into: Path,
    warn: Callable[[str], None],
    progress: ProgressCallback,
    cancel: Cancellation,
) -> tuple[tuple[Path, ...], Path | None]:
    name = subject.asset.name if subject.asset else path.name
    with FileSource(path) as source:
        if is_raw(source, name):
            head = source.read_at(0, 4)
            if subject.asset is not None and subject.asset.archive not in ("raw", ""):
                raise FormatError(
                    f"{name} is no {subject.asset.archive} file",
                    f"it begins with {head!r}",
                    "Do not use it; look at it in the browser",
                )
        else:
            return _extracted(
                subject, source, name, path, blob, cache, into, warn, progress, cancel
            )
    unpacked = open_asset(path, subject, blob, cache, cancel)
    runs = head.startswith((*MAGICS, b"#!"))
    file = _copy(unpacked.path, into, safe_name(unpacked.name), 0o755 if runs else 0o644, cancel)
    return (file,), file if runs else None


def _extracted(
    subject: Subject,
    source: FileSource,
    name: str,
    path: Path,
    blob: Blob | None,
    cache: Cache,
    into: Path,
    warn: Callable[[str], None],
    progress: ProgressCallback,
    cancel: Cancellation,
) -> tuple[tuple[Path, ...], Path | None]:
    """An archive's members, or the one that a plain compressor holds."""
    from explorer.archive import Member, RefusedError, detect, extract

    try:
        unpacked = open_asset(path, subject, blob, cache, cancel)
    except NotFoundError:
        if subject.member:
            raise
        written = extract(source, name, into, progress=progress, cancel=cancel)
        return written.paths, None  # no program in it: papers, sources
    if detect(source, name).is_single:
        file = _copy(unpacked.path, into, safe_name(unpacked.name), 0o755, cancel)
        return (file,), file
    chosen = unpacked.member
    wanted = (lambda m: m == chosen) if subject.member else (lambda _: True)
    try:
        files = extract(source, name, into, wanted=wanted, progress=progress, cancel=cancel).paths
    except RefusedError as error:
        if not subject.member and isinstance(chosen, Member):
            # half an archive must not pass for the whole: the program alone is for the user to ask for
            error.remedy = f"Nothing was written. To have the program alone, name it: {shlex.quote(f'{subject.name}#{chosen.name}')}"
        raise
    refused = [
        member for member in getattr(unpacked.listing, "members", ()) if member.refused is not None
    ]
    if refused:
        shown = ", ".join(f"{member.name} ({member.refused.rule})" for member in refused[:NAMED])
        more = f" and {len(refused) - NAMED:,} more" if len(refused) > NAMED else ""
        warn(
            f"{name} holds what is refused and not written: {shown}{more}. Look at it before you trust the rest"
        )
    program = into / posixpath.normpath(getattr(chosen, "name", ""))
    if program not in files:
        return files, None
    try:
        program.chmod(0o755)
    except OSError as error:
        raise SourceError(
            f"Cannot mark {program} executable",
            error.strerror or str(error),
            "Do it by hand: chmod +x",
        ) from error
    return files, program


def _copy(source: Path, into: Path, name: str, mode: int, cancel: Cancellation) -> Path:
    """A raw program, written beside its place first, so that a kill leaves nothing or all of it under its name."""
    final = into / name
    partial: Path | None = None
    try:
        into.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(final):
            if (
                final.is_file()
                and not final.is_symlink()
                and filecmp.cmp(source, final, shallow=False)
            ):
                return final
            raise SourceError(
                f"{final} is already there",
                "with other bytes",
                "Remove it, or choose another directory",
            )
        handle, written = tempfile.mkstemp(prefix=".rr-explorer-", dir=into)
        partial = Path(written)
        with os.fdopen(handle, "wb") as sink, source.open("rb") as read:
            while part := read.read(CHUNK):
                cancel.check()
                sink.write(part)
        partial.chmod(mode)
        partial.replace(final)
        partial = None
    except OSError as error:
        raise SourceError(
            f"Cannot write {final}", error.strerror or str(error), "Choose another directory"
        ) from error
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
    return final
