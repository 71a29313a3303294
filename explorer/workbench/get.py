"""``get``: download, check, unpack where the user said, mark the program executable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.archive import Format, Member
from explorer.bytesource import FileSource
from explorer.errors import CancelledError, SourceError
from explorer.facts import MISSING
from explorer.fetch import Download
from explorer.progress import Cancellation, ProgressCallback
from explorer.workbench.models import Got, Subject
from explorer.workbench.unpack import Unpacked, open_asset

if TYPE_CHECKING:
    from explorer.workbench.bench import Workbench


async def get(bench: Workbench, subject: Subject, into: Path, progress: ProgressCallback) -> Got:
    """Write the subject's files below ``into``, which is made if it is not there. Existing files are replaced whole.

    Raises:
        SourceError: the directory cannot be written. FormatError: the archive is damaged or refused.
    """
    download: Download | None = None
    if subject.path is None:
        assert subject.asset is not None
        download = await bench.download(subject.asset, progress=progress)
    path = download.blob.path if download else subject.path
    assert path is not None
    files, binary = await bench.session.run(lambda cancel: _write(bench, subject, download, path, into, progress, cancel))
    return Got(into, files, binary, download)


def _write(
    bench: Workbench, subject: Subject, download: Download | None, path: Path, into: Path, progress: ProgressCallback, cancel: Cancellation
) -> tuple[tuple[Path, ...], Path | None]:
    from explorer.archive import detect, extract

    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"Cannot make {into}", error.strerror or str(error), "Choose another directory with -o") from error
    unpacked = open_asset(path, subject, download.blob if download else None, bench.session.cache, cancel)
    name = subject.asset.name if subject.asset else path.name
    with FileSource(path) as source:
        raw = detect(source, name) is Format.RAW
        if raw or isinstance(unpacked.member, MISSING):
            binary = _copy(unpacked, into, cancel)
            return (binary,), binary
        chosen: Member = unpacked.member
        if subject.member:
            files = extract(source, name, into, wanted=lambda m: m.name == chosen.name, progress=progress, cancel=cancel)
        else:
            files = extract(source, name, into, progress=progress, cancel=cancel)
    written = next((f for f in files if f.is_file() and f.relative_to(into).as_posix() == _relative(chosen.name)), None)
    if written is not None:
        written.chmod(0o755)
    return files, written


def _relative(name: str) -> str:
    return name.removeprefix("./").lstrip("/")


def _copy(unpacked: Unpacked, into: Path, cancel: Cancellation) -> Path:
    """A raw program, written beside its place first, so that a kill leaves either the old file or the new one."""
    final = into / Path(unpacked.name).name
    partial = final.with_name(final.name + ".part")
    try:
        with unpacked.path.open("rb") as source, partial.open("wb") as sink:
            while part := source.read(1 << 20):
                cancel.check()
                sink.write(part)
        partial.chmod(0o755)
        partial.replace(final)
    except CancelledError:
        partial.unlink(missing_ok=True)
        raise
    except OSError as error:
        partial.unlink(missing_ok=True)
        free = shutil.disk_usage(into).free
        raise SourceError(
            f"Cannot write {final}", f"{error.strerror or error}; {free} bytes free", "Free some space or choose -o elsewhere"
        ) from error
    return final
