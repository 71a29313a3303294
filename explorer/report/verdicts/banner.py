"""A verdict in words, for the top of a screen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from explorer.compat import Answer, Verdict
from explorer.facts import MISSING
from explorer.fetch import Check
from explorer.report.cells import (
    EMPTY,
    Banner,
    Cell,
    Style,
)
from explorer.report.text import one_line
from explorer.report.units import human_size, plural
from explorer.report.verdicts.proofs import proof_on, proved_on
from explorer.report.verdicts.words import about_in_words, target_in_words
from explorer.verify import proof_for
from explorer.workbench import Inspection

_HEADLINES: dict[Answer, tuple[str, Style]] = {
    Answer.YES: ("✓ YES, runs on", "good"),
    Answer.YES_IF: ("◐ YES, IF: it may run on", "warn"),
    Answer.UNKNOWN: ("? UNKNOWN whether it runs on", "unknown"),
    Answer.NO: ("✗ NO, does not run on", "bad"),
}


def verdict_banner(
    inspection: Inspection, verdict: Verdict | None = None, now: datetime | None = None
) -> Banner:
    """The banner of one inspection: of its first verdict, or of the one named."""
    chosen = verdict or (inspection.verdicts[0] if inspection.verdicts else None)
    notes = tuple(_notes(inspection, chosen))
    proof = proof_on(
        inspection.proofs, proved_on(inspection.proofs, chosen) if chosen else None, now
    )
    if about := about_in_words(inspection):
        return Banner(Cell(f"– {about}, not a program", "dim"), EMPTY, EMPTY, EMPTY, EMPTY, notes)
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
        reason.ways,
    )


def headline(verdict: Verdict) -> Cell:
    """``✗ NO, does not run on Alpine 3.22 (musl 1.2.5), amd64``.

    With packages to install: ``◐ YES, IF: apk add gcompat libgcc · Alpine 3.22 (…), amd64``. Where
    only the target as it is named is judged: ``✗ NOT AS IT IS on …; with packages: unknown``.
    """
    words, style = _HEADLINES[verdict.answer]
    more = ""
    if verdict.answer is Answer.YES_IF and verdict.install:
        words = f"◐ YES, IF: {one_line(verdict.install)} ·"
    elif verdict.answer is Answer.UNKNOWN and verdict.unaided is Answer.NO:
        words, style, more = "✗ NOT AS IT IS on", "warn", "; with packages: unknown"
    where = target_in_words(verdict.target)
    arch = f", {verdict.target.arch}" if verdict.target.arch else ""
    return Cell(f"{words} {where}{arch}{more}", style)


def _notes(inspection: Inspection, verdict: Verdict | None) -> Iterable[Cell]:
    if inspection.changed:
        yield Cell(f"! {inspection.changed}", "bad")
    proof = proof_for(inspection.proofs, verdict.target) if verdict else None
    if proof is not None and proof.agrees is False:
        text = f"! the proof DISAGREES with the verdict ({proof.verdict}): please report it"
        yield Cell(text, "bad")
    if inspection.subject.stand_in:
        words = "stand-in: a demo binary built for rr-explorer, not RoadRunner's"
        yield Cell(words, "warn", short="stand-in: not RoadRunner's")
    if inspection.asset_path is not None and inspection.subject.path is None:
        words = _downloaded(inspection)
        path = f"{words}: {inspection.asset_path}"
        yield Cell(path, "dim", short=f"{words}; y copies its path")
    if not isinstance(inspection.traffic, MISSING):
        traffic = inspection.traffic
        whole = "" if isinstance(traffic.of, MISSING) else f" of {human_size(traffic.of)}"
        requests, moved = plural(traffic.requests, "request"), human_size(traffic.bytes)
        is_whole = not isinstance(traffic.of, MISSING) and traffic.bytes >= traffic.of
        kept = "not kept" if is_whole else "nothing downloaded"
        yield Cell(f"peek: {requests}, {moved}{whole}, {kept}", "dim")


def _downloaded(inspection: Inspection) -> str:
    """``downloaded, checksum verified``."""
    check = inspection.check
    if isinstance(check, MISSING):
        checked = "checksum not verified"
    else:
        checked = "checksum verified" if check is Check.OK else "no published checksum"
    return f"downloaded, {checked}"
