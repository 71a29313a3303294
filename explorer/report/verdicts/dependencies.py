"""The libraries of a dynamic program as a tree of rows."""

from __future__ import annotations

from explorer.compat import Answer, Dependency, Verdict, Where
from explorer.facts import MISSING, Fact
from explorer.report.answers import fact_cell, missing_text
from explorer.report.cells import EMPTY, Cell, Column, Row, Style
from explorer.report.text import cell_width, one_line, visible
from explorer.report.verdicts.proofs import short_title

DEPENDENCY_COLUMNS = (
    Column("name", "library", grows=True),
    Column("where", "found", width=9),
    Column("path", "at"),
    Column("searched", "searched"),
)
_WHERE: dict[Where, tuple[str, Style]] = {
    Where.LOADER: ("✓ loader", "good"),
    Where.IMAGE: ("✓ image", "good"),
    Where.BESIDE: ("✓ beside", "good"),
    Where.COMPAT: ("◐ compat", "warn"),
    Where.MISSING: ("✗ missing", "bad"),
    Where.UNUSABLE: ("✗ refused", "bad"),
    Where.UNKNOWN: ("? unknown", "unknown"),
}
LOADER_RULES = ("elf.interp.", "elf.packed.loader")
"""Codes of the rules about the loader, or their beginning."""
NONE = Cell("none", "good")
SHORT_LIST = 50
"""Cells of a list of names that has one line on a screen of 80 cells."""
TREE_LIMIT = 2000
"""Nodes shown of a tree of libraries; a hostile archive can make it as wide as it likes."""


def dependency_rows(verdict: Verdict) -> tuple[Row, ...]:
    """The tree of libraries, depth first, the first column indented; empty for a static program."""
    if isinstance(verdict.dependencies, MISSING):
        return ()
    rows: list[Row] = []
    loads = not _lacks_loader(verdict)
    # A stack of iterators instead of recursion: the depth is the file's to choose.
    todo = [(0, dependency) for dependency in reversed(verdict.dependencies.libraries)]
    while todo and len(rows) < TREE_LIMIT:
        depth, node = todo.pop()
        rows.append(_dependency_row(node, depth, len(rows), loads))
        todo.extend((depth + 1, child) for child in reversed(node.children))
    if todo:
        rows.append(Row("more", (Cell(f"… cut after {TREE_LIMIT}", "warn"), EMPTY, EMPTY, EMPTY)))
    return tuple(rows)


def _lacks_loader(verdict: Verdict) -> bool:
    """Whether the target has no such loader and can install none: nothing of the program runs."""
    return _loader_answer(verdict) is Answer.NO and not verdict.install


def _loader_answer(verdict: Verdict) -> Answer | None:
    """What the rules about the loader say; None if none of them applies."""
    answers = [reason.answer for reason in verdict.reasons if reason.code.startswith(LOADER_RULES)]
    return max(answers, key=lambda answer: answer.rank, default=None)


def _dependency_row(node: Dependency, depth: int, index: int, loads: bool) -> Row:
    word, style = _WHERE[node.where]
    if not loads and style == "good":
        word, style = "not loaded", "dim"
    branch = "  " * (depth - 1) + "└ " if depth else ""
    searched = ", ".join(node.searched)
    return Row(
        f"{index}:{node.name}",
        (
            Cell(branch + visible(node.name), sort=node.name),
            Cell(word, style),
            Cell.of(node.path or "–", "" if node.path else "dim"),
            Cell(searched, "dim"),
        ),
        depth,
    )


def dependency_facts(verdict: Verdict) -> tuple[Row, ...]:
    """Interpreter, newest GLIBC, missing libraries and symbols, as (what, value) rows."""
    check = verdict.dependencies
    if isinstance(check, MISSING):
        return (Row("libraries", (Cell("libraries", "dim"), Cell(missing_text(check), "dim"))),)
    missing = check.missing_libraries
    rows = [
        ("interpreter", fact_cell(check.interpreter, lambda path: _loader_cell(path, verdict))),
        (
            "newest glibc",
            fact_cell(
                verdict.newest_glibc,
                lambda version: Cell(f"GLIBC_{version.removeprefix('GLIBC_')}"),
            ),
        ),
        ("missing libraries", _libraries_cell(missing)),
        ("missing symbols", fact_cell(check.missing_symbols, _symbols_cell)),
    ]
    return tuple(Row(name, (Cell(name, "dim"), cell)) for name, cell in rows)


def loader_facts(verdict: Verdict, interpreter: Fact[str]) -> tuple[Row, ...]:
    """The interpreter, where the libraries are not known yet; empty if it is not known either."""
    if isinstance(interpreter, MISSING):
        return ()
    name = Cell("interpreter", "dim")
    return (Row("interpreter", (name, _loader_cell(interpreter, verdict))),)


def _loader_cell(path: str, verdict: Verdict) -> Cell:
    """``✗ /lib/ld-linux-aarch64.so.1: not in Alpine 3.24``."""
    answer, where = _loader_answer(verdict), short_title(verdict.target)
    if answer is None or answer is Answer.YES:
        return Cell(f"✓ {path}", "good")
    if answer is Answer.UNKNOWN and verdict.unaided is Answer.NO:
        return Cell(f"✗ {path}: not in {where} as it is", "warn")
    if answer is Answer.UNKNOWN:
        return Cell(f"? {path}: perhaps not in {where}", "unknown")
    if _lacks_loader(verdict):
        return Cell(f"✗ {path}: not in {where}", "bad")
    if verdict.install:
        return Cell(f"◐ {path}: needs “{one_line(verdict.install)}”", "warn")
    return Cell(f"◐ {path}: on a condition, see the verdict", "warn")


def _libraries_cell(names: tuple[str, ...]) -> Cell:
    return Cell(", ".join(names), "bad", short=_one_line(names)) if names else NONE


def _symbols_cell(names: tuple[str, ...]) -> Cell:
    if not names:
        return NONE
    count = f"{len(names)}: "
    return Cell(count + _named(names, names[:20]), "bad", short=count + _one_line(names))


def _one_line(names: tuple[str, ...]) -> str:
    """As many names as fit in a line beside the fact's name, but one at least."""
    end = 1
    while end < len(names) and cell_width(_named(names, names[: end + 1])) <= SHORT_LIST:
        end += 1
    return _named(names, names[:end])


def _named(names: tuple[str, ...], shown: tuple[str, ...]) -> str:
    """``a, b … and 3 more``."""
    more = f" … and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{', '.join(shown)}{more}"
