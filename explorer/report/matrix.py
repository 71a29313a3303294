"""The matrix of releases and platforms, and advice, as rows, words and JSON."""

from __future__ import annotations

from explorer.compat import Answer
from explorer.facts import MISSING
from explorer.report.cells import Cell, Column, Row, Style, answer_cell, result_cell
from explorer.report.json_base import Object, map_fact, object_of, time_text
from explorer.report.json_binary import asset as asset_json
from explorer.report.snippets import snippets
from explorer.report.text import one_line
from explorer.report.units import iso_date
from explorer.report.words import deciding_in_words, target_in_words
from explorer.verify import Result
from explorer.workbench import Advice, Asset, Matrix, MatrixCell, MatrixRow, Seen, seen_key


def matrix_columns(matrix: Matrix) -> tuple[Column, ...]:
    """The release and one column for each platform; the plugin's are marked."""
    platforms = (Column(c.key, f"{c.title} ·p" if c.kind.value == "plugin" else c.title, width=9) for c in matrix.columns)
    return (Column("tag", "release"), Column("date", "date", width=10), *platforms)


def matrix_row(matrix: Matrix, row: MatrixRow) -> Row:
    """One release."""
    release = row.release
    date = "?" if isinstance(release.published_at, MISSING) else iso_date(release.published_at)
    mark = " pre" if release.prerelease else ""
    return Row(
        release.tag,
        (Cell(release.tag + mark, "dim" if mark else "strong"), Cell(date, "dim"), *(matrix_cell(matrix, cell) for cell in row.cells)),
    )


def matrix_cell(matrix: Matrix, cell: MatrixCell) -> Cell:
    """``✓ yes``, ``✗ no``, ``▣ ran`` where it was proved, ``↳ yes`` where another file serves, ``–`` where nothing is there."""
    asset = cell.asset
    if asset is None:
        return Cell("–", "dim")
    seen = matrix.seen.get(seen_key(asset))
    mark = "" if cell.assets else "↳ "
    if seen is None:
        return Cell(f"{mark}…", "dim")
    if seen.inspection is None or not seen.inspection.verdicts:
        return Cell(f"{mark}! error", "warn")
    proof = next((p for p in seen.inspection.proofs if p.target == matrix.target.name), None)
    if proof is not None and proof.result is not Result.NOT_RUN:
        shown = result_cell(proof.result)
    else:
        shown = answer_cell(seen.inspection.verdicts[0].answer)
    style: Style = shown.style
    return Cell(f"↳ {shown.text.split(maxsplit=1)[1]}" if mark else shown.text, style, sort=shown.sort)


def matrix_explanation(matrix: Matrix, row: MatrixRow, cell: MatrixCell) -> Cell:
    """The sentence for the cell under the cursor: what is published, what serves instead, what decides."""
    place = f"{row.release.tag} {cell.column.title}"
    asset = cell.asset
    if asset is None:
        return Cell(f"{place}: not published, and nothing serves instead", "dim")
    seen = matrix.seen.get(seen_key(asset))
    said = _said(seen)
    if cell.assets:
        return Cell(f"{place}: {asset.name}: {said}")
    return Cell(f"{place}: not published; {asset.platform.slug}: {said}")


def _said(seen: Seen | None) -> str:
    if seen is None:
        return "not looked at yet"
    if seen.inspection is None or not seen.inspection.verdicts:
        return one_line(str(seen.error)) if seen.error else "no verdict"
    verdict = seen.inspection.verdicts[0]
    return f"{verdict.answer.value}, {deciding_in_words(verdict, seen.inspection.binary)}"


def matrix_markdown(matrix: Matrix) -> str:
    """The matrix as a Markdown table, fit for an issue."""
    from explorer.report.markdown import code, prose

    columns = matrix_columns(matrix)
    lines = ["| " + " | ".join(prose(column.title) for column in columns) + " |", "|" + " --- |" * len(columns)]
    for row in matrix.rows:
        cells = matrix_row(matrix, row).cells
        shown = [code(cells[0].text).replace("|", "\\|"), *(prose(cell.text) for cell in cells[1:])]
        lines.append("| " + " | ".join(shown) + " |")
    title = f"{prose(matrix.repo)} on {prose(target_in_words(matrix.target))}; ↳: not published, another file serves; ·p: plugin"
    return "\n".join([title, "", *lines]) + "\n"


def matrix_json(matrix: Matrix) -> Object:
    """What ``matrix --json`` prints."""
    return {
        "repo": matrix.repo,
        "target": matrix.target.name,
        "total": matrix.total,
        "warnings": list(matrix.warnings),
        "columns": [{"key": c.key, "title": c.title, "kind": c.kind.value, "serves": c.serves or None} for c in matrix.columns],
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
        "published": [_file_json(asset, matrix.seen.get(seen_key(asset))) for asset in cell.assets],
        "serves": _file_json(cell.serves, matrix.seen.get(seen_key(cell.serves))) if cell.serves else None,
    }


def _file_json(asset: Asset, seen: Seen | None) -> Object:
    inspection = seen.inspection if seen else None
    verdict = inspection.verdicts[0] if inspection and inspection.verdicts else None
    return {
        "name": asset.name,
        "answer": verdict.answer.value if verdict else None,
        "code": verdict.deciding.code if verdict else None,
        "text": verdict.deciding.text if verdict else None,
        "proof": inspection.proofs[0].result.value if inspection and inspection.proofs else None,
        "error": str(seen.error) if seen and seen.error else None,
    }


def advice_lines(advice: Advice) -> tuple[Cell, ...]:
    """Which file to take and why, and what the others would do."""
    where = f"{advice.arch}, {target_in_words(advice.target)}"
    lines = [Cell(f"{advice.repo} {advice.release.tag} for {where}", "strong")]
    if advice.chosen is None:
        lines.append(Cell("✗ nothing published serves", "bad"))
    else:
        style: Style = "good" if advice.chosen.answer is Answer.YES else "warn"
        lines.append(Cell(f"→ take {advice.chosen.asset.name}", style))
    lines.append(Cell(one_line(advice.why)))
    seen = (Cell(f"  {answer_cell(c.answer).text}  {c.asset.name}: {_said(c.seen)}", "dim") for c in advice.candidates)
    return (*lines, *seen)


def matrix_errors(matrix: Matrix, most: int = 3) -> tuple[str, ...]:
    """What kept files from being looked at, each sentence once."""
    told = list(
        dict.fromkeys(f"{seen.error.detail or seen.error.title}. {seen.error.remedy}" for seen in matrix.seen.values() if seen.error)
    )
    return (*told[:most], *([f"and {len(told) - most} other reasons"] if len(told) > most else []))


def advice_json(advice: Advice) -> Object:
    """What ``advise --json`` prints."""
    return object_of(
        repo=advice.repo,
        tag=advice.release.tag,
        arch=advice.arch,
        libc=advice.libc,
        target=advice.target.name,
        why=advice.why,
        chosen=asset_json(advice.chosen.asset) if advice.chosen else None,
        sha256=advice.sha256,
        sha256_from=advice.sha256_from or None,
        candidates=[_file_json(candidate.asset, candidate.seen) for candidate in advice.candidates],
        snippets=[{"key": s.key, "title": s.title, "language": s.language, "text": s.text, "note": s.note} for s in snippets(advice)],
    )
