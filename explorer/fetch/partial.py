"""An unfinished download: the bytes so far, what they are of, and which process may continue it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from explorer.errors import SourceError
from explorer.fetch.arriving import ArrivingFile
from explorer.fetch.disk import Warn, disk_error, expect_file, file_lock, sha256_of, write_all
from explorer.fetch.wire import Validators
from explorer.progress import Cancellation

SPARE = 1 << 20
"""Bytes left free on the disk for the databases beside the file."""

_NO_LOCKS = {
    getattr(errno, name)
    for name in ("ENOLCK", "ENOTSUP", "EOPNOTSUPP", "EINVAL")
    if hasattr(errno, name)
}
"""What file systems without locks answer (some network ones)."""


class Partial:
    """One file in ``partials/``, named after its key's hash. Blocking: call it in a thread."""

    def __init__(self, directory: Path, key: str, warn: Warn) -> None:
        self._key = key
        self._warn = warn
        self.path = directory / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.part"
        self._lock = file_lock(self.path.with_suffix(".lock"), warn)
        self._private = False
        self._file: BinaryIO | None = None
        self._state = hashlib.sha256()
        self.have = 0
        """Bytes here, all of them hashed."""
        self.validators = Validators()
        """Of the answer that the bytes came from."""
        self.total: int | None = None
        """The whole size that this answer promised."""
        self.reader: ArrivingFile | None = None
        """Follows what is on the disk."""

    def try_lock(self) -> bool:
        """Whether this process may write it now.

        Raises:
            SourceError: the directory is not writable.
        """
        try:
            self._lock.acquire(blocking=False)
        except TimeoutError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise disk_error(error, self.path.parent) from error
            # Without locks, no other process may use this name: it is removed when closed.
            self._private = True
            self.path = self.path.with_name(f"{self.path.stem}-{secrets.token_hex(4)}.part")
        return True

    def size_now(self) -> int:
        """Bytes on the disk, also while another process writes them."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def open(self, cancel: Cancellation) -> None:
        """Open the file, and hash what an earlier attempt left of the same asset.

        Raises:
            SourceError: the directory is not writable.
            OperationCancelledError: ``cancel`` was called while hashing.
        """
        self.have, self._state, self.total = 0, hashlib.sha256(), None
        for path in (self.path, self.path.with_suffix(".json")):
            expect_file(path, self._warn)
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = os.fdopen(os.open(self.path, flags, 0o600), "r+b", buffering=0)
            if self._read_note():
                self._state, self.have = sha256_of(self._file, cancel)
        except OSError as error:
            raise disk_error(error, self.path) from error
        self._announce()

    def begin(self, validators: Validators, total: int | None) -> None:
        """Start over: what was here no longer counts.

        Raises:
            SourceError: the disk is full or not writable.
        """
        file = self._opened()
        self.have, self._state = 0, hashlib.sha256()
        self._announce()
        self.validators, self.total = validators, total
        note = {
            "key": self._key,
            "etag": validators.etag,
            "modified": validators.modified,
            "total": total,
        }
        try:
            file.seek(0)
            if self.size_now():
                file.truncate(0)  # before the note, so that a kill leaves no old bytes under it
            temporary = self.path.with_suffix(f".{secrets.token_hex(4)}.json")
            try:
                temporary.write_text(json.dumps(note), encoding="utf-8")
                temporary.replace(self.path.with_suffix(".json"))
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self.path) from error

    def check_room(self, total: int | None) -> None:
        """Check early that the disk can hold the rest of ``total`` bytes.

        Raises:
            SourceError: it cannot.
        """
        if total is None:
            return
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self.path.parent).free
            needed = total - self.have
            if free < needed + SPARE:
                raise SourceError(
                    "No room left on the disk",
                    f"{self.path.parent} has {free:,} bytes free, the file needs {needed:,} more",
                    "Free some space, prune the cache, or choose another place with --cache-dir",
                )

    def write(self, data: bytes | bytearray) -> None:
        """Append and hash.

        Raises:
            SourceError: the disk is full or not writable.
        """
        try:
            write_all(self._opened(), data)
        except OSError as error:
            raise disk_error(error, self.path) from error
        self.have += len(data)
        self._announce()
        self._state.update(data)

    def digest(self) -> str:
        """The sha256 of the bytes so far, 64 lower-case hex digits."""
        return self._state.hexdigest()

    def finish(self) -> None:
        """Close the file, which is complete, so that it can be renamed."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Leave the bytes for a later attempt. May be called again."""
        self.finish()
        if self._private:
            self.discard()

    def discard(self) -> None:
        """Keep nothing."""
        self.finish()
        for path in (self.path, self.path.with_suffix(".json")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def unlock(self) -> None:
        """Let other processes continue the download."""
        self._lock.release()

    def _announce(self) -> None:
        if self.reader is not None:
            self.reader.advance(self.path, self.have)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise SourceError("The download was closed", str(self.path), "Try again")
        return self._file

    def _read_note(self) -> bool:
        """Read what the bytes are of; False if that is unknown, or another file."""
        try:
            note = json.loads(self.path.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if not isinstance(note, dict) or note.get("key") != self._key:
            return False
        etag, modified, total = note.get("etag"), note.get("modified"), note.get("total")
        if not isinstance(etag, str) or not isinstance(modified, str):
            return False
        if not (total is None or isinstance(total, int)):
            return False
        self.validators, self.total = Validators(etag, modified), total
        return True
