"""``compare``: what changed between two files, or between two releases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import (
    CONTEXT,
    FILE_HELP,
    WORDS,
    global_options,
    json_option,
    platform_option,
)
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.report import Cell
    from explorer.report.comparing import ComparedPart
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer compare ./rr ./build/rr
rr-explorer compare v2025.1.14 v2025.1.15 --platform linux-amd64
rr-explorer compare v2025.1.14 v2025.1.15 --modules --format markdown"""
SHOWN = 30
"""Rows of a table that are printed; --all prints every one."""


@click.command(
    "compare",
    short_help="Say what changed between two files or releases.",
    context_settings=CONTEXT,
    help="Say what changed between two files: where they run, libraries, hardening, toolchain, Go"
    " modules, vulnerabilities, sizes and bytes. Two builds of one source are recognised. Two TAGs"
    f" without --platform are compared as releases.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("before", type=WORDS, metavar="A", shell_complete=complete_file)
@click.argument("after", type=WORDS, metavar="B", shell_complete=complete_file)
@platform_option
@click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A vulnerability database, as for vulns; else the setting vulndb.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown")),
    default="text",
    show_default=True,
)
@click.option("--all", "every", is_flag=True, help=f"Print every row, not only {SHOWN} of a table.")
@click.option(
    "--modules",
    is_flag=True,
    help="Of two releases: download the programs of both, to compare all of them, Go modules"
    " included; else what is not on disk is compared by its first bytes.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if they are not the same program.")
@json_option
@global_options
@click.pass_obj
def compare(state: CliState, /, before: str, after: str, **options: object) -> int:
    platform, form = str(options["platform"]), str(options["form"])
    limit = None if options["every"] else SHOWN
    database = options["database"]
    named = database if isinstance(database, Path) else None

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report import comparing
        from explorer.report import comparing_releases as of_releases
        from explorer.report import json as documents

        tags = await _tags(workbench, before, after) if not platform else None
        if tags is not None:
            releases = await workbench.compare_releases(
                *tags, named, download=bool(options["modules"]), progress=output.progress
            )
            if output.json:
                output.data(documents.compare_releases(releases, workbench.warnings))
                return OK
            headline = of_releases.release_headline(releases)
            _show(output, headline, of_releases.release_parts(releases), form, limit)
            return OK
        subjects = [await workbench.resolve(words, platform) for words in (before, after)]
        comparison = await workbench.compare(
            subjects[0],
            subjects[1],
            named,
            progress=output.progress,
        )
        if output.json:
            output.data(documents.compare(comparison, workbench.warnings))
        else:
            headline = comparing.comparison_headline(comparison)
            _show(output, headline, comparing.comparison_parts(comparison), form, limit)
        return NO if options["exit_code"] and not comparison.same_program else OK

    return in_workbench(state, state.settings(), work)


async def _tags(workbench: Workbench, before: str, after: str) -> tuple[str, str] | None:
    """The tags of two releases, if both words name one and nothing else."""
    first = await workbench.tag_named(before)
    second = await workbench.tag_named(after) if first else ""
    return (first, second) if first and second else None


def _show(
    output: Output,
    headline: Cell,
    parts: Iterable[ComparedPart],
    form: str,
    limit: int | None,
) -> None:
    from explorer.report import Cell
    from explorer.report.comparing import comparison_markdown

    if form == "markdown":
        output.raw(comparison_markdown(headline, parts))
        return
    output.line(headline)
    same: list[str] = []
    for part in parts:
        if not part.rows and part.note.text == "no change":
            same.append(part.title)
            continue
        output.line("")
        output.line(Cell(part.title, "strong"))
        if part.note.text:
            output.line("  ", part.note)
        if part.rows:
            output.table(part.columns, part.rows[:limit])
        if limit is not None and len(part.rows) > limit:
            output.line(Cell(f"… and {len(part.rows) - limit:,} more: --all prints them", "dim"))
    if same:
        output.line("")
        output.line(Cell(f"No change: {', '.join(same)}", "dim"))
