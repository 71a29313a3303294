"""From a subject to facts and verdicts: of the whole file, or of what an earlier look has left in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer import __version__, codec
from explorer.archive import Member
from explorer.compat import Answer, Reason, Target, Verdict
from explorer.elf import Binary, Elf, FileFormat
from explorer.errors import FormatError, SourceError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.fetch import Check, Download, Traffic, asset_key
from explorer.progress import Cancellation
from explorer.releases import Asset
from explorer.workbench.models import FileFacts, Inspection, Subject
from explorer.workbench.program_in_archive import MemberNeighbours, Neighbours, open_asset

if TYPE_CHECKING:
    from explorer.compat import Surroundings
    from explorer.fetch import Cache
    from explorer.workbench.resources import Resources

RECORD_VERSION = 3
"""Raised whenever a rule or a reader changes what it would say, so that kept records are made anew."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of an asset between two starts: enough for a row in the list, never instead of the file."""

    version: int
    whole: bool
    """True: from the whole file. False: from a peek."""
    file: FileFacts
    check: Fact[Check]
    binary: Binary
    """Cut to what HEAD scope and the headline need."""
    verdicts: tuple[Verdict, ...]
    traffic: Fact[Traffic]
    member: Fact[Member]
    """Which file of the asset it is: lines to paste have to take the same one out."""


def inspect_file(
    subject: Subject,
    download: Download | None,
    targets: Sequence[Target],
    cache: Cache,
    cancel: Cancellation,
) -> Inspection:
    """Read a local file or a downloaded asset, whole, and judge it.

    Raises:
        FormatError, NotFoundError, SourceError: as ``unpack.open_asset``.
    """
    from explorer.bytesource import FileSource
    from explorer.elf import read
    from explorer.workbench.payload_program import with_program_inside

    path = download.blob.path if download else subject.path
    assert path is not None, "a subject without a path is downloaded first"
    unpacked = open_asset(path, subject, download.blob if download else None, cache, cancel)
    with FileSource(unpacked.path) as source:
        binary = read(source, unpacked.name, cancel=cancel)
        binary = with_program_inside(source, binary, cancel)
    inspection = Inspection(
        subject=subject,
        file=FileFacts(unpacked.name, unpacked.size, unpacked.sha256),
        path=unpacked.path,
        asset_path=path,
        check=_check(subject, download),
        asset_sha256=unpacked.asset_sha256,
        listing=unpacked.listing,
        member=unpacked.member,
        binary=binary,
        verdicts=(),
    )
    return rejudge(inspection, targets, cache)


def judge_all(
    binary: Binary, targets: Sequence[Target], surroundings: Surroundings | None
) -> tuple[Verdict, ...]:
    """One verdict per target, in their order."""
    from explorer.compat import judge

    return tuple(judge(binary, target, surroundings) for target in targets)


def verdicts_of(binary: Binary, targets: Sequence[Target]) -> tuple[Verdict, ...]:
    """Verdicts from what was reached; where nothing was, ``unknown`` with what it waits for."""
    if binary.format is not FileFormat.UNSEEN:
        return judge_all(binary, targets, None)
    why = binary.detail
    reason = Reason(
        "peek.unseen",
        Answer.UNKNOWN,
        "The first bytes of the asset do not reach the program.",
        why,
        "Download it: d, or inspect without --peek",
        short=f"not reached: {why}",
    )
    return tuple(Verdict(t, Answer.UNKNOWN, reason, (reason,), Unknown(why)) for t in targets)


def rejudge(inspection: Inspection, targets: Sequence[Target], cache: Cache) -> Inspection:
    """The same facts against other targets."""
    return replace(
        inspection,
        verdicts=judge_all(inspection.binary, targets, surroundings_of(inspection, cache)),
    )


def record_key(asset: Asset) -> str:
    """The asset's published state (``fetch.asset_key``: server, id, ``updated_at``, size, digest), and whose words they are:
    another version of rr-explorer may read or judge otherwise, so it looks again.
    """
    return f"{RECORD_VERSION}|{__version__}|{asset_key(asset)}"


def keep(inspection: Inspection, session: Resources) -> Inspection:
    """Store the record of an inspected asset; a verdict that differs from the peek's before it is marked as changed.

    A cache that cannot be written costs the record and a warning, never the inspection.
    """
    asset = inspection.subject.asset
    if asset is None or inspection.subject.member:
        return inspection
    whole = inspection.path is not None
    before = kept(asset, session) if whole else _stored(asset, session)
    if before is not None and whole and not before.whole:
        inspection = replace(inspection, changed=difference(before.verdicts, inspection.verdicts))
    if before is not None and before.whole and not whole:
        return inspection
    verdicts = inspection.verdicts
    if before is not None and before.whole is whole:
        verdicts = _and_before(verdicts, before)
    try:
        session.cache.store("peek").save(
            record_key(asset), codec.dumps(_record(inspection, verdicts))
        )
    except SourceError as error:
        session.warn(str(error))
    return inspection


def _and_before(verdicts: Sequence[Verdict], before: Record) -> tuple[Verdict, ...]:
    """What an earlier look of the same kind said of other targets still holds."""
    named = {v.target.name for v in verdicts}
    return (*verdicts, *(v for v in before.verdicts if v.target.name not in named))


def keep_later(inspection: Inspection, session: Resources) -> None:
    """``keep`` for a peek, in a thread that nobody waits for; until it is done, ``kept`` gives the record from memory."""
    asset = inspection.subject.asset
    if asset is None or inspection.subject.member:
        return
    key = record_key(asset)
    before = session.unwritten.get(key)
    verdicts = inspection.verdicts if before is None else _and_before(inspection.verdicts, before)
    session.unwritten[key] = record = _record(inspection, verdicts)

    def work() -> None:
        keep(inspection, session)
        if session.unwritten.get(key) is record:
            del session.unwritten[key]

    session.later(work)


def _record(inspection: Inspection, verdicts: Sequence[Verdict]) -> Record:
    gone = Unknown("not kept; open the file")
    return Record(
        RECORD_VERSION,
        inspection.path is not None,
        inspection.file,
        inspection.check,
        trimmed(inspection.binary),
        tuple(
            v if isinstance(v.dependencies, MISSING) else replace(v, dependencies=gone)
            for v in verdicts
        ),
        inspection.traffic,
        inspection.member,
    )


def kept(asset: Asset, session: Resources) -> Record | None:
    """The record of an asset, or None where there is none that this version can read."""
    fresh = session.unwritten.get(record_key(asset))  # first: it leaves here once it is written
    stored = _stored(asset, session)
    if fresh is None or (stored is not None and stored.whole):
        return stored
    return fresh if stored is None else replace(fresh, verdicts=_and_before(fresh.verdicts, stored))


def _stored(asset: Asset, session: Resources) -> Record | None:
    try:
        store = session.cache.store("peek")
        data = store.load(record_key(asset))
        if data is None:
            return None
        try:
            record = codec.loads(data, Record)
        except FormatError:
            store.delete(record_key(asset))
            return None
    except SourceError as error:
        session.warn(str(error))
        return None
    return record if record.version == RECORD_VERSION and record.verdicts else None


def verdicts_kept(record: Record, targets: Sequence[Target]) -> tuple[tuple[Verdict, ...], bool]:
    """Verdicts on these targets from a record, and whether they are all that the facts behind it would have told.

    What the record was not made for is judged anew from the facts that were kept; where those do not suffice it says
    unknown, and the file itself might say more.
    """
    by_name = {v.target.name: v for v in record.verdicts}
    verdicts = []
    complete = True
    for target in targets:
        verdict = by_name.get(target.name)
        if verdict is None:
            verdict = verdicts_of(record.binary, (target,))[0]
            complete = complete and verdict.answer is not Answer.UNKNOWN
        verdicts.append(verdict)
    return tuple(verdicts), complete


def difference(peeked: Sequence[Verdict], whole: Sequence[Verdict]) -> str:
    """A sentence where a whole file's answer is not the one its peek gave; empty where they agree or the peek did not know."""
    for before in peeked:
        for after in whole:
            if before.target.name == after.target.name and before.answer not in (
                after.answer,
                Answer.UNKNOWN,
            ):
                return (
                    f"The first bytes said {before.answer} for {after.target.title}, the whole file says {after.answer}: "
                    "the file has changed on the server, or rr-explorer is wrong. Please report it."
                )
    return ""


def trimmed(binary: Binary) -> Binary:
    """The facts worth keeping for a list: without tables, symbols and notes, which may hold a million names."""
    if isinstance(binary.elf, MISSING):
        return binary
    gone = Unknown("not kept; open the file")
    elf: Elf = binary.elf
    go = (
        elf.go
        if isinstance(elf.go, MISSING)
        else replace(elf.go, dependencies=(), settings=elf.go.settings[:40])
    )
    return replace(
        binary,
        elf=replace(
            elf,
            dynamic=gone,
            linking=gone,
            sections=gone,
            notes=gone,
            go=go,
            symbol_count=gone,
            payload=elf.payload
            if isinstance(elf.payload, MISSING)
            else replace(elf.payload, program=gone),
        ),
    )


def _check(subject: Subject, download: Download | None) -> Fact[Check]:
    if download is not None:
        return download.check
    return NotApplicable(
        "a stand-in shipped with rr-explorer" if subject.stand_in else "a local file"
    )


def surroundings_of(inspection: Inspection, cache: Cache) -> Neighbours | MemberNeighbours | None:
    """What stands beside the binary: the archive's members, a local file's folder, or nothing for a raw asset or a peek."""
    path, digest = inspection.asset_path, inspection.asset_sha256
    if path is None or isinstance(digest, MISSING):
        return None
    if isinstance(inspection.listing, MISSING) or isinstance(inspection.member, MISSING):
        return Neighbours(path) if inspection.subject.asset is None else None
    name = inspection.subject.asset.name if inspection.subject.asset else path.name
    return MemberNeighbours(path, name, digest, inspection.listing, inspection.member, cache)
