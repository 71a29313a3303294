"""The bytes of a file for a reader: from the disk, or window by window from the server."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.bytesource import ByteSource, FileSource
from explorer.content import Finder, Needle, Spot, StringIndex
from explorer.errors import NotFoundError
from explorer.facts import MISSING, NotApplicable
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.workbench.download import downloaded, file_on_disk, may_ask, must_have_address
from explorer.workbench.models import Inspection, Subject

if TYPE_CHECKING:
    from explorer.releases import Asset
    from explorer.workbench.resources import Resources

WINDOW = 64 << 10
"""Bytes of one read, and of one request to a server."""
WINDOWS = 64
"""Windows that are kept: 4 MiB, whatever the file's size."""
SEARCH_WINDOW = 1 << 20
"""Bytes of one request of a search on a server."""


class FileContent:
    """Random access to the bytes of one file, with a small cache. For one event loop."""

    def __init__(self, resources: Resources, name: str, size: int, place: Path | Asset) -> None:
        """``place``: the file on disk, or the asset on its server."""
        self._resources = resources
        self._place = place
        self._source = FileSource(place) if isinstance(place, Path) else None
        self._windows: OrderedDict[int, bytes] = OrderedDict()
        self.moved = 0
        """Bytes that crossed the network so far."""
        self.name = name
        """Untrusted."""
        self.size = self._source.size if self._source is not None else size
        """Bytes."""

    def gap_before(self, _: int) -> int:
        """Bytes that have to be read before those at an offset: none."""
        return 0

    @property
    def to_move(self) -> int:
        """Bytes that a search moves at most."""
        return self.size if self.remote else 0

    @property
    def remote(self) -> bool:
        """Whether reads go to a server."""
        return self._source is None

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()

    def at_hand(self, offset: int, length: int) -> bytes | None:
        """Bytes that were read before, without waiting; None if some of them were not."""
        parts: list[bytes] = []
        end = min(offset + length, self.size)
        while offset < end:
            start = offset - offset % WINDOW
            window = self._windows.get(start)
            if window is None:
                return None
            part = window[offset - start : end - start]
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    async def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes, fewer at the end of the file. The windows they lie in are kept.

        Raises:
            SourceError, IntegrityError: the disk or the server does not give them.
        """
        end = min(offset + length, self.size)
        parts: list[bytes] = []
        for start in range(offset - offset % WINDOW, end, WINDOW):
            window = self._windows.get(start)
            if window is None:
                window = await self._fetch(start, min(WINDOW, self.size - start))
                self._windows[start] = window
            self._windows.move_to_end(start)
            while len(self._windows) > WINDOWS:
                self._windows.popitem(last=False)
            parts.append(window[max(0, offset - start) : end - start])
        return b"".join(parts)

    async def _fetch(self, start: int, length: int) -> bytes:
        source, place = self._source, self._place
        if source is not None:
            return await self._resources.run(lambda _: source.read_at(start, length))
        assert not isinstance(place, Path)
        from explorer.fetch import open_remote

        resources = self._resources
        remote = open_remote(
            await resources.client(), place, await resources.token(), first=length, ceiling=length
        )
        try:
            return await resources.run(lambda _: remote.read_at(start, length), stop=remote.close)
        finally:
            self.moved += remote.traffic.bytes
            remote.close()

    async def find(
        self,
        needle: Needle,
        start: int = 0,
        *,
        back: bool = False,
        progress: ProgressCallback = ignore_progress,
    ) -> Spot | None:
        """The first match at ``start`` or later; with ``back`` the last one before ``start``.

        Cancelling the task stops the search. Raises as ``read`` does.
        """
        source = self._source
        if source is not None:
            return await self._resources.run(
                lambda cancel: _find(source, needle, (start, back), cancel, progress)
            )
        return await self._find_remotely(needle, start, back, progress)

    async def _find_remotely(
        self, needle: Needle, start: int, back: bool, progress: ProgressCallback
    ) -> Spot | None:
        at, end = (0, start) if back else (start, self.size)
        finder, last = Finder(needle, at), None
        while at < end:
            window = await self._fetch(at, min(SEARCH_WINDOW, self.size - at))
            progress(Progress("searching", at + len(window), self.size))
            at += len(window)
            done = not window or at >= self.size
            spots = await self._resources.run(
                lambda _, w=window, d=done: list(finder.feed(w, last=d))  # type: ignore[misc]
            )
            for spot in spots:
                if not back:
                    return spot
                last = spot if spot.offset < start else last
            if done:
                break
        return last

    async def strings(
        self, shortest: int = 4, *, progress: ProgressCallback = ignore_progress
    ) -> StringIndex:
        """All printable strings by number, without keeping them.

        Raises:
            NotFoundError: the file is on a server: its strings need every byte.
        """
        source = self._source
        if source is None:
            raise NotFoundError(
                "The strings are not here", "they need every byte of the file", "Download it: d"
            )
        progress(Progress("reading"))
        index = StringIndex(source, shortest)
        await self._resources.run(index.read_all)
        return index


def _find(
    source: ByteSource,
    needle: Needle,
    place: tuple[int, bool],
    cancel: Cancellation,
    progress: ProgressCallback,
) -> Spot | None:
    """As ``FileContent.find``, of a file on disk. Blocking: call from a worker thread."""
    start, back = place
    at, size = (0, source.size) if back else (start, source.size)
    assert isinstance(size, int)
    finder, last = Finder(needle, at), None
    while at < (start + needle.reach if back else size):
        cancel.check()
        piece = source.read_at(at, needle.piece)
        at += len(piece)
        progress(Progress("searching", at, size))
        for spot in finder.feed(piece, last=at >= size or not piece):
            if not back:
                return spot
            if spot.offset >= start:
                return last
            last = spot
        if not piece:
            break
    return last


async def open_content(
    resources: Resources,
    subject: Subject,
    inspection: Inspection | None,
    progress: ProgressCallback,
) -> FileContent:
    """The bytes of the program, or of the file itself.

    Args:
        inspection: of the program that is meant; None for the bytes of the file as it is
            published. A file that is not an archive is read from its server in windows; one that
            is an archive has to be here.

    Raises:
        NotFoundError: the program is in an archive that was not downloaded.
        SourceError, IntegrityError: the file cannot be opened.
    """
    path = inspection.path if inspection is not None else None
    if path is not None and inspection is not None:
        return await _local(resources, inspection.file.name, path)
    asset = subject.asset
    if asset is None or asset.path is not None:
        file = await file_on_disk(resources, subject, progress)
        return await _local(resources, file.name, file.path)
    if inspection is not None and is_packed_away(subject, inspection):
        raise NotFoundError(
            "The bytes are not here",
            f"the program is packed in {asset.name}, of which only the first bytes were read",
            "Download the file: d",
        )
    kept = await downloaded(resources, asset)
    if kept is not None:
        return await _local(resources, asset.name, kept.blob.path)
    must_have_address(resources.settings, asset)
    if isinstance(asset.size, MISSING) or not may_ask(resources.settings, asset):
        file = await file_on_disk(resources, subject, progress)
        return await _local(resources, file.name, file.path)
    return FileContent(resources, asset.name, asset.size, asset)


def is_packed_away(subject: Subject, inspection: Inspection) -> bool:
    """Whether the program's bytes are in an archive of which only the first bytes were read."""
    asset = subject.asset
    if inspection.path is not None or asset is None or asset.path is not None:
        return False
    is_raw = isinstance(inspection.member, NotApplicable) and not inspection.inside
    return not is_raw


async def _local(resources: Resources, name: str, path: Path) -> FileContent:
    return await resources.run(lambda _: FileContent(resources, name, 0, path))
