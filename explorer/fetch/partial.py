"""A download that is not finished: the bytes so far, what they are of, and who may go on with it."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from explorer.errors import SourceError
from explorer.fetch.disk import disk_error, sha256_of, write_all
from explorer.fetch.locks import FileLock
from explorer.fetch.wire import Validators
from explorer.progress import Cancellation

SPARE = 1 << 20
"""Bytes left free on the disk for the databases beside the file."""


class Partial:
    """One file in ``partials/``, named by its key's hash. Everything here blocks; call it in a thread."""

    def __init__(self, directory: Path, key: str) -> None:
        self._key = key
        self.path = directory / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.part"
        self._lock = FileLock(self.path.with_suffix(".lock"))
        self._file: BinaryIO | None = None
        self._state = hashlib.sha256()
        self.have = 0
        """Bytes here, all of them hashed."""
        self.validators = Validators()
        """Of the answer that the bytes came from."""
        self.total: int | None = None
        """The whole size that this answer promised."""

    def try_lock(self) -> bool:
        """Whether this process may write it now.

        Raises:
            SourceError: the directory is not writable.
        """
        try:
            held = self._lock.try_acquire()
        except OSError as error:
            raise disk_error(error, self.path.parent) from error
        if (
            held and self._lock.unsupported
        ):  # no locks on this file system: nobody else has this name
            self.path = self.path.with_name(f"{self.path.stem}-{secrets.token_hex(4)}.part")
        return held

    def size_now(self) -> int:
        """Bytes on the disk, also while another process writes them."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def open(self, cancel: Cancellation) -> None:
        """Open it and hash what an earlier attempt left, unless it is of something else.

        Raises:
            SourceError: the directory is not writable.
            CancelledError: while hashing.
        """
        self.have, self._state, self.total = 0, hashlib.sha256(), None
        try:
            descriptor = os.open(
                self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600
            )
            self._file = os.fdopen(descriptor, "r+b", buffering=0)
            if self._read_note():
                self._state, self.have = sha256_of(self._file, cancel)
        except OSError as error:
            raise disk_error(error, self.path) from error

    def begin(self, validators: Validators, total: int | None) -> None:
        """Start anew: nothing of what was here counts any more.

        Raises:
            SourceError: the disk is full or not writable.
        """
        file = self._opened()
        self.have, self._state = 0, hashlib.sha256()
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
                file.truncate(
                    0
                )  # before the note: no kill in between leaves old bytes under a new note
            temporary = self.path.with_suffix(f".{secrets.token_hex(4)}.json")
            try:
                temporary.write_text(json.dumps(note), encoding="utf-8")
                temporary.replace(self.path.with_suffix(".json"))
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self.path) from error

    def check_room(self, total: int | None) -> None:
        """Raises:
        SourceError: the disk cannot hold the rest; said before a minute of downloading, not after.
        """
        if total is None:
            return
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self.path.parent).free
            if free < total - self.have + SPARE:
                raise SourceError(
                    "No room left on the disk",
                    f"{self.path.parent} has {free:,} bytes free, the file needs {total - self.have:,} more",
                    "Free some room, prune the cache, or choose another place with --cache-dir",
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
        self._state.update(data)
        self.have += len(data)

    def digest(self) -> str:
        """The sha256 of the bytes so far, 64 lower-case hex digits."""
        return self._state.hexdigest()

    def close(self) -> None:
        """Leave the bytes for a later attempt. Harmless when repeated."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock.unsupported:
            self.discard()

    def discard(self) -> None:
        """Keep nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for path in (self.path, self.path.with_suffix(".json")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def unlock(self) -> None:
        """Let others go on with it."""
        self._lock.release()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise SourceError("The download was closed", str(self.path), "Try again")
        return self._file

    def _read_note(self) -> bool:
        """What the bytes are of; False where that is not known or is something else."""
        try:
            note = json.loads(self.path.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if not isinstance(note, dict) or note.get("key") != self._key:
            return False
        etag, modified, total = note.get("etag"), note.get("modified"), note.get("total")
        if (
            not isinstance(etag, str)
            or not isinstance(modified, str)
            or not (total is None or isinstance(total, int))
        ):
            return False
        self.validators, self.total = Validators(etag, modified), total
        return True
