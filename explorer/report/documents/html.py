"""A report as one HTML file, light and dark: no script, nothing fetched, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from explorer.report.cells import Cell, Row
from explorer.report.documents.content import SUMMARY_COLUMNS, Document, ProofPart, ReportSection
from explorer.report.text import visible
from explorer.report.verdicts import ReasonBlock

STYLE = files("explorer.report.documents").joinpath("report.css").read_text("utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
"""Allows this style only: even a mistake in escaping could not run or fetch anything."""


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _span(cell: Cell, tag: str = "span", more: str = "") -> str:
    classes = " ".join(
        part for part in (cell.style, "right" if cell.align == "right" else "", more) if part
    )
    return (
        f'<{tag} class="{classes}">{_text(cell.text)}</{tag}>'
        if classes
        else f"<{tag}>{_text(cell.text)}</{tag}>"
    )


def html(content: Document) -> str:
    """The whole report."""
    head = "".join(
        _span(Cell(column.title, align=column.align), "th") for column in SUMMARY_COLUMNS
    )
    body = "".join(
        f"<tr>{''.join(_span(cell, 'td') for cell in row.cells)}</tr>\n" for row in content.summary
    )
    made = " · ".join(
        f"{_text(row.cells[0].text)} {_text(row.cells[1].text)}" for row in content.made
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY, quote=True)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(content.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{_text(content.title)}</h1>\n<p>{made}</p></header>\n"
        f"<section>\n<table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}</tbody>\n</table>\n</section>\n"
        f"{''.join(_section(section) for section in content.sections)}</body>\n</html>\n"
    )


def _section(section: ReportSection) -> str:
    parts = [f"<section>\n<h2>{_text(section.title.text)}</h2>\n"]
    parts += [_span(note, "p", "note") + "\n" for note in section.notes]
    for headline, reasons in section.verdicts:
        parts.append(_span(headline, "p", "verdict") + "\n")
        items = "".join(_reason(block) for block in reasons)
        parts.append(f'<ul class="reasons">\n{items}</ul>\n')
    parts.append(_facts(section.facts))
    parts += [_proof(proof) for proof in section.proofs]
    return "".join(parts) + "</section>\n"


def _reason(block: ReasonBlock) -> str:
    """The sentence, and below it evidence and remedy, indented."""
    items = [_span(block.sentence, "li"), *(_span(line, "li", "more") for line in block.details)]
    return "".join(item + "\n" for item in items)


def _proof(proof: ProofPart) -> str:
    parts = [_span(proof.headline, "p", "verdict"), "\n", _pre(proof.commands)]
    if proof.checks:
        rows = "".join(
            f"<tr>{''.join(_span(cell, 'td') for cell in row.cells)}</tr>\n" for row in proof.checks
        )
        parts.append(f"<table>\n<tbody>\n{rows}</tbody>\n</table>\n")
    for name, lines in proof.output:
        parts += [f"<p>{_text(name)}:</p>\n", _pre(line.text for line in lines)]
    parts.append(_facts(proof.facts))
    return "".join(parts)


def _facts(rows: Iterable[Row]) -> str:
    body = "".join(
        f'<tr><th scope="row" class="dim">{_text(row.cells[0].text)}</th>'
        f"{_span(row.cells[1], 'td')}</tr>\n"
        for row in rows
    )
    return f"<table>\n<tbody>\n{body}</tbody>\n</table>\n"


def _pre(lines: Iterable[str]) -> str:
    # One element for each block; the first line end behind <pre> is dropped by every parser.
    return "<pre>\n" + "\n".join(_text(line) for line in lines) + "</pre>\n"
