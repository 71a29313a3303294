"""Models in, plain text, rows, JSON and documents out. Pure, and the only sanitiser.

Both faces draw ``Cell``s: text that is safe by construction, with a meaning (``good``, ``bad`` …)
instead of a colour. This door has cells, widths and units; the others are sub-packages:

- ``verdicts``: verdicts, reasons, libraries, proofs, targets, rules
- ``binaries``: what a binary is, a table for each tab
- ``tables``: releases, assets, the matrix, the cache, findings, progress
- ``advice``: which file to use, and lines to paste
- ``documents``: a report as Markdown, JSON, HTML or SVG
- ``json``: what ``--json`` prints, and its schema
"""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports
from explorer.report.cells import EMPTY, Align, Banner, Cell, Column, Row, Style
from explorer.report.text import cell_width, clip, clip_middle, one_line, pad, visible
from explorer.report.units import (
    age,
    human_duration,
    human_rate,
    human_size,
    iso_date,
    iso_time,
    percent,
    plural,
)

if TYPE_CHECKING:
    from explorer.report.answers import (
        answer_cell,
        check_cell,
        fact_cell,
        missing_text,
        result_cell,
        verdict_cell,
    )

__getattr__ = lazy_exports(
    __name__,
    {
        "answer_cell": "answers",
        "check_cell": "answers",
        "fact_cell": "answers",
        "missing_text": "answers",
        "result_cell": "answers",
        "verdict_cell": "answers",
    },
)

__all__ = [
    "EMPTY",
    "Align",
    "Banner",
    "Cell",
    "Column",
    "Row",
    "Style",
    "age",
    "answer_cell",
    "cell_width",
    "check_cell",
    "clip",
    "clip_middle",
    "fact_cell",
    "human_duration",
    "human_rate",
    "human_size",
    "iso_date",
    "iso_time",
    "missing_text",
    "one_line",
    "pad",
    "percent",
    "plural",
    "result_cell",
    "verdict_cell",
    "visible",
]
