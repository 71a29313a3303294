"""``gobuild``: what Go recorded of a program's build."""

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
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer gobuild ./rr
rr-explorer gobuild ./rr --filter golang.org/x/
rr-explorer gobuild latest --platform darwin-arm64 --json"""


@click.command(
    "gobuild",
    short_help="Show Go's build info: toolchain, modules, settings.",
    context_settings=CONTEXT,
    help="Show what Go recorded of a program's build: toolchain, main module, settings, and every"
    f" dependency with its version, checksum and replacement.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option("--filter", "words", default="", metavar="TEXT", help="Only rows with this text.")
@json_option
@global_options
@click.pass_obj
def gobuild(state: CliState, file: str, platform: str, words: str) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.facts import Unknown
        from explorer.report.binaries import GO_COLUMNS, go_rows, slice_rows
        from explorer.report.json import gobuild as as_json
        from explorer.workbench import Depth

        subject = await workbench.resolve(file, platform)
        inspection = await workbench.look(subject, depth=Depth.AVAILABLE, progress=output.progress)
        if inspection.recorded or isinstance(inspection.binary.go, Unknown):
            inspection = await workbench.look(subject, depth=Depth.WHOLE, progress=output.progress)
        build = workbench.go_build(inspection)
        if output.json:
            output.data(as_json(inspection, build, workbench.warnings))
            return OK
        wanted = words.casefold()
        rows = (*slice_rows(inspection.binary), *go_rows(build))
        shown = [row for row in rows if any(wanted in cell.text.casefold() for cell in row.cells)]
        output.table(GO_COLUMNS, shown)
        return OK

    return in_workbench(state, state.settings(), work)
