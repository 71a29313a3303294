"""How many known vulnerabilities affect a release's program, for the matrix."""

from __future__ import annotations

from explorer.report.cells import Cell
from explorer.workbench import Matrix, MatrixRow

VULNERABILITIES_LEGEND = (
    "vulns: known vulnerabilities that affect the release's program; ? not known: no file of it "
    "was checked yet (rr-explorer vulns FILE)"
)


def vulnerable_cell(matrix: Matrix, row: MatrixRow) -> Cell:
    """How many vulnerabilities affect a release's program; ``?`` if that is not known."""
    count = matrix.vulnerable(row)
    if count is None:
        return Cell("?", "dim", align="right", sort=-1)
    return Cell(f"{count}", "bad" if count else "good", align="right", sort=count)


def vulnerable_words(matrix: Matrix, row: MatrixRow) -> Cell:
    """What the cell of ``vulnerable_cell`` means."""
    count = matrix.vulnerable(row)
    if count is None:
        return Cell(
            "? whether known vulnerabilities affect it is not known: open a file, tab Vulns", "dim"
        )
    verb = "vulnerability affects" if count == 1 else "vulnerabilities affect"
    return Cell(f"{count or 'no'} known {verb} its program", "bad" if count else "good")
