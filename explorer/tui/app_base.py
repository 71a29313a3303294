"""What screens and widgets may ask of the app: its state, its jobs, and the way to other screens.

The app itself (``app.py``) imports every screen; screens import this module instead.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import App
from textual.notifications import Notification, Notify, SeverityLevel

from explorer.tui.app_state import AppState, CompareMark
from explorer.tui.jobs import Jobs
from explorer.tui.responsiveness.deferred_import import report

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.tui.copying import Copy
    from explorer.workbench import Inspection, Subject


LEAST_S = 0.01
"""Seconds that a toast is shown at least."""


class ExpiringNotification(Notification):
    """A notification whose toast may be made when its time is over.

    Textual starts a timer of the seconds that are left. One of less than zero seconds never
    yields, and the app would hang.
    """

    @property
    def time_left(self) -> float:
        """Seconds until it expires, never zero or less."""
        return max(super().time_left, LEAST_S)

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return super().time_left <= 0


class ExplorerBase(App[None]):
    """The app as its screens know it."""

    state: AppState
    jobs: Jobs

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast, also in the moment in which it expires."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        notification = ExpiringNotification(message, title, severity, seconds, markup=markup)
        self.post_message(Notify(notification))

    def say(
        self, words: object, *, title: str = "", warning: bool = False, error: bool = False
    ) -> None:
        """Show a toast. The words are made visible and never read as markup."""
        self.notify(
            report.visible(str(words), newline=True),
            title=report.visible(title),
            severity="error" if error else "warning" if warning else "information",
            timeout=12 if error else 6,
            markup=False,
        )

    @abstractmethod
    def open_subject(self, subject: Subject, tab: str = "verdict") -> None:
        """Open a file at a tab; at ``proof`` it is run in a container first."""

    @abstractmethod
    def open_page(self, url: str) -> None:
        """Open an http or https address in the web browser."""

    @abstractmethod
    def open_matrix(self, tag: str) -> None:
        """Show releases by platform, with the cursor on this release."""

    @abstractmethod
    def mark(self, mark: CompareMark) -> None:
        """Mark a file or a release, or compare it with the one that is marked."""

    @abstractmethod
    def open_by_target(self, tag: str) -> None:
        """Show on which systems the programs of this release run."""

    @abstractmethod
    def open_advice(self, tag: str, arch: str = "") -> None:
        """Recommend a file of this release, at first for an architecture if one is named."""

    @abstractmethod
    def open_jobs(self) -> None:
        """List the jobs."""

    @abstractmethod
    def open_report(self, inspections: Sequence[Inspection]) -> None:
        """Export a report on these files."""

    @abstractmethod
    def offer_copies(self, copies: Sequence[Copy]) -> None:
        """Let the user choose what goes to the clipboard."""

    @abstractmethod
    def copy(self, copy: Copy) -> None:
        """Copy a text; where nothing takes it for certain, show it in a box to select."""

    @abstractmethod
    def offer_save(self, subject: Subject) -> None:
        """Ask for a folder, and save the file's program there."""

    @abstractmethod
    def show_cells(self, cells: Sequence[tuple[str, str]]) -> None:
        """Show a table's row in full: title and text of each cell."""

    @abstractmethod
    def open_project(self, words: str | None) -> None:
        """Show a project: OWNER/NAME, or what a GitHub address leads to."""

    @abstractmethod
    def use_theme(self, name: str | None) -> None:
        """Use these colours from now on, and keep that in the settings file."""

    @abstractmethod
    def choose_target(self) -> None:
        """Let the user choose the target."""

    @abstractmethod
    def set_target(self, name: str | None) -> None:
        """Judge all files for another target."""

    @abstractmethod
    def show_key(self, key: str) -> None:
        """Show a pressed key in a corner, if the settings say so."""

    @abstractmethod
    def show_keys(self, on: bool) -> None:
        """Show pressed keys in a corner from now on, or no longer."""

    @abstractmethod
    def start_tour(self) -> None:
        """Start the demo's tour."""

    @abstractmethod
    def apply_settings(self, settings: Settings, name: str) -> None:
        """Take over saved settings in which ``name`` has changed."""
