"""Small values in diskcache: the index of blobs, pages, peeks, proofs. No pickle is ever read, whatever lies in the file.

Values lie in the sqlite file itself (``disk_min_file_size`` is out of reach), so that a write is one transaction: a kill
leaves the old value or the new one, and no row can name a file elsewhere.
"""

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import diskcache

from explorer.errors import SourceError
from explorer.fetch.locks import FileLock

T = TypeVar("T")

MODE_JSON = 5
"""Beside diskcache's own modes 0 (none) to 4 (pickle)."""

_TROUBLE = {
    3: "no permission",
    5: "busy",
    6: "busy",
    8: "read-only",
    10: "input/output error",
    13: "disk full",
    14: "cannot be opened",
}
"""sqlite's primary result codes that speak of the machine; every other one speaks of a damaged file (sqlite.org/rescode.html)."""

_DAMAGE = (sqlite3.Error, TypeError, ValueError, AttributeError, KeyError, AssertionError)
"""What diskcache raises over a file that somebody else, or a bad disk, has written."""


class Refused(ValueError):  # noqa: N818 - it never leaves this package
    """A row that this program did not write."""


class PlainDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Stores bytes, str, int and float as they are and anything else as JSON. Pickle and outside files are refused."""

    def put(self, key: object) -> tuple[Any, bool]:
        if isinstance(key, (bytes, str, int, float)) and not isinstance(key, bool):
            return (sqlite3.Binary(key) if isinstance(key, bytes) else key), True
        return json.dumps(key), False

    def get(self, key: Any, raw: Any) -> Any:
        if raw:
            return key
        if not isinstance(key, str):
            return None  # a pickled key: not ours; None is no key that anybody asks for
        with contextlib.suppress(ValueError):
            return json.loads(key)
        return None

    def store(
        self, value: object, read: bool, key: object = diskcache.UNKNOWN
    ) -> tuple[int, int, None, Any]:
        if read:
            raise Refused("no file-like values")
        if isinstance(value, bytes):
            return 0, diskcache.core.MODE_RAW, None, sqlite3.Binary(value)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return 0, diskcache.core.MODE_RAW, None, value
        return 0, MODE_JSON, None, json.dumps(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if filename is not None or read:
            raise Refused("a value outside the database")
        if mode == diskcache.core.MODE_RAW:
            return value
        if mode == MODE_JSON and isinstance(value, str):
            return json.loads(value)
        raise Refused(f"a value of mode {mode}")

    def remove(self, file_path: str) -> None:
        """Nothing to remove: values have no files, and a row that names one is not ours."""


def _storable(key: str) -> str:
    """The key as sqlite takes it: half of a surrogate pair, which a name in JSON may hold, is no UTF-8."""
    return key.encode("utf-8", "backslashreplace").decode()


class Table:
    """One diskcache directory, opened on first use. A damaged one is put aside and started anew, with a warning."""

    def __init__(self, directory: Path, limit_bytes: int, warn: Callable[[str], None]) -> None:
        self.directory = directory
        self._limit = limit_bytes
        self._warn = warn
        self._lock = threading.RLock()
        self._db: Any = None
        self._inode = 0

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored here."""
        return (self.directory / "cache.db").exists()

    def load(self, key: str) -> Any:
        """The value, or None where there is none that this program wrote."""

        def work(db: Any) -> Any:
            try:
                return db.get(_storable(key))
            except Refused:
                db.delete(_storable(key))
                return None

        return self._run(work) if self.exists else None

    def save(self, key: str, value: object) -> None:
        """Raises:
        SourceError: the disk is full, not writable, or busy for ten seconds.
        """
        self._run(lambda db: db.set(_storable(key), value))

    def delete(self, key: str) -> None:
        """Harmless where there is none."""
        if self.exists:
            self._run(lambda db: db.delete(_storable(key)))

    def keys(self) -> tuple[str, ...]:
        """Every key, oldest first."""
        return (
            self._run(lambda db: tuple(key for key in db if isinstance(key, str)))
            if self.exists
            else ()
        )

    def count(self) -> int:
        """How many values."""
        return self._run(len) if self.exists else 0

    def clear(self) -> None:
        """Forget everything, what was put aside as well."""
        if self.exists:
            self._run(lambda db: db.clear())
        with contextlib.suppress(OSError):
            for path in self.directory.glob("damaged.db*"):
                path.unlink()

    def close(self) -> None:
        """Give the database back; it opens again when it is used again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _run(self, work: Callable[[Any], T]) -> T:
        for _ in range(3):
            db: Any = None
            try:
                db = self._open()
                return work(db)
            except diskcache.Timeout:
                raise self._trouble("busy for ten seconds") from None
            except OSError as error:
                raise self._trouble(error.strerror or str(error)) from error
            except _DAMAGE as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if code in _TROUBLE:
                    raise self._trouble(_TROUBLE[code]) from error
                self._put_aside(db, error)
        raise self._trouble("damaged, and so is the new one")

    def _trouble(self, why: str) -> SourceError:
        return SourceError(
            "The cache cannot be used",
            f"{self.directory}: {why}",
            "Free some room, or choose another place with --cache-dir",
        )

    def _open(self) -> Any:
        with self._lock:
            if self._db is None:
                path = str(self.directory)
                if os.path.expandvars(path) != path:  # diskcache would go elsewhere
                    raise self._trouble("its name holds a variable")
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._inode = self._inode_now()
                self._db = diskcache.Cache(
                    path,
                    timeout=10,
                    disk=PlainDisk,
                    size_limit=self._limit,
                    eviction_policy="least-recently-stored",
                    statistics=0,
                    tag_index=0,
                    sqlite_mmap_size=0,  # a mapped file that is cut while it is read would kill the program with SIGBUS
                    disk_min_file_size=1 << 40,
                    disk_pickle_protocol=0,
                )
                self._inode = self._inode_now()
            return self._db

    def _inode_now(self) -> int:
        try:
            return (self.directory / "cache.db").stat().st_ino
        except FileNotFoundError:
            return 0

    def _put_aside(self, seen: Any, error: Exception) -> None:
        """Rename the damaged file, once, however many processes have noticed."""
        lock = FileLock(self.directory / "lock")
        with self._lock:
            if seen is not None and self._db is not seen:
                return  # another thread was quicker
            inode = self._inode
            self.close()
            if not lock.acquire(5):
                raise self._trouble("busy")
            try:
                path = self.directory / "cache.db"
                if self._inode_now() != inode:
                    return  # another process was quicker
                for ending in ("", "-wal", "-shm"):
                    part = path.with_name(path.name + ending)
                    if part.exists():
                        part.replace(path.with_name(f"damaged.db{ending}"))
                self._warn(f"A damaged cache file was put aside and started anew: {path} ({error})")
            except OSError as problem:
                raise self._trouble(problem.strerror or str(problem)) from problem
            finally:
                lock.release()


class Store:
    """Small byte values of one kind (``page``, ``peek``, ``proof``), bounded on their own. Safe from any thread."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, key: str) -> bytes | None:
        """The bytes, or None."""
        value = self._table.load(key)
        return value if isinstance(value, bytes) else None

    def save(self, key: str, data: bytes) -> None:
        """Keep them: all or nothing, also under ``kill -9``.

        Raises:
            SourceError: the disk is full, not writable, or busy.
        """
        self._table.save(key, data)

    def delete(self, key: str) -> None:
        """Harmless where there is none."""
        self._table.delete(key)

    def keys(self) -> tuple[str, ...]:
        """Every key, oldest first."""
        return self._table.keys()
