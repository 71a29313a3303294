"""tar: ustar, GNU and pax headers (POSIX.1-2001; tar(5)), read block by block as they arrive.

The header's fields are decoded by the standard library's ``tarfile.TarInfo.frombuf``. Its
``TarFile`` is not used: it reads ahead in blocks of 10 KiB, which a peek would have to request from
a server, and accepts long names of any length.
"""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from explorer.archive.guard import Guard, clean
from explorer.archive.models import Entry, Member, MemberKind, MemberStream, Refusal, RefusedError
from explorer.archive.sparse import SparseMap, SparseStream, read_gnu_map, read_pax_map
from explorer.archive.streams import BodyStream, Budget, Exact, Forward

_BLOCK = 512
_EXTENSION_BYTES = 1 << 20
"""The longest pax header or GNU long name that is read into memory."""
_EXTENSIONS_IN_A_ROW = 8
_GNU_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_LABEL, _DUMPDIR, _CONTINUED = b"V", b"D", b"M"
"""GNU tar's volume label, folder of an incremental archive, rest of a file on another volume."""
_KINDS = {
    **dict.fromkeys((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE), MemberKind.FILE),
    tarfile.GNUTYPE_SPARSE: MemberKind.FILE,
    tarfile.DIRTYPE: MemberKind.DIRECTORY,
    _DUMPDIR: MemberKind.DIRECTORY,
    tarfile.SYMTYPE: MemberKind.SYMLINK,
    tarfile.LNKTYPE: MemberKind.HARDLINK,
}
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_OCTAL = re.compile(rb"^[ ]*[0-7]*[ \0]*$")
_RATIO_FROM = 16 << 20
Records = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _TarHeader:
    """One member's header, extensions included."""

    member: Member
    length: int
    """Bytes of its body."""
    sparse: SparseMap | None = None
    has_body: bool = False
    """A body is allowed although it is not a file."""
    skipped: bool = False
    """It describes the archive, not a member (a volume label)."""


def is_header(block: bytes) -> bool:
    """Whether 512 bytes are a tar header with a correct checksum."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError):
        return False
    return True


def walk_tar(
    stream: Forward, guard: Guard, budget: Budget, *, part: str = "", sealed: bool = False
) -> Iterator[Entry]:
    """Each member as soon as its header is there.

    Args:
        sealed: something else proves that the stream is whole (a compressor's checksum), so that
            the two empty blocks at its end may be missing, as some writers leave them out.

    Raises:
        RefusedError: ``truncated``, ``header``, ``count`` …: the rest of the archive is unreadable.
    """
    blocks = Exact(stream)
    extensions: Records = []
    in_a_row = 0
    while (block := _next_header(blocks, sealed)) is not None:
        budget.check()
        info = _decode(block)
        if info.type in _GNU_LONG or info.type in _PAX or info.type == tarfile.XGLTYPE:
            in_a_row += 1
            if in_a_row > _EXTENSIONS_IN_A_ROW:
                raise RefusedError(
                    "header", f"more than {_EXTENSIONS_IN_A_ROW} extended headers in a row"
                )
            extensions += _extension(info, blocks, budget)
            continue
        header = _header(info, extensions, part)
        if info.type == tarfile.GNUTYPE_SPARSE:
            header = _with_map(header, read_gnu_map(block, blocks), budget)
        elif header.sparse is not None:
            header = _with_map(header, header.sparse, budget)
        extensions, in_a_row = [], 0
        yield from _entry(header, blocks, guard, budget)


def _entry(header: _TarHeader, blocks: Exact, guard: Guard, budget: Budget) -> Iterator[Entry]:
    """The member, unless it says nothing new; then its body is skipped."""
    member, length = header.member, header.length
    budget.member = member.name
    is_root = member.name == "." and member.kind is MemberKind.DIRECTORY
    admitted = None if header.skipped or is_root else guard.admit(member)
    body = BodyStream(blocks, length, member.name, budget)
    if admitted is not None:
        layout = header.sparse
        stream = body if layout is None else SparseStream(body, layout, member.name)
        yield Entry(admitted, partial(refuse_unless_file, admitted, stream))
        if length and member.kind is not MemberKind.FILE and not header.has_body:
            raise RefusedError("header", "it has a body, which only a file may have", member.name)
    body.finish(-length % _BLOCK)


def refuse_unless_file(member: Member, body: MemberStream) -> MemberStream:
    """The body of a file that was not refused.

    Raises:
        RefusedError: the member was refused, or has no bytes of its own.
    """
    if member.refused is not None:
        raise RefusedError(member.refused.rule, member.refused.text, member.name)
    if member.kind is not MemberKind.FILE:
        raise RefusedError(
            "header", f"it is a {member.kind.value}, which has no bytes of its own", member.name
        )
    return body


def _next_header(blocks: Exact, sealed: bool) -> bytes | None:
    """The next header block; None at the end. What follows the end mark is skipped."""
    block = blocks.take(_BLOCK)
    if len(block) == _BLOCK and block.strip(b"\0"):
        return block
    if 0 < len(block) < _BLOCK or (not block and not sealed):
        raise RefusedError("truncated", "it ends without tar's end mark")
    if block:
        second = blocks.take(_BLOCK)
        if second.strip(b"\0"):
            raise RefusedError("header", "a single empty block stands between two headers")
        if len(second) < _BLOCK and not sealed:
            raise RefusedError("truncated", "it ends within tar's end mark")
        while blocks.skip(_BLOCK * 2048):
            pass  # to the end, so that the compressor verifies its checksum
    return None


def _decode(block: bytes) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise RefusedError("header", f"a tar header is malformed ({error})") from None
    size = block[124:136]
    if info.size < 0 or (size[0] < 0x80 and not _OCTAL.match(size)):
        raise RefusedError("header", "its size is not a number", info.name)
    return info


def _extension(info: tarfile.TarInfo, blocks: Exact, budget: Budget) -> Records:
    """What a GNU long name or a pax header says of the member that follows."""
    budget.check()
    if info.size > _EXTENSION_BYTES:
        raise RefusedError("header", f"an extended header claims {info.size:,} bytes")
    padded = -(-info.size // _BLOCK) * _BLOCK
    data = blocks.take(padded)
    if len(data) < padded:
        raise RefusedError("truncated", "it ends in an extended header")
    data = data[: info.size]
    if info.type in _GNU_LONG:
        text = data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        return [(_GNU_LONG[info.type], text)]
    records = _pax_records(data)
    if info.type == tarfile.XGLTYPE:
        if any(key in ("path", "linkpath", "size") for key, _ in records):
            raise RefusedError("header", "a global header renames or resizes every member")
        return []
    return records


def _pax_records(data: bytes) -> Records:
    """``LENGTH KEY=VALUE\\n`` records, in order.

    Raises:
        RefusedError: ``header``: a length does not fit its record.
    """
    records: Records = []
    at = 0
    while at < len(data):
        digits, space, _ = data[at : at + 20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = data[at + len(digits) + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not (space and key and equals and record.endswith(b"\n") and at + length <= len(data)):
            raise RefusedError("header", "a pax header is malformed")
        texts = (part.decode("utf-8", "surrogateescape") for part in (key, value[:-1]))
        records.append((next(texts), next(texts)))
        at += length
    return records


def _header(info: tarfile.TarInfo, extensions: Records, part: str) -> _TarHeader:
    """The member and the length of its body."""
    values = dict(extensions)
    name = values.get("GNU.sparse.name", values.get("path", info.name))
    size = info.size
    if "size" in values:
        digits = values["size"]
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise RefusedError("header", "its pax size is not a number", clean(name))
        size = int(digits)
    if info.type == _CONTINUED:
        raise RefusedError("header", "it is the rest of a file on another volume", clean(name))
    kind = _KINDS.get(info.type, MemberKind.OTHER)
    if kind is MemberKind.FILE and name.endswith("/"):
        kind = MemberKind.DIRECTORY  # before tar had a type for folders
    refused = None
    known = info.type in _KINDS or info.type in _DEVICES
    if kind is MemberKind.OTHER and not known:
        refused = Refusal("header", f"its type {info.type!r} is unknown")
    elif size and kind is not MemberKind.FILE and info.type != _DUMPDIR:
        refused = Refusal("header", "it has a body, which only a file may have")
    # A NUL in a pax value would end the name for some readers only; Guard refuses it as a control
    # character.
    member = Member(
        name=clean(name),
        kind=kind,
        size=size if kind is MemberKind.FILE else 0,
        mode=info.mode & 0o7777,
        link=values.get("linkpath", info.linkname),
        refused=refused,
        part=part,
        stored=name,
    )
    return _TarHeader(
        member,
        size,
        read_pax_map(extensions),
        has_body=info.type == _DUMPDIR or not known,
        skipped=info.type == _LABEL,
    )


def _with_map(header: _TarHeader, layout: SparseMap, budget: Budget) -> _TarHeader:
    """The header of a sparse file: its size is that of the whole file."""
    member = replace(header.member, size=layout.size)
    if layout.size > _RATIO_FROM and layout.size > budget.limits.ratio * max(1, header.length):
        ratio = f"it claims to unpack to more than {budget.limits.ratio} times its size"
        member = replace(member, refused=member.refused or Refusal("ratio", ratio))
    return replace(header, member=member, sparse=layout)
