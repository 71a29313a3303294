"""Go's table of functions, ``.gopclntab``, read from any Go program: ELF, PE or Mach-O, stripped
too.

Format: ``runtime/symtab.go``, ``debug/gosym/pclntab.go`` and ``cmd/link/internal/ld/pcln.go`` of
the Go sources. All offsets count from the table's first byte, so no header of the file is needed:
the table is found by its magic number, and recognised by the sense that its fields make.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from explorer.bytesource import ByteSource, OutOfReachError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.golang.models import GoFunction, GoTable
from explorer.progress import Cancellation

_VERSIONS: Final = {0xF1: "1.20", 0xF0: "1.18", 0xFA: "1.16", 0xFB: "1.2"}
"""By the last byte of the magic number, whose others are 0xFF."""
_MARK: Final = re.compile(rb"\xff\xff\xff([\xf0\xf1\xfa\xfb])?\0\0[\1\2\4][\4\x08]")
"""Of a header in either byte order. It begins with bytes that are the same in all, for which ``re``
searches some ten times faster than for each magic number."""
CHUNK: Final = 1 << 20
"""Bytes that are searched at once."""
MOST_BYTES: Final = 512 << 20
"""Of a table. RoadRunner's has 16 MB; beyond that it is not read."""
MOST_FUNCTIONS: Final = 4_000_000
LONGEST_NAME: Final = 64 << 10


class GoTableError(ValueError):
    """The bytes make no sense as a table."""


@dataclass(frozen=True, slots=True)
class _TableHeader:
    """The table's header: where its parts are, in bytes from its start."""

    version: str
    order: str
    """``<`` or ``>``."""
    pointer: int
    """Bytes of a word: 4 or 8."""
    count: int
    """Functions."""
    names: int
    """Where the names begin; 0 in the oldest format, whose names lie anywhere."""
    names_end: int
    functions: int
    """Where the pairs of address and offset begin."""

    @property
    def entry(self) -> int:
        """Bytes of an address or offset in these pairs."""
        return 4 if self.version in ("1.20", "1.18") else self.pointer


def read_functions(source: ByteSource, cancel: Cancellation | None = None) -> Fact[GoTable]:
    """The functions of a Go program.

    NotApplicable where the file has no such table, or none that makes sense (garble changes the
    magic number); Unknown where the file ends before the table does.

    Raises:
        SourceError: reading failed. OperationCancelledError: ``cancel`` was raised.
    """
    cancel = cancel or Cancellation()
    damaged = ""
    try:
        for offset, version, order in _candidates(source, cancel):
            try:
                return _Reader(source, offset, cancel).read(version, order)
            except (GoTableError, struct.error) as error:
                damaged = str(error)
    except OutOfReachError as error:
        return Unknown(error.why, error.needs)
    if damaged:
        return Unknown(f"the table of functions is damaged or obfuscated: {damaged}")
    return NotApplicable("no table of Go functions")


def _candidates(source: ByteSource, cancel: Cancellation) -> Iterator[tuple[int, str, str]]:
    """Places where a header could be: magic number, two zero bytes, quantum and pointer size."""
    overlap = 7
    position, before = 0, b""
    while part := source.read_at(position, CHUNK):
        cancel.check()
        data = before + part
        start = position - len(before)
        for match in _MARK.finditer(data):
            magic = match[1]
            # The magic number's last byte is first in little-endian order: it is before the match.
            at = match.start() - (0 if magic else 1)
            version = _VERSIONS.get((magic or data[at : at + 1])[0]) if at >= 0 else None
            if version is not None:
                yield start + at, version, ">" if magic else "<"
        before = data[-overlap:]
        position += len(part)


class _Reader:
    """One table."""

    def __init__(self, source: ByteSource, offset: int, cancel: Cancellation) -> None:
        self._source = source
        self._offset = offset
        self._cancel = cancel

    def _bytes(self, start: int, length: int) -> bytes:
        if not 0 <= length <= MOST_BYTES:
            raise GoTableError("a part of it is too long")
        self._cancel.check()
        return self._source.read_at(self._offset + start, length)

    def read(self, version: str, order: str) -> GoTable:
        """The whole table.

        Raises:
            GoTableError: it makes no sense. OutOfReachError: it is not all here.
        """
        header = self._header(version, order)
        pairs = self._pairs(header)
        data, start = self._region(header, pairs)
        names = self._bytes(header.names, header.names_end - header.names)
        listed = _by_place(names) if header.names else {}
        self._cancel.check()
        functions = tuple(self._functions(header, pairs, (data, start), listed, names))
        every: Fact[frozenset[str]] = Unknown("tables older than Go 1.16 name no inlined functions")
        if header.names:
            every = frozenset(filter(None, listed.values()))
        return GoTable(version, functions, every)

    def _header(self, version: str, order: str) -> _TableHeader:
        start = self._bytes(0, 8 + 8 * 8)
        pointer = start[7]
        words = [
            int.from_bytes(
                start[8 + i * pointer : 8 + (i + 1) * pointer], "little" if order == "<" else "big"
            )
            for i in range(8)
        ]
        count = words[0]
        if not 0 < count <= MOST_FUNCTIONS:
            raise GoTableError(f"it claims {count} functions")
        if version == "1.2":
            return _TableHeader(version, order, pointer, count, 0, 0, 8 + pointer)
        first = 3 if version in ("1.20", "1.18") else 2
        names, names_end, _, _, functions = words[first : first + 5]
        if not 8 < names < names_end <= functions:
            raise GoTableError("its parts overlap")
        return _TableHeader(version, order, pointer, count, names, names_end, functions)

    def _pairs(self, header: _TableHeader) -> list[tuple[int, int]]:
        """Address and offset of each function, and the end of the last one."""
        size = header.entry
        data = self._bytes(header.functions, (2 * header.count + 1) * size)
        if len(data) < (2 * header.count + 1) * size:
            raise GoTableError("it ends early")
        code = header.order + ("I" if size == 4 else "Q")
        pairs = list(struct.iter_unpack(code[0] + code[1] * 2, data[: 2 * header.count * size]))
        end = struct.unpack(code, data[2 * header.count * size :])[0]
        addresses = [address for address, _ in pairs] + [end]
        if any(later < earlier for earlier, later in itertools.pairwise(addresses)):
            raise GoTableError("its addresses are not in order")
        return [*pairs, (end, 0)]

    def _region(self, header: _TableHeader, pairs: list[tuple[int, int]]) -> tuple[bytes, int]:
        """The bytes in which the functions' own entries lie, and where they begin."""
        offsets = [offset for _, offset in pairs[:-1]]
        base = 0 if header.version == "1.2" else header.functions
        start, end = base + min(offsets), base + max(offsets) + header.pointer + 4
        return self._bytes(start, end - start), start - base

    def _functions(
        self,
        header: _TableHeader,
        pairs: list[tuple[int, int]],
        region: tuple[bytes, int],
        listed: Mapping[int, str],
        names: bytes,
    ) -> Iterator[GoFunction]:
        unpack, data = struct.Struct(header.order + "i").unpack_from, region[0]
        shift = header.entry - region[1]
        for (address, offset), (following, _) in itertools.pairwise(pairs):
            place = unpack(data, offset + shift)[0]
            name = listed.get(place) or self._name(header, names, place)
            yield GoFunction(name, following - address)

    def _name(self, header: _TableHeader, names: bytes, place: int) -> str:
        if place < 0:
            raise GoTableError("a name lies before the table")
        if header.names:
            end = names.find(b"\0", place)
            raw = names[place:end] if 0 <= place < len(names) and end >= 0 else b""
        else:
            raw = self._bytes(place, LONGEST_NAME).partition(b"\0")[0]
        if not raw:
            raise GoTableError("a function has no name")
        return raw.decode("utf-8", "backslashreplace")


def _by_place(names: bytes) -> dict[int, str]:
    """All names at once, by where each begins; a last one without a NUL is left out."""
    pieces = names.split(b"\0")
    places = itertools.accumulate((len(piece) + 1 for piece in pieces[:-1]), initial=0)
    texts = names.decode("utf-8", "backslashreplace").split("\0")
    return dict(zip(places, texts[:-1], strict=False))
