"""What the app keeps of one project: it stays when another project is shown, and while jobs run."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.workbench import Catalogue, KnownFiles, Workbench


@dataclass(frozen=True, slots=True)
class BrowserPlace:
    """Where the browser's cursors stand."""

    tag: str = ""
    row: str = ""
    """The key of the file's row; empty: the file for the target's platform."""
    in_files: bool = False
    """Whether the files have the focus."""


@dataclass(slots=True, eq=False, repr=False)
class ProjectState:
    """One project's list, files and workbench."""

    settings: Settings
    bench: Workbench | None = None
    """Made on first use."""
    catalogue: Catalogue | None = None
    failure: ExplorerError | None = None
    """Why the list of releases could not be fetched; None once it could."""
    files: KnownFiles | None = None
    judged_on: tuple[str, ...] | None = None
    """The target of the verdicts in ``files``, once another project was shown."""
    saved: dict[str, Path] = field(default_factory=dict)
    """Where each file was saved, by its key."""
    place: BrowserPlace = BrowserPlace()

    @property
    def key(self) -> str:
        """Its repository, its folder, or ``demo``."""
        if self.settings.folder is not None:
            return str(self.settings.folder)
        return "demo" if self.settings.demo else self.settings.repo.lower()


_OF_TASK: ContextVar[ProjectState | None] = ContextVar("project of the running job", default=None)


def project_of_task() -> ProjectState | None:
    """The project that the running job is about; None outside of jobs."""
    return _OF_TASK.get()


@contextmanager
def about(project: ProjectState | None) -> Iterator[None]:
    """Whatever is asked of the state in this block, or started in it, is about this project."""
    token = _OF_TASK.set(project)
    try:
        yield
    finally:
        _OF_TASK.reset(token)
