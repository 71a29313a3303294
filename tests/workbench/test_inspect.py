"""The whole file: other targets, neighbours for $ORIGIN, symbols, and its record."""

import asyncio
import gc
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from explorer.compat import Answer, Where
from explorer.errors import FormatError, NotFoundError, SourceError
from explorer.workbench import Depth, Inspection, Workbench
from explorer.workbench.look_records import row_key
from tests.support.archives import make_archive, tar_of
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import archive_name


def libraries(inspection: Inspection) -> dict[str, Where]:
    """Where each library of the first verdict was found."""
    check = inspection.verdicts[0].dependencies
    assert hasattr(check, "libraries"), check
    return {d.name: d.where for d in check.libraries}


async def test_the_same_facts_on_other_targets(bench: Workbench) -> None:
    inspection = await bench.look(await bench.resolve(str(binary("c-glibc"))), depth=Depth.WHOLE)
    assert inspection.verdicts[0].packages == ("gcompat",)
    other = await bench.judge(inspection, on=("debian-12", "scratch"))
    assert [(v.target.name, v.answer) for v in other.verdicts] == [
        ("debian-12", Answer.YES),
        ("scratch", Answer.NO),
    ]
    assert other.binary is inspection.binary


async def test_origin_is_followed_beside_a_local_file(bench: Workbench, tmp_path: Path) -> None:
    program = tmp_path / "needs"
    program.write_bytes(binary("c-needs-origin").read_bytes())
    alone = await bench.look(
        await bench.resolve(str(program)), on=("debian-12",), depth=Depth.WHOLE
    )
    assert alone.verdicts[0].answer is not Answer.YES
    assert libraries(alone)["libanswer.so.1"] is not Where.BESIDE
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libanswer.so.1").write_bytes(binary("c-shared").read_bytes())
    beside = await bench.look(
        await bench.resolve(str(program)), on=("debian-12",), depth=Depth.WHOLE
    )
    assert beside.verdicts[0].answer is Answer.YES
    assert libraries(beside)["libanswer.so.1"] is Where.BESIDE


def a_loop(file: Path) -> None:
    file.symlink_to("other")
    (file.parent / "other").symlink_to(file.name)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a loop": a_loop,
}


@pytest.mark.parametrize("what", UNREADABLE)
async def test_what_is_no_file_under_a_librarys_name_is_unknown_not_absent(
    bench: Workbench, tmp_path: Path, what: str
) -> None:
    program = tmp_path / "needs"
    program.write_bytes(binary("c-needs-origin").read_bytes())
    (tmp_path / "lib").mkdir()
    UNREADABLE[what](tmp_path / "lib" / "libanswer.so.1")
    local = await bench.look(
        await bench.resolve(str(program)), on=("debian-12",), depth=Depth.WHOLE
    )
    assert local.verdicts[0].answer is Answer.UNKNOWN, local.verdicts[0].deciding
    if what != "a pipe":
        with tarfile.open(tmp_path / "tool.tar", "w") as archive:
            archive.add(program, "needs")
            archive.add(tmp_path / "lib", "lib")
        path = f"{tmp_path / 'tool.tar'}#needs"
        packed = await bench.look(await bench.resolve(path), on=("debian-12",), depth=Depth.WHOLE)
        assert packed.verdicts[0].answer is Answer.UNKNOWN, packed.verdicts[0].deciding


async def test_a_refused_or_implied_member_under_a_librarys_name_is_unknown(
    bench: Workbench, tmp_path: Path
) -> None:
    library = tarfile.TarInfo("lib/libanswer.so.1")
    library.type = tarfile.CHRTYPE
    others: list[tuple[tarfile.TarInfo | str, bytes]] = [
        (library, b""),
        ("lib/libanswer.so.1/x", b"x"),
    ]
    for other in others:
        data = tar_of([("needs", binary("c-needs-origin").read_bytes()), other])
        (tmp_path / "tool.tar").write_bytes(data)
        path = f"{tmp_path / 'tool.tar'}#needs"
        seen = await bench.look(await bench.resolve(path), on=("debian-12",), depth=Depth.WHOLE)
        assert seen.verdicts[0].answer is Answer.UNKNOWN, seen.verdicts[0].deciding


@pytest.mark.parametrize("packing", ["tar.gz", "zip", "deb"])
async def test_origin_is_followed_among_an_archives_members(
    bench: Workbench, tmp_path: Path, packing: str
) -> None:
    folder = "opt/" if packing == "deb" else ""
    members: dict[str, bytes | Path] = {
        f"{folder}lib/libanswer.so.1": binary("c-shared"),
        f"{folder}needs": binary("c-needs-origin"),
    }
    path = tmp_path / f"tool.{packing}"
    path.write_bytes(make_archive(packing, "x", members, tool=False))
    inspection = await bench.look(
        await bench.resolve(f"{path}#needs"), on=("debian-12",), depth=Depth.WHOLE
    )
    assert inspection.verdicts[0].answer is Answer.YES
    assert libraries(inspection)["libanswer.so.1"] is Where.BESIDE


@pytest.mark.parametrize(
    ("links", "answer"),
    [
        ({"lib": "lib64"}, Answer.YES),
        ({"lib": "other", "other": "./lib64/"}, Answer.YES),
        ({"lib": "lib64", "lib64/libanswer.so.1": "../store/answer.so"}, Answer.YES),
        ({"lib": "lib"}, Answer.UNKNOWN),
        ({"lib": "../lib64"}, Answer.UNKNOWN),
        ({"lib": "missing"}, Answer.NO),
    ],
)
async def test_a_folder_that_is_a_link_is_followed_in_an_archive(
    bench: Workbench, tmp_path: Path, links: dict[str, str], answer: Answer
) -> None:
    path = tmp_path / "tool.tar.gz"
    place = "store/answer.so" if "lib64/libanswer.so.1" in links else "lib64/libanswer.so.1"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(binary("c-needs-origin"), "needs")
        tar.add(binary("c-shared"), place)
        for name, target in links.items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
    look = await bench.look(
        await bench.resolve(f"{path}#needs"), on=("debian-12",), depth=Depth.WHOLE
    )
    assert look.verdicts[0].answer is answer, look.verdicts[0].deciding


async def test_symbols_are_shown_and_their_file_is_closed_with_them(
    bench: Workbench, tmp_path: Path
) -> None:
    inspection = await bench.look(await bench.resolve(str(binary("c-symbols"))), depth=Depth.WHOLE)
    table = await bench.symbols(inspection)
    assert table.title == ".symtab"
    assert "main" in {table.row(i).name for i in range(len(table))}
    gc.collect()  # what earlier tests left open is not counted
    before = open_files()
    del table
    await asyncio.sleep(0)  # the loop's current step still holds the future with the table
    gc.collect()
    assert open_files() == before - 1
    (tmp_path / "text").write_bytes(b"no program")
    with pytest.raises(FormatError):
        await bench.symbols(
            await bench.look(await bench.resolve(str(tmp_path / "text")), depth=Depth.WHOLE)
        )
    assert open_files() == before - 1


def open_files() -> int:
    """How many file descriptors this process holds on regular files."""
    return sum(
        1
        for fd in Path("/proc/self/fd").iterdir()
        if fd.is_symlink() and "/build/binaries/" in str(fd.resolve())
    )


async def test_after_a_peek_there_are_no_symbols(bench: Workbench) -> None:
    with pytest.raises(NotFoundError, match="not here"):
        await bench.symbols(await bench.look(await bench.resolve("latest", "linux-amd64")))


async def test_on_disk_follows_the_download_and_makes_no_request(
    served: GitHub, bench: Workbench
) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    assert subject.asset is not None
    assert not await bench.on_disk(subject)
    await bench.download(subject.asset)
    served.forget()
    assert await bench.on_disk(subject)
    assert await bench.on_disk(await bench.resolve(str(binary("c-static"))))
    assert (await bench.download(subject.asset)).from_cache
    assert not served.seen


async def test_a_damaged_record_is_ignored(served: GitHub, bench: Workbench) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    assert subject.asset is not None
    await bench.look(subject)
    await bench.resources.written()
    store = bench.resources.cache.store("peek")
    good = store.load(row_key(subject.asset))
    assert good is not None
    other = json.loads(good)
    other["version"] = 0
    empty = json.loads(good)
    empty["verdicts"] = []
    damaged = (
        good[:-1],
        b"",
        b"\x80\x04.",
        json.dumps(other).encode(),
        json.dumps(empty).encode(),
        b"[" * 10_000,
    )
    for data in damaged:
        store.save(row_key(subject.asset), data)
        assert await bench.known(subject.asset) is None
        assert (await bench.look(subject)).verdicts[0].answer is Answer.YES
        assert await bench.known(subject.asset) is not None
        await bench.resources.written()
        assert await bench.known(subject.asset) is not None


async def test_a_peek_is_known_before_it_is_written(served: GitHub, bench: Workbench) -> None:
    await bench.look(await bench.resolve("latest", "linux-arm64"))
    await bench.resources.written()
    subject = await bench.resolve("latest", "linux-amd64")
    assert subject.asset is not None
    store = bench.resources.cache.store("peek")
    with closing(
        sqlite3.connect(bench.settings.cache_dir / "peek" / "cache.db", isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")  # another process writes: ours has to wait
        inspection = await bench.look(subject)
        served.forget()
        known = await bench.known(subject.asset)
        assert known is not None
        assert known.verdicts == inspection.verdicts
        assert (await bench.look(subject)).traffic == inspection.traffic
        assert not served.seen
        assert store.load(row_key(subject.asset)) is None
        other.execute("ROLLBACK")
    await bench.resources.written()
    assert not bench.looks.records.unwritten
    assert store.load(row_key(subject.asset)) is not None


async def test_closing_writes_the_records_of_peeks(
    served: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    first = opened()
    subject = await first.resolve("latest", "linux-amd64")
    assert subject.asset is not None
    await first.look(subject)
    await first.aclose()
    assert await opened(cache_dir=first.settings.cache_dir).known(subject.asset) is not None


async def test_a_record_of_the_whole_file_outlives_the_process(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    first = opened()
    subject = await first.resolve("latest", "linux-arm64")
    whole = await first.look(subject, depth=Depth.WHOLE)
    await first.aclose()
    later = opened(cache_dir=first.settings.cache_dir)
    assert subject.asset is not None
    known = await later.known(subject.asset)
    assert known is not None
    assert known.file == whole.file
    assert known.check is whole.check
    assert known.path is None
    assert [v.answer for v in known.verdicts] == [Answer.YES]


async def test_a_member_by_name_and_a_missing_member(bench: Workbench) -> None:
    inspection = await bench.look(
        await bench.resolve(f"latest/{archive_name('amd64')}#LICENSE"), depth=Depth.WHOLE
    )
    assert inspection.verdicts[0].answer is Answer.NO
    for depth in (Depth.WHOLE, Depth.VERDICT):
        with pytest.raises(NotFoundError):
            await bench.look(
                await bench.resolve(f"latest/{archive_name('amd64')}#none"), depth=depth
            )


async def test_a_file_that_vanishes_is_an_error(bench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "gone"
    path.write_bytes(binary("c-static").read_bytes())
    subject = await bench.resolve(str(path))
    path.unlink()
    with pytest.raises(SourceError):
        await bench.look(subject, depth=Depth.WHOLE)
