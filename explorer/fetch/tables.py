"""Pages, peeks and the index of downloads in diskcache. Nothing is ever unpickled.

diskcache 5.6.3 unpickles what it reads from its folder (CVE-2025-69872, without a fix). ``RawDisk``
replaces both methods that do, so a row with a pickle counts as missing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from explorer.fetch.database import TIMEOUT_S, Database, storable
from explorer.fetch.disk import Warn
from explorer.lazy import imported_on_use

with imported_on_use("pickletools"):  # for pickles, and nothing is pickled here
    import diskcache

T = TypeVar("T")

_MODE_RAW = 1
"""diskcache's mode of values that sqlite holds as they are."""
_MODE_JSON = 5
"""Text that earlier versions of this program stored; diskcache's own modes end at 4 (pickle)."""


class RefusedRowError(Exception):
    """A row that this program did not write. Never leaves this module."""


class RawDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Text keys and byte values inside the database; refuses pickles and files outside it."""

    def get(self, key: Any, raw: Any) -> Any:
        return key if raw and isinstance(key, str) else None

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode not in (_MODE_RAW, _MODE_JSON) or filename is not None or read:
            raise RefusedRowError
        return value

    def remove(self, file_path: str) -> None:
        """Remove nothing: values have no files, and a row that names one is not ours."""


class CacheTable(Database):
    """One diskcache folder; beyond ``limit_bytes``, values stored first are removed.

    diskcache opens a connection in each thread that uses it, and can close none but its own
    thread's: the others stay open, two files each. So two threads do all the work: one reads,
    and one writes, which waits where another process writes.
    """

    table = "Cache"

    def __init__(self, folder: Path, limit_bytes: int, warn: Warn) -> None:
        super().__init__(folder / "cache.db", warn)
        self._limit = limit_bytes
        self._starting = threading.Lock()
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._worker_ids: set[int] = set()

    def close(self) -> None:
        if threading.get_ident() not in self._worker_ids:
            with self._starting:
                workers, self._workers = self._workers, {}
            for worker in workers.values():
                worker.submit(self._close_here).result()
                worker.shutdown()
        super().close()

    def _close_here(self) -> None:
        """Close this thread's connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
        self._worker_ids.discard(threading.get_ident())

    def _run(self, work: Callable[[Any], T]) -> T:
        return self._run_in("write", work)

    def _read(self, work: Callable[[Any], T]) -> T:
        return self._run_in("read", work)

    def _run_in(self, name: str, work: Callable[[Any], T]) -> T:
        with self._starting:
            worker = self._workers.get(name)
            if worker is None:
                worker = ThreadPoolExecutor(1, f"cache-{name}", self._know_worker)
                self._workers[name] = worker
            done = worker.submit(super()._run, work)
        return done.result()

    def _know_worker(self) -> None:
        self._worker_ids.add(threading.get_ident())

    def load(self, key: str) -> bytes | None:
        if not self.exists:
            return None

        def work(db: Any) -> Any:
            try:
                return db.get(storable(key))
            except RefusedRowError:
                return RefusedRowError

        value = self._read(work)
        if value is RefusedRowError:
            self.delete(key)
        if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass")
        return value if isinstance(value, bytes) else None

    def save(self, key: str, value: bytes) -> None:
        self._run(lambda db: db.set(storable(key), value))

    def delete(self, key: str) -> None:
        if self.exists:
            self._run(lambda db: db.delete(storable(key)))

    def keys(self) -> tuple[str, ...]:
        if not self.exists:
            return ()
        return self._read(lambda db: tuple(key for key in db if isinstance(key, str)))

    def _count(self) -> int:
        return self._read(len)

    def _clear(self) -> None:
        self._run(lambda db: db.clear())

    def _connect(self) -> Any:
        folder = str(self.path.parent)
        if os.path.expandvars(folder) != folder:  # diskcache would use another folder
            raise self._trouble("its name holds a variable")
        try:
            return diskcache.Cache(
                folder,
                timeout=TIMEOUT_S,
                disk=RawDisk,
                size_limit=self._limit,
                eviction_policy="least-recently-stored",
                statistics=0,
                tag_index=0,
                sqlite_mmap_size=0,  # SIGBUS if a mapped file is cut while it is read
                disk_min_file_size=1 << 40,  # every value inside the database: one transaction
                disk_pickle_protocol=0,
            )
        except diskcache.Timeout:
            raise self._trouble("busy") from None
