"""A program on its server, read from its front on, as far as somebody wants to see it."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from explorer.archive import Entry, MemberKind, chunks, walk
from explorer.bytesource import ByteSource, FileSource
from explorer.content import Finder, Needle, Spot, StringIndex
from explorer.errors import NotFoundError
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.workbench.download import downloaded, may_ask
from explorer.workbench.models import Inspection, Subject

if TYPE_CHECKING:
    from explorer.fetch import RemoteSource
    from explorer.releases import Asset
    from explorer.workbench.resources import Resources

PIECE = 64 << 10
"""Bytes of the program that are taken at a time."""
SEARCHED = 1 << 20
"""Bytes that are searched before more are read."""


class _Arrived:
    """The program's first bytes, in a temporary file. Implements ``ByteSource``.

    One thread adds to it while others read it.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._lock = threading.Lock()
        self._have = 0

    @property
    def size(self) -> int:
        return self._have

    def add(self, piece: bytes) -> None:
        """Put bytes behind those that are here."""
        with self._lock:
            if not self._file.closed:
                self._file.seek(self._have)
                self._file.write(piece)
                self._have += len(piece)

    def read_at(self, offset: int, length: int) -> bytes:
        """See ``ByteSource``; of what has arrived."""
        with self._lock:
            if self._file.closed or length <= 0 or offset >= self._have:
                return b""
            self._file.seek(offset)
            return self._file.read(min(length, self._have - offset))

    def read_some(self, offset: int, limit: int) -> bytes:
        """See ``ByteSource``."""
        return self.read_at(offset, limit)

    def close(self) -> None:
        with self._lock:
            self._file.close()


class _ArrivingSearch:
    """A search through what has arrived, which goes on when more has."""

    def __init__(self, needle: Needle, start: int, back: bool) -> None:
        self._start, self._back = start, back
        self._finder = Finder(needle, 0 if back else start)
        self.at = 0 if back else start
        self.spot: Spot | None = None
        self.is_over = False

    def go_on(self, source: ByteSource, is_whole: bool, cancel: Cancellation) -> None:
        """Search what has arrived since, a megabyte at most. Blocking."""
        needle, limit = self._finder.needle, self.at + SEARCHED
        while not self.is_over and self.at < limit:
            cancel.check()
            piece = source.read_at(self.at, needle.piece)
            self.at += len(piece)
            last = not piece or (is_whole and self.at >= source.size)  # type: ignore[operator]
            for spot in self._finder.feed(piece, last=last):
                if self._back and spot.offset >= self._start:
                    self.is_over = True
                    return
                self.spot = spot
                if not self._back:
                    self.is_over = True
                    return
            self.is_over = last or (self._back and self.at >= self._start + needle.reach)


class RemoteProgram:
    """The bytes of a program on its server, unpacked as they arrive. For one event loop.

    What has arrived is in a temporary file: memory stays the same, and no byte moves twice. It is
    not checked against a digest.
    """

    remote = True
    """Whether reads go to a server."""

    def __init__(self, resources: Resources, asset: Asset, inspection: Inspection | None) -> None:
        """``inspection``: a peek that says where in the asset the program is; None: it is all."""
        self._resources = resources
        self._asset = asset
        self._way = way_to(inspection) if inspection is not None else ()
        self._claimed = inspection.file.size if inspection is not None else asset.size
        self._turn = asyncio.Lock()
        self._arrived = _Arrived()
        self._source: RemoteSource | None = None
        self._pieces: Iterator[bytes] | None = None
        self._moved = 0
        """Bytes that crossed the network before ``_source`` was opened."""
        self.name = inspection.file.name if inspection is not None else asset.name
        """Untrusted."""
        self.strings = StringIndex(self._arrived)
        """The strings of what has arrived; who has them may read them after ``close``."""
        weakref.finalize(self.strings, self._arrived.close)
        self.is_whole = False
        """Whether all of the program has arrived."""

    @property
    def have(self) -> int:
        """Bytes of the program that have arrived."""
        return self._arrived.size

    @property
    def size(self) -> int:
        """Bytes of the program; as long as nothing says how many, those that have arrived."""
        whole = None if self.is_whole or isinstance(self._claimed, MISSING) else self._claimed
        return max(whole or 0, self.have)

    @property
    def moved(self) -> int:
        """Bytes that crossed the network so far."""
        return self._moved + (self._source.traffic.bytes if self._source is not None else 0)

    @property
    def to_move(self) -> int | Unknown:
        """Bytes that reading the rest moves at most: an archive is read again after a stop."""
        if self.is_whole:
            return 0
        if isinstance(self._asset.size, MISSING):
            return Unknown("the list does not say")
        if self._pieces is None:
            return self._asset.size - (self.have if not self._way else 0)
        return max(0, self._asset.size - (self._source.traffic.bytes if self._source else 0))

    def close(self) -> None:
        """Let go of the connection."""
        self._stop()

    async def read_on(self, upto: int, progress: ProgressCallback = ignore_progress) -> None:
        """Go on until ``upto`` bytes of the program are here, or all of it.

        Cancelling the task stops it; what has arrived stays.

        Raises:
            SourceError, IntegrityError: the server does not give them.
            FormatError: the archive is damaged.
            NotFoundError: the program is not where the peek has seen it.
        """
        async with self._turn:
            if self.is_whole or self.have >= upto:
                return
            source = self._source or await self._open()
            try:
                await self._resources.run(
                    lambda cancel: self._take(upto, cancel, progress), stop=source.close
                )
            finally:
                if not self.is_whole and self.have < upto:
                    self._stop()

    async def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes, fewer at the end; all before them are read, too. As ``read_on``."""
        await self.read_on(offset + length)
        return await self._resources.run(lambda _: self._arrived.read_at(offset, length))

    def gap_before(self, offset: int) -> int:
        """Bytes that have to be read before those at an offset."""
        return max(0, offset - self.have)

    def at_hand(self, offset: int, length: int) -> bytes | None:
        """Bytes that have arrived, without waiting; None if some of them have not."""
        end = min(offset + length, self.size)
        return self._arrived.read_at(offset, length) if end <= self.have else None

    async def find(
        self,
        needle: Needle,
        start: int = 0,
        *,
        back: bool = False,
        progress: ProgressCallback = ignore_progress,
    ) -> Spot | None:
        """The first match at ``start`` or later; with ``back`` the last one before ``start``.

        Reads on as far as needed. Cancelling the task stops it. Raises as ``read_on``.
        """
        search = _ArrivingSearch(needle, start, back)
        while not search.is_over:
            await self.read_on(search.at + SEARCHED, progress)
            await self._resources.run(
                lambda cancel: search.go_on(self._arrived, self.is_whole, cancel)
            )
            progress(self._step(search.at))
        return search.spot

    # ------------------------------------------------------------------ reading on

    async def _open(self) -> RemoteSource:
        from explorer.fetch import open_whole

        resources = self._resources
        self._source = open_whole(await resources.client(), self._asset, await resources.token())
        self._pieces = self._unread(self._source)
        return self._source

    def _stop(self) -> None:
        """Give up the connection; the next reading on opens another one."""
        if self._source is not None:
            self._moved += self._source.traffic.bytes
            self._source.close()
        self._source = self._pieces = None

    def _take(self, upto: int, cancel: Cancellation, progress: ProgressCallback) -> None:
        """Let pieces arrive. Blocking: call from a worker thread."""
        pieces = self._pieces
        while pieces is not None and self.have < upto:
            cancel.check()
            piece = next(pieces, b"")
            self._arrived.add(piece)
            self.strings.feed(piece, last=not piece)
            if not piece:
                self.is_whole = True
                self._stop()
                return
            progress(self._step(self.have))

    def _step(self, at: int) -> Progress:
        return Progress("reading", at, self.size)

    def _unread(self, source: RemoteSource) -> Iterator[bytes]:
        """The program's bytes behind those that have arrived. Blocking."""
        skip = self.have
        if not self._way:
            while piece := source.read_some(skip, PIECE):
                skip += len(piece)
                yield piece
            return
        with ExitStack() as stack:
            for piece in _unpacked(source, self._asset.name, self._way, stack):
                rest = piece[skip:]
                skip = max(0, skip - len(piece))
                for at in range(0, len(rest), PIECE):
                    yield rest[at : at + PIECE]


def way_to(inspection: Inspection) -> tuple[str, ...]:
    """The members from the asset to the program, the outermost first; empty: it is the asset."""
    member = inspection.member
    return inspection.inside if isinstance(member, MISSING) else (*inspection.inside, member.name)


async def open_remote_program(
    resources: Resources, subject: Subject, inspection: Inspection | None
) -> RemoteProgram | None:
    """A program that is on a server only; None if it is here, or not known, or out of reach."""
    asset = subject.asset
    if asset is None or asset.path is not None or not may_ask(resources.settings, asset):
        return None
    if inspection is None:
        is_here = await downloaded(resources, asset) is not None
        return None if is_here else RemoteProgram(resources, asset, None)
    member = inspection.member
    is_lost = isinstance(member, NotApplicable) and bool(inspection.inside)
    if inspection.path is not None or isinstance(member, Unknown) or is_lost:
        return None
    return RemoteProgram(resources, asset, inspection)


def _unpacked(
    source: ByteSource, name: str, way: tuple[str, ...], stack: ExitStack
) -> Iterator[bytes]:
    """The bytes of the last member on the way; archives before it go to temporary files."""
    for member in way[:-1]:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()), "archive")
        with path.open("wb") as file:
            for piece in chunks(_entry(source, name, member).open()):
                file.write(piece)
        source, name = stack.enter_context(FileSource(path)), member
    yield from chunks(_entry(source, name, way[-1]).open())


def _entry(source: ByteSource, name: str, wanted: str) -> Entry:
    for entry in walk(source, name):
        member = entry.member
        if member.name == wanted and member.kind is MemberKind.FILE and member.refused is None:
            return entry
    raise NotFoundError(f"{name} holds no {wanted}", "its first bytes named it", "Refresh the list")
