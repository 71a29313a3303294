"""A verdict before the download: the program's head, from the first bytes on the server."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from explorer.archive import (
    ArchiveListing,
    Entry,
    Format,
    Member,
    Refusal,
    RefusedError,
    chunks,
    walk,
)
from explorer.bytesource import ByteSource, BytesSource, OutOfReachError, StreamSource
from explorer.compat import Answer, Target
from explorer.elf import Binary, FileFormat, Scope
from explorer.errors import IntegrityError, SourceError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation
from explorer.workbench.layers import Layer, layer_of
from explorer.workbench.models import FileFacts, Inspection, Subject
from explorer.workbench.program_choice import HEAD_BYTES
from explorer.workbench.program_in_archive import (
    ANDROID_APP,
    ProgramFound,
    UndecidedProgramError,
    conclude,
    inner_of_single,
    opening_inner,
    refuse_member,
    refuse_other_content,
    seen_by,
    size_of,
    undecided_binary,
)
from explorer.workbench.verdicts import verdicts_of, wanted_arch

if TYPE_CHECKING:
    from explorer.fetch import RemoteSource
    from explorer.workbench.resources import Resources

TABLE_WINDOW = 32 << 10
"""Bytes of each request for tables, notes and Go's build info: they lie in a few places."""
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
    resources: Resources, subject: Subject, targets: Sequence[Target], *, more: bool = False
) -> Inspection:
    """Judge an asset on the server by its first bytes.

    ``more``: also ask for what no verdict needs, but a few bytes tell.

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
            seen = read_beginning(remote, subject, targets, cancel)
            if more:
                seen = _with_tables(seen, remote, cancel)
            return _inspection(seen, remote, subject, targets)

    try:
        await remote.prefetch()
        return await resources.run(work, stop=remote.close)
    finally:
        remote.close()


def _with_tables(seen: PeekedProgram, remote: RemoteSource, cancel: Cancellation) -> PeekedProgram:
    """With section headers, notes and Go's build info, of a program that is not in an archive."""
    from explorer.elf import with_tables

    if not isinstance(seen.member, NotApplicable) or seen.inside:
        return seen
    remote.ask_for(TABLE_WINDOW)
    try:
        return replace(seen, binary=with_tables(seen.binary, remote, cancel))
    except (SourceError, IntegrityError):  # costs no verdict
        return seen


def _inspection(
    seen: PeekedProgram, remote: RemoteSource, subject: Subject, targets: Sequence[Target]
) -> Inspection:
    why = Unknown("needs the download")
    binary, member = seen.binary, seen.member
    return Inspection(
        subject=subject,
        file=FileFacts(seen.name, binary.size if isinstance(member, MISSING) else member.size, why),
        path=None,
        asset_path=None,
        check=why,
        asset_sha256=why,
        listing=why,
        member=member,
        binary=binary,
        verdicts=verdicts_of(binary, targets, wanted=wanted_arch(subject, binary)),
        traffic=remote.traffic,
        others=seen.others,
        inside=seen.inside,
    )


@dataclass(frozen=True, slots=True)
class PeekedProgram:
    """A program as far as the first bytes of its file reach."""

    name: str
    member: Fact[Member]
    binary: Binary
    others: tuple[str, ...] = ()
    """Other programs among the members that were seen."""
    inside: tuple[str, ...] = ()
    """The archives in the file that it is in."""


def read_beginning(
    source: ByteSource, subject: Subject, targets: Sequence[Target], cancel: Cancellation
) -> PeekedProgram:
    """The program's member, its name, and its facts, as far as ``source`` reaches.

    Never another answer than the whole file gives: what only later bytes could decide is unknown.

    Raises:
        NotFoundError: no member is the program, or none has the name asked for.
        FormatError: what has arrived is damaged.
    """
    assert subject.asset is not None
    name = subject.asset.name
    try:
        return _read_layer(source, layer_of(subject, name), targets, cancel)
    except OutOfReachError as error:
        return PeekedProgram(name, Unknown(error.why, error.needs), unseen(name, error))
    except UndecidedProgramError as error:
        return PeekedProgram(name, Unknown(error.title), undecided_binary(name, error))


def _read_layer(
    source: ByteSource, layer: Layer, targets: Sequence[Target], cancel: Cancellation
) -> PeekedProgram:
    from explorer.archive import detect

    form = detect(source, layer.name, cancel)
    if form is Format.RAW:
        refuse_member(layer)
        binary = _read(source, layer.name, targets, cancel, whole_reach=len(layer.names) == 1)
        return PeekedProgram(layer.name, NotApplicable("not an archive"), binary)
    if form.is_single:
        return _read_single(source, layer, form, targets, cancel)
    return _read_member(source, layer, form, targets, cancel)


def _read_inner(
    stream: StreamSource, layer: Layer, targets: Sequence[Target], cancel: Cancellation
) -> PeekedProgram:
    """What is in an archive in an archive."""
    seen = _read_layer(stream, layer, targets, cancel)
    return replace(seen, inside=(layer.name, *seen.inside))


def _read_single(
    source: ByteSource, layer: Layer, form: Format, targets: Sequence[Target], cancel: Cancellation
) -> PeekedProgram:
    """The content of a compressed file."""
    from explorer.archive import unpacked_size

    entry = next(walk(source, layer.name, cancel=cancel))
    member = entry.member
    stream = StreamSource(entry.open().read, size_of(member))
    listing = ArchiveListing(form, (member,))
    inner = inner_of_single(layer, listing, _form_of(stream, member.name))
    if _is_small(source):
        # All of it is here at once; then its length is known. A larger content is not kept.
        with contextlib.suppress(OutOfReachError):
            stream.read_at(0, SMALL_UNPACKED)
    if inner is not None:
        return _read_inner(stream, inner, targets, cancel)
    binary = _read(stream, member.name, targets, cancel, whole_reach=False)
    size = stream.size
    if isinstance(size, Unknown):
        size = _credible_size(unpacked_size(source, form), binary)
    if isinstance(size, int):
        entry = next(walk(source, layer.name, cancel=cancel))
        stream = StreamSource(entry.open().read, size)
        binary = _read(stream, member.name, targets, cancel, whole_reach=False)
    return PeekedProgram(member.name, replace(member, size=size), binary)


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
    source: ByteSource, layer: Layer, form: Format, targets: Sequence[Target], cancel: Cancellation
) -> PeekedProgram:
    """The program of an archive."""
    chooser = layer.chooser()
    members: list[Member] = []
    problem: Refusal | None = None
    try:
        for entry in walk(source, layer.name, cancel=cancel, prefix=True):
            member = entry.member
            members.append(member)
            if not chooser.wants(member):
                continue
            stream = StreamSource(entry.open().read, size_of(member))
            members[-1] = seen_by(chooser, member, partial(stream.read_at, 0, HEAD_BYTES))
            decided = chooser.decided()
            if decided is not None and not _is_small(source):
                program = conclude(chooser, ArchiveListing(form, tuple(members)), layer)
                return _read_program(stream, program, layer, targets, cancel)
            if chooser.has_programs and not _may_walk_on(source, form, member):
                raise OutOfReachError(0, "only the whole archive shows which member is the program")
    except OutOfReachError:
        if chooser.decided() is None:
            raise
    except RefusedError as error:  # damaged from here on, or not read here
        problem = error.refusal
    program = conclude(chooser, ArchiveListing(form, tuple(members), problem), layer)
    if program is None:
        binary = _read(source, layer.name, targets, cancel, whole_reach=True)
        binary = replace(binary, detail=ANDROID_APP)
        return PeekedProgram(layer.name, NotApplicable(ANDROID_APP), binary)
    if _is_small(source):
        _check_member(_entry_at(source, layer, program.index, cancel))
    entry = _entry_at(source, layer, program.index, cancel)
    stream = StreamSource(entry.open().read, size_of(entry.member))
    return _read_program(stream, program, layer, targets, cancel)


def _entry_at(source: ByteSource, layer: Layer, index: int, cancel: Cancellation) -> Entry:
    return next(islice(walk(source, layer.name, cancel=cancel, prefix=True), index, None))


def _check_member(entry: Entry) -> None:
    """Read a member to its end, where its checksum is; as far as the file is here.

    Raises:
        RefusedError: it is damaged.
    """
    left = SMALL_UNPACKED
    with contextlib.suppress(OutOfReachError):
        for part in chunks(entry.open()):
            left -= len(part)
            if left < 0:
                break


def _read_program(
    stream: StreamSource,
    program: ProgramFound | None,
    layer: Layer,
    targets: Sequence[Target],
    cancel: Cancellation,
) -> PeekedProgram:
    """The facts of the member that was chosen, or of the program in it."""
    assert program is not None
    if program.inner is not None:
        with opening_inner(program):
            seen = _read_inner(stream, program.inner, targets, cancel)
        if seen.binary.format is FileFormat.DATA:
            refuse_other_content(program)
        return replace(seen, others=(*program.others, *seen.others))
    name = posixpath.basename(program.member.name)
    binary = _read(stream, name, targets, cancel, whole_reach=False)
    return PeekedProgram(name, program.member, binary, program.others)


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
