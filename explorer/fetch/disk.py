"""Files: hashing, renaming that survives a power cut, locks, and errors of the disk in words."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from explorer.bytesource import hash_chunks
from explorer.errors import SourceError
from explorer.progress import Cancellation

if TYPE_CHECKING:
    import filelock

CHUNK = 256 * 1024
"""Bytes held at a time, whatever the size of a file."""
FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
ASIDE = ".aside-"
"""Stands in the names of what was put aside."""

Warn = Callable[[str], object]


def disk_error(error: OSError, path: Path) -> SourceError:
    """What the disk reported, with the path and a remedy."""
    if error.errno in FULL:
        return SourceError(
            "No room left on the disk",
            str(path),
            "Free some space, prune the cache, or choose another place with --cache-dir",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return SourceError(
            "The directory cannot be written",
            f"{path}: {error.strerror}",
            "Check its permissions, or choose another place with --cache-dir",
        )
    return SourceError(
        "The disk failed",
        f"{path}: {error.strerror or error}",
        "Check the disk, or choose another place with --cache-dir",
    )


def write_all(file: BinaryIO, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data`` to an unbuffered file, which may accept less at a time."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def sha256_of(file: BinaryIO, cancel: Cancellation | None = None) -> tuple[hashlib._Hash, int]:
    """The hash's state over a file from its position to its end, and the number of bytes."""
    chunks = iter(lambda: file.read(CHUNK), b"")
    return hash_chunks(chunks, cancel.check if cancel is not None else None)


def settle(temporary: Path, final: Path) -> None:
    """Give a finished file its name: fsync, rename, fsync of the directory.

    Raises:
        OSError: from the disk.
    """
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(final)
    with contextlib.suppress(OSError):  # Windows opens no directories
        directory = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def expect_file(path: Path, warn: Warn) -> None:
    """Put ``path`` aside, with a warning, if it is anything but a file; it may be missing."""
    _expect(path, stat.S_ISREG, "file", warn)


def expect_folder(path: Path, warn: Warn) -> None:
    """Put ``path`` aside, with a warning, if it is anything but a folder; it may be missing."""
    _expect(path, stat.S_ISDIR, "folder", warn)


def _expect(path: Path, is_right: Callable[[int], bool], kind: str, warn: Warn) -> None:
    try:
        if is_right(path.stat().st_mode):
            return
    except OSError:
        if not os.path.lexists(path):
            return  # missing; otherwise it is a link that leads nowhere
    aside = path.with_name(f"{path.name}{ASIDE}{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        path.rename(aside)
        warn(f"The cache expected a {kind} here, so this was put aside: {aside}")


def file_lock(path: Path, warn: Warn) -> filelock.BaseFileLock:
    """A lock among processes and threads, freed when its holder dies. Not acquired yet.

    It belongs to no thread. Acquiring raises ``filelock.Timeout``, a TimeoutError, if it is held,
    and any other OSError if its file cannot be made.
    """
    import filelock

    expect_file(path, warn)
    return filelock.FileLock(path, mode=0o600, thread_local=False)
