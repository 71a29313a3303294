"""The reasons of a verdict as rows and as blocks to be read."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.compat import Reason, Verdict
from explorer.report.answers import answer_cell, answer_mark
from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.text import one_line

REASON_COLUMNS = (
    Column("answer", "says", width=10),
    Column("code", "rule"),
    Column("text", "reason", grows=True),
    Column("evidence", "evidence"),
    Column("remedy", "what to do"),
)


def reason_row(reason: Reason) -> Row:
    """One reason: what it makes of the verdict, its rule, sentence, evidence and remedy."""
    says = Cell("· advice", "dim", sort=9) if reason.advice else answer_cell(reason.answer)
    return Row(
        reason.code,
        (
            says,
            Cell(reason.code, "code"),
            Cell(one_line(reason.text)),
            Cell(one_line(reason.evidence), "dim"),
            Cell(one_line(reason.remedy)),
        ),
    )


@dataclass(frozen=True, slots=True)
class ReasonBlock:
    """One reason to be read."""

    sentence: Cell
    """Mark, sentence and rule: ``✗ It needs glibc's loader …  [elf.interp.glibc]``."""
    details: tuple[Cell, ...]
    """Evidence and remedy; those that are empty are left out."""

    def lines(self, indent: int = 4) -> tuple[Cell, ...]:
        """The sentence, and the details below it, indented by ``indent`` spaces."""
        below = (Cell(" " * indent + cell.text, cell.style) for cell in self.details)
        return (self.sentence, *below)


def reason_blocks(verdict: Verdict) -> tuple[ReasonBlock, ...]:
    """All reasons of a verdict, worst first, advice last."""
    return tuple(_reason_block(reason) for reason in verdict.reasons)


def _reason_block(reason: Reason) -> ReasonBlock:
    mark: tuple[str, Style] = ("·", "dim") if reason.advice else answer_mark(reason.answer)
    glyph, style = mark
    details = []
    if reason.evidence:
        details.append(Cell(f"seen: {one_line(reason.evidence)}", "dim"))
    if reason.remedy:
        details.append(Cell(f"→ {one_line(reason.remedy)}", "accent"))
    sentence = Cell(f"{glyph} {one_line(reason.text)}  [{reason.code}]", style)
    return ReasonBlock(sentence, tuple(details))
