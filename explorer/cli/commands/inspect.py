"""``inspect``: what a binary is, whether it will run, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import (
    CONTEXT,
    FILE_HELP,
    WORDS,
    global_options,
    json_option,
    on_option,
    peek_option,
    platform_option,
)
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.facts import MISSING

if TYPE_CHECKING:
    from explorer.workbench import Inspection, ListedDigest, Verdict, Workbench

EXAMPLES = """\b
rr-explorer inspect latest --platform linux-arm64 --peek
rr-explorer inspect ./rr --on scratch --on debian-12
rr-explorer inspect rr.tar.gz#rr --json | jq '.verdicts[0].answer'"""
CHECKSUMS = 100
"""Lines for the entries of a checksum file."""
PROGRAMS = 100
"""Rows for a folder."""
MEMBERS, REFUSED = 20, 200
"""Lines for an archive's members: the first ones, and in all with those refused further on."""


@click.command(
    "inspect",
    short_help="Say what a binary is, whether it will run, and why.",
    context_settings=CONTEXT,
    help=f"Say what a binary is, whether it will run, and why.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@on_option(many=True)
@peek_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 if an answer is no.")
@json_option
@global_options
@click.pass_obj
def inspect(
    state: CliState,
    file: str,
    platform: str,
    targets: tuple[str, ...],
    peek: bool,
    exit_code: bool,
) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.workbench import Depth

        for name in targets:
            workbench.target(name)  # a wrong name is reported before anything is downloaded
        if not output.json and (programs := await workbench.programs_of_folder(file)):
            fails = await show_folder(workbench, output, programs, targets)
            return NO if exit_code and fails else OK
        subject = await workbench.resolve(file, platform)
        depth = Depth.AVAILABLE if peek else Depth.WHOLE
        inspection = await workbench.look(
            subject, on=targets, depth=depth, progress=output.progress
        )
        if output.json:
            from explorer.report.json import inspect as as_json

            output.data(as_json(inspection, workbench.warnings))
        else:
            show_inspection(output, inspection, await workbench.checksums(inspection))
        fails = any(verdict.answer.value == "no" for verdict in inspection.verdicts)
        return NO if exit_code and fails else OK

    return in_workbench(state, state.settings(), work)


async def show_folder(
    workbench: Workbench, output: Output, programs: Sequence[str], targets: Sequence[str]
) -> bool:
    """Print a row for each program of a folder; whether one of them does not run."""
    from explorer.errors import ExplorerError
    from explorer.report import Cell, Column, Row, verdict_cell
    from explorer.report.verdicts import deciding_in_words

    rows, fails = [], False
    for name in programs[:PROGRAMS]:
        try:
            inspection = await workbench.look(await workbench.resolve(name), on=targets)
        except ExplorerError as error:
            failed = (Cell(name), Cell("! error", "warn"), Cell(""), Cell(error.title))
            rows.append(Row(name, failed))
            continue
        for verdict in inspection.verdicts:
            fails |= verdict.answer.value == "no"
            where = Cell(f"on {verdict.target.name}", "dim")
            because = Cell(deciding_in_words(verdict))
            rows.append(Row(name, (Cell(name), verdict_cell(verdict), where, because)))
    columns = (
        Column("file", "program"),
        Column("answer", "answer"),
        Column("target", "target"),
        Column("fact", "because", grows=True),
    )
    output.table(columns, rows)
    if len(programs) > PROGRAMS:
        output.line(Cell(f"… and {len(programs) - PROGRAMS} more", "dim"))
    return fails


def show_inspection(
    output: Output,
    inspection: Inspection,
    checksums: Sequence[ListedDigest] = (),
    facts: bool = True,
) -> None:
    """Print each verdict with its reasons and libraries, and with ``facts`` what the file is."""
    from explorer.report import Cell, check_cell
    from explorer.report.binaries import binary_facts
    from explorer.report.verdicts import about_in_words, verdict_banner

    output.line(Cell(inspection.subject.name, "strong"))
    banner = verdict_banner(inspection)
    if about_in_words(inspection):
        output.line(banner.headline)
        _show_checksums(output, checksums)
    else:
        for verdict in inspection.verdicts:
            _show_verdict(output, inspection, verdict)
        output.line(banner.proof)
    for note in banner.notes:
        output.line(note)
    if not facts:
        return
    output.line("")
    output.facts(binary_facts(inspection))
    output.line(Cell("digest        ", "dim"), check_cell(inspection.check))
    _show_members(output, inspection)


def _show_checksums(output: Output, entries: Sequence[ListedDigest]) -> None:
    """Print the entries of a checksum file."""
    from explorer.report import Cell, Column, Row

    rows = [
        Row(
            str(number),
            (Cell(entry.name or "–"), Cell(entry.algorithm, "dim"), Cell(entry.digest, "dim")),
        )
        for number, entry in enumerate(entries[:CHECKSUMS])
    ]
    columns = (Column("file", "file"), Column("kind", "algorithm"), Column("digest", "digest"))
    if rows:
        output.table(columns, rows)
    if left := len(entries) - len(rows):
        output.line(Cell(f"… and {left:,} more", "dim"))


def _show_verdict(output: Output, inspection: Inspection, verdict: Verdict) -> None:
    from explorer.report.verdicts import (
        DEPENDENCY_COLUMNS,
        dependency_facts,
        dependency_rows,
        reason_blocks,
        verdict_banner,
    )

    output.line(verdict_banner(inspection, verdict).headline)
    for block in reason_blocks(verdict):
        for line in block.lines():
            output.line("  ", line)
    if rows := dependency_rows(verdict):
        output.facts(dependency_facts(verdict), indent=2)
        output.table(DEPENDENCY_COLUMNS[:3], rows)


def _show_members(output: Output, inspection: Inspection) -> None:
    """Print the archive's first members, and every refused one, up to a bound."""
    from explorer.report import Cell
    from explorer.report.binaries import MEMBER_COLUMNS, listing_problem, member_row

    listing = inspection.listing
    if isinstance(listing, MISSING):
        return
    shown = [
        (number, member)
        for number, member in enumerate(listing.members)
        if number < MEMBERS or member.refused
    ][:REFUSED]
    output.line("")
    output.table(MEMBER_COLUMNS, [member_row(member, number) for number, member in shown])
    if left := len(listing.members) - len(shown):
        output.line(Cell(f"… and {left:,} more: --json lists them all", "dim"))
    if listing.problem is not None:
        output.line(listing_problem(listing))
