"""``verify``: run a binary in a throw-away container."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import (
    CONTEXT,
    FILE_HELP,
    WORDS,
    chosen_engines,
    engine_option,
    global_options,
    json_option,
    on_option,
    platform_option,
    split_words,
)
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import EngineError, UsageError

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import Inspection, Proof, ProofOptions, Target, Workbench

EXAMPLES = """\b
rr-explorer verify latest --platform linux-arm64
rr-explorer verify ./tool --run --help --image alpine:3.20
rr-explorer verify v2025.1.15 --all --on alpine-3.22 --on debian-12 --junit proofs.xml"""


class VerifyOptions(TypedDict):
    """The command's own options, as click parsed them."""

    platform: str
    targets: tuple[str, ...]
    image: str
    engines: tuple[str, ...]
    line: str | None
    seconds: float | None
    no_pull: bool
    everything: bool
    jobs: int
    again: bool
    deep: bool
    junit: Path | None
    jsonl: bool


@click.command(
    "verify",
    short_help="Run a binary in a throw-away container.",
    context_settings=CONTEXT,
    help=f"Run a binary in a throw-away container and report what happened.\n\n{FILE_HELP}\n\n"
    "Exits with 0 if it ran; 1 if it did not start, or is not what its release promises "
    "(version, system, processor), or if a step of --deep fails that no package is known to "
    "mend; 5 if the engine could not run it.\n\n"
    "With --all, FILE is a TAG (the newest release without one): every program for Linux of these "
    "releases is run on every target, foreign processors emulated. What is proved already, with "
    "the same digest, image and command, is not run again. Exits with 0 if nothing contradicts "
    "its prediction: a program that does not start where NO was predicted does not.",
    epilog=EXAMPLES,
)
@click.argument("files", type=WORDS, metavar="FILE...", nargs=-1, shell_complete=complete_file)
@platform_option
@on_option(many=True, default="The proof is compared with the verdict for it.")
@click.option(
    "--image",
    default="",
    metavar="IMAGE",
    help="The image; {arch} in it stands for the processor.  [default: the target's]",
)
@engine_option
@click.option(
    "--run",
    "line",
    metavar="COMMAND",
    help="Its arguments, or a whole command with {} for the binary.  [default: --version, "
    "then --help if it fails]",
)
@click.option(
    "--time",
    "seconds",
    type=click.FloatRange(0.1, 86_400),
    metavar="SECONDS",
    help="How long it may run.  [default: 20]",
)
@click.option("--no-pull", is_flag=True, help="Use only an image that is already here.")
@click.option("--all", "everything", is_flag=True, help="Every program of the releases named.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="With --all: how many run at a time on each engine.",
)
@click.option(
    "--deep",
    is_flag=True,
    help="Do what the project's profile describes, too: serve, TLS, time zones …",
)
@click.option("--again", is_flag=True, help="With --all: run what is proved already, too.")
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="With --all: write the results as JUnit XML, too.",
)
@click.option("--jsonl", is_flag=True, help="With --all: the same as --json, a line per result.")
@json_option
@global_options
@click.pass_obj
def verify(state: CliState, files: tuple[str, ...], **options: Unpack[VerifyOptions]) -> int:
    from explorer.workbench import ProofOptions

    line, image = options["line"], options["image"]
    engine, engines = chosen_engines(options["engines"])
    settings = state.settings(
        engine=engine,
        engines=engines,
        image=image or None,
        pull=False if options["no_pull"] else None,
        run_seconds=options["seconds"],
    )
    argv = split_words(line, "--run") if line is not None else ()
    seconds = options["seconds"] or 0.0
    deep = options["deep"]
    proof_options = ProofOptions(image, "", argv, "", seconds, settings.pull, deep)
    _check_words(files, options)
    if options["everything"]:
        return _verify_all(state, settings, proof_options, files, options)
    file, on = files[0], "".join(options["targets"])
    proof_options = replace(proof_options, on=on)

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.workbench import Depth

        if on:
            workbench.target(on)
        subject = await workbench.resolve(file, options["platform"])
        inspection = await workbench.look(
            subject, on=(on,) if on else (), depth=Depth.WHOLE, progress=output.progress
        )
        proof = await workbench.verify(inspection, proof_options, progress=output.progress)
        if output.json:
            from explorer.report.json import verify as as_json

            output.data(as_json(proof, inspection, workbench.warnings))
        else:
            show_proof(output, proof, inspection.verdicts[0].target if on else None)
            _show_line(output, proof, inspection)
        return _exit_code(proof)

    return in_workbench(state, settings, work)


def _check_words(files: tuple[str, ...], options: VerifyOptions) -> None:
    """Whether the options fit each other.

    Raises:
        UsageError: they do not.
    """
    if options["everything"]:
        if options["platform"]:
            raise UsageError("--all and --platform exclude each other", remedy="Leave one out")
        return
    names = {"again": "--again", "junit": "--junit", "jsonl": "--jsonl"}
    for name, option in names.items():
        if options[name]:  # type: ignore[literal-required]  # names of the options above
            raise UsageError(f"{option} needs --all", remedy="Add --all, or leave it out")
    if len(files) != 1:
        raise UsageError(
            f"verify runs one FILE, not {len(files)}" if files else "Which FILE?",
            remedy="Name one, or add --all for every program of a release",
        )
    if len(options["targets"]) > 1:
        raise UsageError("Several targets need --all", remedy="Leave one --on, or add --all")


def _verify_all(
    state: CliState,
    settings: Settings,
    proof_options: ProofOptions,
    tags: tuple[str, ...],
    options: VerifyOptions,
) -> int:
    from explorer.cli.commands.verify_all import verify_all
    from explorer.workbench import SweepRequest

    state.json |= options["jsonl"]
    request = SweepRequest(
        tags, options["targets"], proof_options, options["jobs"], options["again"]
    )
    return verify_all(state, settings, request, options["junit"])


def _exit_code(proof: Proof) -> int:
    """A pipeline must not pass a file that starts but reports another version."""
    if proof.result.value == "not-run":
        return EngineError.exit_code
    differs = any(check.ok is False for check in proof.checks)
    differs |= any(step.counts_as_failure for step in proof.deep)
    return NO if proof.result.value == "failed" or differs else OK


def _show_line(output: Output, proof: Proof, inspection: Inspection) -> None:
    from explorer.report import Cell
    from explorer.report.verdicts import paste_line

    if line := paste_line(proof, inspection):
        output.line("")
        output.line(Cell("one line to paste, for the program alone:", "dim"))
        output.line("  ", Cell(line, "code"))


def show_proof(output: Output, proof: Proof, asked: Target | None) -> None:
    """Print what happened, what was run, and what was compared.

    ``asked`` is the target that a user named: a run on another system does not test it.
    """
    from explorer.report import Cell
    from explorer.report.steps import STEP_COLUMNS, step_row
    from explorer.report.verdicts import (
        CHECK_COLUMNS,
        check_row,
        command_lines,
        output_lines,
        proof_facts,
        proof_line,
        proof_on,
    )

    output.line(proof_on((proof,), asked) if asked is not None else proof_line(proof))
    if proof.agrees is False:
        text = f"! the proof DISAGREES with the verdict ({proof.verdict}): please report it"
        output.line(Cell(text, "bad"))
    output.facts(proof_facts(proof))
    if proof.checks:
        output.line("")
        output.table(CHECK_COLUMNS, [check_row(check) for check in proof.checks])
    if proof.deep:
        output.line("")
        output.table(STEP_COLUMNS, [step_row(step) for step in proof.deep])
    for name, text in (("stdout", proof.stdout), ("stderr", proof.stderr)):
        if lines := output_lines(text):
            output.line("")
            output.line(Cell(f"{name}:", "dim"))
            for cell in lines:
                output.line("  ", cell)
    output.line("")
    output.line(Cell("command lines:", "dim"))
    for words in command_lines(proof):
        output.line("  ", Cell(words, "code"))
