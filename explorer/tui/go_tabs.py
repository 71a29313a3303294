"""What the tabs about a Go program show: its packages by size, and its known vulnerabilities."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textual.content import Content

from explorer.facts import MISSING
from explorer.report import EMPTY, Cell, Row, one_line, visible
from explorer.report.binaries import tab_note
from explorer.report.golang import (
    ADVISORY_COLUMNS,
    FUNCTION_BAR_COLUMNS,
    PACKAGE_COLUMNS,
    advisories_sentence,
    advisory_rows,
    database_cell,
    function_bar_rows,
    package_rows,
)
from explorer.report.tables import progress_line
from explorer.tui.job_board import JobKind
from explorer.tui.jobs import DATABASE
from explorer.tui.render import lines, text
from explorer.tui.tabs import TabContent

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
        """The advisories that concern the program, the worst first; of a peek, its modules."""
        state = self._state
        database = await state.background.run(state.wb.database_at_hand())
        if database is None:
            return TabContent(needs_database=True)
        result = await state.background.run(state.wb.vulnerabilities(inspection, database))
        rows = await asyncio.to_thread(advisory_rows, result)
        pages = [match.advisory.url for match in result.matches]
        self.links = {row.key: page for row, page in zip(rows, pages, strict=True)}
        words = database_cell(result, state.now()).text.partition(": ")[2]
        if not database.is_fresh:
            words += " (u updates it)"
        source = Row("source", (Cell("database", "dim"), Cell(words, "dim")))
        sentence = Row("sentence", (Cell("result", "dim"), advisories_sentence(result)))
        needs_file = bool(rows) and inspection.path is None
        summary = sentence, source
        return TabContent(ADVISORY_COLUMNS, rows, summary=summary, needs_file=needs_file)


def database_offer(state: AppState) -> Content:
    """That there is no vulnerability database, and how to get it or how far that is."""
    settings = state.settings
    needs = text("There is no vulnerability database here yet.", "$text-muted")
    own = "set “vulndb” to a file in the settings (,)"
    job = state.board.find(JobKind.DATABASE, DATABASE)
    if job is not None and job.running:
        step = progress_line(job.progress) if job.progress is not None else "waiting"
        return lines([needs, text(f"▷ {step}", "$text-accent")])
    if settings.offline:
        return lines([needs, text(f"rr-explorer was told to stay offline: {own}", "$text-muted")])
    failed = [text(visible(job.message), "$text-error")] if job and job.message else []
    host = visible(urlsplit(settings.vulndb_url).hostname or "")
    how = f" downloads it from {host} (about 3 MB), or {own}"
    key = ("u", "bold $footer-key-foreground")
    return lines([needs, *failed, Content.assemble(key, how)])


def can_update_database(state: AppState) -> bool:
    """Whether a database can be downloaded: the user named none, and none is on its way."""
    job = state.board.find(JobKind.DATABASE, DATABASE)
    is_running = job is not None and job.running
    return state.settings.vulndb is None and not state.settings.offline and not is_running
