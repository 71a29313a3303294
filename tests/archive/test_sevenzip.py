"""7z archives: what 7-Zip writes by default is read; the rest is named."""

import stat
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.archive import (
    Format,
    Limits,
    MemberKind,
    RefusedError,
    chunks,
    extract,
    listing,
    walk,
)
from explorer.archive.branches import Bcj2Stream
from explorer.archive.streams import SourceStream
from explorer.bytesource import BytesSource, PrefixSource
from tests.archive.helpers import ArrivingSource, contents, everything, names, rules
from tests.support.binaries import binary
from tests.support.sevenzip import bcj2_of, number, sevenzip_of

FILE, FOLDER, LINK = stat.S_IFREG | 0o755, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777
HOWS = ["copy", "lzma", "lzma2", "deflate", "bz2", "zst", "x86+lzma", "x86+lzma2", "x86+lzma2",
        "delta+lzma2", "arm+lzma", "delta+x86+lzma",
        "arm64+lzma2", "arm64+copy", "bcj2", "bcj2+lzma2"]  # fmt: skip


def members() -> list[tuple[str, int, bytes | None]]:
    program = binary("c-static").read_bytes()
    return [
        ("d", FOLDER, None),
        ("d/rr", FILE, program),
        ("d/empty", FILE, b""),
        ("d/link", LINK, b"rr"),
        ("wérk/世界", FILE & ~0o111, b"MIT" * 50),
    ]


@pytest.mark.parametrize("header", ["", "lzma", "lzma2"])
@pytest.mark.parametrize("how", sorted(set(HOWS)))
def test_a_7z_archive_is_read(how: str, header: str, tmp_path: Path) -> None:
    tree = members()
    data = sevenzip_of(tree, how, header=header)
    found = listing(BytesSource(data), "x.7z")
    assert (found.format, found.problem) == (Format.SEVEN_ZIP, None)
    assert [(m.name, m.kind, m.mode, m.link, m.refused) for m in found.members] == [
        ("d", MemberKind.DIRECTORY, 0o755, "", None),
        ("d/rr", MemberKind.FILE, 0o755, "", None),
        ("d/empty", MemberKind.FILE, 0o755, "", None),
        ("d/link", MemberKind.SYMLINK, 0o777, "rr", None),
        ("wérk/世界", MemberKind.FILE, 0o644, "", None),
    ]
    assert contents(data, "x") == {n: d for n, mode, d in tree if d is not None and mode != LINK}
    extract(BytesSource(data), "x.7z", tmp_path)
    assert (tmp_path / "d/link").read_bytes() == tree[1][2]


@pytest.mark.parametrize("recipe", ["go-static-amd64", "go-static-arm64"])
@pytest.mark.parametrize("how", ["bcj2+lzma2", "arm64+lzma2", "x86+lzma"])
def test_a_whole_program_comes_through_the_filters(how: str, recipe: str) -> None:
    program = binary(recipe).read_bytes() + b"\xe8"  # a call whose target is missing
    assert contents(sevenzip_of([("rr", FILE, program)], how), "x") == {"rr": program}


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_short_stream_of_bcj2_is_truncated(cut: int) -> None:
    code = b"\x90\xe8\1\0\0\0\xe9\2\0\0\0\xe9\3\0\0\0\xe8\4\0\0\0" * 50
    inputs = [
        SourceStream(BytesSource(s[:-6] if n == cut else s)) for n, s in enumerate(bcj2_of(code))
    ]
    with pytest.raises(RefusedError, match="too early"):
        list(chunks(Bcj2Stream(inputs, len(code))))


def test_members_may_be_skipped_or_read_in_part() -> None:
    tree = [(f"f{n}", FILE, bytes([n]) * (9000 + n)) for n in range(8)]
    entries = walk(BytesSource(sevenzip_of(tree, "x86+lzma")), "x")
    firsts = [entry.open().read(5) for number, entry in enumerate(entries) if number % 3 == 0]
    assert firsts == [bytes([n]) * 5 for n in (0, 3, 6)]


@pytest.mark.parametrize(("how", "rule"), [("aes", "encrypted"), ("ppmd", "method")])
def test_a_method_that_is_not_read_is_refused_by_name(how: str, rule: str) -> None:
    data = sevenzip_of(members(), how)
    assert rules(data, "x") == {"d/rr": rule, "d/link": rule, "wérk/世界": rule}
    assert names(listing(BytesSource(data), "x")) == [name for name, _, _ in members()]
    assert rules(sevenzip_of(members(), header=how), "x") == {"": rule}


def test_an_empty_archive_and_one_without_contents() -> None:
    start = struct.pack("<2QL", 0, 0, 0)
    empty = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start
    assert rules(empty, "x") == {}
    assert names(listing(BytesSource(sevenzip_of([("d", FOLDER, None)])), "x")) == ["d"]


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a\x1bb", "..\\evil", "C:\\evil"])
def test_hostile_names_are_refused(name: str) -> None:
    data = sevenzip_of([("before", FILE, b"1"), (name, FILE, b"evil"), ("after", FILE, b"2")])
    assert list(rules(data, "x").values()) in (["traversal"], ["absolute"], ["name"])
    assert contents(data, "x") == {"before": b"1", "after": b"2"}


def test_links_out_of_the_tree_and_devices_are_refused() -> None:
    tree = [("l", LINK, b"/etc/passwd"), ("m", LINK, b"x" * 5000),
            ("dev", stat.S_IFCHR | 0o666, b"x"), ("z", FILE, b"1")]  # fmt: skip
    assert rules(sevenzip_of(tree), "x") == {
        "l": "link-outside",
        "m": "link-outside",
        "dev": "device",
    }


def test_damage_is_reported() -> None:
    data = sevenzip_of(members(), "copy")
    at = data.index(b"MITMIT")
    changed = data[:at] + b"mit" + data[at + 3 :]
    with pytest.raises(RefusedError, match="CRC-32"):
        contents(changed, "x")
    assert rules(data[:-3], "x") == {"": "truncated"}
    assert rules(data[:20], "x") == {"": "truncated"}
    assert rules(data[:-1] + b"\1", "x") == {"": "checksum"}
    assert rules(data[:12] + b"\1" + data[13:], "x") == {"": "checksum"}


def sealed(header: bytes) -> bytes:
    """An archive with this header and nothing else, its checksums right."""
    start = struct.pack("<2QL", 0, len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start + header


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        (b"\x01", "header"),
        (b"\x99", "header"),
        (b"\x01\x03\x00", "header"),
        (b"\x01\x05" + number(1 << 40) + b"\x00\x00", "count"),
        (b"\x01\x05" + number(2) + b"\x11" + number(3) + b"\x00a\x00" + b"\x00\x00", "header"),
        (b"\x01\x05" + number(1) + b"\x00\x00", "header"),
        (b"\x01\x04\x07\x0b\x01\x00\x20", "header"),
        (b"\x01\x04\x07\x0b\x01\x00\x01\x01\x00\x0c\x05\x00\x00\x00", "header"),
        (b"\x01\x04\x06\xff" + b"\xff" * 8 + b"\x01\x09\x01\x00\x00\x00", ""),
        (b"\x17\x00", "header"),
    ],
)
def test_a_malformed_header_ends_the_walk(header: bytes, rule: str) -> None:
    assert rules(sealed(header), "x") == ({"": rule} if rule else {})


def test_streams_that_are_described_behind_the_files_end_the_walk() -> None:
    data = sevenzip_of([("tool", stat.S_IFREG | 0o755, b"x" * 900)])
    body, size = struct.unpack_from("<2Q", data, 12)
    header = data[32 + body :][: size - 1] + b"\x04\x00\x00"
    start = struct.pack("<2QL", body, len(header), zlib.crc32(header))
    again = data[:8] + struct.pack("<L", zlib.crc32(start)) + start + data[32 : 32 + body] + header
    assert rules(again, "x") == {"": "header"}


def test_a_dictionary_that_needs_too_much_memory_is_refused() -> None:
    data = bytearray(sevenzip_of([("rr", FILE, b"x" * 100)]))
    data[data.rindex(b"\x21\x21\x01\x10") + 3] = 40
    end = 32 + int.from_bytes(data[12:20], "little")
    data[28:32] = struct.pack("<L", zlib.crc32(data[end:]))
    data[8:12] = struct.pack("<L", zlib.crc32(data[12:32]))
    assert rules(bytes(data), "x") == {}
    with pytest.raises(RefusedError, match="128 MiB of memory") as caught:
        contents(bytes(data), "x")
    assert caught.value.refusal.rule == "size"


def test_sizes_over_the_limits_are_refused() -> None:
    data = sevenzip_of([("a", FILE, b"a" * 900), ("b", FILE, b"b" * 1001), ("c", FILE, b"c")])
    assert rules(data, "x", Limits(member_bytes=1000)) == {"b": "size"}
    assert rules(data, "x", Limits(members=2)) == {"": "count"}
    bomb = sevenzip_of([("bomb", FILE, bytes(20 << 20)), ("z", FILE, b"1")])
    assert rules(bomb, "x") == {"bomb": "ratio", "z": "ratio"}


def test_a_peek_reads_both_ends_and_not_the_middle() -> None:
    program = binary("go-static-amd64").read_bytes()
    source = ArrivingSource(sevenzip_of([("rr", FILE, program), ("z", FILE, program[::-1])]))
    entry = next(iter(walk(source, "x.7z", prefix=True)))
    assert entry.open().read(64) == program[:64]
    assert source.asked <= 64 << 10
    assert len(source.requests) <= 3


def test_a_cut_never_gives_another_answer() -> None:
    data = sevenzip_of(members(), "x86+lzma", header="lzma")
    _, end = everything(BytesSource(data), "x", Limits())
    assert end == ""
    for cut in range(40, len(data), 97):
        outcome, end = everything(PrefixSource(data[:cut], len(data)), "x", Limits())
        assert (outcome, end) == ([], "prefix")
        outcome, end = everything(BytesSource(data[:cut]), "x", Limits())
        assert (outcome, end) == ([], "truncated")


@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=5),
    how=st.sampled_from(["copy", "lzma", "x86+lzma", "bz2", "delta+lzma2", "bcj2+lzma2"]),
)
def test_changed_headers_with_right_checksums_raise_nothing_else(
    changes: list[tuple[int, int]], how: str
) -> None:
    data = bytearray(sevenzip_of([("d/rr", FILE, b"\x7fELF" * 200), ("z", FILE, b"1")], how))
    end = 32 + int.from_bytes(data[12:20], "little")
    for at, value in changes:
        data[end + at % (len(data) - end)] = value
    data[28:32] = struct.pack("<L", zlib.crc32(data[end:]))
    data[8:12] = struct.pack("<L", zlib.crc32(data[12:32]))
    everything(BytesSource(bytes(data)), "x", Limits(member_bytes=1 << 20, total_bytes=4 << 20))
