"""Whatever the bytes are: a list, a refusal or the end of a prefix, soon, and nothing else."""

import tarfile
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.archive import Limits, extract, listing
from explorer.bytesource import BytesSource, PrefixSource
from explorer.errors import FormatError
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
]
LIMITS = Limits(member_bytes=1 << 20, total_bytes=4 << 20, members=200)
"""Small, so that a header that lies about a size costs no time."""
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
    if packing in ("gz", "zst"):
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
    """As the end of the file: never the whole answer without a word. As a prefix: never another one."""
    whole = genuine(packing)
    full, _ = everything(BytesSource(whole), f"rr.{packing}", LIMITS)
    for cut in [
        *range(0, min(700, len(whole)), 13),
        *range(700, len(whole), max(1, len(whole) // 50)),
    ]:
        seen, end = everything(BytesSource(whole[:cut]), f"rr.{packing}", LIMITS)
        assert seen != full or end, f"{cut} of {len(whole)} bytes look whole"
        for prefix in (False, True):
            seen, end = everything(
                PrefixSource(whole[:cut], len(whole)), f"rr.{packing}", LIMITS, prefix=prefix
            )
            assert (seen, end) == (full, "") or (seen == full[: len(seen)] and end == "prefix")


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
        ]
    ),
    rest=st.binary(max_size=3000),
)
def test_random_bytes_behind_a_magic(magic: bytes, rest: bytes) -> None:
    for name in ("x.tar.gz", "x.zip", "x"):
        everything(BytesSource(magic + rest), name, LIMITS)
        everything(BytesSource(magic + rest), name, LIMITS, prefix=True)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst"])
def test_a_tar_cut_into_streams_of_one_byte_each_is_read_in_time(packing: str) -> None:
    """Nothing may be copied over and over for each of them: 40,000 here, a long pax header among them."""
    record = b"comment=" + b"x" * 36_000 + b"\n"
    record = b"%d %s" % (len(record) + 6, record)
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    tar = tar_of([(info, record), ("rr", b"program")])
    packed = {bytes([n]): make_archive(packing, "", {"x": bytes([n])}) for n in set(tar)}
    data = b"".join(packed[tar[at : at + 1]] for at in range(len(tar)))
    began = time.perf_counter()
    seen, end = everything(BytesSource(data), f"x.tar.{packing}", LIMITS)
    assert (seen, end) == ([("rr", "", b"program")], "")
    assert time.perf_counter() - began < 20


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
