"""Walking an archive: each member as soon as its header is there, and its bytes forwards."""

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath, PureWindowsPath

from explorer.archive.codecs import Codec
from explorer.archive.debs import walk_deb
from explorer.archive.formats import compression, detect
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
) -> Walk:
    """The members in the order in which they lie in the file, each as soon as its header is there.

    A refused member is yielded with ``refused`` set, and its ``open`` raises; what stands behind it is still walked. Read
    an entry before the walk goes on: its bytes are passed over then. No byte of the source is asked for that is not
    needed for what was asked so far.

    Args:
        name: the file's own name; it names the only member of a raw file, and see ``detect``.
        prefix: for a peek. A zip is read from its front as far as that goes, instead of by the directory at its end;
            the mode of its members is 0 then. Any other format is walked the same way.

    Raises (while it is walked):
        RefusedError: a FormatError for the archive itself: damaged, truncated, over a limit. Nothing can follow.
        OutOfReachError: the source ends before the archive does (a peek); what was yielded until then stands.
        SourceError, CancelledError: as ever.
    """
    limits = limits or Limits()
    return _walk_as(detect(source, name), source, name, limits, Budget(limits, cancel), prefix)


def _walk_as(
    form: Format, source: ByteSource, name: str, limits: Limits, budget: Budget, prefix: bool
) -> Walk:
    match form:
        case Format.RAW:
            return _raw(source, name, limits, budget)
        case Format.ZIP:
            return walk_zip(source, Guard(limits), budget, prefix=prefix)
        case Format.DEB:
            return walk_deb(source, budget)
        case Format.TAR:
            return walk_tar(SourceStream(source), Guard(limits), budget)
        case Format.TAR_GZ | Format.TAR_XZ | Format.TAR_BZ2 | Format.TAR_ZST:
            stream = UnpackedStream(
                SourceStream(source), Codec(form.value.removeprefix("tar.")), budget
            )
            return walk_tar(stream, Guard(limits), budget, sealed=True)


def _raw(source: ByteSource, name: str, limits: Limits, budget: Budget) -> Iterator[Entry]:
    """The file itself as its only member, or what a plain compressor holds."""
    short = PurePosixPath(PureWindowsPath(name).as_posix()).name or "file"
    kind = compression(source)
    if kind:
        short = (
            short[: -len(kind) - 1]
            if short.lower().endswith(f".{kind}") and len(short) > len(kind) + 1
            else short
        )
        member = Guard(limits).admit(
            Member(
                short, MemberKind.FILE, Unknown("a compressed file does not say how long it is"), 0
            )
        )
        budget.member = member.name
        packed = UnpackedStream(SourceStream(source), Codec(kind), budget, member.name)
        yield Entry(
            member,
            partial(refuse_unless_file, member, _Capped(packed, limits.member_bytes, member.name)),
        )
        return
    size = source.size
    member = Guard(limits).admit(Member(short, MemberKind.FILE, size, 0))
    body: MemberStream = (
        SourceStream(source)
        if isinstance(size, Unknown)
        else BodyStream(SourceStream(source), size, member.name, budget)
    )
    yield Entry(member, partial(refuse_unless_file, member, body))


class _Capped:
    """A stream whose length nobody told beforehand, up to the limit for a member."""

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

    A damaged archive gives ``problem`` and the members before it, no error. So does a source that ends before the archive
    (``prefix`` as the problem's rule): nothing is wrong with such an archive, but a list of it must not look complete.

    Raises:
        OutOfReachError: only where not even the first bytes are here.
        SourceError, CancelledError: as ever.
    """
    limits = limits or Limits()
    form = detect(source, name)
    members: list[Member] = []
    try:
        for entry in _walk_as(form, source, name, limits, Budget(limits, cancel), prefix):
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
