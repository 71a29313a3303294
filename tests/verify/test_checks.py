"""What a program prints about itself against what its release promises."""

import pytest

from explorer.facts import NotApplicable
from explorer.releases import load_profiles
from explorer.verify import Expectations, Result, VersionOutput
from explorer.verify.checks import check

BUILT = "build time: 2026-06-17T16:05:23+0000, go1.26.4"


def outcome(output: str, version: str, code: int = 0) -> dict[str, object]:
    """The checks of RoadRunner's server, by its profile."""
    kind = load_profiles().by_program("rr")
    command = kind.command(version) if kind else None
    assert command is not None
    read = VersionOutput(
        command.version,
        command.os,
        command.arch,
        command.unset,
        command.any_exit,
        certain=command.certain,
    )
    return checked(output, version, code, read)


def checked(
    output: str, version: str, code: int = 0, read: VersionOutput | None = None
) -> dict[str, object]:
    """The checks of a program of any project, without ``read``."""
    expect = Expectations(version, "linux", "amd64", read or VersionOutput())
    checks = check(Result.RAN, code, output, expect)
    return {one.name: one.ok if isinstance(one.ok, bool) else "n/a" for one in checks}


@pytest.mark.parametrize(
    ("output", "version", "expected"),
    [
        (
            f"rr version 2025.1.15 ({BUILT}), OS: linux, arch: amd64\n",
            "2025.1.15",
            {"exit": True, "version": True, "os": True, "arch": True},
        ),
        (
            f"rr version 2025.1.14 ({BUILT}), OS: linux, arch: arm64\n",
            "2025.1.15",
            {"exit": True, "version": False, "os": True, "arch": False},
        ),
        (
            "rr version 2.9.4 (build time: 2022-05-06T09:12:12+0000, go1.18.1)\n",
            "2.9.4",
            {"exit": True, "version": True, "os": "n/a", "arch": "n/a"},
        ),
        (
            "rr version 2.0.2 Build time: 2021-04-06T09:12:12+0000\n",
            "2.0.2",
            {"exit": True, "version": True, "os": "n/a", "arch": "n/a"},
        ),
        (
            "rr version local (build time: development, go1.16)\n",
            "2.0.0",
            {"exit": True, "version": "n/a", "os": "n/a", "arch": "n/a"},
        ),
        (
            "rr version 1.9.2\n",
            "1.9.2",
            {"exit": True, "version": True, "os": "n/a", "arch": "n/a"},
        ),
        (
            "\x1b[32mRoadRunner\x1b[0m, PHP application server\n"
            "\x1b[33mVersion:\x1b[0m 1.8.0, 2020-05-01\n",
            "1.8.0",
            {"exit": "n/a", "version": True, "os": "n/a", "arch": "n/a"},
        ),
        ("", "2.9.4", {"exit": True, "version": False, "os": "n/a", "arch": "n/a"}),
        (
            "rr version 2025.1.15-rc.1 (build",
            "2025.1.15",
            {"exit": True, "version": False, "os": "n/a", "arch": "n/a"},
        ),
    ],
)
def test_by_era(output: str, version: str, expected: dict[str, object]) -> None:
    assert outcome(output, version) == expected


def test_an_exit_code_of_its_own_is_not_as_promised() -> None:
    assert outcome("rr version 1.9.2\n", "1.9.2", code=3)["exit"] is False


def test_help_text_in_place_of_a_version_may_end_as_it_likes() -> None:
    """Up to v1.9.0 there is no ``--version``: the flag is refused, and the help says which version
    it is."""
    assert (
        outcome(
            "Error: unknown flag: --version\nUsage: rr\nVersion: 1.8.0, 2020-05-01\n",
            "1.8.0",
            code=1,
        )["exit"]
        == "n/a"
    )


@pytest.mark.parametrize(
    ("output", "version", "code", "expected"),
    [
        ("gh version 2.67.0 (2025-02-11)\n", "2.67.0", 0, True),
        ("ripgrep 14.1.0 (rev e50df40a19)\n", "14.1.0", 0, True),
        ("v0.44.1\n", "v0.44.1", 0, True),
        ("hugo v0.121.2-6d5b44305eaa9d0a157946492a6f319da38de154 linux/amd64", "0.121.2", 0, True),
        ("k3s version v1.29.0+k3s1 (3190a5fa)\n", "1.29.0+k3s1", 0, True),
        ("tool 1.2.3+build.7\n", "1.2.3", 0, True),
        ("This is tool 1.2.3.\n", "1.2.3", 0, True),
        ("tool 1.2.3-rc.1\n", "1.2.3", 0, False),
        ("tool 2.66.0\n", "2.67.0", 0, False),
        ("tool, built with go1.22\n", "2.67.0", 0, "n/a"),
        ("tool 5.1\n", "2.67.0", 0, "n/a"),
        ("tool dev\n", "2.67.0", 0, "n/a"),
        ("Error: unknown flag: --version\n", "2.67.0", 1, "n/a"),
        ("flag provided but not defined: -version\n", "2.67.0", 2, "n/a"),
        ("unrecognized option '--version'\n", "2.67.0", 1, "n/a"),
    ],
)
def test_programs_of_any_project(
    output: str, version: str, code: int, expected: bool | str
) -> None:
    assert checked(output, version, code)["version"] == expected


def test_the_platform_is_read_where_go_prints_it() -> None:
    checks = checked("tool version 1.2.3 linux/arm64 go1.22.1\n", "1.2.3")
    assert (checks["os"], checks["arch"]) == (True, False)


def test_an_option_that_roadrunner_does_not_know_is_no_other_version() -> None:
    """RoadRunner 1.6.2, asked for ``--version`` by a user who names no version."""
    checks = outcome("Error: unknown flag: --version\n", "1.9.2", code=1)
    assert (checks["exit"], checks["version"]) == ("n/a", "n/a")


def test_nothing_is_checked_where_nothing_is_expected() -> None:
    assert check(Result.RAN, 0, "whatever", Expectations()) == ()


def test_what_did_not_run_is_not_compared() -> None:
    checks = check(Result.FAILED, 1, "", Expectations("1.0"))
    assert [one.name for one in checks] == ["exit", "version"]
    assert all(isinstance(one.ok, NotApplicable) for one in checks)
