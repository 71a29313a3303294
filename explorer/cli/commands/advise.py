"""``advise``: which file to use for a system, and lines to paste."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from explorer.cli.completions import complete_arch, complete_tag
from explorer.cli.options import CONTEXT, WORDS, global_options, json_option
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import Advice, Workbench

EXAMPLES = """\b
rr-explorer advise --arch arm64 --libc musl
rr-explorer advise v1.6.2 --arch amd64
rr-explorer advise --arch amd64 --print dockerfile > Dockerfile"""
SNIPPETS = ("dockerfile", "shell", "build-go", "build-buildx", "build-actions")
"""Keys of all snippets: the first two take a published file, the others build one."""


@click.command(
    "advise",
    short_help="Say which file to use, with lines to paste.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("tag", type=WORDS, metavar="[TAG]", default="latest", shell_complete=complete_tag)
@click.option(
    "--arch",
    default="arm64",
    show_default=True,
    shell_complete=complete_arch,
    help="The processor: amd64, arm64 …",
)
@click.option(
    "--libc",
    default="musl",
    show_default=True,
    type=click.Choice(["musl", "glibc"]),
    help="The C library.",
)
@click.option(
    "--print",
    "key",
    type=click.Choice(SNIPPETS),
    help="Print these lines and nothing else.",
)
@json_option
@global_options
@click.pass_obj
def advise(state: CliState, tag: str, arch: str, libc: str, key: str | None) -> int:
    """Say which file to use for a system and why, with lines to paste.

    Exits with 1 if no published file works, and says how to build one; and if that is not known.
    """
    settings = state.settings()
    if key is not None and state.json:
        raise UsageError("--print and --json exclude each other", remedy="Leave one of them out")

    async def work(workbench: Workbench, output: Output) -> int:
        advice = await workbench.advise(tag, arch, libc, progress=output.progress)
        call = call_of(settings)
        if output.json:
            from explorer.report.json import advise as as_json

            output.data(as_json(advice, call, workbench.warnings))
        elif key is not None:
            return _print_lines(output, advice, key)
        else:
            show_advice(output, advice, call)
        return OK if advice.chosen else NO

    return in_workbench(state, settings, work)


def _print_lines(output: Output, advice: Advice, key: str) -> int:
    """Print one snippet, or say on stderr why this kind is missing."""
    from explorer.report.advice import advice_headline, pastable

    snippets, why_none = pastable(advice)
    for snippet in snippets:
        if snippet.key == key:
            output.raw(snippet.text)
            return OK if advice.chosen else NO
    has = ", ".join(snippet.key for snippet in snippets)
    output.note(advice_headline(advice).text)
    output.note(f"{why_none}." if why_none else f"There are no lines of this kind, but: {has}")
    return NO


def call_of(settings: Settings) -> str:
    """How a command to copy begins, so that it means the same list of releases."""
    from explorer.settings import Settings

    usual = Settings()
    words = ["rr-explorer"]
    words += ["--demo"] if settings.demo else []
    words += ["--folder", str(settings.folder)] if settings.folder is not None else []
    words += ["--repo", settings.repo] if settings.repo != usual.repo else []
    return shlex.join(words)


def show_advice(output: Output, advice: Advice, call: str) -> None:
    """Print which file, why, and the lines to paste, or why there are none."""
    from explorer.report import Cell
    from explorer.report.advice import advice_facts, advice_headline, advice_title, pastable

    output.line(advice_title(advice))
    output.line(advice_headline(advice))
    output.facts(advice_facts(advice, call), indent=2)
    snippets, why_none = pastable(advice)
    if why_none:
        output.line(Cell(f"{why_none}.", "dim"))
    for snippet in snippets:
        output.line("")
        output.line(Cell(f"# {snippet.title}", "accent"))
        if snippet.note:
            output.line(Cell(f"# {snippet.note}", "dim"))
        for line in snippet.lines:
            output.line(line)
