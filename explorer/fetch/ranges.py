"""Which parts of a file are here. They are few, so lists are enough."""

import bisect


class Ranges:
    """Bytes by offset: parts that do not touch, in order.

    Bytes that are here already are not replaced.
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._data: list[bytearray] = []

    def add(self, start: int, data: bytes | bytearray) -> None:
        """Keep ``data``, which begins at ``start``; joins the parts that it touches."""
        while data:
            here = self.available(start)
            start, data = start + here, data[here:]
            if not data:
                return
            gap = self.hole(start)
            part = data if gap is None else data[:gap]
            self._insert(start, part)
            start, data = start + len(part), data[len(part) :]

    def available(self, offset: int) -> int:
        """The number of bytes here from ``offset`` on without a hole."""
        at = bisect.bisect_right(self._starts, offset) - 1
        return max(0, self._starts[at] + len(self._data[at]) - offset) if at >= 0 else 0

    def hole(self, offset: int) -> int | None:
        """From a missing ``offset``: bytes up to the next part; None if none follows."""
        at = bisect.bisect_right(self._starts, offset)
        return self._starts[at] - offset if at < len(self._starts) else None

    def get(self, offset: int, limit: int) -> bytes:
        """At most ``limit`` bytes from ``offset`` on; empty if the first is missing."""
        length = min(limit, self.available(offset))
        if length <= 0:
            return b""
        at = bisect.bisect_right(self._starts, offset) - 1
        first = offset - self._starts[at]
        return bytes(self._data[at][first : first + length])

    def keep(self, start: int, end: int) -> None:
        """Let go of what lies outside of ``start`` to ``end``."""
        for at in reversed(range(len(self._starts))):
            begin, data = self._starts[at], self._data[at]
            del data[max(0, end - begin) :]
            dropped = min(len(data), max(0, start - begin))
            del data[:dropped]
            self._starts[at] = begin + dropped
            if not data:
                del self._starts[at], self._data[at]

    def _insert(self, start: int, data: bytes | bytearray) -> None:
        at = bisect.bisect_right(self._starts, start)
        if at > 0 and self._starts[at - 1] + len(self._data[at - 1]) == start:
            at -= 1
            self._data[at] += data
        else:
            self._starts.insert(at, start)
            self._data.insert(at, bytearray(data))
        if (
            at + 1 < len(self._starts)
            and self._starts[at] + len(self._data[at]) == self._starts[at + 1]
        ):
            self._data[at] += self._data.pop(at + 1)
            self._starts.pop(at + 1)
