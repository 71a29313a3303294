"""What is published against what runs: releases down, platforms across, filled by peeks as they arrive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.compat import Target
from explorer.errors import ExplorerError, NotFoundError, OfflineError, OperationCancelledError
from explorer.facts import MISSING
from explorer.progress import Progress, ProgressCallback
from explorer.releases import Asset, AssetKind, Catalogue, Release
from explorer.workbench.models import Inspection

if TYPE_CHECKING:
    from explorer.workbench.workbench import Workbench

PEEKS = 16
"""At a time: one release's files."""
MOST_COLUMNS = 16
"""For projects whose platforms are not known beforehand."""


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """A platform. ``platforms`` are the slugs of names that belong in it."""

    key: str
    title: str
    kind: AssetKind
    platforms: tuple[str, ...]
    serves: str = ""
    """The slug of the platform whose file serves where this one has none: ``linux-arm64`` for ``musl-arm64``."""


def _server_and_plugin() -> tuple[MatrixColumn, ...]:
    columns = []
    for kind in (AssetKind.SERVER, AssetKind.PLUGIN):
        for title, slugs, serves in (
            ("linux-amd64", ("linux-amd64",), ""),
            ("linux-arm64", ("linux-arm64",), ""),
            ("musl-amd64", ("musl-amd64",), "linux-amd64"),
            ("musl-arm64", ("musl-arm64",), "linux-arm64"),
            ("darwin", ("darwin-amd64", "darwin-arm64"), ""),
            ("windows", ("windows-amd64",), ""),
            ("freebsd", ("freebsd-amd64",), ""),
        ):
            columns.append(MatrixColumn(f"{kind}:{title}", title, kind, slugs, serves))
        if kind is AssetKind.SERVER:
            columns.append(
                MatrixColumn("deb:deb", "deb", AssetKind.DEB, ("linux-amd64", "linux-arm64"))
            )
    return tuple(columns)


ROADRUNNER_COLUMNS = _server_and_plugin()


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One release on one platform."""

    column: MatrixColumn
    assets: tuple[Asset, ...]
    """What is published there; usually one, two for darwin and deb; empty: not published."""
    serves: Asset | None
    """The file that serves instead where nothing is published."""

    @property
    def asset(self) -> Asset | None:
        """The file that a look at this cell means: the published one, else the one that serves instead."""
        return self.assets[0] if self.assets else self.serves


@dataclass(frozen=True, slots=True)
class MatrixRow:
    release: Release
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one asset by now: an inspection, or why there is none."""

    inspection: Inspection | None
    error: ExplorerError | None = None
    cached: bool | None = None
    """Whether the cache has its bytes, whole; None where nobody asked."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole picture. ``seen`` maps ``TAG/ASSET`` to what is known of it; an asset not in it was not looked at."""

    repo: str
    target: Target
    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    total: int
    """Releases in the catalogue; more than the rows where only some were asked for."""
    seen: dict[str, Seen]
    warnings: tuple[str, ...]


def seen_key(asset: Asset) -> str:
    """``TAG/ASSET``: what ``Matrix.seen`` is keyed by."""
    return f"{asset.tag}/{asset.name}"


def lay_out(
    catalogue: Catalogue, target: Target, tags: Sequence[str] = (), latest: int | None = None
) -> Matrix:
    """The matrix of a catalogue, before anything is looked at.

    Raises:
        NotFoundError: a tag is not in the catalogue.
    """
    releases = _chosen(catalogue, tags, latest)
    columns = _columns(catalogue)
    rows = tuple(
        MatrixRow(release, tuple(_cell(release, column) for column in columns))
        for release in releases
    )
    return Matrix(
        catalogue.repo, target, columns, rows, len(catalogue.releases), {}, catalogue.warnings
    )


async def fill(
    bench: Workbench,
    matrix: Matrix,
    on: Sequence[str],
    progress: ProgressCallback,
    found: Callable[[Asset, Seen], None] | None = None,
) -> None:
    """Look at every asset of the matrix' rows, at most sixteen at a time, first rows first; ``matrix.seen`` fills meanwhile.

    What cannot be reached (the demo's and an offline list's files) is left out of ``seen``: published, not looked at.
    """
    shown = {seen_key(a): a for row in matrix.rows for cell in row.cells for a in cell.assets}
    assets = await bench.session.run(
        lambda _: [asset for asset in shown.values() if reachable(bench, asset)]
    )
    gate = asyncio.Semaphore(PEEKS)
    done = 0

    async def one(asset: Asset) -> None:
        nonlocal done
        async with gate:
            seen = await look_at(bench, asset, on)
        matrix.seen[seen_key(asset)] = seen
        done += 1
        progress(Progress("peeking", done, len(assets), "items"))
        if found is not None:
            found(asset, seen)

    try:
        async with asyncio.TaskGroup() as group:
            for asset in assets:
                group.create_task(one(asset))
    except (
        BaseExceptionGroup
    ) as errors:  # one of them is as good as all: the first has ended the others
        raise errors.exceptions[0] from errors
    # Behind the peeks, so that no answer waits for it.
    held = await bench.session.run(
        lambda _: {
            key
            for key in matrix.seen
            if shown[key].path is None and bench.on_disk(bench.subject(shown[key]))
        }
    )
    matrix.seen.update(
        {key: replace(seen, cached=key in held) for key, seen in matrix.seen.items()}
    )


async def look_at(bench: Workbench, asset: Asset, on: Sequence[str]) -> Seen:
    """A peek at one asset, or a look into the file where it is here; an error becomes part of the picture."""
    try:
        return Seen(await _looked(bench, asset, on))
    except OperationCancelledError:
        raise
    except ExplorerError as error:
        return Seen(None, error)


async def _looked(bench: Workbench, asset: Asset, on: Sequence[str]) -> Inspection:
    subject = bench.subject(asset)
    try:
        return await bench.peek(subject, on=on)
    except OfflineError:
        if not await bench.session.run(lambda _: _held(bench, asset)):
            raise
        return await bench.inspect(subject, on=on)


def reachable(bench: Workbench, asset: Asset) -> bool:
    """Whether a look at an asset can succeed: it is here, was looked at before, or has an address and may be asked for.

    Quick, but where no server may be asked it reads the cache: for threads.
    """
    settings = bench.settings
    address = bool(asset.url or asset.api_url) and not settings.demo
    if asset.path is not None or (address and not settings.offline):
        return True
    return bench.known(asset) is not None or (address and _held(bench, asset))


def _held(bench: Workbench, asset: Asset) -> bool:
    from explorer.fetch import asset_key

    return bench.session.cache.holds(asset_key(asset)) is not None


def _chosen(catalogue: Catalogue, tags: Sequence[str], latest: int | None) -> tuple[Release, ...]:
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
    kinds = {a.kind for r in catalogue.releases for a in r.assets}
    if AssetKind.SERVER in kinds:
        return ROADRUNNER_COLUMNS
    counted: Counter[str] = Counter()
    for release in catalogue.releases:
        counted.update(
            {a.platform.slug for a in release.assets if not isinstance(a.platform.os, MISSING)}
        )
    slugs = sorted(slug for slug, _ in counted.most_common(MOST_COLUMNS))
    columns = [
        MatrixColumn(
            f"other:{s}",
            s,
            AssetKind.OTHER,
            (s,),
            s.replace("musl-", "linux-") if s.startswith("musl-") else "",
        )
        for s in slugs
    ]
    return tuple(columns)


def _cell(release: Release, column: MatrixColumn) -> MatrixCell:
    def of(slugs: Sequence[str]) -> tuple[Asset, ...]:
        return tuple(
            a
            for s in slugs
            for a in release.assets
            if a.kind is column.kind and a.platform.slug == s and a.archive != ""
        )

    assets = of(column.platforms)
    instead = of((column.serves,)) if column.serves and not assets else ()
    return MatrixCell(column, assets, instead[0] if instead else None)
