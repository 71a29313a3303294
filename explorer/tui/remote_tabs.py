"""What the tabs Strings and Hex show of a program that is on its server only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.content import Content

from explorer.errors import ExplorerError, OperationCancelledError, as_explorer_error
from explorer.progress import Progress
from explorer.report import Row, human_size, percent
from explorer.report.binaries import STRING_COLUMNS, string_row
from explorer.tui.render import error, lines, text
from explorer.tui.rows import LazyRows

if TYPE_CHECKING:
    from explorer.tui.app_state import AppState
    from explorer.workbench import Inspection, RemoteProgram, StringIndex, Subject

UPDATE_S = 0.25
"""Seconds between two updates of the screen while the program arrives."""
FIRST = 128 << 10
"""Bytes of the program that are read unasked."""
END = 1 << 62
_KEY = "bold $footer-key-foreground"


class StringRows(LazyRows):
    """The strings that have arrived so far; each keeps its number when more have."""

    def __init__(self, index: StringIndex) -> None:
        def row(number: int) -> Row:
            return string_row(index.row(number), number)

        super().__init__(STRING_COLUMNS, len(index), row, index.search)

    def index_of(self, key: str) -> int | None:
        """The number of the row with this key."""
        return int(key) if key.isdecimal() and int(key) < len(self) else None


class RemoteTabs:
    """Reads one screen's program from its server: a little at once, the rest when asked to."""

    def __init__(self, state: AppState, show: Callable[[], None]) -> None:
        """``show`` is called from any thread when there is more to show."""
        self._state = state
        self._show = show
        self._shown_at = 0.0
        self.program: RemoteProgram | None = None
        self.reading = False
        """Whether the rest is being read."""
        self.problem: ExplorerError | None = None
        """Why it was not read further."""

    def close(self) -> None:
        """Let go of the program."""
        if self.program is not None:
            self.program.close()
        self.program, self.reading, self.problem = None, False, None

    async def open(self, subject: Subject, inspection: Inspection) -> None:
        """Open the program and read its first bytes; there is none if it cannot be read so."""
        state = self._state
        if self.program is None:
            self.program = await state.background.run(state.wb.remote_program(subject, inspection))
        if self.program is not None and not self.program.have:
            await self._read(FIRST)
        self._show()

    async def read_on(self) -> None:
        """Read the program to its end."""
        self.reading, self.problem = True, None
        self._show()
        try:
            await self._read(END)
        finally:
            self.reading = False
            self._show()

    async def _read(self, upto: int) -> None:
        if self.program is None:
            return
        try:
            await self._state.background.run(self.program.read_on(upto, self._progressed))
        except OperationCancelledError:
            raise
        except Exception as exception:  # noqa: BLE001 - the last boundary
            self.problem = as_explorer_error(exception)

    def _progressed(self, _: Progress) -> None:
        now = time.monotonic()
        if now - self._shown_at >= UPDATE_S:
            self._shown_at = now
            self._show()

    def words(self, offers_download: bool) -> Content:
        """How much is here, and what reading the rest would move."""
        program = self.program
        assert program is not None
        have, moved = human_size(program.have), human_size(program.moved)
        parts = [error(self.problem)] if self.problem is not None else []
        if program.is_whole:
            parts.append(
                text(f"All {have} read from the server: {moved} transferred.", "$text-muted")
            )
            return lines(parts)
        whole = f" of {human_size(program.size)}" if program.size > program.have else ""
        so_far = f"The first {have}{whole}, read from the server: {moved} transferred."
        parts.append(text(so_far, "$text-muted"))
        if self.reading:
            share = f" {percent(program.have, program.size)}" if whole else ""
            parts.append(text(f"▷ reading{share}, esc stops", "$text-accent"))
            return lines(parts)
        cost = program.to_move
        amount = f"{human_size(cost)} more" if isinstance(cost, int) else "an unknown amount"
        how = Content.assemble(("e", _KEY), f" reads the rest: that transfers {amount}")
        if offers_download:
            how = Content.assemble(how, "; ", ("d", _KEY), " downloads and keeps it")
        parts.append(how)
        return lines(parts)
