"""Locks between processes that vanish with the process: flock on POSIX, msvcrt on Windows."""

import errno
import os
import sys
import time
from pathlib import Path


def _lock(descriptor: int) -> None:
    """Take it or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)


_NO_LOCKS = {
    getattr(errno, name)
    for name in ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL")
    if hasattr(errno, name)
}
"""What file systems without locks answer (some network ones)."""


class FileLock:
    """One holder among all processes and threads. The kernel frees it when the holder dies, also by ``kill -9``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self.unsupported = False
        """True where the file system has no locks: everybody "holds" it, and has to use names of their own."""

    def try_acquire(self) -> bool:
        """Whether it is now held by this object.

        Raises:
            OSError: the lock's file cannot be made.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(descriptor)
            # The file may have been tidied away between open and lock: a lock on a nameless file keeps nobody out.
            if sys.platform != "win32" and self.path.stat().st_ino != os.fstat(descriptor).st_ino:
                raise BlockingIOError
        except OSError as error:
            os.close(descriptor)
            if error.errno in _NO_LOCKS:
                self.unsupported = True
                return True
            if (
                isinstance(error, (BlockingIOError, FileNotFoundError, PermissionError))
                or error.errno == errno.EDEADLK
            ):
                return False
            raise
        self._descriptor = descriptor
        return True

    def acquire(self, timeout_s: float) -> bool:
        """Wait in this thread, at most so long. For short critical sections; long work polls ``try_acquire``."""
        deadline = time.monotonic() + timeout_s
        while not self.try_acquire():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def release(self) -> None:
        """Let go. Harmless when it is not held."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                _unlock(descriptor)
            finally:
                os.close(descriptor)
