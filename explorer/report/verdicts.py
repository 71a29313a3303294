"""Verdicts in words: the banner, the reasons, the tree of libraries, targets and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from explorer.compat import Answer, Dependency, Reason, Rule, Target, Verdict, Where
from explorer.facts import MISSING
from explorer.report.cells import (
    EMPTY,
    Cell,
    Column,
    Row,
    Style,
    answer_cell,
    answer_mark,
    fact_cell,
    missing_text,
)
from explorer.report.proofs import proof_line
from explorer.report.text import one_line, visible
from explorer.report.units import human_size, plural
from explorer.report.words import target_in_words
from explorer.workbench.models import Inspection

_HEADLINES: dict[Answer, tuple[str, Style]] = {
    Answer.YES: ("✓ YES, runs on", "good"),
    Answer.YES_IF: ("◐ YES, IF: it may run on", "warn"),
    Answer.UNKNOWN: ("? UNKNOWN, whether it runs on", "unknown"),
    Answer.NO: ("✗ NO, does not run on", "bad"),
}


@dataclass(frozen=True, slots=True)
class Banner:
    """The verdict in words, for the top of a screen."""

    headline: Cell
    """``✓ YES, runs on musl 1.2.5 (Alpine 3.22), arm64``."""
    because: Cell
    """The deciding reason's sentence."""
    evidence: Cell
    remedy: Cell
    """What to do; empty where nothing has to be done."""
    proof: Cell
    """The newest proof, or that there is none yet."""
    notes: tuple[Cell, ...]
    """What must not be overlooked: stand-in, an answer that changed, a proof that disagrees, what a peek cost."""


def verdict_banner(
    inspection: Inspection, verdict: Verdict | None = None, now: datetime | None = None
) -> Banner:
    """The banner of one inspection: of its first verdict, or of the one named."""
    chosen = verdict or (inspection.verdicts[0] if inspection.verdicts else None)
    notes = tuple(_notes(inspection))
    newest = inspection.proofs[0] if inspection.proofs else None
    proof = proof_line(newest, now) if newest else Cell("▢ not proved yet", "dim")
    if chosen is None:
        return Banner(Cell("? no verdict asked for", "unknown"), EMPTY, EMPTY, EMPTY, proof, notes)
    reason = chosen.deciding
    return Banner(
        headline(chosen),
        Cell(one_line(reason.text)),
        Cell(one_line(reason.evidence), "dim"),
        Cell(one_line(reason.remedy)),
        proof,
        notes,
    )


def headline(verdict: Verdict) -> Cell:
    """``✗ NO, does not run on musl 1.2.5 (Alpine 3.22), amd64``."""
    words, style = _HEADLINES[verdict.answer]
    where = target_in_words(verdict.target)
    return Cell(
        f"{words} {where}, {verdict.target.arch}" if verdict.target.arch else f"{words} {where}",
        style,
    )


def _notes(inspection: Inspection) -> Iterable[Cell]:
    if inspection.changed:
        yield Cell(f"! {inspection.changed}", "bad")
    if inspection.proofs and inspection.proofs[0].agrees is False:
        yield Cell(
            f"! the proof DISAGREES with the verdict ({inspection.proofs[0].verdict}): please report it",
            "bad",
        )
    if inspection.subject.stand_in:
        yield Cell("stand-in: a demo binary built for rr-explorer, not RoadRunner's", "warn")
    if not isinstance(inspection.traffic, MISSING):
        traffic = inspection.traffic
        whole = "" if isinstance(traffic.of, MISSING) else f" of {human_size(traffic.of)}"
        yield Cell(
            f"peek: {plural(traffic.requests, 'request')}, {human_size(traffic.bytes)}{whole}, nothing downloaded",
            "dim",
        )


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
        """The sentence, and the details below it, indented by so many spaces."""
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


VERDICT_COLUMNS = (
    Column("target", "target"),
    Column("answer", "answer", width=10),
    Column("reason", "because", grows=True),
)


def verdict_row(verdict: Verdict) -> Row:
    """One target of several."""
    return Row(
        verdict.target.name,
        (
            Cell(verdict.target.name, "strong"),
            answer_cell(verdict.answer),
            Cell(one_line(verdict.deciding.text)),
        ),
    )


DEPENDENCY_COLUMNS = (
    Column("name", "library", grows=True),
    Column("where", "found", width=9),
    Column("path", "at"),
    Column("searched", "searched"),
)
_WHERE: dict[Where, tuple[str, Style]] = {
    Where.LOADER: ("✓ loader", "good"),
    Where.IMAGE: ("✓ image", "good"),
    Where.BESIDE: ("✓ beside", "good"),
    Where.COMPAT: ("◐ compat", "warn"),
    Where.MISSING: ("✗ missing", "bad"),
    Where.UNKNOWN: ("? unknown", "unknown"),
}
TREE_LIMIT = 2000
"""Nodes shown of a tree of libraries; a hostile archive can make it as wide as it likes."""


def dependency_rows(verdict: Verdict) -> tuple[Row, ...]:
    """The tree of libraries, depth first, the first column indented; empty for a static program."""
    if isinstance(verdict.dependencies, MISSING):
        return ()
    rows: list[Row] = []
    # A stack of iterators instead of recursion: the depth is the file's to choose.
    todo = [(0, dependency) for dependency in reversed(verdict.dependencies.libraries)]
    while todo and len(rows) < TREE_LIMIT:
        depth, node = todo.pop()
        rows.append(_dependency_row(node, depth, len(rows)))
        todo.extend((depth + 1, child) for child in reversed(node.children))
    if todo:
        rows.append(Row("more", (Cell(f"… cut after {TREE_LIMIT}", "warn"), EMPTY, EMPTY, EMPTY)))
    return tuple(rows)


def _dependency_row(node: Dependency, depth: int, index: int) -> Row:
    word, style = _WHERE[node.where]
    branch = "  " * (depth - 1) + "└ " if depth else ""
    searched = ", ".join(node.searched)
    return Row(
        f"{index}:{node.name}",
        (
            Cell(branch + visible(node.name), sort=node.name),
            Cell(word, style),
            Cell.of(node.path or "–", "" if node.path else "dim"),
            Cell(searched, "dim"),
        ),
        depth,
    )


def dependency_facts(verdict: Verdict) -> tuple[Row, ...]:
    """Interpreter, newest GLIBC, missing libraries and symbols, as (what, value) rows."""
    check = verdict.dependencies
    if isinstance(check, MISSING):
        return (Row("libraries", (Cell("libraries", "dim"), Cell(missing_text(check), "dim"))),)
    missing = check.missing_libraries
    rows = [
        ("interpreter", fact_cell(check.interpreter, Cell.of)),
        (
            "newest glibc",
            fact_cell(
                check.newest_glibc, lambda version: Cell(f"GLIBC_{version.removeprefix('GLIBC_')}")
            ),
        ),
        ("missing libraries", Cell(", ".join(missing), "bad") if missing else Cell("none", "good")),
        ("missing symbols", fact_cell(check.missing_symbols, _symbols_cell)),
    ]
    return tuple(Row(name, (Cell(name, "dim"), cell)) for name, cell in rows)


def _symbols_cell(names: tuple[str, ...]) -> Cell:
    if not names:
        return Cell("none", "good")
    more = f" … {len(names) - 20} more" if len(names) > 20 else ""
    return Cell(f"{len(names)}: {', '.join(names[:20])}{more}", "bad")


TARGET_COLUMNS = (
    Column("name", "name"),
    Column("title", "title", grows=True),
    Column("libc", "libc"),
    Column("version", "version"),
    Column("packages", "with"),
    Column("image", "image"),
)


def target_row(target: Target) -> Row:
    """A target as ``targets`` lists it."""
    libc = target.libc.value
    return Row(
        target.name,
        (
            Cell(target.name, "strong"),
            Cell(target.title),
            Cell(libc, sort=libc),
            Cell(target.libc_version or "–"),
            Cell(", ".join(sorted(target.packages)) or "–"),
            Cell(target.image or "–", "dim"),
        ),
    )


RULE_COLUMNS = (
    Column("step", "step", "right", width=4),
    Column("code", "code"),
    Column("answer", "answer", width=10),
    Column("title", "rule", grows=True),
)


def rule_row(rule: Rule) -> Row:
    """A rule as ``rules`` lists it."""
    return Row(
        rule.code,
        (
            Cell(str(rule.step), align="right", sort=rule.step),
            Cell(rule.code, "code"),
            answer_cell(rule.answer),
            Cell(rule.title),
        ),
    )
