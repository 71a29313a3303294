"""``hex``: bytes of a file at an offset, or where something is found."""

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
from explorer.cli.program_bytes import FROM_SERVER, open_bytes
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import FileContent, Needle, RemoteProgram, Spot, Workbench

EXAMPLES = """\b
rr-explorer hex ./rr --at 0x270
rr-explorer hex ./rr --bytes "7f 45 4c 46"
rr-explorer hex latest/rr-linux-amd64 --raw --at 4M --length 64"""
RAW_HELP = "The file itself as it is published: on a server, only these bytes are read."
LENGTH = 256
MOST = 16 << 20


@click.command(
    "hex",
    short_help="Print bytes of a file in hex.",
    context_settings=CONTEXT,
    help=f"Print bytes of a program in hex, as xxd does.\n\n{FROM_SERVER}\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option("--at", "start", default="0", metavar="OFFSET", help="624, 0x270 or 4M.")
@click.option(
    "--length", type=click.IntRange(1, MOST), default=LENGTH, show_default=True, help="In bytes."
)
@click.option("--text", metavar="TEXT", help="Go to the first TEXT at OFFSET or later.")
@click.option("--regex", metavar="REGEX", help="Go to the first match of a regular expression.")
@click.option("--bytes", "pairs", metavar="HEX", help="Go to these bytes; ?? stands for any.")
@click.option("--raw", is_flag=True, help=RAW_HELP)
@json_option
@global_options
@click.pass_obj
def hex_command(state: CliState, /, file: str, platform: str, **options: object) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import HexOf, hex_bytes
        from explorer.workbench import HEX_WIDTH, hex_line, parse_offset

        at, needle = parse_offset(str(options["start"])), _needle(options)
        subject = await workbench.resolve(file, platform)
        raw = bool(options["raw"])
        content = await open_bytes(workbench, subject, output, raw=raw, forwards=False)
        try:
            spot = await _find(content, needle, at, output)
            if needle is not None and spot is None:
                output.note("Not found")
                return NO
            if spot is not None:
                at = spot.offset - spot.offset % HEX_WIDTH
            _check_end(content, at, is_known=content.size > 0)
            data = await content.read(at, int(str(options["length"])))
            _check_end(content, at, is_known=True)
        finally:
            content.close()
        if output.json:
            item = HexOf(subject, content.size, at, data, spot, workbench.warnings)
            output.data(hex_bytes(item))
            return OK
        lines = (
            hex_line(at + place, data[place : place + HEX_WIDTH])
            for place in range(0, len(data), HEX_WIDTH)
        )
        output.raw("".join(f"{line}\n" for line in lines))
        return OK

    return in_workbench(state, state.settings(), work)


def _check_end(content: FileContent | RemoteProgram, at: int, *, is_known: bool) -> None:
    """``is_known``: of a file on a server its size may show only at its end.

    Raises:
        UsageError: the file ends before this offset.
    """
    if is_known and at >= content.size:
        raise UsageError(f"The file ends at {content.size:#x}", f"it has no byte {at:#x}")


def _needle(options: dict[str, object]) -> Needle | None:
    """What to search for, if anything.

    Raises:
        UsageError: several things, or nothing that can be searched for.
    """
    from explorer.workbench import NeedleKind, parse_needle

    kinds = {"text": NeedleKind.TEXT, "regex": NeedleKind.REGEX, "pairs": NeedleKind.HEX}
    given = [(str(options[name]), kind) for name, kind in kinds.items() if options[name]]
    if len(given) > 1:
        raise UsageError("--text, --regex and --bytes exclude each other")
    return parse_needle(*given[0]) if given else None


async def _find(
    content: FileContent | RemoteProgram, needle: Needle | None, at: int, output: Output
) -> Spot | None:
    if needle is None:
        return None
    return await content.find(needle, at, progress=output.progress)
