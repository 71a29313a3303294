"""Files down, systems across: where each program of a release runs, from its first bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.compat import Target, Verdict
from explorer.facts import known_or
from explorer.progress import Progress, ProgressCallback, ignore_progress
from explorer.releases import Asset, Catalogue, Release, Role
from explorer.workbench.known_files import FileState
from explorer.workbench.matrix import PEEKS, chosen_releases

if TYPE_CHECKING:
    from explorer.workbench.look import Looks


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One file, and what is known of it on every target."""

    release: Release
    asset: Asset
    state: FileState

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """In the order of the matrix's targets; empty if it could not be looked at."""
        return self.state.inspection.verdicts if self.state.inspection is not None else ()


@dataclass(frozen=True, slots=True)
class TargetMatrix:
    """The programs of some releases on every target."""

    repo: str
    targets: tuple[Target, ...]
    """Every target without added packages."""
    across: tuple[str, ...]
    """The names of those that a table shows."""
    rows: tuple[TargetRow, ...]
    warnings: tuple[str, ...]


async def look_by_target(
    catalogue: Catalogue,
    tags: Sequence[str],
    latest: int | None,
    looks: Looks,
    progress: ProgressCallback = ignore_progress,
) -> TargetMatrix:
    """Look at every program for Linux of some releases, up to sixteen at a time.

    Raises:
        NotFoundError: a tag is not in the catalogue.
    """
    from explorer.compat import all_targets, is_plain, targets_across

    targets = tuple(target for target in all_targets() if is_plain(target))
    files = [
        (release, asset)
        for release in chosen_releases(catalogue, tags, latest)
        for asset in release.assets
        if _may_be_for_linux(asset)
    ]
    gate = asyncio.Semaphore(PEEKS)
    done = 0

    async def one(release: Release, asset: Asset) -> TargetRow:
        nonlocal done
        async with gate:
            state = await looks.look_at(asset, targets)
        done += 1
        progress(Progress("peeking", done, len(files), "items"))
        return TargetRow(release, asset, state)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(release, asset)) for release, asset in files]
    rows = tuple(task.result() for task in tasks)
    return TargetMatrix(catalogue.repo, targets, targets_across(), rows, catalogue.warnings)


def _may_be_for_linux(asset: Asset) -> bool:
    role = asset.kind.role
    return role in (Role.PROGRAM, Role.PLUGIN) and known_or(asset.platform.os, "linux") == "linux"
