"""JUnit XML, the form that CI services read: one test case for each thing that was checked.

Form: the schema of the Jenkins xUnit plugin (junit-10.xsd), which GitLab, Buildkite and others
follow, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from xml.etree import ElementTree

from explorer.facts import known_or
from explorer.report.promises import kept_file, requirement_in_words
from explorer.report.sweeps import sweep_file, sweep_how, sweep_words
from explorer.report.text import visible
from explorer.workbench import GateReport, Keeping, Standing, SweepResult, SweepSummary


class JUnitOutcome(StrEnum):
    """How a test case ended."""

    PASSED = ""
    FAILURE = "failure"
    """It is not as it should be."""
    ERROR = "error"
    """It could not be checked."""
    SKIPPED = "skipped"
    """It does not apply."""


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """One test case; all text is untrusted."""

    suite: str
    name: str
    outcome: JUnitOutcome = JUnitOutcome.PASSED
    kind: str = ""
    """The type of a failure or error, one word."""
    message: str = ""
    seconds: float = 0.0
    output: str = ""
    """What the program printed."""
    details: tuple[str, ...] = field(default=())
    """Lines below the message."""


def junit(name: str, cases: Sequence[JUnitCase]) -> str:
    """The document, one suite for each name of a suite, in their order."""
    suites: dict[str, list[JUnitCase]] = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    root = ElementTree.Element("testsuites", {"name": visible(name), **_counts(cases)})
    for title, group in suites.items():
        named = {"name": visible(title), **_counts(group)}
        suite = ElementTree.SubElement(root, "testsuite", named)
        suite.set("skipped", str(_count(group, JUnitOutcome.SKIPPED)))
        for case in group:
            _add(suite, case)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _count(cases: Sequence[JUnitCase], outcome: JUnitOutcome) -> int:
    return sum(case.outcome is outcome for case in cases)


def _counts(cases: Sequence[JUnitCase]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(_count(cases, JUnitOutcome.FAILURE)),
        "errors": str(_count(cases, JUnitOutcome.ERROR)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _add(suite: ElementTree.Element, case: JUnitCase) -> None:
    element = ElementTree.SubElement(
        suite,
        "testcase",
        classname=visible(case.suite),
        name=visible(case.name),
        time=f"{case.seconds:.3f}",
    )
    if case.outcome is not JUnitOutcome.PASSED:
        problem = ElementTree.SubElement(element, case.outcome.value, message=visible(case.message))
        if case.outcome is not JUnitOutcome.SKIPPED:
            problem.set("type", visible(case.kind or case.outcome.value))
        problem.text = "\n".join(visible(line) for line in case.details) or None
    if case.output:
        ElementTree.SubElement(element, "system-out").text = visible(case.output, newline=True)


_OUTCOMES = {
    Standing.AS_PREDICTED: JUnitOutcome.PASSED,
    Standing.UNDECIDED: JUnitOutcome.PASSED,
    Standing.DISAGREES: JUnitOutcome.FAILURE,
    Standing.DIFFERS: JUnitOutcome.FAILURE,
    Standing.NOT_STARTED: JUnitOutcome.FAILURE,
    Standing.NOT_RUN: JUnitOutcome.ERROR,
    Standing.ELSEWHERE: JUnitOutcome.SKIPPED,
}


def sweep_junit(repo: str, summary: SweepSummary) -> str:
    """A sweep: one suite for each target, one case for each file; left out files are skipped."""
    cases = [_case(result) for result in summary.results]
    cases += [
        JUnitCase(
            "left out", f"{one.asset.tag}/{one.asset.name}", JUnitOutcome.SKIPPED, "", one.why
        )
        for one in summary.left_out
    ]
    return junit(f"rr-explorer verify {repo}", cases)


def _case(result: SweepResult) -> JUnitCase:
    proof = result.proof
    printed = f"{proof.stdout}{proof.stderr}" if proof is not None else ""
    return JUnitCase(
        result.item.target.name,
        f"{sweep_file(result)} ({result.item.platform or 'any platform'})",
        _OUTCOMES[result.standing],
        result.standing.value,
        sweep_words(result),
        known_or(proof.duration_s, 0.0) if proof is not None and not result.known else 0.0,
        printed,
        (sweep_how(result),),
    )


_KEEPINGS = {
    Keeping.KEPT: JUnitOutcome.PASSED,
    Keeping.BROKEN: JUnitOutcome.FAILURE,
    Keeping.UNKNOWN: JUnitOutcome.ERROR,
    Keeping.ALLOWED: JUnitOutcome.SKIPPED,
}


def promise_junit(report: GateReport) -> str:
    """A promise: one suite for each file, one case for each requirement."""
    cases = [
        JUnitCase(
            kept_file(result),
            requirement_in_words(result),
            _KEEPINGS[result.kept.keeping],
            result.kept.keeping.value,
            result.kept.text,
        )
        for result in report.results
    ]
    return junit(f"rr-explorer check {report.tag}", cases)
