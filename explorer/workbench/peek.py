"""A verdict before the download: the program's head, from the first bytes on the server."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.archive import Member, MemberKind
from explorer.bytesource import ByteSource, OutOfReachError, StreamSource
from explorer.compat import Answer, Target
from explorer.elf import Binary, FileFormat, Scope
from explorer.errors import NotFoundError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation
from explorer.workbench.models import FileFacts, Inspection, Subject
from explorer.workbench.program_in_archive import (
    expected_names,
    is_program,
    is_raw,
    needs_head,
    refuse_member,
    size_of,
)
from explorer.workbench.verdicts import verdicts_of

if TYPE_CHECKING:
    from explorer.fetch import RemoteSource
    from explorer.workbench.resources import Resources

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
    why = Unknown("needs the download")
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
        verdicts=verdicts_of(binary, targets),
        traffic=remote.traffic,
    )


def read_beginning(
    source: ByteSource, subject: Subject, targets: Sequence[Target], cancel: Cancellation
) -> tuple[Fact[Member], str, Binary]:
    """The program's member, its name, and the facts that the beginning of the asset gives.

    Raises:
        NotFoundError: no member is the program, or none has the name asked for.
        FormatError: what has arrived is damaged.
    """
    from explorer.archive import walk

    assert subject.asset is not None
    asset = subject.asset
    try:
        if is_raw(source, asset.name):
            refuse_member(subject, asset.name)
            return (
                NotApplicable("not an archive"),
                asset.name,
                _read(source, asset.name, targets, cancel, whole_reach=True),
            )
        for entry in walk(source, asset.name, cancel=cancel, prefix=True):
            if entry.member.kind is not MemberKind.FILE or entry.member.refused is not None:
                continue
            stream = StreamSource(entry.open().read, size_of(entry.member))
            head = stream.read_at(0, 4) if needs_head(subject) else None
            if is_program(entry, subject, head):
                name = posixpath.basename(entry.member.name)
                return entry.member, name, _read(stream, name, targets, cancel, whole_reach=False)
    except OutOfReachError as error:
        return Unknown(error.why, error.needs), asset.name, unseen(asset.name, error)
    what = subject.member or " or ".join(expected_names(subject)) or "program"
    raise NotFoundError(f"{asset.name} holds no {what}", remedy="Name a member: FILE#MEMBER")


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
    if all(v.answer is not Answer.UNKNOWN for v in verdicts_of(binary, targets)):
        return binary
    deepest = _dynamic_end(binary)
    if deepest is None or (not whole_reach and deepest > DEEPER):
        return binary
    return read(source, name, Scope.LINKAGE, cancel)


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
