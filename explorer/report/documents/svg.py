"""A report's summary as an SVG picture, light and dark: no script, nothing fetched."""

from __future__ import annotations

from html import escape

from explorer.report.documents.content import SUMMARY_COLUMNS, Document
from explorer.report.text import cell_width, clip, clip_middle, visible

CHARACTER = 8.0
"""Pixels that a cell of the monospaced font takes, a little more than 13 px fonts need."""
LINE = 24
MARGIN = 16
GAP = 3
"""Cells between two columns."""
WIDEST = 60
"""Cells of a column; longer text is cut."""

STYLE = """
text {
  font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  fill: #1f2328; white-space: pre;
}
.back { fill: #ffffff; stroke: #d1d9e0; }
.good { fill: #1a7f37; } .warn { fill: #9a6700; } .bad { fill: #cf222e; }
.unknown { fill: #8250df; } .dim { fill: #59636e; } .strong, .title { font-weight: bold; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .back { fill: #0d1117; stroke: #3d444d; }
  .good { fill: #3fb950; } .warn { fill: #d29922; }
  .bad { fill: #f85149; } .unknown { fill: #bc8cff; } .dim { fill: #9198a1; }
}
"""


def svg(content: Document) -> str:
    """The summary table, the title above it, versions and time below."""
    cut = [[clip_middle(cell.text, WIDEST) for cell in row.cells] for row in content.summary]
    titles = [column.title for column in SUMMARY_COLUMNS]
    widths = [
        max(cell_width(line[place]) for line in [titles, *cut]) for place in range(len(titles))
    ]
    starts = [
        MARGIN + CHARACTER * (sum(widths[:place]) + GAP * place) for place in range(len(titles))
    ]
    made = " · ".join(f"{row.cells[0].text} {row.cells[1].text}" for row in content.made)
    width = (
        max(starts[-1] + CHARACTER * widths[-1], MARGIN + CHARACTER * min(cell_width(made), 120))
        + MARGIN
    )
    height = LINE * (len(cut) + 3) + 2 * MARGIN
    body = [_line(MARGIN, 1, content.title, "title")]
    for place, title in enumerate(titles):
        body.append(
            _placed(starts[place], widths[place], 2, title, "dim", SUMMARY_COLUMNS[place].align)
        )
    for number, (row, texts) in enumerate(zip(content.summary, cut, strict=True), 3):
        for place, text in enumerate(texts):
            body.append(
                _placed(
                    starts[place],
                    widths[place],
                    number,
                    text,
                    row.cells[place].style,
                    SUMMARY_COLUMNS[place].align,
                )
            )
    body.append(_line(MARGIN, len(cut) + 3, clip(made, 120), "dim"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" role="img">\n'
        f"<title>{_text(content.title)}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="back" x="0.5" y="0.5" '
        f'width="{width - 1:.0f}" height="{height - 1}" rx="8"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _placed(start: float, width: int, line: int, text: str, style: str, align: str) -> str:
    if align == "right":
        return _line(start + CHARACTER * width, line, text, style, ' text-anchor="end"')
    return _line(start, line, text, style)


def _line(x: float, line: int, text: str, style: str, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{MARGIN + LINE * line - 8}"'
    return f'<text {place} class="{style or "plain"}"{more}>{_text(text)}</text>'


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
