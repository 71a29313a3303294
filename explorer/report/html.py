"""A report as one HTML file: no script, nothing fetched, everything escaped, light and dark."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from explorer.report.cells import Cell, Row
from explorer.report.documents import SUMMARY_COLUMNS, Document, ProofPart, Section
from explorer.report.text import visible

STYLE = """
:root { color-scheme: light dark; --good: #1a7f37; --warn: #9a6700; --bad: #cf222e; --unknown: #8250df; --dim: #59636e; --line: #d1d9e0; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --warn: #d29922; --bad: #f85149; --unknown: #bc8cff; --dim: #9198a1; --line: #3d444d; }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
.right { text-align: right; } .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.unknown { color: var(--unknown); } .dim { color: var(--dim); } .strong { font-weight: 600; }
code, pre, .code { font: 13px/1.45 ui-monospace, monospace; }
pre { border: 1px solid var(--line); border-radius: 6px; padding: .8rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
h2 { overflow-wrap: anywhere; margin-top: 2.5rem; } .verdict { font-size: 1.15rem; font-weight: 600; }
.note { border-left: 3px solid var(--line); padding-left: .8rem; } footer { margin-top: 3rem; color: var(--dim); }
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
"""Only this very style is allowed, so that even a mistake in escaping could neither run nor fetch anything."""


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _span(cell: Cell, tag: str = "span", more: str = "") -> str:
    classes = " ".join(part for part in (cell.style, "right" if cell.align == "right" else "", more) if part)
    return f'<{tag} class="{classes}">{_text(cell.text)}</{tag}>' if classes else f"<{tag}>{_text(cell.text)}</{tag}>"


def html(content: Document) -> str:
    """The whole report."""
    head = "".join(f"<th>{_text(column.title)}</th>" for column in SUMMARY_COLUMNS)
    body = "".join(f"<tr>{''.join(_span(cell, 'td') for cell in row.cells)}</tr>\n" for row in content.summary)
    made = " · ".join(f"{_text(row.cells[0].text)} {_text(row.cells[1].text)}" for row in content.made)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY, quote=True)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(content.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{_text(content.title)}</h1>\n"
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"
        f"{''.join(_section(section) for section in content.sections)}<footer>{made}</footer>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<section>\n<h2>{_text(section.title.text)}</h2>\n"]
    parts += [_span(note, "p", "note") + "\n" for note in section.notes]
    for headline, reasons in section.verdicts:
        parts.append(_span(headline, "p", "verdict") + "\n")
        parts.append("<ul>\n" + "".join(f"<li>{_span(line)}</li>\n" for line in reasons) + "</ul>\n")
    parts.append(_facts(section.facts))
    parts += [_proof(proof) for proof in section.proofs]
    return "".join(parts) + "</section>\n"


def _proof(proof: ProofPart) -> str:
    parts = [_span(proof.headline, "p", "verdict"), "\n", _pre(proof.commands)]
    if proof.checks:
        rows = "".join(f"<tr>{''.join(_span(cell, 'td') for cell in row.cells)}</tr>\n" for row in proof.checks)
        parts.append(f"<table>\n<tbody>\n{rows}</tbody>\n</table>\n")
    for name, lines in proof.output:
        parts += [f"<p>{_text(name)}:</p>\n", _pre(line.text for line in lines)]
    parts.append(_facts(proof.facts))
    return "".join(parts)


def _facts(rows: Iterable[Row]) -> str:
    body = "".join(f'<tr><th scope="row" class="dim">{_text(row.cells[0].text)}</th>{_span(row.cells[1], "td")}</tr>\n' for row in rows)
    return f"<table>\n<tbody>\n{body}</tbody>\n</table>\n"


def _pre(lines: Iterable[str]) -> str:
    # One element for each block; the first line end behind <pre> is dropped by every parser.
    return "<pre>\n" + "\n".join(_text(line) for line in lines) + "</pre>\n"
