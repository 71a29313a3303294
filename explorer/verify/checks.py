"""What a program prints about itself, compared with what its release and its file's name promise.

The project's profile says how to find the version, the system and the architecture in the output;
programs of other projects are read by what most programs print.
"""

import re

from explorer.facts import Fact, NotApplicable
from explorer.platforms import go_arch
from explorer.verify.models import CheckResult, Expectations, Result, VersionOutput

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_BUILD = re.compile(r"(?:-g?[0-9a-f]{7,40}|\+).*$")
"""A commit or build metadata behind a version: ``0.121.2-6d5b44305eaa``, ``1.2.3+20240101``."""
_READ = 65536
"""Characters of the output that are searched."""
_UNKNOWN_OPTION = re.compile(
    r"(?:unknown|unrecognized|unrecognised|invalid|illegal|undefined|not defined|bad)\b.{0,40}"
    r"(?:flag|option|argument|switch|command)"
    r"|(?:flag|option) provided but not defined",
    re.IGNORECASE,
)


def check(
    result: Result, exit_code: int | None, output: str, expect: Expectations
) -> tuple[CheckResult, ...]:
    """One result per expectation, and ``exit``; none if nothing is expected.

    Args:
        output: stdout, followed by stderr, where some programs print their help.
    """
    wanted = {"version": expect.version, "os": expect.os, "arch": expect.arch}
    wanted = {name: value for name, value in wanted.items() if value}
    if not wanted:
        return ()
    if result is not Result.RAN:
        not_run: Fact[bool] = NotApplicable("it did not run")
        names = {"exit": "0", **wanted}
        return tuple(CheckResult(name, not_run, value, "") for name, value in names.items())
    text = _ANSI.sub("", output[:_READ])
    knows_option = exit_code == 0 or not _UNKNOWN_OPTION.search(text)
    checks = [_exit(exit_code, expect.output, knows_option)]
    for name, value in wanted.items():
        if name == "version":
            checks.append(_version(text, value, expect.output, knows_option))
        else:
            checks.append(_platform(name, text, value, expect.output))
    return tuple(checks)


def _exit(code: int | None, output: VersionOutput, knows_option: bool) -> CheckResult:
    ok: Fact[bool] = code == 0
    if output.any_exit:
        ok = NotApplicable("it has no --version: its help text says it")
    elif not knows_option:
        ok = NotApplicable("it does not know this option")
    elif not output.certain and code != 0:
        ok = NotApplicable("it promises no exit code")
    return CheckResult("exit", ok, "0", "stopped" if code is None else str(code))


def _version(text: str, expected: str, output: VersionOutput, knows_option: bool) -> CheckResult:
    match = re.search(output.version, text, re.MULTILINE) if output.version else None
    printed = match[1].rstrip(".-") if match else ""
    version = printed if output.certain else _BUILD.sub("", printed)
    is_alike = _parts(version) == _parts(expected)
    ok: Fact[bool] = version.removeprefix("v") == expected.removeprefix("v") or printed == expected
    if not ok and not knows_option:
        ok = NotApplicable("it does not know this option")
    elif printed in output.unset and printed:
        ok = NotApplicable(f"this build does not know its version: it prints “{printed}”")
    elif not ok and not output.certain and not is_alike:
        ok = NotApplicable("it prints no version like its tag")
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    return CheckResult("version", ok, expected, printed or first_line[:200])


def _parts(version: str) -> int:
    """How many numbers a version begins with."""
    match = re.match(r"v?\d+(?:\.\d+)*", version)
    return match[0].count(".") + 1 if match else 0


def _platform(name: str, text: str, expected: str, output: VersionOutput) -> CheckResult:
    pattern = output.os if name == "os" else output.arch
    match = re.search(pattern, text, re.MULTILINE) if pattern else None
    if match is None:
        return CheckResult(name, NotApplicable("this version does not print it"), expected, "")
    printed = go_arch(match[1]) if name == "arch" else match[1].lower()
    return CheckResult(name, printed == expected, expected, match[1])
