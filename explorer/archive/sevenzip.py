"""7z archives, read by the header at their end."""

import stat
import zlib
from collections.abc import Iterator
from functools import partial

from explorer.archive import sevenheaders as sh
from explorer.archive.branches import Arm64Stream, Bcj2Stream, FilteredStream
from explorer.archive.codecs import WINDOW_BYTES, Codec
from explorer.archive.guard import Guard, clean
from explorer.archive.models import Entry, Member, MemberKind, MemberStream, Refusal, RefusedError
from explorer.archive.streams import (
    BodyStream,
    Budget,
    CheckedStream,
    Forward,
    SourceStream,
    UnpackedStream,
)
from explorer.archive.tarfiles import refuse_unless_file
from explorer.bytesource import ByteSource

_LINK_BYTES = 4096
"""PATH_MAX on Linux: no link's target is longer."""
_PACKED_HEADERS = 2
"""A packed header may be packed once more."""
_CHUNK = 1 << 16
_RATIO_FROM = 16 << 20
_UNKNOWN_SIZE = b"\xff" * 8
"""In a ``.lzma`` header. 7z streams may have an end mark, although their size is known."""
_UNIX = 0x8000
"""The attribute that says that the upper half is a Unix mode."""


def walk_seven(source: ByteSource, guard: Guard, budget: Budget) -> Iterator[Entry]:
    """The members in the order of their bytes.

    Raises:
        RefusedError: the archive itself is broken, or its header is packed in a way that is not
            read here.
        OutOfReachError: a peek's source ends before the answer.
    """
    folders, files = _header(source, budget)
    streams = [_FolderStream(source, folder, budget) for folder in folders]
    ends = [0] * len(folders)
    for file in files:
        budget.check()
        if file.folder < 0:
            yield from _entry(file, None, SourceStream(source, 0, 0), guard, budget)
            continue
        stream = _From(streams[file.folder], ends[file.folder])
        ends[file.folder] += file.size
        yield from _entry(file, folders[file.folder], stream, guard, budget)


def _header(source: ByteSource, budget: Budget) -> tuple[list[sh.Folder], list[sh.SevenFile]]:
    offset, size, crc = sh.parse_start(source.read_at(0, sh.START_BYTES))
    if not size:
        return [], []
    data = source.read_at(offset, size)
    if len(data) < size:
        raise RefusedError("truncated", "its header at the end is missing")
    if zlib.crc32(data) != crc:
        raise RefusedError("checksum", "the checksum of its header is wrong")
    for _ in range(_PACKED_HEADERS + 1):
        header = sh.HeaderReader(data, budget.limits).read()
        if isinstance(header, tuple):
            return header
        data = _packed_header(source, header, budget)
    raise RefusedError("header", "its header is packed too often")


def _packed_header(source: ByteSource, folder: sh.Folder, budget: Budget) -> bytes:
    if folder.refused is not None:
        raise RefusedError(folder.refused.rule, f"its header cannot be read: {folder.refused.text}")
    if folder.size > sh.HEADER_BYTES:
        raise RefusedError("count", f"its header claims {folder.size:,} bytes")
    stream = BodyStream(_unpacked(source, folder, budget), folder.size, "", budget)
    data = b""
    while part := stream.read(_CHUNK):
        data += part
    if folder.crc is not None and zlib.crc32(data) != folder.crc:
        raise RefusedError("checksum", "the checksum of its packed header is wrong")
    return data


def _entry(
    file: sh.SevenFile, folder: sh.Folder | None, bytes_: Forward, guard: Guard, budget: Budget
) -> Iterator[Entry]:
    name = clean(file.name)
    budget.member = name
    mode = file.attributes >> 16 if file.attributes & _UNIX else 0
    if file.is_folder or stat.S_ISDIR(mode):
        kind = MemberKind.DIRECTORY
    elif stat.S_ISLNK(mode):
        kind = MemberKind.SYMLINK
    else:
        kind = MemberKind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG) else MemberKind.OTHER
    refused = _refusal(folder, budget) if folder is not None else None
    stream: MemberStream = BodyStream(bytes_, file.size, name, budget)
    if file.crc is not None:
        stream = CheckedStream(stream, file.size, file.crc, name, budget)
    link = ""
    if kind is MemberKind.SYMLINK and refused is None:
        link, refused = _target(stream, file.size)
    size = file.size if kind is MemberKind.FILE else 0
    member = Member(name, kind, size, stat.S_IMODE(mode), link, refused, stored=file.name)
    admitted = guard.admit(member)
    if admitted is not None:
        yield Entry(admitted, partial(refuse_unless_file, admitted, stream))


def _refusal(folder: sh.Folder, budget: Budget) -> Refusal | None:
    limit = budget.limits.ratio
    if folder.size > _RATIO_FROM and folder.size > limit * max(1, folder.packed):
        return Refusal("ratio", f"it claims to unpack to more than {limit} times its size")
    return folder.refused


def _target(stream: MemberStream, size: int) -> tuple[str, Refusal | None]:
    if size > _LINK_BYTES:
        return "", Refusal("link-outside", f"its target claims {size:,} bytes")
    data = b""
    while part := stream.read(_LINK_BYTES):
        data += part
    return data.decode("utf-8", "surrogateescape"), None


class _FolderStream:
    """A folder's bytes, unpacked as far as a member needs."""

    def __init__(self, source: ByteSource, folder: sh.Folder, budget: Budget) -> None:
        self._open = partial(_unpacked, source, folder, budget)
        self._stream: Forward | None = None
        self._position = 0

    def read_from(self, start: int, limit: int) -> bytes:
        """Up to ``limit`` bytes from ``start`` on, which does not lie behind."""
        if self._stream is None:
            self._stream = self._open()
        if start < self._position:
            raise RuntimeError("the walk has gone on: this member can no longer be read")
        self._position += self._stream.skip(start - self._position)
        data = self._stream.read(limit) if self._position == start else b""
        self._position += len(data)
        return data


class _From:
    """A folder's bytes from a place on. The folder is unpacked when they are read."""

    def __init__(self, folder: _FolderStream, start: int) -> None:
        self._folder = folder
        self._at = start

    def read(self, limit: int) -> bytes:
        data = self._folder.read_from(self._at, limit)
        self._at += len(data)
        return data

    def skip(self, length: int) -> int:
        self._at += length
        return length


def _unpacked(source: ByteSource, folder: sh.Folder, budget: Budget) -> Forward:
    """A folder's bytes: its packed ones, through all coders."""
    if folder.refused is not None:
        return SourceStream(source, 0, 0)
    return _decoded(source, folder.coder, budget)


def _decoded(source: ByteSource, node: sh.Coder | sh.PackedStream, budget: Budget) -> Forward:
    if isinstance(node, sh.PackedStream):
        return SourceStream(source, node.offset, node.size)
    inputs = [_decoded(source, inner, budget) for inner in node.inputs]
    if node.method == sh.BCJ2:
        return Bcj2Stream(inputs, node.size)
    if node.method in (sh.ARM64, *sh.FILTERS):
        limited = BodyStream(inputs[0], node.size, budget.member, budget)
        if node.method == sh.ARM64:
            return Arm64Stream(limited)
        return FilteredStream(limited, sh.FILTERS[node.method], node.properties)
    codec, head = _codec(node)
    return inputs[0] if codec is None else UnpackedStream(_Behind(head, inputs[0]), codec, budget)


def _codec(coder: sh.Coder) -> tuple[Codec | None, bytes]:
    """A decompressor, and the bytes that it needs before the packed ones."""
    properties = coder.properties
    if coder.method == sh.LZMA:
        if len(properties) != 5:
            raise RefusedError("header", "its LZMA properties are malformed")
        return Codec("lzma"), properties + _UNKNOWN_SIZE
    if coder.method == sh.LZMA2:
        bits = properties[0] if len(properties) == 1 else 41
        dictionary = (2 | bits & 1) << (bits // 2 + 11)
        if bits > 40:
            raise RefusedError("header", "its LZMA2 properties are malformed")
        if dictionary > WINDOW_BYTES:
            limit = f"{WINDOW_BYTES >> 20} MiB"
            raise RefusedError("size", f"its LZMA2 stream needs more than {limit} of memory")
        return Codec("lzma2", dictionary=dictionary), b""
    if coder.method == sh.COPY:
        return None, b""
    return Codec(sh.PLAIN[coder.method], single=True), b""


class _Behind:
    """Some bytes, and a stream behind them."""

    def __init__(self, head: bytes, rest: Forward) -> None:
        self._head = head
        self._rest = rest

    def read(self, limit: int) -> bytes:
        if self._head:
            data, self._head = self._head[:limit], self._head[limit:]
            return data
        return self._rest.read(limit)

    def skip(self, length: int) -> int:
        raise NotImplementedError("compressed bytes are not skipped")
