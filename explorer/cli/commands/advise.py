"""``advise``: which file to use for a system, and lines to paste."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from explorer.cli.completions import complete_arch, complete_tag
from explorer.cli.options import CONTEXT, WORDS, global_options, json_option
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.report.advice import MaintainerNote, Snippet
    from explorer.settings import Settings
    from explorer.workbench import Advice, Workbench

EXAMPLES = """\b
rr-explorer advise --arch arm64 --libc musl
rr-explorer advise v1.6.2 --arch amd64
rr-explorer advise --arch amd64 --print dockerfile > Dockerfile
rr-explorer advise --for-maintainers --markdown > issue.md"""
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
@click.option(
    "--for-maintainers",
    is_flag=True,
    help="Say what publishing for musl would take, or what to call a file that runs there already.",
)
@click.option("--markdown", is_flag=True, help="With --for-maintainers: fit for a GitHub issue.")
@json_option
@global_options
@click.pass_obj
def advise(
    state: CliState,
    /,
    tag: str,
    key: str | None,
    for_maintainers: bool,
    markdown: bool,
    **system: str,
) -> int:
    """Say which file to use for a system and why, with lines to paste.

    Exits with 1 if no published file works, and says how to build one; and if that is not known.
    """
    settings = state.settings()
    _check_options(state, key, for_maintainers, markdown, system["libc"])

    async def work(workbench: Workbench, output: Output) -> int:
        advice = await workbench.advise(
            tag, system["arch"], system["libc"], progress=output.progress
        )
        call = call_of(settings)
        if for_maintainers:
            await _tell_maintainers(workbench, output, advice, call, markdown)
        elif output.json:
            from explorer.report.json import advise as as_json

            output.data(as_json(advice, call, workbench.warnings))
        elif key is not None:
            return _print_lines(output, advice, key)
        else:
            show_advice(output, advice, call)
        return OK if advice.chosen else NO

    return in_workbench(state, settings, work)


def _check_options(
    state: CliState, key: str | None, for_maintainers: bool, markdown: bool, libc: str
) -> None:
    """Refuse options that do not go together."""
    leave_out = "Leave one of them out"
    if key is not None and state.json:
        raise UsageError("--print and --json exclude each other", remedy=leave_out)
    if key is not None and for_maintainers:
        raise UsageError("--print and --for-maintainers exclude each other", remedy=leave_out)
    if markdown and state.json:
        raise UsageError("--markdown and --json exclude each other", remedy=leave_out)
    if markdown and not for_maintainers:
        raise UsageError("--markdown needs --for-maintainers", remedy="Add --for-maintainers")
    if for_maintainers and libc != "musl":
        raise UsageError("--for-maintainers is about musl", remedy="Leave --libc out")


async def _tell_maintainers(
    workbench: Workbench, output: Output, advice: Advice, call: str, markdown: bool
) -> None:
    """Print the message to maintainers as text, Markdown or JSON."""
    from explorer.report.advice import maintainer_note, maintainer_note_markdown

    note = maintainer_note(advice, await workbench.catalogue(), call)
    if output.json:
        from explorer.report.json import advise_maintainers as as_json

        output.data(as_json(note, workbench.warnings))
    elif markdown:
        output.raw(maintainer_note_markdown(note))
    else:
        _show_maintainer_note(output, note)


def _show_maintainer_note(output: Output, note: MaintainerNote) -> None:
    from explorer.report import Cell
    from explorer.report.advice import proof_sentences

    output.line(Cell(f"{note.repo} {note.tag}: {note.platform} on {note.target}", "dim"))
    output.line(Cell(note.title, "strong"))
    for sentence in note.proposal:
        output.line(f"  {sentence}")
    for file in note.files:
        output.line("")
        output.line(Cell(file.name, "accent"), Cell(f": {file.answer.value}. {file.text}"))
        for detail in (file.seen_at, f"read: {file.known_from}" if file.known_from else ""):
            if detail:
                output.line(Cell(f"  {detail}", "dim"))
        for sentence in proof_sentences(file):
            output.line(f"  {sentence}")
    output.line("")
    for sentence in note.unknown:
        output.line(Cell(f"? {sentence}", "warn"))
    _show_snippets(output, note.snippets, note.no_lines)


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
    from explorer.report.advice import advice_facts, advice_headline, advice_title, pastable

    output.line(advice_title(advice))
    output.line(advice_headline(advice))
    output.facts(advice_facts(advice, call), indent=2)
    _show_snippets(output, *pastable(advice))


def _show_snippets(output: Output, snippets: Sequence[Snippet], why_none: str) -> None:
    """Print lines to paste, or why there are none."""
    from explorer.report import Cell

    if why_none:
        output.line(Cell(f"{why_none}.", "dim"))
    for snippet in snippets:
        output.line("")
        output.line(Cell(f"# {snippet.title}", "accent"))
        if snippet.note:
            output.line(Cell(f"# {snippet.note}", "dim"))
        for line in snippet.lines:
            output.line(line)
