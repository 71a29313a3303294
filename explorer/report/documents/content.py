"""The content of a report: what was inspected, predicted and proved, with what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from explorer.facts import MISSING
from explorer.report.answers import check_cell, missing_text, verdict_cell
from explorer.report.binaries import binary_facts
from explorer.report.cells import EMPTY, Cell, Column, Row
from explorer.report.steps import step_row
from explorer.report.units import human_size, iso_time
from explorer.report.verdicts import (
    ReasonBlock,
    check_row,
    command_lines,
    deciding_in_words,
    headline,
    output_lines,
    proof_facts,
    proof_line,
    reason_blocks,
    verdict_banner,
)
from explorer.report.verdicts.proofs import proof_cell
from explorer.report.versions import versions
from explorer.verify import Proof, StepResult
from explorer.workbench import Inspection

OUTPUT_LINES = 200
"""Lines of a container's output that a report quotes; the JSON has all that was kept."""


@dataclass(frozen=True, slots=True)
class ProofPart:
    """One proof, ready to be written."""

    headline: Cell
    facts: tuple[Row, ...]
    checks: tuple[Row, ...]
    commands: tuple[str, ...]
    output: tuple[tuple[str, tuple[Cell, ...]], ...]
    """Name of each stream and its lines; empty streams are left out."""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One inspection, ready to be written."""

    title: Cell
    notes: tuple[Cell, ...]
    """As ``Banner.notes``."""
    facts: tuple[Row, ...]
    verdicts: tuple[tuple[Cell, tuple[ReasonBlock, ...]], ...]
    """Headline and reasons of each."""
    proofs: tuple[ProofPart, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    made: tuple[Row, ...]
    """Versions and time, as (what, value) rows."""
    summary: tuple[Row, ...]
    """A row for each file and target, in the columns of ``SUMMARY_COLUMNS``."""
    sections: tuple[ReportSection, ...]


SUMMARY_COLUMNS = (
    Column("file", "file", grows=True),
    Column("size", "size", "right"),
    Column("target", "target"),
    Column("answer", "answer"),
    Column("because", "because"),
    Column("proof", "proof"),
)


def document(inspections: Sequence[Inspection], now: datetime | None = None) -> Document:
    """The content of a report on ``inspections``."""
    moment = iso_time(now or datetime.now(UTC))
    made = [("made", moment), *versions(inspections)]
    return Document(
        "rr-explorer report",
        tuple(
            Row(str(number), (Cell(name, "dim"), Cell(value)))
            for number, (name, value) in enumerate(made)
        ),
        tuple(row for inspection in inspections for row in _summary(inspection)),
        tuple(_section(inspection) for inspection in inspections),
    )


def _summary(inspection: Inspection) -> tuple[Row, ...]:
    size = inspection.file.size
    name = Cell(
        inspection.subject.name + (" (stand-in)" if inspection.subject.stand_in else ""), "strong"
    )
    shown = (
        Cell(missing_text(size, short=True))
        if isinstance(size, MISSING)
        else Cell(human_size(size), align="right")
    )
    rows = []
    for verdict in inspection.verdicts:
        proved = proof_cell(inspection.proofs, verdict.target, in_full=True)
        because = Cell(deciding_in_words(verdict))
        rows.append(
            Row(
                f"{inspection.subject.name}:{verdict.target.name}",
                (
                    name,
                    shown,
                    Cell(verdict.target.name),
                    verdict_cell(verdict),
                    because,
                    proved,
                ),
            )
        )
    return tuple(rows)


def _section(inspection: Inspection) -> ReportSection:
    facts = list(binary_facts(inspection))
    asset = inspection.subject.asset
    if asset is not None:
        facts.insert(0, Row("address", (Cell("address", "dim"), Cell(asset.url or "none known"))))
        digest = inspection.asset_sha256
        whole = missing_text(digest) if isinstance(digest, MISSING) else f"sha256:{digest}"
        facts.insert(
            1,
            Row(
                "asset",
                (
                    Cell("asset digest", "dim"),
                    Cell(f"{whole} ({check_cell(inspection.check).text})"),
                ),
            ),
        )
    return ReportSection(
        Cell(inspection.subject.name, "strong"),
        verdict_banner(inspection).notes,
        tuple(facts),
        tuple((headline(verdict), reason_blocks(verdict)) for verdict in inspection.verdicts),
        tuple(_proof(proof) for proof in inspection.proofs),
    )


def _step_as_check(step: StepResult) -> Row:
    """A step of a deep proof among the checks."""
    status, name, why = step_row(step).cells
    return Row(step.name, (status, name, EMPTY, why))


def _proof(proof: Proof) -> ProofPart:
    output = (
        ("stdout", output_lines(proof.stdout, OUTPUT_LINES)),
        ("stderr", output_lines(proof.stderr, OUTPUT_LINES)),
    )
    return ProofPart(
        proof_line(proof),
        proof_facts(proof),
        (*map(check_row, proof.checks), *map(_step_as_check, proof.deep)),
        command_lines(proof),
        tuple((name, lines) for name, lines in output if lines),
    )
