"""What changed between two files or releases, and how to build a file again, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.compat import Answer
from explorer.elf import DifferenceKind, Differences, DifferingRange, Sameness
from explorer.facts import NotApplicable
from explorer.report.comparing import rebuild_line
from explorer.report.json.binaries import GO_MODULE
from explorer.report.json.catalogue import ASSET, RELEASE
from explorer.report.json.golang import ADVISORY_MATCH
from explorer.report.json.inspection import SUBJECT
from explorer.report.json.shapes import (
    BOOLEAN,
    BYTES,
    INTEGER,
    TEXT,
    Field,
    Shape,
    fact,
    many,
    nullable,
    part,
    word,
)
from explorer.workbench import (
    AssetPair,
    FactChange,
    FileComparison,
    FileState,
    ModuleChange,
    Rebuild,
    ReleaseComparison,
    SizeChange,
    VerdictChange,
    VulnerabilityChanges,
)

RANGE = Shape[DifferingRange](
    "differing_range",
    "Bytes that differ between two files of one size.",
    Field("kind", word(DifferenceKind), lambda r: r.kind),
    Field("offset", BYTES, lambda r: r.offset),
    Field("size", BYTES, lambda r: r.size, "from the first to the last byte that differs"),
    Field("changed", BYTES, lambda r: r.changed, "bytes that differ"),
    Field("place", TEXT, lambda r: r.place, "a section"),
    Field("before", TEXT, lambda r: r.before),
    Field("after", TEXT, lambda r: r.after),
)
DIFFERENCES = Shape[Differences](
    "differences",
    "Two files held against each other, byte by byte.",
    Field("sameness", word(Sameness), lambda d: d.sameness),
    Field("why", TEXT, lambda d: d.why),
    Field("changed", BYTES, lambda d: d.changed, "bytes that differ; 0 where the sizes differ"),
    Field("count", INTEGER, lambda d: d.count, "ranges that differ"),
    Field("ranges", many(RANGE.kind), lambda d: d.ranges, "the first ones"),
)
FACT_CHANGE = Shape[FactChange](
    "fact_change",
    "A fact that is not the same in both files, or not known of one of them.",
    Field("key", TEXT, lambda c: c.key),
    Field("before", fact(TEXT), lambda c: c.before),
    Field("after", fact(TEXT), lambda c: c.after),
)
SIZE_CHANGE = Shape[SizeChange](
    "size_change",
    "A part whose size changed.",
    Field("name", TEXT, lambda c: c.name),
    Field("before", nullable(BYTES), lambda c: c.before, "bytes; null: it is not there"),
    Field("after", nullable(BYTES), lambda c: c.after, "bytes; null: it is not there"),
)
MODULE_CHANGE = Shape[ModuleChange](
    "module_change",
    "A Go module that was added, removed, or moved to another version or replacement.",
    Field("path", TEXT, lambda c: c.path),
    Field("before", nullable(GO_MODULE.kind), lambda c: c.before),
    Field("after", nullable(GO_MODULE.kind), lambda c: c.after),
)
VERDICT_CHANGE = Shape[VerdictChange](
    "verdict_change",
    "Another answer, or another reason for it, on one target.",
    Field("target", TEXT, lambda c: c.before.target.name),
    Field("before", word(Answer), lambda c: c.before.answer),
    Field("before_code", TEXT, lambda c: c.before.deciding.code),
    Field("after", word(Answer), lambda c: c.after.answer),
    Field("after_code", TEXT, lambda c: c.after.deciding.code),
)
VULNERABILITY_CHANGES = Shape[VulnerabilityChanges](
    "vulnerability_changes",
    "Advisories that only one of two programs is affected by, or may be.",
    Field("database", TEXT, lambda c: c.database),
    Field("fixed", many(ADVISORY_MATCH.kind), lambda c: c.fixed),
    Field("introduced", many(ADVISORY_MATCH.kind), lambda c: c.introduced),
)


class FilesCompared(NamedTuple):
    """What ``compare`` says of two files."""

    comparison: FileComparison
    warnings: Sequence[str]


_FILES = Shape[FileComparison](
    "file_comparison",
    "What differs between two files; what is the same is left out.",
    Field("before", SUBJECT.kind, lambda c: c.before.subject),
    Field("after", SUBJECT.kind, lambda c: c.after.subject),
    Field("same_program", BOOLEAN, lambda c: c.same_program),
    Field("bytes", fact(DIFFERENCES.kind), lambda c: c.bytes),
    Field("facts", many(FACT_CHANGE.kind), lambda c: c.facts),
    Field("libraries_added", fact(many(TEXT)), lambda c: c.libraries_added),
    Field("libraries_gone", fact(many(TEXT)), lambda c: c.libraries_gone),
    Field("hardening", fact(many(FACT_CHANGE.kind)), lambda c: c.hardening),
    Field("modules", fact(many(MODULE_CHANGE.kind)), lambda c: c.modules),
    Field("settings", fact(many(FACT_CHANGE.kind)), lambda c: c.settings),
    Field("verdicts", many(VERDICT_CHANGE.kind), lambda c: c.verdicts),
    Field("vulnerabilities", fact(VULNERABILITY_CHANGES.kind), lambda c: c.vulnerabilities),
    Field("sections", fact(many(SIZE_CHANGE.kind)), lambda c: c.sections),
    Field("packages", fact(many(SIZE_CHANGE.kind)), lambda c: c.packages),
)
COMPARE = Shape[FilesCompared](
    "compare",
    "rr-explorer compare --json, of two files",
    *part(_FILES, lambda c: c.comparison),
    Field("warnings", many(TEXT), lambda c: c.warnings),
)


class ReleasesCompared(NamedTuple):
    """What ``compare`` says of two releases."""

    comparison: ReleaseComparison
    warnings: Sequence[str]


def _answer(state: FileState) -> Answer | None:
    inspection = state.inspection
    return inspection.verdicts[0].answer if inspection and inspection.verdicts else None


PAIR = Shape[AssetPair](
    "asset_pair",
    "A file of one release and its successor in the other.",
    Field("before", ASSET.kind, lambda p: p.before),
    Field("after", ASSET.kind, lambda p: p.after),
    Field("answer_before", nullable(word(Answer)), lambda p: _answer(p.states[0])),
    Field("answer_after", nullable(word(Answer)), lambda p: _answer(p.states[1])),
    Field("modules", fact(many(MODULE_CHANGE.kind)), lambda p: p.modules),
    Field("changes", fact(_FILES.kind), lambda p: p.changes, "as far as both files were read"),
)
COMPARE_RELEASES = Shape[ReleasesCompared](
    "compare_releases",
    "rr-explorer compare --json, of two releases",
    Field("before", RELEASE.kind, lambda c: c.comparison.before),
    Field("after", RELEASE.kind, lambda c: c.comparison.after),
    Field("pairs", many(PAIR.kind), lambda c: c.comparison.pairs),
    Field("added", many(ASSET.kind), lambda c: c.comparison.added),
    Field("gone", many(ASSET.kind), lambda c: c.comparison.gone),
    Field("warnings", many(TEXT), lambda c: c.warnings),
)


class Reproduced(NamedTuple):
    """What ``reproduce`` says; ``judged`` where another build was named."""

    rebuild: Rebuild
    judged: FileComparison | None
    warnings: Sequence[str]


REPRODUCE = Shape[Reproduced](
    "reproduce",
    "rr-explorer reproduce --json",
    Field("subject", SUBJECT.kind, lambda r: r.rebuild.inspection.subject),
    Field("line", TEXT, lambda r: rebuild_line(r.rebuild)),
    Field("unknown", many(TEXT), lambda r: r.rebuild.unknown),
    Field(
        "reproduced",
        nullable(BOOLEAN),
        lambda r: r.judged.same_program if r.judged is not None else None,
        "null: no other build was named",
    ),
    Field(
        "bytes",
        fact(DIFFERENCES.kind),
        lambda r: r.judged.bytes if r.judged else NotApplicable("no other build was named"),
    ),
    Field("warnings", many(TEXT), lambda r: r.warnings),
)
