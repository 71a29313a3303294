"""Finds an archive's program, and brings its bytes into the cache."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING

from explorer.archive import (
    ArchiveListing,
    Entry,
    Format,
    Member,
    MemberKind,
    Refusal,
    RefusedError,
)
from explorer.bytesource import ByteSource, FileSource
from explorer.errors import FormatError, NotFoundError
from explorer.facts import Unknown
from explorer.fetch import Blob
from explorer.progress import Cancellation
from explorer.workbench.layers import Layer, expected_names
from explorer.workbench.program_choice import (
    HEAD_BYTES,
    ProgramCandidate,
    ProgramChooser,
    ProgramKind,
    listed,
    rest_behind,
)

if TYPE_CHECKING:
    from explorer.elf import Binary
    from explorer.fetch import Cache

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
"""Members that a message names at most."""
ANDROID_APP = "data: Android app"
"""What a zip with an AndroidManifest.xml is; nothing in it runs elsewhere."""
_MAY_BE_RIGHT = frozenset(
    ("encrypted", "method", "size", "ratio", "damaged", "checksum", "truncated", "header")
)
"""Rules by which a member is refused that may be the program all the same."""


_NOT_OPENED = re.compile(r"\.(?:jar|war|whl|nupkg|vsix|xpi|gem|crate)$", re.IGNORECASE)
"""Packages of other languages: what they hold needs a program of that language."""


class UndecidedProgramError(FormatError):
    """Which file is the program is not known: nothing can be said about it."""

    def __init__(self, text: str, listing: ArchiveListing, *, is_unread: bool = False) -> None:
        """``text``: why, as a sentence without its full stop."""
        super().__init__(text[:1].upper() + text[1:], remedy="Unpack it, or name a member")
        self.text = text
        self.listing = listing
        self.is_unread = is_unread
        """Whether the program may be what is not read here."""


class NoProgramError(NotFoundError):
    """All of an archive was seen, and nothing in it is a program."""


@dataclass(frozen=True, slots=True)
class ProgramFound:
    """The program of an archive."""

    listing: ArchiveListing
    member: Member
    index: int
    """Its place in ``listing.members``."""
    others: tuple[str, ...]
    """The names of other programs in the archive."""
    inner: Layer | None = None
    """The member as an archive, if it is one: the program is in it."""


def refuse_member(layer: Layer) -> None:
    """For a file that is not an archive.

    Raises:
        NotFoundError: a member of it is asked for.
    """
    if layer.subject.member:
        raise NotFoundError(
            f"{layer.path} is not an archive",
            f"so it has no member {layer.subject.member}",
            "Leave out the #member",
        )


def find_program(source: ByteSource, layer: Layer, cancel: Cancellation) -> ProgramFound | None:
    """The program among all members of an archive, or the archive that it is in.

    Returns:
        None for an Android app, in which nothing is a program of its own.

    Raises:
        UndecidedProgramError: several members may be the program, it is packed too often, or the
            packing is not read here.
        FormatError: a damaged archive in which no program was reached, or a refused member.
        NotFoundError: no member is the program, or none has the name asked for.
    """
    chooser = layer.chooser()
    members = _survey(source, layer.name, chooser, cancel)
    return conclude(chooser, members, layer)


def _survey(
    source: ByteSource, name: str, chooser: ProgramChooser, cancel: Cancellation
) -> ArchiveListing:
    """All members, as ``archive.listing`` has them; the chooser sees those that it wants."""
    from explorer.archive import detect, walk

    form = detect(source, name, cancel)
    members: list[Member] = []
    try:
        for entry in walk(source, name, cancel=cancel):
            members.append(entry.member)
            if chooser.wants(entry.member):
                members[-1] = seen_by(chooser, entry.member, partial(_head_of, entry))
    except RefusedError as error:
        text = f"{error.member}: {error.refusal.text}" if error.member else error.refusal.text
        return ArchiveListing(form, tuple(members), Refusal(error.refusal.rule, text))
    return ArchiveListing(form, tuple(members))


def _head_of(entry: Entry) -> bytes:
    """The first bytes; fewer if the member is damaged behind them, which its reader reports."""
    head, stream = b"", entry.open()
    try:
        while len(head) < HEAD_BYTES and (part := stream.read(HEAD_BYTES - len(head))):
            head += part
    except RefusedError:
        if not head:
            raise
    return head


def seen_by(chooser: ProgramChooser, member: Member, head: Callable[[], bytes]) -> Member:
    """Show a member's first bytes to the chooser.

    Returns:
        The member, refused if its bytes cannot be read: of a zip or a 7z the others still can.

    Raises:
        RefusedError: they cannot be read, nor can any behind them.
    """
    try:
        chooser.add(member, head())
    except RefusedError as error:
        if member.packing not in (Format.ZIP, Format.SEVEN_ZIP):
            raise
        return replace(member, refused=error.refusal)
    return member


def conclude(chooser: ProgramChooser, listing: ArchiveListing, layer: Layer) -> ProgramFound | None:
    """What follows from all members; see ``find_program``."""
    if chooser.is_android and listing.format is Format.ZIP and not layer.subject.member:
        return None
    if listing.problem is not None and chooser.decided() is None:
        # What is behind the damage may be the program.
        _raise_for_problem(chooser, listing, layer)
    choice = chooser.choice()
    rivals = [choice.chosen] if choice.chosen else list(choice.rivals)
    kind = max((rival.kind for rival in rivals), default=ProgramKind.OTHER)
    names = [rival.member.name for rival in rivals]
    is_packed = kind is ProgramKind.ARCHIVE
    if is_packed and (choice.chosen is None or layer.is_last or _NOT_OPENED.search(names[0])):
        raise UndecidedProgramError(
            f"the program may be in {listed(names)}, which is packed itself: unpack it first",
            listing,
        )
    if choice.chosen is not None:
        _refuse_unread_rivals(chooser, choice.chosen, listing)
        member = choice.chosen.member
        rest = rest_behind(member.name, layer.subject.member) or ""
        inner = layer.inner(member.name, rest)
        if rest and not is_packed:
            refuse_member(inner)
        index = _index_of(member, listing)
        return ProgramFound(listing, member, index, choice.others, inner if is_packed else None)
    if kind >= ProgramKind.SCRIPT:
        raise UndecidedProgramError(f"several files may be the program: {listed(names)}", listing)
    _raise_for_problem(chooser, listing, layer)
    raise not_there(layer, listing)


def _index_of(member: Member, listing: ArchiveListing) -> int:
    """The last of equal ones: the later of two files with one name counts."""
    return max(index for index, other in enumerate(listing.members) if other == member)


def _raise_for_problem(chooser: ProgramChooser, listing: ArchiveListing, layer: Layer) -> None:
    """No program was found: that may be the archive's fault."""
    problem, wanted = listing.problem, layer.subject.member
    if problem is not None and problem.rule in ("method", "encrypted"):
        raise UndecidedProgramError(problem.text, listing, is_unread=True)
    if problem is not None:
        raise RefusedError(problem.rule, problem.text, layer.path)
    refused = [m for m in listing.members if m.refused is not None]
    if wanted:
        for member in refused:
            if member.refused is not None and rest_behind(member.name, wanted) is not None:
                raise RefusedError(member.refused.rule, member.refused.text, member.name)
        return
    may_be = [m for m in refused if chooser.may_be_program(m)]
    _refuse_unread(may_be, listing, _MAY_BE_RIGHT | {"name"})


def _refuse_unread_rivals(
    chooser: ProgramChooser, chosen: ProgramCandidate, listing: ArchiveListing
) -> None:
    """A member that cannot be read is not passed over: it may be the program.

    A peek reads a zip from its front, where nothing shows that the directory contradicts it.
    """
    place = _index_of(chosen.member, listing)
    _refuse_unread(
        [
            member
            for index, member in enumerate(listing.members)
            if member.refused is not None
            and (member.kind is MemberKind.FILE or _is_file_at_front(member, listing.format))
            and any(
                chooser.may_replace(replace(member, name=name), chosen, is_later=index > place)
                for name in {member.name, member.stored or member.name}
            )
        ],
        listing,
    )


def _is_file_at_front(member: Member, form: Format) -> bool:
    """Whether a zip's local header takes for a file what its directory calls something else."""
    if form is not Format.ZIP or member.stored.endswith("/"):
        return False
    is_path = member.link and member.link.isprintable()
    return not (member.kind is MemberKind.SYMLINK and is_path)


def _refuse_unread(
    members: list[Member], listing: ArchiveListing, rules: frozenset[str] = _MAY_BE_RIGHT
) -> None:
    """Raise UndecidedProgramError if some of these refused members can be whole all the same."""
    texts = [
        f"{member.name}: {member.refused.text}"
        for member in members
        if member.refused is not None
        and (member.refused.rule in rules or member.kind is not MemberKind.FILE)
    ]
    if texts:
        text = f"the program may be what is not read here: {listed(texts)}"
        raise UndecidedProgramError(text, listing, is_unread=True)


def not_there(layer: Layer, listing: ArchiveListing) -> NotFoundError:
    """Names the nearest members, or the first ones, so that the user can name one."""
    files = [m.name for m in listing.members if m.kind is MemberKind.FILE and m.refused is None]
    refused = [f"{m.name} ({m.refused.rule})" for m in listing.members if m.refused is not None]
    name, wanted = layer.path, layer.subject.member
    near = get_close_matches(wanted, files, NAMED, 0.3) if wanted else []
    named = near or files[:NAMED]
    more = f" and {len(files) - len(named):,} more" if len(files) > len(named) else ""
    detail = f"it holds {', '.join(named)}{more}" if files else "it holds no file"
    detail += f"; refused: {', '.join(refused[:NAMED])}" if refused else ""
    remedy = f"Name a member: {name}#{named[0]}" if files else "Use another file"
    if wanted:
        return NotFoundError(f"{name} has no member {wanted}", detail, remedy)
    names = " or ".join(expected_names(layer.subject))
    return NoProgramError(f"{name} holds no {names or 'program'}", detail, remedy)


def unpack_member(
    source: FileSource, name: str, index: int, digest: str, cache: Cache, cancel: Cancellation
) -> Blob:
    """A member's bytes, unpacked into the cache.

    Args:
        name: the archive's own name.
        index: the member's place in the archive's listing.
        digest: the archive's sha256, by which the member is cached.

    Raises:
        FormatError: the archive is damaged or the member is refused.
        NotFoundError: there is no such member any more.
    """
    from explorer.archive import chunks, walk
    from explorer.fetch import member_key

    for at, entry in enumerate(walk(source, name, cancel=cancel)):
        if at == index:
            path = entry.member.name
            # Two members may have one name; and half of a surrogate pair cannot be stored.
            plain = f"{path}|{index}".encode("utf-8", "backslashreplace").decode()
            key = member_key(digest, plain)
            stored = cache.find(key)
            if stored is not None:
                return stored
            return cache.add(key, posixpath.basename(path), chunks(entry.open()), cancel)
    raise NotFoundError(f"{name} has changed", "a member is no longer there", "Try again")


@contextlib.contextmanager
def opening_inner(program: ProgramFound) -> Iterator[None]:
    """What goes wrong with an archive in an archive, as a question about the outer one.

    Raises:
        UndecidedProgramError: the inner one is not read here or damaged, or several members or
            archives may be the program.
    """
    name = program.member.name
    try:
        yield
    except UndecidedProgramError as error:
        text = f"the program may be in {name}: {error.text}"
        raise UndecidedProgramError(text, program.listing) from error
    except RefusedError as error:
        text = f"the program may be in {name}, which cannot be read: {error.refusal.text}"
        raise UndecidedProgramError(text, program.listing) from error
    except NoProgramError:
        refuse_other_content(program)
        raise


def refuse_other_content(program: ProgramFound) -> None:
    """For an archive in an archive that holds no program.

    Raises:
        UndecidedProgramError: the program may be in another one beside it.
    """
    if program.others:
        text = f"{program.member.name} holds no program, and {listed(program.others)} may"
        raise UndecidedProgramError(text, program.listing)


def inner_of_single(layer: Layer, listing: ArchiveListing, form: Format) -> Layer | None:
    """The content of a compressed file as a layer, if that is packed itself (``form``).

    Its only member needs no name: ``FILE#tool`` is the program in ``FILE``, a ``.tar.gz.gz``.

    Raises:
        UndecidedProgramError: it is packed too often.
        NotFoundError: another member is asked for.
    """
    member, wanted = listing.members[0], layer.subject.member
    rest = rest_behind(member.name, wanted) if wanted else ""
    if form is Format.RAW:
        if rest is None:
            raise not_there(layer, listing)
        if rest:
            refuse_member(layer.inner(member.name, rest))
        return None
    if layer.is_last:
        raise UndecidedProgramError(
            f"its content is packed once more, as {form}: unpack it first", listing
        )
    return layer.inner(member.name, wanted if rest is None else rest)


def undecided_binary(name: str, error: UndecidedProgramError) -> Binary:
    """The facts about a file of which it is not known what in it is the program."""
    from explorer.elf import Binary, FileFormat, Scope

    why = Unknown("the program is not known")
    return Binary(name, why, FileFormat.UNSEEN, Scope.HEAD, error.title, why, why)


def size_of(member: Member) -> int | Unknown:
    """A member's size in bytes, as its header claims."""
    return member.size if isinstance(member.size, int) else Unknown("the archive does not say")
