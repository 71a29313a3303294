"""Files that are named in other ways than by a path: a folder's programs, and standard input."""

from __future__ import annotations

import os
import posixpath
import select
import stat
import sys
from pathlib import Path

from explorer.errors import SourceError, UsageError
from explorer.progress import Cancellation

STANDARD_INPUT = ("-", "/dev/stdin")
"""The second form takes a member, too: ``-#m`` would be an option."""
INPUT_BYTES = 4 << 30
"""Of standard input; more is refused."""
MOST_NAMED, MOST_LOOKED_AT, FOLDERS_DEEP = 8, 2000, 2
"""Of a folder: programs in an error, files looked at for them, and levels of folders in it."""
_CHUNK, _PAUSE_S = 1 << 20, 0.1


def read_standard_input(into: Path, cancel: Cancellation) -> Path:
    """Copy standard input into a file of a folder, up to its end. Blocking.

    Raises:
        UsageError: it is a terminal. SourceError: it is too long, or the disk is full.
        OperationCancelledError: cancelled while nothing came.
    """
    if sys.stdin.isatty():
        raise UsageError(
            "Standard input is a terminal", remedy="Name a file, or redirect one: … - < FILE"
        )
    path, copied = into / "standard-input", 0
    source = sys.stdin.fileno()
    try:
        with path.open("wb") as file:
            while part := _next(source, cancel):
                copied += len(part)
                if copied > INPUT_BYTES:
                    raise SourceError(
                        f"Standard input is longer than {INPUT_BYTES >> 30} GiB",
                        remedy="Name the file instead",
                    )
                file.write(part)
    except OSError as error:
        raise SourceError(
            "Standard input cannot be read",
            error.strerror or str(error),
            "Check the disk, or name the file instead",
        ) from error
    return path


def _next(source: int, cancel: Cancellation) -> bytes:
    """The next bytes; empty at the end."""
    while os.name == "posix" and not select.select([source], [], [], _PAUSE_S)[0]:
        cancel.check()
    cancel.check()
    return os.read(source, _CHUNK)


def folder_error(text: str, path: Path) -> SourceError:
    """What to say of a folder, which is not one file: its programs. Blocking."""
    programs = programs_in(path)
    show_all = f"show all files with --folder {text}"
    if not programs:
        return SourceError(
            f"{text} is a folder", "no Linux program was found in it", f"Name a file, or {show_all}"
        )
    named = ", ".join(programs[:MOST_NAMED])
    more = f" and {len(programs) - MOST_NAMED} more" if len(programs) > MOST_NAMED else ""
    remedy = f"Name one ({posixpath.join(text, programs[0])}), or {show_all}"
    return SourceError(f"{text} is a folder", f"its programs: {named}{more}", remedy)


def programs_in(folder: Path) -> tuple[str, ...]:
    """ELF files that may be executed, two folders deep at most, by their paths in the folder.

    Looks at ``MOST_LOOKED_AT`` files at most; what cannot be read is left out. Blocking.
    """
    programs: list[str] = []
    left = MOST_LOOKED_AT
    for place, folders, names in os.walk(folder):
        here = Path(place).relative_to(folder)
        folders[:] = sorted(folders) if len(here.parts) < FOLDERS_DEEP and left > 0 else []
        looked_at = sorted(names)[: max(left, 0)]
        programs += [
            (here / name).as_posix() for name in looked_at if _is_program(Path(place, name))
        ]
        left -= len(names)
    return tuple(programs)


def _is_program(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) and mode & 0o111):
            return False
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False
