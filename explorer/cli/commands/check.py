"""``check``: whether a release, or a folder before it is published, keeps its promise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from explorer.cli.completions import complete_tag
from explorer.cli.options import (
    CONTEXT,
    WORDS,
    chosen_engines,
    engine_option,
    global_options,
    json_option,
)
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import SourceError, UsageError

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import GateReport, GateRequest, Workbench

EXAMPLES = """\b
rr-explorer check --folder dist
rr-explorer check v2025.1.15 --format markdown --summary
rr-explorer check v2025.1.15 --write"""
FORMATS = ("text", "markdown", "sarif", "junit")


class CheckOptions(TypedDict):
    """The command's own options, as click parsed them."""

    promise: Path
    form: str
    summary: bool
    write: bool
    database: Path | None
    engines: tuple[str, ...]
    image: str
    arch: str
    jobs: int
    again: bool
    no_pull: bool


@click.command(
    "check",
    short_help="Hold a release, or a folder, against a promise.",
    context_settings=CONTEXT,
    help="Hold a release, or with --folder the files to be published, against a promise: which "
    "files are there, where they run, what they need. docs/promises.md describes the file.\n\n"
    "Exits with 0 if the promise is kept, with 1 if something is broken or not known.",
    epilog=EXAMPLES,
)
@click.argument("tag", type=WORDS, metavar="[TAG]", default="latest", shell_complete=complete_tag)
@click.option(
    "--promise",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("promise.toml"),
    show_default=True,
    metavar="PATH",
    help="The file with the promise.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--summary",
    is_flag=True,
    help="Append the Markdown to the file that $GITHUB_STEP_SUMMARY names, too.",
)
@click.option("--write", is_flag=True, help="Make the file from what holds today.")
@click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A vulndb.zip, or a folder with its content, instead of the official one, which is"
    " downloaded when needed.",
)
@engine_option
@click.option(
    "--image",
    default="",
    metavar="IMAGE",
    help="The image; {arch} in it stands for the processor.  [default: each target's]",
)
@click.option(
    "--arch",
    default="",
    metavar="ARCH",
    help="Only files for this architecture, and those whose names claim none.",
)
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option("--again", is_flag=True, help="Run what is proved already, too.")
@click.option("--no-pull", is_flag=True, help="Use only images that are already here.")
@json_option
@global_options
@click.pass_obj
def check(state: CliState, tag: str, **options: Unpack[CheckOptions]) -> int:
    if state.json and options["form"] != "text":
        raise UsageError("--json and --format exclude each other", remedy="Choose one")
    if options["summary"] and options["form"] != "markdown":
        raise UsageError("--summary needs --format markdown", remedy="Add it")
    engine, engines = chosen_engines(options["engines"])
    settings = state.settings(
        engine=engine,
        engines=engines,
        pull=False if options["no_pull"] else None,
        vulndb=options["database"],
    )
    if options["write"]:
        return _write(state, settings, tag, options["promise"])
    request = _request(settings, tag, options)

    async def work(workbench: Workbench, output: Output) -> int:
        report = await workbench.check(options["promise"], request, progress=output.progress)
        _show(output, report, options["form"], workbench.warnings)
        if options["summary"]:
            _append(report)
        return OK if report.holds else NO

    return in_workbench(state, settings, work)


def _request(settings: Settings, tag: str, options: CheckOptions) -> GateRequest:
    from explorer.workbench import GateRequest, ProofOptions, SweepRequest

    proof = ProofOptions(options["image"], pull=settings.pull)
    sweep = SweepRequest(options=proof, jobs=options["jobs"], again=options["again"])
    return GateRequest(tag, sweep, _arch(options["arch"]))


def _arch(name: str) -> str:
    """The architecture in Go's words.

    Raises:
        UsageError: it is not a known one.
    """
    from explorer.platforms import go_arch, is_arch

    if name and not is_arch(name):
        raise UsageError(f"{name} is not an architecture", remedy="For example --arch arm64")
    return go_arch(name)


def _show(output: Output, report: GateReport, form: str, warnings: tuple[str, ...]) -> None:
    from explorer.report.documents import promise_junit
    from explorer.report.json import check as as_json
    from explorer.report.promises import (
        KEEPING_COLUMNS,
        keeping_rows,
        promise_markdown,
        promise_sarif,
        promise_sentence,
    )

    if output.json:
        output.data(as_json(report, warnings))
    elif form == "markdown":
        output.raw(promise_markdown(report))
    elif form == "sarif":
        output.raw(promise_sarif(report))
    elif form == "junit":
        output.raw(promise_junit(report))
    else:
        if rows := keeping_rows(report):
            output.table(KEEPING_COLUMNS, rows)
            output.line("")
        output.line(promise_sentence(report))


def _append(report: GateReport) -> None:
    """Append to the summary of a GitHub Actions job.

    Raises:
        UsageError: no such job is running. SourceError: the file cannot be written.
    """
    from explorer.report.promises import promise_markdown

    name = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not name:
        raise UsageError(
            "--summary needs $GITHUB_STEP_SUMMARY, which is not set",
            "it is set in a step of GitHub Actions",
            "Leave --summary out",
        )
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(promise_markdown(report))
    except OSError as error:
        raise SourceError(f"Cannot write {name}", error.strerror or str(error)) from None


def _write(state: CliState, settings: Settings, tag: str, path: Path) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        text = await workbench.promise_of_today(tag, progress=output.progress)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise UsageError(
                f"{path} exists", remedy="Remove it first, or name another with --promise"
            ) from None
        except OSError as error:
            raise SourceError(f"Cannot write {path}", error.strerror or str(error)) from None
        output.note(f"{path}: what {tag} keeps today; rr-explorer check reads it")
        return OK

    return in_workbench(state, settings, work)
