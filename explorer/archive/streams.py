"""Bytes read forwards: from a source, through a decompressor, up to a member's end, in limits."""

import zlib
from typing import Protocol

from explorer.archive.codecs import Codec
from explorer.archive.models import Limits, MemberStream, RefusedError
from explorer.bytesource import ByteSource
from explorer.facts import Unknown
from explorer.progress import Cancellation

_RATIO_FROM = 16 << 20
"""Unpacked bytes from which on the ratio is checked: a few KB of zeros are not a bomb."""
_SMALL_PIECE, _LARGE_PIECE = 4096, 65536
"""Bytes of input at a time. A decompressor copies the rest of a piece for every stream in it."""
_STEP = 256 << 10
"""Bytes unpacked at a time when they are only skipped."""


class Budget:
    """What is left of an archive's limits, for one walk. ``member`` is named in errors."""

    def __init__(self, limits: Limits, cancel: Cancellation | None, *, whole: bool = False) -> None:
        """``whole``: see ``walking.walk``."""
        self.limits = limits
        self.whole = whole
        self.member = ""
        self._cancel = cancel
        self._unpacked = 0

    def check(self) -> None:
        """Raise OperationCancelledError if the work was cancelled."""
        if self._cancel is not None:
            self._cancel.check()

    def spend(self, amount: int, unpacked: int, packed: int) -> None:
        """Count ``amount`` more bytes of a stream that gave ``unpacked`` for ``packed`` so far.

        Raises:
            RefusedError: ``size`` or ``ratio``.
            OperationCancelledError: the work was cancelled.
        """
        self.check()
        self._unpacked += amount
        if self._unpacked > self.limits.total_bytes:
            raise RefusedError(
                "size",
                f"the archive unpacks to more than {self.limits.total_bytes:,} bytes",
                self.member,
            )
        if unpacked > _RATIO_FROM and unpacked > self.limits.ratio * max(1, packed):
            raise RefusedError(
                "ratio", f"it unpacks to more than {self.limits.ratio} times its size", self.member
            )


class Forward(Protocol):
    """Bytes, forwards only. ``read`` gives between 1 and ``limit``, empty at the end."""

    def read(self, limit: int) -> bytes: ...

    def skip(self, length: int) -> int:
        """Skip ``length`` bytes. Returns how many were skipped: fewer only at the end."""


def _read_over(stream: Forward, length: int) -> int:
    """Skip bytes by reading them; see ``Forward.skip``."""
    left = length
    while left > 0 and (data := stream.read(min(left, _STEP))):
        left -= len(data)
    return length - left


class SourceStream:
    """Part of a source. Skipping reads nothing, unless nothing says where the source ends."""

    def __init__(self, source: ByteSource, start: int = 0, length: int | None = None) -> None:
        self._source = source
        self._end = None if length is None else start + length
        self.position = start

    def read(self, limit: int) -> bytes:
        if self._end is not None:
            limit = min(limit, self._end - self.position)
        data = self._source.read_some(self.position, limit) if limit > 0 else b""
        self.position += len(data)
        return data

    def skip(self, length: int) -> int:
        size = self._source.size
        ends = [
            end
            for end in (self._end, None if isinstance(size, Unknown) else size)
            if end is not None
        ]
        if not ends:  # only reading shows where it ends
            return _read_over(self, length)
        length = max(0, min(length, min(ends) - self.position))
        self.position += length
        return length


class UnpackedStream:
    """Decompressed bytes. Input is read only when the decompressor has nothing left to give."""

    def __init__(self, below: Forward, codec: Codec, budget: Budget, member: str = "") -> None:
        """``member``: named in errors; empty for the one that the walk has reached."""
        self._below = below
        self._name = member
        self._codec = codec
        self._budget = budget
        self._packed = 0
        self._out = 0
        self._ended = False

    def read(self, limit: int) -> bytes:
        while not self._ended and limit > 0:
            if self._codec.hungry:
                data = self._below.read(_SMALL_PIECE if self._packed < 1 << 20 else _LARGE_PIECE)
                self._packed += len(data)
                if not data:
                    self._end()
                    break
            else:
                data = b""
            try:
                out = self._codec.give(data, limit)
            except RefusedError as error:
                raise RefusedError(
                    error.refusal.rule,
                    error.refusal.text,
                    error.member or self._name or self._budget.member,
                ) from None
            self._out += len(out)
            self._budget.spend(len(out), self._out, self._packed)
            if self._codec.unused:
                raise RefusedError(
                    "header",
                    "its compressed data end before its size says",
                    self._name or self._budget.member,
                )
            if out:
                return out
        return b""

    def skip(self, length: int) -> int:
        return _read_over(self, length)

    def _end(self) -> None:
        if not self._codec.complete:
            raise RefusedError(
                "truncated", "the compressed data end too early", self._name or self._budget.member
            )
        self._ended = True


class Exact:
    """Whole blocks from a stream. What was read before an error is kept for the next try."""

    def __init__(self, below: Forward) -> None:
        self._below = below
        self._held = bytearray()

    def take(self, length: int) -> bytes:
        """``length`` bytes; fewer only at the end of the stream."""
        while len(self._held) < length and (data := self._below.read(length - len(self._held))):
            self._held += data
        return self._pop(length)

    def read(self, limit: int) -> bytes:
        return self._pop(limit) if self._held else self._below.read(limit)

    def skip(self, length: int) -> int:
        held = len(self._pop(length))
        return held + self._below.skip(length - held)

    def _pop(self, length: int) -> bytes:
        data = bytes(self._held[:length])
        del self._held[:length]
        return data


class CheckedStream:
    """A member's bytes. An error at the end if their number or CRC-32 is not the header's."""

    def __init__(
        self, below: MemberStream, size: int, crc: int, member: str, budget: Budget
    ) -> None:
        self._below = below
        self._size = size
        self._crc = crc
        self._member = member
        self._budget = budget
        self._count = 0
        self._sum = 0
        self._checked = False

    def read(self, limit: int) -> bytes:
        """See ``MemberStream.read``."""
        if limit <= 0 or self._checked:
            return b""
        self._budget.check()
        left = self._size - self._count
        data = self._below.read(min(limit, left) or 1)  # one more at the end: is it longer?
        self._count += len(data)
        if self._count > self._size:
            raise RefusedError(
                "header",
                f"it unpacks to more than the {self._size:,} bytes that its header says",
                self._member,
            )
        self._sum = zlib.crc32(data, self._sum)
        if data:
            return data
        if self._count < self._size:
            raise _short(self._member, self._count, self._size)
        if self._sum != self._crc:
            raise RefusedError(
                "checksum",
                f"its CRC-32 is {self._sum:08x}, the header says {self._crc:08x}",
                self._member,
            )
        self._checked = True
        return b""


class BodyStream:
    """One member's body: exactly ``length`` bytes of the stream that it is part of."""

    def __init__(self, below: Forward, length: int, member: str, budget: Budget) -> None:
        self._below = below
        self._member = member
        self._budget = budget
        self._left = length
        self._length = length
        self._closed = False

    def read(self, limit: int) -> bytes:
        """See ``MemberStream.read``."""
        if self._closed:
            raise RuntimeError("the walk has gone on: this member can no longer be read")
        if self._left <= 0 or limit <= 0:
            return b""
        self._budget.check()
        data = self._below.read(min(limit, self._left))
        if not data:
            raise _short(self._member, self._length - self._left, self._length)
        self._left -= len(data)
        return data

    def finish(self, padding: int = 0) -> None:
        """Skip what was not read, and ``padding`` bytes more.

        Raises:
            RefusedError: ``truncated``: the stream ends before the member does.
        """
        self._closed = True
        passed = self._below.skip(self._left)
        if passed < self._left:
            raise _short(self._member, self._length - self._left + passed, self._length)
        self._left = 0
        if padding and self._below.skip(padding) < padding:
            raise _short(self._member, self._length, self._length + padding)


def _short(member: str, have: int, want: int) -> RefusedError:
    return RefusedError(
        "truncated", f"the archive ends after {have:,} of its {want:,} bytes", member
    )
