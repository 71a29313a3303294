"""What leaves the cache: the least recently used files, and what dead processes left behind."""

import contextlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from explorer.fetch.disk import ASIDE, Warn, file_lock
from explorer.fetch.leases import Leases

TEMPORARY_AGE_S = 3600.0
"""A file in ``tmp/`` that was not written for this long belongs to a dead process."""
PARTIAL_AGE_S = 7 * 86400.0
"""How long an interrupted download is kept, to be resumed."""
LOCK_S = 5.0
"""How long to wait for another process that prunes."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

FileUse = tuple[Path, int, float]
"""A file, its size in bytes, and when it was last used (seconds since the epoch)."""


class Pruner:
    """Scans and shrinks the files of one cache folder; knows nothing of its databases."""

    def __init__(
        self, directory: Path, leases: Leases, is_held: Callable[[str], bool], warn: Warn
    ) -> None:
        """``is_held``: whether this process is writing the blob with a sha256 just now."""
        self._directory = directory
        self._leases = leases
        self._is_held = is_held
        self._warn = warn

    def blobs(self) -> Iterator[FileUse]:
        """Every blob; its access time says when it was last used."""
        for path, status in _files(self._directory.glob("blobs/??/*")):
            if _SHA256.fullmatch(path.name):
                yield path, status.st_size, status.st_atime

    def partials(self) -> Iterator[FileUse]:
        """Every interrupted download, and when it was last written."""
        for path, status in _files(self._directory.glob("partials/*.part")):
            yield path, status.st_size, status.st_mtime

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """While this lasts, no other process prunes. False if one still does after ``LOCK_S``.

        A disk that takes no lock, e.g. because it is full, is no reason not to prune.
        """
        lock = None
        try:
            lock = file_lock(self._directory / "prune.lock", self._warn)
            lock.acquire(timeout=LOCK_S)
        except TimeoutError:
            yield False
            return
        except OSError:
            lock = None
        try:
            yield True
        finally:
            if lock is not None:
                lock.release()

    def prune(self, limit: int) -> int:
        """Remove the least recently used files until the rest fits; return the bytes freed.

        Blobs that are held, and downloads that run in any process, stay.
        """
        if sum(size for _, size, _ in (*self.blobs(), *self.partials())) <= limit:
            return 0
        with self.alone() as alone:
            return self._evict(limit) if alone else 0

    def sweep(self) -> None:
        """Remove what dead processes left in ``tmp/`` and ``partials/``, by age."""
        now = time.time()
        for path, status in _files(self._directory.glob("tmp/*")):
            if now - status.st_mtime > TEMPORARY_AGE_S:
                with contextlib.suppress(OSError):
                    path.unlink()
        for path, _, used in self.partials():
            if now - used > PARTIAL_AGE_S:
                self._remove_partial(path)
        for ending in ("lock", "json"):
            for path, status in _files(self._directory.glob(f"partials/*.{ending}")):
                part = path.with_suffix(".part")
                if not part.exists() and now - status.st_mtime > PARTIAL_AGE_S:
                    self._remove_partial(part)

    def remove_aside(self) -> None:
        """Remove what was put aside, because it was of the wrong kind."""
        for path in [*self._directory.rglob(f"*{ASIDE}*")]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _evict(self, limit: int) -> int:
        leased = self._leases.active()
        candidates = sorted((*self.blobs(), *self.partials()), key=lambda item: item[2])
        total = sum(size for _, size, _ in candidates)
        freed = 0
        for path, size, used in candidates:
            if total <= limit:
                break
            if path.suffix == ".part":
                removed = self._remove_partial(path)
            else:
                needed = path.name in leased or self._is_held(path.name)
                removed = not needed and _remove_blob(path, used)
            if removed:
                total -= size
                freed += size
        return freed

    def _remove_partial(self, path: Path) -> bool:
        try:
            lock = file_lock(path.with_suffix(".lock"), self._warn)
            lock.acquire(blocking=False)
        except OSError:  # it is being downloaded, or the disk takes no lock
            return False
        try:
            for ending in (".part", ".json", ".lock"):
                path.with_suffix(ending).unlink(missing_ok=True)
        except OSError:
            return False
        finally:
            lock.release()
        return True


def _remove_blob(path: Path, used: float) -> bool:
    try:
        if path.stat().st_atime > used:
            return False  # another process has just begun to use it
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # Windows, while it is being read
    return True


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """The regular files among ``paths``; what has just gone is passed over."""
    with contextlib.suppress(OSError):
        for path in paths:
            with contextlib.suppress(OSError):
                status = path.stat()
                if stat.S_ISREG(status.st_mode):
                    yield path, status
