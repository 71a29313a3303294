"""``rr-explorer`` alone, or with a TARGET: the app, or the demo as text where there is no terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from explorer.cli.base import CONTEXT, State, global_options, in_workbench
from explorer.cli.output import OK, Output
from explorer.errors import ExplorerError, UsageError

if TYPE_CHECKING:
    from explorer.workbench import Workbench


@click.command("open", hidden=True, context_settings=CONTEXT)
@click.argument("target", required=False)
@global_options
@click.pass_obj
def open_command(state: State, target: str | None) -> int:
    """Open the app, at TARGET if one is named."""
    return open_app(state, target)


def open_app(state: State, target: str | None) -> int:
    """The app where there is a terminal; the demo as text where there is none.

    Raises:
        UsageError: there is no terminal to draw on.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if state.given.get("demo") and target is None:
            return in_workbench(state, state.settings(), journey)
        raise UsageError(
            "The app needs a terminal",
            "stdin or stdout is none",
            "Use a command, e.g. rr-explorer releases; rr-explorer --help lists them",
        )
    if state.app is None:
        raise UsageError("There is no app here", remedy="Start rr-explorer itself")
    return state.app(state.settings(strict=False), target)


async def journey(bench: Workbench, output: Output) -> int:
    """The demo as text: the releases, the files of those with stand-ins, and the verdict on each stand-in."""
    from explorer.cli.binary import show_inspection
    from explorer.report import RELEASE_COLUMNS, Cell, asset_columns, asset_rows, catalogue_title, release_row, release_title

    catalogue = await bench.catalogue(progress=output.progress)
    output.line(Cell("1. The releases", "strong"))
    output.line(Cell(f"   {catalogue.repo} · {catalogue_title(catalogue)}", "dim"))
    for warning in catalogue.warnings:
        output.line(Cell(f"   {warning}", "warn"))
    shown = [release for release in catalogue.releases if any(asset.stand_in for asset in release.assets)]
    listed = [release for place, release in enumerate(catalogue.releases) if place < 5 or release in shown]
    output.table(RELEASE_COLUMNS, [release_row(release) for release in listed])
    for release in shown:
        stand_ins = [asset for asset in release.assets if asset.stand_in]
        found = {asset.name: await bench.inspect(bench.subject(asset), progress=output.progress) for asset in stand_ins}
        output.line("")
        output.line(Cell(f"2. {release_title(release)}", "strong"))
        rows = asset_rows(release.assets, lambda asset, found=found: found.get(asset.name))  # type: ignore[misc]
        output.table(asset_columns(bench.default_target()), [row.row for row in rows])
        for asset in stand_ins:
            output.line("")
            output.line(Cell("3. Why", "strong"))
            show_inspection(output, found[asset.name], facts=False)
    output.line("")
    output.line(Cell("4. The proof", "strong"))
    try:
        status = await bench.doctor()
    except ExplorerError as error:
        output.line(f"   {error}")
        return OK
    engine = next((f for f in status if f.subject in ("docker", "podman", "nerdctl") and f.health.value == "ok"), None)
    if engine is None:
        output.line("   No container engine answers here: the verdicts above are predicted, nothing is proved.")
    else:
        tag = shown[0].tag if shown else "TAG"
        output.line(f"   {engine.subject} answers: rr-explorer verify --demo {tag} --platform linux-amd64 runs one of them.")
    output.line(Cell("   In a terminal, rr-explorer --demo opens the app on the same data.", "dim"))
    return OK
