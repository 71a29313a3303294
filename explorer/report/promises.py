"""Whether a release keeps its promise: rows, a sentence, Markdown and SARIF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from explorer import __version__
from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.markup import code, in_table, prose
from explorer.report.text import one_line
from explorer.report.units import plural
from explorer.workbench import GateReport, GateResult, Keeping

_FORMS: dict[Keeping, tuple[str, Style]] = {
    Keeping.BROKEN: ("✗ broken", "bad"),
    Keeping.UNKNOWN: ("? unknown", "unknown"),
    Keeping.ALLOWED: ("? allowed", "dim"),
    Keeping.KEPT: ("✓ kept", "good"),
}
KEEPING_COLUMNS = (
    Column("keeping", "", width=9),
    Column("file", "file"),
    Column("requirement", "promise"),
    Column("text", "because", grows=True),
)


def kept_file(result: GateResult) -> str:
    """The file's name; where none is there, the pattern."""
    return one_line(result.file or result.promise.name)


def requirement_in_words(result: GateResult) -> str:
    """``runs-on alpine-3.24``, ``static``."""
    kept = result.kept
    return f"{kept.requirement} {kept.target}".strip()


def keeping_rows(report: GateReport, *, everything: bool = False) -> tuple[Row, ...]:
    """What is broken or not known, the worst first; with ``everything`` what is kept, too."""
    order = list(Keeping)
    shown = [one for one in report.results if everything or one.kept.keeping is not Keeping.KEPT]
    shown.sort(key=lambda one: order.index(one.kept.keeping))
    return tuple(_row(number, one) for number, one in enumerate(shown))


def _row(number: int, result: GateResult) -> Row:
    words, style = _FORMS[result.kept.keeping]
    cells = (
        Cell(words, style),
        Cell(kept_file(result), "strong"),
        Cell(requirement_in_words(result)),
        Cell(one_line(result.kept.text)),
    )
    return Row(str(number), cells)


def promise_sentence(report: GateReport) -> Cell:
    """``v2025.1.15 keeps its promise: 24 of 24``, or what is broken and what is not known."""
    total, kept = len(report.results), report.count(Keeping.KEPT)
    parts = [
        f"{count} {words}"
        for keeping, words in (
            (Keeping.BROKEN, "broken"),
            (Keeping.UNKNOWN, "unknown"),
            (Keeping.ALLOWED, "unknown, as allowed"),
        )
        if (count := report.count(keeping))
    ]
    verb = "keeps" if report.holds else "does not keep"
    more = f", {', '.join(parts)}" if parts else ""
    style: Style = "good" if report.holds else "bad"
    return Cell(f"{report.tag} {verb} its promise: {kept} of {total} kept{more}", style)


def promise_markdown(report: GateReport) -> str:
    """The sentence, a table of what is not kept, and one of all that is, folded."""
    lines = [f"## {prose(promise_sentence(report).text)}", ""]
    odd = keeping_rows(report)
    if odd:
        lines += [*_table(odd), ""]
    kept = keeping_rows(report, everything=True)[len(odd) :]
    if kept:
        title = f"{plural(len(kept), 'requirement')} kept"
        lines += [f"<details><summary>{title}</summary>", "", *_table(kept), "", "</details>", ""]
    lines.append(f"<sub>{code(str(report.path))}, read by rr-explorer {__version__}</sub>")
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row]) -> list[str]:
    lines = ["| | file | promise | because |", "| --- | --- | --- | --- |"]
    for row in rows:
        state, file, requirement, text = (cell.text for cell in row.cells)
        written = (prose(state), code(file), code(requirement), prose(text))
        lines.append("| " + " | ".join(map(in_table, written)) + " |")
    return lines


def promise_sarif(report: GateReport) -> str:
    """A SARIF 2.1.0 log of what is broken (an error) or unknown (a warning)."""
    levels = {Keeping.BROKEN: "error", Keeping.UNKNOWN: "warning"}
    shown = [one for one in report.results if one.kept.keeping in levels]
    rules = sorted({one.kept.requirement for one in shown})
    driver = {
        "name": "rr-explorer",
        "version": __version__,
        "rules": [
            {"id": rule, "shortDescription": {"text": f"The promise “{rule}” is kept"}}
            for rule in rules
        ],
    }
    results = [_sarif_result(one, levels[one.kept.keeping]) for one in shown]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _sarif_result(result: GateResult, level: str) -> dict[str, Any]:
    text = f"{kept_file(result)}: {requirement_in_words(result)}: {one_line(result.kept.text)}"
    place = {"physicalLocation": {"artifactLocation": {"uri": kept_file(result)}}}
    return {
        "ruleId": result.kept.requirement,
        "level": level,
        "message": {"text": text},
        "locations": [place],
    }
