"""Addresses to file offsets, as a loader maps them: through the PT_LOADs alone."""

from dataclasses import dataclass

from explorer.elf.head import RawSegment
from explorer.elf.layout import PT_LOAD
from explorer.elf.view import DamagedError


@dataclass(frozen=True, slots=True)
class Memory:
    """The PT_LOADs that take bytes from the file, in the file's order."""

    loads: tuple[RawSegment, ...]

    @classmethod
    def of(cls, segments: tuple[RawSegment, ...]) -> "Memory":
        """The memory image of these program headers."""
        return cls(tuple(s for s in segments if s.type == PT_LOAD and s.filesz))

    def place(self, address: int, what: str) -> tuple[int, int]:
        """The file offset of an address, and how many bytes of its segment follow in the file.

        Raises:
            DamagedError: nothing of the file is mapped there.
        """
        for load in self.loads:
            inside = address - load.vaddr
            if 0 <= inside < load.filesz:
                return load.offset + inside, load.filesz - inside
        raise DamagedError(
            f"{what} is at address {address:#x}, where nothing of the file is mapped"
        )

    def is_zeroed(self, address: int) -> bool:
        """Whether a loader fills the address with zeros, behind a segment's part of the file."""
        return any(load.filesz <= address - load.vaddr < load.memsz for load in self.loads)

    def ranges(self) -> list[tuple[int, int]]:
        """File ranges ``(start, end)`` to search: writable segments first, and no byte twice.

        Overlapping claims are merged, so that a thousand headers over the same bytes cost one pass.
        """
        done: list[tuple[int, int]] = []
        for writable in (True, False):
            spans = sorted(
                (s.offset, s.offset + s.filesz) for s in self.loads if bool(s.flags & 2) == writable
            )
            merged: list[tuple[int, int]] = []
            for start, end in spans:
                if merged and start <= merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
                else:
                    merged.append((start, end))
            done += merged if writable else _without(merged, done)
        return done


def _without(spans: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    left: list[tuple[int, int]] = []
    for first, end in spans:
        start = first
        for taken_start, taken_end in taken:
            if taken_end <= start or taken_start >= end:
                continue
            if taken_start > start:
                left.append((start, taken_start))
            start = max(start, taken_end)
        if start < end:
            left.append((start, end))
    return left
