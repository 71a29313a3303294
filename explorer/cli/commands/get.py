"""``get``: download, check and unpack."""

from __future__ import annotations

from pathlib import Path
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
from explorer.errors import UsageError
from explorer.facts import MISSING

if TYPE_CHECKING:
    from explorer.workbench import GetResult, SignalKind, Workbench

SUMMARY = "Download a file, verify its digest, unpack it into DIR and mark the program executable."
EXAMPLES = "\b\nrr-explorer get latest --platform linux-arm64 -o ./bin"


@click.command(
    "get",
    short_help="Download a file, verify its digest, and unpack it.",
    context_settings=CONTEXT,
    help=f"{SUMMARY}\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@click.option(
    "-o",
    "--output",
    "directory",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to unpack; created if it does not exist.",
)
@platform_option
@click.option(
    "--require",
    default="",
    metavar="SIGNALS",
    help="Write nothing unless these pass, separated by commas: digest, checksum, signature"
    " (OpenPGP), attestation, immutable, cosign, provenance, minisign.",
)
@json_option
@global_options
@click.pass_obj
def get(state: CliState, file: str, directory: Path, platform: str, require: str) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        required = _signals(require)
        subject = await workbench.resolve(file, platform)
        result = await workbench.get(subject, directory, require=required, progress=output.progress)
        if output.json:
            from explorer.report.json import get as as_json

            output.data(as_json(result, subject.name, workbench.warnings))
        else:
            _show(output, result)
        return OK

    return in_workbench(state, state.settings(), work)


def _signals(words: str) -> tuple[SignalKind, ...]:
    """The signals that ``--require`` names.

    Raises:
        UsageError: one of them does not exist.
    """
    from explorer.workbench import SignalKind

    names = [word.strip().lower() for word in words.split(",") if word.strip()]
    kinds = {kind.value: kind for kind in SignalKind}
    for name in names:
        if name not in kinds:
            raise UsageError(
                f"--require: there is no signal “{name}”", remedy=f"Choose of {', '.join(kinds)}"
            )
    return tuple(kinds[name] for name in names)


def _show(output: Output, result: GetResult) -> None:
    from explorer.report import Cell, check_cell, human_size

    for path in result.files:
        output.line(Cell.of(path, "strong" if path == result.binary else ""))
    download = result.download
    if download is None:
        return
    how = "from the cache" if download.from_cache else f"{human_size(download.moved)} downloaded"
    check = check_cell(download.check).text
    digest = f"digest {check}" if isinstance(download.check, MISSING) else f"{check} digest"
    output.note(f"{digest}, sha256:{download.blob.sha256}, {how}")
