"""The matrix: releases down, platforms across, filled by looks as they arrive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.compat import Target
from explorer.errors import NotFoundError
from explorer.facts import MISSING
from explorer.progress import Progress, ProgressCallback, ignore_progress
from explorer.releases import Asset, AssetKind, Catalogue, Release, Role
from explorer.workbench.known_files import FileState, KnownFiles, file_key

if TYPE_CHECKING:
    from explorer.workbench.known_programs import KnownVulnerabilities
    from explorer.workbench.look import Looks
    from explorer.workbench.release_trust import ReleaseTrust

PEEKS = 16
"""Looks at a time: the files of one release."""
MOST_COLUMNS = 16
"""For projects whose profile names no columns: their platforms are counted."""


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """One or more platforms."""

    key: str
    title: str
    kind: AssetKind
    platforms: tuple[str, ...]
    """Slugs of the platforms whose files belong here."""
    instead: str = ""
    """Slug of the platform to use instead if nothing is published here.

    ``linux-arm64`` for ``musl-arm64``.
    """
    lines: tuple[str, str] = ("", "")
    """The title on two lines: the system, and below it the architecture, or the title alone."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One release on one platform."""

    column: MatrixColumn
    assets: tuple[Asset, ...]
    """What is published there: usually one file, two for darwin and deb; empty: nothing."""
    instead: Asset | None
    """The file to use instead if nothing is published."""

    @property
    def asset(self) -> Asset | None:
        """The published file, else the one to use instead."""
        return self.assets[0] if self.assets else self.instead


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One release."""

    release: Release
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The published files of some releases, and what is known of each."""

    repo: str
    target: Target
    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    total: int
    """Releases in the catalogue; more than the rows if only some were asked for."""
    known: KnownFiles
    """Fills as files are looked at."""
    warnings: tuple[str, ...]
    vulnerabilities: Mapping[str, KnownVulnerabilities] | None = None
    """Of each file of which enough is known, by ``file_key``; None without a database at hand."""
    trust: Mapping[str, ReleaseTrust] = field(default_factory=dict)
    """What vouches for each release, by its tag."""

    @property
    def shows_trust(self) -> bool:
        """Whether something is known to vouch for any of the releases, or is missed."""
        return any(one.says_something for one in self.trust.values())

    def vulnerable(self, row: MatrixRow) -> int | None:
        """How many affect the program of a release for the platform with most; None: unknown."""
        known = self.vulnerabilities or {}
        files = (file_key(asset) for cell in row.cells for asset in cell.assets)
        return max((len(known[key].affected) for key in files if key in known), default=None)


def lay_out(
    catalogue: Catalogue, target: Target, tags: Sequence[str] = (), latest: int | None = None
) -> Matrix:
    """The matrix of a catalogue, before anything is looked at.

    Raises:
        NotFoundError: a tag is not in the catalogue.
    """
    releases = chosen_releases(catalogue, tags, latest)
    columns = _columns(catalogue)
    rows = tuple(MatrixRow(release, _cells(release, columns)) for release in releases)
    return Matrix(
        catalogue.repo,
        target,
        columns,
        rows,
        len(catalogue.releases),
        KnownFiles(),
        catalogue.warnings,
    )


async def fill(
    matrix: Matrix,
    looks: Looks,
    progress: ProgressCallback = ignore_progress,
    looked: Callable[[Asset, FileState], None] | None = None,
) -> None:
    """Look at every asset of the matrix, up to sixteen at a time, first rows first.

    ``matrix.known`` fills meanwhile; ``looked`` is called with each state as it arrives. A file
    that cannot be looked at costs its cell only.
    """
    cells = [cell for row in matrix.rows for cell in row.cells]
    instead = [cell.instead for cell in cells if cell.instead is not None]
    published = [asset for cell in cells for asset in cell.assets]
    shown = {file_key(asset): asset for asset in (*published, *instead)}
    gate = asyncio.Semaphore(PEEKS)
    done = 0

    async def one(key: str, asset: Asset) -> None:
        nonlocal done
        async with gate:
            state = await looks.look_at(asset, (matrix.target,))
        matrix.known.update(key, state)
        done += 1
        progress(Progress("peeking", done, len(shown), "items"))
        if looked is not None and state.looked_at:
            looked(asset, state)

    async with asyncio.TaskGroup() as group:
        for key, asset in shown.items():
            group.create_task(one(key, asset))
    # After the looks, so that no answer waits for it.
    cached = await looks.cached(asset for asset in shown.values() if asset.path is None)
    for key in shown:
        if matrix.known[key].looked_at:
            matrix.known.set_cached(key, key in cached)


def chosen_releases(
    catalogue: Catalogue, tags: Sequence[str], latest: int | None
) -> tuple[Release, ...]:
    """The releases with these tags, else the newest ones with files; None: all.

    Raises:
        NotFoundError: a tag is not in the catalogue.
    """
    if tags:
        chosen = []
        for tag in tags:
            release = catalogue.release(tag)
            if release is None:
                raise NotFoundError(
                    f"{catalogue.repo} has no release {tag}",
                    remedy="rr-explorer releases lists them",
                )
            chosen.append(release)
        return tuple(chosen)
    with_assets = tuple(r for r in catalogue.releases if r.assets)
    return with_assets if latest is None else with_assets[:latest]


def _columns(catalogue: Catalogue) -> tuple[MatrixColumn, ...]:
    profile = catalogue.profile
    if profile.columns:
        return tuple(
            MatrixColumn(
                f"{c.kind}:{c.title}", c.title, c.kind, c.platforms, c.instead, _lines(c.title)
            )
            for c in profile.columns
        )
    counted: Counter[tuple[AssetKind, str]] = Counter()
    for release in catalogue.releases:
        counted.update({(a.kind, a.platform.slug) for a in release.assets if _has_column(a)})
    chosen = sorted(counted, key=lambda pair: (-counted[pair], pair[1]))[:MOST_COLUMNS]
    chosen.sort(key=lambda pair: (profile.rank(pair[0]), not _is_linux(pair[1]), pair[1]))
    return tuple(_column(kind, slug) for kind, slug in chosen)


def _is_linux(slug: str) -> bool:
    return slug.startswith(("linux", "musl"))


def _has_column(asset: Asset) -> bool:
    """Whether it may be a program, and its name says for which system."""
    roles = (Role.PROGRAM, Role.PLUGIN, Role.OTHER)
    return asset.kind.role in roles and not isinstance(asset.platform.os, MISSING)


def _column(kind: AssetKind, slug: str) -> MatrixColumn:
    instead = slug.replace("musl-", "linux-") if slug.startswith("musl-") else ""
    return MatrixColumn(f"{kind}:{slug}", slug, kind, (slug,), instead, _lines(slug))


def _lines(slug: str) -> tuple[str, str]:
    """The parts of a platform's slug; a name without a hyphen stands on the second line."""
    system, _, arch = slug.rpartition("-")
    return system, arch


def _cells(release: Release, columns: Sequence[MatrixColumn]) -> tuple[MatrixCell, ...]:
    published: dict[tuple[AssetKind, str], list[Asset]] = {}
    for asset in release.assets:
        published.setdefault((asset.kind, asset.platform.slug), []).append(asset)

    def cell(column: MatrixColumn) -> MatrixCell:
        assets = [a for slug in column.platforms for a in published.get((column.kind, slug), ())]
        instead = [] if assets else published.get((column.kind, column.instead), [])
        return MatrixCell(column, tuple(assets), instead[0] if instead else None)

    return tuple(map(cell, columns))
