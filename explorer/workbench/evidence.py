"""The files that vouch for a file, read from its release or from its folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.progress import Cancellation, ignore_progress
from explorer.trust import LARGEST_BUNDLE, Companion, companions_of
from explorer.workbench.download import download
from explorer.workbench.models import Subject

if TYPE_CHECKING:
    from explorer.releases import Asset
    from explorer.workbench.resources import Resources

LARGEST = LARGEST_BUNDLE
"""Bytes of a file that vouches for others; a larger one is not downloaded."""
_AT_ONCE = 4
_MOST_FILES = 40
_MOST_BESIDE = 10_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """One file that vouches for another."""

    companion: Companion
    path: Path | None
    """Where it is; None if it was not read."""
    problem: str = ""
    """Why it was not read, as a clause."""

    @property
    def data(self) -> bytes:
        """Its content. Blocking."""
        return self.path.read_bytes() if self.path is not None else b""


async def gather_evidence(resources: Resources, subject: Subject) -> tuple[Evidence, ...]:
    """Download, or find, what vouches for a file. A file that cannot be read costs itself only."""
    if subject.asset is None:
        path = subject.path
        return await resources.run(lambda cancel: tuple(_beside(path, cancel))) if path else ()
    release = subject.release
    assets = {asset.name: asset for asset in release.assets} if release is not None else {}
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(companion: Companion) -> Evidence:
        async with gate:
            return await _downloaded(resources, companion, assets[companion.name])

    wanted = companions_of(subject.asset.name, assets)[:_MOST_FILES]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(companion)) for companion in wanted]
    return tuple(task.result() for task in tasks)


async def _downloaded(resources: Resources, companion: Companion, asset: Asset) -> Evidence:
    if isinstance(asset.size, int) and asset.size > LARGEST:
        return Evidence(companion, None, f"it is too large: {asset.size:,} bytes")
    try:
        got = await download(resources, asset, ignore_progress)
    except ExplorerError as error:
        return Evidence(companion, None, f"it cannot be read: {error.title}")
    return _sized(companion, got.blob.path)


def _sized(companion: Companion, path: Path) -> Evidence:
    size = path.stat().st_size
    if size > LARGEST:
        return Evidence(companion, None, f"it is too large: {size:,} bytes")
    return Evidence(companion, path)


def _beside(path: Path, cancel: Cancellation) -> Iterator[Evidence]:
    """What is in the folder of a local file."""
    names = []
    try:
        with os.scandir(path.parent) as entries:
            for entry in entries:
                cancel.check()
                names.append(entry.name)
                if len(names) >= _MOST_BESIDE:
                    break
    except OSError:
        return
    for companion in companions_of(path.name, names)[:_MOST_FILES]:
        file = path.parent / companion.name
        try:
            if file.is_file() and os.access(file, os.R_OK):
                yield _sized(companion, file)
        except OSError:
            continue
