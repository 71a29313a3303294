"""Files of the cache and of ``get``: modes, wrong kinds, full disks, kills, other processes."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from explorer.fetch import Cache, open_cache, write_new
from tests.fetch.conftest import WRONG_KINDS, noise
from tests.fetch.test_cache import put

DATABASES = ("index/cache.db", "page/cache.db", "peek/cache.db", "proof/records.db")


@pytest.fixture
def umask() -> Iterator[Callable[[int], object]]:
    previous = os.umask(0o022)
    yield os.umask
    os.umask(previous)


def fill(cache: Cache) -> None:
    """One value in each database, and one blob."""
    for kind in ("page", "peek", "proof"):
        cache.store(kind).save("k", b"value")
    put(cache, "k", noise(1000), name="a file")


def started(script: str, *words: str) -> "subprocess.Popen[str]":
    """A child that runs until it prints its first line, or longer."""
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def ended(child: "subprocess.Popen[str]") -> None:
    child.kill()
    child.communicate()


# Modes


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_databases_are_for_their_owner_whatever_the_umask(
    tmp_path: Path, umask: Callable[[int], object], mask: int
) -> None:
    umask(mask)
    cache = Cache(tmp_path / "c", 1 << 20)
    fill(cache)
    files = [path for path in cache.directory.rglob("*") if path.is_file()]
    assert {path.relative_to(cache.directory).as_posix() for path in files} >= set(DATABASES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    cache.close()
    for name in DATABASES:
        (cache.directory / name).chmod(0o644)
    fill(cache)
    assert {stat.S_IMODE((cache.directory / name).stat().st_mode) for name in DATABASES} == {0o600}
    cache.close()


@pytest.mark.parametrize("unnamed", [True, False])
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_honours_the_umask_and_replaces_nothing(
    tmp_path: Path,
    umask: Callable[[int], object],
    monkeypatch: pytest.MonkeyPatch,
    mask: int,
    unnamed: bool,
) -> None:
    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    umask(mask)
    plain, program = tmp_path / "plain", tmp_path / "program"
    write_new(plain, [b"one", b"two"])
    write_new(program, [b"x"], executable=True)
    assert plain.read_bytes() == b"onetwo"
    assert stat.S_IMODE(plain.stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE(program.stat().st_mode) == 0o777 & ~mask
    with pytest.raises(FileExistsError):
        write_new(plain, [b"other"])

    def failing() -> Iterator[bytes]:
        yield b"some"
        raise InterruptedError(errno.EINTR, "stopped")

    with pytest.raises(InterruptedError):
        write_new(tmp_path / "never", failing())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "program"]
    assert plain.read_bytes() == b"onetwo"
    with pytest.raises(FileNotFoundError):
        write_new(tmp_path / "missing/file", [b"x"])


WRITER = """
    import os, sys
    from pathlib import Path
    from explorer.fetch import write_new

    if sys.argv[2] == "beside":
        del os.O_TMPFILE

    def chunks():
        yield b"some"
        print("ready", flush=True)
        sys.stdin.read()

    write_new(Path(sys.argv[1]) / "file", chunks())
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="Linux has files without a name")
def test_a_writer_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    ended(started(WRITER, str(tmp_path), "unnamed"))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_beside_is_removed_an_hour_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(started(WRITER, str(tmp_path), "beside"))
    (left,) = tmp_path.iterdir()
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_new(tmp_path / "young", [b"x"])
    assert left.exists()
    os.utime(left, (1, 1))
    write_new(tmp_path / "old", [b"x"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "young"]


# Wrong kinds of file


@pytest.mark.parametrize("kind", WRONG_KINDS)
@pytest.mark.parametrize("place", [*DATABASES, "page/cache.db-wal", "prune.lock", "blob"])
def test_a_wrong_kind_of_file_is_put_aside_with_a_warning(
    tmp_path: Path, kind: str, place: str
) -> None:
    cache = Cache(tmp_path / "c", 1 << 20)
    fill(cache)
    blob = cache.find("k")
    assert blob is not None
    cache.close()
    path = blob.path if place == "blob" else cache.directory / place
    path.unlink(missing_ok=True)
    WRONG_KINDS[kind](path)
    again = open_cache(cache.directory, 1 << 20)
    again.find("k")
    fill(again)
    assert again.store("proof").load("k") == again.store("page").load("k") == b"value"
    assert again.find("k") is not None
    assert again.prune(0) == 0, "this program needs it still"
    again.close()
    assert not again.temporary
    assert any("put aside" in warning and str(path) in warning for warning in again.warnings)
    assert not (cache.directory.parent / "nowhere").exists()
    again.clear()
    assert not list(cache.directory.rglob("*.aside-*"))
    again.close()


@pytest.mark.parametrize(
    "place", ["blobs", "tmp", "partials", "leases", "index", "page", "proof", "blobs/??"]
)
@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_a_file_where_a_folder_belongs_is_put_aside_with_a_warning(
    tmp_path: Path, kind: str, place: str
) -> None:
    cache = Cache(tmp_path / "c", 1 << 20, lease_s=60)
    fill(cache)
    cache.close()
    (folder,) = cache.directory.glob(place)
    folder.rename(tmp_path / "away")
    if kind == "file":
        folder.write_bytes(b"x")
    else:
        folder.symlink_to("nowhere")
    again = open_cache(cache.directory, 1 << 20)
    fill(again)
    assert again.find("k") is not None
    assert not again.temporary
    assert any("put aside" in warning for warning in again.warnings)
    again.close()


# A full disk

FULL = """
    import resource, runpy, signal, sys
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file can grow any more
    runpy.run_module("explorer", run_name="__main__")
"""


def test_the_cache_command_works_on_a_full_disk(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 1 << 20)
    for n in range(3):
        put(cache, f"k{n}", noise(10_000, n), name=f"file {n}")
    fill(cache)
    cache.close()

    def run(*words: str) -> str:
        words = ("--config", str(config), "--cache-dir", str(cache.directory), "cache", *words)
        call = [sys.executable, "-c", textwrap.dedent(FULL), *words]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    config = tmp_path / "config.toml"
    config.touch()
    shown = run()
    assert str(cache.directory) in shown
    for name in ("file 0", "file 1", "file 2", "a file"):
        assert name in shown
    assert "20.0 kB freed" in run("prune", "--limit", "11000")
    assert "freed" in run("clear")
    after = Cache(cache.directory, 1 << 20)
    stats = after.stats()
    assert (stats.blobs, stats.pages, stats.records) == (0, 0, 0)
    after.close()


# Other processes

HOLDER = """
    import sys
    from pathlib import Path
    from explorer.fetch import open_cache
    cache = open_cache(Path(sys.argv[1]), 1 << 30)
    for key in sys.argv[2:]:
        assert cache.find(key) is not None
    print("ready", flush=True)
    sys.stdin.read()
    cache.close()
"""


def test_what_a_running_process_needs_is_not_pruned(cache: Cache) -> None:
    for key in ("k0", "k1", "k2"):
        put(cache, key, noise(1000, ord(key[1])))
    first, second = (
        started(HOLDER, str(cache.directory), "k0"),
        started(HOLDER, str(cache.directory), "k0", "k1"),
    )
    assert cache.prune(0) == 1000
    assert [cache.find(key) is not None for key in ("k0", "k1", "k2")] == [True, True, False]
    second.send_signal(signal.SIGKILL)
    second.communicate()
    assert cache.clear() == 1000
    assert first.communicate()[0] == ""
    assert first.returncode == 0
    assert cache.clear() == 1000
    assert cache.stats().blobs == 0


def test_a_lease_ends_with_its_time_and_with_its_cache(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 1500, lease_s=60)
    first = put(cache, "k0", noise(1000, 0))
    put(cache, "k1", noise(1000, 1))
    assert first.path.exists(), "it may be in use"
    cache.close()
    assert not first.path.exists(), "the limit holds again"
    assert list((cache.directory / "leases").iterdir()) == []
    short = Cache(cache.directory, 1500, lease_s=0.001)
    second = put(short, "k2", noise(1000, 2))
    put(short, "k3", noise(1000, 3))
    assert not second.path.exists()
    short.close()


def test_a_damaged_list_of_leases_holds_nothing(cache: Cache) -> None:
    blob = put(cache, "k", noise(1000))
    child = started(HOLDER, str(cache.directory))
    put(cache, "k2", noise(1000, 2))
    assert not list(cache.directory.glob("leases/*")), "a process that needs nothing has no files"
    ended(child)
    child = started(HOLDER, str(cache.directory), "k")
    (held,) = cache.directory.glob("leases/*.held")
    held.write_bytes(b"\xff\0nonsense\n" + blob.sha256.encode() + b" soon\n" + b"x" * 5000)
    assert cache.prune(0) == 2000
    ended(child)


@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_a_list_of_leases_of_the_wrong_kind_is_put_aside(cache: Cache, kind: str) -> None:
    put(cache, "k", noise(1000))
    child = started(HOLDER, str(cache.directory), "k")
    (held,) = cache.directory.glob("leases/*.held")
    held.unlink()
    WRONG_KINDS[kind](held)
    assert cache.prune(0) == 1000
    assert any("put aside" in warning for warning in cache.warnings)
    ended(child)


PRUNER = """
    import sys
    from pathlib import Path
    from explorer.fetch import Cache
    cache = Cache(Path(sys.argv[1]), 1 << 30)
    print("ready", flush=True)
    while True:
        cache.prune(0)
"""


def test_a_file_that_was_found_can_be_opened_while_others_prune(tmp_path: Path) -> None:
    """Found or fetched again, but never lost between the two."""
    cache = Cache(tmp_path / "c", 1 << 30, lease_s=60)
    child = started(PRUNER, str(cache.directory))
    fetched = 0
    for n in range(150):
        key = f"k{n % 10}"
        blob = cache.find(key)
        if blob is None:
            fetched += 1
            blob = put(cache, key, noise(5000, n % 10))
        assert blob.path.read_bytes() == noise(5000, n % 10)
        if n % 30 == 29:
            cache.close()  # gives the leases back: the other process removes what it can
    assert child.poll() is None
    ended(child)
    assert fetched >= 10
    cache.close()
