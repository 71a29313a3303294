"""Bounded reads of a ``ByteSource``: each has a limit, whatever a header claims.

``exact`` reads just those bytes, so that a peek over the network pays for nothing else. ``near``
goes through a small cache of blocks, for the many small reads of string and symbol tables.
"""

from collections import OrderedDict
from collections.abc import Iterator

from explorer.bytesource import ByteSource, OutOfReachError
from explorer.facts import Unknown
from explorer.progress import Cancellation

BLOCK = 32 << 10
BLOCKS = 64
"""32 KiB × 64 = 2 MiB of cache, whatever the file's size."""
CHUNK = 256 << 10
"""Bytes of a table that are processed in one call, few enough that other threads get their turn."""
MAX_STRING = 64 << 10
"""Bytes. The longest mangled name in Debian's libraries is under 5 KiB."""


class DamagedError(Exception):
    """A table contradicts the file or is cut. Becomes an ``Unknown`` and a problem."""


class View:
    """Bounded reads of one file, in one thread."""

    def __init__(self, source: ByteSource, cancel: Cancellation | None = None) -> None:
        self.source = source
        self.cancel = cancel or Cancellation()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size(self) -> int | Unknown:
        """The size of the whole file in bytes, as the source claims it."""
        return self.source.size

    def room(self, offset: int, length: int) -> int:
        """How many of ``length`` bytes the file can hold there; all if its size is unknown."""
        size = self.size
        return length if isinstance(size, Unknown) else max(0, min(length, size - offset))

    def held(self, offset: int, length: int) -> int:
        """How many of ``length`` bytes at ``offset`` the file has, tried if its size is unknown.

        Raises:
            OutOfReachError: its end cannot be reached.
        """
        if isinstance(self.size, Unknown) and length > 0 and not self.upto(offset + length - 1, 1):
            return 0
        return self.room(offset, length)

    def upto(self, offset: int, length: int) -> bytes:
        """``length`` bytes, fewer at the end of the file. The caller must limit ``length``."""
        self.cancel.check()
        return self.source.read_at(offset, length)

    def exact(self, offset: int, length: int, what: str) -> bytes:
        """All ``length`` bytes.

        Raises:
            DamagedError: the file ends before.
            OutOfReachError: they cannot be reached.
        """
        if self.room(offset, length) < length:
            raise DamagedError(f"{what} lies outside the file")
        data = self.upto(offset, length)
        if len(data) < length:
            raise DamagedError(f"{what} lies outside the file")
        return data

    def near(self, offset: int, length: int) -> bytes:
        """``length`` (at most ``BLOCK``) bytes through the cache, fewer at the end of the file."""
        start = offset - offset % BLOCK
        inside = offset - start
        block = self._block(start)
        if block is None:  # the block's end is out of reach: perhaps these few bytes are not
            return self.source.read_at(offset, length)
        part = block[inside : inside + length]
        if len(part) < length and len(block) == BLOCK:
            part += self.near(start + BLOCK, length - len(part))
        return part

    def _block(self, start: int) -> bytes | None:
        cached = self._blocks.get(start)
        if cached is not None:
            self._blocks.move_to_end(start)
            return cached
        self.cancel.check()
        try:
            block = self.source.read_at(start, self.room(start, BLOCK))
        except OutOfReachError:
            return None
        self._blocks[start] = block
        if len(self._blocks) > BLOCKS:
            self._blocks.popitem(last=False)
        return block

    def chunks(self, offset: int, length: int, unit: int = 1) -> Iterator[bytes]:
        """The bytes in chunks of ``CHUNK`` or less, each a multiple of ``unit``, up to its end."""
        size = CHUNK - CHUNK % unit
        end = offset + self.room(offset, length)
        while offset < end:
            part = self.upto(offset, min(size, end - offset))
            if not part:
                return
            yield part[: len(part) - len(part) % unit]
            offset += len(part)

    def string(self, offset: int, limit: int = MAX_STRING) -> bytes:
        """The bytes up to the next NUL, fewer than ``limit``.

        Raises:
            DamagedError: no NUL before the limit or the end of the file.
        """
        limit = min(limit, MAX_STRING)
        data = bytearray()
        step = 64
        while len(data) < limit:
            try:
                part = self.near(offset + len(data), step)
            except OutOfReachError:
                if step == 1:
                    raise
                step = max(1, step // 8)  # near a prefix's end: creep up to it
                continue
            end = part.find(b"\0")
            if 0 <= end < limit - len(data):
                return bytes(data + part[:end])
            if len(part) < step:
                break
            data += part
            step = min(step * 4, BLOCK)
        raise DamagedError("a string does not end")


def text(raw: bytes) -> str:
    """Untrusted bytes as text; bytes that are not UTF-8 become ``\\xNN``, never lone surrogates."""
    return raw.decode("utf-8", "backslashreplace")
