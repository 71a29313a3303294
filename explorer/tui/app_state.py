"""What the app knows: settings, the list of releases, the target, what was learned of each file.

Screens and widgets draw from this state and subscribe to its signals. Only the app's handlers
change it; workers report to them by messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual.signal import Signal

from explorer.errors import ExplorerError
from explorer.settings import Settings
from explorer.tui.job_board import Job, JobBoard
from explorer.tui.messages import JobFailed
from explorer.tui.responsiveness.background_loop import BackgroundLoop
from explorer.tui.responsiveness.deferred_import import report, tables, verdicts, workbench

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

    from explorer.report.verdicts import Banner
    from explorer.workbench import (
        Asset,
        Catalogue,
        Inspection,
        KnownFiles,
        ProofOptions,
        Target,
        Workbench,
    )


BRIEF_PATH = 44
"""Cells of a path beside “not proved yet” on a screen of 80."""


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
        self.settings = settings
        self.now = now
        self.ready = False
        """Whether ``report`` and ``workbench`` are imported. Nothing untrusted is there before."""
        self.board = JobBoard()
        self.background = BackgroundLoop()
        """Where the workbench's coroutines run."""
        self.catalogue: Catalogue | None = None
        self.failure: ExplorerError | None = None
        """Why the list of releases could not be fetched; None once it could."""
        self.target: Target | None = None
        """The system to judge for; None until the target data is loaded."""
        self.usual_target = ""
        """Name of the target that the settings choose."""
        self.show_prereleases = settings.prereleases
        self.show_plugins = settings.plugins
        self.show_debs = settings.debs
        self.changed: Signal[str] = Signal(app, "changed")
        """The list, the target or a switch has changed: ``catalogue``, ``target`` or ``switch``."""
        self.file_changed: Signal[str] = Signal(app, "file-changed")
        """Something new is known of the file with this key."""
        self.jobs_changed: Signal[Job] = Signal(app, "jobs-changed")
        self.job_failed: Signal[JobFailed] = Signal(app, "job-failed")
        self.saved: dict[str, Path] = {}
        """Where each file was saved, by its key."""
        self._bench = bench
        self._files: KnownFiles | None = None

    @property
    def files(self) -> KnownFiles:
        """What is known of each file, by ``file_key``. Made once ``ready``."""
        if self._files is None:
            self._files = workbench.KnownFiles()
            self._files.subscribe(self.file_changed.publish)
        return self._files

    @property
    def wb(self) -> Workbench:
        """The workbench, made on first use."""
        if self._bench is None:
            self._bench = workbench.Workbench(self.settings)
        return self._bench

    async def close(self) -> None:
        """Close the workbench and end the background loop."""
        if self._bench is not None:
            await self.background.run(self._bench.aclose())
        await self.background.close()

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
        return bool(asset.url or asset.api_url)
