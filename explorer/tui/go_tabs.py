"""What the tabs about a Go program show: its packages by size, and its known vulnerabilities."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import UsageError
from explorer.facts import MISSING
from explorer.report import EMPTY, Cell, Row, one_line
from explorer.report.binaries import tab_note
from explorer.report.golang import (
    ADVISORY_COLUMNS,
    FUNCTION_BAR_COLUMNS,
    PACKAGE_COLUMNS,
    advisories_sentence,
    advisory_rows,
    function_bar_rows,
    package_rows,
)
from explorer.tui.tabs import TabContent
from explorer.workbench import DATABASE_ADDRESS

if TYPE_CHECKING:
    from explorer.tui.app_state import AppState
    from explorer.workbench import GoTable, Inspection

UP = ".."
"""The key of the row that goes back to the packages."""


class GoTabs:
    """Reads what the tabs of one screen show. Raises ``ExplorerError``."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._table: GoTable | None = None
        """The functions of the inspection that was read last."""
        self.links: dict[str, str] = {}
        """The page of each advisory, by the key of its row; untrusted."""

    async def packages(self, inspection: Inspection) -> TabContent:
        """The packages, the largest first."""
        state = self._state
        table = await state.background.run(state.wb.go_table(inspection))
        if isinstance(table, MISSING):
            self._table = None
            return TabContent(note=tab_note(table))
        self._table = table
        rows = await asyncio.to_thread(package_rows, table)
        note = Cell(f"{len(rows):,} packages. Enter lists the functions of one.", "dim")
        return TabContent(PACKAGE_COLUMNS, rows, note)

    async def functions(self, package: str) -> TabContent:
        """The functions of a package, the largest first, below a row that goes back."""
        assert self._table is not None
        rows = await asyncio.to_thread(function_bar_rows, self._table, package)
        up = Row(UP, (Cell("‹ all packages", "accent"), *(EMPTY for _ in FUNCTION_BAR_COLUMNS[1:])))
        note = Cell(f"{one_line(package)}: {len(rows):,} functions", "dim")
        return TabContent(FUNCTION_BAR_COLUMNS, (up, *rows), note)

    async def vulnerabilities(self, inspection: Inspection) -> TabContent:
        """The advisories that concern the program, the worst first."""
        state = self._state
        database = state.settings.vulndb
        if database is None:
            raise UsageError(
                "No vulnerability database is set",
                "Known vulnerabilities come from the Go vulnerability database, as a file.",
                f"Download {DATABASE_ADDRESS}, then set “vulndb” to its path in the settings (,)",
            )
        result = await state.background.run(state.wb.vulnerabilities(inspection, database))
        rows = await asyncio.to_thread(advisory_rows, result)
        pages = [match.advisory.url for match in result.matches]
        self.links = {row.key: page for row, page in zip(rows, pages, strict=True)}
        source = Row("source", (Cell("database", "dim"), Cell(one_line(result.database), "dim")))
        sentence = Row("sentence", (Cell("result", "dim"), advisories_sentence(result)))
        return TabContent(ADVISORY_COLUMNS, rows, summary=(sentence, source))
