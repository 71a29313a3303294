"""What changed between two releases, file by file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError, OperationCancelledError, UsageError
from explorer.facts import MISSING, NEEDS_FILE, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation, ProgressCallback
from explorer.releases import Asset, Release
from explorer.workbench.compare import (
    NO_DATABASE,
    FileComparison,
    ModuleChange,
    VulnerabilityChanges,
    compared,
    vulnerability_changes,
)
from explorer.workbench.known_files import FileState
from explorer.workbench.models import Depth, Inspection

if TYPE_CHECKING:
    from explorer.advisories import GoProgram
    from explorer.compat import Target
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources
    from explorer.workbench.vuln_database import DatabaseFile

LOOKS = 8
"""Files of two releases that are looked at side by side."""
DOWNLOADS = 2
"""Pairs of files that are downloaded, unpacked or read whole at once."""


@dataclass(frozen=True, slots=True)
class AssetPair:
    """A file of one release and its successor in another."""

    before: Asset
    after: Asset
    states: tuple[FileState, FileState]
    """What is known of both; empty for files that run nowhere."""
    changes: Fact[FileComparison]
    """As much as was read of both files tells; Unknown where one could not be looked at."""

    @property
    def modules(self) -> Fact[tuple[ModuleChange, ...]]:
        """Between the programs of both files."""
        return self.changes if isinstance(self.changes, MISSING) else self.changes.modules

    @property
    def is_whole(self) -> bool:
        """Whether both files were read to their ends."""
        return not isinstance(self.changes, MISSING) and self.changes.is_whole


@dataclass(frozen=True, slots=True)
class ReleaseComparison:
    """Two releases, matched file by file by what their names claim."""

    before: Release
    after: Release
    pairs: tuple[AssetPair, ...]
    added: tuple[Asset, ...]
    gone: tuple[Asset, ...]


def matched_assets(
    before: Release, after: Release
) -> tuple[list[tuple[Asset, Asset]], list[Asset], list[Asset]]:
    """Pairs, files that were added, and files that are gone.

    Files match by their names without the version, else by kind, platform and packing, else by
    kind and platform: where just one file of each release has them.
    """
    pairs: list[tuple[Asset, Asset]] = []
    gone, added = list(before.assets), list(after.assets)
    by_name = {_without_version(asset, after): asset for asset in added}
    for one in tuple(gone):
        other = by_name.pop(_without_version(one, before), None)
        if other is not None:
            pairs.append((one, other))
            gone.remove(one)
            added.remove(other)
    for packing in (True, False):
        claims = [_by_claim(assets, packing) for assets in (gone, added)]
        for claim, asset in claims[0].items():
            successor = claims[1].get(claim)
            if asset is not None and successor is not None:
                pairs.append((asset, successor))
                gone.remove(asset)
                added.remove(successor)
    places = {asset.name: place for place, asset in enumerate(before.assets)}
    pairs.sort(key=lambda pair: places[pair[0].name])
    return pairs, added, gone


def _without_version(asset: Asset, release: Release) -> str:
    name = asset.name.lower()
    for words in (release.tag, release.version):
        name = name.replace(words.lower(), "*") if words else name
    return name


def _by_claim(assets: Iterable[Asset], packing: bool) -> dict[tuple[str, ...], Asset | None]:
    """Files by what their names claim; None where several claim the same."""
    claims: dict[tuple[str, ...], Asset | None] = {}
    for asset in assets:
        if asset.runs_nowhere or asset.platform.slug == "?":
            continue
        claim = (asset.kind.value, asset.platform.slug, asset.archive if packing else "")
        claims[claim] = None if claim in claims else asset
    return claims


async def compare_releases(
    resources: Resources,
    looks: Looks,
    releases: tuple[Release, Release],
    targets: Sequence[Target],
    *,
    download: bool,
    progress: ProgressCallback,
) -> ReleaseComparison:
    """Match the files of two releases, and compare each with its successor but for vulnerabilities.

    ``download``: whether the programs are fetched; else what is not on disk is compared by what
    earlier looks recorded, or by its first bytes. ``targets``: the first one is what the states are
    about.
    """
    pairs, added, gone = matched_assets(*releases)
    comparer = _Comparer(resources, looks, targets, download, progress)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(comparer.compare(one, other)) for one, other in pairs]
    done = tuple(task.result() for task in tasks)
    return ReleaseComparison(*releases, done, tuple(added), tuple(gone))


class _Comparer:
    """Compares pairs of assets, a few at a time."""

    def __init__(
        self,
        resources: Resources,
        looks: Looks,
        targets: Sequence[Target],
        download: bool,
        progress: ProgressCallback,
    ) -> None:
        self._resources = resources
        self._looks = looks
        self._targets = targets
        self._download = download
        self._progress = progress
        self._peeks, self._reads = asyncio.Semaphore(LOOKS), asyncio.Semaphore(DOWNLOADS)

    async def compare(self, before: Asset, after: Asset) -> AssetPair:
        """One file and its successor; what goes wrong with them ends nothing else."""
        if before.runs_nowhere or after.runs_nowhere:
            nowhere = NotApplicable("not a program")
            return AssetPair(before, after, (FileState(), FileState()), nowhere)
        async with asyncio.TaskGroup() as both:
            tasks = [both.create_task(self._side(each)) for each in (before, after)]
        (one, problem), (other, another) = (task.result() for task in tasks)
        problem = problem or another
        changes = Unknown(problem) if problem else await self._changes(one, other)
        return AssetPair(before, after, (one, other), changes)

    async def _side(self, asset: Asset) -> tuple[FileState, str]:
        """What is known of a file, and why it could not be read as it should; else empty."""
        subject, problem = self._looks.subject_of(asset), ""
        if self._download or await self._looks.on_disk(subject):
            try:
                async with self._reads:
                    whole = await self._looks.look(
                        subject, self._targets, Depth.WHOLE, self._progress
                    )
                return FileState(whole), ""
            except OperationCancelledError:
                raise
            except ExplorerError as error:
                problem = error.title
        async with self._peeks:
            state = await self._looks.look_at(asset, self._targets, depth=Depth.AVAILABLE)
        return state, problem or (state.error.title if state.error is not None else "")

    async def _changes(self, before: FileState, after: FileState) -> Fact[FileComparison]:
        if before.inspection is None or after.inspection is None:
            return Unknown(NEEDS_FILE)
        pair = before.inspection, after.inspection
        is_whole = all(each.path is not None for each in pair)
        try:
            async with self._reads if is_whole else self._peeks:
                if is_whole:  # they may have been pruned to make room for later ones
                    one, other = [
                        await self._looks.with_files(each, self._progress) for each in pair
                    ]
                    pair = one, other
                return await self._resources.run(lambda cancel: compared(*pair, cancel))
        except OperationCancelledError:
            raise
        except ExplorerError as error:
            return Unknown(error.title)


# ------------------------------------------------------------------ vulnerabilities


def with_vulnerabilities(
    resources: Resources,
    comparison: ReleaseComparison,
    database: DatabaseFile | None,
    cancel: Cancellation,
) -> ReleaseComparison:
    """The comparison, with the advisories that were fixed and are new. Blocking.

    Of a file that is not here it is known what an earlier ``vulns`` has recorded of it.

    Raises:
        SourceError, FormatError: the database cannot be read.
    """
    if database is None:
        return comparison
    programs = [_programs(resources, pair, cancel) for pair in comparison.pairs]
    changes = _matched(programs, database, cancel)
    return replace(
        comparison,
        pairs=tuple(
            pair
            if isinstance(pair.changes, MISSING)
            else replace(pair, changes=replace(pair.changes, vulnerabilities=change))
            for pair, change in zip(comparison.pairs, changes, strict=True)
        ),
    )


_Programs = Fact[tuple["GoProgram", "GoProgram"]]


def _programs(resources: Resources, pair: AssetPair, cancel: Cancellation) -> _Programs:
    """What both programs of a pair are made of."""
    if isinstance(pair.changes, MISSING):
        return pair.changes
    inspections = pair.changes.before, pair.changes.after
    programs = [_program(resources, each, cancel) for each in inspections]
    missing = [each for each in programs if isinstance(each, (Unknown, NotApplicable))]
    if missing:
        return next((one for one in missing if isinstance(one, Unknown)), missing[0])
    before, after = programs
    assert not isinstance(before, MISSING)
    assert not isinstance(after, MISSING)
    return before, after


def _program(resources: Resources, inspection: Inspection, cancel: Cancellation) -> Fact[GoProgram]:
    """What a program is made of: as recorded, else read from the file if it is here."""
    from explorer.workbench.go_program import program_of, with_modules
    from explorer.workbench.known_programs import known_program

    asset, go = inspection.subject.asset, with_modules(inspection.binary.go)
    recorded = known_program(resources, asset) if asset is not None else None
    if recorded is not None:
        return recorded
    if isinstance(go, MISSING):
        return go
    if inspection.path is None:
        return Unknown(NEEDS_FILE)
    try:
        return program_of(resources, inspection, cancel)
    except UsageError as error:
        return Unknown(error.detail)


def _matched(
    programs: Sequence[_Programs], database: DatabaseFile, cancel: Cancellation
) -> list[Fact[VulnerabilityChanges]]:
    from explorer.advisories import load_database, match_advisories

    known = [one for pair in programs if not isinstance(pair, MISSING) for one in pair]
    if not known:
        return [each if isinstance(each, MISSING) else NO_DATABASE for each in programs]
    modules = {path for program in known for path in program.modules}
    loaded = load_database(database.path, {*modules, "stdlib"})
    changes: list[Fact[VulnerabilityChanges]] = []
    for pair in programs:
        cancel.check()
        if isinstance(pair, MISSING):
            changes.append(pair)
            continue
        before, after = [match_advisories(program, loaded) for program in pair]
        changes.append(vulnerability_changes(before, after, database.name))
    return changes
