"""What every screen has: filter, sort, copy, jump, jobs, back; and access to the app's state."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker

from explorer.errors import OperationCancelledError, as_explorer_error
from explorer.tui.actions import TYPING, Action, bindings_for
from explorer.tui.job_board import JobKind
from explorer.tui.widgets.banner import NARROW, WIDE
from explorer.tui.widgets.pane import FilterInput, Pane
from explorer.tui.widgets.table import Table

if TYPE_CHECKING:
    from explorer.tui.app_base import ExplorerBase
    from explorer.tui.app_state import AppState, CompareMark
    from explorer.tui.copying import Copy
    from explorer.tui.jobs import Jobs
    from explorer.tui.messages import JobFailed
    from explorer.workbench import Asset, Inspection, Subject

WIDER = 140
LOW, TALL = 12, 20
REDRAW_S = 0.05
"""Seconds within which arriving results are drawn together."""
SETTLE_S = 0.12
"""Seconds without a move before files are looked up: holding ↓ starts no request per row."""


class ExplorerScreen(Screen[None]):
    """A full screen of the app. ``CONTEXT`` selects the registered actions that are bound."""

    CONTEXT: ClassVar[str] = ""
    AUTO_FOCUS = "Table"
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"),
        (NARROW, "-normal"),
        (WIDE, "-wide"),
        (WIDER, "-wider"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (LOW, "-low"), (TALL, "-tall")]

    about_a_release = True
    """Whether the list of releases has to do with it: a local file's screen names none."""
    opening = False
    """Whether the screen's content is about to arrive: the key queue holds later keys back."""

    @property
    def explorer(self) -> ExplorerBase:
        """The app."""
        return cast("ExplorerBase", self.app)

    @property
    def state(self) -> AppState:
        """What the app knows."""
        return self.explorer.state

    @property
    def in_front(self) -> bool:
        """Whether no other screen covers it (``is_current`` is true for the one behind, too)."""
        return self.app.screen is self

    @property
    def jobs(self) -> Jobs:
        """The app's jobs."""
        return self.explorer.jobs

    def set_breakpoints(self, width: int, height: int) -> None:
        """Set the classes of this size before the screen is first styled: later costs a second
        styling."""
        for size, steps in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            name = next((name for limit, name in reversed(steps or ()) if size >= limit), None)
            if name is not None:
                self.add_class(name)

    def start_worker(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        """Run this in a worker of the screen. An earlier one of the group is cancelled."""

        # Not a partial: Textual takes the repr of what it runs, with all arguments.
        async def run() -> None:
            try:
                await work()
            except OperationCancelledError:
                return
            except Exception as exception:  # noqa: BLE001 - the last boundary
                self.explorer.say(as_explorer_error(exception), error=True)

        _worker: Worker[None] = self.run_worker(run, name=group, group=group, exclusive=True)

    # -- tables ------------------------------------------------------------------------------------

    def pane(self) -> Pane | None:
        """The pane that has the focus, else the first visible one."""
        focused = self.focused
        if focused is not None:
            for node in focused.ancestors_with_self:
                if isinstance(node, Pane) and shown(node):
                    return node
        return next((pane for pane in self.query(Pane) if shown(pane)), None)

    def table(self) -> Table | None:
        """The table of that pane."""
        pane = self.pane()
        return pane.table if pane is not None else None

    async def action_filter(self) -> None:
        """Open the filter line of the table in focus."""
        if (pane := self.pane()) is not None:
            await pane.start_filter()
        else:
            self.explorer.say("Nothing to filter here: there is no table", warning=True)

    def action_sort(self) -> None:
        """Sort by the next column."""
        if (table := self.table()) is not None:
            table.sort_next()

    def action_sort_reverse(self) -> None:
        """Reverse the sort order."""
        if (table := self.table()) is not None:
            table.reverse_sort()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only actions that have something to act on."""
        if action in ("sort", "sort_reverse"):
            return self.table() is not None
        if action == "target":
            return self.state.target is not None
        if action == "cancel":
            return bool(self.state.board.running)
        if action == "compare":
            return not self.is_mounted or self.to_mark() is not None
        if action in ("matrix", "advice"):
            return self.state.catalogue is not None
        if action == "report":
            return bool(self.inspections())
        return True

    def here(self, action: Action) -> Action:
        """What an action is called where the focus is."""
        return TYPING.get(action.id, action) if isinstance(self.focused, FilterInput) else action

    def offers(self, action: str) -> bool:
        """Whether key bar, help and palette list the action with this id now.

        One that they do not list may still be bound, to say why it does nothing.
        """
        if action == "filter":
            return self.table() is not None and not isinstance(self.focused, FilterInput)
        return True

    def shows_failure(self, message: JobFailed) -> bool:
        """Whether the screen itself shows this failure, so that no toast has to."""
        return False

    # -- going back --------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Clear the filter, else leave the screen."""
        pane = self.pane()
        if pane is not None and pane.clear_filter():
            return
        self.leave()

    def leave(self) -> None:
        """Close this screen."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    # -- copying -----------------------------------------------------------------------------------

    def copies(self) -> list[Copy]:
        """What can be copied here, the most useful first."""
        from explorer.tui.copying import Copy

        table = self.table()
        return [Copy(title, value) for title, value in table.cells()] if table is not None else []

    def action_copy(self) -> None:
        """Offer what can be copied."""
        self.explorer.offer_copies(self.copies())

    # -- other screens -----------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The tag of the current release."""
        return ""

    def action_target(self) -> None:
        """Choose the target."""
        self.explorer.choose_target()

    def action_prereleases(self) -> None:
        """Show or hide pre-releases."""
        self.state.show_prereleases = not self.state.show_prereleases
        self.state.changed.publish("switch")

    def action_matrix(self) -> None:
        """Show releases by platform."""
        self.explorer.open_matrix(self.tag)

    def action_by_target(self) -> None:
        """Show the release's programs by system."""
        if self.tag:
            self.explorer.open_by_target(self.tag)

    @property
    def shown_asset(self) -> Asset | None:
        """The file that the screen is about now, if it is a release's."""
        return None

    def to_mark(self) -> CompareMark | None:
        """What ``c`` marks here: the current file or release."""
        return None

    def action_compare(self) -> None:
        """Mark it, or compare it with what is marked."""
        if (mark := self.to_mark()) is not None:
            self.explorer.mark(mark)

    def action_advice(self) -> None:
        """Recommend a file of the current release."""
        asset = self.shown_asset
        arch = asset.platform.arch if asset is not None else ""
        self.explorer.open_advice(self.tag, arch if isinstance(arch, str) else "")

    def inspections(self) -> Sequence[Inspection]:
        """What a report from here is about."""
        return ()

    def action_report(self) -> None:
        """Export a report."""
        self.explorer.open_report(self.inspections())

    # -- jobs and jumping --------------------------------------------------------------------------

    def action_jobs(self) -> None:
        """List the jobs."""
        self.explorer.open_jobs()

    def action_cancel(self) -> None:
        """Cancel the job that was started last."""
        if running := self.state.board.running:
            self.jobs.cancel(running[-1])

    def action_jump(self) -> None:
        """Label everything that can be reached, and wait for one key."""
        from explorer.tui.screens.jump import jump

        jump(self)


class AssetScreen(ExplorerScreen):
    """A screen with a current asset, e.g. the one under the cursor."""

    def to_mark(self) -> CompareMark | None:
        """The asset."""
        asset = self.asset
        return file_mark(self.state.wb.subject(asset)) if asset is not None else None

    @property
    def asset(self) -> Asset | None:
        """The asset; where none is published for a platform, the one to use instead."""
        raise NotImplementedError

    @property
    def shown_asset(self) -> Asset | None:
        """The asset."""
        return self.asset

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer actions on an asset only with one."""
        if action in ("verify", "where", "download", "save") and self.is_mounted:
            return self.state.reachable(self.asset, whole=action == "download")
        if action == "verify_all" and self.is_mounted:
            return bool(self.tag)
        if action == "open_asset" and self.is_mounted:
            return self.asset is not None
        return super().check_action(action, parameters)

    def action_open_asset(self, tab: str = "verdict") -> None:
        """Open the asset at a tab."""
        if (asset := self.asset) is not None:
            self.explorer.open_subject(self.state.wb.subject(asset), tab)

    def action_verify(self) -> None:
        """Open the asset and verify it."""
        self.action_open_asset("proof")

    def action_verify_all(self) -> None:
        """Run every program of the current release; while that runs, stop it."""
        if not self.stopped_sweep() and self.tag:
            self.jobs.sweep((self.tag,), self.tag)

    def stopped_sweep(self) -> bool:
        """Stop the sweep that is running; whether there was one."""
        running = [job for job in self.state.board.running if job.kind is JobKind.SWEEP]
        for job in running:
            self.jobs.cancel(job)
        return bool(running)

    def action_where(self) -> None:
        """Open the asset and show where it runs."""
        self.action_open_asset("targets")

    def action_download(self) -> None:
        """Download the asset."""
        if (asset := self.asset) is not None:
            self.jobs.download(asset)

    def action_save(self) -> None:
        """Save the asset's program in a folder."""
        if (asset := self.asset) is not None:
            self.explorer.offer_save(self.state.wb.subject(asset))


def file_mark(subject: Subject) -> CompareMark:
    """A file as what ``c`` marks."""
    from explorer.tui.app_state import CompareMark
    from explorer.workbench import subject_key

    return CompareMark(subject_key(subject), subject.name, subject)


def shown(node: DOMNode) -> bool:
    """Whether neither this nor any widget around it is hidden."""
    return all(widget.display for widget in node.ancestors_with_self if isinstance(widget, Widget))


__all__ = [
    "LOW",
    "NARROW",
    "REDRAW_S",
    "SETTLE_S",
    "WIDE",
    "WIDER",
    "AssetScreen",
    "ExplorerScreen",
    "bindings_for",
    "file_mark",
    "shown",
]
