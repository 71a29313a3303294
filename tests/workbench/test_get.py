"""``get``: what is written where, with which permissions, and what is never written."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.errors import FormatError, IntegrityError, NotFoundError, SourceError
from explorer.settings import Settings
from explorer.workbench import ArchiveListing, Check, Depth, Workbench
from explorer.workbench.resources import THREADS
from tests.support.archives import deb_of, make_archive, tar_of
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name, rr


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


async def test_an_archive_is_unpacked_and_its_program_marked_executable(
    bench: Workbench, tmp_path: Path
) -> None:
    got = await bench.get(await bench.resolve("latest", "linux-amd64"), tmp_path / "out")
    root = tmp_path / "out" / archive_name("amd64").removesuffix(".tar.gz")
    assert got.binary == root / "rr"
    assert got.binary.read_bytes() == rr().read_bytes()
    assert {f.name: mode(f) for f in got.files} == {
        "rr": 0o755, "rr.asc": 0o644, "README.md": 0o644, "CHANGELOG.md": 0o644, "LICENSE": 0o644
    }  # fmt: skip
    assert got.download is not None
    assert got.download.check is Check.OK
    assert list((tmp_path / "out").iterdir()) == [root]


async def test_existing_files_are_not_overwritten(bench: Workbench, tmp_path: Path) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    got = await bench.get(subject, tmp_path / "out")
    assert (
        await bench.get(subject, tmp_path / "out")
    ).files == got.files  # the same bytes: nothing to do
    assert got.binary is not None
    got.binary.write_bytes(b"mine")
    with pytest.raises(SourceError, match="already there"):
        await bench.get(subject, tmp_path / "out")
    assert got.binary.read_bytes() == b"mine"
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "hello").write_bytes(b"mine")
    with pytest.raises(SourceError, match="already there"):
        await bench.get(await bench.resolve(str(binary("c-static"))), tmp_path / "raw")
    assert (tmp_path / "raw" / "hello").read_bytes() == b"mine"


async def test_a_web_page_with_an_archives_name_is_refused(github: GitHub, tmp_path: Path) -> None:
    github.add_release(
        TAG, assets={archive_name("amd64"): b"<!DOCTYPE html><title>Sign in</title>"}, digests=False
    )
    bench = Workbench(Settings(api_url=github.api_url, cache_dir=tmp_path / "cache"))
    with pytest.raises(FormatError, match=r"not a tar\.gz file"):
        await bench.get(await bench.resolve("latest", "linux-amd64"), tmp_path / "out")
    await bench.aclose()
    assert not (tmp_path / "out").exists()


async def test_a_cache_smaller_than_one_file_holds_its_limit_afterwards(
    served: GitHub, tmp_path: Path
) -> None:
    settings = Settings(api_url=served.api_url, cache_dir=tmp_path / "cache", cache_limit=1000)
    bench = Workbench(settings)
    await bench.get(await bench.resolve("latest", "linux-amd64"), tmp_path / "out")
    await bench.aclose()
    again = Workbench(settings)
    assert (await again.cache_stats()).blob_bytes <= 1000
    await again.aclose()


async def test_one_member_alone(bench: Workbench, tmp_path: Path) -> None:
    got = await bench.get(
        await bench.resolve(f"{TAG}/{archive_name('amd64')}#rr"), tmp_path / "out"
    )
    assert [f.name for f in got.files] == ["rr"]
    assert got.binary is not None
    assert mode(got.binary) == 0o755
    with pytest.raises(NotFoundError, match="no member nothing"):
        await bench.get(
            await bench.resolve(f"{TAG}/{archive_name('amd64')}#nothing"), tmp_path / "none"
        )
    assert not (tmp_path / "none").exists()


async def test_raw_files_are_executable_if_they_are_programs(
    bench: Workbench, tmp_path: Path
) -> None:
    program = await bench.get(await bench.resolve(str(binary("c-static"))), tmp_path / "a")
    assert program.binary is not None
    assert mode(program.binary) == 0o755
    (tmp_path / "sums.txt").write_bytes(b"0123  rr\n")
    paper = await bench.get(await bench.resolve(str(tmp_path / "sums.txt")), tmp_path / "b")
    assert paper.binary is None
    assert mode(paper.files[0]) == 0o644


@pytest.mark.parametrize("packing", ["gz", "zip", "deb", "tar.zst"])
async def test_other_packings_from_the_disk(bench: Workbench, tmp_path: Path, packing: str) -> None:
    member = "usr/bin/rr" if packing == "deb" else "rr"
    path = tmp_path / f"rr.{packing}"
    path.write_bytes(make_archive(packing, "" if packing == "gz" else "x", {member: rr()}))
    got = await bench.get(await bench.resolve(str(path)), tmp_path / "out")
    assert got.binary is not None
    assert got.binary.read_bytes() == rr().read_bytes()
    assert mode(got.binary) == 0o755
    assert got.download is None


async def test_an_archive_without_a_program_is_unpacked(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "doc.tar.gz").write_bytes(make_archive("tar.gz", "doc", {"README.md": b"read me"}))
    got = await bench.get(await bench.resolve(str(tmp_path / "doc.tar.gz")), tmp_path / "out")
    assert got.binary is None
    assert [f.name for f in got.files] == ["README.md"]


async def test_a_refused_member_is_left_out_with_a_warning(
    bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "bad.tar").write_bytes(tar_of([("rr", rr().read_bytes()), ("../evil", b"x")]))
    got = await bench.get(await bench.resolve(str(tmp_path / "bad.tar")), tmp_path / "out")
    assert [path.name for path in got.files] == ["rr"]
    assert got.binary == tmp_path / "out" / "rr"
    assert not (tmp_path / "evil").exists()
    assert any("../evil (traversal)" in text for text in bench.resources.warnings)


async def test_wrong_bytes_are_kept_nowhere(
    served: GitHub, bench: Workbench, tmp_path: Path
) -> None:
    served.fault("*", host="assets", corrupt=True)
    with pytest.raises(IntegrityError):
        await bench.get(await bench.resolve("latest", "linux-amd64"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("into", ["file", "file/below", "zero\0byte", "x" * 300])
async def test_an_impossible_directory_is_an_error(
    bench: Workbench, tmp_path: Path, into: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    for target in ("latest", str(binary("c-static"))):
        with pytest.raises(SourceError):
            await bench.get(await bench.resolve(target, "linux-amd64"), tmp_path / into)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "a\\..\\..\\evil",
        "/etc/passwd",
        "x\0y",
        "x\x1b]0;y\x07\n",
        "x\u202ey",
        "x\x9by",
        "x\ud800y",
    ],
)
async def test_a_raw_file_lands_under_its_last_name_below_the_directory(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path, name: str
) -> None:
    from dataclasses import replace

    github.add_release("v1", {"tool": binary("c-static").read_bytes()}, repo="acme/tool")
    bench = opened(repo="acme/tool")
    subject = await bench.resolve("v1/tool")
    assert subject.asset is not None
    evil = bench.subject(replace(subject.asset, name=name))
    got = await bench.get(evil, tmp_path / "out")
    assert [f.parent for f in got.files] == [tmp_path / "out"]
    assert os.listdir(tmp_path / "out") == [got.files[0].name]
    assert got.files[0].name.isprintable()


async def test_members_are_listed_refused_ones_included(bench: Workbench, tmp_path: Path) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    listed = (await bench.look(subject, depth=Depth.WHOLE)).listing
    assert isinstance(listed, ArchiveListing)
    assert {m.name.rpartition("/")[2] for m in listed.members} >= {"rr", "rr.asc", "LICENSE"}
    (tmp_path / "bad.deb").write_bytes(
        deb_of(tar_of([]), tar_of([("../evil", b"x"), ("./usr/bin/rr", b"y")]))
    )
    subject = await bench.resolve(f"{tmp_path / 'bad.deb'}#usr/bin/rr")
    hostile = (await bench.look(subject, depth=Depth.WHOLE)).listing
    assert isinstance(hostile, ArchiveListing)
    assert [m.refused.rule for m in hostile.members if m.refused] == ["traversal"]
    assert any(m.name == "usr/bin/rr" for m in hostile.members)


@pytest.mark.parametrize("mask", [0o022, 0o077])
async def test_what_is_written_honours_the_umask(
    bench: Workbench, tmp_path: Path, mask: int
) -> None:
    previous = os.umask(mask)
    try:
        got = await bench.get(await bench.resolve("latest", "linux-amd64"), tmp_path / "out")
    finally:
        os.umask(previous)
    assert got.binary is not None
    for path in got.files:
        expected = 0o777 if path == got.binary else 0o666
        assert mode(path) == expected & ~mask, path


@pytest.mark.parametrize("mask", [0o022, 0o077])
async def test_a_raw_program_honours_the_umask(bench: Workbench, tmp_path: Path, mask: int) -> None:
    previous = os.umask(mask)
    try:
        got = await bench.get(await bench.resolve(str(binary("c-static"))), tmp_path / "out")
    finally:
        os.umask(previous)
    (written,) = got.files
    assert mode(written) == 0o777 & ~mask
    assert [path.name for path in (tmp_path / "out").iterdir()] == [written.name]


# ---- unpacked while it arrives


@pytest.fixture
def large(github: GitHub) -> dict[str, bytes]:
    """RoadRunner's archive with a file that does not shrink, larger than one write."""
    members = {"rr": rr().read_bytes(), "data.bin": os.urandom(600_000), "LICENSE": b"MIT"}
    data = make_archive("tar.gz", "rr", members)
    github.add_release(TAG, {archive_name("amd64"): data})
    return members


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


Harm = Callable[[GitHub], object]
HARMS: dict[str, Harm] = {
    "cut and resumed": lambda github: github.fault(
        "*amd64*", host="assets", cut_after=400_000, times=1
    ),
    "cut in the first bytes": lambda github: github.fault(
        "*amd64*", host="assets", cut_after=9, times=2
    ),
    "changed on the server": lambda github: (
        github.fault("*amd64*", host="assets", cut_after=400_000, times=1),
        github.fault("*amd64*", host="assets", skip=1, new_etag='"other"', ignore_range=True),
    ),
}


@pytest.mark.parametrize("harm", HARMS)
async def test_an_archive_is_unpacked_whole_however_it_arrives(
    github: GitHub,
    large: dict[str, bytes],
    opened: Callable[..., Workbench],
    tmp_path: Path,
    harm: str,
) -> None:
    HARMS[harm](github)
    bench = opened()
    got = await bench.get(await bench.resolve("latest", "linux-amd64"), tmp_path / "out")
    assert content(tmp_path / "out/rr") == large
    assert got.binary == tmp_path / "out/rr/rr"
    assert mode(got.binary) == 0o755
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["rr"]


async def test_nothing_is_in_its_place_before_the_digest_is_right(
    github: GitHub, large: dict[str, bytes], opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    name = archive_name("amd64")
    github.replace_asset(TAG, name, make_archive("tar.gz", "rr", {**large, "LICENSE": b"no"}))
    github.fault("*amd64*", host="assets", corrupt=True)
    bench = opened()
    seen: list[set[str]] = []
    into = tmp_path / "out"

    def progress(_: object) -> None:
        if into.is_dir():
            seen.append({path.name for path in into.iterdir()})

    with pytest.raises(IntegrityError):
        await bench.get(await bench.resolve("latest", "linux-amd64"), into, progress=progress)
    assert not into.exists()
    assert all(name.startswith(".rr-explorer-") for names in seen for name in names)


async def test_what_is_no_longer_wanted_ends_at_once(
    github: GitHub, large: dict[str, bytes], opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    github.fault("*amd64*", host="assets", bytes_per_second=100_000)
    bench = opened()
    begun = asyncio.Event()
    subject = await bench.resolve("latest", "linux-amd64")
    task = asyncio.ensure_future(
        bench.get(
            subject,
            tmp_path / "out",
            progress=lambda step: begun.set() if step.done else None,
        )
    )
    await asyncio.wait_for(begun.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    assert not (tmp_path / "out").exists()


async def test_more_gets_at_once_than_threads_all_end(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    names = [f"tool{number}-linux-amd64.tar.gz" for number in range(THREADS + 4)]
    files = {name: make_archive("tar.gz", "", {"rr": rr(), name: name.encode()}) for name in names}
    github.add_release("v1", files, repo="acme/tool")
    bench = opened(repo="acme/tool")
    subjects = [await bench.resolve(f"v1/{name}") for name in names]
    gets = [
        bench.get(subject, tmp_path / name) for subject, name in zip(subjects, names, strict=True)
    ]
    await asyncio.wait_for(asyncio.gather(*gets), 120)
    assert all((tmp_path / name / name).read_bytes() == name.encode() for name in names)
