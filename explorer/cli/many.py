"""``matrix``, ``advise`` and ``report``: many files at a glance, which to take, and what to paste into an issue."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Literal

import click

from explorer.cli.base import (
    CONTEXT,
    CliState,
    complete_tag,
    complete_target,
    global_options,
    in_workbench,
    json_option,
    platform_option,
)
from explorer.cli.output import NO, OK, Output
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import Advice, Inspection, Matrix, Workbench


@click.command(
    "matrix",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer matrix --latest 10\nrr-explorer matrix v2025.1.15 v1.6.2 --markdown",
)
@click.argument("tags", metavar="[TAG]...", nargs=-1, shell_complete=complete_tag)
@click.option(
    "--latest",
    type=click.IntRange(1),
    metavar="N",
    help="The newest N releases.  [default: 10, without a TAG]",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="The plugin's columns too where the terminal is narrow.",
)
@click.option("--markdown", is_flag=True, help="Markdown tables.")
@click.option(
    "--on",
    metavar="TARGET-NAME",
    default="",
    shell_complete=complete_target,
    help="Where it should run.",
)
@json_option
@global_options
@click.pass_obj
def matrix(
    state: CliState,
    tags: tuple[str, ...],
    latest: int | None,
    everything: bool,
    markdown: bool,
    on: str,
) -> int:
    """Show, release by platform, what would run on musl, from peeks: nothing is downloaded."""
    if state.json and markdown:
        raise UsageError("--json and --markdown exclude each other", remedy="Choose one")
    settings = state.settings()

    async def work(bench: Workbench, output: Output) -> int:
        found = await bench.matrix(
            tags, latest or (None if tags else 10), on, progress=output.progress
        )
        from explorer.report.json import matrix as as_json
        from explorer.report.tables import matrix_errors, matrix_markdown

        if output.json:
            output.data(as_json(found))
            return OK
        output.warnings(found.warnings)
        if markdown:
            output.raw(matrix_markdown(found))
            return OK
        output.warnings(matrix_errors(found))
        for line in show_matrix(output, found, everything):
            output.note(line)
        output.note(f"{len(found.rows)} of {found.total} releases on {found.target.title}")
        return OK

    return in_workbench(state, settings, work)


def show_matrix(
    output: Output, matrix: Matrix, everything: bool = False, most: int | None = None
) -> tuple[str, ...]:
    """Draw the matrix, where there is no terminal in ``most`` cells of width; gives the sentences that explain its marks."""
    from explorer.report.tables import matrix_tables

    shown = matrix_tables(matrix, output.room() or most, everything)
    for place, table in enumerate(shown.tables):
        if place:
            output.line("")
        output.table(table.columns, table.rows, table.heads)
    return shown.legend


@click.command(
    "advise",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer advise --arch arm64 --libc musl\nrr-explorer advise v1.6.2 --arch amd64",
)
@click.argument("tag", metavar="[TAG]", default="latest", shell_complete=complete_tag)
@click.option("--arch", default="arm64", show_default=True, help="The machine: amd64, arm64 …")
@click.option(
    "--libc",
    default="musl",
    show_default=True,
    type=click.Choice(["musl", "glibc"]),
    help="The C library there.",
)
@json_option
@global_options
@click.pass_obj
def advise(state: CliState, tag: str, arch: str, libc: str) -> int:
    """Say which file to take for a system, why, what proves it, and what to paste.

    Exits with 1 where nothing published serves; then it says how to build one. It exits with 1, too, where that is not known.
    """
    settings = state.settings()

    async def work(bench: Workbench, output: Output) -> int:
        found = await bench.advise(tag, arch, libc, progress=output.progress)
        call = call_of(settings)
        if output.json:
            from explorer.report.json import advise as as_json

            output.data(as_json(found, call, bench.warnings))
        else:
            show_advice(output, found, call)
        return OK if found.chosen else NO

    return in_workbench(state, settings, work)


def call_of(settings: Settings) -> str:
    """How rr-explorer is called so that it means the same catalogue: what a command to copy begins with."""
    from explorer.settings import Settings

    usual = Settings()
    words = ["rr-explorer"]
    words += ["--demo"] if settings.demo else []
    words += ["--folder", str(settings.folder)] if settings.folder is not None else []
    words += ["--repo", settings.repo] if settings.repo != usual.repo else []
    return shlex.join(words)


def show_advice(output: Output, advice: Advice, call: str) -> None:
    """Which file, why, what proves it or would; then the lines to paste, each under its title, or why there are none."""
    from explorer.report import Cell
    from explorer.report.advice import advice_facts, advice_headline, advice_title, pastable

    output.line(advice_title(advice))
    output.line(advice_headline(advice))
    output.facts(advice_facts(advice, call), indent=2)
    lines, why_none = pastable(advice)
    if why_none:
        output.line(Cell(f"{why_none}.", "dim"))
    for snippet in lines:
        output.line("")
        output.line(Cell(f"# {snippet.title}", "accent"))
        if snippet.note:
            output.line(Cell(f"# {snippet.note}", "dim"))
        for text in snippet.text.rstrip("\n").split("\n"):
            output.line(text)


@click.command(
    "report",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer report latest --platform linux-arm64 > report.md\nrr-explorer report ./rr ./other --format html > report.html",
)
@click.argument("words", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json", "html", "svg"]),
    help="[default: markdown]",
)
@platform_option
@click.option(
    "--on",
    "targets",
    metavar="TARGET-NAME",
    multiple=True,
    shell_complete=complete_target,
    help="Where it should run (repeatable).",
)
@click.option(
    "--peek", is_flag=True, help="From the first bytes on the server, without a download."
)
@json_option
@global_options
@click.pass_obj
def report(
    state: CliState,
    words: tuple[str, ...],
    form: Literal["markdown", "json", "html", "svg"] | None,
    platform: str,
    targets: tuple[str, ...],
    peek: bool,
) -> int:
    """Write down what was inspected, predicted and proved, fit for a GitHub issue.

    TARGET as for inspect. Proofs are those made by verify before.
    """
    if state.json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} exclude each other", remedy="Choose one")
    state.json |= form == "json"
    settings = state.settings()

    async def work(bench: Workbench, output: Output) -> int:
        for name in targets:
            bench.target(name)
        from explorer.workbench import Depth

        gate = asyncio.Semaphore(settings.downloads)
        depth = Depth.AVAILABLE if peek else Depth.WHOLE

        async def one(word: str) -> Inspection:
            async with gate:
                subject = await bench.resolve(word, platform)
                return await bench.look(subject, on=targets, depth=depth, progress=output.progress)

        found = [await one(words[0])]  # the list of releases is asked for once
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(one(word)) for word in words[1:]]
        found += [look.result() for look in looks]
        from explorer.report.documents import report as written

        output.raw(
            written(found, "json" if output.json else form or "markdown", warnings=bench.warnings)
        )
        return OK

    return in_workbench(state, settings, work)
