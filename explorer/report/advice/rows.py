"""Advice in words: which file, why, its proof, and the command that would verify it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from explorer.advisories import AdvisoryMatch
from explorer.compat import Answer
from explorer.facts import MISSING, NotApplicable
from explorer.report.answers import UNFINISHED, answer_cell
from explorer.report.cells import Cell, Row
from explorer.report.tables.marks import verdict_words
from explorer.report.text import one_line, visible
from explorer.report.units import human_size
from explorer.report.verdicts.proofs import proof_on
from explorer.report.verdicts.words import target_in_words
from explorer.verify import Proof, proof_for
from explorer.workbench import Advice, Candidate

PROVE = "prove it"
"""Key and title of the row with the command that would verify the chosen file."""
_NAMED = 3
"""Vulnerabilities that are named."""
CALL = "rr-explorer"
"""How commands to copy begin; a face adds the options that it was called with."""


def advice_title(advice: Advice) -> Cell:
    """``roadrunner-server/roadrunner v2025.1.15, for Alpine 3.24 (musl 1.2.6) on arm64``."""
    where = f"{target_in_words(advice.target)} on {advice.arch}"
    return Cell(f"{advice.repo} {advice.release.tag}, for {where}", "strong")


def advice_headline(advice: Advice) -> Cell:
    """``✓ use roadrunner-2025.1.15-linux-arm64.tar.gz``; or that no file works."""
    chosen = advice.chosen
    if chosen is not None:
        sure = chosen.answer is Answer.YES
        stand_in = " (stand-in)" if chosen.asset.stand_in else ""
        glyph = "✓" if sure else "◐"
        return Cell(f"{glyph} use {chosen.asset.name}{stand_in}", "good" if sure else "warn")
    if advice.is_open:
        return Cell("? which file to use is not known", "unknown")
    return Cell("✗ no published file works: build your own", "bad")


def advice_facts(advice: Advice, call: str = CALL) -> tuple[Row, ...]:
    """Why, how that is known, the proof or how to get one, the digest, and the other files.

    Rows of (what, value). ``PROVE`` is the key of the one that holds a command.
    """
    rows: list[tuple[str, Cell]] = [("why", Cell(_why(advice)))]
    if advice.chosen is not None:
        proof = proof_of(advice)
        proofs = advice.inspection.proofs if advice.inspection else ()
        rows.append(("known from", Cell(known_from(advice.chosen))))
        unverified = Cell("▢ not proved yet", "warn")
        rows.append(("proof", proof_on(proofs, advice.target) if proofs else unverified))
        if proof is None:
            rows.append((PROVE, Cell(prove_command(advice, call), "code")))
        rows.append(("sha256", _digest_cell(advice)))
        if not isinstance(advice.vulnerabilities, NotApplicable):
            rows.append(("vulns", vulnerabilities_cell(advice, call)))
    taken = advice.chosen.asset.name if advice.chosen else ""
    rows += [
        (_standing(advice, other), _candidate_cell(other))
        for other in advice.candidates
        if other.asset.name != taken
    ]
    return tuple(
        Row(PROVE if name == PROVE else str(number), (Cell(name, "dim"), cell))
        for number, (name, cell) in enumerate(rows)
    )


def vulnerabilities_cell(advice: Advice, call: str = CALL) -> Cell:
    """Which known vulnerabilities affect the chosen file, and where each is fixed."""
    known = advice.vulnerabilities
    if isinstance(known, MISSING):
        name = advice.chosen.asset.name if advice.chosen is not None else ""
        file = shlex.quote(f"{advice.release.tag}/{name}")
        return Cell(f"? {known.why}: {call} vulns {file}", "unknown")
    if not known.matches:
        return Cell("no known vulnerability affects this program", "good")
    count = len(known.matches)
    verb = "vulnerability affects" if count == 1 else "vulnerabilities affect"
    named = "; ".join(_fix_of(match, known.fixed_in) for match in known.matches[:_NAMED])
    more = f"; and {count - _NAMED} more" if count > _NAMED else ""
    return Cell.of(f"{count} known {verb} this program: {named}{more}", "bad")


def _fix_of(match: AdvisoryMatch, fixed_in: Mapping[str, str]) -> str:
    """``GO-2026-5970, fixed in stdlib 1.26.5, not in v2026.1.0``."""
    fix = f"fixed in {match.module} {match.fixed}" if match.fixed else "not fixed yet"
    tag = fixed_in.get(match.advisory.id)
    return f"{match.advisory.id}, {fix}" + (f", not in {tag}" if tag else "")


def _why(advice: Advice) -> str:
    inspection = advice.inspection
    return one_line(inspection.verdicts[0].deciding.text if inspection else advice.why)


def known_from(chosen: Candidate) -> str:
    """How much of the file the answer was read from, in words."""
    inspection = chosen.state.inspection
    if inspection is None:
        return "its name alone"
    if inspection.path is not None or isinstance(inspection.traffic, MISSING):
        return "the whole file"
    traffic = inspection.traffic
    whole = "" if isinstance(traffic.of, MISSING) else f" of {human_size(traffic.of)}"
    return f"its first {human_size(traffic.bytes)}{whole}, read on the server: predicted, not run"


def _digest_cell(advice: Advice) -> Cell:
    if isinstance(advice.sha256, MISSING):
        return Cell(f"? {advice.sha256.why}", "unknown")
    if advice.chosen is not None and advice.chosen.asset.stand_in:
        return Cell(f"{advice.sha256} (the stand-in's)")
    published = f"as {advice.published_by} publishes it"
    source = published if advice.sha256_from == "api" else "of the bytes here"
    return Cell(f"{advice.sha256} ({source})")


def _standing(advice: Advice, candidate: Candidate) -> str:
    if advice.chosen is None:
        return "inspected" if candidate.state.inspection else "not inspected"
    return "as good" if candidate.answer is advice.chosen.answer else "instead"


def _candidate_cell(candidate: Candidate) -> Cell:
    shown = UNFINISHED if candidate.asset.unfinished else answer_cell(candidate.answer)
    words = one_line(verdict_words(candidate.state))
    return Cell(f"{shown.text} · {candidate.asset.name}: {words}", shown.style)


def proof_of(advice: Advice) -> Proof | None:
    """The newest proof of the chosen file on this target."""
    inspection = advice.inspection
    return proof_for(inspection.proofs, advice.target) if inspection else None


def prove_command(advice: Advice, call: str = CALL) -> str:
    """The command line that verifies the chosen file on the target; empty if none was chosen."""
    if advice.chosen is None:
        return ""
    asset = advice.chosen.asset
    on = advice.target.name
    inspection = advice.inspection
    if inspection is not None and inspection.subject.platform is not None and "/" not in on:
        on += f"/{advice.arch}"  # the file's name does not say which program in it is meant
    file = shlex.quote(f"{asset.tag}/{asset.name}")
    return visible(f"{call} verify {file} --on {shlex.quote(on)}")
