"""Printable strings in binary data, as ``strings -a`` of binutils finds them.

A string is a run of at least four printable ASCII characters or tabs.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from explorer.bytesource import ByteSource
from explorer.progress import Cancellation

SHORTEST: Final = 4
LONGEST: Final = 4096
"""Characters of a string that are kept."""
PIECE: Final = 64 << 10
_RUN: Final = re.compile(rb"[\t\x20-\x7e]+")
_PRINTABLE: Final = bytes([9, *range(0x20, 0x7F)])


class PrintableRun(NamedTuple):
    """One string. Untrusted, like everything in a file.

    No dataclass: a large file has a million of them, and a tuple is made in a third of the time.
    """

    offset: int
    size: int
    """Bytes, all of them."""
    text: str
    """The first ``LONGEST`` characters."""

    @property
    def shown(self) -> str:
        """The text, with ``…`` where it is cut."""
        return self.text if self.size <= LONGEST else f"{self.text}…"


class StringScanner:
    """Finds strings in pieces that follow each other. Feed it in order."""

    def __init__(self, shortest: int = SHORTEST, start: int = 0) -> None:
        """``start``: the offset of the first piece."""
        self._shortest = shortest
        self._whole = re.compile(rb"[\t\x20-\x7e]{%d,}" % shortest)
        self._at = start
        self._begun: tuple[int, int, bytes] | None = None
        """Offset, size and first bytes of a string that reaches the end of the last piece."""

    def feed(self, piece: bytes, last: bool = False) -> Iterator[PrintableRun]:
        """The strings that end in this piece; ``last``: no more pieces follow."""
        begun, base = self._begun, self._at
        self._begun = None
        self._at += len(piece)
        start = 0
        if begun is not None:
            match = _RUN.match(piece)
            start = match.end() if match is not None else 0
            offset, size, head = begun
            begun = offset, size + start, (head + piece[: min(start, LONGEST)])[:LONGEST]
            if start == len(piece) and not last:
                self._begun = begun
                return
            yield from self._run(*begun)
        end = len(piece) if last else max(start, len(piece.rstrip(_PRINTABLE)))
        for match in self._whole.finditer(piece, start, end):
            at, size = match.start(), match.end() - match.start()
            text = match.group() if size <= LONGEST else piece[at : at + LONGEST]
            yield PrintableRun(base + at, size, text.decode("ascii"))
        if end < len(piece):
            self._begun = base + end, len(piece) - end, piece[end : end + LONGEST]

    def _run(self, offset: int, size: int, head: bytes) -> Iterator[PrintableRun]:
        if size >= self._shortest:
            yield PrintableRun(offset, size, head.decode("ascii"))


def strings_of(
    source: ByteSource, shortest: int = SHORTEST, start: int = 0, cancel: Cancellation | None = None
) -> Iterator[PrintableRun]:
    """The strings of a whole file from an offset on. Raises as ``ByteSource.read_at`` does."""
    scanner, at = StringScanner(shortest, start), start
    while piece := source.read_at(at, PIECE):
        if cancel is not None:
            cancel.check()
        at += len(piece)
        yield from scanner.feed(piece)
    yield from scanner.feed(b"", last=True)


class StringIndex:
    """The strings of a file by number, without keeping them: one offset in 64 is in memory.

    It may grow while the file arrives: one thread feeds it, another one reads its rows.
    """

    STEP: Final = 64

    def __init__(self, source: ByteSource, shortest: int = SHORTEST) -> None:
        """``source``: where the bytes that it was fed can be read again."""
        self._source = source
        self._shortest = shortest
        self._scanner = StringScanner(shortest)
        self._places = array("Q")
        self._count = 0
        self._block: tuple[int, list[PrintableRun]] = (-1, [])

    def feed(self, piece: bytes, last: bool = False) -> None:
        """The next bytes of the file; ``last``: no more follow."""
        for run in self._scanner.feed(piece, last):
            if self._count % self.STEP == 0:
                self._places.append(run.offset)
            self._count += 1

    def read_all(self, cancel: Cancellation) -> None:
        """Feed it the whole file. Blocking: call from a worker thread."""
        at = 0
        while piece := self._source.read_at(at, PIECE):
            cancel.check()
            at += len(piece)
            self.feed(piece)
        self.feed(b"", last=True)

    def __len__(self) -> int:
        return self._count

    def row(self, number: int) -> PrintableRun:
        """One string: reads the file from the nearest place that is known."""
        block, place = divmod(number, self.STEP)
        if self._block[0] != block or place >= len(self._block[1]):
            self._block = (block, list(self._read(block)))
        return self._block[1][place]

    def _read(self, block: int) -> Iterator[PrintableRun]:
        """The strings of a block, from small pieces."""
        at = self._places[block]
        wanted = min(self.STEP, self._count - block * self.STEP)
        scanner = StringScanner(self._shortest, at)
        while wanted:
            piece = self._source.read_at(at, 16 << 10)
            at += len(piece)
            for run in scanner.feed(piece, last=not piece):
                yield run
                wanted -= 1
                if not wanted:
                    return
            if not piece:
                return

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        """The numbers of the strings that contain all the words, whatever their case."""
        wanted, count = words.casefold().split(), self._count
        runs = strings_of(self._source, self._shortest, 0, cancel)
        return array(
            "Q",
            (
                number
                for number, run in enumerate(islice(runs, count))
                if all(word in run.text.casefold() for word in wanted)
            ),
        )
