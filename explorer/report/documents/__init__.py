"""A report as Markdown, JSON, HTML or SVG. A door of ``report``.

The content is put together once, of cells and lines that are already visible and harmless to a
terminal; each form then escapes them for its own language.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from explorer.report.documents.badge import badge, table
from explorer.report.documents.content import document
from explorer.report.documents.html import html
from explorer.report.documents.junit import (
    JUnitCase,
    JUnitOutcome,
    junit,
    promise_junit,
    sweep_junit,
)
from explorer.report.documents.markdown import markdown
from explorer.report.documents.svg import svg
from explorer.report.json import dumps
from explorer.report.json import report as as_json
from explorer.report.text import visible
from explorer.workbench import Inspection

__all__ = [
    "BRIEF_FORMATS",
    "FORMATS",
    "JUnitCase",
    "JUnitOutcome",
    "junit",
    "promise_junit",
    "report",
    "sweep_junit",
]

FORMATS = ("markdown", "json", "html", "svg")
BRIEF_FORMATS = ("badge", "table")
"""For a README or a release's page."""


def report(
    inspections: Sequence[Inspection],
    form: str,
    now: datetime | None = None,
    warnings: Sequence[str] = (),
) -> str:
    """The report as text.

    Args:
        form: one of ``FORMATS`` or ``BRIEF_FORMATS``.
        now: when it is made; the current time if omitted.
        warnings: part of the JSON form only; a face shows them beside the others.

    Raises:
        ValueError: an unknown form.
    """
    moment = now or datetime.now(UTC)
    if form == "json":
        return dumps(as_json(inspections, moment, warnings))
    if form in BRIEF_FORMATS:
        return (badge if form == "badge" else table)(inspections)
    writers = {"markdown": markdown, "html": html, "svg": svg}
    if form not in writers:
        raise ValueError(f"no format {visible(form)}; there are {', '.join(FORMATS)}")
    return writers[form](document(inspections, moment))
