"""What RoadRunner's server prints about itself, compared with what its release and its file's name promise.

Forms, by era: ``rr version V (build time: T, go1.x), OS: linux, arch: amd64`` since v2.10.6; without ``, OS: …`` before;
``rr version V Build time: T`` in v2.0.1 to v2.0.3; ``rr version local`` in v2.0.0; help text with ``Version: V`` up to v1.9.0.
The first word is the file's own name.
"""

import re

from explorer.facts import Fact, NotApplicable
from explorer.verify.models import CheckResult, Expectations, Result

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_VERSION = re.compile(
    r"^\S+ version v?(?P<version>[^\s,;()]+)(?P<rest>[^\n]*)$|^\s*Version:\s*v?(?P<older>[^\s,;()]+)",
    re.MULTILINE,
)
_PLATFORM = re.compile(r"OS: (?P<os>[\w-]+), arch: (?P<arch>[\w-]+)")


def check(
    result: Result, exit_code: int | None, output: str, expect: Expectations
) -> tuple[CheckResult, ...]:
    """One result per expectation, and ``exit``; none where nothing is expected.

    ``output`` is stdout, and stderr behind it: v1 printed its help there.
    """
    if not expect.any:
        return ()
    not_run: Fact[bool] = NotApplicable("it did not run")
    if result is not Result.RAN:
        wanted = (
            ("exit", "0"),
            ("version", expect.version),
            ("os", expect.os),
            ("arch", expect.arch),
        )
        return tuple(CheckResult(name, not_run, value, "") for name, value in wanted if value)
    text = _ANSI.sub("", output[:65536])
    found = _VERSION.search(text)
    ended: Fact[bool] = (
        NotApplicable("it has no --version: its help text tells it")
        if found and found["older"]
        else exit_code == 0
    )
    checks = [CheckResult("exit", ended, "0", "stopped" if exit_code is None else str(exit_code))]
    if expect.version:
        checks.append(_version(found, expect.version, text))
    printed = _PLATFORM.search(found["rest"] or "") if found else None
    for name, value in (("os", expect.os), ("arch", expect.arch)):
        if value and printed:
            checks.append(CheckResult(name, printed[name] == value, value, printed[name]))
        elif value:
            checks.append(
                CheckResult(name, NotApplicable("this version does not print it"), value, "")
            )
    return tuple(checks)


def _version(found: re.Match[str] | None, expected: str, text: str) -> CheckResult:
    if found is None:
        first = next((line for line in text.splitlines() if line.strip()), "")
        return CheckResult("version", False, expected, first[:200])
    seen = found["version"] or found["older"] or ""
    if seen == "local":
        return CheckResult(
            "version",
            NotApplicable("this build was not told its version: v2.0.0 prints “local”"),
            expected,
            seen,
        )
    return CheckResult(
        "version", seen.removeprefix("v") == expected.removeprefix("v"), expected, seen
    )
