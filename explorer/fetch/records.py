"""Records in sqlite: the proofs. Values are JSON that ``codec`` checks; nothing is unpickled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from explorer.fetch.database import TIMEOUT_S, Database, storable
from explorer.fetch.disk import Warn

T = TypeVar("T")

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS record"
    " (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)"
)
_PRUNE = (
    "DELETE FROM record WHERE id IN (SELECT id FROM (SELECT id,"
    " SUM(LENGTH(value)) OVER (ORDER BY id DESC) AS size FROM record) WHERE size > ?)"
)


class Records(Database):
    """One table; beyond ``limit_bytes`` of values, those stored first are removed."""

    table = "record"

    def __init__(self, folder: Path, limit_bytes: int, warn: Warn) -> None:
        super().__init__(folder / "records.db", warn)
        self._limit = limit_bytes

    def load(self, key: str) -> bytes | None:
        if not self.exists:
            return None
        row = self._locked(
            lambda db: db.execute(
                "SELECT value FROM record WHERE key = ?", (storable(key),)
            ).fetchone()
        )
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def save(self, key: str, value: bytes) -> None:
        def work(db: sqlite3.Connection) -> None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.execute(
                    "INSERT OR REPLACE INTO record (key, value) VALUES (?, ?)",
                    (storable(key), value),
                )
                db.execute(_PRUNE, (self._limit,))

        self._locked(work)

    def delete(self, key: str) -> None:
        if self.exists:
            self._locked(
                lambda db: db.execute("DELETE FROM record WHERE key = ?", (storable(key),))
            )

    def keys(self) -> tuple[str, ...]:
        if not self.exists:
            return ()
        rows = self._locked(lambda db: db.execute("SELECT key FROM record ORDER BY id").fetchall())
        return tuple(key for (key,) in rows if isinstance(key, str))

    def _count(self) -> int:
        rows = self._locked(lambda db: db.execute("SELECT COUNT(*) FROM record").fetchone())
        return int(rows[0])

    def _clear(self) -> None:
        self._locked(lambda db: db.execute("DELETE FROM record"))

    def _locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` alone: all threads share one connection."""
        with self._lock:
            return self._run(work)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, timeout=TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(_SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db
