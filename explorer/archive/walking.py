"""Walks an archive: each member as soon as its header is there, and its bytes forwards."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath, PureWindowsPath

from explorer.archive.codecs import Codec
from explorer.archive.cpios import walk_cpio
from explorer.archive.debs import walk_deb
from explorer.archive.formats import detect
from explorer.archive.guard import Guard
from explorer.archive.models import (
    ArchiveListing,
    Entry,
    Format,
    Limits,
    Member,
    MemberKind,
    MemberStream,
    Refusal,
    RefusedError,
    Walk,
)
from explorer.archive.rpms import walk_rpm
from explorer.archive.sevenzip import walk_seven
from explorer.archive.streams import BodyStream, Budget, SourceStream, UnpackedStream
from explorer.archive.tarfiles import refuse_unless_file, walk_tar
from explorer.archive.zipfiles import walk_zip
from explorer.bytesource import ByteSource, OutOfReachError
from explorer.facts import Unknown
from explorer.progress import Cancellation

_CHUNK = 256 << 10


def walk(
    source: ByteSource,
    name: str,
    limits: Limits | None = None,
    cancel: Cancellation | None = None,
    *,
    prefix: bool = False,
    whole: bool = False,
) -> Walk:
    """The members in the order of their bytes, each as soon as its header is there.

    A refused member is yielded with ``refused`` set, and its ``open`` raises; the walk goes on
    behind it. Read an entry before the walk goes on: its bytes are skipped then. No byte of the
    source is read before it is needed.

    Args:
        name: the file's own name; it names the only member of a raw file, and see ``detect``.
        prefix: for a peek. A zip is read from its front as far as that goes, instead of by the
            directory at its end; the mode of its members is 0 then. Any other format is walked the
            same way.
        whole: the walk goes to its end, and nothing is used of an archive that turns out damaged.
            This may be faster.

    Raises:
        RefusedError: (while walking) the archive itself is damaged, cut, too large, or packed in a
            way that is not read here. Nothing can follow.
        OutOfReachError: (while walking) the source ends before the archive does (a peek); the
            members until then are valid.
        SourceError, OperationCancelledError: reading failed, or was cancelled.
    """
    limits = limits or Limits()
    form = detect(source, name, cancel)
    return _walk_as(form, source, name, Budget(limits, cancel, whole=whole), prefix)


def _walk_as(form: Format, source: ByteSource, name: str, budget: Budget, prefix: bool) -> Walk:
    stored: set[str] = set()
    for entry in _members(form, source, name, budget, prefix):
        repeated = entry.member.stored in stored
        if entry.member.stored:
            stored.add(entry.member.stored)
        yield replace(entry, member=replace(entry.member, packing=form, repeated=repeated))


def _members(form: Format, source: ByteSource, name: str, budget: Budget, prefix: bool) -> Walk:
    limits = budget.limits
    if not form.is_read:
        raise RefusedError("method", f"it is packed as {form}, which is not read here")
    if form.is_single:
        return _single(source, name, form.compression, budget)
    if form.compression:
        codec = Codec(form.compression, whole=budget.whole)
        packed = UnpackedStream(SourceStream(source), codec, budget)
        return walk_tar(packed, Guard(limits), budget, sealed=True)
    match form:
        case Format.ZIP:
            return walk_zip(source, Guard(limits), budget, prefix=prefix)
        case Format.DEB:
            return walk_deb(source, budget)
        case Format.TAR:
            return walk_tar(SourceStream(source), Guard(limits), budget)
        case Format.RPM:
            return walk_rpm(source, budget)
        case Format.SEVEN_ZIP:
            return walk_seven(source, Guard(limits), budget)
        case Format.CPIO:
            return walk_cpio(SourceStream(source), Guard(limits), budget)
        case _:
            return _raw(source, name, budget)


def _short_name(name: str) -> str:
    short = PurePosixPath(PureWindowsPath(name).as_posix()).name
    return short if short not in ("", ".", "..") else "file"


def _single(source: ByteSource, name: str, kind: str, budget: Budget) -> Iterator[Entry]:
    """What a compressed file holds, as its only member, named without the compressor's ending."""
    short = _short_name(name)
    if short.lower().endswith(f".{kind}") and len(short) > len(kind) + 1:
        short = short[: -len(kind) - 1]
    size = Unknown("a compressed file does not say how long it is")
    member = Member(short, MemberKind.FILE, size, 0)
    budget.member = member.name
    packed = UnpackedStream(SourceStream(source), Codec(kind), budget, member.name)
    body = _Capped(packed, budget.limits.member_bytes, member.name)
    yield Entry(member, partial(refuse_unless_file, member, body))


def _raw(source: ByteSource, name: str, budget: Budget) -> Iterator[Entry]:
    """The file itself as its only member."""
    size, short = source.size, _short_name(name)
    member = Member(short, MemberKind.FILE, size, 0)
    body: MemberStream = (
        SourceStream(source)
        if isinstance(size, Unknown)
        else BodyStream(SourceStream(source), size, member.name, budget)
    )
    yield Entry(member, partial(refuse_unless_file, member, body))


class _Capped:
    """A stream of unknown length, up to the limit for a member."""

    def __init__(self, below: MemberStream, limit: int, member: str) -> None:
        self._below = below
        self._limit = limit
        self._left = limit
        self._member = member

    def read(self, limit: int) -> bytes:
        """See ``MemberStream.read``."""
        data = self._below.read(limit)
        self._left -= len(data)
        if self._left < 0:
            raise RefusedError(
                "size", f"it unpacks to more than the limit of {self._limit:,} bytes", self._member
            )
        return data


def listing(
    source: ByteSource,
    name: str,
    limits: Limits | None = None,
    cancel: Cancellation | None = None,
    *,
    prefix: bool = False,
) -> ArchiveListing:
    """All members that can be read, and what stopped the reading.

    A damaged archive is not an error: ``problem`` says what is wrong, and the members before it are
    listed. A source that ends before the archive does is reported the same way, by the rule
    ``prefix``: such a list must not look complete.

    Raises:
        OutOfReachError: not even the first bytes are here.
        SourceError, OperationCancelledError: reading failed, or was cancelled.
    """
    form = detect(source, name, cancel)
    budget = Budget(limits or Limits(), cancel)
    members: list[Member] = []
    try:
        for entry in _walk_as(form, source, name, budget, prefix):
            members.append(entry.member)  # noqa: PERF401 - what came before an error is kept
    except RefusedError as error:
        text = f"{error.member}: {error.refusal.text}" if error.member else error.refusal.text
        return ArchiveListing(form, tuple(members), Refusal(error.refusal.rule, text))
    except OutOfReachError as error:
        return ArchiveListing(form, tuple(members), Refusal("prefix", error.why))
    return ArchiveListing(form, tuple(members))


def chunks(stream: MemberStream) -> Iterator[bytes]:
    """The rest of a member in pieces of at most 256 KiB. Raises as ``MemberStream.read``."""
    while data := stream.read(_CHUNK):
        yield data
