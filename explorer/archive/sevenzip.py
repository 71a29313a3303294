"""7z archives, read by the header at their end."""

import lzma
import stat
import zlib
from collections.abc import Iterator
from functools import partial

from explorer.archive import sevenheaders as sh
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
"""Bytes: the most that an uncompressed chunk of LZMA2 holds."""
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
    at = -1
    opened: Forward = SourceStream(source, 0, 0)
    for file in files:
        budget.check()
        if file.folder >= 0 and file.folder != at:
            at, opened = file.folder, _unpacked(source, folders[file.folder], budget)
        folder = folders[file.folder] if file.folder >= 0 else None
        yield from _entry(file, folder, opened, guard, budget)


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
    file: sh.SevenFile, folder: sh.Folder | None, opened: Forward, guard: Guard, budget: Budget
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
    refused = folder.refused if folder is not None else None
    body = BodyStream(opened, file.size, name, budget)
    stream: MemberStream = body
    if file.crc is not None:
        stream = CheckedStream(body, file.size, file.crc, name, budget)
    link = ""
    if kind is MemberKind.SYMLINK and refused is None:
        link, refused = _target(stream, file.size)
    size = file.size if kind is MemberKind.FILE else 0
    member = Member(name, kind, size, stat.S_IMODE(mode), link, refused, stored=file.name)
    admitted = guard.admit(member)
    if admitted is not None:
        yield Entry(admitted, partial(refuse_unless_file, admitted, stream))
    if folder is not None and folder.refused is None:
        body.finish()


def _target(stream: MemberStream, size: int) -> tuple[str, Refusal | None]:
    if size > _LINK_BYTES:
        return "", Refusal("link-outside", f"its target claims {size:,} bytes")
    data = b""
    while part := stream.read(_LINK_BYTES):
        data += part
    return data.decode("utf-8", "surrogateescape"), None


def _unpacked(source: ByteSource, folder: sh.Folder, budget: Budget) -> Forward:
    """A folder's bytes: its packed ones, through all coders."""
    stream: Forward = SourceStream(source, folder.offset, folder.packed)
    if folder.refused is not None:
        return stream
    first, *filters = folder.coders
    codec, head = _codec(first)
    if codec is not None:
        stream = UnpackedStream(_Behind(head, stream), codec, budget)
    for coder in filters:
        stream = _Filtered(BodyStream(stream, folder.size, budget.member, budget), coder)
    return stream


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


class _Filtered:
    """A stream through one of liblzma's filters for machine code.

    liblzma has no decoder for such a filter alone: the bytes are handed to it as uncompressed
    chunks of an LZMA2 stream, whose end makes it give out what it held back.
    """

    def __init__(self, below: MemberStream, coder: sh.Coder) -> None:
        chain: list[dict[str, int]] = [{"id": sh.FILTERS[coder.method]}]
        if coder.method == b"\3":
            chain[0]["dist"] = 1 + int.from_bytes(coder.properties[:1], "little")
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
        left = length
        while left > 0 and (data := self.read(min(left, _CHUNK))):
            left -= len(data)
        return length - left
