"""A cell with very many files is drawn from those that something is known of."""

import asyncio
from dataclasses import replace

import pytest

from explorer.report.tables import mark_cell, mark_of
from explorer.settings import Settings
from explorer.tui.matrix_rows import LARGE_CELL, index_files
from explorer.workbench import (
    Answer,
    FileState,
    KnownFiles,
    Matrix,
    MatrixCell,
    Workbench,
    file_key,
)

TAG = "v2025.1.15"
STATES = {
    "nothing": (),
    "cached": (None,),
    "yes": (Answer.YES,),
    "no": (Answer.NO, Answer.NO),
    "yes and no": (Answer.YES, Answer.NO),
    "unknown": (Answer.YES, Answer.UNKNOWN),
}


@pytest.fixture(scope="module")
def demos_matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """The demo's newest release."""

    async def look() -> Matrix:
        bench = Workbench(Settings(demo=True, cache_dir=tmp_path_factory.mktemp("cache")))
        result = await bench.matrix((TAG,))
        await bench.aclose()
        return result

    return asyncio.run(look())


@pytest.fixture
def matrix(demos_matrix: Matrix) -> Matrix:
    """The demo's newest release, with the cell of its debs filled up to 40 files."""
    known = KnownFiles()
    for key, state in demos_matrix.known.items():
        known.put(key, state)
    result = replace(demos_matrix, known=known)
    row = result.rows[0]
    cells = []
    for cell in row.cells:
        files = cell.assets
        if cell.column.key == "deb:deb":
            files = tuple(
                replace(file, name=f"{number}-{file.name}")
                for number in range(20)
                for file in files
            )
        cells.append(replace(cell, assets=files))
    return replace(result, rows=(replace(row, cells=tuple(cells)),))


def large_cell(matrix: Matrix) -> MatrixCell:
    """The cell with 40 files."""
    return next(cell for cell in matrix.rows[0].cells if len(cell.assets) > LARGE_CELL)


@pytest.mark.parametrize("unfinished", [False, True], ids=["finished", "one unfinished"])
@pytest.mark.parametrize("states", STATES.values(), ids=STATES)
async def test_it_says_what_all_its_files_say(
    matrix: Matrix, states: tuple[Answer | None, ...], unfinished: bool
) -> None:
    inspection = next(
        state.inspection for state in matrix.known.values() if state.inspection is not None
    )
    cell = large_cell(matrix)
    if unfinished:
        files = (*cell.assets[:-1], replace(cell.assets[-1], unfinished=True))
        cell = replace(cell, assets=files)
        matrix = replace(matrix, rows=(replace(matrix.rows[0], cells=(cell,)),))
    for asset, answer in zip(cell.assets[5:], states, strict=False):
        if answer is None:
            matrix.known.set_cached(file_key(asset), True)
        else:
            verdict = replace(inspection.verdicts[0], answer=answer)
            state = FileState(replace(inspection, verdicts=(verdict,)))
            matrix.known.put(file_key(asset), state)
    drawn = index_files(matrix).to_draw(TAG, cell, matrix.known)
    assert len(drawn.assets) < LARGE_CELL
    assert mark_of(matrix, drawn) == mark_of(matrix, cell)
    assert mark_cell(mark_of(matrix, drawn)).text


async def test_the_index_knows_the_release_of_each_file(matrix: Matrix) -> None:
    index = index_files(matrix)
    cell = large_cell(matrix)
    assert {index.tags[file_key(asset)] for asset in cell.assets} == {TAG}
    assert set(index.large_cells) == {(TAG, cell.column.key)}
