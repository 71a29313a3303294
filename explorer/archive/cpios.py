"""cpio archives: the formats newc, crc, odc and bin of cpio(5). An RPM's payload is one of them.

RPM 6, and RPM 4 for files of more than 4 GiB, write newc with headers that are numbers in the
package's own list of files.
"""

import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from explorer.archive.guard import Guard, clean
from explorer.archive.models import Entry, Member, MemberKind, RefusedError
from explorer.archive.streams import BodyStream, Budget, Exact, Forward
from explorer.archive.tarfiles import refuse_unless_file

_NEWC, _CRC, _ODC, _STRIPPED = b"070701", b"070702", b"070707", b"07070X"
_NEWC_BYTES, _ODC_BYTES, _BINARY_BYTES = 110, 76, 26
_BINARY = {b"\xc7\x71": "<", b"\x71\xc7": ">"}
"""070707 as a number of 16 bits, and the byte order that it tells."""
_NAME_BYTES = 4096
"""PATH_MAX on Linux: neither a name nor a link's target is longer."""
_END = "TRAILER!!!"
_TYPES = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO)


@dataclass(frozen=True, slots=True)
class CpioHeader:
    """One member's header."""

    name: str
    """As stored; untrusted."""
    mode: int
    """Type and permissions, as in ``st_mode``."""
    size: int
    """Bytes of the body: a file's content, a link's target."""
    inode: tuple[int, ...] = ()
    """Of files with several names; empty for a file with one."""
    alignment: int = 4
    """Header with name, and body, are padded to a multiple of this."""
    is_listed: bool = False
    """It stands in the package's list of files; the archive itself has no names."""


FileList = Callable[[], Sequence[CpioHeader]]
"""A package's list of files; raises ``RefusedError``."""


def no_list() -> Sequence[CpioHeader]:
    """Of a cpio archive without a package around it.

    Raises:
        RefusedError: ``header``, always.
    """
    raise RefusedError("header", "its cpio archive has no names of its own")


def is_cpio(head: bytes) -> bool:
    """Whether the first 110 bytes are a cpio header."""
    if head.startswith((_NEWC, _CRC)):
        digits = head[6:_NEWC_BYTES]
        return len(digits) == _NEWC_BYTES - 6 and _is_number(digits, 16)
    if head[:2] in _BINARY and len(head) >= _BINARY_BYTES:
        mode, name_bytes = struct.unpack_from(f"{_BINARY[head[:2]]}6xH12xH", head)
        is_plausible = stat.S_IFMT(mode) in _TYPES and 1 < name_bytes <= _NAME_BYTES
        return is_plausible and head[_BINARY_BYTES + name_bytes - 1 :][:1] in (b"\0", b"")
    digits = head[6:_ODC_BYTES]
    return head.startswith(_ODC) and len(digits) == _ODC_BYTES - 6 and _is_number(digits, 8)


def _is_number(digits: bytes, base: int) -> bool:
    try:
        int(digits, base)
    except ValueError:
        return False
    return digits.isalnum()


def walk_cpio(
    stream: Forward, guard: Guard, budget: Budget, files: FileList = no_list
) -> Iterator[Entry]:
    """Each member as soon as its header is there.

    ``files`` is called for an archive whose headers are numbers in a package's list.

    Of a file with several names only the last one has the bytes; the earlier ones follow it as hard
    links.

    Raises:
        RefusedError: ``truncated``, ``header``, ``count`` …: the rest of the archive is unreadable.
    """
    blocks = Exact(stream)
    waiting: dict[tuple[int, ...], list[CpioHeader]] = {}
    while (header := _next_header(blocks, files)).name != _END:
        budget.check()
        if header.inode and not header.size and stat.S_ISREG(header.mode):
            waiting.setdefault(header.inode, []).append(header)
            if sum(map(len, waiting.values())) > budget.limits.members:
                raise RefusedError("count", f"more than {budget.limits.members:,} names wait")
            continue
        yield from _entry(header, blocks, guard, budget)
        for other in waiting.pop(header.inode, ()):
            yield from _entry(other, blocks, guard, budget, link=header.name)
    for names in waiting.values():  # empty files with several names
        for index, header in enumerate(names):
            link = names[0].name if index else ""
            yield from _entry(header, blocks, guard, budget, link=link)
    while blocks.skip(1 << 20):
        pass  # to the end, so that the compressor verifies its checksum


def _entry(
    header: CpioHeader, blocks: Exact, guard: Guard, budget: Budget, *, link: str = ""
) -> Iterator[Entry]:
    name = clean(header.name.lstrip("/"))
    budget.member = name
    kind, length = _kind(header.mode), header.size
    if link:
        kind, link, length = MemberKind.HARDLINK, clean(link.lstrip("/")), 0
    elif kind is MemberKind.SYMLINK:
        if header.size > _NAME_BYTES:
            raise RefusedError("header", f"its target claims {header.size:,} bytes", name)
        link = _take(blocks, header.size).decode("utf-8", "surrogateescape")
        _take(blocks, -header.size % header.alignment)
        length = 0
    elif length and kind is not MemberKind.FILE:
        raise RefusedError("header", "it has a body, which only a file may have", name)
    is_root = name in (".", "") and kind is MemberKind.DIRECTORY
    size = length if kind is MemberKind.FILE else 0
    stored = "" if header.is_listed else header.name
    member = Member(name, kind, size, stat.S_IMODE(header.mode), link, stored=stored)
    admitted = None if is_root else guard.admit(member)
    body = BodyStream(blocks, length, name, budget)
    if admitted is not None:
        yield Entry(admitted, partial(refuse_unless_file, admitted, body))
    body.finish(-length % header.alignment)


def _kind(mode: int) -> MemberKind:
    if stat.S_ISDIR(mode):
        return MemberKind.DIRECTORY
    if stat.S_ISLNK(mode):
        return MemberKind.SYMLINK
    return MemberKind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG) else MemberKind.OTHER


def _take(blocks: Exact, length: int) -> bytes:
    data = blocks.take(length)
    if len(data) < length:
        raise RefusedError("truncated", "it ends in the header of a cpio member")
    return data


def _listed(blocks: Exact, files: FileList) -> CpioHeader:
    """The header that a stripped one stands for: eight hexadecimal digits, and padding to four."""
    (number,) = _numbers(_take(blocks, 8), [8], 16)
    _take(blocks, 2)
    headers = files()
    if number >= len(headers):
        raise RefusedError("header", f"it has no file number {number:,}")
    return headers[number]


def _next_header(blocks: Exact, files: FileList) -> CpioHeader:
    magic = _take(blocks, 6)
    if magic == _STRIPPED:
        return _listed(blocks, files)
    if magic in (_NEWC, _CRC):
        fields = _numbers(_take(blocks, _NEWC_BYTES - 6), [8] * 13, 16)
        inode, mode, links, size = fields[0], fields[1], fields[4], fields[6]
        device, name_bytes, alignment = fields[7:9], fields[11], 4
        read = _NEWC_BYTES
    elif magic == _ODC:
        fields = _numbers(_take(blocks, _ODC_BYTES - 6), [6] * 7 + [11, 6, 11], 8)
        inode, mode, links, size = fields[1], fields[2], fields[5], fields[9]
        device, name_bytes, alignment = fields[:1], fields[8], 1
        read = _ODC_BYTES
    elif magic[:2] in _BINARY:
        rest = magic + _take(blocks, _BINARY_BYTES - 6)
        # The two halves of a long number stand most significant first, in either byte order.
        words = struct.unpack(f"{_BINARY[magic[:2]]}13H", rest)
        inode, mode, links, size = words[2], words[3], words[6], words[11] << 16 | words[12]
        device, name_bytes, alignment = list(words[1:2]), words[10], 2
        read = _BINARY_BYTES
    else:
        raise RefusedError("header", "a cpio header is malformed")
    if not 0 < name_bytes <= _NAME_BYTES:
        raise RefusedError("header", f"a cpio name claims {name_bytes:,} bytes")
    name = _take(blocks, name_bytes).rstrip(b"\0").decode("utf-8", "surrogateescape")
    _take(blocks, -(read + name_bytes) % alignment)
    # odc and bin keep the bytes with each name; newc's archivers leave them out of the earlier ones
    linked = links > 1 and alignment == 4
    return CpioHeader(name, mode, size, (inode, *device) if linked else (), alignment)


def _numbers(data: bytes, widths: list[int], base: int) -> list[int]:
    numbers, at = [], 0
    for width in widths:
        digits = data[at : at + width]
        if not _is_number(digits, base):
            raise RefusedError("header", "a cpio header is malformed")
        numbers.append(int(digits, base))
        at += width
    return numbers
