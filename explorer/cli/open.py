"""``rr-explorer`` alone, or with a TARGET: the app, or the demo as text where there is no terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from explorer.cli.base import CONTEXT, CliState, global_options, in_workbench
from explorer.cli.output import OK, Output
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Catalogue, Inspection, Release, Workbench

ENGINES = ("docker", "podman", "nerdctl")
STORY = ("v2025.1.15", "v2.7.2", "v1.6.2")
"""The releases of the demo's matrix: today's, and the two in which a file's name promised more than it held."""
MATRIX_WIDTH = 100
"""Cells of width for the matrix where there is no terminal to ask: what fits into an issue or a log."""


@click.command("open", hidden=True, context_settings=CONTEXT)
@click.argument("target", required=False)
@global_options
@click.pass_obj
def open_command(state: CliState, target: str | None) -> int:
    """Open the app, at TARGET if one is named."""
    return open_app(state, target)


def open_app(state: CliState, target: str | None) -> int:
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
    """The demo as text, no part longer than a screen: releases, a release's files, why, the matrix, advice, and the proof."""
    from explorer.workbench import Depth

    catalogue = await bench.catalogue(progress=output.progress)
    shown = [
        release for release in catalogue.releases if any(asset.stand_in for asset in release.assets)
    ]
    _show_releases(output, catalogue, shown)
    found: dict[str, Inspection] = {}
    for asset in (asset for release in shown for asset in release.assets if asset.stand_in):
        found[f"{asset.tag}/{asset.name}"] = await bench.look(
            bench.subject(asset), depth=Depth.WHOLE, progress=output.progress
        )
    if shown:
        await _show_files(bench, output, shown[0], found)
    _show_reasons(output, found)
    await _show_matrix(bench, output)
    await _show_advice(bench, output)
    await _show_proof(bench, output, found)
    return OK


def _heading(output: Output, text: str, note: str = "") -> None:
    from explorer.report import Cell

    output.line("")
    output.line(Cell(text, "strong"))
    if note:
        output.line(Cell(f"   {note}", "dim"))


def _show_releases(output: Output, catalogue: Catalogue, shown: list[Release]) -> None:
    from explorer.report import RELEASE_COLUMNS, Cell, catalogue_title, release_row

    output.line(Cell("1. The releases", "strong"))
    output.line(Cell(f"   {catalogue.repo} · {catalogue_title(catalogue)}", "dim"))
    for warning in catalogue.warnings:
        output.line(Cell(f"   {warning}", "warn"))
    listed = [
        release for place, release in enumerate(catalogue.releases) if place < 5 or release in shown
    ]
    output.table(RELEASE_COLUMNS, [release_row(release) for release in listed])


async def _show_files(
    bench: Workbench, output: Output, release: Release, found: dict[str, Inspection]
) -> None:
    from explorer.report import asset_columns, asset_rows, release_title

    _heading(output, f"2. Its files: {release_title(release)}")
    rows = asset_rows(release.assets, lambda asset: found.get(f"{asset.tag}/{asset.name}"))
    columns = asset_columns(await bench.default_target())
    output.table(columns, [row.row for row in rows])


def _show_reasons(output: Output, found: dict[str, Inspection]) -> None:
    """The first yes and the first no of a Linux program, with all their reasons."""
    from explorer.cli.binary import show_inspection

    linux = [
        one
        for one in found.values()
        if one.verdicts and one.subject.asset and one.subject.asset.platform.os == "linux"
    ]
    first = {one.verdicts[0].answer.value: one for one in reversed(linux)}
    _heading(
        output, "3. Why", f"{len(linux)} stand-ins for Linux were read; a yes and a no of them"
    )
    for one in (first[answer] for answer in ("yes", "no") if answer in first):
        output.line("")
        show_inspection(output, one, facts=False)


async def _show_matrix(bench: Workbench, output: Output) -> None:
    from explorer.cli.many import show_matrix

    _heading(output, "4. The matrix", "rr-explorer --demo matrix shows more of it")
    for line in show_matrix(
        output, await bench.matrix(STORY, progress=output.progress), most=MATRIX_WIDTH
    ):
        output.line(f"   {line}")


async def _show_advice(bench: Workbench, output: Output) -> None:
    from explorer.cli.many import call_of, show_advice

    _heading(output, "5. The advice", "rr-explorer --demo advise --arch arm64 --libc musl")
    show_advice(
        output,
        await bench.advise("latest", "arm64", "musl", progress=output.progress),
        call_of(bench.settings),
    )


async def _show_proof(bench: Workbench, output: Output, found: dict[str, Inspection]) -> None:
    """What was run and what was only predicted: nothing here is said to be proved that was not."""
    from explorer.report import Cell, plural, proof_line

    _heading(output, "6. The proof")
    proved = [one for one in found.values() if one.proofs]
    for one in proved:
        output.line(Cell(f"   {one.subject.name}: "), proof_line(one.proofs[0]))
    rest = len(found) - len(proved)
    if rest:
        output.line(
            f"   {plural(rest, 'answer')} above {'is' if rest == 1 else 'are'} predicted from the file and not proved: nothing was run."
        )
    engines = [
        one for one in await bench.doctor() if one.subject in ENGINES and one.health.value == "ok"
    ]
    if engines:
        output.line(
            f"   {engines[0].subject} answers here. This runs one of them in a container without a network:"
        )
        output.line(Cell("   rr-explorer --demo verify latest --platform linux-amd64", "code"))
    else:
        output.line(
            "   No container engine answers here, so nothing can be proved: rr-explorer doctor says what is missing."
        )
    output.line(Cell("   In a terminal, rr-explorer --demo opens the app on the same data.", "dim"))
