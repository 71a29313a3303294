"""The cache: files named by their sha256, an index of them, and small values. Shared by processes.

Layout of the directory (0700, like everything in it)::

    blobs/ab/ab12…      complete, verified files; the access time is that of the last use
    partials/           interrupted downloads, each with a .json of what it is of, and a lock
    tmp/                files that are being written
    leases/             the blobs that a running process still needs
    index/ page/ peek/  diskcache folders
    proof/              a sqlite database
    first-screen.json   what the app draws in its first frame, see ``workbench.first_screen``

A blob is named after it was written, flushed and hashed, and indexed after that. So a process that
is killed leaves the old state, the new one, or a blob without a key, which is pruned in time.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from explorer.errors import IntegrityError, SourceError
from explorer.fetch.database import Database, storable
from explorer.fetch.disk import (
    FULL,
    disk_error,
    expect_file,
    expect_folder,
    settle,
    sha256_of,
    write_all,
)
from explorer.fetch.leases import Leases
from explorer.fetch.models import Blob, CacheEntry, CacheStats
from explorer.fetch.pruning import Pruner
from explorer.fetch.read_notes import FIRST_SCREEN, ReadNotes
from explorer.fetch.records import Records
from explorer.fetch.tables import CacheTable
from explorer.progress import Cancellation

STORE_LIMITS = {"page": 64 << 20, "peek": 64 << 20, "proof": 64 << 20}
"""Bytes of each kind of small value, beside the limit of the blobs."""
INDEX_LIMIT = 64 << 20
LEASE_S = 600.0
"""How long a running program keeps a blob after it asked for it last."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Store:
    """Small values of one kind (``page``, ``peek`` or ``proof``). Safe from any thread."""

    def __init__(self, database: Database, note: Callable[[str, bytes | None], None]) -> None:
        """``note`` is called with every key that is read, and its value."""
        self._database = database
        self._note = note

    def load(self, key: str) -> bytes | None:
        """The value, or None."""
        value = self._database.load(key)
        self._note(key, value)
        return value

    def save(self, key: str, data: bytes) -> None:
        """Keep a value: all of it or nothing, also if the process is killed.

        Raises:
            SourceError: the disk is full, not writable, or busy.
        """
        self._database.save(key, data)

    def delete(self, key: str) -> None:
        """Forget a key; it may be missing."""
        self._database.delete(key)

    def keys(self) -> tuple[str, ...]:
        """Every key, oldest first."""
        return self._database.keys()


class Cache:
    """See the module. Every method may be called from any thread; all are blocking."""

    def __init__(self, directory: Path, limit_bytes: int, lease_s: float = 0.0) -> None:
        """Make the directory; open no database yet.

        ``lease_s``: for how many seconds no process, this one included, prunes a blob that this
        cache has returned.

        Raises:
            SourceError: it cannot be made or written.
        """
        self.directory = directory.absolute()
        self.limit_bytes = limit_bytes
        self.temporary = False
        """True for a directory that ``close`` removes."""
        self._warnings: list[str] = []
        self._held: Counter[str] = Counter()
        self._notes: dict[int, ReadNotes] = {}
        """Of each thread that notes what it reads, by its number."""
        self._guard = threading.Lock()
        self.partials = self.directory / "partials"
        self._tmp = self.directory / "tmp"
        self._leases = Leases(self.directory / "leases", lease_s, self.warn)
        self._pruner = Pruner(self.directory, self._leases, self._is_held, self.warn)
        self._index: Database = CacheTable(self.directory / "index", INDEX_LIMIT, self.warn)
        self._stores: dict[str, Database] = {
            kind: (Records if kind == "proof" else CacheTable)(
                self.directory / kind, limit, self.warn
            )
            for kind, limit in STORE_LIMITS.items()
        }
        self._prepare()
        self._pruner.sweep()

    @classmethod
    def in_temporary_directory(cls, limit_bytes: int) -> "Cache":
        """A cache for this process only; ``close`` removes it. Raises as the class does."""
        try:
            directory = Path(tempfile.mkdtemp(prefix="rr-explorer-"))
        except OSError as error:
            place = error.filename or tempfile.tempdir or "the temporary directory"
            raise disk_error(error, Path(place)) from error
        cache = cls(directory, limit_bytes)
        cache.temporary = True
        return cache

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what was damaged or of the wrong kind, in order."""
        return tuple(self._warnings)

    def warn(self, sentence: str) -> None:
        """Add a sentence to ``warnings``."""
        self._warnings.append(sentence)

    def store(self, kind: str) -> Store:
        """Small values of one kind: ``page``, ``peek`` or ``proof``."""
        return Store(self._stores[kind], partial(self._note, kind))

    @contextlib.contextmanager
    def noting(self) -> Iterator[ReadNotes]:
        """While this lasts, all that this thread reads of stores and index is noted."""
        notes = ReadNotes()
        self._notes[threading.get_ident()] = notes
        try:
            yield notes
        finally:
            del self._notes[threading.get_ident()]

    def _note(self, kind: str, key: str, value: bytes | None) -> None:
        notes = self._notes.get(threading.get_ident())
        if notes is not None:
            notes.add(kind, storable(key), value)

    def _prepare(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in (self.directory / "blobs", self.partials, self._tmp):
                expect_folder(path, self.warn)
                path.mkdir(mode=0o700, exist_ok=True)
            self._make_temporary().unlink()
        except OSError as error:
            if error.errno in FULL and self._tmp.is_dir():
                return  # it can be read, and pruned
            raise disk_error(error, self.directory) from error

    # Blobs

    def find(self, key: str) -> Blob | None:
        """The blob with this key, after hashing it now. None if it is missing, or was damaged."""
        blob = self.holds(key)
        if blob is None:
            return None
        self._lease(blob.sha256)
        self._touch(blob.path)  # before hashing: another process that prunes leaves it then
        try:
            with blob.path.open("rb", buffering=0) as file:
                state, size = sha256_of(file)
            if (state.hexdigest(), size) == (blob.sha256, blob.size):
                return blob
        except FileNotFoundError:
            return None
        except OSError as error:
            self.warn(
                "A file in the cache cannot be read and is fetched again: "
                f"{blob.path} ({error.strerror})"
            )
            return None
        self._drop_damaged(blob.path)
        return None

    def holds(self, key: str) -> Blob | None:
        """The blob with this key by its size, **not** hashed: quick enough for a list."""
        value = self._index.load(key)
        self._note("index", key, value)
        row = _row(value)
        sha256, size = row.get("sha256"), row.get("size")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            return None
        if not isinstance(size, int):
            return None
        path = self._path(sha256)
        expect_file(path, self.warn)
        try:
            if path.stat().st_size != size:
                self._drop_damaged(path)
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
        """Write chunks as they come, hash them, and keep them as ``key``.

        What ``chunks`` raises passes through, and nothing is kept.

        Raises:
            SourceError: the disk is full or not writable.
            IntegrityError: the sha256 is not ``expect_sha256``.
            OperationCancelledError: ``cancel`` was called.
        """
        state = hashlib.sha256()
        size = 0
        temporary = self._claim()
        try:
            with _opened(temporary) as file:
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
            return self.adopt(temporary, key, name, Blob(temporary, size, state.hexdigest()))
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def adopt(self, temporary: Path, key: str, name: str, content: Blob) -> Blob:
        """Rename a complete file of the same file system to a blob.

        ``content`` has its size and hash, which the caller has computed.

        Raises:
            SourceError: the disk is full or not writable.
        """
        path = self._path(content.sha256)
        self._lease(content.sha256)
        self._touch(temporary)  # before it has its name, so that it is not the oldest
        with self.hold(content.sha256):
            expect_folder(path.parent, self.warn)
            expect_file(path, self.warn)
            try:
                settle(temporary, path)
            except PermissionError as error:  # Windows, while the same blob is being read
                if not path.exists():
                    raise disk_error(error, path) from error
            except OSError as error:
                raise disk_error(error, path) from error
            self._touch(path)
            row = {"sha256": content.sha256, "size": content.size, "name": name}
            self._index.save(key, json.dumps(row).encode())
            self.prune()
        return Blob(path, content.size, content.sha256)

    @contextlib.contextmanager
    def hold(self, sha256: str) -> Iterator[None]:
        """While this lasts, this process does not prune the blob."""
        with self._guard:
            self._held[sha256] += 1
        try:
            yield
        finally:
            with self._guard:
                self._held[sha256] -= 1

    def keep(self, path: Path) -> bool:
        """Whether a file is still there. A blob is leased again, as if it had just been found."""
        if path == self._path(path.name):
            self._lease(path.name)
            self._touch(path)
        return path.is_file()

    def drop(self, key: str) -> None:
        """Forget a key and its blob."""
        blob = self.holds(key)
        self._index.delete(key)
        if blob is not None:
            with contextlib.suppress(OSError):
                blob.path.unlink()

    # Housekeeping

    def stats(self) -> CacheStats:
        """Counts and sizes in bytes, read from the disk now.

        Raises:
            SourceError: a database cannot be read.
        """
        blobs = [size for _, size, _ in self._pruner.blobs()]
        partials = [size for _, size, _ in self._pruner.partials()]
        return CacheStats(
            directory=self.directory,
            blobs=len(blobs),
            blob_bytes=sum(blobs),
            limit_bytes=self.limit_bytes,
            partials=len(partials),
            partial_bytes=sum(partials),
            pages=self._stores["page"].count(),
            records=self._stores["peek"].count() + self._stores["proof"].count(),
        )

    def entries(self) -> tuple[CacheEntry, ...]:
        """Every blob, most recently used first."""
        names: dict[str, list[str]] = {}
        for _, value in self._index.rows():
            row = _row(value)
            sha256, name = row.get("sha256"), row.get("name")
            if isinstance(name, str) and isinstance(sha256, str):
                names.setdefault(sha256, []).append(name)
        by_use = sorted(self._pruner.blobs(), key=lambda item: item[2], reverse=True)
        return tuple(
            CacheEntry(path.name, size, tuple(dict.fromkeys(names.get(path.name, ()))), used)
            for path, size, used in by_use
        )

    def prune(self, limit_bytes: int | None = None) -> int:
        """Remove the least recently used blobs and interrupted downloads until the rest fits.

        Blobs that a running process needs, and running downloads, stay. Returns the bytes freed.
        """
        limit = self.limit_bytes if limit_bytes is None else limit_bytes
        freed = self._pruner.prune(limit)
        if freed:
            with contextlib.suppress(SourceError):  # the keys of what is gone lead nowhere
                self._forget_pruned()
        return freed

    def clear(self) -> int:
        """Remove blobs, interrupted downloads, pages, peeks and proofs; return the bytes freed."""
        freed = self.prune(-1)
        for database in (self._index, *self._stores.values()):
            database.clear()
        self._pruner.remove_aside()
        with contextlib.suppress(OSError):
            (self.directory / FIRST_SCREEN).unlink(missing_ok=True)
        return freed

    def close(self) -> None:
        """Give back the leases, prune, and close the databases, which open again on use.

        A temporary cache is removed.
        """
        if self._leases.release() and not self.temporary:
            with contextlib.suppress(SourceError):
                self.prune()
        for database in (self._index, *self._stores.values()):
            database.close()
        if self.temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _is_held(self, sha256: str) -> bool:
        with self._guard:
            return self._held[sha256] > 0

    def _lease(self, sha256: str) -> None:
        if self._leases.seconds:
            with self._pruner.alone():  # so that no process is just about to remove it
                self._leases.add(sha256)

    def _forget_pruned(self) -> None:
        for key in self._index.keys():  # noqa: SIM118 - not a mapping
            if self.holds(key) is None:
                self._index.delete(key)

    def _drop_damaged(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()
        self.warn(f"A damaged file in the cache was dropped and is fetched again: {path}")

    def _path(self, sha256: str) -> Path:
        return self.directory / "blobs" / sha256[:2] / sha256

    def _touch(self, path: Path) -> None:
        """Set the access time by hand: most systems mount with relatime or noatime."""
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))

    def _make_temporary(self) -> Path:
        path = self._tmp / f"{os.getpid()}-{secrets.token_hex(8)}"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return path

    def _claim(self) -> Path:
        try:
            return self._make_temporary()
        except OSError as error:
            raise disk_error(error, self._tmp) from error


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb", buffering=0)
    except OSError as error:
        raise disk_error(error, path) from error


def _row(value: bytes | None) -> dict[str, object]:
    """A row of the index; empty if it is missing, or not one."""
    try:
        row = json.loads(value or b"{}")
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def open_cache(directory: Path, limit_bytes: int) -> Cache:
    """The cache in ``directory``, or a temporary one, whose ``warnings`` say why.

    Raises:
        SourceError: not even the system's temporary directory can be written.
    """
    try:
        return Cache(directory, limit_bytes, LEASE_S)
    except SourceError as error:
        cache = Cache.in_temporary_directory(limit_bytes)
        cache.warn(f"Using a temporary cache: {error}")
        return cache
