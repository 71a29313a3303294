"""What earlier looks at assets have left in the cache, and what is still to be written there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

from explorer import __version__, codec
from explorer.archive import Member
from explorer.compat import Answer, Target, Verdict
from explorer.elf import Binary, FileFormat, GoBuild
from explorer.errors import FormatError, SourceError
from explorer.facts import MISSING, NEEDS_FILE, Fact, NotApplicable, Unknown, known_or
from explorer.fetch import Check, Traffic, asset_key
from explorer.releases import Asset, Platform
from explorer.workbench.models import FileFacts, Inspection, Subject
from explorer.workbench.verdicts import difference, verdicts_of, wanted_arch

if TYPE_CHECKING:
    from explorer.workbench.resources import Resources

_PACKAGE = Path(__file__).parents[1]
_NOT_ASKED = frozenset(("cli", "report", "tui", "verify", "__pycache__"))
"""Folders without influence on what a look says or which fields a record has."""
_SOURCES = (".py", ".toml", ".txt")
"""Code, targets, and the lists of symbols that libraries export."""
_SETTINGS_KEPT = 40
"""Build settings of a Go program in a record; a hostile file may have a million."""


@dataclass(frozen=True, slots=True)
class LookRecord:
    """What is kept of a look at an asset: enough for a row in a list, never instead of the file."""

    whole: bool
    """True: from the whole file. False: from its first bytes."""
    file: FileFacts
    check: Fact[Check]
    asset_sha256: Fact[str]
    """Of the asset that ``file`` was taken from; Unknown after a peek."""
    binary: Binary
    """Without tables, symbols and notes."""
    verdicts: tuple[Verdict, ...]
    traffic: Fact[Traffic]
    member: Fact[Member]
    """Which member of the asset the program is: lines to paste have to extract the same one."""
    others: tuple[str, ...]
    """The names of other programs in the asset."""
    inside: tuple[str, ...]
    """The archives in the asset that the program is in."""


@cache
def answering_code() -> str:
    """A digest of all code and data that decide what a look says.

    Part of every record's key, so that a changed rule, reader, target or model makes rr-explorer
    look again. Reads about two hundred small files, once per process; blocking: call from a worker
    thread.
    """
    import hashlib

    digest = hashlib.sha256(__version__.encode())
    for file in _answering_files():
        digest.update(f"\0{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _answering_files() -> Iterator[Path]:
    import os
    from importlib.util import find_spec

    for folder, folders, names in os.walk(_PACKAGE):
        folders[:] = sorted(set(folders) - _NOT_ASKED)
        for name in sorted(names):
            if name.endswith(_SOURCES):
                yield Path(folder, name)
    parser = find_spec("elftools")  # found, not imported: its __init__ holds the version
    if parser is not None and parser.origin is not None and Path(parser.origin).is_file():
        yield Path(parser.origin)


def row_key(asset: Asset, platform: Platform | None = None) -> str:
    """The key of an asset's record: the code that answers, and the asset's published state.

    ``platform``: the one asked for, which may choose another program in the asset.

    ``fetch.asset_key`` holds that state: server, id, ``updated_at``, size, digest. Blocking on the
    first call, as ``answering_code``.
    """
    asked = f"|{platform.slug}" if platform is not None else ""
    return f"{answering_code()}|{asset_key(asset)}{asked}"


class LookRecords:
    """The records of one cache. Blocking, except ``keep_later``: call from a worker thread."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.unwritten: dict[str, LookRecord] = {}
        """Records on their way into the cache, by their key there."""

    def load(self, asset: Asset, platform: Platform | None = None) -> LookRecord | None:
        """The record of an asset; None if there is none that this version can use.

        ``platform``: the one asked for, if it is not what the asset's name claims.
        """
        record = self._load(asset, platform)
        if record is not None or platform is None:
            return record
        record = self._load(asset, None)
        if record is None or not _answers_for(record, platform):
            return None
        return replace(record, binary=record.binary.for_arch(known_or(platform.arch, "")))

    def _load(self, asset: Asset, platform: Platform | None) -> LookRecord | None:
        # First, as it leaves once it is written.
        unwritten = self.unwritten.get(row_key(asset, platform))
        stored = self._stored(asset, platform)
        if unwritten is None or (stored is not None and stored.whole):
            return stored
        if stored is None:
            return unwritten
        return replace(unwritten, verdicts=_with_earlier(unwritten.verdicts, stored))

    def keep(self, inspection: Inspection) -> Inspection:
        """Store what was seen of an asset, and return it.

        The result's ``changed`` is set if the whole file gets another verdict than the peek before.
        A cache that cannot be written costs the record and a warning, never the inspection.
        """
        asset = inspection.subject.asset
        if asset is None or inspection.subject.member:
            return inspection
        platform = inspection.subject.platform
        whole = inspection.path is not None
        before = self._load(asset, platform) if whole else self._stored(asset, platform)
        if before is not None and whole and not before.whole:
            changed = difference(
                before.verdicts, inspection.verdicts, repeated=_is_repeated(inspection)
            )
            inspection = replace(inspection, changed=changed)
        if before is not None and before.whole and not whole:
            return inspection
        verdicts = inspection.verdicts
        if before is not None and before.whole is whole:
            verdicts = _with_earlier(verdicts, before)
        try:
            self._resources.cache.store("peek").save(
                row_key(asset, platform), codec.dumps(_record(inspection, verdicts))
            )
        except SourceError as error:
            self._resources.warn(str(error))
        return inspection

    def keep_later(self, inspection: Inspection) -> None:
        """``keep`` a peek in the background; until it is written, ``load`` returns it from memory.

        Call from the event loop, after ``load`` was called once.
        """
        asset = inspection.subject.asset
        if asset is None or inspection.subject.member:
            return
        key = row_key(asset, inspection.subject.platform)
        before = self.unwritten.get(key)
        verdicts = inspection.verdicts
        if before is not None:
            verdicts = _with_earlier(verdicts, before)
        self.unwritten[key] = record = _record(inspection, verdicts)

        def work() -> None:
            self.keep(inspection)
            if self.unwritten.get(key) is record:
                del self.unwritten[key]

        self._resources.later(work)

    def _stored(self, asset: Asset, platform: Platform | None) -> LookRecord | None:
        key = row_key(asset, platform)
        try:
            store = self._resources.cache.store("peek")
            data = store.load(key)
            if data is None:
                return None
            try:
                record = codec.loads(data, LookRecord)
            except FormatError:
                store.delete(key)
                return None
            if not record.verdicts or not self._same_bytes(record, asset):
                return None
        except SourceError as error:
            self._resources.warn(str(error))
            return None
        return record

    def _same_bytes(self, record: LookRecord, asset: Asset) -> bool:
        """Whether the cache's copy of the asset is the one that the record was made from.

        A member's digest means nothing once its archive has been replaced: without a published
        digest, an asset may be exchanged on the server under the same key.
        """
        if isinstance(record.asset_sha256, MISSING):
            return True
        cached = self._resources.cache.holds(asset_key(asset))
        return cached is None or cached.sha256 == record.asset_sha256


def _is_repeated(inspection: Inspection) -> bool:
    """Whether the program is the later of two members with one path, however it is spelled."""
    member, listing = inspection.member, inspection.listing
    if isinstance(member, MISSING) or isinstance(listing, MISSING):
        return False
    path = normpath(member.name)
    return sum(normpath(other.name) == path for other in listing.members) > 1


def verdicts_kept(
    record: LookRecord, targets: Sequence[Target], subject: Subject
) -> tuple[tuple[Verdict, ...], bool]:
    """A record's verdicts on these targets, and whether a new look could tell no more.

    Targets that the record was not made for are judged from the facts in it. If those do not
    suffice, the verdict is ``unknown`` and the second value False.
    """
    by_name = {v.target.name: v for v in record.verdicts}
    verdicts = []
    complete = True
    for target in targets:
        verdict = by_name.get(target.name)
        if verdict is None:
            wanted = wanted_arch(subject, record.binary)
            verdict = verdicts_of(record.binary, (target,), wanted=wanted)[0]
            complete = complete and verdict.answer is not Answer.UNKNOWN
        verdicts.append(verdict)
    return tuple(verdicts), complete


def _answers_for(record: LookRecord, platform: Platform) -> bool:
    """Whether a look without a question has judged the program for this platform.

    It is the only one, or one of this architecture.
    """
    if isinstance(record.member, NotApplicable) or (record.whole and not record.others):
        return record.binary.format is not FileFormat.UNSEEN
    is_plain = isinstance(platform.libc, MISSING) and known_or(platform.os, "linux") == "linux"
    return is_plain and record.binary.arch == platform.arch


def _with_earlier(verdicts: Sequence[Verdict], before: LookRecord) -> tuple[Verdict, ...]:
    """Verdicts of an earlier look of the same kind on other targets still hold."""
    named = {v.target.name for v in verdicts}
    return (*verdicts, *(v for v in before.verdicts if v.target.name not in named))


def _record(inspection: Inspection, verdicts: Sequence[Verdict]) -> LookRecord:
    gone = Unknown(NEEDS_FILE)
    return LookRecord(
        inspection.path is not None,
        inspection.file,
        inspection.check,
        inspection.asset_sha256,
        trimmed(inspection.binary),
        tuple(
            v if isinstance(v.dependencies, MISSING) else replace(v, dependencies=gone)
            for v in verdicts
        ),
        inspection.traffic,
        inspection.member,
        inspection.others,
        inspection.inside,
    )


def trimmed(binary: Binary) -> Binary:
    """The facts for a list: without tables, symbols and notes, which may hold a million names."""
    elf = binary.elf
    if isinstance(elf, MISSING):
        slices = (replace(each, go=_trimmed_build(each.go)) for each in binary.slices)
        return replace(binary, foreign_go=_trimmed_build(binary.foreign_go), slices=tuple(slices))
    gone = Unknown(NEEDS_FILE)
    go, payload = _trimmed_build(elf.go), elf.payload
    if not isinstance(payload, MISSING) and not isinstance(payload.program, MISSING):
        payload = replace(payload, program=trimmed(payload.program))
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
            payload=payload,
        ),
    )


def _trimmed_build(go: Fact[GoBuild]) -> Fact[GoBuild]:
    if isinstance(go, MISSING):
        return go
    return replace(go, dependencies=(), settings=go.settings[:_SETTINGS_KEPT])
