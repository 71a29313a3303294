"""7z's headers (7zFormat.txt of the LZMA SDK), decoded but not yet trusted."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.archive.models import Limits, Refusal, RefusedError

MAGIC = b"7z\xbc\xaf\x27\x1c"
START_BYTES = 32
HEADER_BYTES = 16 << 20
_CODERS = 8
"""Coders of one stream; 7-Zip makes up to five."""
_INPUTS = 4
"""Of one coder: BCJ2 has four."""
_END, _HEADER, _PROPERTIES, _STREAMS, _FILES, _PACK, _UNPACK = 0, 1, 2, 4, 5, 6, 7
_SUBSTREAMS, _SIZE, _CRC, _FOLDER, _CODER_SIZES, _STREAM_COUNTS = 8, 9, 10, 11, 12, 13
_EMPTY, _EMPTY_FILE, _NAMES = 14, 15, 17
_ATTRIBUTES, _ENCODED = 0x15, 0x17
COPY, LZMA, LZMA2 = b"\0", b"\3\1\1", b"\x21"
BCJ2, ARM64 = b"\3\3\1\x1b", b"\x0a"
PLAIN = {b"\4\1\x08": "deflate", b"\4\2\2": "bz2", b"\4\xf7\x11\1": "zst"}
FILTERS = {
    b"\3": lzma.FILTER_DELTA,
    b"\3\3\1\3": lzma.FILTER_X86,
    b"\4": lzma.FILTER_X86,
    b"\3\3\2\5": lzma.FILTER_POWERPC,
    b"\5": lzma.FILTER_POWERPC,
    b"\3\3\4\1": lzma.FILTER_IA64,
    b"\6": lzma.FILTER_IA64,
    b"\3\3\5\1": lzma.FILTER_ARM,
    b"\7": lzma.FILTER_ARM,
    b"\3\3\7\1": lzma.FILTER_ARMTHUMB,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\3\3\x08\5": lzma.FILTER_SPARC,
    b"\x09": lzma.FILTER_SPARC,
}
"""liblzma's filters by 7z's methods, under their old and new numbers."""
_AES = b"\6\xf1\7\1"


@dataclass(frozen=True, slots=True)
class PackedStream:
    """Bytes of the archive."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of unpacking, and what it reads."""

    method: bytes
    properties: bytes
    size: int
    """Bytes that it gives."""
    inputs: tuple[Coder | PackedStream, ...]


@dataclass(frozen=True, slots=True)
class Folder:
    """A compressed stream, which may hold several files."""

    coder: Coder
    """The last one, which gives the files' bytes."""
    crc: int | None = None
    refused: Refusal | None = None
    """Why it cannot be read here."""

    @property
    def size(self) -> int:
        """Unpacked bytes."""
        return self.coder.size

    @property
    def packed(self) -> int:
        """Bytes in the archive."""
        return sum(
            inner.size
            for coder in _all(self.coder)
            for inner in coder.inputs
            if isinstance(inner, PackedStream)
        )


@dataclass(frozen=True, slots=True)
class SevenFile:
    """One file of the archive."""

    name: str
    attributes: int
    """Windows attributes; the Unix mode in the upper half if bit 15 is set."""
    is_empty: bool
    """It has no bytes in any folder."""
    is_folder: bool
    size: int = 0
    crc: int | None = None
    folder: int = -1
    """Its place in the list of folders; -1 if it has no bytes."""


@dataclass(frozen=True, slots=True)
class _Graph:
    """The coders of a folder as the header has them."""

    coders: list[tuple[bytes, bytes, range]]
    """Method, properties and inputs, by the number of the output."""
    reads: dict[int, int]
    """Input: the output that it reads."""
    packed: list[int]
    """The inputs that read the archive's packed streams, in the order of these."""

    def tree(self, sizes: list[int], packs: list[tuple[int, int]]) -> Coder:
        """The coder whose output nothing else reads, with all that it reads.

        Raises:
            RefusedError: ``header``: the coders do not fit together.
        """
        streams = {n: PackedStream(*pack) for n, pack in zip(self.packed, packs, strict=True)}
        unread = set(range(len(self.coders))) - set(self.reads.values())
        used: set[int] = set()

        def build(output: int) -> Coder:
            if output in used or output >= len(self.coders):
                raise RefusedError("header", "its coders do not fit together")
            used.add(output)
            method, properties, inputs = self.coders[output]
            own = tuple(streams[n] if n in streams else build(self.reads[n]) for n in inputs)
            return Coder(method, properties, sizes[output], own)

        if len(unread) != 1:
            raise RefusedError("header", "its coders do not fit together")
        root = build(unread.pop())
        if len(used) != len(self.coders):
            raise RefusedError("header", "its coders do not fit together")
        return root


@dataclass(slots=True)
class _Streams:
    folders: list[Folder] = field(default_factory=list)
    parts: list[tuple[int, int, int | None]] = field(default_factory=list)
    """Folder, size and CRC of each file's bytes, in order."""


def parse_start(head: bytes) -> tuple[int, int, int]:
    """Offset, size and CRC of the header, from the first 32 bytes.

    Raises:
        RefusedError: ``header`` or ``truncated``.
    """
    if len(head) < START_BYTES:
        raise RefusedError("truncated", "it ends in its first header")
    crc, offset, size, header_crc = struct.unpack_from("<L2QL", head, 8)
    if zlib.crc32(head[12:32]) != crc:
        raise RefusedError("checksum", "the checksum of its first header is wrong")
    if size > HEADER_BYTES:
        raise RefusedError("count", f"its header claims {size:,} bytes")
    return START_BYTES + offset, size, header_crc


class HeaderReader:
    """Reads the numbers and tables of a header; whatever does not fit is a RefusedError."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._at = 0

    def _take(self, length: int) -> bytes:
        data = self._data[self._at : self._at + length]
        if len(data) < length:
            raise RefusedError("header", "its header is shorter than it claims")
        self._at += length
        return data

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        """A number of 1 to 9 bytes: the ones in front of the first say how many follow."""
        first = self._byte()
        value, mask = 0, 0x80
        for shift in range(0, 64, 8):
            if not first & mask:
                return value | (first & (mask - 1)) << shift
            value |= self._byte() << shift
            mask >>= 1
        return value

    def _count(self) -> int:
        number = self._number()
        if number > self._limits.members:
            raise RefusedError("count", f"it holds more than {self._limits.members:,} members")
        return number

    def _bits(self, count: int) -> list[bool]:
        data = self._take(-(-count // 8))
        return [bool(data[n // 8] & 0x80 >> n % 8) for n in range(count)]

    def _optional_bits(self, count: int) -> list[bool]:
        return [True] * count if self._byte() else self._bits(count)

    def _digests(self, count: int) -> list[int | None]:
        has_one = self._optional_bits(count)
        return [int.from_bytes(self._take(4), "little") if one else None for one in has_one]

    # ------------------------------------------------------------------ header

    def read(self) -> Folder | tuple[list[Folder], list[SevenFile]]:
        """The archive's folders and files; or the folder in which the real header is packed.

        Raises:
            RefusedError: ``header``, ``count`` or ``method``.
        """
        kind = self._byte()
        if kind == _ENCODED:
            streams = self._streams()
            if len(streams.folders) != 1:
                raise RefusedError("header", "its header is packed in several streams")
            return streams.folders[0]
        if kind != _HEADER:
            raise RefusedError("header", "its header is malformed")
        streams, files = _Streams(), list[SevenFile]()
        while (kind := self._byte()) != _END:
            if kind == _PROPERTIES:
                while self._byte() != _END:
                    self._take(self._number())
            elif kind == _STREAMS and not files:
                streams = self._streams()
            elif kind == _FILES:
                files = self._files(streams)
            else:
                raise RefusedError("header", "its header has a part that is not known here")
        return streams.folders, files

    def _streams(self) -> _Streams:
        streams = _Streams()
        packs: list[tuple[int, int]] = []
        while (kind := self._byte()) != _END:
            if kind == _PACK:
                packs = self._pack_info()
            elif kind == _UNPACK:
                streams.folders = self._unpack_info(packs)
                streams.parts = [(n, f.size, f.crc) for n, f in enumerate(streams.folders)]
            elif kind == _SUBSTREAMS:
                streams.parts = self._substreams(streams.folders)
            else:
                raise RefusedError("header", "its header is malformed")
        return streams

    def _pack_info(self) -> list[tuple[int, int]]:
        """Offset and size of each packed stream."""
        at, count = START_BYTES + self._number(), self._count()
        packs: list[tuple[int, int]] = []
        while (kind := self._byte()) != _END:
            if kind == _SIZE:
                for _ in range(count):
                    size = self._number()
                    packs.append((at, size))
                    at += size
            elif kind == _CRC:
                self._digests(count)
            else:
                raise RefusedError("header", "its header is malformed")
        return packs

    def _unpack_info(self, packs: list[tuple[int, int]]) -> list[Folder]:
        if self._byte() != _FOLDER:
            raise RefusedError("header", "its header is malformed")
        count = self._count()
        if self._byte():
            raise RefusedError("header", "its header refers to other streams")
        graphs = [self._graph() for _ in range(count)]
        sizes: list[list[int]] = []
        crcs: list[int | None] = [None] * count
        while (kind := self._byte()) != _END:
            if kind == _CODER_SIZES:
                sizes = [[self._number() for _ in graph.coders] for graph in graphs]
            elif kind == _CRC:
                crcs = self._digests(count)
            else:
                raise RefusedError("header", "its header is malformed")
        if len(sizes) != count:
            raise RefusedError("header", "its header gives no sizes")
        folders, used = [], 0
        for graph, own, crc in zip(graphs, sizes, crcs, strict=True):
            own_packs = packs[used : used + len(graph.packed)]
            used += len(graph.packed)
            if len(own_packs) < len(graph.packed):
                raise RefusedError("header", "its header names streams that are missing")
            coder = graph.tree(own, own_packs)
            folders.append(Folder(coder, crc, _refusal(coder)))
        return folders

    def _graph(self) -> _Graph:
        """The coders of a folder, and which reads which."""
        count = self._number()
        if not 0 < count <= _CODERS:
            raise RefusedError("header", f"a stream has {count} coders")
        coders, inputs = [], 0
        for _ in range(count):
            flags = self._byte()
            method = self._take(flags & 15)
            ins, outs = (self._number(), self._number()) if flags & 0x10 else (1, 1)
            properties = self._take(self._number()) if flags & 0x20 else b""
            if outs != 1 or not 0 < ins <= _INPUTS:
                raise RefusedError("header", "a coder has too many streams")
            coders.append((method, properties, range(inputs, inputs + ins)))
            inputs += ins
        binds = [(self._number(), self._number()) for _ in range(count - 1)]
        reads = dict(binds)
        free = [n for n in range(inputs) if n not in reads]
        packed = [self._number() for _ in free] if len(free) > 1 else free
        if len(reads) != len(binds) or sorted(packed) != free:
            raise RefusedError("header", "its coders do not fit together")
        return _Graph(coders, reads, packed)

    def _substreams(self, folders: list[Folder]) -> list[tuple[int, int, int | None]]:
        counts = [1] * len(folders)
        kind = self._byte()
        if kind == _STREAM_COUNTS:
            counts = [self._count() for _ in folders]
            kind = self._byte()
        if sum(counts) > self._limits.members:
            raise RefusedError("count", f"it holds more than {self._limits.members:,} members")
        parts: list[tuple[int, int, int | None]] = []
        for index, (folder, count) in enumerate(zip(folders, counts, strict=True)):
            left = folder.size
            for n in range(count):
                is_last = n == count - 1
                size = left if is_last else self._number() if kind == _SIZE else 0
                if size > left:
                    raise RefusedError("header", "its files are longer than their stream")
                left -= size
                parts.append((index, size, folder.crc if count == 1 else None))
        if kind == _SIZE:
            kind = self._byte()
        if kind == _CRC:
            missing = [n for n, (_, _, crc) in enumerate(parts) if crc is None]
            for n, crc in zip(missing, self._digests(len(missing)), strict=True):
                parts[n] = (*parts[n][:2], crc)
            kind = self._byte()
        if kind != _END:
            raise RefusedError("header", "its header is malformed")
        return parts

    def _files(self, streams: _Streams) -> list[SevenFile]:
        count = self._count()
        names: list[str] = []
        attributes = [0] * count
        empty, empty_files = [False] * count, [False] * count
        while (kind := self._byte()) != _END:
            size = self._number()
            inner = HeaderReader(self._take(size), self._limits)
            if kind == _EMPTY:
                empty = inner._bits(count)
            elif kind == _EMPTY_FILE:
                files = iter(inner._bits(sum(empty)))
                empty_files = [is_empty and next(files) for is_empty in empty]
            elif kind == _NAMES:
                names = inner._name_table(count)
            elif kind == _ATTRIBUTES:
                attributes = inner._attributes(count)
        if len(names) != count:
            raise RefusedError("header", "its header gives no names")
        parts = iter(streams.parts)
        result = []
        for n in range(count):
            folder, size, crc = (-1, 0, None) if empty[n] else next(parts, (-2, 0, None))
            if folder == -2:
                raise RefusedError("header", "its header has more files than streams")
            is_folder = empty[n] and not empty_files[n]
            result.append(
                SevenFile(names[n], attributes[n], empty[n], is_folder, size, crc, folder)
            )
        return result

    def _name_table(self, count: int) -> list[str]:
        if self._byte():
            raise RefusedError("header", "its names are in another stream")
        raw = self._data[self._at :]
        if len(raw) % 2 or len(raw) > 2 * count * (self._limits.name_bytes + 1):
            raise RefusedError("header", "its names are malformed")
        names = raw.decode("utf-16-le", "surrogatepass").split("\0")
        if len(names) != count + 1 or names[-1]:
            raise RefusedError("header", "its names are malformed")
        return names[:-1]

    def _attributes(self, count: int) -> list[int]:
        has_one = self._optional_bits(count)
        if self._byte():
            raise RefusedError("header", "its attributes are in another stream")
        return [int.from_bytes(self._take(4), "little") if one else 0 for one in has_one]


def _refusal(coder: Coder) -> Refusal | None:
    """Why a folder is not read here; None if it is."""
    coders = list(_all(coder))
    methods = [one.method for one in coders]
    if _AES in methods:
        return Refusal("encrypted", "it is encrypted")
    if all(_is_read(one) for one in coders):
        return None
    name = "+".join(method.hex() for method in methods)
    return Refusal("method", f"it is packed with method {name}, which is not read here")


def _all(coder: Coder) -> Iterator[Coder]:
    yield coder
    for inner in coder.inputs:
        if isinstance(inner, Coder):
            yield from _all(inner)


def _is_read(coder: Coder) -> bool:
    if coder.method == BCJ2:
        return len(coder.inputs) == 4
    if coder.method == ARM64 and any(coder.properties):
        return False  # an offset: 7-Zip never writes one
    known = (COPY, LZMA, LZMA2, ARM64, *PLAIN, *FILTERS)
    return coder.method in known and len(coder.inputs) == 1
