"""What was read from the cache, so that another process can tell whether it would read the same.

The comparison needs neither diskcache nor the ``Cache``: it reads the databases as they are, writes
nothing, and waits for nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

FIRST_SCREEN = "first-screen.json"
"""Name of the file beside the databases."""
MISSING_ROW = ""
"""Stands for the digest of what was not there."""
_CHANGED = "read twice with different values"
_AT_ONCE = 500
"""Keys in one query; older versions of sqlite take 999."""
_WAIT_S = 0.05
_BYTES = "CAST(value AS BLOB)"
_QUERIES = {
    "index": ("cache.db", f"SELECT key, {_BYTES} FROM Cache WHERE raw = 1 AND key IN"),
    "page": ("cache.db", f"SELECT key, {_BYTES} FROM Cache WHERE raw = 1 AND key IN"),
    "peek": ("cache.db", f"SELECT key, {_BYTES} FROM Cache WHERE raw = 1 AND key IN"),
    "proof": ("records.db", f"SELECT key, {_BYTES} FROM record WHERE key IN"),
}
"""For each folder of the cache: its database, and how to ask for values by their keys."""


class ReadNotes:
    """The digest of each value that was read, by folder and key."""

    def __init__(self) -> None:
        self.digests: dict[str, dict[str, str]] = {}

    def add(self, kind: str, key: str, value: bytes | None) -> None:
        """Note a value. One that has changed between two reads is never found unchanged."""
        digest = _digest(value)
        before = self.digests.setdefault(kind, {}).setdefault(key, digest)
        if before != digest:
            self.digests[kind][key] = _CHANGED


def reads_the_same(directory: Path, digests: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether the cache in ``directory`` still holds exactly what was noted. Blocking, a few ms.

    Raises:
        OSError, ValueError, KeyError, sqlite3.Error: a database cannot be read now, or the notes
            are not notes.
    """
    for kind, noted in digests.items():
        name, query = _QUERIES[kind]
        path = directory / kind / name
        there = dict(_stored(path, query, list(noted))) if path.exists() else {}
        if any(there.get(key, MISSING_ROW) != digest for key, digest in noted.items()):
            return False
    return True


def _stored(path: Path, query: str, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    import sqlite3

    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as connection:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for key, value in connection.execute(f"{query} ({marks})", some):
                yield key, _digest(value)


def _digest(value: bytes | None) -> str:
    return MISSING_ROW if value is None else hashlib.sha256(value).hexdigest()
