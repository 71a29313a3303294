"""Cells for answers, results and facts: the same words and marks wherever one is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from explorer.compat import Answer, Verdict
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.fetch import Check
from explorer.report.cells import EMPTY, Align, Cell, Style

if TYPE_CHECKING:
    from explorer.verify import Result

T = TypeVar("T")

UNFINISHED = Cell("? unfinished", "unknown", sort=2)
"""In place of an answer, for a file whose upload was never finished."""

_ANSWERS: dict[Answer, tuple[str, Style, int]] = {
    Answer.YES: ("✓ yes", "good", 0),
    Answer.YES_IF: ("◐ yes-if", "warn", 1),
    Answer.UNKNOWN: ("? unknown", "unknown", 2),
    Answer.NO: ("✗ no", "bad", 3),
}
_RESULTS: dict[str, tuple[str, Style, int]] = {
    "ran": ("▣ ran", "good", 0),
    "failed": ("▨ failed", "bad", 1),
    "not-run": ("▢ not run", "dim", 2),
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
        return Cell("✗ as is", "warn", sort=_ANSWERS[Answer.UNKNOWN][2] + 0.5)
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
