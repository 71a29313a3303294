"""Writes members to disk, below one folder and nowhere else.

Everything is first written into a stage inside that folder, then moved into place: what is there
afterwards is whole.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from posixpath import normpath

from explorer.archive.folders import OpenFolder, folder_below
from explorer.archive.guard import fold
from explorer.archive.models import Entry, Member, MemberKind, MemberStream, RefusedError
from explorer.archive.staging import folds_names, stage_in, system_errors
from explorer.archive.walking import chunks, walk
from explorer.bytesource import ByteSource
from explorer.errors import OperationCancelledError, SourceError
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress

CHUNK = 1 << 20
HEAD_BYTES = 512
"""Bytes of a member that tell what it is: an ELF header, a first line, a tar header."""
_WINDOWS_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789"),
}


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was written, and what was not."""

    paths: tuple[Path, ...]
    """Files and links, in the order of the archive."""
    refused: tuple[Member, ...]
    """Members that were wanted and refused; ``Member.refused`` says why."""


def extract(
    source: ByteSource,
    name: str,
    into: Path,
    *,
    wanted: Callable[[Member], bool] = lambda _: True,
    progress: ProgressCallback = ignore_progress,
    cancel: Cancellation | None = None,
) -> Extraction:
    """Write the members that are ``wanted`` below ``into``, which is made if it is missing.

    Refused members are left out and returned. After an error or a cancellation nothing is left;
    what a killed run left is removed by the next one. Existing files are never touched: one with
    the same bytes stays, one with other bytes is an error. Of two files with one name the later
    one is written, as by tar. Of its mode a file keeps whether its owner may execute it; the umask
    decides the rest. A deb's control part is not written. On Windows, links and names with a
    special meaning are refused.

    Raises:
        RefusedError: (a FormatError) the archive is damaged, or every wanted member was refused.
        SourceError: ``into`` cannot be written, the disk is full, or another file is in the way.
        OperationCancelledError: ``cancel`` was set.
    """
    with unpacking(into, progress=progress, cancel=cancel) as writer:
        for entry in walk(source, name, cancel=cancel, whole=True):
            if wanted(entry.member):
                writer.add(entry)
        return writer.finish()


@contextlib.contextmanager
def unpacking(
    into: Path,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: Cancellation | None = None,
) -> Iterator[Unpacker]:
    """Writes members one by one as ``extract`` does. Nothing is in its place before ``finish``."""
    with system_errors(into), stage_in(into) as stage:
        yield Unpacker(stage, into, progress, cancel)


def windows_rule(path: str, kind: MemberKind) -> tuple[str, str] | None:
    """The rule and its text for what cannot be written safely on Windows; None for the rest.

    Names of devices with any ending, names that Windows would shorten, and streams (``a:b``), as in
    Microsoft's "Naming Files, Paths, and Namespaces"; links need a privilege there.
    """
    for part in path.split("/"):
        stem = part.partition(".")[0].rstrip(" ").lower()
        if stem in _WINDOWS_DEVICES or part.endswith((".", " ")) or set('<>:"|?*\\') & set(part):
            return "name", "its name has a special meaning on Windows"
    if kind in (MemberKind.SYMLINK, MemberKind.HARDLINK):
        return "link-outside", "links are not unpacked on Windows"
    return None


class Unpacker:
    """Writes members into the stage, then moves the stage's tree into its place."""

    def __init__(
        self, stage: Path, into: Path, progress: ProgressCallback, cancel: Cancellation | None
    ) -> None:
        """``into``: as the caller names it; ``stage`` is in it."""
        self._stage = stage
        self._into = stage.parent
        self._named = into
        self._progress = progress
        self._cancel = cancel or Cancellation()
        self._names: dict[str, str] | None = {} if folds_names(stage) else None
        self._done = 0
        self.written: dict[str, None] = {}
        self.refused: list[Member] = []

    def add(self, entry: Entry) -> bytes:
        """Write one member into the stage, or note that it is refused.

        Returns:
            Its first ``HEAD_BYTES``; none of what is not a file or is refused.
        """
        member, head = entry.member, b""
        if member.part == "control":
            return head
        if member.refused is not None:
            self.refused.append(member)
            return head
        path = normpath(member.name)
        try:
            self._claim(path, member)
            if member.kind is MemberKind.HARDLINK:
                self._hard_link(path, member)
        except RefusedError as error:
            self.refused.append(replace(member, refused=error.refusal))
            return head
        if member.kind is MemberKind.DIRECTORY:
            with folder_below(self._stage, path, make=True):
                return head
        parent, leaf = os.path.split(path)
        with folder_below(self._stage, parent, make=True) as at:
            if member.kind is MemberKind.SYMLINK:
                at.symlink(member.link, leaf)
            elif member.kind is MemberKind.FILE:
                if path in self.written:
                    at.unlink(leaf)
                mode = 0o777 if member.mode & stat.S_IXUSR else 0o666
                head = self._write(at.open(leaf, mode), member, entry.open())
        self.written[path] = None
        return head

    def finish(self) -> Extraction:
        """Move everything into its place.

        Raises:
            RefusedError: (a FormatError) every member was refused.
            SourceError: another file is in the way.
        """
        if self.refused and not self.written:
            refused = self.refused[0]
            assert refused.refused is not None
            raise RefusedError(refused.refused.rule, refused.refused.text, refused.name)
        self._move_into_place()
        return Extraction(tuple(self._named / path for path in self.written), tuple(self.refused))

    def _claim(self, path: str, member: Member) -> None:
        """Where names are folded, each name and folder belongs to one spelling only."""
        if self._names is not None:
            for part in [path, *(str(above) for above in PurePosixPath(path).parents)][:-1]:
                other = self._names.setdefault(fold(part), part)
                if other != part:
                    raise RefusedError(
                        "duplicate",
                        f"{other} differs from it only in case or spelling",
                        member.name,
                    )
        if os.name == "nt" and (rule := windows_rule(path, member.kind)):
            raise RefusedError(*rule, member.name)

    def _write(self, handle: int, member: Member, stream: MemberStream) -> bytes:
        head = b""
        with os.fdopen(handle, "wb") as file:
            for data in chunks(stream):
                self._cancel.check()
                file.write(data)
                if len(head) < HEAD_BYTES:
                    head += data[: HEAD_BYTES - len(head)]
                self._done += len(data)
                self._progress(Progress("unpacking", self._done, detail=member.name))
        return head

    def _hard_link(self, path: str, member: Member) -> None:
        """A second name for a file that was written before."""
        parent, leaf = os.path.split(path)
        beside_path, name = os.path.split(normpath(member.link))
        try:
            with (
                folder_below(self._stage, beside_path, make=False) as beside,
                folder_below(self._stage, parent, make=True) as at,
            ):
                at.link(beside, name, leaf)
        except FileNotFoundError:
            raise RefusedError(
                "link-outside",
                f"it is a hard link to {member.link}, which was not unpacked",
                member.name,
            ) from None

    def _move_into_place(self) -> None:
        """Move what the stage holds; existing folders are filled."""
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
            folder_below(self._stage, below, make=False) as here,
            folder_below(self._into, below, make=False) as there,
        ):
            for name in sorted(os.listdir(self._stage / below)):
                path = f"{below}/{name}" if below else name
                kind, staged = there.kind(name), here.kind(name) or 0
                if kind is None:
                    here.rename(there, name)
                    moved.append(path)
                elif stat.S_ISDIR(kind) and stat.S_ISDIR(staged):
                    self._merge(path, moved)
                elif not self._is_same(path, here, there):
                    raise SourceError(
                        f"{self._into / path} is already there",
                        "with other bytes",
                        "Remove it, or choose another directory",
                    )

    def _is_same(self, path: str, here: OpenFolder, there: OpenFolder) -> bool:
        """Whether what is there equals what was unpacked: a file's bytes, or a link's target."""
        leaf = os.path.basename(path)  # noqa: PTH119 - a name in the archive
        kinds = {stat.S_IFMT(folder.kind(leaf) or 0) for folder in (here, there)}
        if kinds == {stat.S_IFLNK}:
            return here.readlink(leaf) == there.readlink(leaf)
        if kinds != {stat.S_IFREG}:
            return False
        with (self._into / path).open("rb") as old, (self._stage / path).open("rb") as new:
            while part := new.read(CHUNK):
                self._cancel.check()
                if old.read(CHUNK) != part:
                    return False
            return not old.read(1)

    def _take_back(self, path: str) -> None:
        parent, leaf = os.path.split(path)
        with (
            contextlib.suppress(OSError),
            folder_below(self._into, parent, make=False) as here,
            folder_below(self._stage, parent, make=True) as there,
        ):
            here.rename(there, leaf)
