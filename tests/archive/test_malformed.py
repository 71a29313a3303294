"""Whatever the bytes are: a list, a refusal or the end of a prefix, soon, and nothing else."""

import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.archive import Limits, detect, extract, listing
from explorer.bytesource import BytesSource, PrefixSource
from explorer.errors import FormatError, OperationCancelledError
from explorer.progress import Cancellation
from tests.archive.helpers import everything
from tests.support.archives import make_archive, roadrunner_members, tar_of
from tests.support.binaries import binary

PACKINGS = [
    "tar",
    "tar.gz",
    "tar.xz",
    "tar.bz2",
    "tar.zst",
    "zip",
    "deb",
    "deb-gz",
    "deb-tar",
    "gz",
    "zst",
    "tar.lz4",
    "tar.lzma",
    "tar.lz",
    "lz",
    "cpio",
    "rpm",
    "7z",
]
LIMITS = Limits(member_bytes=1 << 20, total_bytes=4 << 20, members=200)
"""Small, so that a header with a false size costs no time."""
SETTINGS = settings(
    max_examples=120,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)


@cache
def genuine(packing: str) -> bytes:
    program = binary("c-glibc").read_bytes()
    members = (
        {"usr/bin/rr": program}
        if packing.startswith("deb")
        else roadrunner_members(program, changelog=1500)
    )
    if packing in ("gz", "zst", "lz"):
        return make_archive(packing, "", {"rr": program})
    return make_archive(packing, "roadrunner-1", members, tool=False)


@pytest.mark.parametrize("packing", PACKINGS)
@SETTINGS
@given(data=st.data())
def test_changed_bytes(packing: str, data: st.DataObject) -> None:
    changed = bytearray(genuine(packing))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(
            st.one_of(
                st.integers(0, len(changed) - 1),
                st.integers(0, min(700, len(changed) - 1)),
                st.integers(-120, -1),
            )
        )
        patch = data.draw(
            st.one_of(
                st.binary(min_size=1, max_size=8),
                st.sampled_from([b"\xff" * 4, b"\xff" * 8, b"\0" * 8, b"PK\x01\x02"]),
            )
        )
        at %= len(changed)
        changed[at : at + len(patch)] = patch
    for prefix in (False, True):
        everything(BytesSource(bytes(changed)), f"rr.{packing}", LIMITS, prefix=prefix)
        listing(BytesSource(bytes(changed)), f"rr.{packing}", LIMITS, prefix=prefix)


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_cut_at_any_length(packing: str) -> None:
    """A cut file never passes for a whole one, and a prefix never gives another answer."""
    whole = genuine(packing)
    full, _ = everything(BytesSource(whole), f"rr.{packing}", LIMITS)
    for cut in [
        *range(0, min(700, len(whole)), 13),
        *range(700, len(whole), max(1, len(whole) // 50)),
    ]:
        outcome, end = everything(BytesSource(whole[:cut]), f"rr.{packing}", LIMITS)
        assert outcome != full or end, f"{cut} of {len(whole)} bytes look whole"
        for prefix in (False, True):
            outcome, end = everything(
                PrefixSource(whole[:cut], len(whole)), f"rr.{packing}", LIMITS, prefix=prefix
            )
            assert (outcome, end) == (full, "") or (
                outcome == full[: len(outcome)] and end == "prefix"
            )


@SETTINGS
@given(
    magic=st.sampled_from(
        [
            b"",
            b"\x1f\x8b\x08",
            b"\xfd7zXZ\x00",
            b"BZh9",
            b"\x28\xb5\x2f\xfd",
            b"PK\x03\x04",
            b"!<arch>\ndebian-binary   ",
            b"LZIP\x01\x14",
            b"\x04\x22\x4d\x18",
            b"\x5d\0\0\x80\0" + b"\xff" * 8,
            b"\x50\x2a\x4d\x18\x01\0\0\0x\x28\xb5\x2f\xfd",
            b"070701",
            b"\xed\xab\xee\xdb",
            b"PK00PK\x03\x04",
        ]
    ),
    rest=st.binary(max_size=3000),
)
def test_random_bytes_behind_a_magic(magic: bytes, rest: bytes) -> None:
    for name in ("x.tar.gz", "x.zip", "x"):
        everything(BytesSource(magic + rest), name, LIMITS)
        everything(BytesSource(magic + rest), name, LIMITS, prefix=True)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst", "lz4"])
@pytest.mark.parametrize("content", [b"", b"x"])
def test_countless_tiny_streams_are_refused_in_time(packing: str, content: bytes) -> None:
    """Also while the format is detected: each new decompressor costs time and gives nothing."""
    data = make_archive(packing, "", {"x": content}) * 200_000
    began = time.perf_counter()
    assert detect(BytesSource(data), f"x.tar.{packing}") in (packing, f"tar.{packing}")
    outcome, end = everything(BytesSource(data), f"x.tar.{packing}", LIMITS)
    assert "count" in (end, *(rule for _, rule, _ in outcome))
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst", "lz4"])
def test_a_tar_in_many_small_streams_is_one_archive(packing: str) -> None:
    """Nothing may be copied over and over for each of them."""
    tar = tar_of([("rr", b"program" * 20_000)])
    parts = [tar[at : at + 256] for at in range(0, len(tar), 256)]
    data = b"".join(make_archive(packing, "", {"x": part}) for part in parts)
    outcome, end = everything(BytesSource(data), f"x.tar.{packing}", LIMITS)
    assert (outcome, end) == ([("rr", "", b"program" * 20_000)], "")


def test_detection_can_be_cancelled() -> None:
    stop = Cancellation()
    stop.cancel()
    with pytest.raises(OperationCancelledError):
        detect(BytesSource(make_archive("zst", "", {"x": b""}) * 1000), "x", stop)


@SETTINGS
@given(
    names=st.lists(
        st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
            min_size=1,
            max_size=30,
        ),
        max_size=6,
    )
)
def test_names_of_any_kind_never_write_outside(names: list[str], tmp_path: Path) -> None:
    into = tmp_path / "box" / "into"
    data = tar_of([(name, b"x") for name in names])
    try:
        extract(BytesSource(data), "x.tar", into, wanted=lambda m: m.refused is None)
    except FormatError:
        assert not into.exists()
    beside = [
        path
        for path in tmp_path.rglob("*")
        if path != tmp_path / "box" and into not in [path, *path.parents]
    ]
    assert beside == []
    for path in sorted(into.rglob("*"), reverse=True) if into.exists() else []:
        path.rmdir() if path.is_dir() else path.unlink()
    if into.exists():
        into.rmdir()
