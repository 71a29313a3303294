"""tar: ustar, GNU and pax headers (POSIX.1-2001; tar(5)), read block by block as they arrive.

The header's fields are decoded by the standard library's ``tarfile.TarInfo.frombuf``; its ``TarFile`` is not used, because
it reads ahead in blocks of 10 KiB, which a peek would have to ask a server for, and takes long names of any length.
"""

import re
import tarfile
from collections.abc import Iterator
from functools import partial

from explorer.archive.guard import Guard, clean
from explorer.archive.models import Entry, Member, MemberKind, MemberStream, Refusal, RefusedError
from explorer.archive.streams import BodyStream, Budget, Exact, Forward

_BLOCK = 512
_EXTENSION_BYTES = 1 << 20
"""The longest pax header or GNU long name that is read into memory."""
_EXTENSIONS_IN_A_ROW = 8
_GNU_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_KINDS = {
    **dict.fromkeys((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE), MemberKind.FILE),
    tarfile.DIRTYPE: MemberKind.DIRECTORY,
    tarfile.SYMTYPE: MemberKind.SYMLINK,
    tarfile.LNKTYPE: MemberKind.HARDLINK,
}
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_OCTAL = re.compile(rb"^[ ]*[0-7]*[ \0]*$")


def is_header(block: bytes) -> bool:
    """Whether 512 bytes are a tar header: its checksum is right."""
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
        sealed: something else proves that the stream is whole (a compressor's checksum), so that the two empty blocks at
            its end may be missing, as some writers leave them out.

    Raises:
        RefusedError: ``truncated``, ``header``, ``count`` …: the rest of the archive cannot be read.
    """
    blocks = Exact(stream)
    extensions: dict[str, str] = {}
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
            extensions.update(_extension(info, blocks, budget))
            continue
        member, length = _member(info, extensions, part)
        if info.type == tarfile.GNUTYPE_SPARSE:
            _skip_holes(block, blocks)
        extensions, in_a_row = {}, 0
        budget.member = member.name
        if member.name == "." and member.kind is MemberKind.DIRECTORY:
            continue
        member = guard.admit(member)
        body = BodyStream(blocks, length, member.name, budget)
        yield Entry(member, partial(refuse_unless_file, member, body))
        if length and member.kind is not MemberKind.FILE:
            raise RefusedError(
                "header", "its header gives it a body, which only a file has", member.name
            )
        body.finish(-length % _BLOCK)


def refuse_unless_file(member: Member, body: MemberStream) -> MemberStream:
    """Raises:
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
    """The next block that is no end mark; None at the end. What follows the end mark is only passed over."""
    block = blocks.take(_BLOCK)
    if len(block) == _BLOCK and block.strip(b"\0"):
        return block
    if 0 < len(block) < _BLOCK or (not block and not sealed):
        raise RefusedError("truncated", "it ends without tar's end mark")
    if block:
        second = blocks.take(_BLOCK)
        if second.strip(b"\0"):
            raise RefusedError("header", "a lone empty block stands between two headers")
        if len(second) < _BLOCK and not sealed:
            raise RefusedError("truncated", "it ends within tar's end mark")
        while blocks.skip(_BLOCK * 2048):
            pass  # to the end, so that the compressor's checksum is looked at
    return None


def _skip_holes(block: bytes, blocks: Exact) -> None:
    """Pass over the further maps of an old GNU sparse member: byte 482 of the header, 504 of each map, says that one follows."""
    more = block[482]
    while more:
        further = blocks.take(_BLOCK)
        if len(further) < _BLOCK:
            raise RefusedError("truncated", "it ends in a sparse member's map")
        more = further[504]


def _decode(block: bytes) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise RefusedError("header", f"a tar header is wrong ({error})") from None
    size = block[124:136]
    if info.size < 0 or (size[0] < 0x80 and not _OCTAL.match(size)):
        raise RefusedError("header", "its size is no number", info.name)
    return info


def _extension(info: tarfile.TarInfo, blocks: Exact, budget: Budget) -> dict[str, str]:
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
        return {_GNU_LONG[info.type]: data.partition(b"\0")[0].decode("utf-8", "surrogateescape")}
    records = _pax_records(data)
    if info.type == tarfile.XGLTYPE:
        if records.keys() & {"path", "linkpath", "size"}:
            raise RefusedError("header", "a global header renames or resizes every member")
        return {}
    return records


def _pax_records(data: bytes) -> dict[str, str]:
    """``LENGTH KEY=VALUE\\n`` records; a length that does not fit its record is a lie."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        digits, space, _ = data[at : at + 20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = data[at + len(digits) + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not (space and key and equals and record.endswith(b"\n") and at + length <= len(data)):
            raise RefusedError("header", "a pax header is malformed")
        found[key.decode("utf-8", "surrogateescape")] = value[:-1].decode(
            "utf-8", "surrogateescape"
        )
        at += length
    return found


def _member(info: tarfile.TarInfo, extensions: dict[str, str], part: str) -> tuple[Member, int]:
    """The member and the length of its body in bytes."""
    name = extensions.get("GNU.sparse.name", extensions.get("path", info.name))
    link, size = extensions.get("linkpath", info.linkname), info.size
    if "size" in extensions:
        digits = extensions["size"]
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise RefusedError("header", "its pax size is no number", clean(name))
        size = int(digits)
    sparse = info.type == tarfile.GNUTYPE_SPARSE
    kind = MemberKind.FILE if sparse else _KINDS.get(info.type, MemberKind.OTHER)
    if kind is MemberKind.FILE and name.endswith("/"):
        kind = MemberKind.DIRECTORY  # how tar said so before it had a type for it
    refused = None
    if sparse or any(key.startswith("GNU.sparse.") for key in extensions):
        refused = Refusal("sparse", "it is stored with its holes left out, which is not read here")
    if kind is MemberKind.OTHER and info.type not in _DEVICES:
        raise RefusedError(
            "header",
            f"its type {info.type!r} is unknown, so nobody knows where it ends",
            clean(name),
        )
    if size and kind is not MemberKind.FILE:
        refused = Refusal("header", "its header gives it a body, which only a file has")
    # A NUL in a pax value would end the name for some readers only; Guard refuses it as a control character.
    member = Member(
        clean(name),
        kind,
        size if kind is MemberKind.FILE else 0,
        info.mode & 0o7777,
        link,
        refused,
        part,
    )
    return member, size
