"""7z's headers (7zFormat.txt of the LZMA SDK), decoded but not yet trusted."""

import lzma
import struct
import zlib
from dataclasses import dataclass, field

from explorer.archive.models import Limits, Refusal, RefusedError

MAGIC = b"7z\xbc\xaf\x27\x1c"
START_BYTES = 32
HEADER_BYTES = 16 << 20
_CODERS = 8
"""Coders in a row; 7-Zip makes up to five."""
_END, _HEADER, _PROPERTIES, _STREAMS, _FILES, _PACK, _UNPACK = 0, 1, 2, 4, 5, 6, 7
_SUBSTREAMS, _SIZE, _CRC, _FOLDER, _CODER_SIZES, _STREAM_COUNTS = 8, 9, 10, 11, 12, 13
_EMPTY, _EMPTY_FILE, _NAMES = 14, 15, 17
_ATTRIBUTES, _ENCODED = 0x15, 0x17
COPY, LZMA, LZMA2 = b"\0", b"\3\1\1", b"\x21"
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
class Coder:
    """One step of compression."""

    method: bytes
    properties: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """A compressed stream, which may hold several files."""

    offset: int
    """Of the packed bytes in the archive."""
    packed: int
    size: int
    """Unpacked bytes."""
    coders: tuple[Coder, ...]
    """From the packed side on."""
    crc: int | None = None
    refused: Refusal | None = None
    """Why it cannot be read here."""


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
        streams, files = _Streams(), []
        while (kind := self._byte()) != _END:
            if kind == _PROPERTIES:
                while self._byte() != _END:
                    self._take(self._number())
            elif kind == _STREAMS:
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
        chains = [self._chain() for _ in range(count)]
        sizes: list[list[int]] = []
        crcs: list[int | None] = [None] * count
        while (kind := self._byte()) != _END:
            if kind == _CODER_SIZES:
                sizes = [[self._number() for _ in range(outputs)] for _, outputs, _, _ in chains]
            elif kind == _CRC:
                crcs = self._digests(count)
            else:
                raise RefusedError("header", "its header is malformed")
        if len(sizes) != count:
            raise RefusedError("header", "its header gives no sizes")
        folders, used = [], 0
        for (coders, _, inputs, last), size, crc in zip(chains, sizes, crcs, strict=True):
            if used + inputs > len(packs):
                raise RefusedError("header", "its header names streams that are missing")
            offset, packed = packs[used]
            used += inputs
            refused = _refusal(coders, inputs)
            folders.append(Folder(offset, packed, size[last], tuple(coders), crc, refused))
        return folders

    def _chain(self) -> tuple[list[Coder], int, int, int]:
        """Coders from the packed side on, the number of outputs, of packed streams, and the
        output that nothing else reads."""
        count = self._number()
        if not 0 < count <= _CODERS:
            raise RefusedError("header", f"a stream has {count} coders")
        coders, inputs, outputs = [], 0, 0
        for _ in range(count):
            flags = self._byte()
            method = self._take(flags & 15)
            ins, outs = (self._number(), self._number()) if flags & 0x10 else (1, 1)
            properties = self._take(self._number()) if flags & 0x20 else b""
            coders.append(Coder(method, properties))
            inputs, outputs = inputs + ins, outputs + outs
            if inputs > 4 * _CODERS or outputs > 4 * _CODERS:
                raise RefusedError("header", "a coder has too many streams")
        reads = {}  # output: the input that reads it
        for _ in range(outputs - 1):
            reader = self._number()
            reads[self._number()] = reader
        packed = inputs - len(reads)
        starts = [self._number() for _ in range(packed)] if packed > 1 else []
        last = next((n for n in range(outputs) if n not in reads), 0)
        if inputs != count or outputs != count:  # BCJ2: several inputs; refused by its method
            return coders, outputs, max(1, packed), last
        start = (
            starts[0] if starts else next((n for n in range(count) if n not in reads.values()), 0)
        )
        order = [start]
        while order[-1] in reads and len(order) < count:
            order.append(reads[order[-1]])
        if len(order) != count or max(order) >= count:
            raise RefusedError("header", "its coders do not follow one another")
        return [coders[n] for n in order], outputs, max(1, packed), last

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


def _refusal(coders: list[Coder], inputs: int) -> Refusal | None:
    """Why a chain of coders is not read here; None if it is."""
    first, *others = (coder.method for coder in coders)
    if _AES in (first, *others):
        return Refusal("encrypted", "it is encrypted")
    is_known = first in (COPY, LZMA, LZMA2, *PLAIN) and all(m in FILTERS for m in others)
    if inputs == 1 and is_known:
        return None
    name = "+".join(coder.method.hex() for coder in coders)
    return Refusal("method", f"it is packed with method {name}, which is not read here")
