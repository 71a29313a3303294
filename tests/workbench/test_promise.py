"""Promises: what a file may say, and what the facts of a program say of each requirement."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.advisories import Advisory, AdvisoryMatch, AdvisoryStatus
from explorer.compat import all_targets
from explorer.elf import GoBuild
from explorer.errors import EngineError, ExplorerError, NotFoundError, UsageError
from explorer.facts import NotApplicable, Unknown
from explorer.verify import CheckResult, Result
from explorer.workbench import (
    Inspection,
    Keeping,
    Signal,
    SignalKind,
    SignalState,
    Standing,
    SweepResult,
    Vulnerabilities,
    Workbench,
)
from explorer.workbench.promise import (
    REQUIREMENTS,
    FilePromise,
    Promise,
    parse_promise,
    read_promise,
)
from explorer.workbench.promise_facts import (
    Kept,
    facts_kept,
    proof_kept,
    signals_kept,
    targets_for,
    vulnerabilities_kept,
)
from explorer.workbench.vuln_database import DatabaseFile
from tests.support.proofs import make_proof
from tests.workbench.test_sweep import arm64_item, demo

__all__ = ["demo"]
PATH = Path("promise.toml")


def parsed(text: str) -> Promise:
    return parse_promise(text, PATH)


def test_defaults_hold_unless_a_file_says_otherwise() -> None:
    promise = parsed(
        """
        [defaults]
        runs-on = ["alpine-3.24", "debian-12"]
        static = true
        [[files]]
        name = "a-{version}"
        arch = "aarch64"
        [[files]]
        name = "b"
        static = false
        runs-on = []
        allow-unknown = ["glibc"]
        """
    )
    assert promise.files == (
        FilePromise("a-{version}", ("alpine-3.24", "debian-12"), arch="arm64", static=True),
        FilePromise("b", static=False, allow_unknown=("glibc",)),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("files = ", "promise.toml is not valid TOML"),
        ("", "promise.toml promises nothing"),
        ("[[file]]\nname='a'", "there is no table “file”: there are defaults, files. Did you mean"),
        ("files = 3", "promise.toml: files is not a list of tables"),
        ("defaults = 3\n[[files]]\nname='a'", "promise.toml: defaults is not a table"),
        ("[[files]]\nstatic=true", "promise.toml: files 1: name is not a pattern"),
        ("[[files]]\nname='a'\nstatik=true", "(a): there is no requirement “statik”"),
        ("[[files]]\nname='a'\nstatic='yes'", "files 1 (a): static is not true or false"),
        ("[[files]]\nname='a'\nruns-on='alpine'", "(a): runs-on is not a list of words"),
        ("[[files]]\nname='a'\nruns-on=['alpin-3.24']", "alpine-3.24"),
        ("[[files]]\nname='a'\nglibc=2.28", "glibc is not a version in quotes"),
        ("[[files]]\nname='a'\nmusl='1.0.0'", "musl is not one of the versions that are known"),
        ("[[files]]\nname='a'\narch='vax'", "arch is not an architecture in Go's words"),
        ("[[files]]\nname='a'\nsignals=['sigstor']", "there is no signal “sigstor”"),
        ("[[files]]\nname='a'\nallow-unknown=['all']", "there is no requirement “all”"),
        ("[[files]]\nname='a-{arch}'", "{arch} stands for nothing. There are {version} and {tag}"),
        ("[defaults]\nname='a'\n[[files]]\nname='a'", "defaults: there is no requirement “name”"),
    ],
)
def test_what_is_not_understood_is_an_error(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert says in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"check --write"):
        read_promise(tmp_path / "promise.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(list(REQUIREMENTS)), VALUES)
def test_any_value_is_taken_or_refused_in_words(key: str, value: object) -> None:
    try:
        REQUIREMENTS[key](value, "here")
    except ExplorerError as error:
        assert str(error).startswith("here")  # noqa: PT017  either outcome is fine


async def judged(bench: Workbench, promise: FilePromise) -> Inspection:
    """The static arm64 program of the demo, judged as the promise needs it."""
    item = await arm64_item(bench, "alpine-3.22")
    return await bench.judge(item.inspection, on=targets_for(promise))


def states(kept: list[Kept]) -> list[tuple[str, str]]:
    return [(one.requirement, one.keeping.value) for one in kept]


EVERYTHING = FilePromise(
    "a",
    runs_on=("alpine-3.24", "rhel-8"),
    arch="arm64",
    static=True,
    glibc="2.17",
    musl="1.2.3",
)


async def test_a_static_program_keeps_what_it_can(demo: Workbench) -> None:
    inspection = await judged(demo, EVERYTHING)
    names = ["runs-on", "runs-on", "arch", "static", "glibc", "musl"]
    kept = states(list(facts_kept(EVERYTHING, inspection)))
    assert kept == [(name, "kept") for name in names]


def test_a_signal_keeps_a_promise_if_it_passes() -> None:
    promise = FilePromise("a", signals=("digest", "checksum"))
    digest = Signal(SignalKind.DIGEST, SignalState.PASS, "right")
    for state, weak, keeping, text in (
        (SignalState.PASS, False, "kept", "checksum: sha256"),
        (SignalState.PASS, True, "broken", "checksum weak: sha256"),
        (SignalState.ABSENT, False, "broken", "checksum absent: sha256"),
        (SignalState.FAIL, False, "broken", "checksum fail: sha256"),
        (SignalState.NOT_CHECKED, False, "unknown", "checksum not checked: sha256"),
    ):
        checksum = Signal(SignalKind.CHECKSUM, state, "sha256", weak=weak)
        first, second = signals_kept(promise, (digest, checksum))
        assert (first.keeping, first.text) == (Keeping.KEPT, "digest: right")
        assert (second.keeping.value, second.text) == (keeping, text)


async def test_what_is_not_known_is_not_kept(demo: Workbench) -> None:
    inspection = await judged(demo, EVERYTHING)
    why = Unknown("not read")
    binary = replace(inspection.binary, arch=why, elf=why)
    unread = await demo.judge(replace(inspection, binary=binary), on=targets_for(EVERYTHING))
    wanted = {"arch", "static", "glibc", "musl", "runs-on"}
    assert set(states(list(facts_kept(EVERYTHING, unread)))) == {
        (name, "unknown") for name in wanted
    }


async def test_another_program_breaks_it(demo: Workbench) -> None:
    promise = replace(EVERYTHING, arch="amd64", static=False, runs_on=("alpine-3.24/amd64",))
    inspection = await judged(demo, promise)
    broken = [one for one in facts_kept(promise, inspection) if one.keeping is Keeping.BROKEN]
    assert [one.requirement for one in broken] == ["runs-on", "arch", "static"]


async def test_only_a_start_on_the_target_is_a_proof(demo: Workbench) -> None:
    item = await arm64_item(demo, "alpine-3.22")
    ran, failed = make_proof(), make_proof(result=Result.FAILED, verdict="no")
    differs = make_proof(checks=(CheckResult("version", False, "1", "2"),))
    cases = (
        (Standing.AS_PREDICTED, ran, Keeping.KEPT),
        (Standing.UNDECIDED, ran, Keeping.KEPT),
        (Standing.DISAGREES, ran, Keeping.KEPT),
        (Standing.AS_PREDICTED, failed, Keeping.BROKEN),
        (Standing.NOT_STARTED, failed, Keeping.BROKEN),
        (Standing.DIFFERS, differs, Keeping.BROKEN),
        (Standing.ELSEWHERE, ran, Keeping.UNKNOWN),
    )
    for standing, proof, keeping in cases:
        kept = proof_kept(SweepResult(item, standing, proof), "alpine-3.22")
        assert kept.keeping is keeping, (standing, proof.result)
    refused = SweepResult(item, Standing.NOT_RUN, error=EngineError("no engine"))
    assert proof_kept(refused, "alpine-3.22").keeping is Keeping.UNKNOWN


async def test_known_vulnerabilities_are_those_that_are_in_it(demo: Workbench) -> None:
    item = await arm64_item(demo, "alpine-3.22")
    build = item.inspection.binary.go
    assert isinstance(build, GoBuild)

    def match(name: str, status: AdvisoryStatus) -> AdvisoryMatch:
        advisory = Advisory(name, (f"CVE-{name}",), "", ())
        return AdvisoryMatch(advisory, status, "m", "1", "2", (), NotApplicable(""))

    matches = (
        match("1", AdvisoryStatus.AFFECTED),
        match("2", AdvisoryStatus.MODULE_LEVEL),
        match("3", AdvisoryStatus.NOT_CALLED),
        match("4", AdvisoryStatus.NOT_PRESENT),
    )
    result = Vulnerabilities(item.inspection, build, matches, DatabaseFile(PATH, "db"), "")
    broken = vulnerabilities_kept(result, ())
    assert (broken.keeping, broken.text) == (Keeping.BROKEN, "affected by 1")
    assert vulnerabilities_kept(result, ("CVE-1",)).keeping is Keeping.UNKNOWN
    assert vulnerabilities_kept(result, ("1", "CVE-2")).keeping is Keeping.KEPT


def test_every_requirement_names_a_field() -> None:
    fields = {name.replace("_", "-") for name in FilePromise.__slots__} - {"name"}
    assert set(REQUIREMENTS) == fields
    assert {"debian-sid", "scratch"} <= {target.name for target in all_targets()}
