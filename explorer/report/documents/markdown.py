"""A report as Markdown that can be pasted into a GitHub issue.

Whatever may quote a file is in a code span or a fence, which is longer than any run of backticks in
it, and in which GitHub makes neither mentions nor links. rr-explorer's own sentences are prose,
unless something in them could become a link.
"""

from __future__ import annotations

from collections.abc import Iterable

from explorer.report.cells import Cell, Row
from explorer.report.documents.content import SUMMARY_COLUMNS, Document, ProofPart, ReportSection
from explorer.report.markup import code, fence, in_table, prose
from explorer.report.text import cell_width, clip
from explorer.report.verdicts import ReasonBlock

ISSUE = 65_536
"""Characters that GitHub accepts as the text of an issue."""
_FITS = ((200, 2000), (40, 200), (8, 120), (2, 80))
"""Lines per output, and characters per line and value, tried until the report fits an issue."""


def markdown(content: Document) -> str:
    """The whole report; long outputs are cut to fit an issue. If that fails, a note says so."""
    for lines, width in _FITS:
        text = _whole(content, lines, width, "")
        if len(text) <= ISSUE:
            return text
    return _whole(
        content,
        *_FITS[-1],
        f"> Longer than the {ISSUE:,} characters of an issue: report on fewer files at a time",
    )


def _whole(content: Document, lines: int, width: int, note: str) -> str:
    parts = [f"## {content.title}", *([note] if note else []), _summary(content)]
    parts += [_section(section, lines, width) for section in content.sections]
    made = " · ".join(
        f"{prose(row.cells[0].text)} {code(row.cells[1].text)}" for row in content.made
    )
    parts.append(f"<sub>{made}</sub>")
    return "\n\n".join(parts) + "\n"


def _summary(content: Document) -> str:
    lines = ["| " + " | ".join(column.title for column in SUMMARY_COLUMNS) + " |"]
    lines.append(
        "|"
        + "|".join(" ---: " if column.align == "right" else " --- " for column in SUMMARY_COLUMNS)
        + "|"
    )
    lines += [
        "| " + " | ".join(in_table(_cell(cell)) for cell in row.cells) + " |"
        for row in content.summary
    ]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    return code(cell.text) if cell.style in ("strong", "") and cell.text else prose(cell.text)


def _section(section: ReportSection, lines: int, width: int) -> str:
    parts = [f"### {code(section.title.text)}"]
    parts += [f"> {prose(note.text)}" for note in section.notes]
    for headline, reasons in section.verdicts:
        parts.append(f"**{prose(headline.text)}**")
        parts.append("\n".join(_reason(block) for block in reasons))
    parts.append(_details("What it is", _facts(section.facts, width)))
    parts += [_proof(proof, lines, width) for proof in section.proofs]
    return "\n\n".join(part for part in parts if part)


def _reason(block: ReasonBlock) -> str:
    details = (f"  - {prose(line.text)}" for line in block.details)
    return "\n".join([f"- {prose(block.sentence.text)}", *details])


def _proof(proof: ProofPart, lines: int, width: int) -> str:
    parts = [f"**{prose(proof.headline.text)}**", fence(proof.commands, "sh")]
    if proof.checks:
        parts.append(
            "\n".join(
                f"- {prose(f'{row.cells[0].text} {row.cells[1].text}')}: "
                f"{code(clip(row.cells[3].text, width))}"
                for row in proof.checks
            )
        )
    for name, output in proof.output:
        parts += [f"{name}:", fence(clip(line.text, width) for line in output[:lines])]
        if len(output) > lines or any(cell_width(line.text) > width for line in output[:lines]):
            parts.append("<sub>cut here; the JSON report has it all</sub>")
    parts.append(_details("The run", _facts(proof.facts, width)))
    return "\n\n".join(parts)


def _facts(rows: Iterable[Row], width: int) -> str:
    return "\n".join(
        f"- {prose(row.cells[0].text)}: {code(clip(row.cells[1].text, width))}"
        for row in rows
        if row.cells[1].text
    )


def _details(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
