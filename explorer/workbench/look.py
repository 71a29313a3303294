"""Looking at a file: what is recorded, else the file on disk, else its first bytes on the server.

``Looks`` is the one entrance. It does as little as a verdict needs: nothing is downloaded unless
the whole file is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from explorer.compat import Answer, Reason, Target, Verdict
from explorer.elf import Elf, GoBuild
from explorer.errors import (
    ExplorerError,
    NotFoundError,
    OperationCancelledError,
    SourceError,
    as_explorer_error,
)
from explorer.facts import MISSING, NEEDS_FILE, Fact, Unknown
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.releases import Asset
from explorer.workbench.download import file_on_disk, may_ask, must_have_address
from explorer.workbench.known_files import FileState, file_key
from explorer.workbench.look_records import LookRecord, LookRecords, verdicts_kept
from explorer.workbench.models import Depth, FileOnDisk, Inspection, Subject

if TYPE_CHECKING:
    from explorer.verify import Proof
    from explorer.workbench.resources import Resources

T = TypeVar("T")
_log = logging.getLogger("explorer.workbench")


class Looks:
    """Looks at files, and keeps what was seen of assets."""

    def __init__(self, resources: Resources, subject_of: Callable[[Asset], Subject]) -> None:
        self._resources = resources
        self.subject_of = subject_of
        self.records = LookRecords(resources)

    async def look(
        self,
        subject: Subject,
        targets: Sequence[Target],
        depth: Depth = Depth.VERDICT,
        progress: ProgressCallback = ignore_progress,
    ) -> Inspection:
        """Facts and verdicts of a file.

        Raises:
            SourceError, IntegrityError, FormatError: of the server or of the file.
        """
        from explorer.workbench.asked import by_subject

        groups = by_subject(subject, targets)
        looks = [await self._look(asking, on, depth, progress) for asking, on in groups.items()]
        return _programs_only(looks[0] if len(looks) == 1 else _merged(looks, targets))

    async def _look(
        self,
        subject: Subject,
        targets: Sequence[Target],
        depth: Depth,
        progress: ProgressCallback,
    ) -> Inspection:
        if depth is Depth.WHOLE or (depth is Depth.AVAILABLE and await self.on_disk(subject)):
            return await self._inspect(subject, targets, progress)
        local = await self._look_locally(subject, targets, progress)
        more = depth is Depth.AVAILABLE
        if local is not None and more:
            return await self._completed(local, targets)
        return local or await self._peek(subject, targets, progress, more=more)

    async def look_at(
        self,
        asset: Asset,
        targets: Sequence[Target],
        arch: str = "",
        depth: Depth = Depth.VERDICT,
    ) -> FileState:
        """One look as a state: whatever goes wrong is the state's error, and ends nothing else.

        ``unreachable`` if nothing is recorded or on disk, and no server may be asked. ``arch``: the
        architecture that the file is wanted for, if not that of the first target.
        """
        from explorer.workbench.asked import for_arch

        try:
            subject = for_arch(self.subject_of(asset), arch or targets[0].arch)
            more = depth is Depth.AVAILABLE
            inspection = await self._look_locally(subject, targets, ignore_progress)
            if inspection is not None and more:
                inspection = await self._completed(inspection, targets)
            if inspection is None:
                if asset.unfinished:
                    must_have_address(self._resources.settings, asset)
                if not may_ask(self._resources.settings, asset):
                    return FileState(unreachable=True)
                inspection = await self._peek(subject, targets, ignore_progress, more=more)
        except OperationCancelledError:
            raise
        except Exception as error:  # noqa: BLE001  a bug costs this file, not the list it is in
            if not isinstance(error, ExplorerError):
                _log.exception("looking at %s", asset.name)
            return FileState(error=as_explorer_error(error))
        return FileState(_programs_only(inspection))

    async def known(self, asset: Asset, targets: Sequence[Target]) -> Inspection | None:
        """What an earlier look has recorded, with its verdicts; None if nothing is."""
        from explorer.workbench.asked import for_arch

        subject = for_arch(self.subject_of(asset), targets[0].arch)
        inspection = (await self._recorded(subject, targets))[0]
        return _programs_only(inspection) if inspection is not None else None

    def settled_record(self, asset: Asset, targets: Sequence[Target]) -> Inspection | None:
        """What ``look_at`` answers from its records alone; None if it would look at the file.

        Blocking: call from a worker thread.
        """
        from explorer.workbench.asked import for_arch

        subject = for_arch(self.subject_of(asset), targets[0].arch)
        inspection, complete = self._read_record(subject, targets)
        if inspection is None or not complete or not _settled(inspection):
            return None
        return _programs_only(inspection)

    async def on_disk(self, subject: Subject) -> bool:
        """Whether the file's bytes are local, judged by size alone: using them verifies them."""
        if subject.path is not None or subject.asset is None:
            return True
        asset = subject.asset
        return await self._resources.run(lambda _: self._on_disk(asset))

    async def cached(self, assets: Iterable[Asset]) -> frozenset[str]:
        """The keys (``file_key``) of those assets whose bytes are on disk, judged by size alone."""
        return await self._resources.run(
            lambda _: frozenset(file_key(asset) for asset in assets if self._on_disk(asset))
        )

    async def judge(self, inspection: Inspection, targets: Sequence[Target]) -> Inspection:
        """The same facts judged for other targets; neighbouring libraries are read if needed."""
        from explorer.workbench.inspect import rejudge

        if inspection.about is not None:
            return inspection
        resources = self._resources
        try:
            return await resources.run(lambda _: rejudge(inspection, targets, resources.cache))
        except NotFoundError:
            if inspection.subject.asset is None:
                raise
            # Pruned since: fetch it again for the libraries beside the program.
            return await self._inspect(inspection.subject, targets, ignore_progress)

    async def with_files(
        self, inspection: Inspection, progress: ProgressCallback = ignore_progress
    ) -> Inspection:
        """The inspection of an asset with its files on disk: fetched again if they are gone.

        They are not pruned for a while then. Raises as ``look`` does.
        """
        if inspection.subject.asset is None:
            return inspection
        holder = inspection.holder.path if inspection.holder is not None else None
        paths = [
            path for path in (inspection.path, inspection.asset_path, holder) if path is not None
        ]
        resources = self._resources
        kept = await resources.run(lambda _: [resources.cache.keep(path) for path in paths])
        if inspection.path is not None and all(kept):
            return inspection
        targets = [verdict.target for verdict in inspection.verdicts]
        return await self._inspect(inspection.subject, targets, progress)

    async def _completed(self, inspection: Inspection, targets: Sequence[Target]) -> Inspection:
        """The inspection; of a record with what the file's first bytes tell beyond it.

        ``targets``: those that it was judged for. As it is where no server may be asked; where none
        answers, a warning says so.
        """
        asset = inspection.subject.asset
        if not inspection.recorded or asset is None:
            return inspection
        if not may_ask(self._resources.settings, asset) or await self.on_disk(inspection.subject):
            return inspection
        try:
            peek = await self._peek(inspection.subject, targets, ignore_progress, more=True)
        except OperationCancelledError:
            raise
        except ExplorerError as error:
            self._resources.warn(f"{asset.name} is shown as recorded: {error}")
            return inspection
        return _with_tables(inspection, peek)

    async def proofs(self, sha256: str) -> tuple[Proof, ...]:
        """Stored proofs of a binary, newest first."""
        return await self._resources.run(lambda _: self._proofs(sha256))

    # ------------------------------------------------------------------ the three ways

    async def _look_locally(
        self, subject: Subject, targets: Sequence[Target], progress: ProgressCallback
    ) -> Inspection | None:
        """The answer without asking a server; None if only a peek can tell.

        A record suffices if it leaves no question open. If the file itself is here it is read;
        else a record is still the answer if a new peek would tell no more, or is not possible.
        """
        if subject.asset is None:
            return await self._inspect(subject, targets, progress)
        recorded, complete = None, False
        if not subject.member:
            recorded, complete = await self._recorded(subject, targets)
            if recorded is not None and complete and _settled(recorded):
                return recorded
        if await self.on_disk(subject):
            return await self._inspect(subject, targets, progress)
        if complete or not may_ask(self._resources.settings, subject.asset):
            return recorded
        return None

    async def _inspect(
        self, subject: Subject, targets: Sequence[Target], progress: ProgressCallback
    ) -> Inspection:
        from explorer.workbench.inspect import inspect_file

        resources = self._resources
        file = await file_on_disk(resources, subject, progress)
        progress(Progress("reading"))

        def work(cancel: Cancellation, file: FileOnDisk = file) -> Inspection:
            inspection = inspect_file(file, targets, resources.cache, cancel)
            return self._with_proofs(self.records.keep(inspection))

        return await resources.run(work)

    async def _peek(
        self,
        subject: Subject,
        targets: Sequence[Target],
        progress: ProgressCallback,
        *,
        more: bool,
    ) -> Inspection:
        from explorer.workbench.peek import peek_asset

        assert subject.asset is not None
        must_have_address(self._resources.settings, subject.asset)
        progress(Progress("peeking"))
        inspection = await peek_asset(self._resources, subject, targets, more=more)
        # Written in the background: no answer waits for the disk.
        self.records.keep_later(inspection)
        return inspection

    # ------------------------------------------------------------------ what is kept

    async def _recorded(
        self, subject: Subject, targets: Sequence[Target]
    ) -> tuple[Inspection | None, bool]:
        """What is recorded, and whether a new look of the same kind could tell no more."""

        return await self._resources.run(lambda _: self._read_record(subject, targets))

    def _read_record(
        self, subject: Subject, targets: Sequence[Target]
    ) -> tuple[Inspection | None, bool]:
        with self._resources.peeking:
            assert subject.asset is not None
            record = self.records.load(subject.asset, subject.platform)
            if record is None:
                return None, False
            return self._inspection_of(subject, record, targets)

    def _inspection_of(
        self, subject: Subject, record: LookRecord, targets: Sequence[Target]
    ) -> tuple[Inspection, bool]:
        verdicts, complete = verdicts_kept(record, targets, subject)
        why = Unknown(NEEDS_FILE)
        inspection = Inspection(
            subject=subject,
            file=record.file,
            path=None,
            asset_path=None,
            check=record.check,
            asset_sha256=why,
            listing=why,
            member=record.member,
            binary=record.binary,
            verdicts=verdicts,
            traffic=record.traffic,
            others=record.others,
            inside=record.inside,
            recorded=True,
        )
        return self._with_proofs(inspection), complete

    def _on_disk(self, asset: Asset) -> bool:
        if asset.path is not None:
            return True
        from explorer.fetch import asset_key

        try:
            return self._resources.cache.holds(asset_key(asset)) is not None
        except SourceError as error:
            self._resources.warn(str(error))
            return False

    def _with_proofs(self, inspection: Inspection) -> Inspection:
        digest = inspection.file.sha256
        if isinstance(digest, MISSING):
            return inspection
        return replace(inspection, proofs=self._proofs(digest))

    def _proofs(self, sha256: str) -> tuple[Proof, ...]:
        from explorer.workbench.proof_records import proofs_of

        try:
            return proofs_of(self._resources.cache, sha256)
        except SourceError as error:
            self._resources.warn(str(error))
            return ()


def _settled(inspection: Inspection) -> bool:
    """Whether the verdicts leave no question open."""
    return all(verdict.answer is not Answer.UNKNOWN for verdict in inspection.verdicts)


def _with_tables(recorded: Inspection, peek: Inspection) -> Inspection:
    """A record, with what it has not kept, as far as a peek has seen it."""
    binary, seen = recorded.binary, peek.binary
    if isinstance(seen.go, GoBuild) and binary.format is seen.format:
        binary = replace(binary, foreign_go=seen.foreign_go, slices=seen.slices)
    elf = binary.elf
    if not isinstance(elf, MISSING) and not isinstance(seen.elf, MISSING):
        binary = replace(binary, elf=_with_parts(elf, seen.elf))
    kept = recorded.verdicts
    same = [one.answer for one in kept] == [one.answer for one in peek.verdicts]
    same = same and isinstance(recorded.check, Unknown)  # not of the whole file, which told more
    return replace(
        recorded,
        binary=binary,
        traffic=peek.traffic,
        verdicts=peek.verdicts if same else kept,  # the same, with more reasons
        recorded=isinstance(seen.go, Unknown),
    )


def _with_parts(recorded: Elf, seen: Elf) -> Elf:
    """The facts of a record, with the parts of the file that it has not kept."""

    def better(known: Fact[T], other: Fact[T]) -> Fact[T]:
        return known if isinstance(other, Unknown) else other

    return replace(
        recorded,
        dynamic=seen.dynamic,
        linking=seen.linking,
        sections=seen.sections,
        notes=seen.notes,
        build_id=better(recorded.build_id, seen.build_id),
        stripped=better(recorded.stripped, seen.stripped),
        isa=better(recorded.isa, seen.isa),
        features=better(recorded.features, seen.features),
        go=recorded.go if isinstance(seen.go, MISSING) else seen.go,
        is_go=recorded.is_go if isinstance(seen.is_go, MISSING) else seen.is_go,
    )


def _programs_only(inspection: Inspection) -> Inspection:
    """The inspection; without verdicts where the file is about files, such as a checksum file."""
    return replace(inspection, verdicts=()) if inspection.about is not None else inspection


def _merged(looks: Sequence[Inspection], targets: Sequence[Target]) -> Inspection:
    """The first of several looks at one file, with the verdicts of all in the targets' order.

    Each look was for another architecture. A verdict on another program of the archive than the
    first look's says so.
    """
    first = looks[0]
    by_target = {
        verdict.target.name: verdict if look.member == first.member else _about(verdict, look)
        for look in looks
        for verdict in look.verdicts
    }
    return replace(first, verdicts=tuple(by_target[target.name] for target in targets))


def _about(verdict: Verdict, look: Inspection) -> Verdict:
    """The verdict, with the member's name in its reasons."""
    if isinstance(look.member, MISSING):
        return verdict
    name = look.member.name

    def named(reason: Reason) -> Reason:
        return replace(reason, text=f"{name}: {reason.text}")

    reasons = tuple(named(reason) for reason in verdict.reasons)
    return replace(verdict, deciding=named(verdict.deciding), reasons=reasons)
