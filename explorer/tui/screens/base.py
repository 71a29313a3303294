"""What every screen has: filter, order, copy, jump, jobs, back; and the way to the app's state."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker

from explorer.progress import foreground
from explorer.tui.actions import bindings_for
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp
    from explorer.tui.copying import Copy
    from explorer.tui.messages import InspectFailed
    from explorer.workbench import Asset, Inspection

NARROW = 80
WIDE = 120
WIDER = 140
LOW, TALL = 12, 20


class ExplorerScreen(Screen[None]):
    """A full screen of the app. ``CONTEXT`` says which of the registry's actions are bound."""

    CONTEXT: ClassVar[str] = ""
    AUTO_FOCUS = "Table"
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"),
        (NARROW, "-normal"),
        (WIDE, "-wide"),
        (WIDER, "-wider"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (LOW, "-low"), (TALL, "-tall")]

    opening = False
    """Whether what the screen is about is not there yet, but will be at once: keys that are typed ahead wait for it."""

    @property
    def explorer(self) -> ExplorerApp:
        """The app, with its state."""
        return cast("ExplorerApp", self.app)

    def shape(self, width: int, height: int) -> None:
        """Take the size's classes before the first styling: taken afterwards they cost a second one, a tenth of the first frame."""
        for size, steps in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            name = next((name for limit, name in reversed(steps or ()) if size >= limit), None)
            if name is not None:
                self.add_class(name)

    def _on_timer_update(self) -> None:
        """Draw what has changed. Textual's own; other threads wait meanwhile: beside three of them 15 ms became 42."""
        with foreground.held():
            super()._on_timer_update()

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        """Run this in a worker of the screen; an earlier one of the group is cancelled."""
        _worker: Worker[None] = self.run_worker(
            cast("Callable[[], Coroutine[None, None, None]]", work),
            name=group,
            group=group,
            exclusive=True,
        )

    # -- tables -------------------------------------------------------------------------------------------------------

    def pane(self) -> Pane | None:
        """The pane that has the focus, else the first that can be seen."""
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
        """Order by the next column."""
        if (table := self.table()) is not None:
            table.sort_next()

    def action_sort_reverse(self) -> None:
        """Turn the order round."""
        if (table := self.table()) is not None:
            table.sort_turn()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What has no table to act on is not offered."""
        if action in ("sort", "sort_reverse"):
            return self.table() is not None
        if action == "target":
            return self.explorer.target is not None
        if action == "cancel":
            return bool(self.explorer.board.running)
        if action in ("matrix", "advice"):
            return self.explorer.catalogue is not None
        if action == "report":
            return bool(self.inspections())
        return True

    def offers(self, action: str) -> bool:
        """Whether the action with this id is worth naming now. One that is not may still be bound, to say why it does nothing."""
        return action != "filter" or self.table() is not None

    def tells(self, message: InspectFailed) -> bool:
        """Whether what went wrong stands on the screen already: a toast would lie over the very words."""
        return False

    # -- going back ---------------------------------------------------------------------------------------------------

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

    # -- copying ------------------------------------------------------------------------------------------------------

    def copies(self) -> list[Copy]:
        """What can be copied here, the most wanted first."""
        from explorer.tui.copying import Copy

        table = self.table()
        return [Copy(title, value) for title, value in table.cells()] if table is not None else []

    def action_copy(self) -> None:
        """Offer what can be copied."""
        self.explorer.offer_copies(self.copies())

    # -- many at once -------------------------------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The release at hand."""
        return ""

    def action_target(self) -> None:
        """Choose where it should run."""
        self.explorer.choose_target()

    def action_prereleases(self) -> None:
        """Show or hide pre-releases."""
        self.explorer.show_prereleases = not self.explorer.show_prereleases
        self.explorer.changed.publish("switch")

    def action_matrix(self) -> None:
        """Show releases and platforms at a glance."""
        from explorer.tui.screens.matrix import MatrixScreen

        self.app.push_screen(MatrixScreen(self.tag))

    def action_advice(self) -> None:
        """Say which file of the release at hand to take."""
        from explorer.tui.screens.advice import AdviceScreen

        self.app.push_screen(AdviceScreen(self.tag))

    def inspections(self) -> Sequence[Inspection]:
        """What is known of the files at hand: what a report would be about."""
        return ()

    def action_report(self) -> None:
        """Write a report on the files at hand."""
        from explorer.tui.screens.report import offer_report

        offer_report(self.explorer, self.inspections())

    # -- jobs and jumping ---------------------------------------------------------------------------------------------

    def action_jobs(self) -> None:
        """Show what is running."""
        from explorer.tui.screens.jobs import JobsScreen

        self.app.push_screen(JobsScreen())

    def action_cancel(self) -> None:
        """Cancel the job that was started last."""
        if running := self.explorer.board.running:
            self.explorer.work.cancel(running[-1])

    def action_jump(self) -> None:
        """Label what can be reached, and wait for one key."""
        from explorer.tui.screens.jump import jump

        jump(self)


class AssetScreen(ExplorerScreen):
    """A screen with a release's file at hand, e.g. under the cursor."""

    @property
    def asset(self) -> Asset | None:
        """The file; for a place where none is published the one that serves instead."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs a file is only offered with one."""
        if action in ("verify", "download") and self.is_mounted:
            return self.explorer.reachable(self.asset, whole=action == "download")
        if action == "open_asset" and self.is_mounted:
            return self.asset is not None
        return super().check_action(action, parameters)

    def action_open_asset(self, prove: bool = False) -> None:
        """Open the file."""
        if (asset := self.asset) is not None:
            self.explorer.open_subject(self.explorer.wb.subject(asset), prove=prove)

    def action_verify(self) -> None:
        """Open the file and prove it."""
        self.action_open_asset(prove=True)

    def action_download(self) -> None:
        """Fetch the file."""
        if (asset := self.asset) is not None:
            self.explorer.work.download(asset)


def shown(node: DOMNode) -> bool:
    """Whether neither this nor what it stands in is hidden."""
    return all(widget.display for widget in node.ancestors_with_self if isinstance(widget, Widget))


__all__ = [
    "LOW",
    "NARROW",
    "WIDE",
    "WIDER",
    "AssetScreen",
    "ExplorerScreen",
    "bindings_for",
    "shown",
]
