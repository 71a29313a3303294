"""A sweep: every program for Linux of some releases proved on every chosen target.

What is proved is kept at once: a sweep that was stopped goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.compat import Answer
from explorer.errors import (
    EngineError,
    ExplorerError,
    OperationCancelledError,
    as_explorer_error,
)
from explorer.facts import MISSING
from explorer.progress import Progress, ProgressCallback, ignore_progress
from explorer.workbench.inspect import rejudge
from explorer.workbench.known_files import file_key
from explorer.workbench.models import Inspection
from explorer.workbench.prove import prove_inspection
from explorer.workbench.sweep_plan import (
    ImageKey,
    LeftOut,
    Standing,
    SweepItem,
    SweepPlan,
    SweepRequest,
    SweepResult,
    images_at_hand,
    known_result,
    standing_of,
)

if TYPE_CHECKING:
    from explorer.verify import Engine
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources

_log = logging.getLogger("explorer.workbench")
TROUBLE = (Standing.DISAGREES, Standing.DIFFERS, Standing.NOT_RUN, Standing.NOT_STARTED)
"""What a progress counts as failures."""

Swept = Callable[[SweepResult], None]
"""Gets each result as it comes. Must be quick and must not raise."""


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """What a sweep has shown."""

    results: tuple[SweepResult, ...]
    """In the order of the plan: releases, files, targets."""
    left_out: tuple[LeftOut, ...]

    def count(self, *standings: Standing) -> int:
        """How many results have one of these standings."""
        return sum(result.standing in standings for result in self.results)

    @property
    def exit_code(self) -> int:
        """As of ``verify``: 1 for what is not as predicted or promised, 5 if something did not run.

        A confirmed NO is as predicted: 0.
        """
        if self.count(Standing.DISAGREES, Standing.DIFFERS, Standing.NOT_STARTED):
            return 1
        return EngineError.exit_code if self.count(Standing.NOT_RUN) else 0


async def run_sweep(
    looks: Looks,
    resources: Resources,
    plan: SweepPlan,
    request: SweepRequest,
    swept: Swept,
    progress: ProgressCallback = ignore_progress,
) -> SweepSummary:
    """Prove what the plan names, up to ``request.jobs`` at a time on each engine.

    An item that cannot be run costs its own result only. Cancelling ends all runs and removes
    their containers; what was proved until then is kept.

    Raises:
        EngineError: no engine answers.
    """
    return await _Sweep(looks, resources, plan, request, swept, progress).carry_out()


class _Sweep:
    """One sweep under way."""

    def __init__(
        self,
        looks: Looks,
        resources: Resources,
        plan: SweepPlan,
        request: SweepRequest,
        swept: Swept,
        progress: ProgressCallback,
    ) -> None:
        self._looks, self._resources = looks, resources
        self._plan, self._request = plan, request
        self._swept, self._progress = swept, progress
        self._gate = asyncio.Semaphore(request.jobs)  # for each engine
        self._results: dict[int, SweepResult] = {}
        self._images: dict[ImageKey, frozenset[str]] = {}
        self._files: dict[str, Inspection] = {}
        """Inspections of whole files, by ``file_key``."""
        self._turns: dict[str, asyncio.Lock] = {}

    async def carry_out(self) -> SweepSummary:
        """Everything from the images to the last proof."""
        items = self._plan.items
        if items:
            self._tell()  # engines far away take seconds to answer
            pool = await self._resources.pool(self._request.options.engine)
            self._gate = asyncio.Semaphore(self._request.jobs * len(pool.engines))
            keys = dict.fromkeys((item.image, item.platform) for item in items if item.image)
            self._images = await images_at_hand(pool.engines, keys)
            waiting = await self._without_known(dict(enumerate(items)))
            for engine in tuple(pool.engines):
                await self._pull_missing(engine, list(waiting.values()))
            waiting = await self._without_known(waiting)
            async with asyncio.TaskGroup() as group:
                for place, item in waiting.items():
                    group.create_task(self._prove(place, item))
        results = tuple(self._results[place] for place in range(len(items)))
        return SweepSummary(results, self._plan.left_out)

    def _add(self, place: int, result: SweepResult) -> None:
        self._results[place] = result
        self._tell()
        self._swept(result)

    def _tell(self) -> None:
        """How many proofs are done, left, and have failed."""
        standings = Counter(one.standing for one in self._results.values())
        failures = sum(standings[standing] for standing in TROUBLE)
        done, total = len(self._results), len(self._plan.items)
        detail = f"{total - done} left, {failures} failed" if failures else f"{total - done} left"
        self._progress(Progress("proving", done, total, "proofs", detail=detail))

    async def _without_known(self, items: dict[int, SweepItem]) -> dict[int, SweepItem]:
        """The items that nothing is known of; the results of the others are added."""
        if self._request.again:
            return items
        waiting = {}
        for place, item in items.items():
            known = None
            if _is_settled(item):
                known = await known_result(self._resources, item, self._images)
            if known is None:
                waiting[place] = item
            else:
                self._add(place, known)
        return waiting

    async def _pull_missing(self, engine: Engine, items: Sequence[SweepItem]) -> None:
        """Pull what is not here, one after the other, before anything runs.

        An engine that keeps one platform per tag moves the tag meanwhile. What cannot be pulled is
        each proof's own error, or its reason to use the empty image.
        """
        from explorer.verify import pull_beside

        settings = self._resources.settings
        if settings.offline or not (settings.pull and self._request.options.pull):
            return
        for name, platform in dict.fromkeys((item.image, item.platform) for item in items):
            key = name, platform
            if not name or not platform or (await images_at_hand([engine], [key]))[key]:
                continue
            try:
                await pull_beside(engine, name, platform, self._progress)
            except EngineError as error:
                _log.info("not pulled: %s", error)
                continue
            self._images[key] |= (await images_at_hand([engine], [key]))[key]

    async def _prove(self, place: int, item: SweepItem) -> None:
        async with self._gate:
            try:
                result = await self._proved(item)
            except OperationCancelledError:
                raise
            except Exception as error:  # noqa: BLE001  a bug costs this proof, not the sweep
                if not isinstance(error, ExplorerError):
                    _log.exception("proving %s", item.asset.name)
                result = SweepResult(item, Standing.NOT_RUN, error=as_explorer_error(error))
        self._add(place, result)

    async def _proved(self, item: SweepItem) -> SweepResult:
        was_settled = _is_settled(item)
        item = replace(item, inspection=await self._whole(item))
        if not was_settled and not self._request.again:
            known = await known_result(self._resources, item, self._images)
            if known is not None:
                return known
        proof = await prove_inspection(
            self._resources, item.inspection, item.options, ignore_progress, None
        )
        return SweepResult(item, standing_of(proof, item.target), proof)

    async def _whole(self, item: SweepItem) -> Inspection:
        """The inspection with its files on disk: each file is downloaded and read once."""
        key, resources = file_key(item.asset), self._resources
        async with self._turns.setdefault(key, asyncio.Lock()):
            whole = await self._looks.with_files(self._files.get(key, item.inspection))
            self._files[key] = whole
        return await resources.run(lambda _: rejudge(whole, (item.target,), resources.cache))


def _is_settled(item: SweepItem) -> bool:
    """Whether the whole file could tell no more: its digest is known, and a verdict is given."""
    has_digest = not isinstance(item.inspection.file.sha256, MISSING)
    return has_digest and item.verdict.answer is not Answer.UNKNOWN
