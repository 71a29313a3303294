"""Members written to disk, below one folder and nowhere else.

Everything is first written into a new folder of our own inside the one that was given, then moved into place: what is
there afterwards is whole. Folders are opened one below the other without following links, where the system can
(``openat``); elsewhere (Windows) the paths are checked instead.
"""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath

from explorer.archive.guard import fold
from explorer.archive.models import Limits, Member, MemberKind, MemberStream, RefusedError
from explorer.archive.walking import chunks, walk
from explorer.bytesource import ByteSource
from explorer.errors import OperationCancelledError, SourceError
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress

_AT = (
    os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and os.rename in os.supports_dir_fd
)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
STAGE = ".rr-explorer-"
"""What the folder's name begins with in which an archive is unpacked before its files are moved into place."""
CHUNK = 1 << 20
STALE_S = 10
"""Seconds since anything was made in a stage before it may be taken for a dead one's."""
_WINDOWS_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789"),
}


def extract(
    source: ByteSource,
    name: str,
    into: Path,
    *,
    wanted: Callable[[Member], bool] = lambda _: True,
    limits: Limits | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: Cancellation | None = None,
) -> tuple[Path, ...]:
    """Write the members that are ``wanted`` below ``into`` (made if it is not there), and give the files' and links' paths.

    All of them or none: after an error or a cancellation nothing of it is left, and what a killed run left is removed by
    the next one. Nothing that was there before is touched: a file that is already there with the same bytes stays as it
    is, with other ones it is an error. Files get mode 0755 where the archive marks them executable for their owner,
    else 0644, and no other bit; folders 0755. A deb's control part is not written. Where ``into`` is on Windows links and
    the names that Windows gives a meaning are refused.

    Raises:
        RefusedError: (a FormatError) a wanted member was refused, two names differ only in case or spelling, or the
            archive is damaged; names the member and the rule.
        SourceError: ``into`` cannot be written, the disk is full, or another file is already there.
        OperationCancelledError: ``cancel`` was raised.
    """
    with _told(into):
        made = not into.exists()
        into.mkdir(parents=True, exist_ok=True)
        real = (
            into.resolve()
        )  # the user's own links on the way there are the user's choice; none below it is followed
        _sweep(real)
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=real))
        lock = _locked(stage)
    done = False
    try:
        with _told(into):
            writer = _Writer(stage, real, progress, cancel)
            for entry in walk(source, name, limits, cancel):
                if entry.member.part != "control" and wanted(entry.member):
                    writer.add(entry.member, entry.open)
            writer.move_into_place()
        done = True
    finally:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(stage, ignore_errors=True)
        if made and not done:
            with contextlib.suppress(OSError):
                into.rmdir()
    return tuple(into / path for path in writer.written)


def _locked(folder: Path) -> int | None:
    """An open handle that locks a folder as long as this process lives; None where somebody holds it, or nobody can (Windows)."""
    if os.name == "nt":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _sweep(into: Path) -> None:
    """Remove the stages of runs that were killed: those that nobody holds, but not one that is just being made."""
    for stage in into.glob(f"{STAGE}*"):
        with contextlib.suppress(OSError):
            found = stage.lstat()
            if not stat.S_ISDIR(found.st_mode) or time.time() - found.st_mtime < STALE_S:
                continue
            if (handle := _locked(stage)) is not None:
                shutil.rmtree(stage, ignore_errors=True)
                os.close(handle)


@contextlib.contextmanager
def _told(into: Path) -> Iterator[None]:
    """The system's errors in words that help."""
    try:
        yield
    except OSError as error:
        where = f"{into}: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG):
            raise SourceError(
                "The disk is full", where, "Make room, or choose another directory"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise SourceError(
                "The directory cannot be written", where, "Choose another directory"
            ) from error
        raise SourceError(
            "Unpacking failed", where, "Choose another directory, or check the disk"
        ) from error


def windows_rule(path: str, kind: MemberKind) -> tuple[str, str] | None:
    """The rule and its text for what cannot be written safely on Windows; None for what can.

    Names of devices with any ending, names that Windows would shorten, and streams (``a:b``), as in Microsoft's "Naming
    Files, Paths, and Namespaces"; links need a privilege there, and are not made.
    """
    for part in path.split("/"):
        stem = part.partition(".")[0].rstrip(" ").lower()
        if stem in _WINDOWS_DEVICES or part.endswith((".", " ")) or set('<>:"|?*') & set(part):
            return "name", "its name has a meaning of its own on Windows"
    if kind in (MemberKind.SYMLINK, MemberKind.HARDLINK):
        return "link-outside", "links are not unpacked on Windows"
    return None


class _Writer:
    """Members into the stage, then the stage's tree into its place."""

    def __init__(
        self, stage: Path, into: Path, progress: ProgressCallback, cancel: Cancellation | None
    ) -> None:
        self._stage = stage
        self._into = into
        self._progress = progress
        self._cancel = cancel or Cancellation()
        self._names: dict[str, str] = {}
        self._done = 0
        self.written: list[str] = []

    def add(self, member: Member, opened: Callable[[], MemberStream]) -> None:
        """Write one member into the stage."""
        if member.refused is not None:
            raise RefusedError(member.refused.rule, member.refused.text, member.name)
        path = normpath(member.name)
        self._claim(path, member)
        if member.kind is MemberKind.DIRECTORY:
            with _folder(self._stage, path, make=True):
                return
        if os.path.lexists(self._into / path) and not self._may_be_same(path, member):
            raise self._there(path)
        parent, leaf = os.path.split(path)
        with _folder(self._stage, parent, make=True) as at:
            if member.kind is MemberKind.FILE:
                self._write(at.open(leaf), member, opened())
            elif member.kind is MemberKind.SYMLINK:
                at.symlink(member.link, leaf)
            else:
                self._link(at, leaf, member)
        self.written.append(path)

    def _claim(self, path: str, member: Member) -> None:
        """Each name and each folder above it, as a file system without case sees it, belongs to one spelling only."""
        for part in [path, *(str(above) for above in PurePosixPath(path).parents)][:-1]:
            other = self._names.setdefault(fold(part), part)
            if other != part:
                raise RefusedError(
                    "duplicate", f"{other} differs from it only in case or spelling", member.name
                )
        if os.name == "nt" and (rule := windows_rule(path, member.kind)):
            raise RefusedError(*rule, member.name)

    def _write(self, handle: int, member: Member, stream: MemberStream) -> None:
        with os.fdopen(handle, "wb") as file:
            for data in chunks(stream):
                self._cancel.check()
                file.write(data)
                self._done += len(data)
                self._progress(Progress("unpacking", self._done, detail=member.name))
            file.flush()
            mode = 0o755 if member.mode & stat.S_IXUSR else 0o644
            if hasattr(os, "fchmod"):  # Windows has no such bits
                os.fchmod(file.fileno(), mode)

    def _link(self, at: "_At", leaf: str, member: Member) -> None:
        """A second name for a file that was written before. One that was not wanted is not there."""
        target = normpath(member.link)
        parent, name = os.path.split(target)
        try:
            with _folder(self._stage, parent, make=False) as beside:
                at.link(beside, name, leaf)
        except FileNotFoundError:
            raise RefusedError(
                "link-outside",
                f"it is a hard link to {member.link}, which was not unpacked",
                member.name,
            ) from None

    def move_into_place(self) -> None:
        """Rename what the stage holds; folders that are there already are filled, if they are folders."""
        self._cancel.check()
        moved: list[str] = []
        try:
            self._merge("", moved)
        except (OSError, SourceError, OperationCancelledError):
            for path in reversed(moved):
                self._take_back(path)
            raise

    def _merge(self, below: str, moved: list[str]) -> None:
        with (
            _folder(self._stage, below, make=False) as here,
            _folder(self._into, below, make=False) as there,
        ):
            for name in sorted(os.listdir(self._stage / below)):
                path = f"{below}/{name}" if below else name
                kind = there.kind(name)
                if kind is None:
                    here.rename(there, name)
                    moved.append(path)
                elif stat.S_ISDIR(kind) and stat.S_ISDIR(here.kind(name) or 0):
                    self._merge(path, moved)
                elif not (
                    stat.S_ISREG(kind)
                    and stat.S_ISREG(here.kind(name) or 0)
                    and self._is_same(path)
                ):
                    raise self._there(path)

    def _there(self, path: str) -> SourceError:
        return SourceError(
            f"{self._into / path} is already there",
            "with other bytes",
            "Remove it, or choose another directory",
        )

    def _may_be_same(self, path: str, member: Member) -> bool:
        """Whether it is worth unpacking a file to compare it with the one that is there."""
        there = (self._into / path).lstat()
        return (
            member.kind is MemberKind.FILE
            and stat.S_ISREG(there.st_mode)
            and (not isinstance(member.size, int) or member.size == there.st_size)
        )

    def _is_same(self, path: str) -> bool:
        """Whether the file that is there has the bytes that were unpacked."""
        with (self._into / path).open("rb") as there, (self._stage / path).open("rb") as here:
            while part := here.read(CHUNK):
                self._cancel.check()
                if there.read(CHUNK) != part:
                    return False
            return not there.read(1)

    def _take_back(self, path: str) -> None:
        parent, leaf = os.path.split(path)
        with (
            contextlib.suppress(OSError),
            _folder(self._into, parent, make=False) as here,
            _folder(self._stage, parent, make=True) as there,
        ):
            here.rename(there, leaf)


class _At:
    """One folder that is open: names in it cannot be led elsewhere."""

    def __init__(self, path: Path, handle: int | None) -> None:
        self._path = path
        self.handle = handle

    def name(self, leaf: str) -> str:
        return leaf if self.handle is not None else str(self._path / leaf)

    def open(self, leaf: str) -> int:
        return os.open(self.name(leaf), _NEW, 0o600, dir_fd=self.handle)

    def symlink(self, target: str, leaf: str) -> None:
        os.symlink(target, self.name(leaf), dir_fd=self.handle)

    def link(self, other: "_At", name: str, leaf: str) -> None:
        os.link(
            other.name(name),
            self.name(leaf),
            src_dir_fd=other.handle,
            dst_dir_fd=self.handle,
            follow_symlinks=False,
        )

    def rename(self, other: "_At", leaf: str) -> None:
        os.rename(
            self.name(leaf), other.name(leaf), src_dir_fd=self.handle, dst_dir_fd=other.handle
        )

    def kind(self, leaf: str) -> int | None:
        """``st_mode`` of the name itself; None where there is no such name."""
        try:
            return os.stat(self.name(leaf), dir_fd=self.handle, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None


@contextlib.contextmanager
def _folder(root: Path, below: str, *, make: bool) -> Iterator[_At]:
    """The folder ``below`` ``root``, each step opened from the one before it, none of them a link."""
    parts = [part for part in below.split("/") if part]
    if not _AT:
        yield _At(_checked(root, parts, make), None)
        return
    handle = os.open(root, _FOLDER)
    try:
        for part in parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=handle)
            step = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = step
        yield _At(root.joinpath(*parts), handle)
    finally:
        os.close(handle)


def _checked(root: Path, parts: list[str], make: bool) -> Path:
    path = root
    for part in parts:
        path = path / part
        if make and not os.path.lexists(path):
            path.mkdir(mode=0o755)
        if path.is_symlink() or not path.is_dir():
            raise SourceError(f"{path} is no folder", "", "Remove it, or choose another directory")
    return path
