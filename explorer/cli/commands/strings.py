"""``strings``: the printable strings of a file, with their offsets."""

from __future__ import annotations

from collections.abc import Iterable
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
from explorer.cli.program_bytes import FROM_SERVER, open_bytes
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import PrintableRun, Workbench

EXAMPLES = """\b
rr-explorer strings ./rr --search GLIBC_
rr-explorer strings rr.tar.gz --raw"""
RAW_HELP = "The file itself as it is published, not the program packed in it."
PIECE = 256 << 10
"""Bytes that are read at a time."""


@click.command(
    "strings",
    short_help="List the printable strings of a file.",
    context_settings=CONTEXT,
    help="List the printable strings of a program with their offsets in hex, as strings -a -t x"
    f" does.\n\n{FROM_SERVER}\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option("-n", "--min", "shortest", type=click.IntRange(1, 4096), default=4, show_default=True)
@click.option("--search", "words", default="", metavar="TEXT", help="Only those with this text.")
@click.option("--raw", is_flag=True, help=RAW_HELP)
@json_option
@global_options
@click.pass_obj
def strings(state: CliState, file: str, platform: str, shortest: int, words: str, raw: bool) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.progress import Progress
        from explorer.report import visible
        from explorer.report.json import strings as as_json
        from explorer.workbench import StringScanner

        subject = await workbench.resolve(file, platform)
        content = await open_bytes(workbench, subject, output, raw=raw, forwards=True)
        scanner, at = StringScanner(shortest), 0
        kept: list[PrintableRun] = []
        wanted = words.casefold()
        try:
            done = False
            while not done:
                output.progress(Progress("reading", at, content.size))
                piece = await content.read(at, PIECE)
                at += len(piece)
                done = len(piece) < PIECE
                runs: Iterable[PrintableRun] = scanner.feed(piece, done)
                if wanted:
                    runs = [run for run in runs if wanted in run.text.casefold()]
                if output.json:
                    kept += runs
                else:
                    output.raw("".join(f"{run.offset:7x} {visible(run.shown)}\n" for run in runs))
        finally:
            content.close()
        if output.json:
            output.data(as_json(subject, kept, workbench.warnings))
        return OK

    return in_workbench(state, state.settings(), work)
