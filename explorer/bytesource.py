"""Random access to bytes that are complete, or still arriving. Every parser reads through this."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from explorer.errors import NotFoundError, SourceError
from explorer.facts import NEEDS_FILE, Unknown

_PART = 1 << 20


class OutOfReachError(Exception):
    """Bytes exist, as far as is known, but cannot be read here: beyond a peek's limit, for example.

    Not an ``ExplorerError``: a parser turns it into ``Unknown(why, needs)``, and no user sees it.
    """

    def __init__(self, needs: int, why: str = NEEDS_FILE) -> None:
        super().__init__(f"{why} (up to byte {needs})")
        self.needs = needs
        """Offset in bytes up to which the file has to be here."""
        self.why = why


class ByteSource(Protocol):
    """Random access to one file's bytes. Use it from one thread at a time."""

    @property
    def size(self) -> int | Unknown:
        """Bytes of the whole file, even if not all can be read; Unknown if nothing says it."""

    def read_at(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``; fewer only at the end of the file, none beyond it.

        Raises:
            OutOfReachError: the bytes are not here and cannot be fetched.
            SourceError: reading failed.
        """

    def read_some(self, offset: int, limit: int) -> bytes:
        """Between 1 and ``limit`` bytes from ``offset``: those that are here, if there are any.

        Empty only at the end of the file. Streaming readers use it so that they do not request
        more of a remote source than has already arrived. Raises as ``read_at`` does.
        """


class BytesSource:
    """A whole file in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length] if length > 0 else b""

    def read_some(self, offset: int, limit: int) -> bytes:
        return self.read_at(offset, limit)


class PrefixSource:
    """The first bytes of a file whose rest is not here. ``size`` is what the whole file claims."""

    def __init__(self, data: bytes, size: int | Unknown, why: str = NEEDS_FILE) -> None:
        self._data = data
        self._size = size
        self._why = why

    @property
    def size(self) -> int | Unknown:
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        end = offset + max(0, length)
        if isinstance(self._size, int):
            end = min(end, self._size)
        if offset >= end:
            return b""
        if end > len(self._data):
            raise OutOfReachError(end, self._why)
        return self._data[offset:end]

    def read_some(self, offset: int, limit: int) -> bytes:
        here = self._data[offset : offset + limit]
        return here if here else self.read_at(offset, min(limit, 1))


class FileSource:
    """A file on disk, opened at once and read on demand.

    It is never mapped: a file that shrinks while it is read gives an error, not SIGBUS.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            NotFoundError: there is no such file.
            SourceError: it is a directory, or cannot be read.
        """
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb", buffering=0)
            self._size = os.fstat(self._file.fileno()).st_size
        except FileNotFoundError:
            raise NotFoundError(f"No such file: {path}", remedy="Check the path") from None
        except OSError as error:
            raise SourceError(
                f"Cannot read {path}", error.strerror or str(error), "Check its permissions"
            ) from error
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        if length <= 0 or offset >= self._size:
            return b""
        length = min(length, self._size - offset)
        parts: list[bytes] = []
        try:
            with self._lock:
                self._file.seek(offset)
                while length > 0 and (part := self._file.read(length)):
                    parts.append(part)
                    length -= len(part)
        except (OSError, ValueError) as error:
            raise SourceError(f"Cannot read {self.path}", str(error), "Check the disk") from error
        return b"".join(parts)

    def read_some(self, offset: int, limit: int) -> bytes:
        return self.read_at(offset, limit)

    def close(self) -> None:
        """Close the file. Reading afterwards raises ``SourceError``."""
        self._file.close()

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class WindowSource:
    """A stretch of another source, as a file of its own."""

    def __init__(self, source: ByteSource, offset: int, size: int) -> None:
        self._source = source
        self._offset = offset
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        length = min(length, self._size - offset)
        return self._source.read_at(self._offset + offset, length) if length > 0 else b""

    def read_some(self, offset: int, limit: int) -> bytes:
        limit = min(limit, self._size - offset)
        return self._source.read_some(self._offset + offset, limit) if limit > 0 else b""


class StreamSource:
    """Random access to a stream, e.g. an archive's member: keeps what has been read.

    Reads no more of the stream than is requested.
    """

    def __init__(
        self, read: Callable[[int], bytes], size: int | Unknown, limit: int = 8 << 20
    ) -> None:
        """``read(n)`` returns 1 to n bytes, or none at the end; it may raise ``OutOfReachError``.

        ``limit`` bounds the memory, in bytes.
        """
        self._read = read
        self._size = size
        self._limit = limit
        self._data = bytearray()
        self._ended = False

    @property
    def size(self) -> int | Unknown:
        return len(self._data) if self._ended and isinstance(self._size, Unknown) else self._size

    def read_at(self, offset: int, length: int) -> bytes:
        end = offset + max(0, length)
        if isinstance(self._size, int):
            end = min(end, self._size)
        self._pull(end)
        return bytes(self._data[offset:end])

    def read_some(self, offset: int, limit: int) -> bytes:
        if offset >= len(self._data):
            return self.read_at(offset, min(1, limit))
        return bytes(self._data[offset : offset + limit])

    def _pull(self, end: int) -> None:
        if end > self._limit:
            raise OutOfReachError(end, "lies deeper in the archive than a peek looks")
        while len(self._data) < end and not self._ended:
            try:
                part = self._read(min(end - len(self._data), 65536))
            except OutOfReachError as error:
                raise OutOfReachError(end, error.why) from None
            self._ended = not part
            self._data += part


def chunks_of(source: ByteSource) -> Iterator[bytes]:
    """The whole file, at most 1 MiB at a time. Raises as ``ByteSource.read_at`` does."""
    offset = 0
    while part := source.read_at(offset, _PART):
        yield part
        offset += len(part)


def hash_chunks(
    chunks: Iterable[bytes], check: Callable[[], object] | None = None
) -> tuple[hashlib._Hash, int]:
    """The sha256 of ``chunks``, not finished, and the number of bytes.

    ``check`` is called before each chunk; what it raises passes through.
    """
    state, size = hashlib.sha256(), 0
    for chunk in chunks:
        if check is not None:
            check()
        state.update(chunk)
        size += len(chunk)
    return state, size
