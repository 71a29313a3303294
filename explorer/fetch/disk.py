"""Files: hashing, errors of the disk in words, and renaming that survives a power cut."""

import contextlib
import errno
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from explorer.errors import SourceError
from explorer.progress import Cancellation

CHUNK = 256 * 1024
"""Bytes held at a time, whatever the size of a file."""

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def disk_error(error: OSError, path: Path) -> SourceError:
    """What the disk said, with the path and a remedy."""
    if error.errno in FULL:
        return SourceError(
            "No room left on the disk",
            str(path),
            "Free some room, prune the cache, or choose another place with --cache-dir",
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
    """An unbuffered file may take less than it is given; this gives it the rest."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def sha256_of(file: BinaryIO, cancel: Cancellation | None = None) -> "tuple[hashlib._Hash, int]":
    """The hash's state over a file from where it stands to its end, and how many bytes that were."""
    state = hashlib.sha256()
    count = 0
    while chunk := file.read(CHUNK):
        if cancel is not None:
            cancel.check()
        state.update(chunk)
        count += len(chunk)
    return state, count


def settle(temporary: Path, final: Path) -> None:
    """Give a finished file its name: fsync, rename, fsync of the directory. Before and after, nothing in between.

    Raises:
        OSError: as the disk has it.
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
