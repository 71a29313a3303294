"""``verify``: run a binary in a throw-away container."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import (
    CONTEXT,
    FILE_HELP,
    WORDS,
    global_options,
    json_option,
    on_option,
    platform_option,
    split_words,
)
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import EngineError

if TYPE_CHECKING:
    from explorer.workbench import Inspection, Proof, Target, Workbench

EXAMPLES = """\b
rr-explorer verify latest --platform linux-arm64
rr-explorer verify ./tool --run --help --image alpine:3.20"""


class VerifyOptions(TypedDict):
    """The command's own options, as click parsed them."""

    platform: str
    on: str
    image: str
    engine: str | None
    line: str | None
    seconds: float | None
    no_pull: bool


@click.command(
    "verify",
    short_help="Run a binary in a throw-away container.",
    context_settings=CONTEXT,
    help=f"Run a binary in a throw-away container and report what happened.\n\n{FILE_HELP}\n\n"
    "Exits with 0 if it ran; 1 if it did not start, or is not what its release promises "
    "(version, system, processor); 5 if the engine could not run it.",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@on_option(default="The proof is compared with the verdict for it.")
@click.option("--image", default="", metavar="IMAGE", help="The image.  [default: the target's]")
@click.option(
    "--engine",
    type=click.Choice(["docker", "podman", "nerdctl"]),
    help="The container engine.  [default: the first that answers]",
)
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
@json_option
@global_options
@click.pass_obj
def verify(state: CliState, file: str, **options: Unpack[VerifyOptions]) -> int:
    on, image, engine = options["on"], options["image"], options["engine"]
    settings = state.settings(
        engine=engine,
        image=image or None,
        pull=False if options["no_pull"] else None,
        run_seconds=options["seconds"],
    )
    line = options["line"]
    argv = split_words(line, "--run") if line is not None else ()

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.workbench import Depth, ProofOptions

        if on:
            workbench.target(on)
        subject = await workbench.resolve(file, options["platform"])
        inspection = await workbench.look(
            subject, on=(on,) if on else (), depth=Depth.WHOLE, progress=output.progress
        )
        seconds = options["seconds"] or 0.0
        proof_options = ProofOptions(image, engine or "", argv, on, seconds, settings.pull)
        proof = await workbench.verify(inspection, proof_options, progress=output.progress)
        if output.json:
            from explorer.report.json import verify as as_json

            output.data(as_json(proof, inspection, workbench.warnings))
        else:
            show_proof(output, proof, inspection.verdicts[0].target if on else None)
            _show_line(output, proof, inspection)
        return _exit_code(proof)

    return in_workbench(state, settings, work)


def _exit_code(proof: Proof) -> int:
    """A pipeline must not pass a file that starts but reports another version."""
    if proof.result.value == "not-run":
        return EngineError.exit_code
    differs = any(check.ok is False for check in proof.checks)
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
