"""Facts and verdicts from the whole file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.compat import Target
from explorer.facts import NotApplicable, Unknown, known_or
from explorer.progress import Cancellation
from explorer.trust import ListedDigest, parse_checksums
from explorer.workbench.asked import wanted_platform
from explorer.workbench.models import FileFacts, FileOnDisk, Inspection, Subject
from explorer.workbench.opened import open_file, opened_by
from explorer.workbench.program_in_archive import (
    ANDROID_APP,
    UndecidedProgramError,
    undecided_binary,
)
from explorer.workbench.verdicts import verdicts_of, wanted_arch, without_release

MOST_BYTES = 1 << 20
"""Bytes of a checksum file that are read."""

if TYPE_CHECKING:
    from explorer.compat import Surroundings, Verdict
    from explorer.elf import Binary
    from explorer.fetch import Cache


def inspect_file(
    file: FileOnDisk, targets: Sequence[Target], cache: Cache, cancel: Cancellation
) -> Inspection:
    """Read a local file or a downloaded asset, whole, and judge it. Blocking.

    A file whose program is not known gets the answer *unknown*, with the reason.

    Raises:
        FormatError, NotFoundError, SourceError: as ``opened.open_file``.
    """
    from explorer.bytesource import FileSource
    from explorer.elf import read
    from explorer.workbench.payload_program import with_program_inside

    try:
        opened = open_file(file, cache, cancel)
    except UndecidedProgramError as error:
        return _undecided(file, error, targets)
    with FileSource(opened.program) as source:
        binary = read(source, opened.file.name, cancel=cancel)
        binary = with_program_inside(source, binary, cancel)
    if binary.slices:
        names = tuple(step.member.name for step in opened.way)
        binary = binary.for_arch(known_or(wanted_platform(file.subject, names).arch, ""))
    if opened.member == NotApplicable(ANDROID_APP):
        binary = replace(binary, detail=ANDROID_APP)
    return Inspection(
        subject=file.subject,
        file=opened.file,
        path=opened.program,
        asset_path=opened.archive,
        check=file.check,
        asset_sha256=opened.sha256,
        listing=opened.listing,
        member=opened.member,
        binary=binary,
        verdicts=_verdicts(file.subject, binary, targets, opened.neighbours(cache)),
        others=opened.others,
        inside=tuple(step.member.name for step in opened.way[:-1]),
        holder=opened.holder if len(opened.way) > 1 else None,
    )


def _undecided(
    file: FileOnDisk, error: UndecidedProgramError, targets: Sequence[Target]
) -> Inspection:
    binary = undecided_binary(file.name, error)
    why = Unknown("the program is not known")
    return Inspection(
        subject=file.subject,
        file=FileFacts(file.name, why, why),
        path=None,
        asset_path=file.path,
        check=file.check,
        asset_sha256=file.download.blob.sha256 if file.download else why,
        listing=error.listing,
        member=why,
        binary=binary,
        verdicts=verdicts_of(binary, targets),
    )


def checksums_of(inspection: Inspection) -> tuple[ListedDigest, ...]:
    """The entries of a checksum file that is on disk; none for any other file. Blocking."""
    kind = inspection.about
    if inspection.path is None or kind is None or kind.value != "checksum":
        return ()
    with inspection.path.open("rb") as file:
        return parse_checksums(file.read(MOST_BYTES), inspection.file.name)


def rejudge(inspection: Inspection, targets: Sequence[Target], cache: Cache) -> Inspection:
    """The same facts judged for other targets; libraries beside the program are read. Blocking."""
    opened = opened_by(inspection)
    beside = opened.neighbours(cache) if opened is not None else None
    verdicts = _verdicts(inspection.subject, inspection.binary, targets, beside)
    return replace(inspection, verdicts=verdicts)


def _verdicts(
    subject: Subject, binary: Binary, targets: Sequence[Target], beside: Surroundings | None
) -> tuple[Verdict, ...]:
    verdicts = verdicts_of(binary, targets, beside, wanted_arch(subject, binary))
    return without_release(verdicts) if subject.asset is None else verdicts
