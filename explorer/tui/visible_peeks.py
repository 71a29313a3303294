"""Peeks at the files on the screen, a few at a time and each once.

Peeks at files that are scrolled away are cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from explorer.errors import OperationCancelledError, as_explorer_error
from explorer.tui.messages import FileLooked
from explorer.tui.project_state import ProjectState, about
from explorer.tui.responsiveness.deferred_import import workbench

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from explorer.tui.app_state import AppState
    from explorer.workbench import Asset

AT_A_TIME = 16
"""Concurrent peeks: all files of a release at once, so that its verdicts take two round trips."""


class VisiblePeeks:
    """The peeks of one screen. Results go to the app as ``FileLooked``."""

    def __init__(self, screen: Screen[None], state: AppState) -> None:
        self._screen = screen
        self._state = state
        self._wanted: dict[str, Asset] = {}
        """Waiting, in order."""
        self._running: dict[str, Worker[None]] = {}
        self._on = state.judged_on
        """The target that the running ones judge for."""
        self._posted: set[str] = set()
        """Ended; the app has perhaps not handled the result yet."""

    @property
    def idle(self) -> bool:
        """Whether no peek is running or waiting."""
        return not self._wanted and not self._running

    def want(self, assets: Iterable[Asset]) -> None:
        """Peek at these files, in this order, and drop all others."""
        by_key = {workbench.file_key(asset): asset for asset in assets}
        if self._on != self._state.judged_on:  # results for another target are dropped
            self._on, old = self._state.judged_on, list(self._running)
        else:
            old = list(self._running.keys() - by_key.keys())
        for key in old:
            # Forgotten now, not when it has ended: it may be wanted again before that.
            self._running.pop(key).cancel()
            self._state.files.stop(key)
        self._wanted = {key: asset for key, asset in by_key.items() if self._is_new(key)}
        self._start_more()

    def _is_new(self, key: str) -> bool:
        known = self._state.files[key]
        if known.in_progress and (key in self._running or key in self._posted):
            return False
        return not known.looked_at and not known.unreachable

    def _start_more(self) -> None:
        while self._wanted and len(self._running) < AT_A_TIME:
            key = next(iter(self._wanted))
            asset = self._wanted.pop(key)
            self._state.files.start(key)
            self._posted.discard(key)
            work = self._looking(self._state.project, key, asset)
            self._running[key] = self._screen.run_worker(work, name=key, group="look")

    def _looking(
        self, project: ProjectState, key: str, asset: Asset
    ) -> Callable[[], Coroutine[None, None, None]]:
        # Not a partial: Textual takes the repr of what it runs, with a whole catalogue.
        async def look() -> None:
            await self._look(project, key, asset)

        return look

    async def _look(self, project: ProjectState, key: str, asset: Asset) -> None:
        with about(project):
            await self._look_at(key, asset)

    async def _look_at(self, key: str, asset: Asset) -> None:
        on = self._state.judged_on
        try:
            look = self._state.wb.look_at(asset, on=on[0] if on else "")
            result = await self._state.background.run(look)
            self._screen.app.post_message(FileLooked(key, on, result))
        except OperationCancelledError:
            return
        except Exception as exception:  # noqa: BLE001 - the last boundary
            error = as_explorer_error(exception)
            self._screen.app.post_message(FileLooked(key, on, workbench.FileState(error=error)))
        finally:
            if self._running.get(key) is get_current_worker():
                del self._running[key]
                self._posted.add(key)
            if self._screen.is_running:
                self._start_more()
