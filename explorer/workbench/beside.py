"""The files beside a local program, within bounds: never outside its folder, only libraries.

A RUNPATH such as ``$ORIGIN/../../..`` may name any folder of the user's disk. A verdict looks at
nothing outside these bounds, and a proof copies nothing else into its container.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.bytesource import FileSource
from explorer.errors import ExplorerError
from explorer.facts import MISSING

DEPTH = 4
"""Folders below folders that are looked into."""
ENTRIES = 2_000
LIBRARY_BYTES = 256 << 20
"""Of all libraries together."""

_PROGRAM_FOLDERS = ("bin", "sbin", "libexec")
_LIBRARY_FOLDERS = ("lib", "lib64", "lib32")
_SYSTEM = tuple(map(Path, ("/", "/usr", "/usr/local")))
"""Prefixes whose libraries are the system's, not the program's."""

_LIBRARY_NAME = re.compile(r".+\.so(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class FileBeside:
    """Something beside the program; ``path`` is absolute, with no link in it."""

    path: Path
    link: str = ""
    """Where a symbolic link points to, inside the bounds; empty for anything else."""
    library: bool = False
    empty: bool = False
    """It has a library's name, but is not one: only its name matters to a loader."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The bounds around one local program."""

    root: Path
    """The program's folder, or the one above for ``bin/PROGRAM`` beside ``lib/``."""
    folders: tuple[Path, ...]
    """The folders below ``root`` that belong to the program."""

    @classmethod
    def of(cls, program: Path) -> Beside:
        """The bounds around a program: its folder, and ``../lib`` if that folder is a ``bin``."""
        folder = program.resolve().parent
        above = folder.parent
        if folder.name in _PROGRAM_FOLDERS and above not in _SYSTEM:
            libraries = [above / name for name in _LIBRARY_FOLDERS]
            real = [path for path in libraries if path.is_dir() and not path.is_symlink()]
            linked = [path for path in libraries if path.is_symlink()]
            if real or linked:
                return cls(above, (folder, *real, *linked))
        return cls(folder, (folder,))

    def file(self, path: str) -> Path | None:
        """The regular file at an absolute path, links followed; None outside the bounds."""
        try:
            where = Path(path).resolve()
            inside = any(where.is_relative_to(folder) for folder in self.folders)
            return where if inside and where.is_file() else None
        except (OSError, ValueError, RuntimeError):  # names come from the file: too long, a loop …
            return None

    def is_blocked(self, path: str) -> bool:
        """Whether something that cannot be read as a file has a path in these bounds.

        A folder, a pipe or a device, or a loop of links: a loader may stop there.
        """
        try:
            folder = Path(path).parent.resolve()
            if not any(folder.is_relative_to(place) for place in self.folders):
                return False
            return not stat.S_ISREG(Path(path).stat().st_mode)
        except OSError as error:
            return error.errno == errno.ELOOP
        except RuntimeError:  # resolve() of a loop, before Python 3.13
            return True
        except ValueError:
            return False

    def walk(self) -> Iterator[FileBeside]:
        """Folders, links and libraries, nearest first."""
        waiting = deque((folder, 0) for folder in self.folders)
        left, room = ENTRIES, LIBRARY_BYTES
        while waiting:
            folder, depth = waiting.popleft()
            if folder.is_symlink():
                yield from self._link(folder)
                continue
            yield FileBeside(folder)
            for entry in _entries(folder):
                left -= 1
                if left < 0:
                    return
                path = folder / entry.name
                if entry.is_symlink():
                    yield from self._link(path)
                elif entry.is_dir(follow_symlinks=False):
                    if depth < DEPTH and path not in self.folders:
                        waiting.append((path, depth + 1))
                elif (library := _library(path, room)) is not None:
                    room -= path.stat().st_size
                    yield library

    def _link(self, path: Path) -> Iterator[FileBeside]:
        try:
            target, end = path.readlink(), path.resolve()
        except (OSError, RuntimeError):
            return
        inside = any(end.is_relative_to(folder) for folder in self.folders)
        plain = (path.parent / target).absolute()
        if inside and not target.is_absolute() and os.path.normpath(plain) != str(path):
            yield FileBeside(path, link=target.as_posix())


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _library(path: Path, room: int) -> FileBeside | None:
    """A shared library, or what has the name of one; None for any other file."""
    named = _LIBRARY_NAME.fullmatch(path.name) is not None
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return None
        with path.open("rb") as file:
            elf = file.read(4) == b"\x7fELF"
    except OSError:
        return None
    if not elf:
        return FileBeside(path, library=True, empty=True) if named else None
    return (
        FileBeside(path, library=True) if status.st_size <= room and _shared(path, named) else None
    )


def _shared(path: Path, named: bool) -> bool:
    """Of type ET_DYN, and a library by its contents or its name: not a program, not a core dump."""
    from explorer.elf import Linkage, Scope, read

    try:
        with FileSource(path) as source:
            elf = read(source, path.name, Scope.HEAD).elf
    except ExplorerError:
        return False
    if isinstance(elf, MISSING) or elf.header.type != "DYN":
        return False
    return named or elf.linkage is Linkage.SHARED_LIBRARY
