"""Unpacks an archive and finds its program in one pass, while the archive still arrives.

Only the usual case: all members are wanted, one of them is the program. For anything else the
caller reads the whole file again, which says what is wrong with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.archive import ArchiveListing, Member, detect, unpacking, walk
from explorer.bytesource import ByteSource
from explorer.errors import FormatError, NotFoundError
from explorer.facts import Unknown
from explorer.progress import Cancellation, Progress, ProgressCallback
from explorer.workbench.download import file_on_disk
from explorer.workbench.layers import Layer, layer_of
from explorer.workbench.models import FileOnDisk, Subject
from explorer.workbench.program_in_archive import conclude

if TYPE_CHECKING:
    from explorer.workbench.resources import Resources


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was written."""

    paths: tuple[Path, ...]
    program: Member
    refused: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Where members are written, and who hears about it."""

    into: Path
    progress: ProgressCallback
    cancel: Cancellation


def unpack_in_one_pass(
    source: ByteSource, layer: Layer, to: Unpacking, wait: Callable[[], object] = lambda: None
) -> Unpacked | None:
    """Write all members of an archive; None, and nothing is written, if its program is not clear.

    ``wait`` is called before anything is put into its place, and may raise to prevent that.

    Raises:
        SourceError: the directory cannot be written, or a file exists there.
        OperationCancelledError: it was cancelled.
    """
    chooser = layer.chooser()
    members: list[Member] = []
    with contextlib.suppress(FormatError, NotFoundError):
        form = detect(source, layer.name, to.cancel)
        with unpacking(to.into, progress=to.progress, cancel=to.cancel) as unpacker:
            for entry in walk(source, layer.name, cancel=to.cancel, whole=True):
                members.append(entry.member)
                head = unpacker.add(entry)
                if chooser.wants(entry.member):
                    chooser.add(entry.member, head)
            program = conclude(chooser, ArchiveListing(form, tuple(members)), layer)
            if program is None or program.inner is not None:
                return None
            wait()
            written = unpacker.finish()
            return Unpacked(written.paths, program.member, written.refused)
    return None


async def fetch_and_unpack(
    resources: Resources, subject: Subject, into: Path, progress: ProgressCallback
) -> tuple[FileOnDisk, Unpacked | None]:
    """Download a file, and unpack it meanwhile. Nothing is in its place before it is verified.

    Raises:
        SourceError, IntegrityError: as ``fetch.Downloader``.
    """
    if not _may_be_unpacked_early(subject):
        return await file_on_disk(resources, subject, progress), None
    from explorer.fetch import ArrivingFile, NotArrivingError

    assert subject.asset is not None
    size = subject.asset.size
    layer = layer_of(subject, subject.asset.name)
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    arriving = ArrivingFile(
        size if isinstance(size, int) else Unknown("the list does not say"),
        lambda: loop.call_soon_threadsafe(begun.set),
    )

    def work(cancel: Cancellation) -> Unpacked | None:
        def report(step: Progress) -> None:
            if arriving.is_verified:  # until then the download's progress is shown
                progress(step)

        with arriving, contextlib.suppress(NotArrivingError):
            return unpack_in_one_pass(
                arriving, layer, Unpacking(into, report, cancel), arriving.wait
            )
        return None

    async def unpack() -> Unpacked | None:
        # No thread waits for bytes before there are some: the download's start needs one, too.
        await begun.wait()
        return await resources.run(work, stop=arriving.fail)

    task = asyncio.ensure_future(unpack())
    try:
        file = await file_on_disk(resources, subject, progress, arriving)
        arriving.finish()
        if arriving.is_verified:
            return file, await task
    finally:
        arriving.fail()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report it
    return file, None


def _may_be_unpacked_early(subject: Subject) -> bool:
    """Whether it is read from its front to its end, all of it is wanted, and it is not local."""
    asset = subject.asset
    if asset is None or asset.path is not None or subject.path is not None or subject.member:
        return False
    # A file that is open cannot be renamed on Windows, and is when the download is complete.
    return asset.archive.startswith("tar.") and os.name != "nt"
