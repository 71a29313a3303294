"""What both faces draw: cells, columns and rows of text that cannot be unsafe, with a meaning instead of a colour."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from explorer.compat import Answer
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.fetch import Check
from explorer.report.text import visible
from explorer.verify import Result

Style = Literal["", "good", "warn", "bad", "unknown", "dim", "strong", "accent", "code"]
"""What a text means; each face has its own colours for it, and none is the only cue."""
Align = Literal["left", "right"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of text to draw, one line. Whatever it is made from, its text is visible and harmless."""

    text: str
    style: Style = ""
    align: Align = "left"
    sort: float | str | None = field(default=None, compare=False)
    """What to sort by where it is not the text: bytes of a size, seconds of a date."""
    short: str = ""
    """What stands in a table on a screen that has no room for the text; empty: the text, cut."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))
        object.__setattr__(self, "short", visible(self.short))

    @classmethod
    def of(cls, untrusted: object, style: Style = "", align: Align = "left") -> Cell:
        """A cell of anything at all."""
        return cls(str(untrusted), style, align)

    @property
    def sort_key(self) -> tuple[int, float, tuple[str, ...]]:
        """Numbers before text, text by its numbers (v2 before v10), what is unknown or empty last."""
        if self.sort is not None and not isinstance(self.sort, str):
            return (0, float(self.sort), ())
        text = self.sort if isinstance(self.sort, str) else self.text
        if not text or self.style == "unknown":
            return (2, 0.0, (text,))
        parts = re.split(r"([0-9]+)", text.casefold())
        return (1, 0.0, tuple(part.zfill(20) if part.isdigit() else part for part in parts))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, the same in both faces."""

    key: str
    title: str
    align: Align = "left"
    width: int = 0
    """Cells it would like at least; 0: as wide as its content."""
    grows: bool = False
    """Takes what room is left, and is the first to be cut."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a key that stays the same between two refreshes, and a cell for each column."""

    key: str
    cells: tuple[Cell, ...]
    depth: int = 0
    """Level in a tree; 0 for tables."""


EMPTY = Cell("")

_ANSWERS: dict[Answer, tuple[str, Style, int]] = {
    Answer.YES: ("✓ yes", "good", 0),
    Answer.YES_IF: ("◐ yes-if", "warn", 1),
    Answer.UNKNOWN: ("? unknown", "unknown", 2),
    Answer.NO: ("✗ no", "bad", 3),
}
_RESULTS: dict[Result, tuple[str, Style, int]] = {
    Result.RAN: ("▣ ran", "good", 0),
    Result.FAILED: ("▨ failed", "bad", 1),
    Result.NOT_RUN: ("▢ not run", "dim", 2),
}
_CHECKS: dict[Check, tuple[str, Style, int]] = {
    Check.OK: ("✓ ok", "good", 0),
    Check.MISMATCH: ("✗ mismatch", "bad", 1),
    Check.ABSENT: ("– absent", "dim", 2),
}


def answer_cell(answer: Answer) -> Cell:
    """``✓ yes``, ``◐ yes-if``, ``? unknown``, ``✗ no``."""
    text, style, rank = _ANSWERS[answer]
    return Cell(text, style, sort=rank)


def answer_mark(answer: Answer) -> tuple[str, Style]:
    """The glyph alone, and its meaning: ``("✓", "good")``."""
    text, style, _ = _ANSWERS[answer]
    return text[0], style


def result_cell(result: Result) -> Cell:
    """``▣ ran``, ``▨ failed``, ``▢ not run``."""
    text, style, rank = _RESULTS[result]
    return Cell(text, style, sort=rank)


def check_cell(check: Fact[Check]) -> Cell:
    """``✓ ok``, ``✗ mismatch``, ``– absent``; empty where nothing was compared yet."""
    if isinstance(check, MISSING):
        return fact_cell(check, lambda _: EMPTY)
    text, style, rank = _CHECKS[check]
    return Cell(text, style, sort=rank)


def missing_text(fact: Unknown | NotApplicable, short: bool = False) -> str:
    """``? needs the download`` or ``n/a: a static program has none``; ``short`` leaves the reason out (``?``, ``–``)."""
    if isinstance(fact, Unknown):
        return "?" if short else f"? {fact.why}"
    return "–" if short else f"n/a: {fact.why}"


def fact_cell(
    fact: Fact[T], show: Callable[[T], Cell], short: bool = False, align: Align = "left"
) -> Cell:
    """``show`` of a known fact; else why it is missing."""
    if isinstance(fact, (Unknown, NotApplicable)):
        return Cell(
            missing_text(fact, short), "unknown" if isinstance(fact, Unknown) else "dim", align
        )
    return show(fact)
