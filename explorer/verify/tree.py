"""What a container gets: the program, and the files beside it, as one tar file or in a folder.

It is made once per proof, and the program is hashed on the way: these are the bytes that run. The
tar (POSIX.1-1988 with GNU's long names) is a file without a name.
"""

import asyncio
import contextlib
import hashlib
import os
import tarfile
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from explorer.errors import SourceError, UsageError
from explorer.progress import Cancellation

ROOT = "/rr-explorer"
"""Where the tree is put. A folder of its own: no name in it can collide with the image's."""
SHELL = "/bin/sh"
"""The image's, for a program that no kernel starts itself."""

TREE_BYTES = 1 << 30
TREE_FILES = 20_000
_CHUNK = 1 << 20
_NAME_BYTES, _PATH_BYTES = 255, 3072
"""Linux's limits for a name and (below 4096, for what is before it) for a path."""
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class TreeItem:
    """A file, folder or link beside the program."""

    name: str
    """Relative POSIX path, as in ``ProofRequest.name``."""
    chunks: Callable[[], Iterator[bytes]] | None = None
    """The file's bytes; None for a folder or a link."""
    size: int = 0
    """Bytes that ``chunks`` gives."""
    link: str = ""
    """What a symbolic link points to."""


Tree = Callable[[Cancellation], Iterable[TreeItem]]
"""Called once, in a thread: an archive can be walked while its items are copied."""


def no_tree(cancel: Cancellation) -> Iterable[TreeItem]:
    """Nothing beside the program."""
    return ()


@dataclass(frozen=True, slots=True)
class PackedTree:
    """The tar file of a tree."""

    file: BinaryIO
    """Has no name; it is gone once it is closed."""
    sha256: str
    """Of the program in it."""
    lock: asyncio.Lock
    """Held while ``file`` itself is read."""

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[BinaryIO]:
        """The file from its start, for one reader; two containers may be filled from it at once."""
        try:
            descriptor = os.open(f"/proc/self/fd/{self.file.fileno()}", os.O_RDONLY)
        except OSError:  # not Linux: both readers would share one position
            async with self.lock:
                self.file.seek(0)
                yield self.file
        else:
            with os.fdopen(descriptor, "rb") as again:
                yield again


def inner_path(name: str) -> str:
    """A path below ``ROOT``, checked: names come from archives and must not point elsewhere.

    Raises:
        UsageError: an empty name, one with ``..`` or with a zero byte.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in name:
        raise UsageError(f"Not a name for a file in a container: {name!r}")
    return "/".join(parts)


def file_item(name: str, path: Path) -> TreeItem:
    """A file of this machine.

    Raises:
        SourceError: there is no such file.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    return TreeItem(name, lambda: _read(path), size)


def pack(name: str, binary: Path, beside: Iterable[TreeItem], cancel: Cancellation) -> PackedTree:
    """Write the program and the items beside it to a tar file. Blocking.

    Raises:
        SourceError: a file cannot be read, or changes while it is read; or the disk is full.
        UsageError: the program's name leads out of the tree.
    """
    packer = _Packer(cancel)
    try:
        digest = packer.add_all(name, binary, beside)
        return PackedTree(packer.finish(), digest, asyncio.Lock())
    except BaseException:
        packer.file.close()
        raise


def spread(
    folder: Path, name: str, binary: Path, beside: Iterable[TreeItem], cancel: Cancellation
) -> str:
    """Write the program and the items beside it to an empty folder of this machine. Blocking.

    Returns the program's sha256. Nothing is written outside the folder, whatever the names are.

    Raises:
        SourceError, UsageError: as ``pack``.
    """
    return _Spreader(cancel, folder).add_all(name, binary, beside)


def _is_possible(name: str) -> bool:
    """Whether Linux could have a file of that name: an archive may hold any."""
    try:
        path = inner_path(name)
    except UsageError:
        return False
    sizes = [len(part.encode(errors="surrogateescape")) for part in path.split("/")]
    return max(sizes) <= _NAME_BYTES and sum(sizes) + len(sizes) <= _PATH_BYTES


class _Writer(ABC):
    """Writes items one by one, within the limits of a tree."""

    def __init__(self, cancel: Cancellation) -> None:
        self._cancel = cancel
        self._are_folders: dict[str, bool] = {}
        self._bytes = 0

    def add_all(self, name: str, binary: Path, beside: Iterable[TreeItem]) -> str:
        """Write the program and what is beside it; returns the program's sha256."""
        digest = hashlib.sha256()
        try:
            self._add(file_item(name, binary), digest.update)
            for item in beside:
                has_room = self._bytes + item.size <= TREE_BYTES
                if has_room and len(self._are_folders) < TREE_FILES and _is_possible(item.name):
                    self._add(item)
        except OSError as error:
            raise SourceError(
                "Cannot copy the program for its run",
                error.strerror or str(error),
                "Check the disk",
            ) from error
        return digest.hexdigest()

    def _add(self, item: TreeItem, hashed: Callable[[bytes], object] | None = None) -> None:
        """Write one item. A name that is there already stays what it was: the first one counts."""
        path = inner_path(item.name)
        if path in self._are_folders or not self._has_folder(path):
            return
        self._are_folders[path] = not item.link and item.chunks is None
        if item.link:
            self._link(path, item.link)
        elif item.chunks is None:
            self._folder(path)
        else:
            self._file(path, item.size, self._checked(item, item.chunks(), hashed))
            self._bytes += item.size

    def _has_folder(self, path: str) -> bool:
        """Make the folders above; False below a link or a file, where nothing can be put."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in self._are_folders:
                self._are_folders[folder] = True
                self._folder(folder)
            elif not self._are_folders[folder]:
                return False
        return True

    def _checked(
        self, item: TreeItem, chunks: Iterator[bytes], hashed: Callable[[bytes], object] | None
    ) -> Iterator[bytes]:
        left = item.size
        for chunk in chunks:
            self._cancel.check()
            left -= len(chunk)
            if left < 0:
                break
            if hashed is not None:
                hashed(chunk)
            yield chunk
        if left:
            raise SourceError(
                f"{item.name} changed while it was read",
                remedy="Let nothing write to it, and try again",
            )

    @abstractmethod
    def _folder(self, path: str) -> None:
        """Make a folder."""

    @abstractmethod
    def _link(self, path: str, target: str) -> None:
        """Make a symbolic link."""

    @abstractmethod
    def _file(self, path: str, size: int, chunks: Iterator[bytes]) -> None:
        """Write an executable file."""


class _Packer(_Writer):
    """Writes members by hand around ``tarfile``'s headers, which is faster than its streams."""

    def __init__(self, cancel: Cancellation) -> None:
        super().__init__(cancel)
        self.file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # given to the caller

    def finish(self) -> BinaryIO:
        self.file.write(bytes(2 * tarfile.BLOCKSIZE))
        self.file.flush()
        return self.file

    def _folder(self, path: str) -> None:
        self._header(path, tarfile.DIRTYPE)

    def _link(self, path: str, target: str) -> None:
        self._header(path, tarfile.SYMTYPE, link=target)

    def _file(self, path: str, size: int, chunks: Iterator[bytes]) -> None:
        self._header(path, tarfile.REGTYPE, size)
        for chunk in chunks:
            self.file.write(chunk)
        self.file.write(bytes(-size % tarfile.BLOCKSIZE))

    def _header(self, path: str, kind: bytes, size: int = 0, link: str = "") -> None:
        member = tarfile.TarInfo(path)
        member.type, member.mode, member.size, member.linkname = kind, 0o755, size, link
        self.file.write(member.tobuf(tarfile.GNU_FORMAT))


class _Spreader(_Writer):
    """Writes files that everyone may read, whatever the umask is.

    ``_has_folder`` sees to it that no path leads through a link.
    """

    def __init__(self, cancel: Cancellation, root: Path) -> None:
        super().__init__(cancel)
        self._root = root

    def _folder(self, path: str) -> None:
        (self._root / path).mkdir()
        (self._root / path).chmod(0o755)

    def _link(self, path: str, target: str) -> None:
        (self._root / path).symlink_to(target)

    def _file(self, path: str, size: int, chunks: Iterator[bytes]) -> None:
        with (self._root / path).open("xb", buffering=0) as file:
            os.fchmod(file.fileno(), 0o755)
            for chunk in chunks:
                file.write(chunk)


def _read(path: Path) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, _READ_FLAGS)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            while part := file.read(_CHUNK):
                yield part
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"Cannot read {path}", error.strerror or str(error), "Check that it is still there"
    )
