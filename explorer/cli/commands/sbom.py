"""``sbom``: a bill of materials of a Go program."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import CONTEXT, FILE_HELP, WORDS, global_options, platform_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer sbom ./rr > rr.cdx.json
rr-explorer sbom latest --platform linux-arm64"""


@click.command(
    "sbom",
    short_help="Write a bill of materials of a Go program.",
    context_settings=CONTEXT,
    help="Write a bill of materials of a Go program as CycloneDX JSON, from its build info: every"
    f" module with its version, and Go's library.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@global_options
@click.pass_obj
def sbom(state: CliState, file: str, platform: str) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.golang import as_cyclonedx
        from explorer.workbench import Depth

        subject = await workbench.resolve(file, platform)
        inspection = await workbench.look(subject, depth=Depth.WHOLE, progress=output.progress)
        build = workbench.go_build(inspection)
        output.raw(as_cyclonedx(inspection, build, datetime.now(UTC)))
        return OK

    return in_workbench(state, state.settings(), work)
