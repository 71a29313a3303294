"""What a sweep has to prove: which files on which targets, and what is known already."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from explorer.compat import Target, Verdict
from explorer.elf import FileFormat
from explorer.errors import EngineError, ExplorerError, UsageError
from explorer.facts import MISSING, known_or
from explorer.progress import Progress, ProgressCallback
from explorer.releases import Asset, Release, Role
from explorer.verify import Proof, Result
from explorer.workbench.inspect import rejudge
from explorer.workbench.matrix import PEEKS
from explorer.workbench.models import Depth, Inspection, ProofOptions
from explorer.workbench.prove import (
    container_platform,
    held_again,
    is_usual_run,
    wanted_image,
)

if TYPE_CHECKING:
    from explorer.verify import Engine
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources


_log = logging.getLogger("explorer.workbench")


class Standing(StrEnum):
    """What a run says of its prediction. In the order in which a summary lists them."""

    DISAGREES = "disagrees"
    """It started although NO was predicted, or did not although YES was."""
    DIFFERS = "differs"
    """It started, and is not what its release promises: version, system or processor."""
    NOT_RUN = "not-run"
    """Nothing was learned: no engine, image, emulation or file, or it was stopped."""
    NOT_STARTED = "not-started"
    """It did not start, and nothing certain was predicted: unknown, or a yes-if."""
    ELSEWHERE = "elsewhere"
    """It ran as predicted, on another system than the one asked for."""
    UNDECIDED = "undecided"
    """It started, and nothing was predicted."""
    AS_PREDICTED = "as-predicted"


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What a user asks for."""

    tags: tuple[str, ...] = ()
    """The releases; empty: the newest with files."""
    on: tuple[str, ...] = ()
    """Names of the targets; empty: the default target."""
    options: ProofOptions = field(default_factory=lambda: ProofOptions())
    """For every proof; ``on`` is not read. ``{arch}`` in the image stands for the architecture."""
    jobs: int = 4
    """Proofs at a time on each engine."""
    again: bool = False
    """Whether to run what is proved already."""


@dataclass(frozen=True, slots=True)
class SweepItem:
    """One file on one target."""

    release: Release
    asset: Asset
    inspection: Inspection
    """With one verdict: on the target."""
    target: Target
    options: ProofOptions
    image: str
    """The image to run it in; empty: the empty one."""
    platform: str
    """``linux/arm64``; empty for a script, which runs on any."""

    @property
    def verdict(self) -> Verdict:
        """The prediction."""
        return self.inspection.verdicts[0]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What became of an item."""

    item: SweepItem
    standing: Standing
    proof: Proof | None = None
    error: ExplorerError | None = None
    """Why it could not be run."""
    known: bool = False
    """Whether the proof is an earlier one, with the same digest, image and command."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of the releases that no container can run here."""

    asset: Asset
    why: str
    """Untrusted."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Everything that a sweep is about."""

    items: tuple[SweepItem, ...]
    left_out: tuple[LeftOut, ...]


async def plan_sweep(
    looks: Looks,
    resources: Resources,
    releases: Sequence[Release],
    targets: Sequence[Target],
    request: SweepRequest,
    progress: ProgressCallback,
) -> SweepPlan:
    """Look at every program for Linux of the releases, as little as its verdict needs.

    What a look cannot reach is left out, with the reason.
    """
    files = [(release, asset) for release in releases for asset in programs_of(release)]
    gate, done = asyncio.Semaphore(PEEKS), 0

    async def one(release: Release, asset: Asset) -> list[SweepItem] | LeftOut:
        nonlocal done
        async with gate:
            planned = await _look(looks, asset, targets)
        done += 1
        progress(Progress("peeking", done, len(files), "files"))
        if isinstance(planned, LeftOut):
            return planned
        try:
            return await resources.run(
                lambda _: items_of(resources, release, planned, targets, request)
            )
        except UsageError as error:
            return LeftOut(asset, error.detail or error.title)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(release, asset)) for release, asset in files]
    planned = [task.result() for task in tasks]
    left_out = tuple(part for part in planned if isinstance(part, LeftOut))
    items = [item for part in planned if not isinstance(part, LeftOut) for item in part]
    return SweepPlan(tuple(items), left_out)


def programs_of(release: Release) -> tuple[Asset, ...]:
    """The files of a release that may be programs for Linux, by their names."""
    return tuple(
        asset
        for asset in release.assets
        if asset.kind.role in (Role.PROGRAM, Role.PLUGIN)
        and known_or(asset.platform.os, "linux") == "linux"
    )


async def _look(looks: Looks, asset: Asset, targets: Sequence[Target]) -> Inspection | LeftOut:
    """The inspection; of the whole file where its first bytes do not reach the program."""
    state = await looks.look_at(asset, targets)
    inspection = state.inspection
    if inspection is None:
        unreachable = "only the name is known"
        return LeftOut(asset, str(state.error) if state.error is not None else unreachable)
    is_peek = inspection.path is None and inspection.asset_path is None
    if inspection.binary.format is not FileFormat.UNSEEN or not is_peek:
        return inspection
    try:
        return await looks.look(inspection.subject, targets, Depth.WHOLE)
    except ExplorerError as error:
        return LeftOut(asset, str(error))


def items_of(
    resources: Resources,
    release: Release,
    inspection: Inspection,
    targets: Sequence[Target],
    request: SweepRequest,
) -> list[SweepItem]:
    """One item for each target of the program's own architecture.

    Raises:
        UsageError: it is not a program that a Linux container could run.
    """
    asset = inspection.subject.asset
    assert asset is not None
    platform = container_platform(inspection)
    arch = platform.partition("/")[2]
    items = []
    for target in targets:
        if arch and target.arch not in ("", arch):
            continue
        judged = rejudge(inspection, (target,), resources.cache)
        options = replace(request.options, on=target.name if request.on else "")
        named = bool(request.on)
        image = wanted_image(resources.settings, options, target, arch, named=named)
        options = replace(options, image=image)
        items.append(SweepItem(release, asset, judged, target, options, options.image, platform))
    return items


ImageKey = tuple[str, str]
"""An image's reference, and the platform it is wanted for."""


ImageIds = Mapping[ImageKey, frozenset[str]]
"""The ids of an image on the engines that have it; none where it is nowhere."""


async def images_at_hand(
    engines: Iterable[Engine], keys: Iterable[ImageKey]
) -> dict[ImageKey, frozenset[str]]:
    """The ids of the images that are here."""
    from explorer.verify import image_id

    ids: dict[ImageKey, frozenset[str]] = dict.fromkeys(keys, frozenset())
    for engine in engines:
        for key in ids:
            try:
                ids[key] |= {await image_id(engine, *key)} - {""}
            except EngineError as error:  # it has died: the others are asked
                _log.info("%s", error)
    return ids


async def known_result(
    resources: Resources, item: SweepItem, images: ImageIds
) -> SweepResult | None:
    """The result of an earlier run of the same bytes, in the same image, by the same command."""
    inspection = item.inspection
    if isinstance(inspection.file.sha256, MISSING):
        return None
    earlier = (one for one in inspection.proofs if _is_same_run(resources, item, one, images))
    proof = next(earlier, None)
    if proof is None:
        return None
    chosen = bool(item.options.on)
    compared = await resources.run(
        lambda _: held_again(resources.cache, inspection, proof, item.target, chosen)
    )
    if not item.options.deep:
        compared = replace(compared, deep=())
    return SweepResult(item, standing_of(compared, item.target), compared, known=True)


def _is_same_run(resources: Resources, item: SweepItem, proof: Proof, images: ImageIds) -> bool:
    if proof.result is Result.NOT_RUN or isinstance(proof.image, MISSING):
        return False
    if item.platform and proof.platform != item.platform:
        return False
    if item.options.deep and not proof.deep:
        return False
    here = images.get((item.image, item.platform), frozenset())
    if proof.image.empty:
        same_image = not item.image or not here
    else:
        same_image = proof.image.reference == item.image and (not here or proof.image.id in here)
    return same_image and is_usual_run(item.inspection, item.options, resources.profiles, proof)


def standing_of(proof: Proof, target: Target) -> Standing:
    """What a proof says of the prediction for a target."""
    from explorer.verify import base_name

    if proof.result is Result.NOT_RUN:
        return Standing.NOT_RUN
    if proof.agrees is False:
        return Standing.DISAGREES
    steps_fail = any(step.counts_as_failure for step in proof.deep)
    if steps_fail or any(check.ok is False for check in proof.checks):
        return Standing.DIFFERS
    if proof.agrees is True:
        same = base_name(proof.target) == base_name(target)
        return Standing.AS_PREDICTED if same else Standing.ELSEWHERE
    return Standing.UNDECIDED if proof.result is Result.RAN else Standing.NOT_STARTED
