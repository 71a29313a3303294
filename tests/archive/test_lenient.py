"""What the common tools write and read, although it is unusual: read here as well."""

import base64
import gzip
import io
import lzma
import os
import stat
import struct
import subprocess
import tarfile
import zipfile
import zlib
from importlib import import_module
from pathlib import Path

import pytest

from explorer.archive import (
    Format,
    MemberKind,
    RefusedError,
    chunks,
    codecs,
    detect,
    extract,
    listing,
    walk,
)
from explorer.archive.codecs import Codec
from explorer.archive.models import Limits
from explorer.archive.sparse import SparseMap, SparseStream, read_pax_map
from explorer.archive.streams import BodyStream, Budget, SourceStream, UnpackedStream
from explorer.bytesource import BytesSource, PrefixSource
from tests.archive.helpers import contents, everything, names, rules
from tests.archive.test_hostile import head, patched, zip_link
from tests.support.archives import (
    _PACKERS,
    cpio_of,
    deb_of,
    gz,
    lz,
    rpm6_header,
    rpm_of,
    stripped_cpio_of,
    tar_of,
    zip_of,
    zst,
)

PROGRAM = b"\x7fELF" + bytes(range(256)) * 40

# ---- compressors


@pytest.mark.parametrize("kind", sorted(_PACKERS))
def test_every_compressor_is_detected_alone_and_around_a_tar(kind: str) -> None:
    alone, tar = _PACKERS[kind](PROGRAM), _PACKERS[kind](tar_of([("rr", PROGRAM)]))
    for name in ("x", f"rr.{kind}", "x.zip"):
        assert detect(BytesSource(alone), name) is Format(kind)
        assert detect(BytesSource(tar), name) is Format(f"tar.{kind}")
    assert contents(alone, f"rr.{kind}") == {"rr": PROGRAM}
    assert contents(tar, "x") == {"rr": PROGRAM}
    assert contents(alone * 2, f"rr.{kind}") == {"rr": PROGRAM * 2} if kind != "lzma" else True


SKIPPABLE = b"\x5a\x2a\x4d\x18" + struct.pack("<L", 5) + b"hello"


@pytest.mark.parametrize("kind", ["zst", "lz4"])
def test_skippable_frames_may_stand_anywhere(kind: str) -> None:
    """pzstd begins with one, the seekable format ends with one."""
    one, other = (_PACKERS[kind](part) for part in (PROGRAM[:5000], PROGRAM[5000:]))
    data = SKIPPABLE + one + SKIPPABLE * 2 + other + SKIPPABLE
    assert detect(BytesSource(data), "x") is Format(kind)
    assert contents(data, f"rr.{kind}") == {"rr": PROGRAM}
    for cut in range(20, len(data), 97):
        outcome, end = everything(PrefixSource(data[:cut], len(data)), f"rr.{kind}", Limits())
        assert (end, outcome) in (("prefix", []), ("prefix", [("rr", "", PROGRAM)]))


def test_a_skippable_frame_alone_is_no_compressed_file() -> None:
    assert detect(BytesSource(SKIPPABLE * 20), "x.zst") is Format.RAW
    assert detect(BytesSource(SKIPPABLE[:4] + b"\xff" * 4 + zst(b"x")), "x.zst") is Format.RAW


@pytest.mark.parametrize(
    ("at", "rule"), [(5, "damaged"), (-1, "damaged"), (-12, "checksum"), (-20, "checksum")]
)
def test_a_damaged_lzip_member_is_named(at: int, rule: str) -> None:
    data = bytearray(lz(PROGRAM))
    data[at] ^= 0xFF
    with pytest.raises(RefusedError) as caught:
        contents(bytes(data), "x.lz")
    assert caught.value.refusal.rule == rule


def test_a_false_lzma_header_is_not_taken_for_one() -> None:
    data = lzma.compress(PROGRAM, format=lzma.FORMAT_ALONE)
    assert detect(BytesSource(data), "x") is Format.LZMA
    assert detect(BytesSource(data[:5] + b"\xfe" * 8 + data[13:]), "x") is Format.RAW
    assert detect(BytesSource(b"\x5d\x01\x02\x03\x04" + data[5:]), "x") is Format.RAW


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"signature", b"\x1f", b"-" * 70_000])
def test_bytes_behind_a_gzip_stream_are_ignored(garbage: bytes, tmp_path: Path) -> None:
    """gzip warns and unpacks; images are signed this way."""
    data = gz(tar_of([("rr", PROGRAM)])) + garbage
    if garbage == b"\x1f":
        assert rules(data, "x.tar.gz") == {"": "truncated"}
        return
    assert contents(data, "x.tar.gz") == {"rr": PROGRAM}
    assert extract(BytesSource(data), "x.tar.gz", tmp_path).paths == (tmp_path / "rr",)
    assert contents(gz(PROGRAM) + garbage, "rr.gz") == {"rr": PROGRAM}


UNREAD = {
    b"hsqs": "squashfs",
    b"\x1f\x9d\x90": "compress (.Z)",
    b"ADBdx\x9c": "apk v3",
    b"ADB.pckg": "apk v3",
    b"\x02\x21\x4c\x18": "lz4 (legacy format)",
    b"Rar!\x1a\x07\1\0": "rar",
    b"\x89LZO\0\r\n\x1a\n": "lzop",
    b"LRZI\0\6": "lrzip",
    b"MSCF\0\0\0\0": "cab",
    b"xar!\0\x1c": "xar",
    b"flatpak\0": "flatpak",
    b"\x10\x20-lh5-": "lha",
    b"\x60\xea\x27": "arj",
    b"0123456**ACE**": "ace",
    b"RZIP\2\1": "rzip",
    b"7kSt\xa0\x31\x83\xd3": "zpaq",
    b"MSWIM\0\0\0": "wim",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "msi",
    b"Cr24\3\0\0\0": "crx",
    b"QFI\xfb\0": "qcow2",
    b"\xff\6\0\0sNaPpY\0": "snappy",
    b"bvx2\1": "lzfse",
    b"\x1f\x1e\0": "pack (.z)",
    b"ZOO 2.10 Archive.\x1a": "zoo",
    b"ALZ\1\n": "alz",
    b"EGGA\0": "egg",
    b"SZDD\x88\xf0\x27\x33A": "MS-DOS compress",
    b"DWARFS\2\5": "dwarfs",
    b"\x45\x3d\xcd\x28\0": "cramfs",
    b"-rom1fs-\0": "romfs",
    bytes(1024) + b"\xe2\xe1\xf5\xe0": "erofs",
    bytes(1080) + b"\x53\xef\1": "ext2, ext3 or ext4",
    b"XFSB\0\0\x10": "xfs",
    b"KDMV\1": "vmdk",
    b"vhdxfile\0": "vhdx",
}


@pytest.mark.parametrize("magic", UNREAD, ids=UNREAD.values())
def test_a_packing_that_is_not_read_is_recognised_and_named(magic: bytes, tmp_path: Path) -> None:
    data = magic + bytes(3000)
    found = listing(BytesSource(data), "x.tar.gz")
    assert (found.format.value, found.members) == (UNREAD[magic], ())
    assert found.problem is not None
    assert found.problem.rule == "method"
    assert found.problem.text == f"it is packed as {UNREAD[magic]}, which is not read here"
    with pytest.raises(RefusedError, match="its own tool"):
        extract(BytesSource(data), "x", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_program_written_as_text_is_not_called_text() -> None:
    text = base64.encodebytes(PROGRAM * 100)
    assert detect(BytesSource(text), "tool-linux-amd64.b64") is Format.BASE64
    assert detect(BytesSource(text), "tool-linux-amd64.base64") is Format.BASE64
    assert detect(BytesSource(text), "tool.pem") is Format.RAW
    assert detect(BytesSource(b"begin the day\n"), "README") is Format.RAW
    for first in (b"begin 755 tool\n", b"begin-base64 755 tool\n"):
        assert detect(BytesSource(first + text), "tool.txt") is Format.UUENCODE


def test_a_bare_zlib_stream_is_recognised_by_what_inflates() -> None:
    assert detect(BytesSource(zlib.compress(PROGRAM * 9)), "tool") is Format.ZLIB
    assert detect(BytesSource(b"\x78\x9c" + bytes(range(128, 256)) * 9), "tool") is Format.RAW


@pytest.mark.parametrize("ending", ["br", "dmg", "iso"])
def test_a_format_without_a_mark_is_recognised_by_its_ending(ending: str) -> None:
    assert not detect(BytesSource(b"\x8b\0\x80\xff" * 400), f"tool.tar.{ending}").is_read
    for other in (b"<!DOCTYPE html>", b"", b"#!/bin/sh\n\xff", PROGRAM):
        assert detect(BytesSource(other), f"tool.{ending}") is Format.RAW


# ---- tar


def sparse_gnu(name: str, size: int, parts: list[tuple[int, bytes]]) -> bytes:
    """An old GNU sparse member: 4 segments in the header, 21 in each further block."""
    entries = [b"%011o\0%011o\0" % (at, len(data)) for at, data in parts]
    stored = b"".join(data for _, data in parts)
    block = tar_of([(head(name, tarfile.GNUTYPE_SPARSE, size=len(stored)), b"")])
    block = patched(block, 386, b"".join(entries[:4]))
    block = patched(block, 482, bytes([len(entries) > 4]))
    out = patched(block, 483, b"%011o\0" % size)[:512]
    rest = entries[4:]
    while rest:
        further = b"".join(rest[:21]).ljust(504, b"\0")
        rest = rest[21:]
        out += (further + bytes([bool(rest)])).ljust(512, b"\0")
    return out + stored + bytes(-len(stored) % 512)


def pax(records: list[tuple[str, str]], header: tarfile.TarInfo, body: bytes) -> bytes:
    """A member with a pax header of these records, in this order."""
    data = b""
    for key, value in records:
        rest = f" {key}={value}\n".encode()
        length = len(rest) + 1
        length += len(str(length + len(str(length)))) - 1
        data += str(length).encode() + rest
    return tar_of([(head("PaxHeader", tarfile.XHDTYPE, size=len(data)), data), (header, body)])[
        :-1024
    ]


PARTS = [(0, PROGRAM), (1 << 20, b"middle"), (3 << 20, b"x" * 700)]
SIZE = (4 << 20) + 5
FILLED = bytearray(SIZE)
for _at, _data in PARTS:
    FILLED[_at : _at + len(_data)] = _data
STORED = b"".join(data for _, data in PARTS)


def sparse_pax(version: str) -> bytes:
    """The same file in the three pax formats, as GNU tar writes them."""
    key = "GNU.sparse."
    info = head("GNUSparseFile.1/rr" if version != "0.0" else "rr", size=len(STORED))
    if version == "0.0":
        pairs = [(f"{key}{k}", str(v)) for at, data in PARTS
                 for k, v in (("offset", at), ("numbytes", len(data)))]  # fmt: skip
        return pax([(f"{key}size", str(SIZE)), (f"{key}numblocks", "3"), *pairs], info, STORED)
    if version == "0.1":
        numbers = ",".join(f"{at},{len(data)}" for at, data in PARTS)
        records = [(f"{key}map", numbers), (f"{key}size", str(SIZE)), (f"{key}name", "rr")]
        return pax([*records, (f"{key}numblocks", "3")], info, STORED)
    lines = "".join(f"{n}\n" for n in (len(PARTS), *(n for at, d in PARTS for n in (at, len(d)))))
    body = lines.encode().ljust(512, b"\0") + STORED
    info.size = len(body)
    records = [("major", "1"), ("minor", "0"), ("name", "rr"), ("realsize", str(SIZE))]
    return pax([(f"{key}{k}", v) for k, v in records], info, body)


@pytest.mark.parametrize("version", ["gnu", "0.0", "0.1", "1.0"])
def test_a_sparse_file_is_read_with_its_holes(version: str, tmp_path: Path) -> None:
    one = sparse_gnu("rr", SIZE, PARTS) if version == "gnu" else sparse_pax(version)
    data = one + tar_of([("after", b"2")])
    assert rules(data, "x.tar") == {}
    assert contents(data, "x.tar") == {"rr": bytes(FILLED), "after": b"2"}
    assert listing(BytesSource(data), "x.tar").members[0].size == SIZE
    extract(BytesSource(gz(data)), "x.tar.gz", tmp_path)
    assert (tmp_path / "rr").read_bytes() == bytes(FILLED)
    assert names(e.member for e in walk(BytesSource(data), "x.tar")) == ["rr", "after"]


def test_a_sparse_map_of_many_segments_needs_further_blocks() -> None:
    parts = [(n * 8192, bytes([n]) * 100) for n in range(60)]
    data = sparse_gnu("rr", 60 * 8192, parts) + tar_of([("after", b"2")])
    assert contents(data, "x.tar") == {
        "rr": b"".join(part.ljust(8192, b"\0") for _, part in parts),
        "after": b"2",
    }


@pytest.mark.parametrize("format_", ["gnu", "posix"])
@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_gnu_tars_own_sparse_files_are_read(format_: str, version: str, tmp_path: Path) -> None:
    (tmp_path / "rr").write_bytes(PROGRAM)
    os.truncate(tmp_path / "rr", 2 << 20)
    with (tmp_path / "rr").open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"middle")
    command = ["tar", "-S", f"--format={format_}", "-cf", "x.tar", "rr"]
    if format_ == "posix":
        command.insert(1, f"--sparse-version={version}")
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    data = (tmp_path / "x.tar").read_bytes()
    assert len(data) < 1 << 20, "it was not stored as a sparse file"
    assert contents(data, "x.tar") == {"rr": (tmp_path / "rr").read_bytes()}


@pytest.mark.parametrize(
    "segments", [((10, 5), (0, 5)), ((0, 5), (4, 5)), ((90, 20),), ((0, 60),), ((-1, 3),)]
)
def test_an_impossible_sparse_map_is_refused(segments: tuple[tuple[int, int], ...]) -> None:
    body = BodyStream(SourceStream(BytesSource(b"x" * 50)), 50, "rr", Budget(Limits(), None))
    stream = SparseStream(body, SparseMap(100, segments), "rr")
    with pytest.raises(RefusedError, match="sparse map"):
        list(chunks(stream))


@pytest.mark.parametrize(
    "records",
    [
        [("GNU.sparse.map", "1,2,3"), ("GNU.sparse.size", "9")],
        [("GNU.sparse.map", "1,x"), ("GNU.sparse.size", "9")],
        [("GNU.sparse.map", "1,2")],
        [("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "-5")],
        [("GNU.sparse.numblocks", "1"), ("GNU.sparse.size", "9"), ("GNU.sparse.offset", "3")],
    ],
)
def test_malformed_sparse_records_are_refused(records: list[tuple[str, str]]) -> None:
    with pytest.raises(RefusedError, match="malformed"):
        read_pax_map(records)
    assert rules(pax(records, head("rr", size=3), b"123"), "x.tar") == {"": "header"}


@pytest.mark.parametrize("text", [b"1\n0\n", b"9999999\n0\n1\n", b"x\n", b"1\n0\n99\n"])
def test_a_sparse_map_in_the_body_that_is_cut_or_false_is_refused(text: bytes) -> None:
    records = [("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "50"), ("GNU.sparse.name", "rr")]
    data = pax(records, head("rr", size=512), text.ljust(512, b"\0")) + tar_of([("z", b"1")])
    outcome, end = everything(BytesSource(data), "x.tar", Limits())
    assert (outcome, end) == ([("rr", "header", b""), ("z", "", b"1")], "")


def test_a_sparse_file_of_nothing_but_holes_is_a_bomb() -> None:
    data = sparse_gnu("rr", 1 << 29, [(0, b"x")]) + tar_of([("z", b"1")])
    assert rules(data, "x.tar") == {"rr": "ratio"}
    assert rules(sparse_gnu("rr", 1 << 40, [(0, b"x")]) + bytes(1024), "x.tar") == {"rr": "ratio"}


def test_a_volume_label_is_skipped_and_a_dump_folder_read() -> None:
    dump = b"Yrr\0\0"
    data = tar_of(
        [
            (head("my label", b"V"), b""),
            (head("d/", b"D", size=len(dump)), dump),
            ("d/rr", b"1"),
            (head("odd", b"Q", size=3), b"xyz"),
            ("z", b"2"),
        ]
    )
    found = listing(BytesSource(data), "x.tar").members
    assert [(m.name, m.kind.value) for m in found] == [
        ("d", "directory"),
        ("d/rr", "file"),
        ("odd", "other"),
        ("z", "file"),
    ]
    assert rules(data, "x.tar") == {"odd": "header"}
    assert rules(tar_of([(head("rest", b"M", size=3), b"xyz")]), "x.tar") == {"": "header"}


def test_a_backslash_is_an_ordinary_character_of_a_name(tmp_path: Path) -> None:
    unit = "system/dev-disk-by\\x2dlabel.swap"
    data = tar_of([(unit, b"[Swap]"), ("rr", b"1")])
    extract(BytesSource(data), "x.tar", tmp_path)
    assert (tmp_path / unit).read_bytes() == b"[Swap]"
    assert {m.stored for m in listing(BytesSource(data), "x.tar").members} == {unit, "rr"}


def test_a_name_is_also_given_as_stored() -> None:
    data = tar_of([(head("./", tarfile.DIRTYPE), b""), ("./d/rr", b"1"), ("z", b"")])
    found = listing(BytesSource(data), "x.tar").members
    assert [(m.name, m.stored) for m in found] == [("d/rr", "./d/rr"), ("z", "z")]


def test_a_hard_link_to_a_symbolic_link_is_one_too(tmp_path: Path) -> None:
    data = tar_of(
        [
            ("d/rr", b"1"),
            (head("d/a", tarfile.SYMTYPE, "rr"), b""),
            (head("d/b", tarfile.LNKTYPE, "d/a"), b""),
            (head("c", tarfile.LNKTYPE, "d/a"), b""),
            (head("d/b/x"), b""),
        ]
    )
    assert rules(data, "x.tar") == {"d/b/x": "traversal"}
    extract(BytesSource(data), "x.tar", tmp_path)
    assert (tmp_path / "d/b").readlink() == Path("rr")
    up = [(head("d/up", tarfile.SYMTYPE, "../z"), b""), (head("up", tarfile.LNKTYPE, "d/up"), b"")]
    assert rules(tar_of(up), "x.tar") == {"up": "link-outside"}


def test_the_same_member_twice_is_one(tmp_path: Path) -> None:
    """``tar cf x a a`` stores the second as a hard link to the first."""
    data = tar_of(
        [
            ("rr", b"1"),
            (head("rr", tarfile.LNKTYPE, "rr"), b""),
            (head("l", tarfile.SYMTYPE, "rr"), b""),
            (head("l", tarfile.SYMTYPE, "rr"), b""),
            (head("l", tarfile.SYMTYPE, "z"), b""),
        ]
    )
    assert rules(data, "x.tar") == {"l": "duplicate"}
    assert names(listing(BytesSource(data), "x.tar")) == ["rr", "l", "l"]
    assert len(extract(BytesSource(data), "x.tar", tmp_path).paths) == 2


# ---- deb, rpm, cpio


def test_an_absolute_link_of_a_package_stays_in_its_tree(tmp_path: Path) -> None:
    links = {
        "usr/bin/rr": "/opt/rr/rr",
        "rr": "/opt/rr/rr",
        "opt/root": "/",
        "opt/rr/up": "/../../etc/passwd",
    }
    data = deb_of(
        tar_of([("./control", b"Package: x\n")]),
        tar_of(
            [
                ("./opt/rr/rr", PROGRAM),
                *((head(f"./{n}", tarfile.SYMTYPE, to), b"") for n, to in links.items()),
            ]
        ),
    )
    assert rules(data, "x.deb") == {}
    extract(BytesSource(data), "x.deb", tmp_path)
    assert {n: str((tmp_path / n).readlink()) for n in links} == {
        "usr/bin/rr": "../../opt/rr/rr",
        "rr": "opt/rr/rr",
        "opt/root": "..",
        "opt/rr/up": "../../etc/passwd",
    }
    assert (tmp_path / "usr/bin/rr").read_bytes() == PROGRAM
    assert rules(tar_of([(head("l", tarfile.SYMTYPE, "/opt/rr"), b"")]), "x.tar") == {
        "l": "link-outside"
    }


FILE, FOLDER, LINK = stat.S_IFREG | 0o755, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777
TREE = [
    (".", FOLDER, b""),
    ("./usr/bin", FOLDER, b""),
    ("./usr/bin/rr", FILE, PROGRAM),
    ("./usr/bin/also", LINK, b"/usr/bin/rr"),
    ("./usr/share/doc/LICENSE", stat.S_IFREG | 0o644, b"MIT"),
]


@pytest.mark.parametrize("kind", ["gz", "xz", "zst", "bz2", "lzma"])
def test_an_rpm_is_read(kind: str, tmp_path: Path) -> None:
    data = rpm_of(_PACKERS[kind](cpio_of(TREE)))
    found = listing(BytesSource(data), "rr-1.0-1.x86_64.rpm")
    assert (found.format, found.problem) == (Format.RPM, None)
    assert [(m.name, m.kind, m.mode, m.link) for m in found.members] == [
        ("usr/bin", MemberKind.DIRECTORY, 0o755, ""),
        ("usr/bin/rr", MemberKind.FILE, 0o755, ""),
        ("usr/bin/also", MemberKind.SYMLINK, 0o777, "rr"),
        ("usr/share/doc/LICENSE", MemberKind.FILE, 0o644, ""),
    ]
    extract(BytesSource(data), "x.rpm", tmp_path)
    assert (tmp_path / "usr/bin/also").read_bytes() == PROGRAM


TREE6 = [
    ("/usr/share/doc", FOLDER, b""),
    ("/usr/bin/also", LINK, b"/usr/bin/rr"),
    ("/usr/bin/another", FILE, PROGRAM),
    ("/usr/bin/rr", FILE, PROGRAM),
]


def test_an_rpm_whose_payload_has_no_names_is_read(tmp_path: Path) -> None:
    """RPM 6 writes numbers, and so does RPM 4 for files of more than 4 GiB (lib/cpio.c)."""
    order = [(0, b""), (1, b"/usr/bin/rr"), (2, b""), (3, PROGRAM)]
    header = rpm6_header(TREE6, inodes=(5, 6, 7, 7))
    data = rpm_of(_PACKERS["zst"](stripped_cpio_of(order)), header=header)
    members = listing(BytesSource(data), "rr-1.0-1.x86_64.rpm")
    assert members.problem is None
    expected = [
        ("usr/share/doc", MemberKind.DIRECTORY, ""),
        ("usr/bin/also", MemberKind.SYMLINK, "rr"),
        ("usr/bin/rr", MemberKind.FILE, ""),
        ("usr/bin/another", MemberKind.HARDLINK, "usr/bin/rr"),
    ]
    assert [(m.name, m.kind, m.link) for m in members.members] == expected
    assert not any(member.stored or member.repeated for member in members.members)
    extract(BytesSource(data), "x.rpm", tmp_path)
    assert (tmp_path / "usr/bin/also").read_bytes() == PROGRAM


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (rpm_of(b"")[:90], "truncated"),
        (rpm_of(b""), "truncated"),
        (rpm_of(b"x" * 50), "method"),
        (rpm_of(gz(b"07070X" + bytes(200))), "header"),
        (rpm_of(gz(b"07070X00000000\0\0")), "header"),
        (rpm_of(gz(b"07070X00000001\0\0"), header=rpm6_header(TREE6[:1])), "header"),
        (rpm_of(gz(b"07070X00000000\0\0"), header=rpm6_header(TREE6)[:-30]), "truncated"),
        (rpm_of(gz(b"x" * 200)), "header"),
        (rpm_of(b"")[:96] + b"x" * 40, "header"),
        (rpm_of(b"")[:104] + b"\xff" * 8 + b"x" * 40, "header"),
    ],
)
def test_a_malformed_rpm_is_reported(data: bytes, rule: str) -> None:
    assert rules(data, "x.rpm") == {"": rule}


def test_a_cpio_archive_is_read_also_in_its_oldest_format() -> None:
    assert contents(cpio_of(TREE), "x") == {
        "usr/bin/rr": PROGRAM,
        "usr/share/doc/LICENSE": b"MIT",
    }
    odc = b""
    for name, mode, data in [("./rr", FILE, PROGRAM), ("TRAILER!!!", 0, b"")]:
        fields = (1, 2, mode, 0, 0, 1, 0)
        odc += b"070707" + b"".join(b"%06o" % field for field in fields)
        odc += b"%011o%06o%011o" % (0, len(name) + 1, len(data)) + name.encode() + b"\0" + data
    assert detect(BytesSource(odc + bytes(200)), "x") is Format.CPIO
    assert contents(odc + bytes(200), "x") == {"rr": PROGRAM}


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_binary_format_is_read_in_both_byte_orders(order: str) -> None:
    body = bytes(range(256)) * 300 + b"odd"
    out = b""
    for name, mode, data in (("rr", FILE, body), ("x/y", FILE, b"z"), ("TRAILER!!!", 0, b"")):
        raw = name.encode() + b"\0"
        size = divmod(len(data), 1 << 16)
        out += struct.pack(f"{order}13H", 0o070707, 1, 2, mode, 0, 0, 1, 0, 0, 0, len(raw), *size)
        out += raw + bytes(len(raw) % 2) + data + bytes(len(data) % 2)
    assert detect(BytesSource(out), "x") is Format.CPIO
    assert contents(out, "x") == {"rr": body, "x/y": b"z"}
    assert rules(out[:60_000], "x")[""] == "truncated"
    assert detect(BytesSource(out[:2] + bytes(200)), "x") is Format.RAW


def test_names_of_one_file_in_a_cpio_are_hard_links(tmp_path: Path) -> None:
    tree = [
        ("a", FILE, b""),
        ("b", FILE, b""),
        ("c", FILE, PROGRAM),
        ("e", FILE, b""),
        ("f", FILE, b""),
    ]
    data = cpio_of(tree, inodes=(7, 7, 7, 8, 8))
    found = listing(BytesSource(data), "x").members
    assert [(m.name, m.kind.value, m.link) for m in found] == [
        ("c", "file", ""),
        ("a", "hardlink", "c"),
        ("b", "hardlink", "c"),
        ("e", "file", ""),
        ("f", "hardlink", "e"),
    ]
    extract(BytesSource(data), "x", tmp_path)
    assert (tmp_path / "a").read_bytes() == PROGRAM


@pytest.mark.parametrize(
    ("name", "mode", "rule"),
    [
        ("../evil", FILE, "traversal"),
        ("dev", stat.S_IFCHR | 0o666, "device"),
        ("a\x1bb", FILE, "name"),
        ("link", LINK, "link-outside"),
    ],
)
def test_hostile_cpio_members_are_refused(name: str, mode: int, rule: str) -> None:
    body = b"/etc/passwd" if mode == LINK else b""
    data = cpio_of([("rr", FILE, b"1"), (name, mode, body), ("z", FILE, b"2")])
    assert list(rules(data, "x").values()) == [rule]
    assert contents(data, "x") == {"rr": b"1", "z": b"2"}


@pytest.mark.parametrize("at", [6, 14, 54, 94])
def test_a_false_cpio_header_ends_the_walk(at: int) -> None:
    first = cpio_of([("rr", FILE, b"1")])[:120]
    data = bytearray(cpio_of([("second", FILE, b"xyz")]))
    data[at : at + 8] = b"ffffffff" if at in (54, 94) else b"0000 -0x"
    problem = rules(first + bytes(data), "x.cpio")[""]
    assert problem in ("header", "truncated")
    assert names(listing(BytesSource(first + bytes(data)), "x"))[:1] == ["rr"]


# ---- zip


def test_backslashes_of_a_windows_zip_are_separators(tmp_path: Path) -> None:
    def entry(name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo("x", (2024, 1, 1, 0, 0, 0))
        info.create_system, info.filename, info.orig_filename = 0, name, name
        return info

    data = zip_of(
        [
            (entry("tool\\bin\\tool"), PROGRAM),
            (entry("tool\\empty\\"), b""),
            (entry("..\\evil"), b"1"),
            (entry("tool\\..\\..\\evil"), b"2"),
            (entry("C:\\evil"), b"3"),
            (entry("tool\\bin\\..\\x"), b"4"),
        ]
    )
    assert list(rules(data, "x.zip").values()) == [
        "traversal", "traversal", "absolute", "traversal"
    ]  # fmt: skip
    done = extract(BytesSource(data), "x.zip", tmp_path)
    assert (tmp_path / "tool/bin/tool").read_bytes() == PROGRAM
    assert (tmp_path / "tool/empty").is_dir()
    assert len(done.refused) == 4
    assert contents(data, "x.zip") == contents(data, "x.zip", prefix=True)


@pytest.mark.parametrize("behind", [b"\n", b"\0" * 500, b"PK\x05\x06 is no record"])
def test_bytes_behind_a_zip_are_ignored(behind: bytes) -> None:
    data = zip_of([("rr", PROGRAM)]) + behind
    assert rules(data, "x.zip") == {}
    assert contents(data, "x.zip") == {"rr": PROGRAM}


STUBS = [b"#!/bin/sh\nexec unzip $0\n", b"\0" * 32, b"signature"]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("stub", STUBS)
def test_a_zip_behind_other_bytes_is_read(stub: bytes, adjusted: bool, wide: bool) -> None:
    from tests.archive.test_hostile import wide_ended

    members = [("d/rr", PROGRAM), ("LICENSE", b"MIT")]
    if adjusted:
        out = io.BytesIO()
        out.write(stub)
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        data = out.getvalue()
    else:
        data = stub + zip_of(members)
    if wide and not adjusted:
        data = stub + wide_ended(zip_of(members))[0]
    assert detect(BytesSource(data), "x.zip") is Format.ZIP
    assert rules(data, "x.zip") == {}
    assert contents(data, "x.zip") == dict(members) == contents(data, "x.zip", prefix=True)
    assert detect(BytesSource(data), "installer.run") is Format.RAW, "a program that unpacks itself"


def test_a_file_named_zip_that_is_not_one_is_raw() -> None:
    for data in (b"<!DOCTYPE html>", b"", b"x" * 100 + b"PK\x05\x06" + bytes(18)):
        assert detect(BytesSource(data + b"!"), "x.zip") is Format.RAW


def test_a_cut_zip_that_holds_another_zip_is_not_the_inner_one() -> None:
    inner = zip_of([("evil", b"2")])
    data = zip_of([("inner.zip", inner), ("rr", PROGRAM)], compression=zipfile.ZIP_STORED)
    for cut in range(data.index(inner) + len(inner), len(data) - 1, 13):
        assert contents_or_none(data[:cut]) is None


def contents_or_none(data: bytes) -> dict[str, bytes] | None:
    try:
        return contents(data, "x.zip")
    except RefusedError:
        return None


@pytest.mark.parametrize("marker", [b"PK\x07\x08", b"PK00"])
def test_a_spanning_marker_is_skipped(marker: bytes) -> None:
    out = io.BytesIO()
    out.write(marker)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("rr", PROGRAM)
    data = out.getvalue()
    assert detect(BytesSource(data), "x") is Format.ZIP
    assert contents(data, "x") == {"rr": PROGRAM} == contents(data, "x", prefix=True)


def test_other_bytes_in_a_zips_name_are_read_as_its_code_page() -> None:
    """Without the flag for UTF-8 a name is in code page 437, in which every byte is a letter."""
    data = zip_of([("cafe", PROGRAM)]).replace(b"cafe", b"caf\xe9")
    assert contents(data, "x.zip") == {"caf\N{GREEK CAPITAL LETTER THETA}": PROGRAM}


def test_names_in_utf8_without_the_flag_are_read() -> None:
    class Unflagged(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
            return self.filename.encode(), 0

    data = zip_of([(Unflagged("wérk/tööl", (2024, 1, 1, 0, 0, 0)), b"1")])
    assert list(contents(data, "x.zip")) == ["wérk/tööl"]
    old = bytearray(zip_of([("caf_", b"1")])).replace(b"caf_", b"caf\x82")
    assert list(contents(bytes(old), "x.zip")) == ["café"], "code page 437"


def test_info_zips_unicode_name_is_used_while_it_belongs_to_the_name() -> None:
    for crc, expected in ((zlib.crc32(b"caf_"), "café"), (1, "caf_")):
        info = zipfile.ZipInfo("caf_", (2024, 1, 1, 0, 0, 0))
        body = b"\x01" + struct.pack("<L", crc) + "café".encode()
        info.extra = struct.pack("<2H", 0x7075, len(body)) + body
        assert list(contents(zip_of([(info, b"1")]), "x.zip")) == [expected]


def test_the_same_file_twice_in_a_zip_is_one(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zip_of([("LICENSE", b"MIT"), ("rr", b"1"), ("LICENSE", b"MIT")])
    assert names(listing(BytesSource(data), "x.zip")) == ["LICENSE", "rr"]
    assert len(extract(BytesSource(data), "x.zip", tmp_path).paths) == 2


def test_a_data_descriptor_may_be_missing_if_nothing_is_in_its_place() -> None:
    data = bytearray(zip_of([("rr", PROGRAM), ("z", b"1")]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 8
    assert rules(bytes(data), "x.zip") == {}
    assert contents(bytes(data), "x.zip") == {"rr": PROGRAM, "z": b"1"}


def test_links_of_a_zip_are_listed_with_empty_folders() -> None:
    data = zip_of([("empty/", b""), zip_link("l", "rr"), ("rr", b"1")])
    found = listing(BytesSource(data), "x.zip").members
    assert [(m.name, m.kind.value, m.link) for m in found] == [
        ("empty", "directory", ""),
        ("l", "symlink", "rr"),
        ("rr", "file", ""),
    ]


@pytest.mark.parametrize("module", ["isal.isal_zlib", "zlib"])
def test_both_inflaters_say_the_same(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(codecs, "_inflater", lambda: import_module(module))
    data = os.urandom(3000) + bytes(70_000)
    packed = gzip.compress(data)
    damaged = packed[:600] + b"\xff" * 200 + packed[800:]
    wrong_sum = packed[:-8] + bytes(4) + packed[-4:]
    for kind, given, rule in (
        ("gz", packed, ""),
        ("gz", packed + packed, ""),
        ("gz", packed + b"trailing", ""),
        ("gz", packed[:-1], "truncated"),
        ("gz", wrong_sum, "checksum"),
        ("gz", damaged, "damaged|checksum"),
        ("deflate", packed[10:-8], ""),
    ):
        codec = Codec(kind, whole=True)
        stream = UnpackedStream(SourceStream(BytesSource(given)), codec, budget())
        if rule:
            with pytest.raises(RefusedError) as caught:
                read_all(stream)
            assert caught.value.refusal.rule in rule.split("|")
        else:
            assert read_all(stream) == data * (2 if len(given) == 2 * len(packed) else 1)


def budget() -> Budget:
    return Budget(Limits(), None)


def read_all(stream: UnpackedStream) -> bytes:
    parts = []
    while part := stream.read(5000):
        parts.append(part)
    return b"".join(parts)
