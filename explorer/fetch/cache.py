"""The cache: blobs as files named by their sha256, an index and small records in diskcache. Shared by running processes.

Layout of the directory (0700, like everything below it)::

    blobs/ab/ab12…      whole, verified files; their access time says when they were last used
    partials/           downloads that were cut, with a .json that says of what, and locks
    tmp/                files being written now
    index/ page/ peek/ proof/    diskcache directories, values inside the sqlite file

A blob gets its name after it was written, flushed and hashed; the index learns of it after that. So a kill at any moment
leaves the old state, the new one, or a blob without a name, which ages out like any other.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from explorer.errors import IntegrityError, SourceError
from explorer.fetch.disk import disk_error, settle, sha256_of, write_all
from explorer.fetch.locks import FileLock
from explorer.fetch.models import Blob, CacheEntry, CacheStats
from explorer.fetch.records import Store, Table
from explorer.progress import Cancellation

STORE_LIMITS = {"page": 64 << 20, "peek": 64 << 20, "proof": 64 << 20}
"""Bytes for each kind of small record, beside the blobs' own bound."""
INDEX_LIMIT = 64 << 20

TEMPORARY_AGE_S = 3600.0
"""A file in tmp/ untouched for so long belongs to a dead process."""
PARTIAL_AGE_S = 7 * 86400.0
"""A cut download is kept so long for somebody to go on with it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Cache:
    """See the module. Every method may be called from any thread; none needs a running loop."""

    def __init__(self, directory: Path, limit_bytes: int) -> None:
        """Make the directory; open no database yet.

        Raises:
            SourceError: it cannot be made or written; ``open_cache`` then goes on in a temporary one.
        """
        self.directory = directory.absolute()
        self.limit_bytes = limit_bytes
        self.temporary = False
        """True for a directory that ``close`` removes."""
        self._warnings: list[str] = []
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._blobs = self.directory / "blobs"
        self.partials = self.directory / "partials"
        self._tmp = self.directory / "tmp"
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in (self._blobs, self.partials, self._tmp):
                path.mkdir(mode=0o700, exist_ok=True)
            self._temporary().unlink()
        except OSError as error:
            raise disk_error(error, self.directory) from error
        self._index = Table(self.directory / "index", INDEX_LIMIT, self._warn)
        self._tables = {
            kind: Table(self.directory / kind, limit, self._warn)
            for kind, limit in STORE_LIMITS.items()
        }
        self._sweep_stale()

    @classmethod
    def in_temporary_directory(cls, limit_bytes: int) -> "Cache":
        """A cache for this process only, removed by ``close``. Raises as the class, of the system's temporary directory."""
        try:
            directory = Path(tempfile.mkdtemp(prefix="rr-explorer-"))
        except OSError as error:
            raise disk_error(
                error, Path(error.filename or tempfile.tempdir or "the temporary directory")
            ) from error
        cache = cls(directory, limit_bytes)
        cache.temporary = True
        return cache

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what was found damaged, in order."""
        return tuple(self._warnings)

    def _warn(self, text: str) -> None:
        self._warnings.append(text)

    def store(self, kind: str) -> Store:
        """Small records of one kind: ``page``, ``peek`` or ``proof``."""
        return Store(self._tables[kind])

    # Blobs

    def find(self, key: str) -> Blob | None:
        """The blob under a key, its bytes hashed just now; None where there is none or it was damaged (it is dropped then)."""
        blob = self.holds(key)
        if blob is None:
            return None
        self._touch(
            blob.path
        )  # before it is hashed: another process that prunes meanwhile leaves it
        try:
            with blob.path.open("rb", buffering=0) as file:
                state, size = sha256_of(file)
            if (state.hexdigest(), size) == (blob.sha256, blob.size):
                return blob
        except OSError as error:
            self._warn(
                f"A file in the cache cannot be read and is fetched again: {blob.path} ({error.strerror})"
            )
            return None
        with contextlib.suppress(OSError):
            blob.path.unlink()
        self._warn(f"A damaged file in the cache was dropped and is fetched again: {blob.path}")
        return None

    def holds(self, key: str) -> Blob | None:
        """What the index says, checked by size but **not** by hash: quick enough for a list on the screen, no more."""
        row = self._index.load(key)
        if not isinstance(row, dict):
            return None
        sha256, size = row.get("sha256"), row.get("size")
        if (
            not isinstance(sha256, str)
            or not _SHA256.fullmatch(sha256)
            or not isinstance(size, int)
        ):
            return None
        path = self._path(sha256)
        try:
            if path.stat().st_size != size:
                path.unlink()
                self._warn(f"A damaged file in the cache was dropped and is fetched again: {path}")
                return None
        except OSError:
            return None
        return Blob(path, size, sha256)

    def add(
        self,
        key: str,
        name: str,
        chunks: Iterable[bytes],
        cancel: Cancellation | None = None,
        expect_sha256: str = "",
    ) -> Blob:
        """Write chunks as they come, hash them on the way, keep them under ``key``.

        Whatever ``chunks`` raises passes through and nothing is kept.

        Raises:
            SourceError: the disk is full or not writable.
            IntegrityError: the sha256 is not ``expect_sha256``.
            CancelledError: ``cancel`` was raised.
        """
        state = hashlib.sha256()
        size = 0
        temporary = self._claim()
        try:
            with self._opened(temporary) as file:
                for chunk in chunks:
                    if cancel is not None:
                        cancel.check()
                    try:
                        write_all(file, chunk)
                    except OSError as error:
                        raise disk_error(error, temporary) from error
                    state.update(chunk)
                    size += len(chunk)
            if expect_sha256 and state.hexdigest() != expect_sha256.lower():
                raise IntegrityError(
                    f"{name} is not what was promised",
                    f"expected sha256 {expect_sha256.lower()}, got {state.hexdigest()}",
                    "Fetch it again",
                )
            return self.adopt(temporary, key, name, state.hexdigest(), size)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def adopt(self, temporary: Path, key: str, name: str, sha256: str, size: int) -> Blob:
        """Make a finished file of the same file system a blob: it is renamed. The caller has computed its hash.

        Raises:
            SourceError: the disk is full or not writable.
        """
        path = self._path(sha256)
        self._touch(temporary)  # before it has its name, so that nobody takes it for the oldest
        with self.hold(sha256):
            try:
                settle(temporary, path)
            except PermissionError as error:  # Windows, while somebody reads the same blob
                if not path.exists():
                    raise disk_error(error, path) from error
            except OSError as error:
                raise disk_error(error, path) from error
            self._touch(path)
            self._index.save(key, {"sha256": sha256, "size": size, "name": name})
            self.prune()
        return Blob(path, size, sha256)

    @contextlib.contextmanager
    def hold(self, sha256: str) -> Iterator[None]:
        """While this lasts, this process does not evict the blob."""
        with self._lock:
            self._held[sha256] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[sha256] -= 1

    def drop(self, key: str) -> None:
        """Forget a key and its blob."""
        blob = self.holds(key)
        self._index.delete(key)
        if blob is not None:
            with contextlib.suppress(OSError):
                blob.path.unlink()

    # Housekeeping

    def stats(self) -> CacheStats:
        """Counts and sizes in bytes, read from the disk now."""
        blobs = list(self._scan())
        partials = [size for _, size, _ in self._partials()]
        return CacheStats(
            directory=self.directory,
            blobs=len(blobs),
            blob_bytes=sum(size for _, size, _ in blobs),
            limit_bytes=self.limit_bytes,
            partials=len(partials),
            partial_bytes=sum(partials),
            pages=self._tables["page"].count(),
            records=self._tables["peek"].count() + self._tables["proof"].count(),
        )

    def entries(self) -> tuple[CacheEntry, ...]:
        """Every blob, most recently used first."""
        names: dict[str, list[str]] = {}
        for key in self._index.keys():  # noqa: SIM118 - no mapping
            row = self._index.load(key)
            if (
                isinstance(row, dict)
                and isinstance(row.get("name"), str)
                and isinstance(row.get("sha256"), str)
            ):
                names.setdefault(row["sha256"], []).append(row["name"])
        found = sorted(self._scan(), key=lambda item: item[2], reverse=True)
        return tuple(
            CacheEntry(path.name, size, tuple(dict.fromkeys(names.get(path.name, ()))), used)
            for path, size, used in found
        )

    def prune(self, limit_bytes: int | None = None) -> int:
        """Remove the least recently used blobs and cut downloads until the rest fits; gives the bytes freed.

        What is held, and a download that runs now in any process, stays.
        """
        limit = self.limit_bytes if limit_bytes is None else limit_bytes
        if sum(size for _, size, _ in (*self._scan(), *self._partials())) <= limit:
            return 0
        lock = FileLock(self.directory / "prune.lock")
        try:
            if not lock.acquire(5):
                return 0  # somebody else is at it
        except OSError as error:
            raise disk_error(error, self.directory) from error
        try:
            freed = self._evict(limit)
        finally:
            lock.release()
        if freed:
            self._forget_evicted()
        return freed

    def clear(self) -> int:
        """Remove everything: blobs, cut downloads, pages, peeks and proofs. Gives the bytes of files freed."""
        freed = self.prune(-1)
        for table in (self._index, *self._tables.values()):
            table.clear()
        return freed

    def close(self) -> None:
        """Give the databases back; they open again when used again. A temporary cache is removed."""
        for table in (self._index, *self._tables.values()):
            table.close()
        if self.temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _evict(self, limit: int) -> int:
        candidates = sorted((*self._scan(), *self._partials()), key=lambda item: item[2])
        total = sum(size for _, size, _ in candidates)
        freed = 0
        for path, size, used in candidates:
            if total <= limit:
                break
            with self._lock:
                if self._held[path.name] > 0:
                    continue
            gone = (
                self._remove_partial(path)
                if path.parent == self.partials
                else self._remove_blob(path, used)
            )
            if gone:
                total -= size
                freed += size
        return freed

    def _remove_blob(self, path: Path, used: float) -> bool:
        try:
            if path.stat().st_atime > used:
                return False  # another process has just begun to use it
            path.unlink()
        except FileNotFoundError:
            return True
        except OSError:
            return False  # Windows, while somebody reads it
        return True

    def _remove_partial(self, path: Path) -> bool:
        lock = FileLock(path.with_suffix(".lock"))
        try:
            if not lock.try_acquire():
                return False  # it is being downloaded
        except OSError:
            return False
        try:
            for ending in (".part", ".json", ".lock"):
                path.with_suffix(ending).unlink(missing_ok=True)
        except OSError:
            return False
        finally:
            lock.release()
        return True

    def _forget_evicted(self) -> None:
        for key in self._index.keys():  # noqa: SIM118 - no mapping
            if self.holds(key) is None:
                self._index.delete(key)

    def _sweep_stale(self) -> None:
        now = time.time()
        with contextlib.suppress(OSError):
            for path in self._tmp.iterdir():
                with contextlib.suppress(OSError):
                    if now - path.stat().st_mtime > TEMPORARY_AGE_S:
                        path.unlink()
        for path, _, used in self._partials():
            if now - used > PARTIAL_AGE_S:
                self._remove_partial(path)
        with contextlib.suppress(OSError):
            for path in (*self.partials.glob("*.lock"), *self.partials.glob("*.json")):
                if (
                    not path.with_suffix(".part").exists()
                    and now - path.stat().st_mtime > PARTIAL_AGE_S
                ):
                    self._remove_partial(path.with_suffix(".part"))

    # Paths

    def _path(self, sha256: str) -> Path:
        return self._blobs / sha256[:2] / sha256

    def _touch(self, path: Path) -> None:
        """Access time = last use. Set by hand, since most systems mount with relatime or noatime."""
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))

    def _scan(self) -> Iterator[tuple[Path, int, float]]:
        """Path, size, last use of every blob."""
        for path, status in self._files(self._blobs.glob("??/*")):
            if _SHA256.fullmatch(path.name):
                yield path, status.st_size, status.st_atime

    def _partials(self) -> Iterator[tuple[Path, int, float]]:
        """Path, size, last written of every cut download."""
        for path, status in self._files(self.partials.glob("*.part")):
            yield path, status.st_size, status.st_mtime

    @staticmethod
    def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
        for path in paths:
            with contextlib.suppress(OSError):  # gone meanwhile
                yield path, path.stat()

    def _temporary(self) -> Path:
        path = self._tmp / f"{os.getpid()}-{secrets.token_hex(8)}"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return path

    def _claim(self) -> Path:
        try:
            return self._temporary()
        except OSError as error:
            raise disk_error(error, self._tmp) from error

    @staticmethod
    def _opened(path: Path) -> BinaryIO:
        try:
            return path.open("wb", buffering=0)
        except OSError as error:
            raise disk_error(error, path) from error


def open_cache(directory: Path, limit_bytes: int) -> Cache:
    """The cache in ``directory``; where that cannot be had, one in a temporary directory whose ``warnings`` say why.

    Raises:
        SourceError: not even the system's temporary directory can be written.
    """
    try:
        return Cache(directory, limit_bytes)
    except SourceError as error:
        cache = Cache.in_temporary_directory(limit_bytes)
        cache._warn(f"Going on without a lasting cache: {error}")
        return cache
