"""The first screen of the last session, drawn in the first frame until the real one is read.

``workbench.FirstScreenFile`` uses it only where a start would make the same. It is kept once the
screen has settled, and at the end. It is made again for that from what is recorded, so that it
never holds more than the next start would know by itself.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from explorer.tui.responsiveness.deferred_import import workbench

if TYPE_CHECKING:
    from textual.app import App

    from explorer.tui.app_state import AppState
    from explorer.tui.kept_screen import KeptScreen
    from explorer.workbench import FirstScreenFile

REST_S = 1.0
"""Seconds without news after which the screen is kept."""
AT_END_S = 0.5
"""Seconds that the end of the app waits for it at most."""
_log = logging.getLogger("explorer.tui")


class FirstScreen:
    """Loads the kept screen, and keeps the next one."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._file: FirstScreenFile | None = None
        self._news_at: float | None = None
        """``monotonic`` seconds of what is not kept yet."""

    def load(self) -> KeptScreen | None:
        """What the first frame may show. Blocking, for some ms."""
        settings = self._state.settings
        if settings.demo or settings.folder is not None:
            return None
        self._file = workbench.FirstScreenFile(settings)
        data = self._file.load()
        if data is None:
            return None
        from explorer.tui.kept_screen import kept_screen

        return kept_screen(data)

    def follow(self, app: App[Any]) -> None:
        """Notice what changes."""
        if self._file is not None:
            self._state.changed.subscribe(app, self._noticed)
            self._state.file_changed.subscribe(app, self._noticed)

    def _noticed(self, _: str) -> None:
        self._news_at = monotonic()

    @property
    def is_due(self) -> bool:
        """Whether there is something to keep, and nothing has changed for a while."""
        return self._news_at is not None and monotonic() - self._news_at >= REST_S

    async def keep(self) -> None:
        """Keep the first screen, if this session shows what the next one would."""
        self._news_at = None
        try:
            await self._keep()
        except Exception:  # noqa: BLE001  the next start is slower; this session goes on
            _log.exception("keeping the first screen")

    async def keep_at_end(self) -> None:
        """Keep what is not kept yet, if that is soon done."""
        if self._news_at is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.keep(), AT_END_S)

    async def _keep(self) -> None:
        state, file = self._state, self._file
        catalogue, target, settings = state.catalogue, state.target, state.settings
        if file is None or catalogue is None or target is None or settings != file.settings:
            return
        if target.name != state.usual_target:
            return
        from explorer.tui.kept_screen import files_to_keep, release_to_keep, screen_data

        release = release_to_keep(catalogue, settings)
        if release is None:
            return
        files, wb = files_to_keep(release, settings), state.wb
        recorded = await state.background.run(wb.recorded_files(catalogue, files))
        if recorded is None:
            return
        lost, now = wb.lost_signals(release), state.now()

        def write() -> None:
            by_key = recorded.inspections
            data = screen_data(
                catalogue,
                settings,
                target,
                lambda asset: by_key.get(workbench.file_key(asset)),
                lost,
                now,
            )
            if data is not None:
                file.save(data, recorded.notes)

        await asyncio.to_thread(write)
