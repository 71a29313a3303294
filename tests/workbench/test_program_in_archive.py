"""Which file of an asset is judged, from the whole file and from a peek; what is not read."""

import hashlib
import lzma
import os
import stat
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.archive import Format
from explorer.bytesource import ByteSource, BytesSource, PrefixSource
from explorer.compat import Answer, find_target
from explorer.errors import FormatError, NotFoundError, UsageError
from explorer.facts import MISSING
from explorer.progress import Cancellation
from explorer.releases.local import folder
from explorer.report.advice import pastable
from explorer.workbench import Depth, Inspection, Workbench
from explorer.workbench.opened import opened_by
from explorer.workbench.peek import read_beginning
from explorer.workbench.proof_records import keep_proof
from explorer.workbench.proof_tree import proof_tree
from explorer.workbench.resolve import asset_subject
from explorer.workbench.verdicts import verdicts_of
from tests.archive.test_hostile import head
from tests.support.archives import (
    _PACKERS,
    cpio_of,
    deb_of,
    gz,
    make_archive,
    rpm_of,
    tar_of,
    zip_of,
)
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.support.proofs import make_proof
from tests.support.sevenzip import sevenzip_of

STATIC, GLIBC = "c-static", "c-glibc"
SCRIPT = b"#!/bin/sh\nexec true\n"
EXE = b"MZ" + bytes(58) + struct.pack("<L", 64) + b"PE\0\0\x64\x86" + bytes(400)
OBJECT = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\0\x3e\0" + bytes(200)
CLASS = b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(200)


def static() -> bytes:
    return binary(STATIC).read_bytes()


def glibc() -> bytes:
    return binary(GLIBC).read_bytes()


async def looks(
    github: GitHub, opened: Callable[..., Workbench], name: str, data: bytes, member: str = ""
) -> tuple[Inspection, Inspection]:
    """The same asset from a peek and whole; a peek never says otherwise."""
    github.add_release("v1", {name: data}, repo="acme/tool")
    target = f"v1/{name}" + (f"#{member}" if member else "")
    peeking, whole = opened(repo="acme/tool"), opened(repo="acme/tool")
    before = await peeking.look(await peeking.resolve(target))
    after = await whole.look(await whole.resolve(target), depth=Depth.WHOLE)
    assert before.verdicts[0].answer in (after.verdicts[0].answer, Answer.UNKNOWN)
    return before, after


PROGRAMS: dict[str, tuple[str, dict[str, bytes], str]] = {
    "library-first": ("tar.gz", {"lib/libx.so.1": b"G", "bin/tool": b"S"}, "bin/tool"),
    "helper-first": ("zip", {"tool/helper": b"G", "tool/tool": b"S"}, "tool/tool"),
    "exe-first": ("tar.gz", {"tool.exe": EXE, "tool": b"S"}, "tool"),
    "object-first": ("tar.xz", {"driver/a.o": OBJECT, "driver/tool": b"S"}, "driver/tool"),
    "class-first": ("zip", {"lib/Main.class": CLASS, "bin/tool": b"S"}, "bin/tool"),
    "script-only": ("tar.gz", {"tool": SCRIPT, "README.md": b"x"}, "tool"),
    "cpio": ("cpio", {"a/other": b"G", "bin/tool": b"S"}, "bin/tool"),
    "rpm": ("rpm", {"usr/lib/x.so": b"G", "usr/bin/tool": b"S"}, "usr/bin/tool"),
    "lzip": ("tar.lz", {"libx.so": b"G", "tool": b"S"}, "tool"),
    "lz4": ("tar.lz4", {"libx.so": b"G", "tool": b"S"}, "tool"),
    "7z": ("7z", {"lib/libx.so": b"G", "tool": b"S"}, "tool"),
    "lzma": ("tar.lzma", {"libx.so": b"G", "tool": b"S"}, "tool"),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_program_is_judged_and_not_what_stands_before_it(
    github: GitHub, opened: Callable[..., Workbench], name: str
) -> None:
    packing, members, program = PROGRAMS[name]
    files = {n: {b"G": glibc(), b"S": static()}.get(d, d) for n, d in members.items()}
    data = make_archive(packing, "", files)
    peeked, whole = await looks(github, opened, f"tool-linux-amd64.{packing}", data)
    for inspection in (peeked, whole):
        assert not isinstance(inspection.member, MISSING), inspection.verdicts[0].deciding
        assert inspection.member.name == program
    expected = Answer.YES_IF if name == "script-only" else Answer.YES
    assert [inspection.verdicts[0].answer for inspection in (peeked, whole)] == [expected] * 2
    assert not isinstance(whole.listing, MISSING)
    assert whole.listing.format is Format(packing)


async def test_the_later_of_two_programs_with_one_name_is_judged(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = gz(tar_of([("tool", glibc()), ("README", b""), ("tool", static())]))
    peeked, whole = await looks(github, opened, "tool-linux-amd64.tar.gz", data)
    assert [f.verdicts[0].answer for f in (peeked, whole)] == [Answer.YES, Answer.YES]
    assert whole.path is not None
    assert whole.path.read_bytes() == static()
    assert whole.others == ()


TWICE: dict[str, Callable[[list[tuple[str, bytes]]], bytes]] = {
    "tar.gz": lambda members: gz(tar_of(members)),
    "tar": tar_of,
    "zip": zip_of,
    "cpio": lambda members: cpio_of([(name, 0o100755, data) for name, data in members]),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("later", ["tool", "./tool"])
@pytest.mark.parametrize("packing", TWICE)
async def test_a_program_that_a_large_archive_holds_twice_is_said_loudly(
    github: GitHub, opened: Callable[..., Workbench], packing: str, later: str
) -> None:
    """A peek that decides early sees the first one; the whole file has the later one."""
    exe = EXE + os.urandom(70_000)
    data = TWICE[packing]([("tool", static()), ("data.bin", exe), (later, glibc() + exe)])
    name = f"tool-linux-amd64.{packing}"
    github.add_release("v1", {name: data}, repo="acme/tool")
    bench = opened(repo="acme/tool")
    subject = await bench.resolve(f"v1/{name}")
    peeked = await bench.look(subject, on=("scratch",))
    whole = await bench.look(subject, on=("scratch",), depth=Depth.WHOLE)
    assert [f.verdicts[0].answer for f in (peeked, whole)] == [Answer.YES, Answer.NO]
    assert "holds the program twice" in whole.changed
    assert "report" not in whole.changed


@pytest.mark.parametrize("packing", ["tar.gz", "zip"])
async def test_a_member_belongs_to_the_bytes_of_its_archive(
    opened: Callable[..., Workbench], packing: str, tmp_path: Path
) -> None:
    """A rebuilt archive of the same name has members, digests and proofs of its own."""
    archive, bench = tmp_path / f"tool.{packing}", opened()
    archive.write_bytes(make_archive(packing, "", {"tool": static()}))
    first = await bench.look(await bench.resolve(str(archive)), depth=Depth.WHOLE)
    digest = hashlib.sha256(static()).hexdigest()
    assert first.file.sha256 == digest
    keep_proof(bench.resources.cache, make_proof(sha256=digest))
    again = await bench.look(await bench.resolve(str(archive)), depth=Depth.WHOLE)
    assert [proof.sha256 for proof in again.proofs] == [digest]
    archive.write_bytes(make_archive(packing, "", {"tool": glibc()}))
    rebuilt = await bench.look(await bench.resolve(str(archive)), depth=Depth.WHOLE)
    assert rebuilt.path is not None
    assert rebuilt.path.read_bytes() == glibc()
    assert rebuilt.file.sha256 == hashlib.sha256(glibc()).hexdigest()
    assert rebuilt.asset_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert rebuilt.proofs == ()


async def test_other_programs_are_named(github: GitHub, opened: Callable[..., Workbench]) -> None:
    data = make_archive("tar.gz", "", {"helper": glibc(), "tool": static(), "win/a.exe": EXE})
    _, whole = await looks(github, opened, "tool-linux-amd64.tar.gz", data)
    assert whole.others == ("helper", "win/a.exe")


@pytest.mark.parametrize("packing", ["tar.gz", "zip"])
async def test_where_nothing_decides_it_is_unknown_and_a_name_helps(
    github: GitHub, opened: Callable[..., Workbench], packing: str
) -> None:
    data = make_archive(packing, "", {"a": static() + b"x", "b": static()})
    name = f"other-linux-amd64.{packing}"
    for inspection in await looks(github, opened, name, data):
        verdict = inspection.verdicts[0]
        assert (verdict.answer, verdict.deciding.code) == (Answer.UNKNOWN, "archive.undecided")
        assert verdict.deciding.text == "Several files may be the program: a, b."
        assert "FILE#MEMBER" in verdict.deciding.remedy
    github.remove_release("v1", repo="acme/tool")
    for inspection in await looks(github, opened, name, data, "b"):
        assert inspection.verdicts[0].answer is Answer.YES


async def test_a_peek_does_not_take_the_first_program_for_the_only_one(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    """What stands behind it could be the program; and nothing is read for nothing."""
    big = os.urandom(2 << 20)
    data = make_archive("tar.gz", "", {"helper": glibc() + big, "tool": static()}, tool=False)
    peeked, whole = await looks(github, opened, "tool-linux-amd64.tar.gz", data)
    assert peeked.verdicts[0].answer is Answer.UNKNOWN
    assert not isinstance(peeked.traffic, MISSING)
    assert peeked.traffic.bytes <= 64 << 10
    assert whole.verdicts[0].answer is Answer.YES


async def test_a_script_in_an_archive_gets_the_answer_of_the_bare_script(
    bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "tool").write_bytes(SCRIPT)
    (tmp_path / "tool.tar.gz").write_bytes(make_archive("tar.gz", "", {"tool": SCRIPT}))
    bare, packed = [
        await bench.look(await bench.resolve(str(tmp_path / name)), depth=Depth.WHOLE)
        for name in ("tool", "tool.tar.gz")
    ]
    assert bare.verdicts == packed.verdicts
    got = await bench.get(await bench.resolve(str(tmp_path / "tool.tar.gz")), tmp_path / "out")
    assert got.binary == tmp_path / "out" / "tool"


async def test_a_program_that_is_not_known_has_no_symbols_and_is_not_run(
    bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_bytes(make_archive("zip", "", {"a": static(), "b": static() + b"x"}))
    inspection = await bench.look(await bench.resolve(str(tmp_path / "x.zip")))
    with pytest.raises(NotFoundError, match="may be the program: a, b"):
        await bench.symbols(inspection)
    with pytest.raises(UsageError, match="may be the program: a, b"):
        await bench.verify(inspection)


# ---- what is packed once more, or not read


NESTED: dict[str, tuple[Callable[[], bytes], str]] = {
    "tool.tar.gz.gz": (lambda: gz(packed_tool()), "tool.tar.gz"),
    "tool-linux-amd64.zip": (
        lambda: zip_of([("tool-linux-amd64.tar.gz", packed_tool()), ("README", b"x")]),
        "tool-linux-amd64.tar.gz",
    ),
    "tool-linux-amd64.tar.gz": (
        lambda: make_archive("tar.gz", "", {"tool.gz": gz(static()), "README.md": b"x"}),
        "tool.gz",
    ),
    "tool.tar.xz": (
        lambda: make_archive(
            "tar.xz", "", {"tool.deb": make_archive("deb", "tool", {"usr/bin/tool": static()})}
        ),
        "tool.deb",
    ),
    "tool.tar.gz": (
        lambda: make_archive("tar.gz", "", {"x/tool.zip": zip_of([("tool", static())])}),
        "x/tool.zip",
    ),
    "tool.xz": (lambda: lzma.compress(zip_of([("tool", static())])), "tool"),
    "tool.zip": (
        lambda: zip_of([("a.tar", tar_of([("b.zip", zip_of([("tool", static())]))]))]),
        "a.tar#b.zip",
    ),
}
"""An archive, and the way to the archive in it that holds the program."""


def packed_tool() -> bytes:
    return make_archive("tar.gz", "", {"bin/tool": static(), "lib/libx.so": glibc()})


@pytest.mark.parametrize("name", NESTED)
async def test_a_program_in_an_archive_in_an_archive_is_judged_and_written(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path, name: str
) -> None:
    make, way = NESTED[name]
    peeked, whole = await looks(github, opened, name, make())
    for inspection in (peeked, whole):
        assert not isinstance(inspection.member, MISSING), inspection.verdicts[0].deciding
        assert inspection.verdicts[0].answer is Answer.YES
        assert inspection.inside == tuple(way.split("#"))
    assert whole.path is not None
    assert whole.path.read_bytes() == static()
    assert not isinstance(whole.member, MISSING)
    bench = opened(repo="acme/tool")
    subject = await bench.resolve(f"v1/{name}#{way}#{whole.member.name}")
    seen = await bench.look(subject, depth=Depth.WHOLE)
    assert (seen.verdicts[0].answer, seen.inside) == (Answer.YES, whole.inside)
    got = await bench.get(subject, tmp_path / "out")
    assert got.binary == tmp_path / "out" / whole.member.name
    assert got.binary.read_bytes() == static()


async def test_get_of_an_archive_in_an_archive_says_how_to_have_the_program(
    bench: Workbench, tmp_path: Path
) -> None:
    file = tmp_path / "tool.zip"
    file.write_bytes(NESTED["tool-linux-amd64.zip"][0]())
    got = await bench.get(await bench.resolve(str(file)), tmp_path / "all")
    assert sorted(path.name for path in got.files) == ["README", "tool-linux-amd64.tar.gz"]
    assert got.binary is None
    words = f"{file}#tool-linux-amd64.tar.gz#bin/tool"
    assert bench.warnings[-1].endswith(f"get {words}")
    got = await bench.get(await bench.resolve(words), tmp_path / "one")
    assert got.binary == tmp_path / "one/bin/tool"
    got = await bench.get(await bench.resolve(words.rpartition("#")[0]), tmp_path / "inner")
    assert [path.name for path in got.files] == ["tool-linux-amd64.tar.gz"]
    twice = tmp_path / "tool.tar.gz.gz"
    twice.write_bytes(gz(packed_tool()))
    got = await bench.get(await bench.resolve(str(twice)), tmp_path / "twice")
    assert got.binary == tmp_path / "twice/bin/tool"
    assert (tmp_path / "twice/lib/libx.so").exists()


async def test_libraries_beside_a_program_in_an_inner_archive_are_found(
    bench: Workbench, tmp_path: Path
) -> None:
    inner = make_archive("tar.gz", "", {"bin/tool": static(), "lib/libx.so": glibc()})
    file = tmp_path / "tool.zip"
    file.write_bytes(zip_of([("inner.tar.gz", inner)]))
    inspection = await bench.look(await bench.resolve(str(file)), depth=Depth.WHOLE)
    opening = opened_by(inspection)
    assert opening is not None
    beside = opening.neighbours(bench.resources.cache)
    assert beside is not None
    assert beside.read("lib/libx.so") is not None
    tree = proof_tree(opening, static=True)
    assert tree.name == "bin/tool"
    assert "lib/libx.so" in [item.name for item in tree.beside(Cancellation())]


UNDECIDED_INSIDE: dict[str, Callable[[], bytes]] = {
    "not-read.tar.xz": lambda: make_archive("tar.xz", "", {"bin/tool.snap": b"hsqs" + bytes(99)}),
    "damaged.zip": lambda: zip_of([("tool.tar.gz", packed_tool()[:3000])]),
    "a-jar.zip": lambda: zip_of([("tool.jar", zip_of([("Main.class", CLASS)]))]),
    "two.zip": lambda: zip_of([("a.tar.gz", packed_tool()), ("b.tar.gz", packed_tool())]),
    "manual.zip": lambda: zip_of([("tool.zip.gz", gz(b"manual")), ("x.zip", packed_tool())]),
    "deep.gz": lambda: gz(gz(gz(gz(static())))),
    "several.zip": lambda: zip_of([("x.zip", zip_of([("a", static() + b"x"), ("b", static())]))]),
}


@pytest.mark.parametrize("name", UNDECIDED_INSIDE)
async def test_what_is_not_known_of_an_inner_archive_is_unknown(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path, name: str
) -> None:
    for inspection in await looks(github, opened, name, UNDECIDED_INSIDE[name]()):
        verdict = inspection.verdicts[0]
        assert (verdict.answer, verdict.deciding.code) == (Answer.UNKNOWN, "archive.undecided")


async def test_an_inner_archive_is_chosen_by_the_platform(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = zip_of([(f"tool-linux-{arch}.tar.gz", packed_tool()) for arch in ("arm64", "amd64")])
    for inspection in await looks(github, opened, "tool-linux-amd64.zip", data):
        assert inspection.inside == ("tool-linux-amd64.tar.gz",)
        assert inspection.others == ("tool-linux-arm64.tar.gz",)


async def test_there_are_no_lines_to_paste_for_an_archive_in_an_archive(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = NESTED["tool-linux-amd64.zip"][0]()
    github.add_release("v1", {"tool-linux-amd64.zip": data}, repo="acme/tool")
    advice = await opened(repo="acme/tool").advise("v1", "amd64")
    assert advice.chosen is not None
    assert pastable(advice)[0] == ()
    assert "tool-linux-amd64.zip#tool-linux-amd64.tar.gz#bin/tool" in pastable(advice)[1]


UNREAD = {
    "x.7z": sevenzip_of([("tool", stat.S_IFREG | 0o755, b"x" * 900)], header="ppmd"),
    "y.7z": sevenzip_of([("tool", stat.S_IFREG | 0o755, b"x" * 900)], "ppmd"),
    "x.snap": b"hsqs" + bytes(100),
    "x.Z": b"\x1f\x9d\x90" + bytes(100),
    "x_x86_64.apk": b"ADBdx\x9c" + bytes(100),
    "x.rar": b"Rar!\x1a\x07\1\0" + bytes(100),
    "x.rpm": rpm_of(b"drpm" + bytes(300)),
    "x.deb": deb_of(tar_of([("./control", b"Package: x\n")]), b"").replace(b".gz ", b".zz "),
}


@pytest.mark.parametrize("name", UNREAD)
async def test_what_is_not_read_is_unknown_never_no_and_is_not_written(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path, name: str
) -> None:
    for inspection in await looks(github, opened, name, UNREAD[name]):
        verdict = inspection.verdicts[0]
        assert verdict.answer is Answer.UNKNOWN, verdict.deciding
        assert verdict.deciding.code == "archive.undecided"
    bench = opened(repo="acme/tool")
    with pytest.raises(FormatError, match="method") as caught:
        await bench.get(await bench.resolve(f"v1/{name}"), tmp_path / "out")
    assert "own tool" in str(caught.value)
    assert not (tmp_path / "out").exists()


async def test_what_is_behind_damage_may_be_the_program(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    members = {"helper": glibc() + os.urandom(20_000), "tool": static()}
    data = make_archive("tar.gz", "", members, tool=False)[:15_000]
    name = "tool-linux-amd64.tar.gz"
    github.add_release("v1", {name: data}, repo="acme/tool")
    bench = opened(repo="acme/tool")
    for depth in (Depth.VERDICT, Depth.WHOLE):
        with pytest.raises(FormatError, match="truncated"):
            await bench.look(await bench.resolve(f"v1/{name}"), depth=depth)
    members = {"tool": static(), "later": os.urandom(9000)}
    whole = make_archive("tar.gz", "", members, tool=False)
    github.replace_asset("v1", name, whole[:-5000], repo="acme/tool")
    await bench.catalogue()
    for depth in (Depth.VERDICT, Depth.WHOLE):
        found = await bench.look(await bench.resolve(f"v1/{name}"), depth=depth)
        assert found.verdicts[0].answer is Answer.YES


async def test_a_program_that_is_encrypted_is_unknown(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = bytearray(zip_of([("tool", static())]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    for inspection in await looks(github, opened, "tool-linux-amd64.zip", bytes(data)):
        assert inspection.verdicts[0].answer is Answer.UNKNOWN
        assert "tool: it is encrypted" in inspection.verdicts[0].deciding.text


async def test_a_member_that_cannot_be_read_may_be_the_program(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = bytearray(zip_of([("tool", static()), ("z", b"x" * 90)]))
    at = 34  # the first byte of the compressed data
    data[at] ^= 0xFF
    for found in await looks(github, opened, "tool-linux-amd64.zip", bytes(data)):
        assert found.verdicts[0].answer is Answer.UNKNOWN
        assert "tool: its deflate data cannot be read" in found.verdicts[0].deciding.text


@pytest.mark.parametrize("packing", ["tar", "tar.gz", "cpio"])
async def test_a_program_whose_name_is_not_utf8_is_unknown_and_says_why(
    github: GitHub, opened: Callable[..., Workbench], packing: str
) -> None:
    """Nothing is said of what cannot be named; another program beside it is judged as ever."""
    for others in ((), (("tool", static()),)):
        members = [("caf\udce9", static()), *others]
        modes = [(name, stat.S_IFREG | 0o755, data) for name, data in members]
        data = cpio_of(modes) if packing == "cpio" else tar_of(members)
        name = f"tool-linux-amd64.{packing}"
        if others:
            github.remove_release("v1", repo="acme/tool")
        packed = gz(data) if packing == "tar.gz" else data
        for found in await looks(github, opened, name, packed):
            verdict = found.verdicts[0]
            assert verdict.answer is (Answer.YES if others else Answer.UNKNOWN)
            assert others or "its name is not UTF-8" in verdict.deciding.text


async def test_an_android_app_runs_on_android_only(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    members = [("AndroidManifest.xml", b"\3\0\x08\0"), ("classes.dex", b"dex\n"),
               ("lib/arm64-v8a/libapp.so", glibc())]  # fmt: skip
    for order in (members, members[::-1]):
        for inspection in await looks(github, opened, "app-release.apk", zip_of(order)):
            assert inspection.verdicts[0].answer is Answer.NO
            assert "Android app" in inspection.verdicts[0].deciding.evidence
            assert "glibc" not in inspection.verdicts[0].deciding.text
        github.remove_release("v1", repo="acme/tool")


async def test_alpines_packages_are_concatenated_tars(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    """apk v2: a signature and a control part without tar's end mark, then the data."""
    parts = [[(".SIGN.RSA.x", b"s")], [(".PKGINFO", b"pkgname = x")], [("usr/bin/tool", static())]]
    data = b"".join(gz(tar_of(part)[:-1024]) for part in parts[:2]) + gz(tar_of(parts[2]))
    for inspection in await looks(github, opened, "tool-1.0-r0_x86_64.apk", data):
        assert inspection.verdicts[0].answer is Answer.YES


# ---- compressed programs


@pytest.mark.parametrize("kind", sorted(_PACKERS))
@pytest.mark.parametrize("recipe", [STATIC, GLIBC])
async def test_a_small_compressed_program_is_known_from_a_peek(
    github: GitHub, opened: Callable[..., Workbench], kind: str, recipe: str
) -> None:
    data = _PACKERS[kind](binary(recipe).read_bytes())
    peeked, whole = await looks(github, opened, f"tool-linux-amd64.{kind}", data)
    assert peeked.verdicts[0].answer is whole.verdicts[0].answer is not Answer.UNKNOWN
    assert peeked.file.size == whole.file.size


@pytest.mark.parametrize("kind", ["gz", "xz", "zst", "lz"])
@pytest.mark.parametrize("recipe", ["go-static-amd64", "go-pie"])
async def test_a_large_compressed_program_is_known_from_its_beginning_and_its_end(
    github: GitHub, opened: Callable[..., Workbench], kind: str, recipe: str
) -> None:
    data = _PACKERS[kind](binary(recipe).read_bytes())
    assert len(data) > 256 << 10
    peeked, whole = await looks(github, opened, f"tool-linux-amd64.{kind}", data)
    assert whole.verdicts[0].answer is not Answer.UNKNOWN
    if recipe == "go-static-amd64":
        assert peeked.verdicts[0].answer is whole.verdicts[0].answer
        assert peeked.file.size == whole.file.size
        assert not isinstance(peeked.traffic, MISSING)
        assert peeked.traffic.requests <= 3
        assert peeked.traffic.bytes <= 256 << 10


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
async def test_the_length_of_the_last_of_several_streams_makes_nothing_look_cut(
    github: GitHub, opened: Callable[..., Workbench], kind: str
) -> None:
    program = binary("go-static-amd64").read_bytes()
    half = len(program) // 2
    data = b"".join(_PACKERS[kind](part) for part in (program[:half], program[half:]))
    peeked, whole = await looks(github, opened, f"tool-linux-amd64.{kind}", data)
    assert whole.verdicts[0].answer is Answer.YES
    assert peeked.verdicts[0].answer is not Answer.NO


CUT = ["7z", "tar.gz", "zip", "gz", "tar.zst", "rpm", "cpio", "tar.lz"]
CUT_INSIDE = ["zip", "tar.gz", "tar.gz.gz"]


@pytest.mark.parametrize("name", ["tool-linux-amd64", "other-linux"])
@pytest.mark.parametrize("packing", CUT)
def test_a_prefix_of_any_length_never_gives_another_answer(
    packing: str, name: str, tmp_path: Path
) -> None:
    members = {"lib/x.so": glibc(), "helper": glibc(), "tool": static(), "README": b"x" * 3000}
    data = make_archive(packing, "", {"tool": static()} if packing == "gz" else members)
    (tmp_path / f"{name}.{packing}").write_bytes(data)
    asset = folder(tmp_path).releases[0].assets[0]
    subject, target = asset_subject(asset, None), find_target("alpine-3.22")

    def answer(source: ByteSource) -> Answer:
        facts = read_beginning(source, subject, (target,), Cancellation()).binary
        return verdicts_of(facts, (target,))[0].answer

    compare_cuts(answer, data)
    assert name != "tool-linux-amd64" or answer(BytesSource(data)) is Answer.YES


@pytest.mark.parametrize("outer", CUT_INSIDE)
def test_a_prefix_of_an_archive_in_an_archive_gives_no_other_answer(
    outer: str, tmp_path: Path
) -> None:
    inner = {"helper": glibc(), "tool": static(), "README": b"x" * 3000}
    members = {"x.zip": make_archive("zip", "", {"y": glibc()}), "tool.tar.xz": b""}
    members["tool.tar.xz"] = make_archive("tar.xz", "", inner)
    packed = gz(members["tool.tar.xz"]) if outer == "tar.gz.gz" else b""
    (tmp_path / f"tool.{outer}").write_bytes(packed or make_archive(outer, "", members))
    asset = folder(tmp_path).releases[0].assets[0]
    subject, target = asset_subject(asset, None), find_target("alpine-3.22")

    def answer(source: ByteSource) -> Answer:
        facts = read_beginning(source, subject, (target,), Cancellation()).binary
        return verdicts_of(facts, (target,))[0].answer

    compare_cuts(answer, (tmp_path / f"tool.{outer}").read_bytes())


def compare_cuts(answer: Callable[[ByteSource], Answer], data: bytes) -> None:
    whole = answer(BytesSource(data))
    cuts = [*range(0, 800, 37), *range(800, len(data), len(data) // 40)]
    answers = {answer(PrefixSource(data[:cut], len(data))) for cut in cuts}
    assert answers <= {whole, Answer.UNKNOWN}
    assert whole is not Answer.NO


# ---- get


async def test_an_archive_without_files_says_so(bench: Workbench, tmp_path: Path) -> None:
    for name, data in {
        "empty.zip": zip_of([]),
        "empty.tar": bytes(10240),
        "folders.tar.gz": gz(tar_of([(head("d/", tarfile.DIRTYPE), b"")])),
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(NotFoundError, match="holds no files"):
            await bench.get(await bench.resolve(str(tmp_path / name)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


async def test_one_refused_side_file_does_not_stop_the_others(
    bench: Workbench, tmp_path: Path
) -> None:
    data = tar_of(
        [("../notes.md", b"x"), ("README.md", b"y"), (head("l", tarfile.SYMTYPE, "/"), b"")]
    )
    (tmp_path / "docs.tar").write_bytes(data)
    got = await bench.get(await bench.resolve(str(tmp_path / "docs.tar")), tmp_path / "out")
    assert [path.name for path in got.files] == ["README.md"]
    assert any("../notes.md (traversal), l (link-outside)" in text for text in bench.warnings)
    (tmp_path / "prog.tar").write_bytes(tar_of([("../tool", static()), ("README.md", b"y")]))
    with pytest.raises(FormatError, match="traversal"):
        await bench.get(await bench.resolve(str(tmp_path / "prog.tar")), tmp_path / "none")
    assert not (tmp_path / "none").exists()


async def test_where_the_program_is_not_known_all_is_written_and_nothing_marked(
    bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_bytes(make_archive("zip", "", {"a": static(), "b": static() + b"x"}))
    got = await bench.get(await bench.resolve(str(tmp_path / "x.zip")), tmp_path / "out")
    assert {path.name for path in got.files} == {"a", "b"}
    assert got.binary is None
    assert any("may be the program: a, b" in text for text in bench.warnings)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027])
async def test_the_umask_counts_for_raw_files_and_for_the_program(
    bench: Workbench, tmp_path: Path, mask: int
) -> None:
    (tmp_path / "tool").write_bytes(static())
    (tmp_path / "sums.txt").write_bytes(b"x")
    info = tarfile.TarInfo("tool")
    info.size, info.mode = len(static()), 0o644
    (tmp_path / "tool.tar").write_bytes(tar_of([(info, static())]))
    before = os.umask(mask)
    try:
        modes = []
        for index, name in enumerate(("tool", "sums.txt", "tool.tar")):
            subject = await bench.resolve(str(tmp_path / name))
            got = await bench.get(subject, tmp_path / f"out{index}")
            modes.append(stat.S_IMODE(got.files[0].stat().st_mode))
    finally:
        os.umask(before)
    assert modes == [0o777 & ~mask, 0o666 & ~mask, 0o777 & ~mask]


async def test_a_local_file_whose_name_is_not_utf8_is_read_and_written(
    bench: Workbench, tmp_path: Path
) -> None:
    for ending, packing in (("", "raw"), (".gz", "gz"), (".tar.gz", "tar.gz")):
        path = tmp_path / f"caf\udce9{ending}"
        path.write_bytes(make_archive(packing, "", {"tool": static()}))
        assert (await bench.look(await bench.resolve(str(path)), depth=Depth.WHOLE)).verdicts[
            0
        ].answer is Answer.YES
        got = await bench.get(await bench.resolve(str(path)), tmp_path / f"out{ending}")
        assert got.files[0].read_bytes() == static()
