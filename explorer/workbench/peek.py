"""A verdict before the download: the program's head, from the first bytes on the server."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from explorer.archive import ArchiveListing, Format, Member, Refusal, RefusedError, walk
from explorer.bytesource import ByteSource, BytesSource, OutOfReachError, StreamSource
from explorer.compat import Answer, Target
from explorer.elf import Binary, FileFormat, Scope
from explorer.errors import NotFoundError
from explorer.facts import MISSING, NEEDS_FILE, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation
from explorer.workbench.models import FileFacts, Inspection, Subject
from explorer.workbench.program_choice import HEAD_BYTES, same_member
from explorer.workbench.program_in_archive import (
    ANDROID_APP,
    UndecidedProgramError,
    chooser_for,
    conclude,
    refuse_member,
    refuse_packed,
    seen_by,
    size_of,
    undecided_binary,
)
from explorer.workbench.verdicts import verdicts_of, wanted_arch

if TYPE_CHECKING:
    from explorer.fetch import RemoteSource
    from explorer.workbench.resources import Resources

SMALL = 64 << 10
"""Bytes: an asset up to this size is read whole."""
SMALL_UNPACKED = 8 << 20
WALKED_ON = 1 << 20
"""Bytes: up to this size an archive is walked to its end to choose among its members."""
NEARER = 512 << 10
"""As ``DEEPER``, where only the packages that would make it run are open."""
DEEPER = 3 << 20
"""How far into a compressed member a peek follows the dynamic section, in unpacked bytes.

At the usual ratio of Go's and Rust's programs, one third, that is the ceiling of 1 MiB packed. In
larger programs the section lies in the tail, and asking for more would not reach it.
"""


async def peek_asset(
    resources: Resources, subject: Subject, targets: Sequence[Target]
) -> Inspection:
    """Judge an asset on the server by its first bytes.

    Raises:
        SourceError: the server does not answer, or does not have this file.
        FormatError: what has arrived is damaged.
    """
    from explorer.fetch import open_remote

    assert subject.asset is not None
    remote = open_remote(
        await resources.client(),
        subject.asset,
        await resources.token(),
        ceiling=resources.settings.peek_ceiling,
        waiting=resources.peeking.let_go,
    )

    def work(cancel: Cancellation) -> Inspection:
        with resources.peeking:
            cancel.check()
            return _peek(remote, subject, targets, cancel)

    try:
        await remote.prefetch()
        return await resources.run(work, stop=remote.close)
    finally:
        remote.close()


def _peek(
    remote: RemoteSource, subject: Subject, targets: Sequence[Target], cancel: Cancellation
) -> Inspection:
    member, name, binary = read_beginning(remote, subject, targets, cancel)
    why = Unknown(NEEDS_FILE)
    size = binary.size if isinstance(member, MISSING) else member.size
    return Inspection(
        subject=subject,
        file=FileFacts(name, size, why),
        path=None,
        asset_path=None,
        check=why,
        asset_sha256=why,
        listing=why,
        member=member,
        binary=binary,
        verdicts=verdicts_of(binary, targets, wanted=wanted_arch(subject, binary)),
        traffic=remote.traffic,
    )


def read_beginning(
    source: ByteSource, subject: Subject, targets: Sequence[Target], cancel: Cancellation
) -> tuple[Fact[Member], str, Binary]:
    """The program's member, its name, and its facts, as far as ``source`` reaches.

    Never another answer than the whole file gives: what only later bytes could decide is unknown.

    Raises:
        NotFoundError: no member is the program, or none has the name asked for.
        FormatError: what has arrived is damaged.
    """
    from explorer.archive import detect

    assert subject.asset is not None
    name = subject.asset.name
    try:
        form = detect(source, name, cancel)
        if form is Format.RAW:
            refuse_member(subject, name)
            binary = _read(source, name, targets, cancel, whole_reach=True)
            return NotApplicable("not an archive"), name, binary
        if form.is_single:
            return _read_single(source, subject, form, targets, cancel)
        return _read_member(source, subject, form, targets, cancel)
    except OutOfReachError as error:
        return Unknown(error.why, error.needs), name, unseen(name, error)
    except UndecidedProgramError as error:
        return Unknown(error.title), name, undecided_binary(name, error)


def _read_single(
    source: ByteSource,
    subject: Subject,
    form: Format,
    targets: Sequence[Target],
    cancel: Cancellation,
) -> tuple[Fact[Member], str, Binary]:
    """The content of a compressed file."""
    from explorer.archive import unpacked_size

    assert subject.asset is not None
    name = subject.asset.name
    entry = next(walk(source, name, cancel=cancel))
    member = entry.member
    if subject.member and not same_member(member.name, subject.member):
        raise NotFoundError(
            f"{name} has no member {subject.member}",
            f"it holds {member.name}",
            f"Name a member: {name}#{member.name}",
        )
    stream = StreamSource(entry.open().read, size_of(member))
    refuse_packed(_form_of(stream, member.name), ArchiveListing(form, (member,)))
    if _is_small(source):
        # All of it is here at once; then its length is known. A larger content is not kept.
        with contextlib.suppress(OutOfReachError):
            stream.read_at(0, SMALL_UNPACKED)
    binary = _read(stream, member.name, targets, cancel, whole_reach=False)
    size = stream.size
    if isinstance(size, Unknown):
        size = _credible_size(unpacked_size(source, form), binary)
    if isinstance(size, int):
        entry = next(walk(source, name, cancel=cancel))
        stream = StreamSource(entry.open().read, size)
        binary = _read(stream, member.name, targets, cancel, whole_reach=False)
    return replace(member, size=size), member.name, binary


def _credible_size(size: Fact[int], binary: Binary) -> int | Unknown:
    """What the compressed file says of its length, unless the program needs more than that.

    A file of several streams has only the last one's length: nothing may look cut because of that.
    """
    if isinstance(size, int) and size >= _segments_end(binary):
        return size
    return Unknown("the compressed file does not say how long it is unpacked")


def _form_of(stream: StreamSource, name: str) -> Format:
    from explorer.archive import detect

    head = stream.read_some(0, 1) and stream.read_at(0, HEAD_BYTES)
    return detect(BytesSource(head), name)


def _read_member(
    source: ByteSource,
    subject: Subject,
    form: Format,
    targets: Sequence[Target],
    cancel: Cancellation,
) -> tuple[Fact[Member], str, Binary]:
    """The program of an archive."""
    assert subject.asset is not None
    name = subject.asset.name
    chooser = chooser_for(subject, name)
    members: list[Member] = []
    problem: Refusal | None = None
    try:
        for entry in walk(source, name, cancel=cancel, prefix=True):
            member = entry.member
            members.append(member)
            if not chooser.wants(member):
                continue
            stream = StreamSource(entry.open().read, size_of(member))
            members[-1] = seen_by(chooser, member, partial(stream.read_at, 0, HEAD_BYTES))
            decided = chooser.decided()
            if decided is not None and not _is_small(source):
                conclude(chooser, ArchiveListing(form, tuple(members)), subject, name)
                return member, *_facts(stream, member, targets, cancel)
            if chooser.has_programs and not _may_walk_on(source, form, member):
                raise OutOfReachError(0, "only the whole archive shows which member is the program")
    except OutOfReachError:
        if chooser.decided() is None:
            raise
    except RefusedError as error:  # damaged from here on, or not read here
        problem = error.refusal
    program = conclude(chooser, ArchiveListing(form, tuple(members), problem), subject, name)
    if program is None:
        binary = _read(source, name, targets, cancel, whole_reach=True)
        return NotApplicable(ANDROID_APP), name, replace(binary, detail=ANDROID_APP)
    entry = next(islice(walk(source, name, cancel=cancel, prefix=True), program.index, None))
    stream = StreamSource(entry.open().read, size_of(entry.member))
    return entry.member, *_facts(stream, entry.member, targets, cancel)


def _facts(
    stream: StreamSource, member: Member, targets: Sequence[Target], cancel: Cancellation
) -> tuple[str, Binary]:
    name = posixpath.basename(member.name)
    return name, _read(stream, name, targets, cancel, whole_reach=False)


def _is_small(source: ByteSource) -> bool:
    """Whether all of the file is read: it costs hardly more than its beginning."""
    return isinstance(source.size, int) and source.size <= SMALL


def _may_walk_on(source: ByteSource, form: Format, member: Member) -> bool:
    """Whether it is worth going on behind a member that does not decide.

    A zip lists its members, and those of a plain tar are skipped unread. Behind a member of
    anything else there is more within a peek's ceiling only if the member is not too large.
    """
    if form in (Format.ZIP, Format.TAR):
        return True
    is_short = isinstance(source.size, int) and source.size <= WALKED_ON
    return is_short or not isinstance(member.size, int) or member.size <= WALKED_ON


def _read(
    source: ByteSource,
    name: str,
    targets: Sequence[Target],
    cancel: Cancellation,
    *,
    whole_reach: bool,
) -> Binary:
    """The program's head; also what a loader reads, if a verdict needs it and it can be reached."""
    from explorer.elf import read

    binary = read(source, name, Scope.HEAD, cancel)
    verdicts = [v for v in verdicts_of(binary, targets) if v.answer is Answer.UNKNOWN]
    if not verdicts:
        return binary
    deepest = _dynamic_end(binary)
    limit = NEARER if all(v.unaided is Answer.NO for v in verdicts) else DEEPER
    if deepest is None or (not whole_reach and deepest > limit):
        return binary
    return read(source, name, Scope.LINKAGE, cancel)


def _segments_end(binary: Binary) -> int:
    """Where the last loaded segment ends in the file; 0 if nothing says so."""
    if isinstance(binary.elf, MISSING) or isinstance(binary.elf.segments, MISSING):
        return 0
    return max((s.offset + s.filesz for s in binary.elf.segments), default=0)


def _dynamic_end(binary: Binary) -> int | None:
    """Where PT_DYNAMIC ends in the file; None if the file has none."""
    if isinstance(binary.elf, MISSING) or isinstance(binary.elf.segments, MISSING):
        return None
    return max(
        (s.offset + s.filesz for s in binary.elf.segments if s.type == "DYNAMIC"), default=None
    )


def unseen(name: str, error: OutOfReachError) -> Binary:
    """The facts of a program of which no byte was reached."""
    why = Unknown(error.why, error.needs)
    return Binary(name, why, FileFormat.UNSEEN, Scope.HEAD, error.why, why, why)
