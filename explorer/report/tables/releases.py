"""Releases and their files as rows, with the columns that both faces show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from explorer.compat import Answer, Target
from explorer.errors import ExplorerError
from explorer.facts import MISSING, NotApplicable, Unknown, known_or
from explorer.fetch import Check
from explorer.releases import Asset, Catalogue, Origin, Release, Role
from explorer.report.answers import UNFINISHED, check_cell, fact_cell, verdict_cell
from explorer.report.cells import EMPTY, Cell, Column, Row
from explorer.report.tables.file_cells import kind_cell, name_cell, platform_cell
from explorer.report.text import one_line, visible
from explorer.report.units import age, human_size, iso_date, iso_time, plural
from explorer.report.verdicts.proofs import proof_cell, proved_on
from explorer.report.verdicts.words import deciding_in_few_words, deciding_in_words
from explorer.verify import Proof
from explorer.workbench import Inspection

RELEASE_COLUMNS = (
    Column("tag", "release", grows=True),
    Column("date", "date", width=10),
    Column("files", "files", "right", width=5),
)


def release_row(release: Release) -> Row:
    """Tag, date and number of files; drafts and pre-releases are marked."""
    mark = " draft" if release.draft else " pre" if release.prerelease else ""
    return Row(
        release.tag,
        (
            Cell(f"{release.tag}{mark}", "dim" if mark else "strong", short=release.tag),
            _date_cell(release),
            Cell(str(len(release.assets)), align="right", sort=len(release.assets)),
        ),
    )


def _date_cell(release: Release) -> Cell:
    moment = release.published_at
    if isinstance(moment, MISSING):
        return fact_cell(moment, lambda _: EMPTY, short=True)
    return Cell(iso_date(moment), sort=moment.timestamp())


def shown_assets(release: Release, plugins: bool = True, debs: bool = True) -> tuple[Asset, ...]:
    """The files to show with plugins and debs shown or hidden, in the release's own order."""
    hidden = {Role.PLUGIN} if not plugins else set()
    if not debs:
        hidden.add(Role.PACKAGE)
    return tuple(asset for asset in release.assets if asset.kind.role not in hidden)


def asset_columns(target: Target | None = None) -> tuple[Column, ...]:
    """Columns of the table of files; the verdict's is titled ``on musl``, ``on glibc`` …"""
    where = (
        "musl"
        if target is None
        else target.libc.value
        if target.libc.value != "none"
        else target.name
    )
    return (
        Column("name", "file", names_row=True),
        Column("kind", "kind"),
        Column("platform", "platform"),
        Column("size", "size", "right", width=8),
        Column("digest", "digest"),
        Column("answer", visible(f"on {where}"), width=9),
        Column("fact", "because", grows=True),
        Column("proof", "proof", width=8),
    )


@dataclass(frozen=True, slots=True)
class AssetRow:
    """A file of a release, or the gap of one that was never published."""

    row: Row
    asset: Asset | None
    """None for a gap."""
    serves: Asset | None = None
    """For a gap: the file that may be used instead."""


def asset_row(
    asset: Asset,
    inspection: Inspection | None = None,
    proofs: Sequence[Proof] = (),
    error: ExplorerError | None = None,
) -> AssetRow:
    """One file. ``inspection`` is None if it was not inspected; ``error`` then says why."""
    answer, fact = _verdict_cells(asset, inspection, error)
    verdict = inspection.verdicts[0] if inspection and inspection.verdicts else None
    shown = tuple(proofs) or (inspection.proofs if inspection else ())
    return AssetRow(
        Row(
            asset.name,
            (
                name_cell(asset),
                kind_cell(asset),
                platform_cell(asset, inspection),
                fact_cell(
                    asset.size,
                    lambda size: Cell(human_size(size), align="right", sort=size),
                    short=True,
                    align="right",
                ),
                _digest_cell(asset, inspection),
                answer,
                fact,
                proof_cell(shown, proved_on(shown, verdict)) if verdict else EMPTY,
            ),
        ),
        asset,
    )


def _digest_cell(asset: Asset, inspection: Inspection | None) -> Cell:
    """Whether the digest matches; before it was compared, whether one is published."""
    if inspection is not None and not isinstance(inspection.check, MISSING):
        return check_cell(inspection.check)
    if isinstance(asset.digest, Unknown):
        return fact_cell(asset.digest, Cell.of, short=True)
    if isinstance(asset.digest, NotApplicable):
        return check_cell(Check.ABSENT)
    return Cell("sha256", "dim")


def _verdict_cells(
    asset: Asset, inspection: Inspection | None, error: ExplorerError | None
) -> tuple[Cell, Cell]:
    if asset.unfinished:
        return UNFINISHED, Cell("its upload was never finished")
    if inspection is None and error is not None:
        unread = Cell("? unknown", "unknown", sort=Answer.UNKNOWN.rank)
        words = "could not be read"
        return unread, Cell(f"{words}: {one_line(error.title)}", "warn", short=words)
    if inspection is None or not inspection.verdicts:
        return EMPTY, EMPTY
    verdict = inspection.verdicts[0]
    because = Cell(deciding_in_words(verdict), short=deciding_in_few_words(verdict))
    return verdict_cell(verdict), because


def asset_rows(
    assets: Iterable[Asset],
    known: Callable[[Asset], Inspection | None] = lambda _: None,
    proofs: Callable[[Asset], Sequence[Proof]] = lambda _: (),
    gaps: bool = True,
) -> tuple[AssetRow, ...]:
    """Rows for the files of a release, and with ``gaps`` for musl files that were not published.

    Files about files come last.
    """
    files = tuple(assets)
    rows = [asset_row(a, known(a), proofs(a)) for a in files if not a.runs_nowhere]
    if gaps:
        for missing, serves in unpublished(files):
            rows.append(gap_row(missing, serves, known(serves)))
    return (*rows, *(asset_row(asset) for asset in files if asset.runs_nowhere))


def unpublished(assets: Sequence[Asset]) -> tuple[tuple[str, Asset], ...]:
    """``musl-ARCH`` platforms without a file, each with the ``linux-ARCH`` file that may do.

    A project that publishes nothing for musl, and whose profile does not expect it to, has none.
    """
    there = {(asset.kind, asset.platform.slug) for asset in assets}
    for_musl = {asset.kind for asset in assets if asset.platform.libc == "musl"}
    missing: list[tuple[str, Asset]] = []
    for asset in assets:
        if (
            asset.kind.role not in (Role.PROGRAM, Role.PLUGIN)
            or not (asset.kind.prefix or asset.kind in for_musl)
            or asset.platform.os != "linux"
            or not isinstance(asset.platform.libc, MISSING)
        ):
            continue
        arch = known_or(asset.platform.arch, "")
        slug = f"musl-{arch}"
        if arch and (asset.kind, slug) not in there:
            there.add((asset.kind, slug))
            missing.append((slug, asset))
    return tuple(missing)


_INSTEAD = {
    Answer.YES: "use {}: ",
    Answer.YES_IF: "{} may work: ",
    Answer.UNKNOWN: "{} may work: ",
    Answer.NO: "{} fails too: ",
}


def gap_row(slug: str, serves: Asset, inspection: Inspection | None = None) -> AssetRow:
    """The row of a platform without a file, e.g. musl-arm64, and which file may be used instead."""
    other = serves.platform.slug
    if inspection is None or not inspection.verdicts:
        answer, fact = EMPTY, Cell(f"↳ {other} may work: not inspected", "unknown")
    else:
        verdict = inspection.verdicts[0]
        shown = verdict_cell(verdict)
        answer = Cell(f"↳ {shown.text[2:]}", shown.style, sort=shown.sort)
        fact = Cell(_INSTEAD[verdict.answer].format(other) + deciding_in_words(verdict))
    cells = (
        Cell(f"{slug}: not published", "dim", short=f"{slug}: none"),
        Cell(serves.kind.value, "dim"),
        Cell(slug, "dim"),
        EMPTY,
        EMPTY,
        answer,
        fact,
        EMPTY,
    )
    return AssetRow(Row(f"gap:{serves.kind.value}:{slug}", cells), None, serves)


def release_title(release: Release) -> str:
    """``v2025.1.15 · 2026-06-17 · 16 files``; ``16 files expected`` where a workflow tells them."""
    parts = [
        release.tag,
        known_or(_moment(release), "date unknown"),
        plural(len(release.assets), "file"),
    ]
    if release.prerelease:
        parts.append("pre-release")
    if release.draft:
        parts.append("draft")
    if release.evidence == "derived":
        parts[2] += " expected"
    elif release.evidence not in ("api", "folder"):
        parts.append(release.evidence)
    return visible(" · ".join(parts))


def _moment(release: Release) -> str:
    return (
        "date unknown"
        if isinstance(release.published_at, MISSING)
        else iso_date(release.published_at)
    )


_ORIGINS = {
    Origin.API: "",
    Origin.CACHE: "from the cache",
    Origin.SNAPSHOT: "bundled snapshot",
    Origin.FOLDER: "local folder",
}


def catalogue_title(catalogue: Catalogue, now: datetime | None = None) -> str:
    """``206 releases · 2 min old``."""
    return " · ".join(catalogue_words(catalogue, now))


def catalogue_words(catalogue: Catalogue, now: datetime | None = None) -> tuple[str, ...]:
    """``206 releases``, ``2 min old``: how many releases, from where, how old.

    Never a bare count where the list is incomplete.
    """
    count = plural(len(catalogue.releases), "release")
    parts = [count if known_or(catalogue.complete, False) else f"{count} (incomplete list)"]
    if _ORIGINS[catalogue.origin]:
        parts.append(_ORIGINS[catalogue.origin])
    if not isinstance(catalogue.fetched_at, MISSING):
        parts.append(age(catalogue.fetched_at, now))
    return tuple(parts)


def asset_facts(asset: Asset) -> tuple[Row, ...]:
    """Everything known of a file before it is opened, as (what, value) rows."""
    platform = asset.platform
    rows: list[tuple[str, Cell]] = [
        ("name", Cell.of(asset.name)),
        ("release", Cell.of(f"{asset.repo} {asset.tag}")),
        ("kind", kind_cell(asset)),
        ("system", fact_cell(platform.os, Cell.of)),
        ("architecture", fact_cell(platform.arch, Cell.of)),
        ("libc", fact_cell(platform.libc, Cell.of)),
        ("size", fact_cell(asset.size, lambda size: Cell(f"{human_size(size)} ({size:,} bytes)"))),
        ("digest", fact_cell(asset.digest, Cell.of)),
        ("uploaded", fact_cell(asset.updated_at, lambda moment: Cell(iso_time(moment)))),
        ("downloads", fact_cell(asset.downloads, lambda count: Cell(f"{count:,}"))),
        ("address", Cell.of(asset.url or "none known")),
    ]
    if asset.path is not None:
        rows.append(("local file", Cell.of(asset.path)))
    return tuple(Row(name, (Cell(name, "dim"), cell)) for name, cell in rows)
