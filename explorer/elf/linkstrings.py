"""Go's string variables: which string of a program a byte belongs to.

A variable is a header in writable data: the address of the bytes and their number (``runtime``'s
``stringStruct``). In position-independent programs the address stands in a RELATIVE relocation.
"""

from __future__ import annotations

from functools import cached_property

from explorer.bytesource import ByteSource
from explorer.elf.layout import layout
from explorer.elf.models import Elf, Segment
from explorer.facts import MISSING
from explorer.progress import Cancellation

LONGEST = 1 << 20
"""Bytes of a string that is considered; build info is the longest."""
MOST_DATA = 256 << 20
_CHUNK = 1 << 20


class LinkStrings:
    """The strings that variables of a Go program point to."""

    def __init__(self, source: ByteSource, elf: Elf, cancel: Cancellation) -> None:
        self._source = source
        self._cancel = cancel
        self._layout = layout(elf.header.bits, elf.header.little_endian)
        segments = () if isinstance(elf.segments, MISSING) else elf.segments
        self._loads = [s for s in segments if s.type == "LOAD" and s.filesz]
        sections = () if isinstance(elf.sections, MISSING) else elf.sections
        self._relocations = [s for s in sections if s.type == "RELA"]

    def holding(self, start: int, end: int) -> tuple[int, int] | None:
        """Offset and size of the shortest string that holds these bytes of the file; else None."""
        load = self._load(start)
        if load is None:
            return None
        move = load.vaddr - load.offset
        first, last = start + move, end + move
        candidates = [
            (size, address)
            for address, size in self._headers
            if address <= first and last <= address + size
        ]
        if not candidates:
            return None
        size, address = min(candidates)
        return address - move, size

    def _load(self, offset: int) -> Segment | None:
        """The segment that holds an offset, if it is not writable."""
        for load in self._loads:
            if load.offset <= offset < load.offset + load.filesz:
                return None if "W" in load.flags else load
        return None

    @cached_property
    def _headers(self) -> list[tuple[int, int]]:
        """Address and length of all that looks like a header of a string in read-only memory."""
        spans = [(s.vaddr, s.vaddr + s.filesz) for s in self._loads if "W" not in s.flags]
        if not spans:
            return []
        low, high = min(start for start, _ in spans), max(end for _, end in spans)
        pairs: list[tuple[int, int]] = []
        left = MOST_DATA
        for load in self._loads:
            if "W" in load.flags:
                pairs += self._inline(load, min(left, load.filesz), low, high)
                left = max(0, left - load.filesz)
        return pairs + self._relocated(low, high)

    def _inline(self, load: Segment, size: int, low: int, high: int) -> list[tuple[int, int]]:
        width = self._layout.pointer
        pairs: list[tuple[int, int]] = []
        for at in range(0, size, _CHUNK):
            self._cancel.check()
            data = self._source.read_at(load.offset + at, min(_CHUNK + width, size - at))
            words = self._layout.numbers(data, width)
            pairs += [
                (words[place], words[place + 1])
                for place in range(len(words) - 1)
                if low <= words[place] < high and 0 < words[place + 1] <= LONGEST
            ]
        return pairs

    def _relocated(self, low: int, high: int) -> list[tuple[int, int]]:
        """Headers whose address a RELA entry (offset, info, addend) gives."""
        width = self._layout.pointer
        pairs: list[tuple[int, int]] = []
        for section in self._relocations:
            for at in range(0, min(section.size, MOST_DATA), 3 * _CHUNK):
                self._cancel.check()
                room = min(3 * _CHUNK, section.size - at)
                words = self._layout.numbers(self._source.read_at(section.offset + at, room), width)
                for place in range(0, len(words) - 2, 3):
                    if not low <= words[place + 2] < high:
                        continue
                    size = self._number_at(words[place] + width)
                    if 0 < size <= LONGEST:
                        pairs.append((words[place + 2], size))
        return pairs

    def _number_at(self, address: int) -> int:
        """The word at an address of writable memory; 0 if the file has none there."""
        width = self._layout.pointer
        for load in self._loads:
            inside = address - load.vaddr
            if "W" in load.flags and 0 <= inside <= load.filesz - width:
                data = self._source.read_at(load.offset + inside, width)
                return self._layout.numbers(data, width)[0] if len(data) == width else 0
        return 0
