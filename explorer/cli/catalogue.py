"""``releases`` and ``assets``: what there is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from explorer.cli.base import (
    CONTEXT,
    CliState,
    complete_tag,
    complete_target,
    global_options,
    in_workbench,
    json_option,
)
from explorer.cli.output import OK, Output

if TYPE_CHECKING:
    from explorer.workbench import Asset, Catalogue, FileState, Inspection, Release, Workbench


@click.command(
    "releases",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer releases --limit 5\nrr-explorer releases --stable --json | jq -r '.releases[].tag'",
)
@click.option(
    "--filter", "text", metavar="TEXT", default="", help="Only those whose tag or name holds TEXT."
)
@click.option("--stable", is_flag=True, help="Without pre-releases and drafts.")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the newest first.")
@json_option
@global_options
@click.pass_obj
def releases(state: CliState, text: str, stable: bool, limit: int | None) -> int:
    """List the releases, newest first."""
    settings = state.settings()

    async def work(bench: Workbench, output: Output) -> int:
        catalogue = await bench.catalogue(progress=output.progress)
        shown = [
            r
            for r in catalogue.releases
            if not (stable and (r.prerelease or r.draft)) and _holds(text, r.tag, r.name)
        ]
        shown = shown[:limit]
        if output.json:
            from explorer.report.json import releases as as_json

            output.data(as_json(catalogue, shown))
            return OK
        from explorer.report import RELEASE_COLUMNS, catalogue_title, release_row

        output.warnings(catalogue.warnings)
        output.table(RELEASE_COLUMNS, [release_row(release) for release in shown])
        of = f"{len(shown)} of " if len(shown) != len(catalogue.releases) else ""
        output.note(f"{catalogue.repo}: {of}{catalogue_title(catalogue)}")
        return OK

    return in_workbench(state, settings, work)


def _holds(text: str, *names: str) -> bool:
    return any(text.casefold() in name.casefold() for name in names)


@click.command(
    "assets",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer assets latest\nrr-explorer assets v2025.1.15 --peek --kind server"
    "\nrr-explorer assets latest --platform linux-arm64 --json",
)
@click.argument("tag", metavar="TAG", default="latest", shell_complete=complete_tag)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["server", "plugin", "deb", "other"]),
    help="Only this kind (repeatable).",
)
@click.option(
    "--platform",
    default="",
    metavar="PLATFORM",
    help="Only this platform, e.g. linux-arm64 or musl-amd64.",
)
@click.option(
    "--filter", "text", metavar="TEXT", default="", help="Only files whose name holds TEXT."
)
@click.option("--peek", is_flag=True, help="Look into the first bytes of each, without a download.")
@click.option(
    "--on",
    metavar="TARGET-NAME",
    help="Where it should run.  [default: musl of the current Alpine]",
    shell_complete=complete_target,
)
@json_option
@global_options
@click.pass_obj
def assets(
    state: CliState,
    tag: str,
    kinds: tuple[str, ...],
    platform: str,
    text: str,
    peek: bool,
    on: str | None,
) -> int:
    """List a release's files and what is known of each. TAG may be latest."""
    settings = state.settings(target=on)

    async def work(bench: Workbench, output: Output) -> int:
        catalogue = await bench.catalogue(progress=output.progress)
        release = catalogue.release(tag)
        if release is None:
            await bench.resolve(f"{tag}/")  # raises, with the nearest tags
            raise AssertionError("a tag that is not there was resolved")
        from explorer.workbench import platform_slug

        wanted = platform_slug(platform)
        shown = [
            asset
            for asset in release.assets
            if (not kinds or asset.kind.value in kinds)
            and _holds(text, asset.name)
            and wanted in ("", asset.platform.slug)
        ]
        looked = await _look(bench, output, shown) if peek else {}
        for asset in shown:
            if asset.name not in looked and (known := await bench.known(asset)) is not None:
                looked[asset.name] = known
        if output.json:
            _assets_json(output, catalogue, release, shown, looked)
            return OK
        from explorer.report import asset_columns, asset_rows, release_title

        output.warnings(catalogue.warnings)
        narrowed = bool(text or platform)
        rows = asset_rows(shown, lambda asset: looked.get(asset.name), gaps=not narrowed)
        columns = asset_columns(await bench.default_target())
        output.table(columns, [row.row for row in rows], spare=("digest", "format"))
        output.note(release_title(release))
        return OK

    return in_workbench(state, settings, work)


async def _look(bench: Workbench, output: Output, shown: list[Asset]) -> dict[str, Inspection]:
    """Peek at all that can be reached, at once; what could not be looked at is told, each reason once, and left out."""
    from explorer.progress import Progress
    from explorer.report import plural
    from explorer.report.tables import error_lines

    done = 0

    async def one(asset: Asset) -> tuple[Asset, FileState]:
        nonlocal done
        state = await bench.look_at(asset)
        done += 1
        output.progress(Progress("peeking", done, len(shown), "files"))
        return asset, state

    async with asyncio.TaskGroup() as group:
        looks = [group.create_task(one(asset)) for asset in shown]
    states = [look.result() for look in looks]
    output.warnings(error_lines(state.error for _, state in states if state.error))
    unreachable = sum(1 for _, state in states if state.unreachable)
    if unreachable:
        why = (
            "only stand-ins are here"
            if bench.settings.demo
            else "rr-explorer was told to stay offline"
        )
        output.warn(f"{plural(unreachable, 'file was', 'files were')} not inspected: {why}")
    return {asset.name: state.inspection for asset, state in states if state.inspection is not None}


def _assets_json(
    output: Output,
    catalogue: Catalogue,
    release: Release,
    shown: list[Asset],
    looked: dict[str, Inspection],
) -> None:
    from explorer.report import unpublished
    from explorer.report.json import assets as as_json

    known = [(asset, looked.get(asset.name)) for asset in shown]
    output.data(as_json(catalogue, release, known, unpublished(release.assets)))
