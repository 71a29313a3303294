"""zip, read in two ways that give the same answer for a well-formed file.

By its central directory (the default): the whole file must agree with itself, and members that do
not are refused. From the front (``prefix=True``, for a peek): local headers one after the other, as
long as they say where the next one is, because the first 16 KiB usually hold the small members and
the head of the binary; then by the directory.
"""

import stat
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial

from explorer.archive import zipheaders as zh
from explorer.archive.codecs import Codec
from explorer.archive.guard import Guard, clean
from explorer.archive.models import Entry, Member, MemberKind, MemberStream, Refusal, RefusedError
from explorer.archive.streams import Budget, CheckedStream, SourceStream, UnpackedStream
from explorer.archive.tarfiles import refuse_unless_file
from explorer.bytesource import ByteSource, OutOfReachError
from explorer.facts import Unknown

_TAIL = 16 << 10
"""Bytes read first at the end: the end record and, for a few hundred members, the directory."""
_DIRECTORY_BYTES_PER_MEMBER = 512
_COMMENT = 0xFFFF
_LINK_BYTES = 4096
"""PATH_MAX on Linux: no link's target is longer."""
_JUMPS = 2
_FAR = 64 << 10
"""Skipping more bytes than this costs a peek a request; after two the directory is cheaper."""
_CODECS = {8: "deflate", 12: "bz2", 93: "zst"}
_STORED = 0


@dataclass(frozen=True, slots=True)
class _Located:
    """A central header, and where its data are."""

    header: zh.ZipHeader
    local: zh.ZipHeader | None
    """None if the local header was not read yet, or cannot be."""
    refused: Refusal | None


def walk_zip(source: ByteSource, guard: Guard, budget: Budget, *, prefix: bool) -> Iterator[Entry]:
    """Entries in the order of their bytes.

    Raises:
        RefusedError: the archive itself is broken.
        OutOfReachError: a peek's source ends before the answer.
    """
    resume_at = 0
    if prefix:
        resume_at = yield from _from_front(source, guard, budget)
        if resume_at < 0:
            return
    directory, tail = _directory(source)
    located = _read_directory(source, directory, tail, budget)
    if not prefix:
        located = _agree(source, located, directory.offset, budget)
    copies: set[tuple[str, int, int]] = set()
    for one in located:
        header = one.header
        same = (header.name, header.crc, header.size)
        if same in copies and one.refused is None:
            continue  # the same file twice
        copies.add(same)
        if header.offset >= resume_at:
            yield from _entry(source, one, guard, budget)


def _from_front(source: ByteSource, guard: Guard, budget: Budget) -> Generator[Entry, None, int]:
    """Entries by their local headers.

    A local header has no mode and does not tell a link from a file: ``mode`` is 0, and a small
    stored member, which is how zip keeps a link, is left to the directory.

    Returns:
        The offset from which the directory is needed; -1 if all members were read.
    """
    at, jumps = 0, 0
    if source.read_at(0, 4) in zh.SPANNING:
        at = 4
    while True:
        mark = source.read_at(at, 4)
        if mark == zh.CENTRAL or (mark == zh.END and at == 0):
            return -1
        if mark != zh.LOCAL:
            return at
        header = _local(source, at)
        may_be_link = (
            header.method == _STORED
            and 0 < header.size <= _LINK_BYTES
            and not header.name.endswith("/")
        )
        if header.described or may_be_link or "\\" in header.name:
            return at
        yield from _entry(source, _Located(header, header, None), guard, budget)
        at += header.length + header.packed
        jumps += header.packed > _FAR
        if jumps > _JUMPS:
            return at


def _local(source: ByteSource, at: int) -> zh.ZipHeader:
    fixed = source.read_at(at, zh.LOCAL_BYTES)
    return zh.parse_local(
        source.read_at(at, zh.local_size(fixed)) if len(fixed) == zh.LOCAL_BYTES else fixed, at
    )


def _directory(source: ByteSource) -> tuple[zh.Directory, tuple[int, bytes]]:
    """Where the directory is, and the file's tail with its offset, to read it only once."""
    size = source.size
    if isinstance(size, Unknown):
        raise OutOfReachError(0, f"a zip is read from its end, and {size.why}")
    start = max(0, size - _TAIL)
    tail = source.read_at(start, size - start)
    if zh.END not in tail and start:
        start = max(0, size - zh.END_BYTES - zh.LOCATOR_BYTES - _COMMENT)
        tail = source.read_at(start, size - start)
    directory, wide = zh.parse_end(tail, size)
    if wide is not None:
        directory = _wide_directory(source, directory, wide)
    return directory, (start, tail)


def _wide_directory(
    source: ByteSource, narrow: zh.Directory, wide: tuple[int, int]
) -> zh.Directory:
    """The zip64 directory; bytes before the archive move its end record away from its offset."""
    place, end = wide
    record = source.read_at(place, zh.END64_BYTES)
    shift = max(0, end - zh.END64_BYTES - place)
    if record.startswith(zh.END64) or not shift:
        return zh.parse_end64(record, wide, narrow)
    record = source.read_at(place + shift, zh.END64_BYTES)
    directory = zh.parse_end64(record, (place, end - shift), narrow)
    return replace(directory, offset=directory.offset + shift, shift=shift)


def has_directory(source: ByteSource) -> bool:
    """Whether the file ends as a zip does, whatever it begins with.

    Raises:
        OutOfReachError: the end is not here.
    """
    try:
        directory, _ = _directory(source)
    except RefusedError:
        return False
    mark = source.read_at(directory.offset, 4)
    return mark == zh.CENTRAL or (mark == zh.END and not directory.entries)


def _read_directory(
    source: ByteSource,
    directory: zh.Directory,
    tail: tuple[int, bytes],
    budget: Budget,
) -> list[_Located]:
    """Every entry of the central directory, by the offset of its local header."""
    most = budget.limits.members
    if directory.entries > most or directory.size > most * _DIRECTORY_BYTES_PER_MEMBER:
        raise RefusedError(
            "count",
            f"its directory claims {directory.entries:,} members in {directory.size:,} bytes",
        )
    start, held = tail
    if directory.offset >= start:
        data = held[directory.offset - start : directory.offset - start + directory.size]
    else:
        data = source.read_at(directory.offset, directory.size)
    located: list[_Located] = []
    at = 0
    while at < len(data):
        budget.check()
        header = zh.parse_central(data, at)
        at += header.length
        header = replace(header, offset=header.offset + directory.shift)
        located.append(_Located(header, None, None))
    if len(located) != directory.entries or len(data) < directory.size:
        raise RefusedError(
            "header",
            f"its directory claims {directory.entries:,} members and holds {len(located):,}",
        )
    return sorted(located, key=lambda one: one.header.offset)


def _agree(
    source: ByteSource, located: list[_Located], directory_at: int, budget: Budget
) -> list[_Located]:
    """Compare every central header with its local one: no overlap, nothing hidden."""
    if source.read_at(0, 4) == zh.LOCAL and not (located and located[0].header.offset == 0):
        raise RefusedError("header", "its first member is not in its directory")
    checked: list[_Located] = []
    for index, one in enumerate(located):
        budget.check()
        following = located[index + 1].header.offset if index + 1 < len(located) else directory_at
        checked.append(_compare(source, one, following))
    return checked


def _compare(source: ByteSource, one: _Located, following: int) -> _Located:
    """The entry with its local header, refused if they differ or its data reach into the next."""
    central = one.header
    try:
        local = _local(source, central.offset)
    except RefusedError as error:
        return replace(one, refused=error.refusal)
    if (lie := _difference(central, local)) is not None:
        return replace(one, local=local, refused=Refusal("header", lie))
    end = central.offset + local.length + central.packed
    if end > following:
        return replace(one, refused=Refusal("header", "its data overlap what follows"))
    if central.described:
        length = zh.descriptor_length(source.read_at(end, min(24, following - end)), central)
        if not length and following > end:
            return replace(
                one,
                refused=Refusal(
                    "header", "the sizes behind its data are not those of the directory"
                ),
            )
        end += length
    if following - end >= zh.LOCAL_BYTES and source.read_at(end, 4) == zh.LOCAL:
        raise RefusedError("header", f"a member behind {central.name} is not in its directory")
    return replace(one, local=local)


def _difference(central: zh.ZipHeader, local: zh.ZipHeader) -> str | None:
    """How the local header differs from the directory, in words; None if it does not."""
    if local.raw_name != central.raw_name:
        return f"its local header calls it {local.name}"
    if (local.method, local.encrypted) != (central.method, central.encrypted):
        return "its local header names another method"
    pairs = ((local.crc, central.crc), (local.packed, central.packed), (local.size, central.size))
    if any(here != there and not (local.described and here == 0) for here, there in pairs):
        return "its local header has other sizes or another checksum than the directory"
    return None


def _entry(source: ByteSource, one: _Located, guard: Guard, budget: Budget) -> Iterator[Entry]:
    header = one.header
    stored = header.name.replace("\\", "/") if header.has_backslashes else header.name
    name = clean(stored)
    mode = header.external >> 16 if header.is_unix else 0
    if stored.endswith("/") or stat.S_ISDIR(mode):
        kind = MemberKind.DIRECTORY
    elif stat.S_ISLNK(mode):
        kind = MemberKind.SYMLINK
    else:
        kind = MemberKind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG) else MemberKind.OTHER
    refused = one.refused or _unreadable(header, budget)
    link = ""
    budget.member = name
    if kind is MemberKind.SYMLINK and refused is None:
        link, refused = _target(source, one, budget, name)
    if kind is MemberKind.DIRECTORY and header.size and refused is None:
        refused = Refusal("header", "its header gives a folder a body")
    size = header.size if kind is MemberKind.FILE else 0
    # A refused one keeps the local header's name, by which a peek knows it.
    called = one.local.name if one.refused and one.local else header.name
    member = guard.admit(Member(name, kind, size, stat.S_IMODE(mode), link, refused, stored=called))
    if member is not None:
        yield Entry(member, partial(_open, source, one, member, budget))


def _unreadable(header: zh.ZipHeader, budget: Budget) -> Refusal | None:
    if header.encrypted:
        return Refusal("encrypted", "it is encrypted")
    if header.method != _STORED and header.method not in _CODECS:
        return Refusal(
            "method", f"it is packed with method {header.method}, which is not read here"
        )
    if header.method == _STORED and header.packed != header.size:
        return Refusal("header", "it is stored uncompressed, but claims two sizes")
    if header.size > 16 << 20 and header.size > budget.limits.ratio * max(1, header.packed):
        return Refusal(
            "ratio", f"it claims to unpack to more than {budget.limits.ratio} times its size"
        )
    return None


def _target(
    source: ByteSource, one: _Located, budget: Budget, name: str
) -> tuple[str, Refusal | None]:
    """Where a symbolic link points to: the target is the member's data."""
    if one.header.size > _LINK_BYTES:
        return "", Refusal("link-outside", f"its target claims {one.header.size:,} bytes")
    stream = _body(source, one, name, budget)
    data = b""
    try:
        while part := stream.read(_LINK_BYTES):
            data += part
    except RefusedError as error:
        return "", error.refusal
    return data.decode("utf-8", "surrogateescape"), None


def _open(source: ByteSource, one: _Located, member: Member, budget: Budget) -> MemberStream:
    if member.refused is not None or member.kind is not MemberKind.FILE:
        return refuse_unless_file(member, SourceStream(source, 0, 0))
    return _body(source, one, member.name, budget)


def _body(source: ByteSource, one: _Located, name: str, budget: Budget) -> MemberStream:
    local = one.local
    if local is None:  # a peek by the directory reads only the local headers that it needs
        try:
            local = _local(source, one.header.offset)
        except RefusedError as error:
            raise RefusedError(error.refusal.rule, error.refusal.text, name) from None
        if (lie := _difference(one.header, local)) is not None:
            raise RefusedError("header", lie, name)
    header = one.header
    packed = SourceStream(source, header.offset + local.length, header.packed)
    budget.member = name
    if header.method == _STORED:
        return CheckedStream(packed, header.size, header.crc, name, budget)
    codec = Codec(_CODECS[header.method], single=True)
    return CheckedStream(
        UnpackedStream(packed, codec, budget, name), header.size, header.crc, name, budget
    )
