"""What a command writes: data on stdout, everything else on stderr, and colours only on terminals.

A reader that goes away (``| head``) misses the rest and changes no exit code.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import textwrap
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from explorer.errors import ExplorerError
    from explorer.progress import Progress
    from explorer.report import Cell, Column, Row

OK, NO = 0, 1
"""Exit codes of commands that found an answer; errors have their own."""
GAP = 2
"""Spaces between a fact's name and its value."""
NARROWEST = 20
"""Cells: below this width, text is not wrapped."""
PROGRESS_EVERY = 0.1
"""Seconds between two redraws of the progress line."""

# SGR codes of the sixteen basic colours, which every terminal's own palette defines.
_SGR = {
    "good": "32",
    "warn": "33",
    "bad": "31",
    "unknown": "35",
    "dim": "2",
    "strong": "1",
    "accent": "36",
    "code": "36",
}


def terminal_width() -> int:
    """Cells of a line of the terminal, or what COLUMNS says."""
    import shutil  # with it come the compressors, which a help text does without

    return shutil.get_terminal_size().columns


def prepare_streams() -> None:
    """Write characters that a stream cannot encode as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour: NO_COLOR (no-color.org), then FORCE_COLOR, then a capable terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


class Output:
    """What a command writes with."""

    def __init__(self, json: bool = False) -> None:
        """With ``json``, stdout takes one JSON document, and errors are JSON on stderr."""
        self.json = json
        self._colour_out = wants_colour(sys.stdout, os.environ)
        self._colour_err = wants_colour(sys.stderr, os.environ)
        self._lock = threading.Lock()
        self._drawn = False
        self._last = 0.0
        self._warned: set[str] = set()
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    # ------------------------------------------------------------------ stdout

    def data(self, document: Mapping[str, Any]) -> None:
        """Print the command's JSON document."""
        from explorer.report.json import dumps

        self._write(dumps(document))

    def data_line(self, document: Mapping[str, Any]) -> None:
        """Print one of several JSON documents, on a line of its own, at once."""
        from explorer.report.json import dumps

        self.clear()
        send(sys.stdout, dumps(document, on_one_line=True), at_once=True)

    def raw(self, text: str) -> None:
        """Print the program's own text (a schema, a completion script, a report) unchanged."""
        self._write(text)

    def line(self, *cells: Cell | str) -> None:
        """Print cells beside each other; a ``str`` is sanitised."""
        self._write("".join(self._cell(cell) for cell in cells) + "\n")

    def flush(self) -> None:
        """Let a reader see what has been printed so far."""
        send(sys.stdout, "", at_once=True)

    def room(self) -> int | None:
        """The terminal's width in cells; None if stdout is not a terminal."""
        return terminal_width() if sys.stdout.isatty() else None

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Row],
        heads: Sequence[Sequence[Cell]] | None = None,
        spare: Sequence[str] = (),
    ) -> None:
        """Print an aligned table, at most as wide as the terminal, without empty columns.

        Args:
            heads: the lines above the rows, if they are not just the columns' titles.
            spare: keys of columns that are dropped, in this order, before any cell is cut.
        """
        from explorer.cli.table_layout import lay_out

        def styled(text: str, cell: Cell) -> str:
            return self._styled(text, cell.style)

        lines = lay_out(columns, list(rows), heads, spare, self.room())
        self._write("".join(line.text(styled) + "\n" for line in lines))

    def facts(self, rows: Iterable[Row], indent: int = 0) -> None:
        """Print (what, value) rows with the values aligned; on a terminal long ones are wrapped."""
        from explorer.report import cell_width, pad

        shown = list(rows)
        width = max((cell_width(row.cells[0].text) for row in shown), default=0)
        for row in shown:
            name, value = row.cells[:2]
            label = self._styled(pad(name.text, width), "dim")
            # A command is copied: only the terminal may break its line.
            lines = (
                [value.text]
                if value.style == "code"
                else self._wrapped(value.text, indent + width + GAP)
            )
            self._write(f"{' ' * indent}{label}{' ' * GAP}{self._styled(lines[0], value.style)}\n")
            for line in lines[1:]:
                self._write(f"{' ' * (indent + width + GAP)}{self._styled(line, value.style)}\n")

    def _wrapped(self, text: str, margin: int) -> list[str]:
        room = self.room()
        if room is None or room - margin < NARROWEST:
            return [text]
        return _wrap(text, room - margin)

    def _cell(self, cell: Cell | str) -> str:
        from explorer.report import visible

        return visible(cell) if isinstance(cell, str) else self._styled(cell.text, cell.style)

    def _styled(self, text: str, style: str, err: bool = False) -> str:
        code = _SGR.get(style)
        colour = self._colour_err if err else self._colour_out
        return f"\x1b[{code}m{text}\x1b[0m" if code and colour and text else text

    def _write(self, text: str) -> None:
        self.clear()
        send(sys.stdout, text)

    # ------------------------------------------------------------------ stderr

    def progress(self, moment: Progress) -> None:
        """Redraw the progress line, if stderr is a terminal. Thread-safe."""
        if not self._live or time.monotonic() - self._last < PROGRESS_EVERY:
            return
        from explorer.report import clip
        from explorer.report.tables import progress_line

        with self._lock:
            self._last = time.monotonic()
            line = clip(progress_line(moment), max(10, terminal_width() - 1))
            send(sys.stderr, f"\r\x1b[2K{line}", at_once=True)
            self._drawn = True

    def clear(self) -> None:
        """Remove the progress line."""
        with self._lock:
            if self._drawn:
                send(sys.stderr, "\r\x1b[2K", at_once=True)
                self._drawn = False

    def warn(self, text: str) -> None:
        """Print a warning, once; with ``--json`` it is part of the document instead."""
        if not self.json and text not in self._warned:
            self._warned.add(text)
            self._err("warning: ", "warn", text)

    def warnings(self, texts: Iterable[str]) -> None:
        """Print each of them."""
        for text in texts:
            self.warn(text)

    def error(self, error: ExplorerError) -> int:
        """Print an error, and return its exit code."""
        self.clear()
        if self.json:
            from explorer.report.json import dumps
            from explorer.report.json import error as as_json

            send(sys.stderr, dumps(as_json(error)))
            return error.exit_code
        self._err("rr-explorer: ", "bad", error.title)
        if error.detail:
            self._err("  ", "", error.detail)
        if error.remedy:
            self._err("  → ", "accent", error.remedy)
        return error.exit_code

    def note(self, text: str) -> None:
        """Print a line for people, not data."""
        self._err("", "", text)

    def _err(self, mark: str, style: str, text: str) -> None:
        from explorer.report import one_line

        self.clear()
        lines = [one_line(text)]
        room = terminal_width() - len(mark) if sys.stderr.isatty() else 0
        if room >= NARROWEST:
            lines = _wrap(lines[0], room)
        send(sys.stderr, f"{self._styled(mark, style, err=True)}{lines[0]}\n")
        send(sys.stderr, "".join(f"{' ' * len(mark)}{line}\n" for line in lines[1:]))


def _wrap(text: str, width: int) -> list[str]:
    """Lines of text. What could be copied (names, digests, commands) is never broken."""
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return lines or [text]


def send(stream: TextIO, text: str, at_once: bool = False) -> None:
    """Write to stdout or stderr.

    If the reader or the terminal has gone, the rest is dropped, and the command runs to its end
    and its exit code. So is whatever stderr does not take.

    Raises:
        OSError: stdout cannot be written for another reason, e.g. a full disk.
    """
    try:
        stream.write(text)
        if at_once:
            stream.flush()
    except OSError as error:
        if stream is not sys.stderr and error.errno not in (errno.EPIPE, errno.EIO):
            raise
        to_nowhere(stream)


def to_nowhere(stream: TextIO) -> None:
    """Drop all that the stream still holds, and all that is written to it later."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def close_quietly() -> None:
    """Write out or drop what is left, so that the interpreter does not complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            to_nowhere(stream)
