"""The matrix of releases and platforms as rows, words and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from explorer.errors import ExplorerError
from explorer.facts import MISSING
from explorer.report.cells import Cell, Column, Row, answer_cell, result_cell
from explorer.report.json_base import Object, map_fact, object_of, time_text
from explorer.report.text import one_line
from explorer.report.units import iso_date, plural
from explorer.report.words import deciding_in_words, target_in_words
from explorer.verify import Result
from explorer.workbench import Asset, Matrix, MatrixCell, MatrixRow, Seen, seen_key

PUBLISHED = "published"
"""A file that nobody has looked at: in the demo, offline, or not yet."""
PUBLISHED_SHORT = "○"
"""The same where there is no room for the word."""
CACHED = " *"
"""Behind a cell whose file is in the cache, or one of them."""


def matrix_columns(matrix: Matrix) -> tuple[Column, ...]:
    """The release and one column for each platform; the plugin's are marked."""
    platforms = (
        Column(c.key, f"{c.title} ·p" if c.kind.value == "plugin" else c.title, width=9)
        for c in matrix.columns
    )
    return (Column("tag", "release"), Column("date", "date", width=10), *platforms)


def matrix_row(matrix: Matrix, row: MatrixRow, full: bool = False) -> Row:
    """One release; ``full`` as for ``matrix_cell``."""
    release = row.release
    date = "?" if isinstance(release.published_at, MISSING) else iso_date(release.published_at)
    mark = " pre" if release.prerelease else ""
    cells = (matrix_cell(matrix, cell, full) for cell in row.cells)
    return Row(
        release.tag,
        (Cell(release.tag + mark, "dim" if mark else "strong"), Cell(date, "dim"), *cells),
    )


def matrix_cell(matrix: Matrix, cell: MatrixCell, full: bool = False) -> Cell:
    """``✓ yes``, ``✗ no``, ``▣ ran`` where it was proved, ``published`` where nobody has looked, ``–`` where nothing is there.

    Where another file serves: ``↳ yes``, ``↳ ?``; with ``full`` that file is named: ``↳ linux-arm64: yes, static Go``.
    A star behind it, ``✓ yes *``: the file is in the cache.
    """
    shown = _bare_cell(matrix, cell, full)
    files = cell.assets or ((cell.serves,) if cell.serves else ())
    cached = any(
        seen.cached for asset in files if (seen := matrix.seen.get(seen_key(asset))) is not None
    )
    return Cell(shown.text + CACHED, shown.style, sort=shown.sort) if cached else shown


def _bare_cell(matrix: Matrix, cell: MatrixCell, full: bool) -> Cell:
    asset = cell.asset
    if asset is None:
        return Cell("–", "dim")
    seen = matrix.seen.get(seen_key(asset))
    if cell.assets:
        return min(
            (_state_cell(matrix, matrix.seen.get(seen_key(a))) for a in cell.assets), key=_gravity
        )
    slug = asset.platform.slug
    if seen is None:
        return Cell(f"↳ {slug} ?" if full else "↳ ?", "dim")
    shown = _state_cell(matrix, seen)
    if seen.inspection is None or not seen.inspection.verdicts:
        return Cell(f"↳ {slug}: error" if full else "↳ error", shown.style)
    word = shown.text.split(maxsplit=1)[1]
    verdict = seen.inspection.verdicts[0]
    text = f"↳ {slug}: {word}, {deciding_in_words(verdict)}" if full else f"↳ {word}"
    return Cell(text, shown.style, sort=shown.sort)


def _state_cell(matrix: Matrix, seen: Seen | None) -> Cell:
    """What is known of one published file."""
    if seen is None:
        return Cell(PUBLISHED, "dim")
    if seen.inspection is None or not seen.inspection.verdicts:
        return Cell("! error", "warn")
    proof = next((p for p in seen.inspection.proofs if p.target == matrix.target.name), None)
    if proof is not None and proof.result is not Result.NOT_RUN:
        return result_cell(proof.result)
    return answer_cell(seen.inspection.verdicts[0].answer)


def _gravity(cell: Cell) -> int:
    """Of several files in one cell (darwin and deb have two) the worst that is known is shown, so that no yes hides a no."""
    order = ("bad", "unknown", "warn", "good", "dim")
    return order.index(cell.style) if cell.style in order else len(order)


def matrix_legend(matrix: Matrix, shown: Iterable[Cell]) -> tuple[str, ...]:
    """What the marks among ``shown`` mean, a sentence each; and which file serves where one is not published."""
    marked = {cell.text for cell in shown}
    texts = {text.removesuffix(CACHED) for text in marked}
    legend = ["*: in the cache, whole"] if any(text.endswith(CACHED) for text in marked) else []
    if "! error" in texts:
        legend.append("! error: could not be looked at, see above")
    if texts & {PUBLISHED, PUBLISHED_SHORT}:
        mark = PUBLISHED_SHORT if PUBLISHED_SHORT in texts else PUBLISHED
        legend.append(f"{mark}: {'published, ' if mark == PUBLISHED_SHORT else ''}not looked at")
    if any(text.startswith("↳ ") for text in texts):
        if any(text.startswith("↳ ") and ": " in text for text in texts):
            return (*legend, "↳: not published, the file named serves instead")
        cells = [c for r in matrix.rows for c in r.cells if not c.assets and c.serves]
        cells.sort(key=lambda c: c.serves is None or seen_key(c.serves) not in matrix.seen)
        by_column = {c.column.title: c for c in reversed(cells)}
        named = [f"{title} → {_served(matrix, c)}" for title, c in reversed(by_column.items())]
        legend.append(
            f"↳: not published, another file serves ({'; '.join(named[:2])}{'; …' if len(named) > 2 else ''})"
        )
    return tuple(legend)


def _served(matrix: Matrix, cell: MatrixCell) -> str:
    return _bare_cell(matrix, cell, full=True).text.removeprefix("↳ ")


def said_of(seen: Seen | None) -> str:
    """``yes, static Go``, or why there is no verdict."""
    if seen is None:
        return "published, not looked at"
    if seen.inspection is None or not seen.inspection.verdicts:
        return one_line(str(seen.error)) if seen.error else "no verdict"
    verdict = seen.inspection.verdicts[0]
    return f"{verdict.answer.value}, {deciding_in_words(verdict)}"


def matrix_markdown(matrix: Matrix) -> str:
    """The matrix as Markdown tables, RoadRunner itself and its plugin apart, fit for an issue."""
    from explorer.report.markdown import prose

    kinds = (
        ("plugin",)
        if all(c.kind.value == "plugin" for c in matrix.columns)
        else ("server", "plugin")
    )
    places = {
        kind: [
            n
            for n, c in enumerate(matrix.columns)
            if (c.kind.value == "plugin") == (kind == "plugin")
        ]
        for kind in kinds
    }
    rows = [matrix_row(matrix, row, full=True) for row in matrix.rows]
    parts = [f"{prose(matrix.repo)} on {prose(target_in_words(matrix.target))}"]
    for kind, numbers in places.items():
        if numbers:
            parts += [f"**{kind}**"] if len([n for n in places.values() if n]) > 1 else []
            parts.append(
                _markdown_table(
                    [matrix.columns[n].title for n in numbers],
                    [_picked(row, numbers) for row in rows],
                )
            )
    legend = matrix_legend(matrix, (cell for row in rows for cell in row.cells))
    return "\n\n".join([*parts, *(f"<sub>{prose(line)}</sub>" for line in legend)]) + "\n"


def _picked(row: Row, numbers: Sequence[int]) -> tuple[Cell, ...]:
    """Tag, date, and the cells of some platforms."""
    return (*row.cells[:2], *(row.cells[2 + number] for number in numbers))


def _markdown_table(titles: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> str:
    from explorer.report.markdown import code, in_table, prose

    lines = [
        "| "
        + " | ".join(["release", "date", *(in_table(prose(title)) for title in titles)])
        + " |",
        "|" + " --- |" * (len(titles) + 2),
    ]
    written = ([code(cells[0].text), *(prose(cell.text) for cell in cells[1:])] for cells in rows)
    lines += ["| " + " | ".join(map(in_table, cells)) + " |" for cells in written]
    return "\n".join(lines)


def matrix_json(matrix: Matrix) -> Object:
    """What ``matrix --json`` prints."""
    return {
        "repo": matrix.repo,
        "target": matrix.target.name,
        "total": matrix.total,
        "warnings": list(matrix.warnings),
        "columns": [
            {"key": c.key, "title": c.title, "kind": c.kind.value, "serves": c.serves or None}
            for c in matrix.columns
        ],
        "rows": [
            object_of(
                tag=row.release.tag,
                published_at=map_fact(row.release.published_at, time_text),
                prerelease=row.release.prerelease,
                cells=[_cell_json(matrix, cell) for cell in row.cells],
            )
            for row in matrix.rows
        ],
    }


def _cell_json(matrix: Matrix, cell: MatrixCell) -> Object:
    return {
        "column": cell.column.key,
        "published": [
            file_json(asset, matrix.seen.get(seen_key(asset)), matrix.target.name)
            for asset in cell.assets
        ],
        "serves": file_json(cell.serves, matrix.seen.get(seen_key(cell.serves)), matrix.target.name)
        if cell.serves
        else None,
    }


def file_json(asset: Asset, seen: Seen | None, target: str) -> Object:
    """A file and what is known of it on ``target``."""
    inspection = seen.inspection if seen else None
    verdict = inspection.verdicts[0] if inspection and inspection.verdicts else None
    proof = next((p for p in inspection.proofs if p.target == target), None) if inspection else None
    return {
        "name": asset.name,
        "platform": asset.platform.slug,
        "state": "published" if seen is None else "error" if seen.error else "seen",
        "answer": verdict.answer.value if verdict else None,
        "code": verdict.deciding.code if verdict else None,
        "text": verdict.deciding.text if verdict else None,
        "proof": proof.result.value if proof else None,
        "error": str(seen.error) if seen and seen.error else None,
        "cached": seen.cached if seen else None,
    }


def matrix_errors(matrix: Matrix, most: int = 3) -> tuple[str, ...]:
    """What kept files from being looked at, each sentence once."""
    return errors_told((seen.error for seen in matrix.seen.values() if seen.error), most)


def errors_told(errors: Iterable[ExplorerError], most: int = 3) -> tuple[str, ...]:
    """What kept files from being looked at: each reason once, with how many it met."""
    told = Counter(str(error) for error in errors)
    lines = [
        f"{plural(count, 'file was', 'files were')} not looked at: {text}"
        for text, count in told.most_common(most)
    ]
    return (*lines, *([f"and {len(told) - most} other reasons"] if len(told) > most else []))
