"""What a cell of the matrix says where several files stand in it."""

import dataclasses
from pathlib import Path

import pytest

from explorer.report.tables import MarkForm, mark_cell, mark_of, matrix_tables
from explorer.settings import Settings
from explorer.verify import Result
from explorer.workbench import Answer, FileState, Matrix, MatrixCell, Workbench, file_key
from tests.support.proofs import make_proof

TAG = "v2025.1.15"


@pytest.fixture
async def matrix(tmp_path: Path) -> Matrix:
    """The demo's newest release: of its two debs one is a stand-in, and was looked at."""
    bench = Workbench(Settings(demo=True, cache_dir=tmp_path))
    result = await bench.matrix((TAG,))
    await bench.aclose()
    stand_in = result.known[file_key(the_debs(result).assets[0])]
    assert stand_in.inspection is not None, stand_in
    return result


def the_debs(matrix: Matrix) -> MatrixCell:
    """The cell with the two packages."""
    return next(cell for cell in matrix.rows[0].cells if cell.column.key == "deb:deb")


async def test_what_is_known_of_one_of_two_files_is_shown(matrix: Matrix) -> None:
    assert len(the_debs(matrix).assets) == 2
    assert mark_cell(mark_of(matrix, the_debs(matrix))).text == "✓ yes"


async def test_neither_a_yes_nor_a_no_hides_the_other(matrix: Matrix) -> None:
    good, other = the_debs(matrix).assets
    inspection = matrix.known[file_key(good)].inspection
    assert inspection is not None
    refused = dataclasses.replace(inspection.verdicts[0], answer=Answer.NO)
    state = FileState(dataclasses.replace(inspection, verdicts=(refused,)))
    matrix.known.put(file_key(other), state)
    mark = mark_of(matrix, the_debs(matrix))
    assert mark_cell(mark).text == "◐ mixed"
    assert mark_cell(mark, MarkForm.SHORT).text == "◐ mixed"


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (Answer.NO, Answer.NO, "✗ no"),
        (Answer.NO, Answer.UNKNOWN, "? unknown"),
        (Answer.YES, Answer.UNKNOWN, "? unknown"),
        (Answer.YES_IF, Answer.NO, "◐ mixed"),
        (Answer.YES, Answer.YES_IF, "◐ yes-if"),
    ],
)
async def test_two_files_in_a_cell(
    matrix: Matrix, first: Answer, second: Answer, text: str
) -> None:
    inspection = matrix.known[file_key(the_debs(matrix).assets[0])].inspection
    assert inspection is not None
    for asset, answer in zip(the_debs(matrix).assets, (first, second), strict=True):
        verdict = dataclasses.replace(inspection.verdicts[0], answer=answer)
        state = FileState(dataclasses.replace(inspection, verdicts=(verdict,)))
        matrix.known.put(file_key(asset), state)
    assert mark_cell(mark_of(matrix, the_debs(matrix))).text == text


async def test_a_confirmed_no_and_an_unfinished_upload_in_a_cell(matrix: Matrix) -> None:
    good, other = the_debs(matrix).assets
    inspection = matrix.known[file_key(good)].inspection
    assert inspection is not None
    refused = dataclasses.replace(inspection.verdicts[0], answer=Answer.NO)
    failed = make_proof(result=Result.FAILED, verdict="no", agrees=True, target=matrix.target.name)
    states = [
        FileState(dataclasses.replace(inspection, verdicts=(refused,), proofs=(proof,)))
        for proof in (failed, dataclasses.replace(failed, agrees=False))
    ]
    column = the_debs(matrix).column
    cells = []
    for state in states:
        matrix.known.put(file_key(good), state)
        cells.append(mark_of(matrix, MatrixCell(column, (good,), None)))
    assert [mark_cell(mark).text for mark in cells] == ["▨ no", "▨ failed"]
    condition = dataclasses.replace(inspection.verdicts[0], answer=Answer.YES_IF)
    bare = dataclasses.replace(inspection, verdicts=(condition,), proofs=(failed,))
    matrix.known.put(file_key(good), FileState(bare))
    mark = mark_of(matrix, MatrixCell(column, (good,), None))
    assert mark_cell(mark).text == "◐ yes-if", "a run without the packages refutes nothing"
    assert mark_cell(cells[0]).style != "bad"
    unfinished = dataclasses.replace(other, unfinished=True)
    mark = mark_of(matrix, MatrixCell(column, (unfinished,), None))
    assert mark_cell(mark).text == "? unfinished"
    row = dataclasses.replace(
        matrix.rows[0],
        cells=(MatrixCell(column, (good,), None), MatrixCell(column, (unfinished,), None)),
    )
    matrix.known.put(file_key(good), states[0])
    shown = dataclasses.replace(matrix, columns=(column, column), rows=(row,))
    legend = matrix_tables(shown, None).legend
    assert "▨ no: did not start in a container, as predicted" in legend
    assert "? unfinished: the upload was never finished" in legend
