"""What RoadRunner's server prints, by era, against what its release promises."""

import pytest

from explorer.facts import NotApplicable
from explorer.verify import Expectations, Result
from explorer.verify.checks import check


def outcome(output: str, version: str, code: int = 0) -> dict[str, object]:
    found = check(Result.RAN, code, output, Expectations(version, "linux", "amd64"))
    return {one.name: one.ok if isinstance(one.ok, bool) else "n/a" for one in found}


@pytest.mark.parametrize(
    ("output", "version", "expected"),
    [
        (
            "rr version 2025.1.15 (build time: 2026-06-17T16:05:23+0000, go1.26.4), OS: linux, arch: amd64\n",
            "2025.1.15",
            {"exit": True, "version": True, "os": True, "arch": True},
        ),
        (
            "rr version 2025.1.14 (build time: 2026-06-17T16:05:23+0000, go1.26.4), OS: linux, arch: arm64\n",
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
            "\x1b[32mRoadRunner\x1b[0m, PHP application server\n\x1b[33mVersion:\x1b[0m 1.8.0, 2020-05-01\n",
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
    """Up to v1.9.0 there is no ``--version``: the flag is refused, and the help says which version it is."""
    assert (
        outcome(
            "Error: unknown flag: --version\nUsage: rr\nVersion: 1.8.0, 2020-05-01\n",
            "1.8.0",
            code=1,
        )["exit"]
        == "n/a"
    )


def test_nothing_is_checked_where_nothing_is_expected() -> None:
    assert check(Result.RAN, 0, "whatever", Expectations()) == ()


def test_what_did_not_run_is_not_compared() -> None:
    found = check(Result.FAILED, 1, "", Expectations("1.0"))
    assert [one.name for one in found] == ["exit", "version"]
    assert all(isinstance(one.ok, NotApplicable) for one in found)
