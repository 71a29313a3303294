"""Folders opened one below the other without following links, so that no name leads elsewhere.

Where the system cannot open relative to a folder (Windows), the paths are checked instead.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from explorer.archive.staging import NEW_FILE
from explorer.errors import SourceError

HAS_OPENAT = (
    os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and os.rename in os.supports_dir_fd
)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class OpenFolder:
    """One open folder, and what may be done with the names in it."""

    def __init__(self, path: Path, handle: int | None) -> None:
        """``handle``: the open folder; None to use ``path`` instead."""
        self._path = path
        self._handle = handle

    def _name(self, leaf: str) -> str:
        return leaf if self._handle is not None else str(self._path / leaf)

    def open(self, leaf: str, mode: int) -> int:
        """A new file to write; ``mode`` is reduced by the umask."""
        return os.open(self._name(leaf), NEW_FILE, mode, dir_fd=self._handle)

    def symlink(self, target: str, leaf: str) -> None:
        os.symlink(target, self._name(leaf), dir_fd=self._handle)

    def readlink(self, leaf: str) -> str:
        return os.readlink(self._name(leaf), dir_fd=self._handle)

    def unlink(self, leaf: str) -> None:
        os.unlink(self._name(leaf), dir_fd=self._handle)

    def link(self, other: "OpenFolder", name: str, leaf: str) -> None:
        """A hard link here, named ``leaf``, to ``name`` in ``other``."""
        os.link(
            other._name(name),
            self._name(leaf),
            src_dir_fd=other._handle,
            dst_dir_fd=self._handle,
            follow_symlinks=False,
        )

    def rename(self, other: "OpenFolder", leaf: str) -> None:
        """Move ``leaf`` into ``other``."""
        os.rename(
            self._name(leaf), other._name(leaf), src_dir_fd=self._handle, dst_dir_fd=other._handle
        )

    def kind(self, leaf: str) -> int | None:
        """``st_mode`` of the name itself; None if there is no such name."""
        try:
            return os.stat(self._name(leaf), dir_fd=self._handle, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None


@contextlib.contextmanager
def folder_below(root: Path, below: str, *, make: bool) -> Iterator[OpenFolder]:
    """The folder ``below`` ``root``, each step opened from the one before, none of them a link.

    ``make``: missing ones are made.
    """
    parts = [part for part in below.split("/") if part]
    if not HAS_OPENAT:
        yield OpenFolder(_checked(root, parts, make), None)
        return
    handle = os.open(root, _FOLDER)
    try:
        for part in parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=handle)
            step = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = step
        yield OpenFolder(root.joinpath(*parts), handle)
    finally:
        os.close(handle)


def _checked(root: Path, parts: list[str], make: bool) -> Path:
    path = root
    for part in parts:
        path = path / part
        if make and not os.path.lexists(path):
            path.mkdir()
        if path.is_symlink() or not path.is_dir():
            raise SourceError(
                f"{path} is not a folder", "", "Remove it, or choose another directory"
            )
    return path
