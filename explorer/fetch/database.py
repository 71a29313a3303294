"""A sqlite database in the cache: opened on first use, replaced if it is damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from explorer.errors import SourceError
from explorer.fetch.disk import Warn, expect_file, expect_folder, file_lock

T = TypeVar("T")

TIMEOUT_S = 10.0
"""How long a write waits for another process."""

_TROUBLE = {
    3: "no permission",
    5: "busy",
    6: "busy",
    8: "read-only",
    10: "input/output error",
    13: "disk full",
    14: "cannot be opened",
}
"""sqlite's primary result codes about the machine (sqlite.org/rescode.html).

Any other code is about the file."""

_DAMAGE = (sqlite3.Error, TypeError, ValueError, AttributeError, KeyError, AssertionError)
"""What reading a file raises that another program, or a bad disk, has written."""


class Database(ABC):
    """Text keys and byte values in one file. Every method may be called from any thread; blocking.

    Raises ``SourceError`` if the disk is full, not writable, or busy for ``TIMEOUT_S``. A damaged
    file is put aside with a warning, and an empty one takes its place.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        self.path = path
        self._warn = warn
        self._lock = threading.RLock()
        self._connection: Any = None
        self._inode = 0

    @abstractmethod
    def load(self, key: str) -> bytes | None:
        """The value, or None."""

    @abstractmethod
    def save(self, key: str, value: bytes) -> None:
        """Keep a value: all of it or nothing, also if the process is killed."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Forget a key; it may be missing."""

    @abstractmethod
    def keys(self) -> tuple[str, ...]:
        """Every key, oldest first."""

    table: ClassVar[str]
    """The name of the table that has the columns ``key`` and ``value``."""

    @abstractmethod
    def _count(self) -> int:
        """The number of values."""

    @abstractmethod
    def _clear(self) -> None:
        """Forget every value."""

    @abstractmethod
    def _connect(self) -> Any:
        """Open the file, which exists."""

    @property
    def exists(self) -> bool:
        """Whether a value was ever stored."""
        return self.path.exists()

    def count(self) -> int:
        """The number of values, also on a full disk."""
        if not self.exists:
            return 0
        try:
            return self._count()
        except SourceError:
            return int(self._read_only(f"SELECT COUNT(*) FROM {self.table}")[0][0])

    def rows(self) -> list[tuple[str, bytes]]:
        """Every key with its value, oldest first; also on a full disk."""
        try:
            pairs = [(key, self.load(key)) for key in self.keys()]
            return [(key, value) for key, value in pairs if value is not None]
        except SourceError:
            rows = self._read_only(f"SELECT key, value FROM {self.table}")
            return [(key, value) for key, value in rows if isinstance(value, bytes)]

    def clear(self) -> None:
        """Forget everything, also what was put aside. On a full disk, remove the file itself."""
        if self.exists:
            try:
                self._clear()
            except SourceError:
                self.close()
                with contextlib.suppress(OSError):
                    for part in self._parts():
                        part.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for path in self.path.parent.glob("damaged.db*"):
                path.unlink()

    def close(self) -> None:
        """Close the file; it opens again when it is used again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read_only(self, query: str) -> list[tuple[Any, ...]]:
        """Read without writing anything; misses what is only in sqlite's log yet.

        Any other connection needs room for a log and an index of it.
        """
        try:
            uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                return connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise self._trouble(str(error)) from error

    def _run(self, work: Callable[[Any], T]) -> T:
        for _ in range(3):
            connection: Any = None
            try:
                connection = self._open()
                return work(connection)
            except OSError as error:
                raise self._trouble(error.strerror or str(error)) from error
            except _DAMAGE as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if code in _TROUBLE:
                    raise self._trouble(_TROUBLE[code]) from error
                self._put_aside(connection, error)
        raise self._trouble("damaged, and so is the new one")

    def _trouble(self, reason: str) -> SourceError:
        return SourceError(
            "The cache cannot be used",
            f"{self.path.parent}: {reason}",
            "Free some space, or choose another place with --cache-dir",
        )

    def _parts(self) -> list[Path]:
        return [self.path.with_name(self.path.name + ending) for ending in ("", "-wal", "-shm")]

    def _open(self) -> Any:
        with self._lock:
            if self._connection is None:
                folder = self.path.parent
                expect_folder(folder, self._warn)
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for part in self._parts():
                    expect_file(part, self._warn)
                # sqlite gives its other files the mode of this one.
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                if self.path.stat().st_mode & 0o077:
                    self.path.chmod(0o600)
                self._inode = self._inode_now()
                self._connection = self._connect()
            return self._connection

    def _inode_now(self) -> int:
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return 0

    def _put_aside(self, used: Any, error: Exception) -> None:
        """Rename the damaged file, once, however many threads and processes have noticed."""
        lock = file_lock(self.path.with_name("lock"), self._warn)
        with self._lock:
            if used is not None and self._connection is not used:
                return  # another thread was quicker
            inode = self._inode
            self.close()
            try:
                with lock.acquire(timeout=5):
                    if self._inode_now() != inode:
                        return  # another process was quicker
                    for part in self._parts():
                        if part.exists():
                            ending = part.name.removeprefix(self.path.name)
                            part.replace(part.with_name(f"damaged.db{ending}"))
            except TimeoutError:
                raise self._trouble("busy") from None
            except OSError as problem:
                raise self._trouble(problem.strerror or str(problem)) from problem
            self._warn(f"A damaged cache file was put aside and replaced: {self.path} ({error})")


def storable(key: str) -> str:
    """The key as sqlite takes it: half of a surrogate pair, which JSON may hold, is not UTF-8."""
    return key.encode("utf-8", "backslashreplace").decode()
