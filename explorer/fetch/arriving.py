"""The bytes of a download while they arrive, for a reader that does not wait for the last one."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from explorer.errors import SourceError
from explorer.facts import Unknown

_WAIT_S = 0.5


class NotArrivingError(SourceError):
    """The download has failed or started over: what was read of it counts no more."""


class ArrivingFile:
    """A file that another thread is still writing. Implements ``ByteSource``.

    A read waits until its bytes are on the disk. They are not verified before ``wait`` returns:
    what is made of them earlier must be kept back until then.
    """

    def __init__(self, size: int | Unknown, begin: Callable[[], object] = lambda: None) -> None:
        """``begin`` is called once, by the writer's thread, when the first bytes are here."""
        self._size = size
        self._begin = begin
        self._changed = threading.Condition()
        self._have = 0
        self._path: Path | None = None
        self._handle = -1
        self._verified = self._broken = False

    @property
    def size(self) -> int | Unknown:
        return self._size

    @property
    def is_verified(self) -> bool:
        """Whether all bytes are here, and are the published ones."""
        return self._verified

    # ------------------------------------------------------------------ the writer

    def advance(self, path: Path, have: int) -> None:
        """``have`` bytes are on the disk. Fewer than before: the download has started over."""
        with self._changed:
            self._broken = self._broken or have < self._have or self._path not in (None, path)
            is_first = have > 0 and not self._have
            self._have, self._path = have, path
            self._changed.notify_all()
        if is_first:
            self._begin()

    def finish(self) -> None:
        """The download is complete and verified; its file may have been renamed since."""
        with self._changed:
            self._verified = self._have > 0 and not self._broken
            self._broken = not self._verified
            self._changed.notify_all()

    def fail(self) -> None:
        """No more bytes will come. Does nothing after ``finish``."""
        with self._changed:
            self._broken = self._broken or not self._verified
            self._changed.notify_all()

    # ------------------------------------------------------------------ the reader

    def read_at(self, offset: int, length: int) -> bytes:
        """See ``ByteSource``.

        Raises:
            NotArrivingError: the download has failed or started over.
        """
        end = offset + max(0, length)
        if isinstance(self._size, int):
            end = min(end, self._size)
        self._wait_for(end)
        return self._pread(offset, end - offset)

    def read_some(self, offset: int, limit: int) -> bytes:
        """See ``ByteSource``. Raises as ``read_at``."""
        if limit <= 0 or (isinstance(self._size, int) and offset >= self._size):
            return b""
        self._wait_for(offset + 1)
        return self._pread(offset, max(0, min(limit, self._have - offset)))

    def wait(self) -> None:
        """Wait until the whole file is verified.

        Raises:
            NotArrivingError: it is not: the download has failed or started over.
        """
        with self._changed:
            while not self._verified:
                self._check()
                self._changed.wait(_WAIT_S)

    def close(self) -> None:
        """Close the file. May be called again."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> ArrivingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_for(self, end: int) -> None:
        with self._changed:
            while self._have < end and not self._verified:
                self._check()
                self._changed.wait(_WAIT_S)
            self._check()
            if self._handle < 0 and self._path is not None:
                with contextlib.suppress(FileNotFoundError):
                    self._handle = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            if self._handle < 0:
                raise NotArrivingError("The download is no longer where it was")

    def _check(self) -> None:
        if self._broken:
            raise NotArrivingError("The download has started over")

    def _pread(self, offset: int, length: int) -> bytes:
        parts: list[bytes] = []
        while length > 0 and (part := os.pread(self._handle, length, offset)):
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
