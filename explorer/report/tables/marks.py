"""What a cell of the matrix says, as data, and its written forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from explorer.compat import Answer
from explorer.report.cells import Cell, Style
from explorer.report.golang import VULNERABILITIES_LEGEND
from explorer.report.trust import TRUST_LEGEND
from explorer.report.verdicts.words import deciding_in_words
from explorer.verify import Result, proof_for
from explorer.workbench import Asset, FileState, Matrix, MatrixCell


class MarkState(StrEnum):
    """What is known of a cell's files."""

    RAN = "ran"
    YES = "yes"
    YES_IF = "yes-if"
    MIXED = "mixed"
    """Several files: some run, some do not."""
    UNKNOWN = "unknown"
    AS_IS = "as is"
    """Not as the target is; whether packages would make it run is not known."""
    NO = "no"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    """It did not start, as predicted."""
    UNFINISHED = "unfinished"
    """Its upload was never finished: there is nothing to inspect."""
    ERROR = "error"
    """The file could not be inspected."""
    PUBLISHED = "published"
    """Published, not inspected."""
    ABSENT = "absent"
    """Nothing is published here, and no other file takes its place."""

    @property
    def rank(self) -> int:
        """Sort order, best first."""
        return list(MarkState).index(self)


class MarkForm(StrEnum):
    """How a mark is written."""

    FULL = "full"
    """``↳ linux-arm64: yes, static Go``, ``◐ yes, if: apk add gcompat``."""
    NAMED = "named"
    """``↳ linux-arm64: yes, static Go``, ``◐ if``."""
    SHORT = "short"
    """``↳ yes``, ``◐ if``."""
    GRID = "grid"
    """``↳ yes``, ``◐ yes-if``, for a grid that explains the cell under the cursor elsewhere."""
    GRID_NAMED = "grid-named"
    """``↳ linux-arm64 yes``."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a cell says."""

    state: MarkState
    because: str = ""
    """The deciding reason in a few words; visible. Empty where there is no verdict."""
    instead: str = ""
    """Platform of the file to use instead, where none is published here; empty where one is."""
    cached: bool = False
    """Whether the cache has the file, whole, or one of several."""
    install: str = ""
    """The command that makes it run: ``apk add gcompat``; empty where none is needed or known."""


# Glyph, word, short word, meaning.
_FORMS: dict[MarkState, tuple[str, str, str, Style]] = {
    MarkState.RAN: ("▣", "ran", "ran", "good"),
    MarkState.YES: ("✓", "yes", "yes", "good"),
    MarkState.YES_IF: ("◐", "yes-if", "if", "warn"),
    MarkState.MIXED: ("◐", "mixed", "mixed", "warn"),
    MarkState.UNKNOWN: ("?", "unknown", "", "unknown"),
    MarkState.AS_IS: ("✗", "as is", "as is", "warn"),
    MarkState.NO: ("✗", "no", "no", "bad"),
    MarkState.FAILED: ("▨", "failed", "failed", "bad"),
    MarkState.CONFIRMED: ("▨", "no start", "no", "strong"),
    MarkState.UNFINISHED: ("?", "unfinished", "", "unknown"),
    MarkState.ERROR: ("!", "error", "error", "warn"),
    MarkState.PUBLISHED: ("○", "published", "", "dim"),
    MarkState.ABSENT: ("–", "", "", "dim"),
}
_ANSWERS = {
    Answer.YES: MarkState.YES,
    Answer.YES_IF: MarkState.YES_IF,
    Answer.UNKNOWN: MarkState.UNKNOWN,
    Answer.NO: MarkState.NO,
}
_RUNS = (MarkState.RAN, MarkState.YES)
_FAILS = (MarkState.CONFIRMED, MarkState.NO, MarkState.FAILED)


def mark_of(matrix: Matrix, cell: MatrixCell) -> Mark:
    """What ``cell`` says, from what ``matrix`` holds by now."""
    files = cell.assets or ((cell.instead,) if cell.instead else ())
    if not files:
        return Mark(MarkState.ABSENT)
    looks = [matrix.known.of(asset) for asset in files]
    by_platform: dict[str, list[Mark]] = {}
    for asset, look in zip(files, looks, strict=True):
        by_platform.setdefault(asset.platform.slug, []).append(_mark_of_file(matrix, asset, look))
    mark = _together([_best(marks) for marks in by_platform.values()])
    cached = any(look.cached for look in looks)
    instead = cell.instead.platform.slug if cell.instead and not cell.assets else ""
    return replace(mark, instead=instead, cached=cached)


def _mark_of_file(matrix: Matrix, asset: Asset, look: FileState) -> Mark:
    if asset.unfinished:
        return Mark(MarkState.UNFINISHED)
    if not look.looked_at:
        return Mark(MarkState.PUBLISHED)
    if look.inspection is None or not look.inspection.verdicts:
        return Mark(MarkState.ERROR)
    verdict = look.inspection.verdicts[0]
    because = deciding_in_words(verdict)
    proof = proof_for(look.inspection.proofs, matrix.target)
    if proof is not None and proof.result is Result.RAN:
        return Mark(MarkState.RAN, because)
    if proof is not None and verdict.answer is not Answer.YES_IF:  # it ran without the condition
        return Mark(MarkState.CONFIRMED if proof.agrees is True else MarkState.FAILED, because)
    install = verdict.install if verdict.answer is Answer.YES_IF else ""
    as_is = verdict.answer is Answer.UNKNOWN and verdict.unaided is Answer.NO
    state = MarkState.AS_IS if as_is else _ANSWERS[verdict.answer]
    return Mark(state, because, install=install)


def _best(marks: list[Mark]) -> Mark:
    """One mark for files of one platform: a user can take any of them.

    It is no failure while one of them may run, and not unknown while one of them does.
    """
    inspected = [mark for mark in marks if mark.state is not MarkState.PUBLISHED] or marks
    best_first = (
        MarkState.RAN,
        MarkState.YES,
        MarkState.YES_IF,
        MarkState.UNKNOWN,
        MarkState.AS_IS,
        MarkState.ERROR,
        MarkState.UNFINISHED,
        MarkState.FAILED,
        MarkState.NO,
        MarkState.CONFIRMED,
        MarkState.PUBLISHED,
    )
    return min(inspected, key=lambda mark: best_first.index(mark.state))


def _together(marks: list[Mark]) -> Mark:
    """One mark for several platforms, as ``darwin``: no yes hides a no, and no ``no`` a yes.

    A file that was not inspected counts only if none was.
    """
    inspected = [mark for mark in marks if mark.state is not MarkState.PUBLISHED] or marks
    states = {mark.state for mark in inspected}
    if states & set(_FAILS) and states & {*_RUNS, MarkState.YES_IF}:
        return Mark(MarkState.MIXED)
    worst_first = (
        MarkState.UNKNOWN,
        MarkState.UNFINISHED,
        MarkState.AS_IS,
        *reversed(_FAILS),
        MarkState.ERROR,
        MarkState.YES_IF,
        MarkState.YES,
        MarkState.RAN,
        MarkState.PUBLISHED,
    )
    return min(inspected, key=lambda mark: worst_first.index(mark.state))


def mark_cell(mark: Mark, form: MarkForm = MarkForm.GRID) -> Cell:
    """The mark as a cell; ``*`` follows what is in the cache."""
    glyph, word, short, style = _FORMS[mark.state]
    brief = form in (MarkForm.NAMED, MarkForm.SHORT) or mark.state is MarkState.CONFIRMED
    if mark.instead:
        text = _instead(mark, form, short if form is MarkForm.SHORT else word)
    elif mark.state is MarkState.PUBLISHED:
        text = glyph if form is not MarkForm.FULL else word
    elif mark.install and form is MarkForm.FULL:
        text = f"{glyph} yes, if: {mark.install}"
    else:
        text = f"{glyph} {short if brief else word}".rstrip()
    if mark.cached:
        in_grid = form in (MarkForm.GRID, MarkForm.GRID_NAMED)
        # The star takes the place of the space behind the arrow: the column stays as wide.
        text = text.replace("↳ ", "↳", 1) if form is MarkForm.GRID_NAMED else text
        text += "*" if in_grid else " *"
    if form is MarkForm.GRID_NAMED:
        tight = mark_cell(mark, MarkForm.GRID).text
    else:
        tight = text.replace(" ", "", 1)
    return Cell(text, style, sort=mark.state.rank, short=tight)


def _instead(mark: Mark, form: MarkForm, word: str) -> str:
    unseen = mark.state is MarkState.PUBLISHED
    named = f"↳ {mark.instead}"
    if form is MarkForm.GRID_NAMED:
        return named if unseen else f"{named} {word}"
    if form in (MarkForm.FULL, MarkForm.NAMED):
        return f"{named} ?" if unseen else f"{named}: {word}{_because(mark)}"
    if form is MarkForm.GRID:
        return "↳" if unseen else f"↳ {word}"
    return f"↳ {'?' if unseen else word or '?'}"


def _because(mark: Mark) -> str:
    return f", {mark.because}" if mark.because else ""


def matrix_legend(
    matrix: Matrix, marks: Iterable[Mark], form: MarkForm = MarkForm.FULL
) -> tuple[str, ...]:
    """What the marks mean, a sentence each; and which file to use where one is not published."""
    shown = list(marks)
    states = {mark.state for mark in shown if not mark.instead}
    legend = ["*: in the cache, whole"] if any(mark.cached for mark in shown) else []
    if any(mark.state is MarkState.ERROR for mark in shown):
        legend.append("! error: could not be inspected, see above")
    if MarkState.UNFINISHED in states:
        legend.append("? unfinished: the upload was never finished")
    if any(mark.state is MarkState.AS_IS for mark in shown):
        legend.append("✗ as is: not as the system is; whether packages help is not known")
    if MarkState.CONFIRMED in states:
        legend.append("▨ no: did not start in a container, as predicted")
    if MarkState.MIXED in states:
        legend.append("◐ mixed: of several files some run and some do not")
    if MarkState.PUBLISHED in states:
        full = form is MarkForm.FULL
        legend.append("published: not inspected" if full else "○: published, not inspected")
    if any(mark.instead for mark in shown):
        legend.append(_legend_of_instead(matrix, form))
    if matrix.shows_trust:
        legend.append(TRUST_LEGEND)
    if matrix.vulnerabilities is not None:
        legend.append(VULNERABILITIES_LEGEND)
    return tuple(legend)


def _legend_of_instead(matrix: Matrix, form: MarkForm) -> str:
    if form in (MarkForm.FULL, MarkForm.NAMED):
        return "↳: not published, use the file named instead"
    cells = [c for r in matrix.rows for c in r.cells if not c.assets and c.instead]
    cells.sort(key=lambda c: c.instead is None or not matrix.known.of(c.instead).looked_at)
    by_column = {c.column.title: mark_of(matrix, c) for c in reversed(cells)}
    named = [f"{title} → {_named(mark)}" for title, mark in reversed(by_column.items())]
    more = "; …" if len(named) > 2 else ""
    return f"↳: not published, use another file instead ({'; '.join(named[:2])}{more})"


def _named(mark: Mark) -> str:
    """``linux-arm64: yes, static Go``."""
    if mark.state is MarkState.PUBLISHED:
        return f"{mark.instead} ?"
    return f"{mark.instead}: {_FORMS[mark.state][1]}{_because(mark)}"


def verdict_words(look: FileState) -> str:
    """The deciding fact in a few words, or why there is no verdict; may quote a file: untrusted."""
    if not look.looked_at:
        return "published, not inspected"
    if look.inspection is None or not look.inspection.verdicts:
        return str(look.error) if look.error else "no verdict"
    return deciding_in_words(look.inspection.verdicts[0])
