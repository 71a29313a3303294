"""The gate: whether a release, or a folder before it is published, keeps its promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.elf import FileFormat
from explorer.errors import ExplorerError, IntegrityError, UsageError
from explorer.facts import known_or
from explorer.progress import Progress, ProgressCallback
from explorer.releases import Asset, Release
from explorer.workbench.go_program import vulnerabilities
from explorer.workbench.matrix import PEEKS
from explorer.workbench.models import Depth, Inspection, Subject
from explorer.workbench.promise import FilePromise, Promise
from explorer.workbench.promise_facts import (
    Keeping,
    Kept,
    facts_kept,
    proof_kept,
    signals_kept,
    targets_for,
    vulnerabilities_kept,
)
from explorer.workbench.sweep import run_sweep
from explorer.workbench.sweep_plan import SweepItem, SweepPlan, SweepRequest, items_of
from explorer.workbench.trust import trust_report
from explorer.workbench.verdicts import named_targets
from explorer.workbench.vuln_database import find_database

if TYPE_CHECKING:
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources


@dataclass(frozen=True, slots=True)
class GateRequest:
    """How a promise is checked."""

    tag: str = "latest"
    sweep: SweepRequest = field(default_factory=SweepRequest)
    """How the programs are run that must be proved; tags and targets are not read."""
    arch: str = ""
    """Only files whose names claim this architecture, or none; empty: all."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of one line of the promise."""

    promise: FilePromise
    file: str
    """The file's name; empty if none is there. Untrusted."""
    kept: Kept


@dataclass(frozen=True, slots=True)
class GateReport:
    """Whether a release keeps its promise."""

    repo: str
    tag: str
    path: Path
    """Of the promise."""
    results: tuple[GateResult, ...]
    """In the order of the promise."""

    def count(self, *keepings: Keeping) -> int:
        """How many results are of one of these."""
        return sum(result.kept.keeping in keepings for result in self.results)

    @property
    def holds(self) -> bool:
        """Whether nothing is broken, or unknown without leave."""
        return not self.count(Keeping.BROKEN, Keeping.UNKNOWN)


@dataclass(slots=True)
class _PromisedFile:
    """One file that something is promised of."""

    promise: FilePromise
    asset: Asset
    kept: list[Kept]
    items: list[SweepItem] = field(default_factory=list)


class Gate:
    """Checks one release."""

    def __init__(
        self, looks: Looks, resources: Resources, subject_of: Callable[[Asset], Subject]
    ) -> None:
        self._looks, self._resources = looks, resources
        self._subject_of = subject_of
        self._database_turn = asyncio.Lock()
        """The database is downloaded once."""

    async def check(
        self,
        release: Release,
        promise: Promise,
        request: GateRequest,
        progress: ProgressCallback,
    ) -> GateReport:
        """Look at the files that are promised, and run those that must be proved."""
        files: list[_PromisedFile | GateResult] = []
        for one in promise.files:
            files += _matching(release, one, request.arch)
        todo = [one for one in files if isinstance(one, _PromisedFile) and one.promise.reads_file]
        gate, done = asyncio.Semaphore(PEEKS), 0

        async def look(file: _PromisedFile) -> None:
            nonlocal done
            async with gate:
                await self._look(file, release, request)
            done += 1
            progress(Progress("checking", done, len(todo), "files"))

        async with asyncio.TaskGroup() as group:
            for file in todo:
                group.create_task(look(file))
        await self._prove(todo, request, progress)
        results = [result for one in files for result in _results(one)]
        return GateReport(
            release.assets[0].repo if release.assets else "",
            release.tag,
            promise.path,
            tuple(results),
        )

    async def _look(self, file: _PromisedFile, release: Release, request: GateRequest) -> None:
        promise, settings = file.promise, self._resources.settings
        names = targets_for(promise)
        targets = await self._resources.run(lambda _: named_targets(names, settings))
        subject = self._subject_of(file.asset)
        depth = Depth.WHOLE if promise.needs_whole else Depth.VERDICT
        try:
            inspection = await self._looks.look(subject, targets, depth)
            if inspection.binary.format is FileFormat.UNSEEN and inspection.path is None:
                inspection = await self._looks.look(subject, targets, Depth.WHOLE)
        except ExplorerError as error:
            keeping = Keeping.BROKEN if isinstance(error, IntegrityError) else Keeping.UNKNOWN
            file.kept += [Kept(name, keeping, str(error)) for name in _asked(promise)]
            return
        file.kept += facts_kept(promise, inspection)
        file.kept += await self._signals(replace(subject, release=release), promise)
        if promise.allowed_vulnerabilities is not None:
            file.kept.append(await self._vulnerable(inspection, promise))
        await self._plan(file, release, inspection, request)

    async def _signals(self, subject: Subject, promise: FilePromise) -> list[Kept]:
        if not promise.signals:
            return []
        try:
            report = await trust_report(self._resources, subject, None, whole=True)
        except ExplorerError as error:
            return [Kept("signals", Keeping.UNKNOWN, str(error))]
        published = subject.asset is None or subject.asset.path is None
        return list(signals_kept(promise, report.signals, published=published))

    async def _vulnerable(self, inspection: Inspection, promise: FilePromise) -> Kept:
        try:
            async with self._database_turn:
                database = await find_database(self._resources)
            result = await vulnerabilities(self._resources, inspection, database)
        except ExplorerError as error:
            return Kept("allowed-vulnerabilities", Keeping.UNKNOWN, str(error))
        return vulnerabilities_kept(result, promise.allowed_vulnerabilities or ())

    async def _plan(
        self, file: _PromisedFile, release: Release, inspection: Inspection, request: GateRequest
    ) -> None:
        """What must be run; a target of another processor can never be proved."""
        wanted = file.promise.proved_on
        if not wanted:
            return
        settings, resources = self._resources.settings, self._resources
        sweep = replace(request.sweep, on=wanted)
        targets = await resources.run(lambda _: named_targets(wanted, settings))
        try:
            file.items = await resources.run(
                lambda _: items_of(resources, release, inspection, targets, sweep)
            )
        except UsageError as error:
            file.kept += [Kept("proved-on", Keeping.BROKEN, str(error), name) for name in wanted]
            return
        planned = {item.target.name for item in file.items}
        file.kept += [
            Kept("proved-on", Keeping.BROKEN, "it is built for another processor", name)
            for name in wanted
            if name not in planned
        ]

    async def _prove(
        self, files: Sequence[_PromisedFile], request: GateRequest, progress: ProgressCallback
    ) -> None:
        items = tuple(item for file in files for item in file.items)
        if not items:
            return
        plan = SweepPlan(items, ())
        try:
            summary = await run_sweep(
                self._looks, self._resources, plan, request.sweep, lambda _: None, progress
            )
        except ExplorerError as error:  # no engine
            for file in files:
                file.kept += [
                    Kept("proved-on", Keeping.UNKNOWN, str(error), item.target.name)
                    for item in file.items
                ]
            return
        results = iter(summary.results)
        for file in files:
            file.kept += [proof_kept(next(results), item.target.name) for item in file.items]


def _matching(
    release: Release, promise: FilePromise, arch: str
) -> list[_PromisedFile | GateResult]:
    pattern = promise.pattern(release)
    assets = [asset for asset in release.assets if fnmatchcase(asset.name, pattern)]
    if not assets:
        absent = Kept("name", Keeping.BROKEN, f"no file is called {pattern}")
        return [GateResult(promise, "", absent)]
    if arch:
        assets = [one for one in assets if known_or(one.platform.arch, arch) == arch]
    return [
        _PromisedFile(
            promise,
            asset,
            [
                Kept("name", Keeping.BROKEN, "its upload was never finished")
                if asset.unfinished
                else Kept("name", Keeping.KEPT, "it is there")
            ],
        )
        for asset in assets
    ]


def _asked(promise: FilePromise) -> list[str]:
    """The requirements that need the file's content."""
    fields = ("runs_on", "proved_on", "arch", "glibc", "musl", "signals")
    names = [name.replace("_", "-") for name in fields if getattr(promise, name)]
    names += ["static"] if promise.static is not None else []
    vulnerable = promise.allowed_vulnerabilities is not None
    return names + (["allowed-vulnerabilities"] if vulnerable else [])


def _results(one: _PromisedFile | GateResult) -> list[GateResult]:
    if isinstance(one, GateResult):
        return [one]
    return [
        GateResult(one.promise, one.asset.name, _with_leave(kept, one.promise)) for kept in one.kept
    ]


def _with_leave(kept: Kept, promise: FilePromise) -> Kept:
    allowed = kept.requirement in promise.allow_unknown
    if kept.keeping is Keeping.UNKNOWN and allowed:
        return replace(kept, keeping=Keeping.ALLOWED)
    return kept
