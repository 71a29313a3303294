"""What ``check --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.report.json.shapes import BOOLEAN, TEXT, Field, Shape, many, nullable, word
from explorer.report.promises import promise_sentence
from explorer.workbench import GateReport, GateResult, Keeping


class GateOf(NamedTuple):
    """A report, and the warnings beside it."""

    report: GateReport
    warnings: Sequence[str]


KEPT = Shape[GateResult](
    "kept",
    "One requirement of one file.",
    Field("name", TEXT, lambda r: r.promise.name, "the pattern in the promise"),
    Field("file", nullable(TEXT), lambda r: r.file or None, "null: no file has such a name"),
    Field("requirement", TEXT, lambda r: r.kept.requirement),
    Field("target", nullable(TEXT), lambda r: r.kept.target or None),
    Field("keeping", word(Keeping), lambda r: r.kept.keeping),
    Field("text", TEXT, lambda r: r.kept.text),
)
CHECK = Shape[GateOf](
    "check_promise",
    "rr-explorer check --json",
    Field("repo", TEXT, lambda g: g.report.repo),
    Field("tag", TEXT, lambda g: g.report.tag),
    Field("promise", TEXT, lambda g: str(g.report.path)),
    Field("holds", BOOLEAN, lambda g: g.report.holds),
    Field("sentence", TEXT, lambda g: promise_sentence(g.report).text),
    Field("results", many(KEPT.kind), lambda g: g.report.results),
    Field("warnings", many(TEXT), lambda g: g.warnings),
)
