"""The cache: what it keeps, what it lets go, and what it survives."""

import hashlib
import itertools
import json
import os
import pickle
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import BinaryIO

import diskcache
import filelock
import pytest

from explorer.errors import IntegrityError, OperationCancelledError, SourceError
from explorer.fetch import Blob, Cache, member_key, open_cache
from explorer.fetch.disk import file_lock
from explorer.fetch.tables import CacheTable
from explorer.progress import Cancellation
from tests.fetch.conftest import noise

MB = 1 << 20
ROOT = Path(__file__).parents[2]


def put(cache: Cache, key: str, data: bytes, name: str = "rr") -> Blob:
    return cache.add(key, name, (data[at : at + 1000] for at in range(0, len(data), 1000)))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_member_is_kept_and_found_by_its_key(cache: Cache) -> None:
    data = noise(50_000)
    key = member_key("ab" * 32, "roadrunner/rr")
    blob = put(cache, key, data)
    assert (blob.sha256, blob.size, blob.path.read_bytes()) == (sha(data), 50_000, data)
    assert cache.find(key) == blob == cache.holds(key)
    assert cache.find("another") is None
    assert cache.holds("another") is None


def test_another_opening_of_the_directory_sees_the_same(cache: Cache) -> None:
    blob = put(cache, "k", b"abc")
    cache.store("page").save("p", b"page")
    other = Cache(cache.directory, 1 << 30)
    assert other.find("k") == blob
    assert other.store("page").load("p") == b"page"
    put(other, "k2", b"def")
    assert cache.find("k2") is not None
    other.close()


def test_only_the_owner_may_look(cache: Cache) -> None:
    put(cache, "k", b"abc")
    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700
    for path in cache.directory.rglob("*"):
        if path.is_dir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert stat.S_IMODE(next(cache.directory.glob("blobs/*/*")).stat().st_mode) == 0o600


def test_what_the_chunks_raise_passes_through_and_nothing_is_kept(cache: Cache) -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise IntegrityError("broken member")

    with pytest.raises(IntegrityError, match="broken member"):
        cache.add("k", "rr", failing())
    with pytest.raises(IntegrityError) as raised:
        cache.add("k", "rr", [b"abc"], expect_sha256="00" * 32)
    assert "00" * 32 in raised.value.detail
    assert sha(b"abc") in raised.value.detail
    cancel = Cancellation()
    cancel.cancel()
    with pytest.raises(OperationCancelledError):
        cache.add("k", "rr", [b"abc"], cancel)
    assert cache.find("k") is None
    assert cache.stats().blobs == 0
    assert list((cache.directory / "tmp").iterdir()) == []
    assert cache.add("k", "rr", [b"abc"], expect_sha256=sha(b"abc").upper()).size == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"\0" + data[1:],
        lambda _: b"",
    ],
)
def test_a_damaged_blob_is_dropped_on_use_and_can_come_again(
    cache: Cache, damage: Callable[[bytes], bytes]
) -> None:
    data = noise(5000)
    blob = put(cache, "k", data)
    blob.path.write_bytes(damage(data))
    assert cache.find("k") is None
    assert not blob.path.exists()
    assert "damaged" in cache.warnings[-1]
    assert put(cache, "k", data) == blob
    assert cache.find("k") == blob


def test_a_removed_blob_is_missing_and_no_error(cache: Cache) -> None:
    put(cache, "k", b"abc").path.unlink()
    assert cache.find("k") is None
    assert cache.entries() == ()


def used_at(blob: Blob, seconds_ago: float) -> None:
    """Set the time of last use."""
    os.utime(blob.path, (time.time() - seconds_ago, blob.path.stat().st_mtime))


def test_the_least_recently_used_go_first_and_use_counts(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 3500)
    blobs = [put(cache, f"k{n}", noise(1000, n)) for n in range(3)]
    for age, blob in zip((300, 200, 100), blobs, strict=True):
        used_at(blob, age)
    assert cache.find("k0") == blobs[0]  # the oldest is used again
    put(cache, "k3", noise(1000, 3))
    assert [cache.find(f"k{n}") is not None for n in range(4)] == [True, False, True, True]
    assert cache.stats().blob_bytes == 3000
    assert {name for entry in cache.entries() for name in entry.names} == {"rr"}
    cache.close()


def test_a_file_that_is_being_looked_at_is_not_taken_for_the_oldest(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process prunes while this one hashes; its list was made before this use."""
    from explorer.fetch import disk

    blob = put(cache, "old", noise(5000))
    put(cache, "new", noise(5000, seed=2))
    os.utime(blob.path, (time.time() - 1000, blob.path.stat().st_mtime))
    hashing = disk.sha256_of

    def while_pruned(file: BinaryIO) -> object:
        Cache(cache.directory, 1 << 20).prune(6000)
        return hashing(file)

    monkeypatch.setattr("explorer.fetch.cache.sha256_of", while_pruned)
    found = cache.find("old")
    assert found is not None
    assert found.path.exists()


def test_what_is_held_or_was_just_added_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 1500)
    first = put(cache, "k0", noise(1000, 0))
    with cache.hold(first.sha256):
        put(cache, "k1", noise(1000, 1))
        assert first.path.exists()
    big = put(
        cache, "big", noise(9000)
    )  # larger than the bound: what was asked for is there all the same
    assert cache.find("big") == big
    assert cache.stats().blobs == 1
    assert cache.prune() == 9000
    cache.close()


def test_prune_and_clear_tell_what_they_freed(cache: Cache) -> None:
    for n in range(4):
        used_at(put(cache, f"k{n}", noise(1000, n), name=f"rr{n}"), 100 - n)
    assert [entry.names for entry in cache.entries()] == [("rr3",), ("rr2",), ("rr1",), ("rr0",)]
    assert cache.prune(2500) == 2000
    assert cache.prune(2500) == 0
    assert [entry.names for entry in cache.entries()] == [("rr3",), ("rr2",)]
    cache.store("peek").save("p", b"1")
    cache.store("proof").save("p", b"2")
    cache.store("page").save("p", b"3")
    stats = cache.stats()
    assert (stats.blobs, stats.blob_bytes, stats.pages, stats.records, stats.limit_bytes) == (
        2,
        2000,
        1,
        2,
        1 << 30,
    )
    assert cache.clear() == 2000
    stats = cache.stats()
    assert (stats.blobs, stats.blob_bytes, stats.pages, stats.records) == (0, 0, 0, 0)


def test_cut_downloads_count_and_go_but_not_those_that_run(cache: Cache) -> None:
    for name, age in (("aa", 500), ("bb", 300)):
        (cache.partials / f"{name}.part").write_bytes(noise(1000))
        (cache.partials / f"{name}.json").write_text("{}")
        os.utime(cache.partials / f"{name}.part", (time.time() - age,) * 2)
    running = filelock.FileLock(cache.partials / "aa.lock")
    running.acquire(blocking=False)
    assert (cache.stats().partials, cache.stats().partial_bytes) == (2, 2000)
    assert cache.prune(100) == 1000
    assert sorted(path.name for path in cache.partials.iterdir()) == [
        "aa.json",
        "aa.lock",
        "aa.part",
    ]
    running.release()
    assert cache.clear() == 1000
    assert list(cache.partials.iterdir()) == []


def test_leftovers_of_the_dead_are_removed_by_age(cache: Cache) -> None:
    old, new = cache.directory / "tmp/1-old", cache.directory / "tmp/1-new"
    old_part, new_part = cache.partials / "old.part", cache.partials / "new.part"
    notes = [
        cache.partials / name
        for name in ("gone.json", "old.12ab.json", "new.json", "new.34cd.json")
    ]
    for path in (old, new, old_part, new_part, *notes):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * 3600,) * 2)
    for path in (old_part, *notes[:3]):
        os.utime(path, (time.time() - 8 * 86400,) * 2)
    Cache(cache.directory, 1 << 30).close()
    assert [path.exists() for path in (old, new, old_part, new_part)] == [False, True, False, True]
    assert [path.exists() for path in notes] == [False, False, True, True]
    assert len(list(cache.partials.iterdir())) == 3


def test_a_lock_whose_file_was_removed_is_taken_by_one_again(tmp_path: Path) -> None:
    """A pruner removes the file while it has the lock; a waiter must not lock the nameless one."""
    path = tmp_path / "x.lock"
    warnings: list[str] = []
    first, second, third = (file_lock(path, warnings.append) for _ in range(3))
    first.acquire(blocking=False)
    with pytest.raises(TimeoutError):
        second.acquire(blocking=False)
    waiter = threading.Thread(target=second.acquire, kwargs={"timeout": 10})
    waiter.start()
    path.unlink()
    first.release()
    waiter.join()
    assert path.exists()
    with pytest.raises(TimeoutError):
        third.acquire(blocking=False)
    second.release()
    assert warnings == []


def test_clear_takes_what_was_put_aside_as_well(cache: Cache) -> None:
    cache.store("peek").save("a", b"1")
    cache.close()
    (cache.directory / "peek/cache.db").write_bytes(b"damage" * 1000)
    assert cache.store("peek").load("a") is None
    assert list((cache.directory / "peek").glob("damaged*"))
    cache.clear()
    assert not list(cache.directory.rglob("damaged*"))


# Small records


def test_stores_keep_bytes_by_kind(cache: Cache) -> None:
    page, peek = cache.store("page"), cache.store("peek")
    assert (page.load("k"), page.keys()) == (None, ())
    page.delete("k")
    assert not (cache.directory / "page").exists(), "asking makes no database"
    values = {"k": b"one", "ключ": b"\0\xff" * 100_000, "": b""}
    for key, value in values.items():
        page.save(key, value)
    assert {key: page.load(key) for key in page.keys()} == values  # noqa: SIM118 - no mapping
    assert peek.load("k") is None
    page.save("k", b"two")
    assert page.load("k") == b"two"
    page.delete("k")
    assert page.load("k") is None


@pytest.mark.parametrize("key", ["\ud800", "a\0b", "", "x" * 2_000_000, "\x1b[2J"])
def test_any_text_is_a_key_and_harms_no_other(cache: Cache, key: str) -> None:
    """Names from a server may be in it: half of a surrogate pair is valid JSON."""
    put(cache, "other", b"abc")
    assert cache.find(key) is None
    put(cache, key, b"def")
    found = cache.find(key)
    assert found is not None
    assert found.path.read_bytes() == b"def"
    assert cache.find("other") is not None
    store = cache.store("peek")
    store.save(key, b"1")
    assert store.load(key) == b"1"
    assert len(store.keys()) == 1
    store.delete(key)
    assert store.load(key) is None
    assert cache.warnings == ()


def test_a_store_is_bounded_oldest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.fetch import cache as module

    monkeypatch.setitem(module.STORE_LIMITS, "page", 1 * MB)
    cache = Cache(tmp_path / "c", 1 << 30)
    store = cache.store("page")
    for n in range(40):
        store.save(f"k{n}", noise(100_000, n))
    assert store.load("k39") == noise(100_000, 39)
    assert store.load("k0") is None
    assert sum(path.stat().st_size for path in (tmp_path / "c/page").glob("cache.db")) < 2 * MB
    assert len([path for path in (tmp_path / "c/page").iterdir() if path.suffix == ".val"]) == 0
    cache.close()


class Trap:
    """A pickle of this makes a directory when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("kind", ["index", "page", "peek"])
def test_a_planted_pickle_is_never_loaded(cache: Cache, tmp_path: Path, kind: str) -> None:
    """CVE-2025-69872: diskcache itself would unpickle each of these rows."""
    trap = tmp_path / "loaded"
    hostile = pickle.dumps(Trap(trap))
    table = CacheTable(cache.directory / kind, 1 << 20, cache.warn)
    for key in ("good", "value", "file", "name"):
        table.save(key, b"good")
    table.close()
    outside = tmp_path / "precious.val"
    for path in (outside, cache.directory / kind / "precious.val"):
        path.write_bytes(hostile)
    with sqlite3.connect(cache.directory / kind / "cache.db") as db:
        db.execute("UPDATE Cache SET mode = 4, value = ? WHERE key = 'value'", (hostile,))
        for key, name in (("file", "../../precious.val"), ("name", "precious.val")):
            values = (name, key)
            db.execute(
                "UPDATE Cache SET mode = 4, value = NULL, filename = ? WHERE key = ?", values
            )
        db.execute(
            "INSERT INTO Cache (key, raw, store_time, mode, value) VALUES (?, 0, 1, 0, 'x')",
            (hostile,),
        )
        db.execute("UPDATE Settings SET value = ? WHERE key = 'disk_pickle_protocol'", (5,))
    db.close()
    plain = diskcache.Cache(str(cache.directory / kind))
    plain.get("value")
    assert trap.exists(), "the trap works: diskcache itself falls into it"
    plain.close()
    trap.rmdir()
    for key in ("value", "file", "name"):
        assert table.load(key) is None
        assert cache.find(key) is None
    assert "good" in table.keys()  # noqa: SIM118 - not a mapping
    assert table.load("good") == b"good"
    assert cache.entries() == ()
    table.save("value", b"new")
    assert table.load("value") == b"new"
    assert table.count() == 3
    table.close()
    assert outside.exists(), "a row naming a file elsewhere must not remove it"
    cache.clear()
    assert outside.exists()
    assert not trap.exists()


def test_proofs_are_read_as_bytes_and_never_unpickled(cache: Cache, tmp_path: Path) -> None:
    trap = tmp_path / "loaded"
    hostile = pickle.dumps(Trap(trap))
    store = cache.store("proof")
    store.save("bytes", hostile)
    store.save("text", b"x")
    cache.close()
    with sqlite3.connect(cache.directory / "proof/records.db") as db:
        db.execute("UPDATE record SET value = 'text' WHERE key = 'text'")
    db.close()
    assert store.load("bytes") == hostile
    assert store.load("text") is None
    assert not trap.exists()


@pytest.mark.parametrize("sha256", ["../../../etc/passwd", "a" * 63, 7, None, "A" * 64])
def test_an_index_that_names_other_files_is_not_believed(cache: Cache, sha256: object) -> None:
    row = {"sha256": sha256, "size": 3, "name": "rr"}
    cache._index.save("k", json.dumps(row).encode())
    assert cache.find("k") is None
    assert cache.entries() == ()


GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda _: b"this is no database" * 1000,
    "cut": lambda data: data[: len(data) // 3],
    "holes": lambda data: data[:100] + b"\xa5" * (len(data) - 200) + data[-100:],
    "header": lambda data: b"SQLite format 3\0" + b"\xff" * 84 + data[100:],
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_damaged_database_is_put_aside_and_replaced(cache: Cache, kind: str) -> None:
    for n in range(50):
        cache.store("page").save(f"k{n}", noise(3000, n))
        put(cache, f"b{n}", noise(100, n))
    cache.close()
    for name in ("page", "index"):
        path = cache.directory / name / "cache.db"
        path.write_bytes(GARBAGE[kind](path.read_bytes()))
    again = Cache(cache.directory, 1 << 30)
    store = again.store("page")
    store.load("k1")
    store.keys()
    store.save("new", b"new")
    again.find("b1")
    put(again, "new", b"new")
    assert store.load("new") == b"new"
    assert again.find("new") is not None
    assert any("put aside" in warning for warning in again.warnings)
    assert (cache.directory / "page/damaged.db").exists()
    again.stats()
    again.entries()
    again.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE Cache",
        "DROP TABLE Settings",
        "INSERT OR REPLACE INTO Settings VALUES ('_disk', 'x')",
        "INSERT OR REPLACE INTO Settings VALUES ('get', 'x')",
        "INSERT OR REPLACE INTO Settings VALUES ('disk_nonsense', 'x')",
        "INSERT OR REPLACE INTO Settings VALUES ('sqlite_nonsense; drop', 'x')",
        "UPDATE Settings SET value = 'x'",
        "UPDATE Cache SET value = 7.5, mode = 0",
        "UPDATE Cache SET mode = 'x'",
        "UPDATE Cache SET expire_time = 'x'",
    ],
)
def test_a_database_that_another_program_wrote_never_crashes(cache: Cache, statement: str) -> None:
    store = cache.store("page")
    store.save("k", b"abc")
    cache.close()
    with sqlite3.connect(cache.directory / "page/cache.db") as db:
        db.execute(statement)
    db.close()
    assert store.load("k") in (None, b"abc")
    store.keys()
    store.save("new", b"new")
    assert store.load("new") == b"new"


# A directory that cannot be used


def test_an_unusable_directory_is_reported_and_a_temporary_one_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cannot be written") as raised:
        Cache(tmp_path / "file/cache", 100)
    assert str(tmp_path / "file/cache") in raised.value.detail
    assert "--cache-dir" in raised.value.remedy
    cache = open_cache(tmp_path / "file/cache", 1 << 20)
    assert "Using a temporary cache" in cache.warnings[0]
    assert cache.temporary
    put(cache, "k", b"abc")
    assert cache.find("k") is not None
    cache.close()
    assert not cache.directory.exists()


def test_no_usable_directory_at_all_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(SourceError) as raised:
        open_cache(tmp_path / "file/cache", 1 << 20)
    assert str(tmp_path / "none") in raised.value.detail
    assert raised.value.remedy


def test_a_directory_without_permission_is_an_error(tmp_path: Path) -> None:
    directory = tmp_path / "c"
    cache = Cache(directory, 1 << 20)
    script = f"""
        import os, sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from pathlib import Path
        from explorer.errors import SourceError
        from explorer.fetch import Cache, open_cache
        import explorer.fetch.cache, explorer.fetch.records
        if os.getuid() == 0:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
        for place in ({str(directory)!r}, {str(tmp_path / "new")!r}):
            try:
                Cache(Path(place), 1)
            except SourceError as error:
                print(error.title)
    """
    tmp_path.chmod(0o555)
    directory.chmod(0o500)
    try:
        out = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    finally:
        tmp_path.chmod(0o755)
        directory.chmod(0o700)
        cache.close()
    assert out.stdout.splitlines() == ["The directory cannot be written"] * 2, out.stderr


def test_a_full_disk_while_adding_is_an_error(cache: Cache) -> None:
    script = f"""
        import resource, signal, sys
        from pathlib import Path
        from explorer.errors import SourceError
        from explorer.fetch import Cache
        cache = Cache(Path({str(cache.directory)!r}), 1 << 30)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        def add():
            cache.add("k", "rr", [b"x" * 100_000] * 3)

        def save():
            cache.store("page").save("k", b"x" * 900_000)

        for use in (add, save):
            try:
                use()
            except SourceError as error:
                print(error)
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, second = out.stdout.splitlines()
    assert "No room left" in first
    assert "The cache cannot be used" in second
    assert cache.find("k") is None
    assert cache.stats().blobs == 0
    assert list((cache.directory / "tmp").iterdir()) == []


# Several processes, and kill -9

WRITER = """
    import hashlib, itertools, sys
    from pathlib import Path
    from explorer.fetch import Cache
    cache = Cache(Path(sys.argv[1]), 2_000_000)
    print("ready", flush=True)
    for n in itertools.count(int(sys.argv[2])):
        data = hashlib.shake_128(str(n).encode()).digest(1000 + n * 7919 % 90_000)
        chunks = (data[at:at + 5000] for at in range(0, len(data), 5000))
        cache.add(f"key {n % 50}", f"rr{n}", chunks)
        cache.store("page").save(f"key {n % 20}", hashlib.sha256(data).digest() + data)
        cache.find(f"key {n * 13 % 50}")
        if len(sys.argv) > 3 and n > int(sys.argv[3]):
            break
"""


def started(cache: Cache, *words: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(cache.directory), *words],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


def sound(cache: Cache) -> None:
    """Every blob is what its name says, every key leads to one or nowhere, every page is whole."""
    for path in cache.directory.glob("blobs/*/*"):
        assert sha(path.read_bytes()) == path.name
    for n in range(50):
        blob = cache.find(f"key {n}")
        assert blob is None or sha(blob.path.read_bytes()) == blob.sha256
    for n in range(20):
        page = cache.store("page").load(f"key {n}")
        assert page is None or hashlib.sha256(page[32:]).digest() == page[:32]
    assert cache.warnings == ()


def test_kill_at_any_moment_leaves_the_old_state_or_the_new(cache: Cache) -> None:
    chance = random.Random(7)
    kept = 0
    for round_ in range(6):
        child = started(cache, str(round_ * 1000))
        time.sleep(
            chance.uniform(0.02, 0.25)
        )  # the moment of the kill is what is tried, so it has to be any
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()  # type: ignore[union-attr]
        fresh = Cache(cache.directory, 2_000_000)
        sound(fresh)
        kept = max(kept, fresh.stats().blobs)
        assert fresh.prune() >= 0
        assert fresh.stats().blob_bytes <= 2_000_000
        fresh.close()
    assert kept > 5, "the writers have to have written, or nothing was tried"


def test_several_processes_share_it(cache: Cache) -> None:
    children = [started(cache, str(start), str(start + 40)) for start in (0, 0, 100)]
    for child in children:
        assert child.wait(60) == 0
        child.stdout.close()  # type: ignore[union-attr]
    sound(cache)
    assert 0 < cache.stats().blob_bytes <= 2_000_000 + 91_000


def test_the_front_door_is_light() -> None:
    script = """
        import sys
        import explorer.fetch
        from explorer.fetch import asset_key, member_key
        heavy = {"httpx", "diskcache", "elftools", "textual", "sqlite3", "asyncio", "pickle"}
        heavy |= {"filelock", "truststore", "tomlkit", "ssl"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        from pathlib import Path
        import tempfile
        explorer.fetch.Cache
        assert "httpx" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)


def test_keys_change_with_the_thing() -> None:
    keys = [member_key(a, b) for a, b in itertools.product(("aa", "bb"), ("rr", "rr.asc"))]
    assert len(set(keys)) == 4


def test_the_statement_on_the_pickles_is_openvex() -> None:
    """The fields that OpenVEX 0.2.0 requires, and the versions that are installed."""
    document = json.loads((ROOT / "docs/openvex.json").read_bytes())
    assert document["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert document["@id"].startswith("urn:uuid:")
    assert document["author"]
    assert isinstance(document["version"], int)
    assert datetime.fromisoformat(document["timestamp"]).tzinfo is not None
    (statement,) = document["statements"]
    assert statement["vulnerability"]["name"] == "CVE-2025-69872"
    assert statement["status"] == "not_affected"
    assert statement["justification"] == "vulnerable_code_not_in_execute_path"
    (product,) = statement["products"]
    assert product["@id"] == "pkg:pypi/rr-explorer"
    installed = f"pkg:pypi/diskcache@{metadata.version('diskcache')}"
    assert [part["@id"] for part in product["subcomponents"]] == [installed]
    for path in ("explorer/fetch/tables.py", "tests/fetch/test_cache.py"):
        assert path in statement["impact_statement"]
        assert (ROOT / path).is_file()


def open_files(folder: Path) -> int:
    """Descriptors of this process that are files below the folder."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(link.readlink().is_relative_to(folder) for link in links)


def test_threads_that_have_ended_leave_no_file_open(cache: Cache) -> None:
    """Each thread's connection stayed open until a garbage collection: 1,024 files are soon
    reached."""
    table = CacheTable(cache.directory / "page", 1 << 20, cache.warn)
    table.save("key", b"value")
    table.load("key")
    alone = open_files(cache.directory)
    for _ in range(20):
        thread = threading.Thread(target=table.load, args=("key",))
        thread.start()
        thread.join()
    assert open_files(cache.directory) == alone
    table.close()
    assert open_files(cache.directory) == 0
    assert table.load("key") == b"value", "it opens again when it is used again"
    table.close()
