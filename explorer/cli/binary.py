"""``inspect``, ``verify`` and ``get``: one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.base import (
    CONTEXT,
    CliState,
    complete_subject,
    complete_target,
    global_options,
    in_workbench,
    json_option,
    platform_option,
    words_of,
)
from explorer.cli.output import NO, OK, Output
from explorer.errors import EngineError
from explorer.facts import MISSING

if TYPE_CHECKING:
    from explorer.workbench import GetResult, Inspection, Proof, Workbench

TARGET_HELP = """TARGET is a local file or archive, TAG/ASSET, an asset's name, or TAG with --platform; latest is a tag,
and #member picks a file inside an archive."""


MEMBERS, REFUSED = 20, 200
"""Lines of an archive's members: so many of any, so many with those that were refused further back."""


@click.command(
    "inspect",
    context_settings=CONTEXT,
    help=f"Say what a binary is, whether it will run, and why.\n\n{TARGET_HELP}",
    epilog="\b\nrr-explorer inspect latest --platform linux-arm64 --peek\nrr-explorer inspect ./rr --on scratch --on debian-12"
    "\nrr-explorer inspect rr.tar.gz#rr --json | jq '.verdicts[0].answer'",
)
@click.argument("target", metavar="TARGET", shell_complete=complete_subject)
@platform_option
@click.option(
    "--on",
    "targets",
    metavar="TARGET-NAME",
    multiple=True,
    shell_complete=complete_target,
    help="Where it should run (repeatable).  [default: musl of the current Alpine]",
)
@click.option(
    "--peek", is_flag=True, help="From the first bytes on the server, without a download."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where an answer is no.")
@json_option
@global_options
@click.pass_obj
def inspect(
    state: CliState,
    target: str,
    platform: str,
    targets: tuple[str, ...],
    peek: bool,
    exit_code: bool,
) -> int:
    settings = state.settings()

    async def work(bench: Workbench, output: Output) -> int:
        from explorer.workbench import Depth

        for name in targets:
            bench.target(name)  # a wrong name is told before anything is downloaded
        subject = await bench.resolve(target, platform)
        found = await bench.look(
            subject,
            on=targets,
            depth=Depth.AVAILABLE if peek else Depth.WHOLE,
            progress=output.progress,
        )
        if output.json:
            from explorer.report.json import inspect as as_json

            output.data(as_json(found, bench.warnings))
        else:
            show_inspection(output, found)
        return (
            NO
            if exit_code and any(verdict.answer.value == "no" for verdict in found.verdicts)
            else OK
        )

    return in_workbench(state, settings, work)


def show_inspection(output: Output, found: Inspection, facts: bool = True) -> None:
    """The banner of each verdict, its reasons, the libraries, and (unless ``facts`` is False) what the file is."""
    from explorer.report import (
        Cell,
        binary_facts,
        check_cell,
        dependency_facts,
        dependency_rows,
        reason_blocks,
        verdict_banner,
    )

    output.line(Cell(found.subject.name, "strong"))
    for verdict in found.verdicts:
        banner = verdict_banner(found, verdict)
        output.line(banner.headline)
        for block in reason_blocks(verdict):
            for line in block.lines():
                output.line("  ", line)
        if rows := dependency_rows(verdict):
            output.facts(dependency_facts(verdict), indent=2)
            from explorer.report import DEPENDENCY_COLUMNS

            output.table(DEPENDENCY_COLUMNS[:3], rows)
    banner = verdict_banner(found)
    output.line(banner.proof)
    for note in banner.notes:
        output.line(note)
    if not facts:
        return
    output.line("")
    output.facts(binary_facts(found))
    output.line(Cell("digest        ", "dim"), check_cell(found.check))
    _show_members(output, found)


def _show_members(output: Output, found: Inspection) -> None:
    """What else the archive holds: its first members, and every one that was refused, up to a bound."""
    from explorer.facts import MISSING
    from explorer.report import MEMBER_COLUMNS, Cell, listing_problem, member_row

    listing = found.listing
    if isinstance(listing, MISSING):
        return
    shown = [
        (n, member) for n, member in enumerate(listing.members) if n < MEMBERS or member.refused
    ][:REFUSED]
    output.line("")
    output.table(MEMBER_COLUMNS, [member_row(member, n) for n, member in shown])
    if left := len(listing.members) - len(shown):
        output.line(Cell(f"… and {left:,} more: --json lists them all", "dim"))
    if listing.problem is not None:
        output.line(listing_problem(listing))


@click.command(
    "verify",
    context_settings=CONTEXT,
    help=f"Run a binary in a throw-away container and say what was seen.\n\n{TARGET_HELP}\n\n"
    "Exits with 0 where it ran; 1 where it did not start there, or is not what its release promises (version, system, processor); "
    "5 where the engine could not try.",
    epilog="\b\nrr-explorer verify latest --platform linux-arm64\nrr-explorer verify ./tool --run --help --image alpine:3.20",
)
@click.argument("target", metavar="TARGET", shell_complete=complete_subject)
@platform_option
@click.option(
    "--on",
    metavar="TARGET-NAME",
    default="",
    shell_complete=complete_target,
    help="The target whose verdict is held against the proof.",
)
@click.option(
    "--image", default="", metavar="IMAGE", help="The image to run it in.  [default: the target's]"
)
@click.option(
    "--engine",
    type=click.Choice(["docker", "podman", "nerdctl"]),
    help="The container engine.  [default: the first that answers]",
)
@click.option(
    "--run",
    "line",
    metavar="COMMAND",
    help="Its arguments, or a whole command in which {} stands for it.  [default for rr: --version]",
)
@click.option(
    "--time",
    "seconds",
    type=click.FloatRange(0.1, 86_400),
    help="Seconds that it may run.  [default: 20]",
)
@click.option("--no-pull", is_flag=True, help="Take only an image that is there.")
@json_option
@global_options
@click.pass_obj
def verify(
    state: CliState,
    target: str,
    platform: str,
    on: str,
    image: str,
    engine: str | None,
    line: str | None,
    seconds: float | None,
    no_pull: bool,
) -> int:
    settings = state.settings(
        engine=engine, image=image or None, pull=False if no_pull else None, run_seconds=seconds
    )
    argv = words_of(line, "--run") if line is not None else ()

    async def work(bench: Workbench, output: Output) -> int:
        from explorer.workbench import Depth, ProofOptions

        if on:
            bench.target(on)
        subject = await bench.resolve(target, platform)
        found = await bench.look(
            subject, on=(on,) if on else (), depth=Depth.WHOLE, progress=output.progress
        )
        options = ProofOptions(image, engine or "", argv, on, seconds or 0.0, settings.pull)
        proof = await bench.verify(found, options, progress=output.progress)
        if output.json:
            from explorer.report.json import verify as as_json

            output.data(as_json(proof, found, bench.warnings))
        else:
            show_proof(output, proof)
        if proof.result.value not in ("ran", "failed"):
            return EngineError.exit_code
        # a pipeline must not pass a file that starts and says that it is another version
        return (
            NO
            if proof.result.value == "failed" or any(check.ok is False for check in proof.checks)
            else OK
        )

    return in_workbench(state, settings, work)


def show_proof(output: Output, proof: Proof) -> None:
    """The proof: what came out, what was run, what was compared."""
    from explorer.report import (
        CHECK_COLUMNS,
        Cell,
        check_row,
        command_lines,
        output_lines,
        proof_facts,
        proof_line,
    )

    output.line(proof_line(proof))
    if proof.agrees is False:
        output.line(
            Cell(
                f"! the proof DISAGREES with the verdict ({proof.verdict}): please report it", "bad"
            )
        )
    output.facts(proof_facts(proof))
    if proof.checks:
        output.line("")
        output.table(CHECK_COLUMNS, [check_row(check) for check in proof.checks])
    for name, text in (("stdout", proof.stdout), ("stderr", proof.stderr)):
        lines = output_lines(text)
        if lines:
            output.line("")
            output.line(Cell(f"{name}:", "dim"))
            for cell in lines:
                output.line("  ", cell)
    output.line("")
    output.line(Cell("command lines:", "dim"))
    for words in command_lines(proof):
        output.line("  ", Cell(words, "code"))


@click.command(
    "get",
    context_settings=CONTEXT,
    help=f"Download a file, check it, unpack it below DIR and mark the program executable.\n\n{TARGET_HELP}",
    epilog="\b\nrr-explorer get latest --platform linux-arm64 -o ./bin",
)
@click.argument("target", metavar="TARGET", shell_complete=complete_subject)
@click.option(
    "-o",
    "--output",
    "into",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to unpack to; made if need be.",
)
@platform_option
@json_option
@global_options
@click.pass_obj
def get(state: CliState, target: str, into: Path, platform: str) -> int:
    settings = state.settings()

    async def work(bench: Workbench, output: Output) -> int:
        subject = await bench.resolve(target, platform)
        got = await bench.get(subject, into, progress=output.progress)
        if output.json:
            from explorer.report.json import get as as_json

            output.data(as_json(got, subject.name, bench.warnings))
        else:
            _show_got(output, got)
        return OK

    return in_workbench(state, settings, work)


def _show_got(output: Output, got: GetResult) -> None:
    from explorer.report import Cell, check_cell, human_size

    for path in got.files:
        output.line(Cell.of(path, "strong" if path == got.binary else ""))
    if got.download is None:
        return
    download = got.download
    how = "from the cache" if download.from_cache else f"{human_size(download.moved)} downloaded"
    check = check_cell(download.check).text
    told = f"digest {check}" if isinstance(download.check, MISSING) else f"{check} digest"
    output.note(f"{told}, sha256:{download.blob.sha256}, {how}")
