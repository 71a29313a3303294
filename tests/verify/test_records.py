"""Proofs are kept as JSON, and come back whole or not at all."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.facts import NotApplicable
from explorer.verify import CheckResult, DryRun, from_json, to_json
from tests.support.proofs import make_proof

PROOF = make_proof(
    checks=(
        CheckResult("exit", True, "0", "0"),
        CheckResult("os", NotApplicable("not printed"), "linux", ""),
    ),
    dry_run=DryRun(("/lib/ld-musl-x86_64.so.1", "--list"), 0, "libc.so\n"),
)


@given(
    st.text(),
    st.text(),
    st.one_of(st.integers(0, 255), st.builds(NotApplicable, st.text())),
    st.booleans(),
)
def test_what_was_written_is_what_is_read(
    stdout: str, subject: str, code: int | NotApplicable, stand_in: bool
) -> None:
    proof = replace(PROOF, stdout=stdout, subject=subject, exit_code=code, stand_in=stand_in)
    assert from_json(to_json(proof)) == proof


@pytest.mark.parametrize(
    "change",
    [
        {"result": "perhaps"},
        {"exit_code": "0"},
        {"exit_code": True},
        {"command": [["docker", 1]]},
        {"command": "docker"},
        {"engine": {"missing": "Unknown"}},
        {"engine": {"missing": "os.system", "why": "x"}},
        {"engine": None},
        {"image": {"reference": "x"}},
        {"surprise": 1},
        {"stdout": None},
    ],
)
def test_a_record_with_one_wrong_field_is_dropped(change: dict[str, object]) -> None:
    record = json.loads(to_json(PROOF))
    record["proof"].update(change)
    assert from_json(json.dumps(record).encode()) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'{"format": 1}', b'{"format": 99}', b"\xff\xfe", b"[" * 100_000],
)
def test_what_is_no_record_is_dropped(data: bytes) -> None:
    assert from_json(data) is None


@given(st.data())
def test_a_cut_record_is_dropped(data: st.DataObject) -> None:
    whole = to_json(PROOF)
    assert from_json(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None
