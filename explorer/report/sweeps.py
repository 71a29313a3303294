"""A sweep in words: a line for each file on each target, the sum, and what is not as predicted."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.facts import MISSING
from explorer.report.cells import Cell, Style
from explorer.report.steps import steps_in_words
from explorer.report.text import one_line
from explorer.report.units import human_duration, plural
from explorer.report.verdicts.proofs import image_in_words, result_in_words, system_in_words
from explorer.report.verdicts.words import target_in_words
from explorer.workbench import Standing, SweepResult, SweepSummary

_STYLES: dict[Standing, tuple[str, Style]] = {
    Standing.AS_PREDICTED: ("▣", "good"),
    Standing.DISAGREES: ("✗", "bad"),
    Standing.DIFFERS: ("✗", "bad"),
    Standing.NOT_STARTED: ("▨", "warn"),
    Standing.ELSEWHERE: ("▢", "warn"),
    Standing.UNDECIDED: ("▣", "unknown"),
    Standing.NOT_RUN: ("▢", "warn"),
}
_IN_SUM: dict[Standing, str] = {
    Standing.DISAGREES: "not as predicted",
    Standing.DIFFERS: "not what the release promises",
    Standing.NOT_RUN: "not run",
    Standing.NOT_STARTED: "did not start, nothing certain was predicted",
    Standing.ELSEWHERE: "as predicted on another system",
    Standing.UNDECIDED: "started, nothing was predicted",
}


def sweep_cell(result: SweepResult) -> Cell:
    """``▣ started, as predicted``; ``✗ version is 2025.1.4, not 2025.1.5``; ``▢ not run: why``."""
    mark, style = _STYLES[result.standing]
    if result.proof is not None and result.proof.result == "failed" and style == "good":
        mark = "▨"  # a confirmed NO
    return Cell(f"{mark} {sweep_words(result)}", style)


def sweep_words(result: SweepResult) -> str:
    """What came out, without a mark."""
    proof = result.proof
    if proof is None or result.standing is Standing.NOT_RUN:
        why = str(result.error) if result.error is not None else proof.text if proof else ""
        return f"not run: {one_line(why)}"
    words = result_in_words(proof)
    if result.standing is Standing.ELSEWHERE:
        return f"not tested there (on {system_in_words(proof)}: {words})"
    differing = [
        f"{one_line(check.name)} is {one_line(check.seen)}, not {one_line(check.expected)}"
        for check in proof.checks
        if check.ok is False
    ]
    failing = [
        f"{one_line(step.name)}: {one_line(step.why)}"
        for step in proof.deep
        if step.counts_as_failure
    ]
    return "; ".join([words, *differing, *failing])


def sweep_file(result: SweepResult) -> str:
    """``v2025.1.15/roadrunner-…-linux-arm64.tar.gz``."""
    asset = result.item.asset
    return one_line(f"{asset.tag}/{asset.name}")


def sweep_how(result: SweepResult) -> str:
    """``arm64 emulated, alpine:3.24, 7 of 8 steps pass, 0.3 s``.

    An earlier proof says so instead of its time.
    """
    proof = result.proof
    arch = result.item.platform.rpartition("/")[2]
    parts = [f"{arch} emulated" if proof is not None and proof.emulated is True else arch]
    if proof is not None and not isinstance(proof.image, MISSING):
        parts.append(image_in_words(proof.image))
    if proof is not None:
        parts.append(steps_in_words(proof.deep))
        parts.append("proved before" if result.known else human_duration(proof.total_s))
    return ", ".join(part for part in parts if part)


def sweep_line(result: SweepResult) -> tuple[Cell, ...]:
    """The cells of a line that is printed as the result comes."""
    where = target_in_words(result.item.target)
    return (
        sweep_cell(result),
        Cell(f"  {sweep_file(result)}", "strong"),
        Cell(f"  on {where}  "),
        Cell(sweep_how(result), "dim"),
    )


def sweep_trouble(summary: SweepSummary) -> tuple[SweepResult, ...]:
    """What did not go as predicted or did not run at all, the disagreements first."""
    order = list(Standing)
    fine = (Standing.AS_PREDICTED, Standing.ELSEWHERE, Standing.UNDECIDED)
    odd = [one for one in summary.results if one.standing not in fine]
    return tuple(sorted(odd, key=lambda one: order.index(one.standing)))


def sweep_sentence(summary: SweepSummary) -> Cell:
    """``12 of 12 as predicted``; ``10 of 12 as predicted: 1 not as predicted, 1 not run``."""
    total = len(summary.results)
    if not total:
        return Cell("Nothing to prove: no program for Linux", "warn")
    sentence = f"{summary.count(Standing.AS_PREDICTED)} of {total} as predicted"
    rest = [
        f"{count} {words}"
        for standing, words in _IN_SUM.items()
        if (count := summary.count(standing))
    ]
    known = sum(result.known for result in summary.results)
    before = f" ({known} proved before)" if known else ""
    style: Style = "bad" if summary.exit_code == 1 else "warn" if rest else "good"
    return Cell(f"{sentence}{': ' if rest else ''}{', '.join(rest)}{before}", style)


def trouble_sentence(summary: SweepSummary, most: int = 3) -> str:
    """``✗ did not start, although YES was predicted: FILE on TARGET and 2 more``; the worst few.

    A line for each, which all files share that it went wrong for; of an error, its title.
    """
    files: dict[str, list[str]] = {}
    for one in sweep_trouble(summary):
        where = f"{sweep_file(one)} on {target_in_words(one.item.target)}"
        files.setdefault(_in_short(one), []).append(where)
    lines = [f"{words}: {_and_more(names)}" for words, names in files.items()]
    more = sum(len(names) for names in list(files.values())[most:])
    if more:
        lines[most:] = [f"{more} more for other reasons"]
    return "\n".join(lines)


def _in_short(result: SweepResult) -> str:
    """What went wrong, without what to do about it."""
    mark = _STYLES[result.standing][0]
    if result.standing is Standing.NOT_RUN and result.error is not None:
        return f"{mark} not run: {one_line(result.error.title)}"
    return sweep_cell(result).text


def left_out_sentence(summary: SweepSummary) -> str:
    """``2 files left out: it is not a program (a.so and 1 more)``; empty if all were tried."""
    by_reason: dict[str, list[str]] = {}
    for one in summary.left_out:
        by_reason.setdefault(one_line(one.why), []).append(one_line(one.asset.name))
    return "; ".join(
        f"{plural(len(names), 'file')} left out: {why} ({_and_more(names)})"
        for why, names in by_reason.items()
    )


def _and_more(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
