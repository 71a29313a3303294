"""What a cell of the matrix says where several files stand in it."""

import dataclasses
from pathlib import Path

import pytest

from explorer.report.matrix import matrix_cell
from explorer.settings import Settings
from explorer.workbench import Answer, Matrix, MatrixCell, Seen, Workbench, seen_key

TAG = "v2025.1.15"


@pytest.fixture
async def matrix(tmp_path: Path) -> Matrix:
    """The demo's newest release: of its two debs one is a stand-in, and was looked at."""
    bench = Workbench(Settings(demo=True, cache_dir=tmp_path))
    found = await bench.matrix((TAG,))
    await bench.aclose()
    return found


def the_debs(matrix: Matrix) -> MatrixCell:
    """The cell with the two packages."""
    return next(cell for cell in matrix.rows[0].cells if cell.column.key == "deb:deb")


async def test_what_is_known_of_one_of_two_files_is_shown(matrix: Matrix) -> None:
    assert len(the_debs(matrix).assets) == 2
    assert matrix_cell(matrix, the_debs(matrix)).text == "✓ yes"


async def test_no_yes_hides_a_no(matrix: Matrix) -> None:
    good, other = the_debs(matrix).assets
    inspection = matrix.seen[seen_key(good)].inspection
    assert inspection is not None
    refused = dataclasses.replace(inspection.verdicts[0], answer=Answer.NO)
    matrix.seen[seen_key(other)] = Seen(dataclasses.replace(inspection, verdicts=(refused,)))
    assert matrix_cell(matrix, the_debs(matrix)).text == "✗ no"
