"""The lines of ``verify --all --json``: one for each result, and one for the sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.report.json.inspection import PROOF
from explorer.report.json.machine import ERROR_DETAIL
from explorer.report.json.shapes import (
    BOOLEAN,
    INTEGER,
    TEXT,
    Field,
    Shape,
    many,
    mapping,
    nullable,
    word,
)
from explorer.report.sweeps import sweep_sentence, sweep_words
from explorer.workbench import Answer, LeftOut, Standing, SweepResult, SweepSummary

SWEPT = Shape[SweepResult](
    "swept",
    "One file on one target: a line of rr-explorer verify --all --json.",
    Field("file", TEXT, lambda r: f"{r.item.asset.tag}/{r.item.asset.name}"),
    Field("target", TEXT, lambda r: r.item.target.name, "the target that was asked for"),
    Field("platform", TEXT, lambda r: r.item.platform, "empty for a script"),
    Field("answer", word(Answer), lambda r: r.item.verdict.answer, "what was predicted"),
    Field("standing", word(Standing), lambda r: r.standing),
    Field("text", TEXT, sweep_words, "the standing in words"),
    Field("known", BOOLEAN, lambda r: r.known, "an earlier proof; it was not run again"),
    Field("proof", nullable(PROOF.kind), lambda r: r.proof),
    Field("error", nullable(ERROR_DETAIL.kind), lambda r: r.error, "why it was not run"),
)
LEFT_OUT = Shape[LeftOut](
    "left_out",
    "A file that no container can run here.",
    Field("file", TEXT, lambda f: f"{f.asset.tag}/{f.asset.name}"),
    Field("why", TEXT, lambda f: f.why),
)


class SweepOf(NamedTuple):
    """The sum, and the warnings beside it."""

    summary: SweepSummary
    warnings: Sequence[str]


def _counts(item: SweepOf) -> dict[str, int]:
    return {standing.value: item.summary.count(standing) for standing in Standing}


SWEEP = Shape[SweepOf](
    "sweep",
    "The last line of rr-explorer verify --all --json.",
    Field("total", INTEGER, lambda s: len(s.summary.results)),
    Field("counts", mapping(INTEGER), _counts, "results by their standing"),
    Field("known", INTEGER, lambda s: sum(r.known for r in s.summary.results), "not run again"),
    Field("sentence", TEXT, lambda s: sweep_sentence(s.summary).text),
    Field("exit_code", INTEGER, lambda s: s.summary.exit_code),
    Field("left_out", many(LEFT_OUT.kind), lambda s: s.summary.left_out),
    Field("warnings", many(TEXT), lambda s: s.warnings),
)
