"""What the app knows: settings, the list of releases, the target, what was learned of each file.

Screens and widgets draw from this state and subscribe to its signals. Only the app's handlers
change it; workers report to them by messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual.signal import Signal

from explorer.errors import ExplorerError
from explorer.settings import Settings
from explorer.tui.job_board import Job, JobBoard
from explorer.tui.messages import JobFailed
from explorer.tui.project_state import ProjectState, project_of_task
from explorer.tui.responsiveness.background_loop import BackgroundLoop
from explorer.tui.responsiveness.deferred_import import report, tables, verdicts, workbench

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

    from explorer.report import Banner
    from explorer.tui.kept_screen import KeptScreen
    from explorer.workbench import (
        Asset,
        Catalogue,
        Inspection,
        KnownFiles,
        ProofOptions,
        Subject,
        Target,
        Workbench,
    )


VERDICTS_S = 0.5
"""Seconds that work which can wait leaves to the first verdicts."""
BRIEF_PATH = 44
"""Cells of a path beside “not proved yet” on a screen of 80."""


@dataclass(frozen=True, slots=True)
class CompareMark:
    """A file or a release that is marked to be compared."""

    key: str
    """The file's key, or the release's tag."""
    name: str
    """Untrusted."""
    subject: Subject | None = None
    """None for a release."""


class AppState:
    """The state of one running app."""

    def __init__(
        self,
        app: App[None],
        settings: Settings,
        now: Callable[[], datetime],
        bench: Workbench | None = None,
    ) -> None:
        """``now`` is the clock. ``bench``: the workbench, where the caller has one already."""
        self._shown = ProjectState(settings, bench)
        self._projects = {self._shown.key: self._shown}
        self.now = now
        self.ready = False
        """Whether ``report`` and ``workbench`` are imported. Nothing untrusted is there before."""
        self.looked_up = asyncio.Event()
        """Set once the files on the first screen have been looked up."""
        self.board = JobBoard()
        self.background = BackgroundLoop()
        """Where the workbench's coroutines run."""
        self.kept: KeptScreen | None = None
        """What the last session has kept of the first screen, until the real one is there."""
        self.target: Target | None = None
        """The system to judge for; None until the target data is loaded."""
        self.usual_target = ""
        """Name of the target that the settings choose."""
        self.marked: CompareMark | None = None
        """What the next press of c is compared with."""
        self.show_prereleases = settings.prereleases
        self.show_plugins = settings.plugins
        self.show_debs = settings.debs
        self.changed: Signal[str] = Signal(app, "changed")
        """What has changed: ``catalogue``, ``target``, ``switch`` or ``project``."""
        self.file_changed: Signal[str] = Signal(app, "file-changed")
        """Something new is known of the file with this key."""
        self.jobs_changed: Signal[Job] = Signal(app, "jobs-changed")
        self.job_failed: Signal[JobFailed] = Signal(app, "job-failed")

    async def first_verdicts(self, limit_s: float = VERDICTS_S) -> None:
        """Wait until the first verdicts are known, or ``limit_s`` have passed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.looked_up.wait(), limit_s)

    # -- projects ----------------------------------------------------------------------------------

    @property
    def shown(self) -> ProjectState:
        """The project on the screen."""
        return self._shown

    @property
    def project(self) -> ProjectState:
        """The project that the running job is about, else the one on the screen."""
        return project_of_task() or self._shown

    def show_project(self, repo: str) -> None:
        """Make a repository the project on the screen. What is known of the others is kept."""
        settings = replace(self.settings, repo=repo, folder=None, demo=False)
        project = ProjectState(settings)
        self._shown.judged_on = self.judged_on
        self._shown = self._projects.setdefault(project.key, project)
        if self._shown.files is not None and self._shown.judged_on != self.judged_on:
            self._shown.files.forget_verdicts()

    @property
    def settings(self) -> Settings:
        """The settings, with the place of the project."""
        return self.project.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        """Change the settings of all projects, but for where each is."""
        for project in self._projects.values():
            own = project.settings
            project.settings = replace(settings, repo=own.repo, folder=own.folder, demo=own.demo)

    @property
    def catalogue(self) -> Catalogue | None:
        """The project's releases; None until they are known."""
        return self.project.catalogue

    @property
    def failure(self) -> ExplorerError | None:
        """Why the list of releases could not be fetched; None once it could."""
        return self.project.failure

    @property
    def saved(self) -> dict[str, Path]:
        """Where each file was saved, by its key."""
        return self.project.saved

    @property
    def files(self) -> KnownFiles:
        """What is known of each file, by ``file_key``. Made once ``ready``."""
        project = self.project
        if project.files is None:
            project.files = workbench.KnownFiles()
            project.files.subscribe(lambda key: self._file_changed(project, key))
        return project.files

    def _file_changed(self, project: ProjectState, key: str) -> None:
        if project is self._shown:
            self.file_changed.publish(key)

    @property
    def wb(self) -> Workbench:
        """The project's workbench, made on first use."""
        project = self.project
        if project.bench is None:
            project.bench = workbench.Workbench(project.settings)
        return project.bench

    @property
    def benches(self) -> tuple[Workbench, ...]:
        """The workbenches of all projects that were opened."""
        projects = self._projects.values()
        return tuple(project.bench for project in projects if project.bench is not None)

    async def close(self) -> None:
        """Close the workbenches and end the background loop."""
        for bench in self.benches:
            await self.background.run(bench.aclose())
        await self.background.close()

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The repository or folder, as visible text."""
        if not self.ready:
            return ""
        return report.visible(
            str(self.settings.folder) if self.settings.folder else self.settings.repo
        )

    @property
    def headline(self) -> tuple[str, ...]:
        """For the top bar: the number of releases, their age, and the target."""
        words: list[str] = []
        if self.catalogue is None and self.kept is not None:
            count, age, target = self.kept.headline(self.now())
            return (count, age, *(["offline"] if self.settings.offline else []), target)
        if self.catalogue is not None:
            words += tables.catalogue_words(self.catalogue, self.now())
        elif self.failure is None:
            words.append("reading …")
        if self.settings.offline:
            words.append("offline")
        if self.target is not None:
            words.append(f"target {verdicts.target_in_words(self.target)}")
        return tuple(words)

    @property
    def judged_on(self) -> tuple[str, ...]:
        """The target's name as the workbench takes it; empty for the default target."""
        return (self.target.name,) if self.target is not None else ()

    @property
    def proof_options(self) -> ProofOptions:
        """Where a program is run: on the target chosen in the app, else as the settings say."""
        target = self.target
        if target is None or target.name == self.usual_target:
            return workbench.ProofOptions()
        return workbench.ProofOptions(image=target.image, on=target.name)

    def known(self, asset: Asset) -> Inspection | None:
        """The inspection of a file, if there is one."""
        return self.files.of(asset).inspection

    def learn(self, inspection: Inspection) -> None:
        """Keep what a job on several files has read of one on disk, as if it had been opened.

        Nothing is kept that was not judged for the current target.
        """
        on = self.judged_on
        judged = tuple(each for each in inspection.verdicts if (each.target.name,) == on)
        if inspection.path is not None and judged:
            key = workbench.subject_key(inspection.subject)
            state = workbench.FileState(replace(inspection, verdicts=judged[:1]))
            self.files.update(key, state)

    def failure_of(self, asset: Asset) -> ExplorerError | None:
        """Why the last look at a file failed; None if it did not."""
        return self.files.of(asset).error

    def banner(self, inspection: Inspection) -> Banner:
        """The verdict in words, and where the file was saved."""
        banner = verdicts.verdict_banner(inspection, now=self.now())
        place = self.saved.get(workbench.subject_key(inspection.subject))
        if place is None:
            return banner
        where = report.visible(str(place))
        brief = report.clip_middle(where, BRIEF_PATH)
        saved = report.Cell(f"✓ saved: {where}", "good", short=f"✓ saved: {brief}")
        return replace(banner, notes=(saved, *banner.notes))

    def reachable(self, asset: Asset | None, whole: bool = False) -> bool:
        """Whether the file's bytes can be read: from the disk or from an address.

        With ``whole``, only a file that is still to be downloaded counts.
        """
        if asset is None:
            return False
        if asset.path is not None:
            return not whole
        known = self.known(asset) if whole else None
        if known is not None and (known.path is not None or known.asset_path is not None):
            return False
        return bool(asset.url or asset.api_url)
