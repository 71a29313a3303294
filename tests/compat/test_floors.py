"""The least that a program needs of a system, in words."""

import pytest

from explorer.compat import all_targets, floor_of, is_plain, judge
from explorer.elf import Binary
from tests.compat import programs
from tests.compat.helpers import Folder, read, read_bytes
from tests.support.binaries import GNU, binary

TARGETS = tuple(target for target in all_targets() if is_plain(target))


def _floor(facts: Binary) -> str:
    return floor_of([judge(facts, target) for target in TARGETS])


@pytest.mark.parametrize(
    ("recipe", "floor"),
    [
        ("go-static-arm64", "any Linux on arm64"),
        ("upx-static", "any Linux on amd64"),
        (
            "c-glibc",
            "glibc 2.2.5 or newer: Debian 11, Ubuntu 20.04, RHEL 8, Amazon Linux 2023;"
            " Alpine 3.17 with gcompat",
        ),
        (
            "c-glibc-new",
            "glibc 2.34 or newer: Debian 12, Ubuntu 22.04, RHEL 9, Amazon Linux 2023,"
            " not Debian 11, not Ubuntu 20.04, not RHEL 8; Alpine 3.17 with gcompat",
        ),
        ("c-musl", "Debian 12, Ubuntu 24.04 with musl; musl 1.2.3 or newer: Alpine 3.17"),
        (
            "c-relr-musl",
            "Debian 13, Ubuntu 24.04 with musl; musl 1.2.4 or newer: Alpine 3.18, not Alpine 3.17",
        ),
        ("go-windows", "runs on none of them: a Windows program"),
    ],
)
def test_the_floor_in_words(recipe: str, floor: str) -> None:
    assert _floor(read(binary(recipe))) == floor


def test_a_floor_that_depends_on_something_says_so() -> None:
    assert _floor(read_bytes(b"#!/bin/sh\necho\n")) == "any Linux on its processor, a script"
    unseen = read(programs.program_of("libnobodys.so.1", runpath="$ORIGIN", target=GNU))
    assert _floor(unseen).startswith("not known: may lack libnobodys.so.1")
    assert floor_of([]) == "not known: no verdict was requested"


def test_the_floor_is_no_higher_than_the_oldest_that_runs() -> None:
    """Debian 11 is named exactly where the verdict on it is yes."""
    for recipe in ("c-glibc", "c-glibc-new", "c-relr", "go-cgo-glibc", "cpp-glibc"):
        facts = read(binary(recipe))
        verdicts = [judge(facts, target, Folder(binary(recipe).parent)) for target in TARGETS]
        answer = next(v.answer.value for v in verdicts if v.target.name == "debian-11")
        words = floor_of(verdicts)
        assert (answer == "yes") is ("Debian 11" in words and "not Debian 11" not in words), words
