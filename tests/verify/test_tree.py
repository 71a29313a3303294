"""What a container gets, byte by byte: in a tar file, and in a folder."""

import hashlib
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import OperationCancelledError, SourceError, UsageError
from explorer.progress import Cancellation
from explorer.verify import TreeItem, file_item
from explorer.verify.tree import inner_path, pack, spread


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "tool"
    path.write_bytes(b"\x7fELF" + bytes(3000))
    return path


def packed(
    program: Path, *items: TreeItem, name: str = "bin/tool"
) -> tuple[dict[str, tarfile.TarInfo], str]:
    tree = pack(name, program, items, Cancellation())
    with tree.file:
        tree.file.seek(0)
        with tarfile.open(fileobj=tree.file, mode="r:") as archive:
            return {member.name: member for member in archive}, tree.sha256


def data(content: bytes) -> Iterable[bytes]:
    return iter((content,))


def test_the_tree_is_kept_with_its_links_and_empty_folders(program: Path) -> None:
    text = b"plugin"
    members, digest = packed(
        program,
        TreeItem("lib64/p.so", lambda: iter((text,)), len(text)),
        TreeItem("lib", link="lib64"),
        TreeItem("empty/folder"),
    )
    assert digest == hashlib.sha256(program.read_bytes()).hexdigest()
    assert list(members) == [
        "bin",
        "bin/tool",
        "lib64",
        "lib64/p.so",
        "lib",
        "empty",
        "empty/folder",
    ]
    assert members["lib"].issym()
    assert members["lib"].linkname == "lib64"
    assert members["empty/folder"].isdir()
    assert members["bin/tool"].mode == 0o755
    assert {member.uid for member in members.values()} == {0}


def test_nothing_is_put_below_a_link_or_a_file_or_written_twice(program: Path) -> None:
    members, _ = packed(
        program,
        TreeItem("lib", link="bin"),
        TreeItem("lib/tool", lambda: iter((b"evil",)), 4),
        TreeItem("bin/tool", lambda: iter((b"evil",)), 4),
        TreeItem("bin/tool/x", lambda: iter((b"evil",)), 4),
    )
    assert list(members) == ["bin", "bin/tool", "lib"]
    assert members["bin/tool"].size == 3004


def test_a_folder_holds_the_same(program: Path, tmp_path: Path) -> None:
    items = (
        TreeItem("lib64/p.so", lambda: iter((b"plug", b"in")), 6),
        TreeItem("lib", link="lib64"),
        TreeItem("out", link="/etc"),
        TreeItem("out/passwd", lambda: iter((b"evil",)), 4),
        TreeItem("lib/tool", lambda: iter((b"evil",)), 4),
        TreeItem("bin/tool", lambda: iter((b"evil",)), 4),
        TreeItem("../escaped", lambda: iter((b"evil",)), 4),
        TreeItem("/absolute", lambda: iter((b"here",)), 4),
        TreeItem("empty/folder"),
        TreeItem('odd,\udcff\n"', lambda: iter(()), 0),
    )
    members, digest = packed(program, *items)
    folder = tmp_path / "tree"
    folder.mkdir()
    before = os.umask(0o077)
    try:
        assert spread(folder, "bin/tool", program, items, Cancellation()) == digest
    finally:
        os.umask(before)
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    assert set(found) == set(members)
    assert found["bin/tool"].read_bytes() == program.read_bytes()
    assert found["lib64/p.so"].read_bytes() == b"plugin"
    assert (str(found["lib"].readlink()), str(found["out"].readlink())) == ("lib64", "/etc")
    modes = {path.stat().st_mode & 0o777 for path in found.values() if not path.is_symlink()}
    assert modes == {0o755}
    assert {path.name for path in tmp_path.iterdir()} == {"tool", "tree"}


@pytest.mark.parametrize("size", [3, 5])
def test_a_file_in_a_folder_that_changes_is_an_error(
    program: Path, size: int, tmp_path: Path
) -> None:
    item = TreeItem("x", lambda: iter((b"four",)), size)
    (tmp_path / "tree").mkdir()
    with pytest.raises(SourceError, match="changed while it was read"):
        spread(tmp_path / "tree", "tool", program, (item,), Cancellation())


@pytest.mark.parametrize("size", [3, 5])
def test_a_file_that_changes_its_size_meanwhile_is_an_error(program: Path, size: int) -> None:
    with pytest.raises(SourceError, match="changed while it was read"):
        packed(program, TreeItem("x", lambda: iter((b"four",)), size))


def test_names_that_linux_cannot_have_are_left_out(program: Path) -> None:
    odd = ("../up", "a/../../b", "nul\0", "x" * 256, "/".join(["y" * 200] * 20), "ü" * 128)
    items = [TreeItem(name, lambda: iter((b"x",)), 1) for name in (*odd, "-rf", "a\nb", "ü" * 127)]
    members, _ = packed(program, *items)
    assert set(members) == {"bin", "bin/tool", "-rf", "a\nb", "ü" * 127}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone"):
        file_item("gone", tmp_path / "gone")
    with pytest.raises(SourceError, match="gone"):
        packed(tmp_path / "gone")


def test_packing_can_be_cancelled(program: Path) -> None:
    cancel = Cancellation()
    cancel.cancel()
    with pytest.raises(OperationCancelledError):
        pack("tool", program, (), cancel)


@given(st.text(max_size=30))
def test_a_path_stays_in_the_tree(name: str) -> None:
    try:
        path = inner_path(name)
    except UsageError:
        return
    assert path
    assert not path.startswith("/")
    assert not {"..", ".", ""} & set(path.split("/"))
    assert "\0" not in path
