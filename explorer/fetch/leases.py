"""Blobs that a process has handed out: others do not remove them meanwhile.

Each process has two files in ``leases/``: ``NAME.lock``, locked as long as it lives, and
``NAME.held``, one line per blob: its sha256, and until when (seconds since the epoch).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.fetch.disk import Warn, expect_file, expect_folder, file_lock

if TYPE_CHECKING:
    import filelock

_LINE = re.compile(r"^([0-9a-f]{64}) (\d{1,12})$", re.ASCII | re.MULTILINE)


class Leases:
    """The leases of this process, and those of others. Every method may be called by any thread."""

    def __init__(self, folder: Path, seconds: float, warn: Warn) -> None:
        """``seconds``: how long a blob stays after it was handed out last; 0 for no leases."""
        self._folder = folder
        self.seconds = seconds
        self._warn = warn
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._until: dict[str, float] = {}
        self._guard = threading.Lock()
        self._lock: filelock.BaseFileLock | None = None

    def add(self, sha256: str) -> None:
        """Keep a blob from now on. A disk that cannot be written costs others' respect only."""
        with self._guard:
            self._until[sha256] = until = time.time() + self.seconds
            with contextlib.suppress(OSError):
                if self._lock is None:
                    expect_folder(self._folder, self._warn)
                    self._folder.mkdir(mode=0o700, exist_ok=True)
                    lock = file_lock(self._folder / f"{self._name}.lock", self._warn)
                    lock.acquire(blocking=False)
                    self._lock = lock
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
                handle = os.open(self._folder / f"{self._name}.held", flags, 0o600)
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(f"{sha256} {until:.0f}\n")

    def active(self) -> set[str]:
        """The sha256 of every blob that a living process still has."""
        with self._guard:
            held = _alive(self._until.items())
        for path in self._folder.glob("*.held"):
            if path.stem != self._name:
                with contextlib.suppress(OSError):
                    held |= self._of_another(path)
        return held

    def release(self) -> bool:
        """Give back everything that this process has; return whether it had anything."""
        with self._guard:
            had = bool(self._until)
            self._until.clear()
            if self._lock is not None:
                self._remove(self._folder / f"{self._name}.held")
                self._lock.release()
                self._lock = None
        return had

    def _of_another(self, path: Path) -> set[str]:
        lock = file_lock(path.with_suffix(".lock"), self._warn)
        try:
            lock.acquire(blocking=False)
        except TimeoutError:  # its owner lives
            expect_file(path, self._warn)
            matches = _LINE.findall(path.read_text(encoding="ascii", errors="replace"))
            return _alive((sha256, float(until)) for sha256, until in matches)
        self._remove(path)
        lock.release()
        return set()

    @staticmethod
    def _remove(held: Path) -> None:
        for path in (held, held.with_suffix(".lock")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _alive(leases: Iterable[tuple[str, float]]) -> set[str]:
    now = time.time()
    return {sha256 for sha256, until in leases if until > now}
