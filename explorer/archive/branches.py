"""Filters for machine code, which 7z applies before it compresses programs.

They turn the relative addresses of calls and jumps into absolute ones. liblzma has most of them;
BCJ2 (Bcj2.c of the LZMA SDK) keeps addresses in streams of their own.
"""

import lzma
import re
import struct
from collections.abc import Sequence

from explorer.archive.models import MemberStream, RefusedError
from explorer.archive.streams import Forward

_CHUNK = 1 << 16
"""Bytes: the most that an uncompressed chunk of LZMA2 holds."""
_BRANCH = re.compile(rb"[\xe8\xe9]|(?<=\x0f)[\x80-\x8f]")
"""The last byte of an x86 call or jump: E8, E9, 0F 80 to 0F 8F."""
_TOP, _BITS, _MOVE = 1 << 24, 11, 5


class FilteredStream:
    """A stream through one of liblzma's filters.

    liblzma has no decoder for such a filter alone: the bytes are handed to it as uncompressed
    chunks of an LZMA2 stream, whose end makes it give out what it held back.
    """

    def __init__(self, below: MemberStream, filter_id: int, properties: bytes = b"") -> None:
        """``properties``: of the delta filter, its distance."""
        chain: list[dict[str, int]] = [{"id": filter_id}]
        if filter_id == lzma.FILTER_DELTA:
            chain[0]["dist"] = 1 + int.from_bytes(properties[:1], "little")
        chain.append({"id": lzma.FILTER_LZMA2, "dict_size": 4096})
        self._engine = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
        self._below = below
        self._reset = True

    def read(self, limit: int) -> bytes:
        while not self._engine.eof and limit > 0:
            data = b""
            if self._engine.needs_input:
                part = self._below.read(_CHUNK)
                control = b"\0" if not part else b"\1" if self._reset else b"\2"
                data = control + (len(part) - 1).to_bytes(2, "big") + part if part else control
                self._reset = False
            if out := self._engine.decompress(data, limit):
                return out
        return b""

    def skip(self, length: int) -> int:
        return _skipped(self, length)


class Arm64Stream:
    """Code for arm64 from 7z's filter, which liblzma has under the same name from 5.4 on.

    The targets of BL and ADRP instructions, within 512 MiB, are absolute in the packed stream.
    """

    def __init__(self, below: MemberStream) -> None:
        self._below = below
        self._held = b""
        self._at = 0
        self._out = bytearray()

    def read(self, limit: int) -> bytes:
        """See ``MemberStream.read``."""
        while not self._out and limit > 0:
            part = self._below.read(_CHUNK)
            data = self._held + part
            usable = len(data) & ~3 if part else len(data)
            if not usable and not part:
                return b""
            self._held = data[usable:]
            self._out += self._relative(data[:usable])
            self._at += usable
        data = bytes(self._out[:limit])
        del self._out[:limit]
        return data

    def skip(self, length: int) -> int:
        return _skipped(self, length)

    def _relative(self, data: bytes) -> bytes:
        count = len(data) // 4
        words = list(struct.unpack_from(f"<{count}L", data))
        for index, word in enumerate(words):
            if word >> 26 == 0x25:  # BL
                target = word - ((self._at + 4 * index) >> 2)
                words[index] = 0x94000000 | target & 0x03FFFFFF
            elif word & 0x9F000000 == 0x90000000:  # ADRP
                source = word >> 29 & 3 | word >> 3 & 0x1FFFFC
                if not (source + 0x20000) & 0x1C0000:
                    target = source - ((self._at + 4 * index) >> 12)
                    high = -(target & 0x20000) & 0xE00000
                    words[index] = (
                        word & 0x9000001F | (target & 3) << 29 | (target & 0x3FFFC) << 3 | high
                    )
        return struct.pack(f"<{count}L", *words) + data[4 * count :]


def _skipped(stream: MemberStream, length: int) -> int:
    left = length
    while left > 0 and (data := stream.read(min(left, _CHUNK))):
        left -= len(data)
    return length - left


class Bcj2Stream:
    """x86 code from its four streams: code, targets of calls, of jumps, and a range coder.

    The range coder says of each call and jump whether its target is in the other streams.
    """

    def __init__(self, inputs: Sequence[Forward], size: int) -> None:
        self._code, self._calls, self._jumps, self._coder = (_Buffered(s) for s in inputs)
        self._left = size
        self._at = 0
        self._last = 0
        self._probabilities = [1 << (_BITS - 1)] * 258
        self._range = 0xFFFFFFFF
        self._value = -1
        self._out = bytearray()

    def read(self, limit: int) -> bytes:
        """See ``MemberStream.read``.

        Raises:
            RefusedError: ``truncated``: one of the streams ends too early.
        """
        if self._value < 0:
            self._value = int.from_bytes(self._coder.take(5), "big") & 0xFFFFFFFF
        while not self._out and self._left and limit > 0:
            self._advance()
        data = bytes(self._out[:limit])
        del self._out[:limit]
        return data

    def skip(self, length: int) -> int:
        return _skipped(self, length)

    def _advance(self) -> None:
        """Give out the code up to the next branch, and the branch's target."""
        chunk = self._code.peek(min(_CHUNK, self._left))
        branch = _BRANCH.search(bytes([self._last]) + chunk, 1)
        end = branch.end() - 1 if branch else len(chunk)
        self._code.take(end)
        before = chunk[end - 2] if end > 1 else self._last
        self._give(chunk[:end])
        if branch is None or not self._left:
            return
        opcode = chunk[end - 1]
        index = before if opcode == 0xE8 else 256 if opcode == 0xE9 else 257
        if self._bit(index):
            stream = self._calls if opcode == 0xE8 else self._jumps
            target = int.from_bytes(stream.take(4), "big") - (self._at + 4)
            self._give((target & 0xFFFFFFFF).to_bytes(4, "little")[: self._left])

    def _give(self, data: bytes) -> None:
        self._out += data
        self._at += len(data)
        self._left -= len(data)
        self._last = data[-1]

    def _bit(self, index: int) -> bool:
        """The next bit of the range coder, in the context ``index``."""
        probability = self._probabilities[index]
        bound = (self._range >> _BITS) * probability
        is_one = self._value >= bound
        if is_one:
            self._range -= bound
            self._value -= bound
            self._probabilities[index] -= probability >> _MOVE
        else:
            self._range = bound
            self._probabilities[index] += ((1 << _BITS) - probability) >> _MOVE
        if self._range < _TOP:
            self._range = self._range << 8 & 0xFFFFFFFF
            self._value = (self._value << 8 | self._coder.take(1)[0]) & 0xFFFFFFFF
        return is_one


class _Buffered:
    """A stream that can be looked at before it is taken."""

    def __init__(self, below: Forward) -> None:
        self._below = below
        self._held = b""

    def peek(self, limit: int) -> bytes:
        """Between 1 and ``limit`` bytes, which stay.

        Raises:
            RefusedError: ``truncated``: there are none.
        """
        if not self._held:
            self._held = self._below.read(_CHUNK)
        if not self._held:
            raise RefusedError("truncated", "one of its streams ends too early")
        return self._held[:limit]

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        while len(self._held) < length:
            part = self._below.read(_CHUNK)
            if not part:
                raise RefusedError("truncated", "one of its streams ends too early")
            self._held += part
        data, self._held = self._held[:length], self._held[length:]
        return data
