"""Looks at files that can be seen, a few at a time and each once; what has left the screen is dropped, or cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.worker import get_current_worker

from explorer.errors import OperationCancelledError
from explorer.tui.jobs import AT_A_TIME
from explorer.tui.late import workbench
from explorer.tui.messages import AssetLearned

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from explorer.tui.app import ExplorerApp
    from explorer.workbench import Asset


def key_of_asset(asset: Asset) -> str:
    """As ``work.key_of`` for the file's own program."""
    return workbench.file_key(asset)


class Looking:
    """The looks of one screen. What is found goes to the app by ``AssetLearned``, as everywhere."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._wanted: dict[str, Asset] = {}
        """Waiting, in the order in which they shall be looked at."""
        self._running: dict[str, Worker[None]] = {}
        self.unreachable: set[str] = set()
        """Files that no look can reach: their names are all that is known of them."""

    @property
    def _explorer(self) -> ExplorerApp:
        return cast("ExplorerApp", self._screen.app)

    @property
    def busy(self) -> bool:
        """Whether anything is being looked at, or waits."""
        return bool(self._wanted or self._running)

    def want(self, assets: Iterable[Asset]) -> None:
        """Look at these, the first first, and at nothing else any more."""
        app = self._explorer
        seen = {key_of_asset(asset): asset for asset in assets}
        for key, worker in list(self._running.items()):
            if key not in seen:
                del self._running[
                    key
                ]  # now, not when it has ended: it may be wanted again before that
                worker.cancel()
        known = app.learned.keys() | app.problems.keys() | self.unreachable | self._running.keys()
        self._wanted = {key: asset for key, asset in seen.items() if key not in known}
        self._more()

    def _more(self) -> None:
        while self._wanted and len(self._running) < AT_A_TIME:
            key = next(iter(self._wanted))
            asset = self._wanted.pop(key)
            self._running[key] = self._screen.run_worker(
                partial(self._look, key, asset), name=key, group="look", exit_on_error=True
            )

    async def _look(self, key: str, asset: Asset) -> None:
        app = self._explorer
        on = app.judged_on
        try:
            if not await app.away.run(app.wb.reachable(asset)):
                self.unreachable.add(key)
                app.post_message(AssetLearned(asset, None))
                return
            state = await app.away.run(app.wb.look_at(asset, on=on[0] if on else ""))
            if on == app.judged_on:
                app.post_message(
                    AssetLearned(
                        asset, state.inspection, problem=str(state.error) if state.error else ""
                    )
                )
        except OperationCancelledError:
            return
        finally:
            if self._running.get(key) is get_current_worker():
                del self._running[key]
            if self._screen.is_running:
                self._more()
