"""The stage: a hidden folder in which an archive is unpacked before its files get their places.

A stage is locked as long as its process lives, so that the next run can remove what a killed
one left.
"""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from explorer.errors import SourceError

STAGE = ".rr-explorer-"
"""How the name of a stage begins."""
NEW_FILE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@contextlib.contextmanager
def stage_in(into: Path) -> Iterator[Path]:
    """A locked, empty folder in ``into``, removed at the end with whatever is left in it.

    ``into`` is made if it is missing, and removed again if it is still empty after an error. Links
    on the way to it are the user's choice and are followed.
    """
    is_new = not into.exists()
    into.mkdir(parents=True, exist_ok=True)
    into = into.resolve()
    _sweep(into)
    stage, lock = _new_stage(into)
    done = False
    try:
        yield stage
        done = True
    finally:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(stage, ignore_errors=True)
        if is_new and not done:
            with contextlib.suppress(OSError):
                into.rmdir()


def _new_stage(into: Path) -> tuple[Path, int | None]:
    """A new folder and its lock; another one if a sweep takes it before it is locked."""
    while True:
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=into))
        try:
            lock = _locked(stage)
        except (BlockingIOError, FileNotFoundError):
            continue
        if stage.is_dir():
            return stage, lock
        if lock is not None:
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """An open handle that locks a folder as long as this process lives; None without locks.

    Raises:
        BlockingIOError: it is locked.
        FileNotFoundError: it is gone.
    """
    if os.name == "nt":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return handle


def _sweep(into: Path) -> None:
    """Remove the stages of killed runs: those without a lock."""
    for stage in into.glob(f"{STAGE}*"):
        with contextlib.suppress(OSError):
            if stat.S_ISDIR(stage.lstat().st_mode) and (handle := _locked(stage)) is not None:
                shutil.rmtree(stage, ignore_errors=True)
                os.close(handle)


def folds_names(stage: Path) -> bool:
    """Whether the file system takes names for equal that differ in case or Unicode spelling."""
    probe = stage / "Probe-\u00e9"
    probe.touch()
    try:
        return any(os.path.lexists(stage / name) for name in ("probe-\u00e9", "Probe-e\u0301"))
    finally:
        probe.unlink()


@contextlib.contextmanager
def system_errors(into: Path) -> Iterator[None]:
    """Turn the system's errors into ones that say what to do.

    Raises:
        SourceError: for every OSError.
    """
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
