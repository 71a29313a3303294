"""Many files at a glance as JSON: the matrix, advice, and a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from explorer.compat import Answer, Target, Verdict, floor_of
from explorer.releases import Asset
from explorer.report.advice.lines_to_paste import pastable
from explorer.report.advice.maintainers import (
    FileEvidence,
    MaintainerNote,
    Situation,
    proof_sentences,
)
from explorer.report.advice.rows import proof_of, prove_command
from explorer.report.advice.snippet import Snippet
from explorer.report.json.catalogue import ASSET, SEEN_PROOF
from explorer.report.json.golang import AFFECTING
from explorer.report.json.inspection import INSPECT, PLACE, Inspected
from explorer.report.json.shapes import (
    BOOLEAN,
    INTEGER,
    SHA256,
    TEXT,
    TIME,
    Field,
    Shape,
    fact,
    many,
    nullable,
    one_of,
    word,
)
from explorer.report.story import story_of
from explorer.report.verdicts.proofs import tested_in_words
from explorer.verify import Proof, Result, proof_for
from explorer.workbench import (
    Advice,
    FileState,
    Matrix,
    MatrixCell,
    MatrixColumn,
    MatrixRow,
    ReleaseTrust,
    SignalKind,
    TargetMatrix,
    TargetRow,
    Voucher,
)


class ListedFile(NamedTuple):
    """A file, what is known of it, and the target."""

    asset: Asset
    known: FileState
    target: Target

    @property
    def state(self) -> str:
        """``published``, ``seen``, ``unfinished`` or ``error``."""
        if self.asset.unfinished:
            return "unfinished"
        if not self.known.looked_at:
            return "published"
        return "error" if self.known.error else "seen"

    @property
    def verdict(self) -> Verdict | None:
        """On the first target that was asked for."""
        inspection = self.known.inspection
        return inspection.verdicts[0] if inspection and inspection.verdicts else None

    @property
    def proof(self) -> Proof | None:
        """The newest on the target."""
        return proof_for(self.proofs, self.target)

    @property
    def proofs(self) -> Sequence[Proof]:
        """All, newest first."""
        return self.known.inspection.proofs if self.known.inspection else ()


MATRIX_FILE = Shape[ListedFile](
    "matrix_file",
    "A file of the matrix and what is known of it.",
    Field("name", TEXT, lambda f: f.asset.name),
    Field("platform", TEXT, lambda f: f.asset.platform.slug, "as its name claims: linux-arm64"),
    Field(
        "state",
        one_of("published", "seen", "unfinished", "error"),
        lambda f: f.state,
        "published: not inspected (demo, offline); seen: the answer is known; "
        "unfinished: its upload was never finished; error: it could not be inspected",
    ),
    Field("answer", nullable(word(Answer)), lambda f: f.verdict.answer if f.verdict else None),
    Field(
        "if",
        many(TEXT),
        lambda f: f.verdict.packages if f.verdict else (),
        "packages that make it run, or may do so",
    ),
    Field("code", nullable(TEXT), lambda f: f.verdict.deciding.code if f.verdict else None),
    Field("text", nullable(TEXT), lambda f: f.verdict.deciding.text if f.verdict else None),
    Field("proof", nullable(word(Result)), lambda f: f.proof.result if f.proof else None),
    Field(
        "tested",
        nullable(TEXT),
        lambda f: tested_in_words(f.proofs, f.target) if f.proofs else None,
        "what proofs say of the target, those on other systems in brackets; null: no proof",
    ),
    Field("error", nullable(TEXT), lambda f: str(f.known.error) if f.known.error else None),
    Field(
        "cached",
        nullable(BOOLEAN),
        lambda f: f.known.cached,
        "whether the cache has all of its bytes; null: not checked",
    ),
)


class _Cell(NamedTuple):
    matrix: Matrix
    cell: MatrixCell

    def file(self, asset: Asset) -> ListedFile:
        return ListedFile(asset, self.matrix.known.of(asset), self.matrix.target)


class _Row(NamedTuple):
    matrix: Matrix
    row: MatrixRow


MATRIX_CELL = Shape[_Cell](
    "matrix_cell",
    "One release on one platform.",
    Field("column", TEXT, lambda c: c.cell.column.key),
    Field(
        "published",
        many(MATRIX_FILE.kind),
        lambda c: [c.file(asset) for asset in c.cell.assets],
        "empty: not published",
    ),
    Field(
        "serves",
        nullable(MATRIX_FILE.kind),
        lambda c: c.file(c.cell.instead) if c.cell.instead else None,
        "the file that may work instead where nothing is published",
    ),
)


def _voucher_of(kind: SignalKind) -> Callable[[ReleaseTrust], Voucher]:
    return lambda trust: trust.vouchers[kind]


VOUCHERS = Shape[ReleaseTrust](
    "vouchers",
    "What vouches for the files of a release.",
    *(Field(kind.value, word(Voucher), _voucher_of(kind)) for kind in SignalKind),
    Field("lost", many(TEXT), lambda t: t.lost, "what the release before it had"),
)
MATRIX_ROW = Shape[_Row](
    "matrix_row",
    "One release.",
    Field("tag", TEXT, lambda r: r.row.release.tag),
    Field("published_at", fact(TIME), lambda r: r.row.release.published_at),
    Field("prerelease", BOOLEAN, lambda r: r.row.release.prerelease),
    Field(
        "vulnerabilities",
        nullable(INTEGER),
        lambda r: r.matrix.vulnerable(r.row),
        "known ones that affect its program; null: not known, or no database is here",
    ),
    Field(
        "trust",
        nullable(VOUCHERS.kind),
        lambda r: r.matrix.trust.get(r.row.release.tag),
        "what vouches for its files, as far as it is known without a download",
    ),
    Field(
        "cells",
        many(MATRIX_CELL.kind),
        lambda r: [_Cell(r.matrix, cell) for cell in r.row.cells],
    ),
)
MATRIX_COLUMN = Shape[MatrixColumn](
    "matrix_column",
    "One platform.",
    Field("key", TEXT, lambda c: c.key),
    Field("title", TEXT, lambda c: c.title),
    Field("kind", TEXT, lambda c: c.kind.value),
    Field("serves", nullable(TEXT), lambda c: c.instead or None),
)
MATRIX = Shape[Matrix](
    "matrix",
    "rr-explorer matrix --json",
    Field("repo", TEXT, lambda m: m.repo),
    Field("target", TEXT, lambda m: m.target.name),
    Field("total", INTEGER, lambda m: m.total, "releases in the list; the rows may be fewer"),
    Field("story", TEXT, lambda m: story_of(m).text, "what the rows say, in words; may be empty"),
    Field("last_no", nullable(TEXT), lambda m: story_of(m).last_no or None, "a tag"),
    Field("warnings", many(TEXT), lambda m: m.warnings),
    Field("columns", many(MATRIX_COLUMN.kind), lambda m: m.columns),
    Field("rows", many(MATRIX_ROW.kind), lambda m: [_Row(m, row) for row in m.rows]),
)


class _OnTargets(NamedTuple):
    matrix: TargetMatrix
    row: TargetRow


TARGET_ROW = Shape[_OnTargets](
    "target_row",
    "A file, and where it runs.",
    Field("tag", TEXT, lambda r: r.row.release.tag),
    Field("name", TEXT, lambda r: r.row.asset.name),
    Field("platform", TEXT, lambda r: r.row.asset.platform.slug, "as its name claims"),
    Field(
        "floor",
        nullable(TEXT),
        lambda r: floor_of(r.row.verdicts) if r.row.verdicts else None,
        "the least that it needs, in words",
    ),
    Field("places", many(PLACE.kind), lambda r: r.row.verdicts, "in the order of the targets"),
    Field("error", nullable(TEXT), lambda r: str(r.row.state.error) if r.row.state.error else None),
)
BY_TARGET = Shape[TargetMatrix](
    "matrix_by_target",
    "rr-explorer matrix --by target --json",
    Field("repo", TEXT, lambda m: m.repo),
    Field("targets", many(TEXT), lambda m: [target.name for target in m.targets]),
    Field("files", many(TARGET_ROW.kind), lambda m: [_OnTargets(m, row) for row in m.rows]),
    Field("warnings", many(TEXT), lambda m: m.warnings),
)
SNIPPET = Shape[Snippet](
    "snippet",
    "Lines to paste.",
    Field("key", TEXT, lambda s: s.key),
    Field("title", TEXT, lambda s: s.title),
    Field("language", TEXT, lambda s: s.language),
    Field("text", TEXT, lambda s: s.text),
    Field("note", TEXT, lambda s: s.note),
)


class Advised(NamedTuple):
    """Advice, how rr-explorer is called in commands to copy, and the warnings beside it."""

    advice: Advice
    call: str
    warnings: Sequence[str]


def _candidates(item: Advised) -> list[ListedFile]:
    advice = item.advice
    return [ListedFile(c.asset, c.state, advice.target) for c in advice.candidates]


ADVISE = Shape[Advised](
    "advise",
    "rr-explorer advise --json",
    Field("repo", TEXT, lambda a: a.advice.repo),
    Field("tag", TEXT, lambda a: a.advice.release.tag),
    Field("arch", TEXT, lambda a: a.advice.arch),
    Field("libc", TEXT, lambda a: a.advice.libc),
    Field("target", TEXT, lambda a: a.advice.target.name),
    Field("why", TEXT, lambda a: a.advice.why),
    Field(
        "chosen",
        nullable(ASSET.kind),
        lambda a: a.advice.chosen.asset if a.advice.chosen else None,
        "null: no published file works",
    ),
    Field("vulnerabilities", fact(AFFECTING.kind), lambda a: a.advice.vulnerabilities),
    Field("sha256", fact(SHA256), lambda a: a.advice.sha256),
    Field(
        "sha256_from", nullable(one_of("api", "download")), lambda a: a.advice.sha256_from or None
    ),
    Field(
        "proof",
        nullable(SEEN_PROOF.kind),
        lambda a: proof_of(a.advice),
        "the newest proof of the chosen file on the target; null: not verified yet",
    ),
    Field(
        "prove",
        nullable(TEXT),
        lambda a: prove_command(a.advice, a.call) or None,
        "the command that would verify it",
    ),
    Field("candidates", many(MATRIX_FILE.kind), _candidates),
    Field("snippets", many(SNIPPET.kind), lambda a: pastable(a.advice)[0]),
    Field(
        "nothing_to_paste",
        nullable(TEXT),
        lambda a: pastable(a.advice)[1] or None,
        "why there are no snippets",
    ),
    Field("warnings", many(TEXT), lambda a: a.warnings),
)
FILE_EVIDENCE = Shape[FileEvidence](
    "file_evidence",
    "What is known of a file, for a message to maintainers.",
    Field("name", TEXT, lambda f: f.name),
    Field("answer", word(Answer), lambda f: f.answer),
    Field("text", TEXT, lambda f: f.text, "the deciding reason, or why there is no verdict"),
    Field("evidence", TEXT, lambda f: f.seen_at, "where in the file; empty without a verdict"),
    Field("known_from", TEXT, lambda f: f.known_from, "how much of the file was read"),
    Field("proofs", many(SEEN_PROOF.kind), lambda f: f.proofs, "newest first"),
    Field("proofs_in_words", many(TEXT), proof_sentences, "each with its image's digest"),
)


class MaintainersAdvised(NamedTuple):
    """A message to maintainers, and the warnings beside it."""

    note: MaintainerNote
    warnings: Sequence[str]


ADVISE_MAINTAINERS = Shape[MaintainersAdvised](
    "advise_for_maintainers",
    "rr-explorer advise --for-maintainers --json",
    Field("repo", TEXT, lambda a: a.note.repo),
    Field("tag", TEXT, lambda a: a.note.tag),
    Field("platform", TEXT, lambda a: a.note.platform, "musl-arm64"),
    Field("target", TEXT, lambda a: a.note.target, "in words"),
    Field(
        "situation",
        word(Situation),
        lambda a: a.note.situation,
        "published: a file named for musl runs; static, runs: another file does; conditional: one "
        "runs under a condition; build: no file runs; unknown: too little is known",
    ),
    Field("title", TEXT, lambda a: a.note.title),
    Field("proposal", many(TEXT), lambda a: a.note.proposal, "sentences"),
    Field("files", many(FILE_EVIDENCE.kind), lambda a: a.note.files, "the file to use first"),
    Field("unknown", many(TEXT), lambda a: a.note.unknown, "sentences on what is not known"),
    Field("snippets", many(SNIPPET.kind), lambda a: a.note.snippets),
    Field("nothing_to_paste", nullable(TEXT), lambda a: a.note.no_lines or None),
    Field("warnings", many(TEXT), lambda a: a.warnings),
)
MADE_WITH = Shape[tuple[str, str]](
    "made_with",
    "What a report was made with.",
    Field("name", TEXT, lambda v: v[0]),
    Field("version", TEXT, lambda v: v[1]),
)


class Reported(NamedTuple):
    """Inspections, the moment as ISO 8601, and the versions that they were made with."""

    inspections: Sequence[Inspected]
    made: str
    versions: Sequence[tuple[str, str]]
    warnings: Sequence[str]


REPORT = Shape[Reported](
    "report",
    "rr-explorer report --json",
    Field("made", TEXT, lambda r: r.made, "UTC, ISO 8601"),
    Field("versions", many(MADE_WITH.kind), lambda r: r.versions),
    Field("inspections", many(INSPECT.kind), lambda r: r.inspections),
    Field("warnings", many(TEXT), lambda r: r.warnings),
)
