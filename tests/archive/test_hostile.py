"""Members that must not be handed out: each is refused by a rule, the others are still shown."""

import io
import lzma
import stat
import struct
import tarfile
import zipfile

import pytest

from explorer.archive import Limits, RefusedError, listing, walk
from explorer.archive.zipheaders import LOCAL
from explorer.bytesource import BytesSource
from explorer.errors import OperationCancelledError
from explorer.progress import Cancellation
from tests.archive.helpers import contents, names, rules
from tests.support.archives import ar_of, deb_of, gz, make_archive, tar_of, zip_of, zst


def head(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def zip_link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


BAD_NAMES = [
    ("../evil", "traversal"),
    ("a/../../evil", "traversal"),
    ("a/..", "traversal"),
    ("..\\evil", "traversal"),
    ("/etc/passwd", "absolute"),
    ("//server/share", "absolute"),
    ("\\\\server\\share", "absolute"),
    ("C:\\evil", "absolute"),
    ("c:evil", "absolute"),
    ("a\x1b[31mb", "name"),
    ("a\nb", "name"),
    ("a\x7fb", "name"),
    ("a\x9bb", "name"),
    ("a\u2028b", "name"),
    ("x" * 256, "name"),
    ("d/" * 600 + "x", "name"),
    ("d/" * 70 + "x", "name"),
]


@pytest.mark.parametrize(
    ("name", "rule"), BAD_NAMES, ids=[ascii(name)[:24] for name, _ in BAD_NAMES]
)
@pytest.mark.parametrize("packing", ["tar", "zip"])
def test_names_that_lead_away_are_refused_and_the_rest_is_shown(
    packing: str, name: str, rule: str
) -> None:
    members = [("before", b"1"), (name, b"evil"), ("after", b"2")]
    data = tar_of(members) if packing == "tar" else zip_of(members)
    broken = rules(data, f"x.{packing}")
    assert list(broken.values()) == [rule]
    assert contents(data, f"x.{packing}") == {"before": b"1", "after": b"2"}
    refused = next(e for e in walk(BytesSource(data), "x") if e.member.refused is not None)
    with pytest.raises(RefusedError) as caught:
        refused.open()
    assert refused.member.name in str(caught.value)
    assert rule in str(caught.value)


def test_a_name_in_a_pax_header_with_a_nul_is_refused() -> None:
    record = b"path=rr\0/../../evil\n"
    record = b"%d %s" % (len(record) + 3, record)
    assert len(record) == int(record[:2])
    data = tar_of([(head("x", tarfile.XHDTYPE, size=len(record)), record), ("short", b"1")])
    assert list(rules(data, "x.tar").values()) == ["name"]


def test_a_name_that_is_not_utf8_is_refused() -> None:
    data = tar_of([(tarfile.TarInfo("caf\udce9"), b""), ("rr", b"1")])
    assert rules(data, "x.tar") == {"caf\udce9": "name"}


LINKS = [
    ("/etc/passwd", "link-outside"),
    ("../outside", "link-outside"),
    ("../../outside", "link-outside"),
    ("..", "link-outside"),
    ("down/../../..", "link-outside"),
    ("a/../b", "link-outside"),  # where a is a link, this is not what it looks like
    ("C:\\x", "link-outside"),
    ("a\x1bb", "link-outside"),
    ("", "link-outside"),
]


@pytest.mark.parametrize(("target", "rule"), LINKS)
@pytest.mark.parametrize("packing", ["tar", "zip"])
def test_symbolic_links_out_of_the_tree_are_refused(packing: str, target: str, rule: str) -> None:
    if packing == "tar":
        data = tar_of([(head("link", tarfile.SYMTYPE, target), b""), ("rr", b"1")])
    else:
        data = zip_of([zip_link("link", target), ("rr", b"1")])
    assert rules(data, f"x.{packing}") == {"link": rule}


@pytest.mark.parametrize("packing", ["tar", "zip"])
def test_a_link_inside_the_tree_is_listed_with_its_target(packing: str) -> None:
    links = {"bin/rr": "../lib/rr-real", "lib/rr-real": "rr-1.0", "here": "./lib"}
    if packing == "tar":
        data = tar_of(
            [(head(name, tarfile.SYMTYPE, target), b"") for name, target in links.items()]
        )
    else:
        data = zip_of([zip_link(name, target) for name, target in links.items()])
    found = listing(BytesSource(data), f"x.{packing}").members
    assert {m.name: (m.kind.value, m.link, m.refused) for m in found} == {
        n: ("symlink", t, None) for n, t in links.items()
    }


def test_members_behind_a_link_are_refused_even_if_the_link_is_allowed() -> None:
    data = tar_of(
        [(head("lib", tarfile.SYMTYPE, "real"), b""), ("lib/rr", b"1"), ("real/rr", b"2")]
    )
    assert rules(data, "x.tar") == {"lib/rr": "traversal"}
    data = tar_of([(head("out", tarfile.SYMTYPE, "/tmp"), b""), ("out/rr", b"1")])
    assert rules(data, "x.tar") == {"out": "link-outside", "out/rr": "traversal"}


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "not-there", "later", "folder"])
def test_hard_links_to_anything_but_an_earlier_file_are_refused(target: str) -> None:
    data = tar_of(
        [
            (head("folder", tarfile.DIRTYPE), b""),
            (head("link", tarfile.SYMTYPE, "folder"), b""),
            ("rr", b"1"),
            (head("good", tarfile.LNKTYPE, "./rr"), b""),
            (head("better", tarfile.LNKTYPE, "good"), b""),
            (head("hard", tarfile.LNKTYPE, target), b""),
            ("later", b"2"),
        ]
    )
    assert rules(data, "x.tar") == {"hard": "link-outside"}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(kind: bytes) -> None:
    assert rules(tar_of([(head("dev", kind), b""), ("rr", b"1")]), "x.tar") == {"dev": "device"}


def test_the_later_of_two_files_with_one_name_replaces_the_earlier() -> None:
    """As tar and unzip -o do; anything else of the same name is refused."""
    data = tar_of([("rr", b"old"), ("./rr", b"new"), ("z", b"")])
    assert rules(data, "x.tar") == {}
    assert contents(data, "x.tar") == {"rr": b"new", "z": b""}
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        data = tar_of([("z", b""), ("rr", b"old"), (head("rr", kind, "z"), b"")])
        assert rules(data, "x.tar") == {"rr": "duplicate"}
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zip_of([("rr", b"old"), ("rr", b"new")])
    assert rules(data, "x.zip") == {}
    assert contents(data, "x.zip") == {"rr": b"new"}


def test_a_folder_may_be_named_twice_but_not_be_a_file() -> None:
    folder = (head("d", tarfile.DIRTYPE), b"")
    assert rules(tar_of([folder, ("d/x", b"1"), folder]), "x.tar") == {}
    assert rules(tar_of([("d", b"1"), ("d/x", b"1")]), "x.tar") == {"d/x": "duplicate"}
    assert rules(tar_of([folder, ("d", b"1")]), "x.tar") == {"d": "duplicate"}


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE])
def test_a_folder_that_only_its_files_name_may_not_become_another_thing(kind: bytes) -> None:
    data = tar_of(
        [
            ("d/e/x", b"1"),
            (head("d/e", kind, "x"), b""),
            (head("d", kind, "d/e/x"), b""),
            ("z", b"2"),
        ]
    )
    assert rules(data, "x.tar") == {"d/e": "duplicate", "d": "duplicate"}
    assert contents(data, "x.tar") == {"d/e/x": b"1", "z": b"2"}
    assert (
        rules(tar_of([("d/x", b"1"), (head("d", tarfile.DIRTYPE), b""), ("d/y", b"2")]), "x.tar")
        == {}
    )


# altered tar headers


def patched(data: bytes, at: int, field: bytes) -> bytes:
    """A tar whose first header says ``field`` at ``at``, with the checksum put right."""
    block = bytearray(data[:512])
    block[at : at + len(field)] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data[512:]


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        (b"\xff" * 12, "header"),  # base-256, -1
        (b"\xff" + bytes(11), "header"),  # base-256, hugely negative
        (b"00000000-12\0", "header"),
        (b"0_0_0_0_0_1\0", "header"),
        (b"not a size!\0", "header"),
        (b"77777777777\0", "truncated"),  # 8 GiB of a 3 KB file
        (b"\x80" + b"\x7f" * 11, "truncated"),  # 2^87 bytes
        (b"00000010000\0", "truncated"),
    ],
)
def test_a_false_tar_size_ends_the_walk(field: bytes, rule: str) -> None:
    first = tar_of([("first", b"1")])[:1024]
    data = first + patched(tar_of([("rr", b"x" * 700)]), 124, field)
    assert rules(data, "x.tar")[""] == rule
    assert names(listing(BytesSource(data), "x.tar"))[0] == "first"
    assert rules(gz(data), "x.tar.gz")[""] in (rule, "size")


def test_a_wrong_tar_checksum_ends_the_walk() -> None:
    data = bytearray(tar_of([("first", b"1"), ("second", b"2")]))
    data[1024 + 3] ^= 1
    found = listing(BytesSource(bytes(data)), "x.tar")
    assert (names(found), found.problem and found.problem.rule) == (["first"], "header")


def test_a_folder_with_a_body_ends_the_walk() -> None:
    data = tar_of([(head("d", tarfile.DIRTYPE, size=600), b"x" * 600), ("rr", b"1")])
    assert rules(data, "x.tar") == {"d": "header", "": "header"}


@pytest.mark.parametrize(
    "record",
    [
        b"999 path=x\n",
        b"3 a\n",
        b"path=x\n",
        b"12 path=abcde",
        b"-5 path=x\n",
        b"11 nothing!\n",
        b"12 size=-100\n",
        b"12 size=1e10\n",
    ],
)
def test_a_malformed_pax_header_ends_the_walk(record: bytes) -> None:
    data = tar_of([(head("x", tarfile.XHDTYPE, size=len(record)), record), ("rr", b"1")])
    assert rules(data, "x.tar") == {"": "header"}


def test_a_pax_header_of_a_gibibyte_is_not_read() -> None:
    data = tar_of([(head("x", tarfile.XHDTYPE, size=1 << 30), b"")])
    assert rules(data, "x.tar") == {"": "header"}


def test_extended_headers_without_end_are_refused() -> None:
    data = tar_of([(head("x", tarfile.GNUTYPE_LONGNAME, size=2), b"a\0")] * 50 + [("rr", b"1")])
    assert rules(data, "x.tar") == {"": "header"}


def test_a_global_header_may_comment_but_not_rename() -> None:
    def of(record: bytes) -> dict[str, str]:
        return rules(
            tar_of([(head("g", tarfile.XGLTYPE, size=len(record)), record), ("rr", b"1")]), "x.tar"
        )

    assert of(b"17 comment=abcde\n") == {}
    assert of(b"10 path=x\n") == {"": "header"}


@pytest.mark.parametrize("cut", [100, 512, 700, 1024, 1100, 1536])
def test_a_cut_tar_shows_what_stood_before_the_cut(cut: int) -> None:
    data = tar_of([("first", b"1"), ("second", b"x" * 400)])[:cut]
    found = listing(BytesSource(data), "x.tar")
    if cut >= 512:
        assert found.problem is not None
        assert found.problem.rule == "truncated"
    assert (
        names(found)
        == [["x.tar"], ["first"], ["first"], ["first"], ["first"], ["first", "second"]][
            [100, 512, 700, 1024, 1100, 1536].index(cut)
        ]
    )


def test_a_tar_without_its_end_mark_is_whole_where_the_compressor_says_so() -> None:
    tar = tar_of([("rr", b"1")])[:1024]
    assert rules(tar, "x.tar") == {"": "truncated"}
    assert rules(gz(tar), "x.tar.gz") == {}


# compressors


@pytest.mark.parametrize("packing", ["tar.gz", "tar.xz", "tar.bz2", "tar.zst"])
def test_a_wrong_checksum_is_found_at_the_end(packing: str) -> None:
    data = bytearray(make_archive(packing, "r", {"rr": b"x" * 3000}, tool=False))
    at = {"tar.gz": -8, "tar.xz": -30, "tar.bz2": -2, "tar.zst": -1}[packing]
    data[at] ^= 0xFF
    problem = rules(bytes(data), f"x.{packing}").get("")
    assert problem in ("checksum", "damaged", "truncated")


@pytest.mark.parametrize("packing", ["tar.gz", "tar.xz", "tar.bz2", "tar.zst"])
def test_a_cut_compressed_archive_says_truncated(packing: str) -> None:
    data = make_archive(packing, "r", {"rr": bytes(range(256)) * 90}, tool=False)
    for cut in range(len(data) - 1, 30, -97):
        assert rules(data[:cut], f"x.{packing}")[""] == "truncated"


@pytest.mark.parametrize("packing", ["tar.gz", "tar.bz2", "tar.xz", "tar.zst", "tar.lz4"])
def test_bytes_behind_a_compressed_stream_are_ignored_as_its_tool_does(packing: str) -> None:
    data = make_archive(packing, "", {"rr": b"1"}, tool=False) + b"#!/bin/sh\n"
    ignored = packing in ("tar.gz", "tar.bz2")
    assert rules(data, f"x.{packing}") == ({} if ignored else {"": "header"})


# bombs


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    bomb = gz(tar_of([("small", b"1"), ("bomb", bytes(64 << 20)), ("after", b"2")]))
    assert len(bomb) < 100_000
    broken = rules(bomb, "x.tar.gz")
    assert broken == {"": "ratio"}
    with pytest.raises(RefusedError, match="bomb"):
        contents(bomb, "x.tar.gz")


@pytest.mark.parametrize("packing", ["tar.gz", "tar", "zip", "deb", "gz"])
def test_sizes_over_the_limits_are_refused(packing: str) -> None:
    limits = Limits(member_bytes=1000)
    if packing == "gz":
        with pytest.raises(RefusedError, match="limit of 1,000"):
            contents(gz(bytes(1001)), "x.gz", limits=limits)
        return
    members = {"usr/a": b"a" * 900, "usr/b": b"b" * 1001, "usr/c": b"c" * 900, "usr/d": b"d" * 900}
    data = make_archive(packing, "" if packing != "deb" else "rr", members, tool=False)
    assert rules(data, f"x.{packing}", limits) == {"usr/b": "size"}
    assert "usr/d" in contents(data, f"x.{packing}", limits=limits)
    if packing in ("tar", "zip"):  # by what the headers say in all
        assert rules(data, f"x.{packing}", Limits(total_bytes=3000)) == {"usr/d": "size"}
    else:  # by what comes out of the compressor
        assert rules(data, f"x.{packing}", Limits(total_bytes=3000))[""] == "size"


def test_too_many_members_end_the_walk() -> None:
    limits = Limits(members=10)
    for data, name in (
        (tar_of((f"f{n}", b"") for n in range(11)), "x.tar"),
        (zip_of((f"f{n}", b"") for n in range(11)), "x.zip"),
    ):
        assert rules(data, name, limits) == {"": "count"}
    assert (
        len(
            listing(BytesSource(tar_of((f"f{n}", b"") for n in range(11))), "x.tar", limits).members
        )
        == 10
    )


def test_folders_that_only_names_make_count_as_well() -> None:
    """20,000 members of 60 folders each would be 1.2 million folders on the disk."""
    limits = Limits(members=100)
    deep = [(f"{n}/" + "d/" * 60 + "f", b"") for n in range(3)]
    assert rules(tar_of(deep), "x.tar", limits) == {"": "count"}
    assert rules(zip_of(deep), "x.zip", limits) == {"": "count"}
    assert rules(tar_of((f"one/two/{n}", b"") for n in range(98)), "x.tar", limits) == {}


def test_a_zip_that_claims_a_great_ratio_is_refused_before_it_is_read() -> None:
    data = zip_of([("bomb", bytes(32 << 20)), ("rr", b"1")])
    assert rules(data, "x.zip") == {"bomb": "ratio"}


# zip


def test_an_encrypted_member_is_refused_and_the_rest_is_shown() -> None:
    data = bytearray(zip_of([("secret", b"x" * 40), ("rr", b"1")]))
    for mark, at in ((LOCAL, 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    assert rules(bytes(data), "x.zip") == {"secret": "encrypted"}
    assert contents(bytes(data), "x.zip") == {"rr": b"1"}


@pytest.mark.parametrize(
    ("at", "what"), [(18, "size"), (22, "size"), (14, "checksum"), (8, "method"), (30, "calls it")]
)
def test_a_local_header_unlike_the_directory_is_refused(at: int, what: str) -> None:
    data = bytearray(zip_of([("rr.bin", b"x" * 400), ("other", b"1")]))
    data[at] ^= 3
    found = listing(BytesSource(bytes(data)), "x.zip").members
    refused = next(m for m in found if m.name == "rr.bin").refused
    assert refused is not None
    assert refused.rule == "header"
    assert what in refused.text
    assert contents(bytes(data), "x.zip") == {"other": b"1"}


def test_a_zip_member_with_a_wrong_crc_fails_at_its_end() -> None:
    data = bytearray(zip_of([("rr", b"x" * 400)], compression=zipfile.ZIP_STORED))
    data[40] ^= 1
    with pytest.raises(RefusedError, match="CRC-32"):
        contents(bytes(data), "x.zip")


def test_entries_that_share_bytes_are_refused() -> None:
    """A zip bomb's way: many directory entries for one local header."""
    one = zip_of([("rr", b"x" * 400)])
    at = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    central = one[at:end]
    tail = bytearray(one[end:])
    tail[8:10] = tail[10:12] = (2).to_bytes(2, "little")
    tail[12:16] = (2 * len(central)).to_bytes(4, "little")
    assert set(rules(one[:at] + central * 2 + bytes(tail), "x.zip").values()) <= {
        "header",
        "duplicate",
    }
    assert rules(one[:at] + central * 2 + bytes(tail), "x.zip")


def test_an_entry_whose_data_are_another_entry_is_refused() -> None:
    """The other kind of zip bomb: an entry's data hold the next one's header and data."""
    inner = zip_of([("b", b"evil")], compression=zipfile.ZIP_STORED)
    inner_at, inner_end = inner.index(b"PK\x01\x02"), inner.index(b"PK\x05\x06")
    outer = zip_of([("a", inner[:inner_at])], compression=zipfile.ZIP_STORED)
    at, end = outer.index(b"PK\x01\x02"), outer.index(b"PK\x05\x06")
    second = bytearray(inner[inner_at:inner_end])
    second[42:46] = outer.index(b"PK\x03\x04", 1).to_bytes(4, "little")
    tail = bytearray(outer[end:])
    tail[8:10] = tail[10:12] = (2).to_bytes(2, "little")
    tail[12:16] = (end - at + len(second)).to_bytes(4, "little")
    data = outer[:end] + bytes(second) + bytes(tail)
    assert rules(data, "x.zip") == {"a": "header"}
    assert contents(data, "x.zip") == {"b": b"evil"}


def test_a_member_that_the_directory_hides_is_named() -> None:
    shown, hidden = zip_of([("shown", b"1")]), zip_of([("hidden", b"2")])
    at = hidden.index(b"PK\x01\x02")
    shift = bytearray(shown)
    central, end = shown.index(b"PK\x01\x02"), shown.index(b"PK\x05\x06")
    shift[central + 42 : central + 46] = at.to_bytes(4, "little")
    shift[end + 16 : end + 20] = (central + at).to_bytes(4, "little")
    assert rules(hidden[:at] + bytes(shift), "x.zip") == {"": "header"}


@pytest.mark.parametrize("cut", [1, 10, 22, 60])
def test_a_cut_zip_says_that_its_directory_is_missing(cut: int) -> None:
    data = zip_of([("rr", b"x" * 400)])
    assert rules(data[:-cut], "x.zip") == {"": "truncated"}


def test_a_zip_directory_that_claims_millions_is_refused() -> None:
    data = bytearray(zip_of([("rr", b"1")]))
    end = data.index(b"PK\x05\x06")
    data[end + 8 : end + 12] = b"\xff\xff\xff\xff"
    assert set(rules(bytes(data), "x.zip")) == {""}


def test_zips_of_other_writers_are_read() -> None:
    """Data descriptors (a pipe), zip64 extra fields, bzip2, a comment."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]  # the io types say only "a buffer"
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("piped", b"x" * 5000)
        with archive.open(zipfile.ZipInfo("wide"), "w", force_zip64=True) as file:
            file.write(b"y" * 3000)
        archive.writestr("bz", b"z" * 4000, zipfile.ZIP_BZIP2)
        archive.comment = b"a comment"
    expected = {"piped": b"x" * 5000, "wide": b"y" * 3000, "bz": b"z" * 4000}
    assert rules(bytes(pipe.data), "x.zip") == {}
    assert contents(bytes(pipe.data), "x.zip") == expected
    assert contents(bytes(pipe.data), "x.zip", prefix=True) == expected


def wide_ended(data: bytes) -> tuple[bytes, int, int]:
    """The zip with a zip64 end record and its locator; and where these two begin."""
    at = data.index(b"PK\x05\x06")
    entries, size, offset = struct.unpack_from("<HLL", data, at + 10)
    end64 = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, offset
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    old = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:at] + end64 + locator + old, at, at + len(end64)


def test_a_zip64_directory_is_read_and_must_agree() -> None:
    data, end64, locator = wide_ended(zip_of([("rr", b"x" * 500), ("LICENSE", b"MIT")]))
    assert contents(data, "x.zip") == {"rr": b"x" * 500, "LICENSE": b"MIT"}
    for at, value in (
        (end64, 0),
        (end64 + 4, 45),
        (end64 + 16, 1),
        (end64 + 24, 9),
        (end64 + 40, 1),
        (end64 + 48, 3),
        (locator + 8, 5),
    ):
        altered = bytearray(data)
        altered[at] = value
        assert rules(bytes(altered), "x.zip") == {"": "header"}, at
    narrow = bytearray(data)
    narrow[locator + 20 + 10] = 5  # the old record claims 65,285 members, the new one 2
    assert rules(bytes(narrow), "x.zip") == {"": "header"}


@pytest.mark.parametrize(("at", "value"), [(4, 1), (6, 1), (8, 2), (12, 7), (16, 7)])
def test_a_false_end_record_is_reported(at: int, value: int) -> None:
    data = bytearray(zip_of([("rr", b"1")]))
    data[data.index(b"PK\x05\x06") + at] = value
    assert rules(bytes(data), "x.zip") == {"": "header"}


def test_two_end_records_are_two_archives() -> None:
    data = zip_of([("rr", b"1")])
    end = data[data.index(b"PK\x05\x06") :]
    first = bytearray(end)
    first[20] = len(end)  # its comment is the other record
    assert rules(data[: -len(end)] + bytes(first) + end, "x.zip") == {"": "header"}


def test_a_directory_that_is_shorter_than_it_claims_is_named() -> None:
    data = zip_of([("rr", b"1"), ("LICENSE", b"2")])
    at = data.index(b"PK\x01\x02")
    for field, value in ((28, 200), (30, 200), (32, 200)):
        altered = bytearray(data)
        second = data.index(b"PK\x01\x02", at + 4)
        altered[second + field] = value
        assert rules(bytes(altered), "x.zip") == {"": "header"}


def test_a_stored_member_has_one_size() -> None:
    data = bytearray(zip_of([("rr", b"x" * 90), ("z", b"1")], compression=zipfile.ZIP_STORED))
    for mark, at in ((LOCAL, 22), (b"PK\x01\x02", 24)):
        data[data.index(mark) + at] = 80
    assert rules(bytes(data), "x.zip") == {"rr": "header"}


def test_a_folder_with_a_body_in_a_zip_is_refused() -> None:
    assert rules(zip_of([("d/", b"body"), ("rr", b"1")]), "x.zip") == {"d": "header"}


def test_a_device_in_a_zip_is_refused() -> None:
    info = zipfile.ZipInfo("dev", (2024, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, (stat.S_IFCHR | 0o666) << 16
    assert rules(zip_of([(info, b""), ("rr", b"1")]), "x.zip") == {"dev": "device"}


def test_a_link_in_a_zip_whose_target_is_damaged_or_long_is_refused() -> None:
    data = zip_of(
        [zip_link("l", "a" * 5000), zip_link("m", "target"), ("rr", b"1")],
        compression=zipfile.ZIP_STORED,
    )
    damaged = data.replace(b"target", b"tarGet")
    assert rules(damaged, "x.zip") == {"l": "link-outside", "m": "checksum"}


def test_a_sparse_map_without_end_is_truncated() -> None:
    block = bytearray(tar_of([(head("holes", tarfile.GNUTYPE_SPARSE), b"")])[:512])
    block[482] = 1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    endless = bytearray(512)
    endless[504] = 1
    assert rules(bytes(block) + bytes(endless) * 5, "x.tar") == {"": "truncated"}


def test_an_xz_stream_that_asks_for_a_quarter_gibibyte_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}]
    data = lzma.compress(tar_of([("rr", b"1")]), format=lzma.FORMAT_XZ, filters=filters)
    assert rules(data, "x.tar.xz") == {"": "size"}


def test_a_method_that_is_not_read_is_named() -> None:
    data = zip_of([("rr", b"x" * 4000)], compression=zipfile.ZIP_LZMA)
    assert rules(data, "x.zip") == {"rr": "method"}


# deb


def test_a_deb_with_a_false_ar_header_is_reported() -> None:
    control, tree = tar_of([("./control", b"Package: x\n")]), tar_of([("./usr/bin/rr", b"x" * 900)])
    good = deb_of(control, tree, packing="tar")
    assert rules(good, "x.deb") == {}
    assert rules(good[:-600], "x.deb") == {"": "truncated"}
    data_at = good.index(b"data.tar")
    for field in (b"-1        ", b"9999999999", b"          ", b"12abc     ", b"100       "):
        broken = rules(good[: data_at + 48] + field + good[data_at + 58 :], "x.deb")
        assert broken[""] in ("header", "truncated")
    assert rules(ar_of([("debian-binary", b"2.0\n")]), "x.deb") == {"": "truncated"}
    assert rules(ar_of([("debian-binary", b"3.0\n")]), "x.deb") == {"": "header"}
    assert rules(
        ar_of([("debian-binary", b"2.0\n"), ("control.tar", control), ("control.tar", control)]),
        "x.deb",
    ) == {"": "duplicate"}
    assert rules(ar_of([("debian-binary", b"2.0\n"), ("control.tar.lz", b"LZIP")]), "x.deb") == {
        "": "method"
    }


def test_a_deb_of_countless_ar_members_is_left() -> None:
    control, tree = tar_of([("./control", b"Package: x\n")]), tar_of([("./usr/bin/rr", b"1")])
    parts = [
        ("debian-binary", b"2.0\n"),
        ("control.tar", control),
        *((f"_{n}", b"") for n in range(60)),
        ("data.tar", tree),
    ]
    assert rules(ar_of(parts), "x.deb") == {}
    assert rules(ar_of(parts), "x.deb", Limits(members=50)) == {"": "count"}
    stop = Cancellation()
    stop.cancel()
    with pytest.raises(OperationCancelledError):
        list(walk(BytesSource(ar_of([("debian-binary", b"2.0\n")])), "x.deb", cancel=stop))


def test_hostile_members_inside_a_deb_are_refused() -> None:
    tree = tar_of(
        [
            ("./usr/bin/rr", b"1"),
            ("./../../etc/shadow", b"2"),
            (head("./usr/bin/link", tarfile.SYMTYPE, "/etc/shadow"), b""),
        ]
    )
    data = deb_of(tar_of([("./control", b"Package: x\n")]), tree, packing="zst")
    assert set(rules(data, "x.deb").values()) == {"traversal"}
    links = {m.name: m.link for m in listing(BytesSource(data), "x.deb").members if m.link}
    assert links == {"usr/bin/link": "../../etc/shadow"}
    assert contents(data, "x.deb")["usr/bin/rr"] == b"1"


def test_a_zstd_frame_that_asks_for_a_great_window_is_refused() -> None:
    frame = (
        b"\x28\xb5\x2f\xfd" + bytes([0x00, 0xA8]) + zst(b"x" * 100)[5:]
    )  # window descriptor: 2 GiB
    assert rules(frame, "x.tar.zst") == {"": "size"}
    with pytest.raises(RefusedError, match="128 MiB of memory") as caught:
        list(walk(BytesSource(frame), "x.tar.zst"))
    assert "Download it again" not in str(caught.value)
