"""Records survive JSON and back; anything else is a format error, never another object."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import codec
from explorer.archive import Member, MemberKind
from explorer.compat import Answer, Libc, Reason, Target, Verdict
from explorer.errors import FormatError
from explorer.facts import NotApplicable, Unknown
from explorer.fetch import Check, Traffic
from explorer.workbench import FileFacts
from explorer.workbench.look_records import LookRecord

HOSTILE = "\x1b]0;owned\x07[/foo]\u202e\x9b\ud800"


def a_record(name: str = "rr", answer: Answer = Answer.YES) -> LookRecord:
    from explorer.elf import Binary, FileFormat, Scope

    reason = Reason("elf.static", answer, "static", name, "", advice=False)
    target = Target(
        "alpine-3.22",
        "Alpine 3.22",
        Libc.MUSL,
        "1.2.5",
        "arm64",
        frozenset({"libgcc", "gcompat"}),
        "alpine:3.22",
    )
    return LookRecord(
        False,
        FileFacts(name, 12, Unknown("needs the whole file", 99)),
        Check.ABSENT,
        Unknown("needs the whole file"),
        Binary(
            name,
            12,
            FileFormat.DATA,
            Scope.HEAD,
            "data",
            NotApplicable("no machine"),
            NotApplicable("no ELF"),
        ),
        (Verdict(target, answer, reason, (reason,), NotApplicable("static"), "2.34"),),
        Traffic(1, 16384, 24_000_000),
        Member(name, MemberKind.FILE, 12, 0o755),
        (name,),
        (name,),
    )


@pytest.mark.parametrize("name", ["rr", HOSTILE, "", "名前"])
def test_a_record_comes_back_as_it_was(name: str) -> None:
    record = a_record(name)
    assert codec.loads(codec.dumps(record), LookRecord) == record


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.just("="), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_other_json_is_a_format_error(value: Any) -> None:
    with pytest.raises(FormatError):
        codec.loads(json.dumps(value).encode(), LookRecord)


@given(
    st.sampled_from(["asset_sha256", "whole", "file", "check", "binary", "verdicts", "traffic"]),
    json_values,
)
def test_a_field_of_another_shape_is_a_format_error_or_fits_its_type(
    field: str, value: Any
) -> None:
    data = json.loads(codec.dumps(a_record()))
    data[field] = value
    try:
        record = codec.loads(json.dumps(data).encode(), LookRecord)
    except FormatError:
        return
    assert codec.loads(codec.dumps(record), LookRecord) == record


@pytest.mark.parametrize("at", ["", "file", "traffic", "member"])
def test_a_record_of_another_version_is_a_format_error(at: str) -> None:
    """One field more or less, at any depth: its meaning is not known."""
    for change in ("more", "less"):
        data = json.loads(codec.dumps(a_record()))
        inner = data[at] if at else data
        if change == "more":
            inner["new"] = 1
        else:
            inner.popitem()
        with pytest.raises(FormatError):
            codec.loads(json.dumps(data).encode(), LookRecord)


def test_a_number_too_large_for_its_field_is_a_format_error() -> None:
    record = json.loads(codec.dumps(Proofs(1.5)))
    record["seconds"] = 10**400
    with pytest.raises(FormatError):
        codec.loads(json.dumps(record).encode(), Proofs)


@dataclass(frozen=True)
class Proofs:
    """Something with a float in it."""

    seconds: float


@pytest.mark.parametrize("data", [b"", b"\x80\x04cos\nsystem\n", b"{", b"[" * 100_000, b"\xff"])
def test_invalid_json_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        codec.loads(data, LookRecord)
