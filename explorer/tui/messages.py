"""What workers tell the app. A worker never touches a widget: it posts one of these messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from explorer.errors import ExplorerError, ImageMissingError
from explorer.tui.job_board import Job
from explorer.tui.project_state import project_of_task
from explorer.tui.rows import RowSource

if TYPE_CHECKING:
    from explorer.tui.tabs import TabContent
    from explorer.workbench import (
        Advice,
        Asset,
        Catalogue,
        Download,
        FileState,
        GetResult,
        Inspection,
        Proof,
        ProofOptions,
        Subject,
        SweepResult,
        SweepSummary,
        Target,
    )


class ProjectMessage(Message):
    """A message about a project: the one of the job that it was made in."""

    def __init__(self) -> None:
        super().__init__()
        self.project = project_of_task()
        """None: the one on the screen."""


class CatalogueArrived(ProjectMessage):
    """A list of releases, or None where none is cached.

    ``final``: the server has answered, or is not to be asked.
    """

    def __init__(self, catalogue: Catalogue | None, target: Target | None, final: bool) -> None:
        super().__init__()
        self.catalogue = catalogue
        self.target = target
        self.final = final


class CatalogueFailed(ProjectMessage):
    """The list could not be fetched."""

    def __init__(self, error: ExplorerError) -> None:
        super().__init__()
        self.error = error


class FileLooked(ProjectMessage):
    """A look at the file with this key has ended.

    ``on``: the targets that it was judged for.
    """

    def __init__(self, key: str, on: Sequence[str], state: FileState) -> None:
        super().__init__()
        self.key = key
        self.on = tuple(on)
        self.state = state


class FileInspected(ProjectMessage):
    """A job has inspected a file, for the current target."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__()
        self.inspection = inspection


class FileDownloaded(ProjectMessage):
    """A file is in the cache."""

    def __init__(self, asset: Asset, download: Download) -> None:
        super().__init__()
        self.asset = asset
        self.download = download


class FileSaved(ProjectMessage):
    """A file's program is in a folder.

    ``warnings``: what was left out, one sentence each; untrusted.
    """

    def __init__(self, subject: Subject, result: GetResult, warnings: Sequence[str]) -> None:
        super().__init__()
        self.subject = subject
        self.result = result
        self.warnings = tuple(warnings)


class RemoteRead(Message):
    """More of a program on its server is here, or reading it has ended."""


class JobFailed(ProjectMessage):
    """A download, an inspection or a proof failed."""

    def __init__(self, job: Job, error: ExplorerError) -> None:
        super().__init__()
        self.job = job
        self.error = error


class Proved(ProjectMessage):
    """The run in a container has ended."""

    def __init__(self, subject: Subject, proof: Proof) -> None:
        super().__init__()
        self.subject = subject
        self.proof = proof


class Swept(ProjectMessage):
    """One file of a sweep was run on one target, or could not be."""

    def __init__(self, result: SweepResult) -> None:
        super().__init__()
        self.result = result


class SweepEnded(ProjectMessage):
    """Everything that a sweep was about has been tried. ``title`` names the releases."""

    def __init__(self, title: str, summary: SweepSummary) -> None:
        super().__init__()
        self.title = title
        self.summary = summary


class CommandNeeded(ProjectMessage):
    """The user has to say which command to run before a program can be verified."""

    def __init__(self, subject: Subject, inspection: Inspection) -> None:
        super().__init__()
        self.subject = subject
        self.inspection = inspection


class ImageNeeded(ProjectMessage):
    """The image to run a program in is missing, and others are here: the user may choose one."""

    def __init__(
        self, inspection: Inspection, options: ProofOptions, error: ImageMissingError
    ) -> None:
        super().__init__()
        self.inspection = inspection
        self.options = options
        self.error = error


class AdviceArrived(Message):
    """Which file to take."""

    def __init__(self, advice: Advice) -> None:
        super().__init__()
        self.advice = advice


class TargetsJudged(Message):
    """The open binary judged for every target."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__()
        self.inspection = inspection


class TabRead(Message):
    """What a tab shows, or why it cannot be read."""

    def __init__(self, tab: str, content: TabContent | ExplorerError) -> None:
        super().__init__()
        self.tab = tab
        self.content = content


class SymbolsRead(Message):
    """The rows of a tab that are decoded one by one, or why they cannot be read."""

    def __init__(self, rows: RowSource | ExplorerError, tab: str = "symbols") -> None:
        super().__init__()
        self.rows = rows
        self.tab = tab


class PinChanged(Message):
    """The user has pinned a project, or removed its pin."""

    def __init__(self, repo: str) -> None:
        super().__init__()
        self.repo = repo
