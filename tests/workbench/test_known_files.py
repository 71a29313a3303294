"""One state per file: what a later look replaces, and which listeners are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from explorer.errors import SourceError
from explorer.workbench import (
    Depth,
    FileState,
    Inspection,
    KnownFiles,
    Subject,
    Workbench,
    file_key,
    subject_key,
)
from tests.workbench.conftest import TAG


async def looks(bench: Workbench) -> tuple[Inspection, Inspection]:
    """A peek at a release's file and an inspection of all of it."""
    subject = await bench.resolve("latest", "linux-amd64")
    return await bench.look(subject), await bench.look(subject, depth=Depth.WHOLE)


async def test_a_late_peek_does_not_replace_the_whole_file(bench: Workbench) -> None:
    peek, whole = await looks(bench)
    known = KnownFiles()
    known.update("a", FileState(peek))
    assert known["a"] == FileState(peek)
    known.update("a", FileState(whole))
    assert known["a"].cached
    known.update("a", FileState(peek))
    assert known["a"].inspection is whole
    known.update("a", FileState(error=SourceError("gone")))
    assert known["a"].inspection is whole, "an error says nothing about the bytes that were read"
    assert known["a"].error is not None
    known.update("a", FileState(whole))
    assert known["a"].error is None


async def test_a_change_of_target_keeps_what_does_not_depend_on_it(bench: Workbench) -> None:
    peek, _ = await looks(bench)
    known = KnownFiles()
    known.update("a", FileState(peek, cached=False))
    known.update("b", FileState(error=SourceError("gone")))
    known.update("c", FileState(unreachable=True))
    known.forget_verdicts()
    assert known["a"] == FileState(cached=False)
    assert known["b"].error is not None
    assert known["c"].unreachable
    known.forget_errors()
    assert known["b"] == known["c"] == FileState()


def test_listeners_are_called_for_changes_only() -> None:
    known = KnownFiles()
    keys: list[str] = []
    unsubscribe = known.subscribe(keys.append)
    known.start("a")
    known.start("a")
    known.set_cached("b", True)
    known.set_cached("b", True)
    known.stop("a")
    unsubscribe()
    known.start("a")
    assert keys == ["a", "b", "a"]
    assert known["never mentioned"] == FileState()
    assert "never mentioned" not in known


async def test_each_file_has_one_key(bench: Workbench) -> None:
    peek, _ = await looks(bench)
    asset = peek.subject.asset
    assert asset is not None
    assert file_key(asset) == subject_key(peek.subject) == f"{TAG}/{asset.name}"
    assert file_key(asset, "rr") == f"{TAG}/{asset.name}#rr"
    hashed = replace(asset, name=f"{asset.name}#rr")
    assert file_key(hashed) != file_key(asset, "rr")
    local = Subject("x", None, None, Path(TAG) / asset.name)
    assert subject_key(local) != file_key(asset)
