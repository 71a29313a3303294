"""What both faces draw: cells, columns and rows of safe text, with meanings instead of colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from explorer.compat import Answer, Verdict
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.fetch import Check
from explorer.report.text import visible
from explorer.verify import Result

Style = Literal["", "good", "warn", "bad", "unknown", "dim", "strong", "accent", "code"]
"""What a text means. Each face has its own colours for it; colour is never the only cue."""
Align = Literal["left", "right"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of text to draw. Its text is visible and harmless, whatever it is made from."""

    text: str
    style: Style = ""
    align: Align = "left"
    sort: float | str | None = field(default=None, compare=False)
    """What to sort by if it is not the text: bytes of a size, seconds of a date."""
    short: str = ""
    """The form for a narrow column; empty: the text, cut."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))
        object.__setattr__(self, "short", visible(self.short))

    @classmethod
    def of(cls, untrusted: object, style: Style = "", align: Align = "left") -> Cell:
        """A cell of any object's text."""
        return cls(str(untrusted), style, align)

    @property
    def sort_key(self) -> tuple[int, float, tuple[str, ...]]:
        """Numbers first, then text (v2 before v10), then what is unknown or empty."""
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
    """Preferred width in cells; 0: as wide as its content."""
    grows: bool = False
    """Whether it takes the room that is left, and is the first to be cut."""
    names_row: bool = False
    """Whether it says which row it is: it is cut last, and never left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """A cell for each column, and a key that stays the same between two refreshes."""

    key: str
    cells: tuple[Cell, ...]
    depth: int = 0
    """Level in a tree; 0 for tables."""


EMPTY = Cell("")
UNFINISHED = Cell("? unfinished", "unknown", sort=2)
"""In place of an answer, for a file whose upload was never finished."""

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


def verdict_cell(verdict: Verdict) -> Cell:
    """The answer; ``✗ as is`` where only that of the target without packages is known."""
    if verdict.answer is Answer.UNKNOWN and verdict.unaided is Answer.NO:
        return Cell("✗ as is", "warn", sort=_ANSWERS[Answer.UNKNOWN][2])
    return answer_cell(verdict.answer)


def answer_mark(answer: Answer) -> tuple[str, Style]:
    """The glyph alone, and its meaning: ``("✓", "good")``."""
    text, style, _ = _ANSWERS[answer]
    return text[0], style


def result_cell(result: Result) -> Cell:
    """``▣ ran``, ``▨ failed``, ``▢ not run``."""
    text, style, rank = _RESULTS[result]
    return Cell(text, style, sort=rank)


def check_cell(check: Fact[Check]) -> Cell:
    """``✓ ok``, ``✗ mismatch``, ``– absent``; empty if nothing was compared."""
    if isinstance(check, MISSING):
        return fact_cell(check, lambda _: EMPTY)
    text, style, rank = _CHECKS[check]
    return Cell(text, style, sort=rank)


def missing_text(fact: Unknown | NotApplicable, short: bool = False) -> str:
    """``? needs the whole file``, ``n/a: a static program has none``; ``short``: ``?``, ``–``."""
    if isinstance(fact, Unknown):
        return "?" if short else f"? {fact.why}"
    return "–" if short else f"n/a: {fact.why}"


def fact_cell(
    fact: Fact[T], show: Callable[[T], Cell], short: bool = False, align: Align = "left"
) -> Cell:
    """``show(fact)`` if the fact is known; else why it is missing."""
    if isinstance(fact, (Unknown, NotApplicable)):
        return Cell(
            missing_text(fact, short), "unknown" if isinstance(fact, Unknown) else "dim", align
        )
    return show(fact)
