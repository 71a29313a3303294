"""The bytes that ``strings`` and ``hex`` print: of a program, or of a file as it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.cli.output import Output

if TYPE_CHECKING:
    from explorer.workbench import FileContent, RemoteProgram, Subject, Workbench

FROM_SERVER = (
    "What is on a server only is read from there, no further than needed. It is not kept and not "
    "checked against its digest: download it first to be sure of it, or to read it often."
)


async def open_bytes(
    workbench: Workbench, subject: Subject, output: Output, *, raw: bool, forwards: bool
) -> FileContent | RemoteProgram:
    """The bytes of a program; with ``raw`` of the file itself. Close them after use.

    ``forwards``: they are read from their front to their end.

    Raises:
        ExplorerError: as ``Workbench.look`` and ``Workbench.content``.
    """
    from explorer.workbench import Depth, is_packed_away

    inspection = None
    if not raw:
        inspection = await workbench.look(subject, depth=Depth.AVAILABLE, progress=output.progress)
    if forwards or (inspection is not None and is_packed_away(subject, inspection)):
        remote = await workbench.remote_program(subject, inspection)
        if remote is not None:
            return remote
    if inspection is not None and is_packed_away(subject, inspection):
        inspection = await workbench.look(subject, depth=Depth.WHOLE, progress=output.progress)
    return await workbench.content(subject, inspection, progress=output.progress)
