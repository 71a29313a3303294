"""The programs that put text on the system's clipboard, whichever of them are here.

A terminal that is sent OSC 52 does not say whether it took the text; these programs do, by their
exit status.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LIMIT_S = 2.0
"""Seconds that a program may take: an X server on another machine may have gone away."""


@dataclass(frozen=True, slots=True)
class ClipboardProgram:
    """A program that takes text on its standard input."""

    command: tuple[str, ...]
    variable: str = ""
    """The environment variable without which it cannot work."""
    encoding: str = "utf-8"


MULTIPLEXERS = (
    # -w: tmux passes it on to the terminal outside.
    ClipboardProgram(("tmux", "load-buffer", "-w", "-"), "TMUX"),
)
DESKTOPS = (
    ClipboardProgram(("wl-copy",), "WAYLAND_DISPLAY"),
    ClipboardProgram(("xclip", "-selection", "clipboard", "-in"), "DISPLAY"),
    ClipboardProgram(("xsel", "--clipboard", "--input"), "DISPLAY"),
    ClipboardProgram(("pbcopy",)),
    # Windows, also below WSL: it takes UTF-16 only.
    ClipboardProgram(("clip.exe",), encoding="utf-16-le"),
)


def programs(environ: Mapping[str, str]) -> tuple[tuple[ClipboardProgram, ...], ...]:
    """The programs that may work here: tmux's, and the desktop's. Of each group one is enough."""

    def is_here(program: ClipboardProgram) -> bool:
        set_up = not program.variable or bool(environ.get(program.variable))
        return set_up and shutil.which(program.command[0], path=environ.get("PATH")) is not None

    return tuple(tuple(filter(is_here, group)) for group in (MULTIPLEXERS, DESKTOPS))


async def put_on_clipboard(text: str) -> tuple[str, ...]:
    """The names of the programs that took the text; empty if none did."""
    groups = await asyncio.to_thread(programs, os.environ)
    async with asyncio.TaskGroup() as tasks:
        taken = [tasks.create_task(_first_that_takes(group, text)) for group in groups]
    return tuple(name for task in taken if (name := task.result()))


async def _first_that_takes(group: Iterable[ClipboardProgram], text: str) -> str:
    """The name of the first program that took the text; a variable may name a desktop long gone."""
    for program in group:
        if await _run(program, text):
            return program.command[0]
    return ""


async def _run(program: ClipboardProgram, text: str) -> bool:
    """Whether the program took the text."""
    try:
        # Some stay in the background to serve the clipboard: they get no pipe to keep open, and a
        # session of their own, so that they do not end with the terminal.
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(LIMIT_S):
            await process.communicate(text.encode(program.encoding, "replace"))
    except (TimeoutError, OSError):
        return False
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode == 0
