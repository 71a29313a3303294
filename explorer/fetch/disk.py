"""Files: hashing, renaming that survives a power cut, locks, and errors of the disk in words."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable
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

_NOT_SUPPORTED = {
    getattr(errno, name)
    for name in ("EOPNOTSUPP", "ENOTSUP", "EISDIR", "ENOENT", "EINVAL")
    if hasattr(errno, name)
}
"""What open() answers where O_TMPFILE is not known (open(2)); a missing folder fails again."""
_OWN_FILES = "/proc/self/fd"
_BESIDE = ".rr-explorer-"
_BESIDE_AGE_S = 3600.0

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


def write_new(path: Path, chunks: Iterable[bytes], executable: bool = False) -> None:
    """Write a file that does not exist yet, complete or not at all. The umask decides its mode.

    Where the system can (Linux), the file has no name until it is complete, so that a process that
    is killed leaves nothing. Elsewhere it is a hidden one beside ``path``; what chunks raise
    removes it, and ``write_new`` removes what a killed process left there an hour ago.

    Raises:
        FileExistsError: ``path`` exists.
        OSError: from the disk.
    """
    mode = 0o777 if executable else 0o666
    unnamed = getattr(os, "O_TMPFILE", 0) if Path(_OWN_FILES).is_dir() else 0
    try:
        handle = os.open(path.parent, os.O_WRONLY | unnamed, mode) if unnamed else -1
    except OSError as error:  # not every file system can
        if error.errno not in _NOT_SUPPORTED:
            raise
        handle = -1
    if handle < 0:
        _write_beside(path, chunks, mode)
        return
    with os.fdopen(handle, "wb", buffering=0) as file:
        for chunk in chunks:
            write_all(file, chunk)
        os.fsync(handle)
        # Refuses a name that exists. Python calls linkat(), which alone follows this link, only
        # if there is a directory; an absolute path ignores it.
        os.link(f"{_OWN_FILES}/{handle}", path, src_dir_fd=handle, follow_symlinks=True)


def _write_beside(path: Path, chunks: Iterable[bytes], mode: int) -> None:
    for left in path.parent.glob(f"{_BESIDE}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _BESIDE_AGE_S:
                left.unlink()
    temporary = path.with_name(f"{_BESIDE}{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, mode), "wb", buffering=0) as file:
            for chunk in chunks:
                write_all(file, chunk)
            os.fsync(file.fileno())
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
