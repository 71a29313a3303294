"""A badge and a table for a README or a release's page: what runs where, and what was proved."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from explorer.compat import Answer, Target, Verdict
from explorer.report.answers import verdict_cell
from explorer.report.markup import code, in_table, prose
from explorer.report.text import cell_width, clip, visible
from explorer.report.units import plural
from explorer.report.verdicts.proofs import proof_mark, short_title
from explorer.verify import Proof, Result, proof_for
from explorer.workbench import Inspection

CHARACTER, PADDING, HEIGHT = 6.4, 7.0, 20
"""Pixels: of a character of 11 px Verdana, on average, beside a text, and of the whole badge."""
LONGEST = 60
"""Cells of a text."""
_COLOURS = {"good": "#1a7f37", "warn": "#9a6700", "bad": "#cf222e", "unknown": "#59636e"}
_LABEL = "#3d444d"


def badge(inspections: Sequence[Inspection]) -> str:
    """``Alpine 3.24 | runs, proved`` as an SVG picture: no script, nothing fetched."""
    label, message, meaning = _words(inspections)
    parts = [clip(visible(text), LONGEST) for text in (label, message)]
    left, right = (cell_width(text) * CHARACTER + 2 * PADDING for text in parts)
    texts = [(left / 2, parts[0]), (left + right / 2, parts[1])]
    name = escape(": ".join(parts), quote=True)
    body = "".join(
        f'<text x="{x:.1f}" y="14" textLength="{cell_width(text) * CHARACTER - 2:.1f}">'
        f"{escape(text)}</text>"
        for x, text in texts
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.0f}" height="{HEIGHT}" '
        f'role="img" aria-label="{name}"><title>{name}</title>\n'
        f'<clipPath id="r"><rect width="{left + right:.0f}" height="{HEIGHT}" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#r)"><rect width="{left:.1f}" height="{HEIGHT}" fill="{_LABEL}"/>'
        f'<rect x="{left:.1f}" width="{right:.1f}" height="{HEIGHT}" '
        f'fill="{_COLOURS[meaning]}"/></g>\n'
        f'<g fill="#fff" text-anchor="middle" '
        f'font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">{body}</g>\n</svg>\n'
    )


def _words(inspections: Sequence[Inspection]) -> tuple[str, str, str]:
    """The badge's label, its message, and what that means for its colour."""
    pairs = [(one, verdict) for one in inspections for verdict in one.verdicts]
    targets = list(dict.fromkeys(verdict.target.name for _, verdict in pairs))
    first = pairs[0][1].target if pairs else None
    label = short_title(first) if first and len(targets) == 1 else plural(len(targets), "system")
    answers = [verdict.answer for _, verdict in pairs]
    proofs = [proof_for(one.proofs, verdict.target) for one, verdict in pairs]
    if any(proof is not None and proof.agrees is False for proof in proofs):
        return label, "a proof disagrees", "bad"
    runs = sum(map(_counts_as_run, answers, proofs))
    proved = sum(proof is not None and proof.result is Result.RAN for proof in proofs)
    meaning = _meaning(answers, runs)
    if len(pairs) == 1:
        word = {"good": "runs", "warn": "runs with packages", "bad": "does not run"}
        return label, f"{word.get(meaning, 'not known')}{', proved' if proved else ''}", meaning
    message = f"{runs} of {len(pairs)} run"
    return label, f"{message}, {proved} proved" if proved else message, meaning


def _counts_as_run(answer: Answer, proof: Proof | None) -> bool:
    return answer is Answer.YES or (proof is not None and proof.result is Result.RAN)


def _meaning(answers: Sequence[Answer], runs: int) -> str:
    if runs == len(answers) and answers:
        return "good"
    if Answer.NO in answers:
        return "bad" if not runs else "warn"
    return "warn" if Answer.YES_IF in answers else "unknown"


def table(inspections: Sequence[Inspection]) -> str:
    """Files down, systems across, as Markdown; a mark for what ran in a container."""
    targets: dict[str, Target] = {
        verdict.target.name: verdict.target for one in inspections for verdict in one.verdicts
    }
    titles = ["file", *(prose(short_title(target)) for target in targets.values())]
    lines = [_line(titles), "|" + " --- |" * len(titles)]
    proved = False
    for one in inspections:
        by_name = {verdict.target.name: verdict for verdict in one.verdicts}
        cells = [_cell(one, by_name.get(name)) for name in targets]
        proved |= any(cell.startswith(("▣", "▨")) for cell in cells)
        lines.append(_line([code(_name(one)), *cells]))
    if proved:
        lines += ["", "▣ ran in a container, ▨ did not start there; the others are predicted."]
    return "\n".join(lines) + "\n"


def _name(inspection: Inspection) -> str:
    asset = inspection.subject.asset
    return asset.name if asset is not None else inspection.file.name


def _cell(inspection: Inspection, verdict: Verdict | None) -> str:
    if verdict is None:
        return "?"
    proof = proof_for(inspection.proofs, verdict.target)
    if proof is not None:
        return prose(proof_mark(proof).text)
    install = f" ({verdict.install})" if verdict.install else ""
    return prose(f"{verdict_cell(verdict).text}{install}")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(in_table, cells)) + " |"
