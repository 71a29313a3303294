"""What is copied into the container: the program, and the files beside it, as one tar file.

The tar (POSIX.1-1988 with GNU's long names) is made once per proof, in a file without a name, and
the program is hashed on the way: these are the bytes that run.
"""

import asyncio
import contextlib
import hashlib
import os
import tarfile
import tempfile
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
    digest = hashlib.sha256()
    try:
        program = file_item(name, binary)
        packer.add(program, digest.update)
        for item in beside:
            if packer.has_room(item) and _is_possible(item.name):
                packer.add(item)
        return PackedTree(packer.finish(), digest.hexdigest(), asyncio.Lock())
    except OSError as error:
        packer.file.close()
        raise uncopied(error) from error
    except BaseException:
        packer.file.close()
        raise


def uncopied(error: OSError) -> SourceError:
    """The error of a program that could not be copied for its run."""
    return SourceError(
        "Cannot copy the program for its run", error.strerror or str(error), "Check the disk"
    )


def _is_possible(name: str) -> bool:
    """Whether Linux could have a file of that name: an archive may hold any."""
    try:
        path = inner_path(name)
    except UsageError:
        return False
    sizes = [len(part.encode(errors="surrogateescape")) for part in path.split("/")]
    return max(sizes) <= _NAME_BYTES and sum(sizes) + len(sizes) <= _PATH_BYTES


class _Packer:
    """Writes members by hand around ``tarfile``'s headers, which is faster than its streams."""

    def __init__(self, cancel: Cancellation) -> None:
        self.file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # given to the caller
        self._cancel = cancel
        self._kinds: dict[str, bytes] = {}
        self._bytes = 0

    def has_room(self, item: TreeItem) -> bool:
        return self._bytes + item.size <= TREE_BYTES and len(self._kinds) < TREE_FILES

    def add(self, item: TreeItem, hashed: Callable[[bytes], object] | None = None) -> None:
        """Write one item. A name that is there already stays what it was: the first one counts."""
        path = inner_path(item.name)
        if path in self._kinds or not self._has_folder(path):
            return
        if item.link:
            self._header(path, tarfile.SYMTYPE, link=item.link)
        elif item.chunks is None:
            self._header(path, tarfile.DIRTYPE)
        else:
            self._header(path, tarfile.REGTYPE, item.size)
        if item.chunks is not None:
            self._body(item.name, item.chunks(), item.size, hashed)

    def finish(self) -> BinaryIO:
        self._write(bytes(2 * tarfile.BLOCKSIZE))
        self.file.flush()
        return self.file

    def _has_folder(self, path: str) -> bool:
        """Make the folders above; False below a link or a file, where nothing can be put."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in self._kinds:
                self._header(folder, tarfile.DIRTYPE)
            elif self._kinds[folder] != tarfile.DIRTYPE:
                return False
        return True

    def _header(self, path: str, kind: bytes, size: int = 0, link: str = "") -> None:
        member = tarfile.TarInfo(path)
        member.type, member.mode, member.size, member.linkname = kind, 0o755, size, link
        self._kinds[path] = kind
        self._write(member.tobuf(tarfile.GNU_FORMAT))

    def _body(
        self,
        name: str,
        chunks: Iterator[bytes],
        size: int,
        hashed: Callable[[bytes], object] | None,
    ) -> None:
        left = size
        for chunk in chunks:
            self._cancel.check()
            left -= len(chunk)
            if left < 0:
                break
            if hashed is not None:
                hashed(chunk)
            self._write(chunk)
        if left:
            raise SourceError(
                f"{name} changed while it was read",
                remedy="Let nothing write to it, and try again",
            )
        self._bytes += size
        self._write(bytes(-size % tarfile.BLOCKSIZE))

    def _write(self, data: bytes) -> None:
        self.file.write(data)


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
