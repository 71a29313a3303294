"""Archives as releases publish them, made by the real tools and by the standard library."""

import hashlib
import itertools
import lzma
from pathlib import Path

import pytest

from explorer.archive import Format, MemberKind, detect, extract, listing, walk
from explorer.bytesource import BytesSource, FileSource
from explorer.errors import FormatError
from explorer.facts import Unknown
from tests.archive.helpers import contents, names
from tests.support.archives import gz, make_archive, roadrunner_members, tar_of, zst
from tests.support.binaries import binary

ROOT = "roadrunner-2025.1.15-linux-amd64"
ARCHIVES = ["tar", "tar.gz", "tar.xz", "tar.bz2", "tar.zst", "zip"]
DEBS = ["deb", "deb-gz", "deb-xz", "deb-bz2", "deb-tar"]


@pytest.fixture(scope="module")
def program() -> bytes:
    return binary("c-static").read_bytes()


@pytest.mark.parametrize("tool", [True, False], ids=["tools", "stdlib"])
@pytest.mark.parametrize("packing", ARCHIVES)
def test_a_release_archive_gives_its_five_files(
    packing: str, tool: bool, program: bytes, tmp_path: Path
) -> None:
    members = roadrunner_members(program)
    file = tmp_path / f"{ROOT}.{packing}"
    file.write_bytes(make_archive(packing, ROOT, members, tool=tool))
    with FileSource(file) as source:
        found = listing(source, file.name)
        assert (found.format, found.problem) == (Format(packing), None)
        assert names(found) == [ROOT, *(f"{ROOT}/{name}" for name in members)]
        assert [member.refused for member in found.members] == [None] * 6
        assert found.members[0].kind is MemberKind.DIRECTORY
        rr = found.members[1]
        assert (rr.kind, rr.size, rr.mode) == (MemberKind.FILE, len(program), 0o755)
        assert found.members[3].mode == 0o644
        assert contents(source, file.name) == {
            f"{ROOT}/{name}": data for name, data in members.items()
        }


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["rr", "CHANGELOG.md", "LICENSE"])), ids="-".join
)
@pytest.mark.parametrize("packing", ["tar.gz", "zip"])
def test_members_come_in_the_order_in_which_they_lie(packing: str, order: tuple[str, ...]) -> None:
    members = {
        "rr": b"\x7fELF" + bytes(500),
        "CHANGELOG.md": b"# 1\n" * 300,
        "LICENSE": b"MIT\n" * 20,
    }
    data = make_archive(packing, ROOT, members, order=order)
    assert names(listing(BytesSource(data), packing)) == [
        ROOT,
        *(f"{ROOT}/{name}" for name in order),
    ]


@pytest.mark.parametrize("tool", [True, False], ids=["tools", "stdlib"])
@pytest.mark.parametrize("packing", DEBS)
def test_a_deb_gives_its_two_parts(packing: str, tool: bool, program: bytes) -> None:
    data = make_archive(packing, "roadrunner", {"usr/bin/rr": program}, tool=tool)
    found = listing(BytesSource(data), "roadrunner.deb")
    assert (found.format, found.problem) == (Format.DEB, None)
    files = {(m.part, m.name): m.mode for m in found.members if m.kind is MemberKind.FILE}
    assert files == {("control", "control"): 0o644, ("data", "usr/bin/rr"): 0o755}
    assert contents(data, "roadrunner.deb")["usr/bin/rr"] == program


@pytest.mark.parametrize("packing", ["gz", "xz", "bz2", "zst"])
def test_a_compressed_single_file_is_unpacked(packing: str, program: bytes) -> None:
    data = make_archive(packing, "", {"rr": program})
    found = listing(BytesSource(data), f"rr-linux-amd64.{packing}")
    assert found.format is Format(packing)
    assert names(found) == ["rr-linux-amd64"]
    assert isinstance(found.members[0].size, Unknown)
    assert contents(data, f"rr-linux-amd64.{packing}") == {"rr-linux-amd64": program}


def test_a_raw_file_is_its_own_member(program: bytes) -> None:
    found = listing(BytesSource(program), "/downloads/rr")
    assert found.format is Format.RAW
    assert (names(found), found.members[0].size) == (["rr"], len(program))
    assert contents(program, "C:\\downloads\\rr.exe") == {"rr.exe": program}


def test_an_empty_file_is_an_empty_member() -> None:
    assert contents(b"", "nothing") == {"nothing": b""}


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (gz(tar_of([("a", b"1")])), "no-ending", Format.TAR_GZ),
        (gz(tar_of([("a", b"1")])), "x.tgz", Format.TAR_GZ),
        (gz(b"not a tar"), "x.tar.gz", Format.GZ),
        (gz(b""), "x.tar.gz", Format.TAR_GZ),
        (gz(b"a" * 600)[:12], "x.tgz", Format.TAR_GZ),
        (gz(b"a" * 600)[:12], "x.gz", Format.GZ),
        (zst(tar_of([("a", b"1")])), "x.zip", Format.TAR_ZST),
        (lzma.compress(tar_of([("a", b"1")])), "x", Format.TAR_XZ),
        (b"PK\x05\x06" + bytes(18), "empty.zip", Format.ZIP),
        (bytes(10240), "empty.tar", Format.TAR),
        (bytes(10240), "zeros.bin", Format.RAW),
        (b"!<arch>\nlibc.o/         ", "libc.a", Format.RAW),
        (b"<!DOCTYPE html>", "x.zip", Format.RAW),
        (b"BZh", "x.bz2", Format.BZ2),
    ],
)
def test_the_bytes_tell_the_format_and_the_name_only_helps(
    data: bytes, name: str, expected: Format
) -> None:
    assert detect(BytesSource(data), name) is expected


@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
@pytest.mark.parametrize("tool", [True, False], ids=["tools", "stdlib"])
def test_long_and_foreign_names_arrive_whole(tar_format: str, tool: bool) -> None:
    members = {"deep/" * 30 + "wörld-世界-" + "x" * 90: b"1", "naïve": b"2"}
    data = make_archive("tar.gz", ROOT, members, tar_format=tar_format, tool=tool)
    assert contents(data, "x.tar.gz") == {f"{ROOT}/{name}": data for name, data in members.items()}


def test_members_in_a_row_of_gzip_streams_are_one_archive() -> None:
    tar = tar_of([("rr", b"x" * 5000)])
    assert contents(gz(tar[:700]) + gz(tar[700:]) + bytes(64), "x.tar.gz") == {"rr": b"x" * 5000}


def test_a_packed_file_inside_an_archive_is_left_packed() -> None:
    inner = gz(tar_of([("rr", b"x")]))
    data = make_archive("tar.gz", "", {"inner.tar.gz": inner})
    assert contents(data, "outer.tar.gz") == {"inner.tar.gz": inner}


@pytest.mark.parametrize("packing", [*ARCHIVES, "deb"])
def test_reading_half_of_each_member_does_not_lose_the_next(packing: str) -> None:
    members = {f"usr/{n}.bin": bytes([n]) * (3000 + n) for n in range(6)}
    data = make_archive(packing, ROOT, members, tool=False)
    firsts = [
        entry.open().read(7)[:1]
        for entry in walk(BytesSource(data), "x")
        if entry.member.name.endswith(".bin")
    ]
    assert firsts == [bytes([n]) for n in range(6)]


def test_a_member_that_the_walk_has_left_is_not_read_as_another() -> None:
    data = tar_of([("a", b"a" * 2000), ("b", b"b" * 2000)])
    entries = walk(BytesSource(data), "x.tar")
    stream = next(entries).open()
    next(entries)
    with pytest.raises(RuntimeError, match="gone on"):
        stream.read(10)


def test_a_folder_cannot_be_opened() -> None:
    data = make_archive("zip", ROOT, {"rr": b"x"})
    with pytest.raises(FormatError, match="directory"):
        next(iter(walk(BytesSource(data), "x.zip"))).open()


def test_streams_unpack_what_the_tools_packed(tmp_path: Path) -> None:
    """The whole way at the size of a real program: file, walk, extraction, same bytes."""
    program = binary("go-static-amd64")
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    for packing in ("tar.gz", "zip", "deb"):
        file = tmp_path / f"rr.{packing}"
        file.write_bytes(make_archive(packing, ROOT, {"usr/bin/rr": program}))
        with FileSource(file) as source:
            (path,) = extract(
                source, file.name, tmp_path / packing, wanted=lambda m: m.name.endswith("/rr")
            ).paths
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
