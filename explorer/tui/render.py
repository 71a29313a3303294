"""Cells and sentences of ``report`` as Textual content. Nothing here is ever read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.content import Content

from explorer.errors import ExplorerError
from explorer.tui.responsiveness.deferred_import import report

if TYPE_CHECKING:
    from explorer.report import Cell, Row, Style

# Theme variables: a change of theme changes them, also to the terminal's own colours.
STYLES: dict[Style, str] = {
    "": "",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "$text-error",
    "unknown": "$text-muted",
    "dim": "$text-muted",
    "strong": "bold",
    "accent": "$text-accent",
    "code": "$text-primary",
}


def text(untrusted: object, style: str = "", newline: bool = False) -> Content:
    """Any text, made visible, in one of Textual's styles, e.g. ``bold $text-muted``."""
    plain = report.visible(str(untrusted), newline=newline)
    return Content.styled(plain, style) if style else Content(plain)


def content(cell: Cell, extra: str = "") -> Content:
    """A cell in the colour of its meaning, with an ``extra`` style on top."""
    style = " ".join(part for part in (STYLES[cell.style], extra) if part)
    return Content.styled(cell.text, style) if style else Content(cell.text)


def lines(parts: Iterable[Content]) -> Content:
    """Contents below one another."""
    return Content("\n").join(parts)


def spaced(parts: Iterable[Content], gap: str = "  ") -> Content:
    """Contents beside one another; empty ones are left out."""
    return Content(gap).join(part for part in parts if part)


def facts(rows: Sequence[Row], gap: int = 2, short: bool = False) -> list[Content]:
    """Rows of a name and a value, one per line, with the values aligned.

    ``short``: in the form for a narrow screen, where a value has one.
    """
    width = max((report.cell_width(row.cells[0].text) for row in rows), default=0) + gap
    return [
        Content.assemble(
            content(row.cells[0]),
            " " * (width - report.cell_width(row.cells[0].text)),
            content(_short(row.cells[1]) if short else row.cells[1]),
        )
        for row in rows
    ]


def _short(cell: Cell) -> Cell:
    return replace(cell, text=cell.short) if cell.short else cell


def error(problem: ExplorerError) -> Content:
    """What happened, where, and what to do: up to three lines."""
    parts = [text(problem.title, "bold $text-error")]
    if problem.detail:
        parts.append(text(problem.detail, newline=True))
    if problem.remedy:
        parts.append(Content.assemble(("→ ", "$text-muted"), text(problem.remedy)))
    return lines(parts)
