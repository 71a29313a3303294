"""The kept first screen is used only where a start would make the same."""

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.fetch import FIRST_SCREEN, Cache, ReadNotes, reads_the_same
from explorer.settings import Settings
from explorer.workbench import FirstScreenFile, first_screen

SCREEN = {"any": ["thing"]}
KINDS = ("page", "peek", "proof")


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """Settings with a cache that holds some values, of which a screen was made."""
    own = Settings(cache_dir=tmp_path / "cache", config_file=tmp_path / "config.toml")
    cache = Cache(own.cache_dir, 1 << 30)
    for kind in KINDS:
        cache.store(kind).save("there", b"1")
        cache.store(kind).save("other", b"1")
    cache.add("asset", "asset", [b"bytes"])
    with cache.noting() as notes:
        for kind in KINDS:
            cache.store(kind).load("there")
            cache.store(kind).load("missing")
        cache.holds("asset")
        cache.holds("missing asset")
    cache.close()
    keep(own, notes)
    return own


def keep(own: Settings, notes: ReadNotes) -> None:
    """Keep the screen, as a session that ends."""
    file = FirstScreenFile(own)
    file.load()
    file.save(SCREEN, notes)


def kept(own: Settings) -> object:
    """What the next start may draw."""
    return FirstScreenFile(own).load()


def test_it_is_used_while_nothing_has_changed(chosen: Settings) -> None:
    assert kept(chosen) == SCREEN
    assert kept(replace(chosen)) == SCREEN
    assert (chosen.cache_dir / FIRST_SCREEN).stat().st_mode & 0o777 == 0o600


def test_what_it_was_not_made_of_may_change(chosen: Settings) -> None:
    cache = Cache(chosen.cache_dir, 1 << 30)
    for kind in KINDS:
        cache.store(kind).save("other", b"2")
    assert kept(chosen) == SCREEN  # while the databases are open, with logs beside them
    cache.close()
    assert kept(chosen) == SCREEN


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.save("there", b"2"),
        lambda store: store.delete("there"),
        lambda store: store.save("missing", b""),
    ],
    ids=["changed", "deleted", "new"],
)
def test_it_is_not_used_once_a_value_has_changed(
    chosen: Settings, kind: str, change: Callable[[object], None], closed: bool
) -> None:
    cache = Cache(chosen.cache_dir, 1 << 30)
    change(cache.store(kind))
    if closed:
        cache.close()
    assert kept(chosen) is None
    cache.close()


def test_it_is_not_used_once_the_index_of_files_has_changed(chosen: Settings) -> None:
    cache = Cache(chosen.cache_dir, 1 << 30)
    cache.add("missing asset", "asset", [b"bytes"])
    cache.close()
    assert kept(chosen) is None


@pytest.mark.parametrize(
    "change",
    [
        {"target": "debian-13"},
        {"prereleases": False},
        {"repo": "acme/tool"},
        {"api_url": "https://ghe.example/api/v3"},
        {"offline": True},
        {"demo": True},
        {"folder": Path("/tmp")},
        {"projects": {"acme/tool": {"title": "Tool"}}},
        {"problems": ("a wrong key",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_it_is_not_used_with_other_settings(chosen: Settings, change: dict[str, object]) -> None:
    assert kept(replace(chosen, **change)) is None  # type: ignore[arg-type]


def test_it_is_not_used_by_another_version(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_screen, "__version__", "99")
    assert kept(chosen) is None


def test_it_is_not_used_on_another_day(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda _: "2030-01-01 +0000")
    assert kept(chosen) is None


def test_it_is_not_used_once_a_rule_has_changed(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    (package / "rules").mkdir(parents=True)
    rule = package / "rules" / "one.py"
    rule.write_text("YES")
    monkeypatch.setattr(first_screen, "_PACKAGE", package)
    assert kept(chosen) is None
    keep(chosen, ReadNotes())
    assert kept(chosen) == SCREEN
    before = rule.stat()
    rule.write_text("NO!")
    os.utime(rule, ns=(before.st_atime_ns, before.st_mtime_ns))  # as an unpacked archive sets it
    assert kept(chosen) is None


def test_a_session_keeps_nothing_once_the_code_has_changed(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs the old code, and a start would run the new."""
    session = FirstScreenFile(chosen)
    session.load()
    monkeypatch.setattr(first_screen, "__version__", "99")
    session.save({"old": "verdict"}, ReadNotes())
    assert kept(chosen) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"basis": 1}', b"\xff" * 100, b"[" * 100_000],
    ids=["empty", "cut", "list", "null", "basis", "bytes", "deep"],
)
def test_a_damaged_file_is_not_used(chosen: Settings, content: bytes) -> None:
    (chosen.cache_dir / FIRST_SCREEN).write_bytes(content)
    assert kept(chosen) is None


def test_damaged_notes_are_not_used(chosen: Settings) -> None:
    file = chosen.cache_dir / FIRST_SCREEN
    whole = json.loads(file.read_bytes())
    wrong: tuple[object, ...] = (
        None,
        [],
        {"page": None},
        {"page": {"there": 1}},
        {"../x": {"a": ""}},
    )
    for notes in wrong:
        file.write_text(json.dumps({**whole, "read": notes}))
        assert kept(chosen) is None


def test_a_damaged_database_is_as_good_as_a_changed_one(chosen: Settings) -> None:
    database = chosen.cache_dir / "peek" / "cache.db"
    database.write_bytes(b"no database" * 1000)
    assert kept(chosen) is None
    database.unlink()
    assert kept(chosen) is None


def test_reading_neither_waits_nor_writes(chosen: Settings) -> None:
    path = chosen.cache_dir / "peek" / "cache.db"
    before = path.stat().st_mtime_ns
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert kept(chosen) == SCREEN
    writer.execute("ROLLBACK")
    writer.close()
    assert path.stat().st_mtime_ns == before


def test_a_value_that_changes_while_it_is_read_is_never_the_same(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 30)
    store = cache.store("peek")
    store.save("key", b"1")
    with cache.noting() as notes:
        store.load("key")
        store.save("key", b"2")
        store.load("key")
    assert not reads_the_same(tmp_path, notes.digests)
    store.save("key", b"1")
    assert not reads_the_same(tmp_path, notes.digests)
    cache.close()


def test_clearing_the_cache_removes_it(chosen: Settings) -> None:
    cache = Cache(chosen.cache_dir, 1 << 30)
    cache.clear()
    cache.close()
    assert not (chosen.cache_dir / FIRST_SCREEN).exists()


def test_a_full_disk_costs_no_more_than_the_first_frame(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    session = FirstScreenFile(chosen)
    session.load()
    monkeypatch.setattr("os.open", full)
    session.save({"other": 1}, ReadNotes())
    monkeypatch.undo()
    assert kept(chosen) == SCREEN
    assert [path.name for path in chosen.cache_dir.glob(f"{FIRST_SCREEN}*")] == [FIRST_SCREEN]
