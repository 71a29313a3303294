"""The vulnerability database from its server: downloaded once, asked for again by its ETag."""

import asyncio
import io
import struct
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.advisories import check_archive, load_database
from explorer.errors import (
    ExplorerError,
    FormatError,
    IntegrityError,
    OfflineError,
    SourceError,
)
from explorer.progress import Progress
from explorer.settings import Settings
from explorer.workbench import Workbench, vuln_database
from tests.advisories.entries import entry
from tests.advisories.server import DatabaseServer, aged, database_server, zipped
from tests.support.httpserver import Fault

ENTRIES = [entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}])]
MORE = [*ENTRIES, entry(2, "a.test/m", [])]
Open = Callable[..., Workbench]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DatabaseServer]:
    with database_server(tmp_path / "db", ENTRIES) as running:
        yield running


@pytest.fixture
async def bench_of(
    server: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Open]:
    """Makes workbenches that share a cache, and that soon try again what failed."""
    monkeypatch.setattr("explorer.fetch.document._PAUSE_S", 0.02)
    made: list[Workbench] = []

    def make(**more: object) -> Workbench:
        base = {"cache_dir": tmp_path / "cache", "vulndb_url": server.url, "demo": True}
        made.append(Workbench(Settings(**{**base, **more})))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        await bench.aclose()


async def test_it_is_downloaded_once_and_kept(bench_of: Open, server: DatabaseServer) -> None:
    stages: list[Progress] = []
    database = await bench_of().find_database(progress=stages.append)
    assert len(load_database(database.path).advisories) == 1
    assert database.name == "127.0.0.1"
    assert stages[-1].done == stages[-1].total == len(server.body)
    again = await bench_of().find_database()
    assert again.path == database.path
    assert server.statuses == [200]
    assert (await bench_of(offline=True).find_database()).path == database.path


async def test_an_old_copy_is_asked_for_by_its_etag(
    bench_of: Open, server: DatabaseServer, tmp_path: Path
) -> None:
    bench = bench_of()
    first = await bench.find_database()
    aged(bench.resources.cache, server.url)
    offline = await bench_of(offline=True).find_database()
    assert not offline.is_fresh, "its age is shown"
    same = await bench.find_database()
    assert server.statuses == [200, 304]
    assert same.is_fresh
    assert same.path == first.path
    server.body = zipped(tmp_path / "more", MORE)
    newer = await bench.download_database()
    assert server.statuses == [200, 304, 200]
    assert len(load_database(newer.path).advisories) == 2


async def test_a_server_that_fails_costs_a_warning_if_there_is_a_copy(
    bench_of: Open, server: DatabaseServer
) -> None:
    bench = bench_of()
    first = await bench.find_database()
    aged(bench.resources.cache, server.url)
    server.world.faults.append(Fault(status=403))
    assert (await bench.find_database()).path == first.path
    assert "could not be checked for changes" in bench.warnings[-1]
    server.world.faults[0] = Fault(html=True)
    assert (await bench.find_database()).path == first.path


async def test_without_a_copy_the_error_says_what_to_do(
    bench_of: Open, server: DatabaseServer
) -> None:
    with pytest.raises(OfflineError) as offline:
        await bench_of(offline=True).find_database()
    assert server.url in offline.value.remedy
    assert "--db" in offline.value.remedy
    assert await bench_of(offline=True).database_at_hand() is None
    server.stop()
    with pytest.raises(SourceError) as dead:
        await bench_of().find_database()
    assert "cannot be downloaded" in dead.value.title
    assert "--db" in dead.value.remedy


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(html=True), FormatError),
        (Fault(body=b"[]"), FormatError),
        (Fault(status=404), SourceError),
        (Fault(headers={"content-encoding": "gzip"}), SourceError),
    ],
)
async def test_what_is_not_a_database_is_not_kept(
    bench_of: Open, server: DatabaseServer, fault: Fault, kind: type[ExplorerError]
) -> None:
    server.world.faults.append(fault)
    bench = bench_of()
    with pytest.raises(kind):
        await bench.find_database()
    assert await bench.database_at_hand() is None


async def test_a_connection_that_is_cut_is_tried_again(
    bench_of: Open, server: DatabaseServer
) -> None:
    server.world.faults.append(Fault(cut_after=100, times=1))
    assert (await bench_of().find_database()).is_fresh
    assert len(server.statuses) == 2


@pytest.mark.parametrize("fault", [None, Fault(headers={"content-length": ""})])
async def test_a_body_that_is_too_long_is_refused(
    bench_of: Open, server: DatabaseServer, fault: Fault | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vuln_database, "LIMIT", 100)
    server.world.faults += [fault] if fault else []
    with pytest.raises(IntegrityError):
        await bench_of().find_database()


async def test_a_download_can_be_cancelled(bench_of: Open, server: DatabaseServer) -> None:
    server.world.faults.append(Fault(hang=True))
    bench = bench_of()
    task = asyncio.create_task(bench.find_database())
    await asyncio.to_thread(server.wait_for_a_request)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.world.released.set()
    server.world.faults.clear()
    assert (await bench.find_database()).is_fresh


async def test_a_copy_that_was_pruned_or_damaged_is_fetched_again(
    bench_of: Open, server: DatabaseServer
) -> None:
    bench = bench_of()
    database = await bench.find_database()
    database.path.chmod(0o600)
    database.path.write_bytes(bytes(len(server.body)))
    assert (await bench.find_database()).path.read_bytes() == server.body
    await bench.cache_clear()
    assert await bench.database_at_hand() is None
    assert server.statuses == [200, 200]


def hostile_zip(size: int = 0, method: int = 8, encrypted: bool = False) -> bytes:
    """A zip with one entry whose headers lie."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ID/GO-2026-0001.json", bytes(5 << 20))
    data = bytearray(out.getvalue())
    central = data.index(b"PK\x01\x02")
    if size:
        struct.pack_into("<I", data, central + 24, size)
    struct.pack_into("<H", data, central + 10, method)
    struct.pack_into("<H", data, 8, method)
    struct.pack_into("<H", data, central + 8, 1 if encrypted else 0)
    struct.pack_into("<H", data, 6, 1 if encrypted else 0)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        hostile_zip(),
        hostile_zip(size=100),
        hostile_zip(method=99),
        hostile_zip(encrypted=True),
    ],
    ids=["too large", "larger than it says", "unknown method", "encrypted"],
)
def test_a_hostile_zip_is_an_error(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vulndb.zip"
    path.write_bytes(data)
    with pytest.raises((SourceError, FormatError)):
        load_database(path)


def test_an_index_that_names_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "vulndb.zip"
    path.write_bytes(zipped(tmp_path / "db", ENTRIES))
    assert load_database(path, ["stdlib"]).modified == "2026-08-21T00:00:00Z"
    assert load_database(path, ["b.test/other"]).advisories == ()
    (tmp_path / "db" / "ID" / "GO-2026-0001.json").rename(tmp_path / "db" / "ID" / "GO-3.json")
    with pytest.raises(FormatError, match="is not a vulnerability database"):
        load_database(tmp_path / "db", ["stdlib"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a database, in a folder of its own."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "vulndb.zip").write_bytes(zipped(folder / "db", ENTRIES))
    return folder / "vulndb.zip"


@settings(deadline=None, max_examples=100)
@given(offset=st.integers(0, 1 << 12), junk=st.binary(min_size=1, max_size=8))
def test_a_damaged_zip_is_never_a_crash(whole: Path, offset: int, junk: bytes) -> None:
    data = bytearray(whole.read_bytes())
    offset %= len(data)
    data[offset : offset + len(junk)] = junk
    path = whole.with_name("damaged.zip")
    path.write_bytes(data)
    try:
        check_archive(bytes(data), "it")
        load_database(path, ["stdlib"])
    except (SourceError, FormatError):
        pass
