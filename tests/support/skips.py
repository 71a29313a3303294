"""A skip that nobody sees is a hole: each is reported at the end of the run, and is a failure with
``CI=true``.

As a pytest plugin it sees to every skip of any kind: ``do_without``, ``pytest.skip``, ``skipif``,
and a test parametrized with nothing. Linux is where all tests can run; elsewhere those that the
platform forces stay skips.
"""

import os
import sys
from collections.abc import Generator
from typing import NoReturn, TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def is_failure() -> bool:
    """Whether a skip is a failure: this is continuous integration."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def do_without(what: str, why: str, remedy: str) -> NoReturn:
    """Skip the running test, which needs ``what`` (an engine, a browser)."""
    pytest.skip(f"no {what}: {why}. {remedy}")


def report_missing(what: str, why: str) -> int:
    """For what ``make test`` calls first: say that there will be no such tests; the exit code of
    that."""
    print(f"{what}: NO TESTS WITH IT: {why}", file=sys.stderr)
    return 1 if is_failure() else 0


# --- the pytest plugin ---


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tests."""
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Whole modules."""
    return _judged((yield))


def _judged(report: Report) -> Report:
    if report.skipped and is_failure() and sys.platform == "linux":
        report.outcome = "failed"
        report.longrepr = f"{_reason(report)}: with CI=true a skip is a failure"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests did not run, and why."""
    reasons = [
        _reason(report).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    ]
    if not reasons:
        return
    terminalreporter.write_sep(
        "!", f"NOT EVERYTHING WAS TESTED: {len(reasons)} SKIPPED", red=True, bold=True
    )
    for reason in sorted(set(reasons)):
        terminalreporter.write_line(f"{reasons.count(reason)}: {reason}", red=True)
