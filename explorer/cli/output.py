"""The one place that writes: data to stdout, everything else to stderr, and the exit codes.

0 fine; 1 the answer is no, or the proof failed; 2 usage; 3 source or network; 4 integrity; 5 engine; 6 format;
130 cancelled. A reader that goes away (``| head``) misses the rest and changes no exit code.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from explorer.errors import ExplorerError
    from explorer.progress import Progress
    from explorer.report import Cell, Column, Row

OK, NO, CANCELLED = 0, 1, 130
GAP = 2
"""Spaces between two columns."""
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


def prepare_streams() -> None:
    """A character that a stream cannot encode is written as an escape instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """NO_COLOR first (no-color.org: any non-empty value), then FORCE_COLOR, then whether it is a terminal that can."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


class Output:
    """What a command writes with. ``json`` True: stdout takes one JSON document, errors are JSON on stderr."""

    def __init__(self, json: bool = False) -> None:
        self.json = json
        self._colour_out = wants_colour(sys.stdout, os.environ)
        self._colour_err = wants_colour(sys.stderr, os.environ)
        self._lock = threading.Lock()
        self._drawn = False
        self._last = 0.0
        self._told: set[str] = set()
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    # ------------------------------------------------------------------ stdout

    def data(self, document: Mapping[str, Any]) -> None:
        """The command's JSON document."""
        from explorer.report.json import dumps

        self._write(dumps(document))

    def raw(self, text: str) -> None:
        """Text of the program's own (a schema, a completion script, a finished document), as it is."""
        self._write(text)

    def line(self, *cells: Cell | str) -> None:
        """Cells beside each other; a ``str`` is sanitised on the way."""
        self._write("".join(self._cell(cell) for cell in cells) + "\n")

    def room(self) -> int | None:
        """Cells of width that the terminal has; None where there is none, and a line may be as long as it likes."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Row],
        heads: Sequence[Sequence[Cell]] | None = None,
        spare: Sequence[str] = (),
    ) -> None:
        """An aligned table, as wide as the terminal where there is one; columns in which nothing stands are left out.

        ``heads`` are the lines above the rows, where those are not just the columns' titles. ``spare`` are keys of columns
        that a terminal too narrow for all goes without, before a cell is cut.
        """
        rows = list(rows)
        while spare and self._too_wide(columns, rows):
            kept = [number for number, column in enumerate(columns) if column.key != spare[0]]
            rows = [replace(row, cells=tuple(row.cells[number] for number in kept)) for row in rows]
            columns, spare = [columns[number] for number in kept], spare[1:]
        self._write("".join(line + "\n" for line in self._table_lines(columns, list(rows), heads)))

    def _too_wide(self, columns: Sequence[Column], rows: Sequence[Row]) -> bool:
        from explorer.report import cell_width

        room = self.room()
        widths = [
            max([0, *(cell_width(row.cells[number].text) for row in rows)])
            for number in range(len(columns))
        ]
        used = [
            max(width, cell_width(column.title))
            for width, column in zip(widths, columns, strict=True)
            if width
        ]
        return room is not None and sum(used) + GAP * (len(used) - 1) > room

    def facts(self, rows: Iterable[Row], indent: int = 0) -> None:
        """(what, value) rows, the values aligned; on a terminal long values go on below themselves."""
        from explorer.report import cell_width, pad

        shown = list(rows)
        width = max((cell_width(row.cells[0].text) for row in shown), default=0)
        for row in shown:
            name, value = row.cells[:2]
            label = self._styled(pad(name.text, width), "dim")
            # A command is copied: its line is the terminal's to break.
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
        # Nothing that could be copied is broken: names, digests and commands stay whole, the terminal wraps them.
        if room is None or room - margin < 20:
            return [text]
        return textwrap.wrap(
            text, room - margin, break_long_words=False, break_on_hyphens=False
        ) or [text]

    def _cell(self, cell: Cell | str) -> str:
        from explorer.report import visible

        return visible(cell) if isinstance(cell, str) else self._styled(cell.text, cell.style)

    def _styled(self, text: str, style: str, err: bool = False) -> str:
        code = _SGR.get(style)
        colour = self._colour_err if err else self._colour_out
        return f"\x1b[{code}m{text}\x1b[0m" if code and colour and text else text

    def _table_lines(
        self, columns: Sequence[Column], rows: list[Row], heads: Sequence[Sequence[Cell]] | None
    ) -> Iterable[str]:
        from explorer.report import Cell, cell_width, clip, pad

        used = [
            number for number in range(len(columns)) if any(row.cells[number].text for row in rows)
        ]
        columns = [columns[number] for number in used]
        table = [[row.cells[number] for number in used] for row in rows]
        above = (
            [[line[number] for number in used] for line in heads]
            if heads
            else [[Cell(column.title, "dim") for column in columns]]
        )
        shown = [*above, *table] if table else table
        widths = [
            max((cell_width(line[place].text) for line in shown), default=0)
            for place in range(len(columns))
        ]
        widths = self._fitted(widths, columns)
        for line in shown:
            parts = []
            for place, cell in enumerate(line):
                align = columns[place].align
                text = clip(cell.text, widths[place])
                last = place == len(line) - 1 and align == "left"
                filled = text if last else pad(text, widths[place], align)
                # Colour only the text itself, so that a background or an underline would not run into the gap.
                parts.append(
                    filled.replace(text, self._styled(text, cell.style), 1) if text else filled
                )
            yield (" " * GAP).join(parts).rstrip()

    def _fitted(self, widths: list[int], columns: Sequence[Column]) -> list[int]:
        """Widths that fit the terminal: growing columns give way first, then the widest, then all that is left."""
        whole = self.room()
        if whole is None:
            return widths
        room = whole - GAP * (len(widths) - 1)
        widths = list(widths)
        growing, every = [n for n, c in enumerate(columns) if c.grows], list(range(len(widths)))
        for places, least in ((growing, 12), (every, 8), (every, 1)):
            while sum(widths) > room:
                place = max(places, key=lambda n: widths[n], default=None)
                if place is None or widths[place] <= least:
                    break
                widths[place] -= 1
        return widths

    def _write(self, text: str) -> None:
        self.clear()
        send(sys.stdout, text)

    # ------------------------------------------------------------------ stderr

    def progress(self, moment: Progress) -> None:
        """One line on a terminal's stderr, drawn over the one before; nothing anywhere else. From any thread."""
        if not self._live or time.monotonic() - self._last < PROGRESS_EVERY:
            return
        from explorer.report import clip
        from explorer.report.tables import progress_line

        with self._lock:
            self._last = time.monotonic()
            line = clip(progress_line(moment), max(10, shutil.get_terminal_size().columns - 1))
            send(sys.stderr, f"\r\x1b[2K{line}", at_once=True)
            self._drawn = True

    def clear(self) -> None:
        """Take the progress line away."""
        with self._lock:
            if self._drawn:
                send(sys.stderr, "\r\x1b[2K", at_once=True)
                self._drawn = False

    def warn(self, text: str) -> None:
        """A sentence that is no error, said once; with ``--json`` it stands in the document instead."""
        if not self.json and text not in self._told:
            self._told.add(text)
            self._err("warning: ", "warn", text)

    def warnings(self, texts: Iterable[str]) -> None:
        """Each of them."""
        for text in texts:
            self.warn(text)

    def error(self, error: ExplorerError) -> int:
        """Tell it, and give its exit code."""
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
        """A line for people, not data."""
        self._err("", "", text)

    def _err(self, mark: str, style: str, text: str) -> None:
        from explorer.report import one_line

        self.clear()
        lines = [one_line(text)]
        room = shutil.get_terminal_size().columns - len(mark) if sys.stderr.isatty() else 0
        if room >= 20:
            lines = (
                textwrap.wrap(lines[0], room, break_long_words=False, break_on_hyphens=False)
                or lines
            )
        send(sys.stderr, f"{self._styled(mark, style, err=True)}{lines[0]}\n")
        send(sys.stderr, "".join(f"{' ' * len(mark)}{line}\n" for line in lines[1:]))


def send(stream: TextIO, text: str, at_once: bool = False) -> None:
    """Write. Where the reader or the terminal has gone, what it will not read goes nowhere: the command comes to its end and
    its exit code. So does what stderr does not take: there is nowhere to tell it.

    Raises:
        OSError: stdout cannot be written for another reason, a full disk for example.
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
    """Nothing more of this stream is seen, what it still holds included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def close_quietly() -> None:
    """Write out what is left, or drop it: the interpreter must not complain at its end about what was told already."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            to_nowhere(stream)
