"""What the tab about trust shows: who vouches for the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.report.trust import TRUST_COLUMNS, trust_facts, trust_rows
from explorer.tui.tabs import TabContent

if TYPE_CHECKING:
    from explorer.tui.app_state import AppState
    from explorer.workbench import Subject


async def trust_content(state: AppState, subject: Subject) -> TabContent:
    """Every signal, checked as far as the file's bytes are here. Raises ``ExplorerError``."""
    report = await state.background.run(state.wb.trust(subject, whole=False))
    return TabContent(
        TRUST_COLUMNS,
        trust_rows(report),
        summary=trust_facts(report),
        needs_file=not report.is_whole,
    )
