"""``releases``: a repository's releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from explorer.cli.options import CONTEXT, global_options, json_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Catalogue, Release, Workbench

EXAMPLES = """\b
rr-explorer releases --limit 5
rr-explorer releases --stable --json | jq -r '.releases[].tag'"""


@click.command(
    "releases", short_help="List the releases.", context_settings=CONTEXT, epilog=EXAMPLES
)
@click.option("--filter", "text", metavar="TEXT", default="", help="Tags or names with TEXT.")
@click.option("--stable", is_flag=True, help="No pre-releases and no drafts.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N, newest first.")
@json_option
@global_options
@click.pass_obj
def releases(state: CliState, text: str, stable: bool, limit: int | None) -> int:
    """List the releases, newest first."""

    async def work(workbench: Workbench, output: Output) -> int:
        catalogue = await workbench.catalogue(progress=output.progress)
        shown = [
            release
            for release in catalogue.releases
            if not (stable and (release.prerelease or release.draft))
            and (contains(release.tag, text) or contains(release.name, text))
        ][:limit]
        if output.json:
            from explorer.report.json import releases as as_json

            output.data(as_json(catalogue, shown))
        else:
            _show(output, catalogue, shown)
        return OK

    return in_workbench(state, state.settings(), work)


def _show(output: Output, catalogue: Catalogue, shown: list[Release]) -> None:
    from explorer.report.tables import RELEASE_COLUMNS, catalogue_title, release_row

    output.warnings(catalogue.warnings)
    output.table(RELEASE_COLUMNS, [release_row(release) for release in shown])
    of = f"{len(shown)} of " if len(shown) != len(catalogue.releases) else ""
    output.note(f"{catalogue.repo}: {of}{catalogue_title(catalogue)}")


def contains(name: str, text: str) -> bool:
    """Whether ``text`` is in ``name``, in any case."""
    return text.casefold() in name.casefold()
