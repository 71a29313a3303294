"""Which member of an asset is the program, and how its bytes get to a parser.

One rule serves peeks and whole files, so that both look at the same member: RoadRunner's assets are searched for their
program's name; of anything else the first member, in the archive's order, that begins like a program is taken.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from explorer.archive import Entry, Format, Member, MemberKind, MemberStream
from explorer.bytesource import ByteSource, FileSource
from explorer.errors import FormatError, NotFoundError
from explorer.facts import Unknown
from explorer.fetch import Blob
from explorer.progress import Cancellation
from explorer.releases import AssetKind
from explorer.workbench.models import Subject

if TYPE_CHECKING:
    from explorer.fetch import Cache

PROGRAMS = {
    AssetKind.SERVER: ("rr", "rr.exe"),
    AssetKind.DEB: ("rr",),
    AssetKind.PLUGIN: ("protoc-gen-php-grpc", "protoc-gen-php-grpc.exe"),
}
MAGICS = (
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
)
"""ELF, PE, Mach-O in both widths and byte orders, universal Mach-O."""

NAMED = 3
"""So many members are named in an error."""


def expected_names(subject: Subject) -> tuple[str, ...]:
    """The basenames that the program of this subject must have; empty where any program will do."""
    if subject.asset is None or subject.asset.repo.partition("/")[2] not in (
        "roadrunner",
        "roadrunner-binary",
    ):
        return ()
    return PROGRAMS.get(subject.asset.kind, ())


def is_program(entry: Entry, subject: Subject, head: bytes | None) -> bool:
    """Whether this is the member meant. ``head``: its first four bytes, asked for only where names do not tell."""
    if subject.member:
        return same_member(entry.member.name, subject.member)
    names = expected_names(subject)
    if names:
        return (
            posixpath.basename(entry.member.name) in names and entry.member.kind is MemberKind.FILE
        )
    return head is not None and head.startswith(MAGICS)


def refuse_member(subject: Subject, name: str) -> None:
    """For a raw file.

    Raises:
        NotFoundError: a member of it is asked for.
    """
    if subject.member:
        raise NotFoundError(
            f"{name} is no archive",
            f"so it has no member {subject.member}",
            "Leave out the #member",
        )


def needs_head(subject: Subject) -> bool:
    """Whether members have to be looked into to tell which is meant."""
    return not subject.member and not expected_names(subject)


def unpack_program(
    source: FileSource, name: str, subject: Subject, digest: str, cache: Cache, cancel: Cancellation
) -> tuple[Member, Blob]:
    """The subject's member of an archive, and its bytes, unpacked into the cache.

    Args:
        digest: the archive's sha256, by which the member is cached.

    Raises:
        FormatError: a damaged archive in which the program was not reached, or a refused member.
        NotFoundError: no member is the program, or none has the name asked for.
    """
    from explorer.archive import chunks, walk
    from explorer.fetch import member_key

    refused: list[str] = []
    files: list[str] = []
    for entry in walk(source, name, cancel=cancel):
        if entry.member.kind is not MemberKind.FILE and not subject.member:
            continue
        if entry.member.refused is not None:
            refused.append(f"{entry.member.name} ({entry.member.refused.rule})")
            if subject.member and same_member(entry.member.name, subject.member):
                raise FormatError(
                    f"{entry.member.name} is refused",
                    entry.member.refused.text,
                    "Do not trust this archive",
                )
            continue
        files.append(entry.member.name)
        head, rest = b"", None
        if needs_head(subject):
            rest = entry.open()
            head = _head(rest)
        if is_program(entry, subject, head):
            key = member_key(digest, entry.member.name)
            stored = cache.find(key)
            if stored is None:
                stream = rest or entry.open()
                stored = cache.add(
                    key, posixpath.basename(entry.member.name), _chain(head, chunks(stream)), cancel
                )
            return entry.member, stored
    raise _not_there(subject, name, files, refused)


def _not_there(subject: Subject, name: str, files: list[str], refused: list[str]) -> NotFoundError:
    """Names the nearest members, or the first: who is told to name one must learn what there is."""
    near = get_close_matches(subject.member, files, NAMED, 0.3) if subject.member else []
    named = near or files[:NAMED]
    more = f" and {len(files) - len(named):,} more" if len(files) > len(named) else ""
    detail = f"it holds {', '.join(named)}{more}" if files else "it holds no file"
    detail += f"; refused: {', '.join(refused[:NAMED])}" if refused else ""
    remedy = f"Name a member: {name}#{named[0]}" if files else "Take another file"
    if subject.member:
        return NotFoundError(f"{name} has no member {subject.member}", detail, remedy)
    names = " or ".join(expected_names(subject))
    return NotFoundError(f"{name} holds no {names or 'program'}", detail, remedy)


def same_member(name: str, wanted: str) -> bool:
    """A member may be named by its whole path, or by its last part; ``./rr`` is the one at the top and no other."""
    if posixpath.normpath(name) == posixpath.normpath(wanted):
        return True
    return "/" not in wanted and posixpath.basename(name) == wanted


def _head(stream: MemberStream) -> bytes:
    data = b""
    while len(data) < 4 and (part := stream.read(4 - len(data))):
        data += part
    return data


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def is_raw(source: ByteSource, name: str) -> bool:
    """Whether the file is the program itself: no archive, and not packed by a plain compressor either.

    Raises:
        OutOfReachError: its first bytes are not here.
    """
    from explorer.archive import detect

    return detect(source, name) is Format.RAW


def size_of(member: Member) -> int | Unknown:
    """A member's size in bytes, as its header claims."""
    return member.size if isinstance(member.size, int) else Unknown("the archive does not say")
