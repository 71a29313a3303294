"""``--demo`` without a terminal: the whole tour as text, no part longer than a screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.cli.commands.advise import call_of, show_advice
from explorer.cli.commands.inspect import show_inspection
from explorer.cli.commands.matrix import show_matrix
from explorer.cli.output import OK, Output

if TYPE_CHECKING:
    from explorer.workbench import Catalogue, Inspection, Release, Workbench

ENGINES = ("docker", "podman", "nerdctl")
STORY = ("v2025.1.15", "v2.7.2", "v1.6.2")
"""Releases of the matrix: the newest, and two in which a file's name promised more than it held."""
MATRIX_WIDTH = 100
"""Cells of width for the matrix if there is no terminal: what fits into an issue or a log."""

Inspections = Mapping[str, "Inspection"]
"""By ``TAG/ASSET``."""


async def show_demo(workbench: Workbench, output: Output) -> int:
    """Print releases, a release's files, the reasons, the matrix, the advice and the proof."""
    from explorer.workbench import Depth

    catalogue = await workbench.catalogue(progress=output.progress)
    with_stand_ins = [
        release for release in catalogue.releases if any(one.stand_in for one in release.assets)
    ]
    _show_releases(output, catalogue, with_stand_ins)
    inspections = {
        f"{asset.tag}/{asset.name}": await workbench.look(
            workbench.subject(asset), depth=Depth.WHOLE, progress=output.progress
        )
        for release in with_stand_ins
        for asset in release.assets
        if asset.stand_in
    }
    if with_stand_ins:
        await _show_files(workbench, output, with_stand_ins[0], inspections)
    _show_reasons(output, inspections)
    await _show_matrix(workbench, output)
    await _show_advice(workbench, output)
    await _show_proof(workbench, output, inspections)
    return OK


def _heading(output: Output, text: str, note: str = "") -> None:
    from explorer.report import Cell

    output.line("")
    output.line(Cell(text, "strong"))
    if note:
        output.line(Cell(f"   {note}", "dim"))


def _show_releases(output: Output, catalogue: Catalogue, with_stand_ins: list[Release]) -> None:
    from explorer.report import Cell
    from explorer.report.tables import RELEASE_COLUMNS, catalogue_title, release_row

    output.line(Cell("1. The releases", "strong"))
    output.line(Cell(f"   {catalogue.repo} · {catalogue_title(catalogue)}", "dim"))
    for warning in catalogue.warnings:
        output.line(Cell(f"   {warning}", "warn"))
    listed = [
        release
        for place, release in enumerate(catalogue.releases)
        if place < 5 or release in with_stand_ins
    ]
    output.table(RELEASE_COLUMNS, [release_row(release) for release in listed])


async def _show_files(
    workbench: Workbench, output: Output, release: Release, inspections: Inspections
) -> None:
    from explorer.report.tables import asset_columns, asset_rows, release_title

    _heading(output, f"2. Its files: {release_title(release)}")
    rows = asset_rows(release.assets, lambda one: inspections.get(f"{one.tag}/{one.name}"))
    columns = asset_columns(await workbench.default_target())
    output.table(columns, [row.row for row in rows], spare=("digest", "platform", "size"))


def _show_reasons(output: Output, inspections: Inspections) -> None:
    """Print the first Linux program of each answer, with all its reasons."""
    linux = [
        one
        for one in inspections.values()
        if one.verdicts and one.subject.asset and one.subject.asset.platform.os == "linux"
    ]
    first = {one.verdicts[0].answer.value: one for one in reversed(linux)}
    note = f"{len(linux)} stand-ins for Linux were read; here is one for each answer"
    _heading(output, "3. Why", note)
    for inspection in (first[answer] for answer in ("yes", "yes-if", "no") if answer in first):
        output.line("")
        show_inspection(output, inspection, facts=False)


async def _show_matrix(workbench: Workbench, output: Output) -> None:
    _heading(output, "4. The matrix", "rr-explorer --demo matrix shows more of it")
    matrix = await workbench.matrix(STORY, progress=output.progress)
    for line in show_matrix(output, matrix, width=MATRIX_WIDTH):
        output.line(f"   {line}")


async def _show_advice(workbench: Workbench, output: Output) -> None:
    _heading(output, "5. The advice", "rr-explorer --demo advise --arch arm64 --libc musl")
    advice = await workbench.advise("latest", "arm64", "musl", progress=output.progress)
    show_advice(output, advice, call_of(workbench.settings))


async def _show_proof(workbench: Workbench, output: Output, inspections: Inspections) -> None:
    """Tell what was run from what was only predicted."""
    from explorer.report import Cell, plural
    from explorer.report.verdicts import verdict_banner

    _heading(output, "6. The proof")
    proved = [one for one in inspections.values() if one.proofs]
    for one in proved:
        output.line(Cell(f"   {one.subject.name}: "), verdict_banner(one).proof)
    if rest := len(inspections) - len(proved):
        verb = "is" if rest == 1 else "are"
        output.line(f"   {plural(rest, 'answer')} above {verb} predicted: nothing was run.")
    findings = await workbench.doctor()
    engine = next(
        (one for one in findings if one.subject in ENGINES and one.health.value == "ok"), None
    )
    if engine is not None:
        output.line(f"   {engine.subject} works here. To run one in a container without network:")
        output.line(Cell("   rr-explorer --demo verify latest --platform linux-amd64", "code"))
    else:
        output.line("   No container engine works here: rr-explorer doctor says what is missing.")
    output.line(Cell("   In a terminal, rr-explorer --demo opens the app on the same data.", "dim"))
