"""``trust``: who vouches for a file."""

from __future__ import annotations

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
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer trust latest --platform linux-arm64
rr-explorer trust latest --platform linux-arm64 --peek --json
rr-explorer trust ./rr"""


@click.command(
    "trust",
    short_help="Say who vouches for a file.",
    context_settings=CONTEXT,
    help="Say who vouches for a file: digest, checksum files, signatures, attestations; each as"
    f" pass, fail, absent or not checked, and why.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option(
    "--peek", is_flag=True, help="Check what the API's digest is enough for; no download."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a signal fails.")
@json_option
@global_options
@click.pass_obj
def trust(state: CliState, file: str, platform: str, peek: bool, exit_code: bool) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import trust as as_json
        from explorer.report.trust import TRUST_COLUMNS, trust_rows, trust_sentence

        subject = await workbench.resolve(file, platform)
        report = await workbench.trust(subject, whole=not peek, progress=output.progress)
        if output.json:
            output.data(as_json(report, workbench.warnings))
        else:
            output.line(trust_sentence(report))
            output.table(TRUST_COLUMNS, trust_rows(report))
            for sentence in report.lost:
                output.note(sentence)
        return NO if exit_code and report.failed else OK

    return in_workbench(state, state.settings(), work)
