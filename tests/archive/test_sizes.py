"""The unpacked length that compressed files tell about themselves: right, or unknown."""

import gzip
import lzma
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.archive import Format
from explorer.archive.sizes import unpacked_size
from explorer.bytesource import BytesSource, PrefixSource
from explorer.facts import Unknown
from tests.support.archives import _PACKERS, gz, zst

PROGRAM = b"\x7fELF" + bytes(range(256)) * 300 + random.Random(7).randbytes(3000)


@pytest.mark.parametrize(
    "content", [PROGRAM, random.Random(7).randbytes(70_000)], ids=["usual", "incompressible"]
)
@pytest.mark.parametrize("kind", sorted(_PACKERS))
def test_a_compressed_file_says_its_length_or_nothing(kind: str, content: bytes) -> None:
    size = unpacked_size(BytesSource(_PACKERS[kind](content)), Format(kind))
    if kind in ("bz2", "lz4") or (kind == "lzma" and isinstance(size, Unknown)):
        assert isinstance(size, Unknown)
    else:
        assert size == len(content)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gz(PROGRAM) + b"garbage", "gz"),
        (gz(PROGRAM) + gz(b""), "gz"),
        (b"".join(gz(PROGRAM[at : at + 1000]) for at in range(0, len(PROGRAM), 1000)), "gz"),
        (lzma.compress(PROGRAM) * 2, "xz"),
        (lzma.compress(PROGRAM) + bytes(4), "xz"),
        (lzma.compress(PROGRAM)[:-30], "xz"),
        (_PACKERS["lz"](PROGRAM) * 2, "lz"),
        (b"".join(zst(random.Random(7).randbytes(1000)) for _ in range(9)), "zst"),
        (b"", "gz"),
        (b"", "xz"),
        (b"\x28\xb5\x2f\xfd", "zst"),
    ],
)
def test_several_streams_or_other_bytes_make_it_unknown(data: bytes, kind: str) -> None:
    assert isinstance(unpacked_size(BytesSource(data), Format(kind)), Unknown)


def test_a_file_of_unknown_length_has_no_end_to_look_at() -> None:
    source = PrefixSource(gz(PROGRAM)[:100], Unknown("the server does not say"))
    assert isinstance(unpacked_size(source, Format.GZ), Unknown)


def test_the_index_of_several_blocks_is_summed() -> None:
    packer = lzma.LZMACompressor(preset=0)
    one = packer.compress(PROGRAM) + packer.flush()
    assert unpacked_size(BytesSource(one), Format.XZ) == len(PROGRAM)
    broken = bytearray(one)
    broken[-20] ^= 1
    assert isinstance(unpacked_size(BytesSource(bytes(broken)), Format.XZ), Unknown)


def test_gzip_of_the_standard_library_with_a_name_in_its_header() -> None:
    assert unpacked_size(BytesSource(gzip.compress(PROGRAM)), Format.GZ) == len(PROGRAM)


@given(data=st.binary(max_size=200), form=st.sampled_from([*["gz", "xz", "zst", "lzma", "lz"]]))
def test_random_bytes_raise_nothing(data: bytes, form: str) -> None:
    size = unpacked_size(BytesSource(data), Format(form))
    assert isinstance(size, Unknown) or (isinstance(size, int) and size >= 0)
