"""The first screen as it is kept between two starts: rows and words, made from records only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from explorer.facts import MISSING, Unknown
from explorer.report import age
from explorer.report.kept import (
    MOST_ROWS,
    banner_data,
    banner_from,
    table_data,
    table_from,
    text_from,
)
from explorer.tui.responsiveness.deferred_import import tables, verdicts, workbench
from explorer.tui.rows import ListRows

if TYPE_CHECKING:
    from explorer.report import Banner
    from explorer.settings import Settings
    from explorer.workbench import Asset, Catalogue, Inspection, Release, Target

_FORMAT = 1
_MOST_FILES = 64
"""Files that the browser looks up, whatever is in sight."""


@dataclass(frozen=True, slots=True)
class KeptScreen:
    """What the first frame shows of releases and files. All texts are visible and harmless."""

    tag: str
    """The release under the cursor."""
    file: str
    """The key of the file's row under the cursor."""
    name: str
    """That file's name."""
    count: str
    """How many releases there are, and where the list is from."""
    fetched_at: datetime
    target: str
    releases: ListRows
    hidden: int
    """Releases that are not shown."""
    files: ListRows
    title: str
    """Of the files."""
    lost: str
    """What the release lacks and the one before it had; empty: nothing."""
    has_gaps: bool
    banner: Banner

    @property
    def has_proofs(self) -> bool:
        """Whether there is a column for proofs."""
        return any(column.key == "proof" for column in self.files.columns)

    def headline(self, now: datetime) -> tuple[str, ...]:
        """For the top bar, as ``AppState.headline``."""
        return (self.count, age(self.fetched_at, now), self.target)


def kept_screen(data: Any) -> KeptScreen | None:
    """The screen that ``screen_data`` has described; None if the data are anything else."""
    try:
        if data["format"] != _FORMAT:
            return None
        texts = {
            name: text_from(data[name]) for name in ("name", "count", "target", "title", "lost")
        }
        releases, files = (ListRows(*table_from(data[name])) for name in ("releases", "files"))
        fetched_at = datetime.fromisoformat(data["fetched_at"])
        tag, file, hidden = data["tag"], data["file"], data["hidden"]
        if type(hidden) is not int or fetched_at.tzinfo is None or type(data["gaps"]) is not bool:
            return None
        if releases.index_of(tag) is None or files.index_of(file) is None:
            return None
        return KeptScreen(
            tag=tag,
            file=file,
            fetched_at=fetched_at,
            releases=releases,
            hidden=hidden,
            files=files,
            has_gaps=data["gaps"],
            banner=banner_from(data["banner"]),
            **texts,
        )
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None


def release_to_keep(catalogue: Catalogue, settings: Settings) -> Release | None:
    """The release that the cursor is on at the start; None if nothing can be kept of it."""
    newest = catalogue.release("latest")
    if newest is None or not newest.assets or isinstance(catalogue.fetched_at, MISSING):
        return None
    is_hidden = newest.prerelease and not settings.prereleases
    is_long = max(len(newest.assets), len(catalogue.releases)) > MOST_ROWS
    return None if is_hidden or is_long or catalogue.warnings else newest


def files_to_keep(release: Release, settings: Settings) -> tuple[Asset, ...]:
    """The files that are looked up at the start."""
    shown = tables.shown_assets(release, settings.plugins, settings.debs)
    return tuple(asset for asset in shown if not asset.runs_nowhere)[:_MOST_FILES]


def screen_data(
    catalogue: Catalogue,
    settings: Settings,
    target: Target,
    known: Callable[[Asset], Inspection | None],
    lost: Sequence[str],
    now: datetime,
) -> dict[str, object] | None:
    """The first screen as data; None if it would lack the verdict under its cursor.

    ``known``: what records say of a file. ``lost``: as ``Workbench.lost_signals``. Blocking.
    """
    from explorer.tui.asset_rows import AssetRows, ReleaseRows

    release = release_to_keep(catalogue, settings)
    if release is None or isinstance(catalogue.fetched_at, MISSING):
        return None
    every = catalogue.releases
    shown = [each for each in every if settings.prereleases or not each.prerelease]
    assets = tables.shown_assets(release, settings.plugins, settings.debs)
    looked_at = [known(asset) for asset in files_to_keep(release, settings)]
    proofs = any(each.proofs for each in looked_at if each is not None)
    releases, files = ReleaseRows(shown), AssetRows(assets, target, known, proofs=proofs)
    entry = files.entry(files.best(target))
    inspection = known(entry.asset) if entry is not None else None
    if entry is None or inspection is None:
        return None
    as_read = replace(catalogue, origin=workbench.Origin.CACHE, fetched_at=Unknown("told apart"))
    return {
        "format": _FORMAT,
        "tag": release.tag,
        "file": entry.key,
        "name": entry.asset.name,
        "count": " · ".join(tables.catalogue_words(as_read)),
        "fetched_at": catalogue.fetched_at.isoformat(),
        "target": f"target {verdicts.target_in_words(target)}",
        "releases": table_data(releases.columns, [releases.row(n) for n in range(len(releases))]),
        "hidden": len(every) - len(shown),
        "files": table_data(files.columns, [files.row(n) for n in range(len(files))]),
        "title": tables.release_title(release),
        "lost": lost[0] if lost else "",
        "gaps": files.has_gaps,
        "banner": banner_data(verdicts.verdict_banner(inspection, now=now)),
    }
