"""``assets``: a release's files and what is known of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from explorer.cli.commands.releases import contains
from explorer.cli.completions import complete_tag
from explorer.cli.options import CONTEXT, WORDS, global_options, json_option, on_option, peek_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Asset, Catalogue, FileState, Inspection, Release, Workbench

EXAMPLES = """\b
rr-explorer assets latest
rr-explorer assets v2025.1.15 --peek --kind server
rr-explorer assets latest --platform linux-arm64 --json"""


class Narrowing(NamedTuple):
    """Which assets to show."""

    kinds: Sequence[str]
    platform: str
    text: str

    def fits(self, asset: Asset) -> bool:
        """Whether to show ``asset``."""
        from explorer.workbench import platform_slug

        slug = platform_slug(self.platform)
        return (
            (not self.kinds or asset.kind.value in self.kinds)
            and contains(asset.name, self.text)
            and (not slug or asset.platform.fits(slug))
        )


@click.command(
    "assets",
    short_help="List a release's files and what is known of each.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("tag", type=WORDS, metavar="TAG", default="latest", shell_complete=complete_tag)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Only this kind: program, deb, AppImage, checksum, a profile's own … (repeatable).",
)
@click.option(
    "--platform", default="", metavar="PLATFORM", help="Only one: linux-arm64, musl-amd64 …"
)
@click.option("--filter", "text", metavar="TEXT", default="", help="Names with TEXT.")
@peek_option
@on_option()
@json_option
@global_options
@click.pass_obj
def assets(state: CliState, /, tag: str, peek: bool, on: str, **narrow: object) -> int:
    """List a release's files and what is known of each. TAG may be latest."""
    narrowing = Narrowing(**narrow)  # type: ignore[arg-type]  # click has parsed them

    async def work(workbench: Workbench, output: Output) -> int:
        catalogue = await workbench.catalogue(progress=output.progress)
        release = catalogue.release(tag) or catalogue.split(tag)[0]
        if release is None:
            await workbench.resolve(f"{tag}/")  # raises, and names the nearest tags
            raise AssertionError(f"{tag} was resolved, though there is no such release")
        shown = [asset for asset in release.assets if narrowing.fits(asset)]
        if release.assets and not shown:
            output.warn(_what_there_is(release, narrowing.platform))
        programs = [asset for asset in shown if not asset.runs_nowhere]
        known = await _peek(workbench, output, programs) if peek else {}
        for asset in programs:
            if asset.name not in known:
                inspection = await workbench.known(asset)
                known |= {asset.name: inspection} if inspection is not None else {}
        if output.json:
            _print_json(output, catalogue, release, [(one, known.get(one.name)) for one in shown])
            return OK
        from explorer.report.tables import asset_columns, asset_rows, release_title

        output.warnings(catalogue.warnings)
        gaps = not (narrowing.text or narrowing.platform)
        rows = asset_rows(shown, lambda asset: known.get(asset.name), gaps=gaps)
        columns = asset_columns(await workbench.default_target())
        output.table(columns, [row.row for row in rows], spare=("digest", "platform", "size"))
        output.note(release_title(release))
        output.warnings(workbench.lost_signals(release))
        return OK

    return in_workbench(state, state.settings(target=on or None), work)


def _what_there_is(release: Release, platform: str) -> str:
    """Why a list is empty: the platforms and the kinds that would not be."""
    from explorer.report import plural
    from explorer.workbench import near_platforms

    platforms = sorted({asset.platform.slug for asset in release.assets} - {"", "?"})
    near = near_platforms(platform, platforms) if platform else []
    meant = f". Did you mean {' or '.join(near)}?" if near else ""
    kinds = sorted({asset.kind.value for asset in release.assets})
    return (
        f"none of the {plural(len(release.assets), 'file')} of {release.tag} fits: the platforms"
        f" are {', '.join(platforms) or 'unknown'}; the kinds are {', '.join(kinds)}{meant}"
    )


async def _peek(workbench: Workbench, output: Output, shown: list[Asset]) -> dict[str, Inspection]:
    """Peek at all that can be reached; warn of the rest, each reason once."""
    from explorer.progress import Progress
    from explorer.report import plural
    from explorer.report.tables import error_lines

    done = 0

    async def one(asset: Asset) -> tuple[Asset, FileState]:
        nonlocal done
        state = await workbench.look_at(asset)
        done += 1
        output.progress(Progress("peeking", done, len(shown), "files"))
        return asset, state

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(asset)) for asset in shown]
    states = [task.result() for task in tasks]
    output.warnings(error_lines(state.error for _, state in states if state.error))
    if rest := sum(state.unreachable for _, state in states):
        demo = workbench.settings.demo
        why = "only stand-ins are here" if demo else "rr-explorer was told to stay offline"
        output.warn(f"{plural(rest, 'file was', 'files were')} not inspected: {why}")
    return {asset.name: state.inspection for asset, state in states if state.inspection}


def _print_json(
    output: Output,
    catalogue: Catalogue,
    release: Release,
    shown: Sequence[tuple[Asset, Inspection | None]],
) -> None:
    from explorer.report.json import assets as as_json
    from explorer.report.tables import unpublished

    output.data(as_json(catalogue, release, shown, unpublished(release.assets)))
