"""Unpacking: below one folder, all or nothing, and no other file touched."""

import errno
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from explorer.archive import MemberKind, RefusedError, extract, extraction, folders
from explorer.archive.staging import folds_names
from explorer.bytesource import BytesSource
from explorer.errors import FormatError, OperationCancelledError, SourceError
from explorer.progress import Cancellation, Progress
from tests.archive.test_hostile import head
from tests.support.archives import make_archive, roadrunner_members, tar_of

ROOT = "roadrunner-2025.1.15-linux-amd64"


def tree(folder: Path) -> dict[str, bytes | str]:
    """All files (bytes) and links (target) below a folder."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("packing", ["tar", "tar.gz", "tar.xz", "tar.bz2", "tar.zst", "zip"])
def test_everything_lands_below_the_folder(packing: str, tmp_path: Path) -> None:
    members = roadrunner_members(b"\x7fELF" + bytes(5000))
    data = make_archive(packing, ROOT, members)
    paths = extract(BytesSource(data), f"x.{packing}", tmp_path / "new" / "place").paths
    assert paths == tuple(tmp_path / "new" / "place" / ROOT / name for name in members)
    assert tree(tmp_path / "new" / "place") == {
        f"{ROOT}/{name}": content for name, content in members.items()
    }
    assert [oct(path.stat().st_mode & 0o7777) for path in paths] == [
        "0o755",
        "0o644",
        "0o644",
        "0o644",
        "0o644",
    ]


def test_of_a_deb_only_the_data_are_written(tmp_path: Path) -> None:
    extract(BytesSource(make_archive("deb", "rr", {"usr/bin/rr": b"1"})), "x.deb", tmp_path)
    assert tree(tmp_path) == {"usr/bin/rr": b"1"}


def test_only_what_is_wanted_is_written(tmp_path: Path) -> None:
    data = make_archive("tar.gz", ROOT, roadrunner_members(b"rr"))
    paths = extract(BytesSource(data), "x", tmp_path, wanted=lambda m: m.name.endswith("/rr")).paths
    assert tree(tmp_path) == {f"{ROOT}/rr": b"rr"}
    assert paths == (tmp_path / ROOT / "rr",)


def test_modes_are_two_and_no_more(tmp_path: Path) -> None:
    members: list[tuple[tarfile.TarInfo | str, bytes]] = []
    for name, mode in (
        ("setuid", 0o6777),
        ("sticky", 0o1755),
        ("none", 0),
        ("group", 0o070),
        ("write", 0o666),
    ):
        info = tarfile.TarInfo(name)
        info.mode, info.size = mode, 1
        members.append((info, b"x"))
    folder = head("locked", tarfile.DIRTYPE)
    folder.mode = 0
    extract(
        BytesSource(tar_of([*members, (folder, b""), ("locked/file", b"1")])), "x.tar", tmp_path
    )
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {
        "setuid": 0o755,
        "sticky": 0o755,
        "none": 0o644,
        "group": 0o644,
        "write": 0o644,
        "locked": 0o755,
    }


def test_links_inside_the_tree_are_made(tmp_path: Path) -> None:
    data = tar_of(
        [
            ("lib/rr-1.0", b"program"),
            (head("bin/rr", tarfile.SYMTYPE, "../lib/rr-1.0"), b""),
            (head("lib/same", tarfile.LNKTYPE, "lib/rr-1.0"), b""),
        ]
    )
    paths = extract(BytesSource(data), "x.tar", tmp_path).paths
    assert [path.read_bytes() for path in paths] == [b"program"] * 3
    assert tree(tmp_path)["bin/rr"] == "../lib/rr-1.0"
    assert (tmp_path / "lib/same").stat().st_ino == (tmp_path / "lib/rr-1.0").stat().st_ino


HOSTILE: dict[str, list[tuple[tarfile.TarInfo | str, bytes]]] = {
    "traversal": [("../evil", b"x")],
    "absolute": [("/tmp/evil", b"x")],
    "device": [(head("dev", tarfile.CHRTYPE), b"")],
    "link-outside": [(head("l", tarfile.SYMTYPE, "/etc"), b"")],
    "duplicate": [("README", b"1"), (head("README", tarfile.SYMTYPE, "rr"), b"")],
    "name": [("a\x1bb", b"")],
}


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_hostile_member_is_left_out_and_named(rule: str, tmp_path: Path) -> None:
    data = tar_of([("rr", b"1"), *HOSTILE[rule], ("z", b"2")])
    into = tmp_path / "into"
    into.mkdir()
    (into / "mine").write_text("keep")
    done = extract(BytesSource(data), "x.tar", into)
    assert [m.refused.rule for m in done.refused if m.refused] == [rule]
    assert tree(into).items() >= {"mine": b"keep", "rr": b"1", "z": b"2"}.items()
    assert set(tree(into)) <= {"mine", "rr", "z", "README"}
    assert [path.name for path in tmp_path.iterdir()] == ["into"]


@pytest.mark.parametrize("rule", [rule for rule in HOSTILE if rule != "duplicate"])
def test_an_archive_of_nothing_but_a_hostile_member_is_an_error(rule: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=rf"Rule: {rule}"):
        extract(BytesSource(tar_of(HOSTILE[rule])), "x.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "pair", [("straße", "STRASSE"), ("caf\u00e9", "cafe\u0301"), ("A/x", "a/y"), ("Rr", "rR")]
)
@pytest.mark.parametrize("folds", [True, False])
def test_case_only_differences_are_refused_where_the_disk_folds_names(
    pair: tuple[str, str], folds: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux's file systems keep both; the other kind is played by its answer to the probe."""
    monkeypatch.setattr(extraction, "folds_names", lambda _: folds)
    data = tar_of([(pair[0], b"1"), (pair[1], b"2")])
    done = extract(BytesSource(data), "x.tar", tmp_path)
    kept = {pair[0]: b"1"} if folds else {pair[0]: b"1", pair[1]: b"2"}
    assert tree(tmp_path) == kept
    assert [m.name for m in done.refused] == ([pair[1]] if folds else [])


def test_the_probe_tells_whether_the_disk_folds_names(tmp_path: Path) -> None:
    (tmp_path / "UPPER").touch()
    assert folds_names(tmp_path) is (tmp_path / "upper").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["UPPER"]


def test_a_hard_link_to_a_file_that_was_left_out_is_refused(tmp_path: Path) -> None:
    data = tar_of([("rr", b"1"), (head("hard", tarfile.LNKTYPE, "rr"), b"")])
    with pytest.raises(RefusedError, match="not unpacked"):
        extract(BytesSource(data), "x.tar", tmp_path, wanted=lambda m: m.name != "rr")


@pytest.mark.parametrize(
    ("mask", "modes"), [(0o077, [0o700, 0o600, 0o700]), (0o002, [0o775, 0o664, 0o775])]
)
def test_modes_are_reduced_by_the_umask(mask: int, modes: list[int], tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        extract(BytesSource(make_archive("tar", "d", {"rr": b"1", "x.md": b""})), "x", tmp_path)
    finally:
        os.umask(before)
    paths = [tmp_path / name for name in ("d/rr", "d/x.md", "d")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == modes


def test_the_later_of_two_files_wins_and_a_hard_link_keeps_the_earlier(
    tmp_path: Path,
) -> None:
    link = head("link", tarfile.LNKTYPE, "rr")
    data = tar_of([("rr", b"old"), (link, b""), ("rr", b"newer"), ("LICENSE", b"MIT")] * 2)
    done = extract(BytesSource(data), "x.tar", tmp_path)
    assert tree(tmp_path) == {"rr": b"newer", "link": b"old", "LICENSE": b"MIT"}
    assert [path.name for path in done.paths] == ["rr", "link", "LICENSE"]


def test_an_archive_with_links_may_be_unpacked_twice(tmp_path: Path) -> None:
    data = tar_of([("rr", b"1"), (head("link", tarfile.SYMTYPE, "rr"), b"")])
    first = extract(BytesSource(data), "x.tar", tmp_path)
    assert extract(BytesSource(data), "x.tar", tmp_path) == first
    other = tar_of([("rr", b"1"), (head("link", tarfile.SYMTYPE, "other"), b"")])
    with pytest.raises(SourceError, match="already there"):
        extract(BytesSource(other), "x.tar", tmp_path)


def test_a_file_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / ROOT).mkdir()
    (tmp_path / ROOT / "LICENSE").write_text("mine")
    data = make_archive("tar.gz", ROOT, roadrunner_members(b"rr"))
    with pytest.raises(SourceError, match="already there"):
        extract(BytesSource(data), "x", tmp_path)
    assert tree(tmp_path) == {f"{ROOT}/LICENSE": b"mine"}


def test_a_file_that_is_there_with_the_same_bytes_is_left_alone(tmp_path: Path) -> None:
    data = make_archive("tar.gz", ROOT, roadrunner_members(b"rr"))
    first = extract(BytesSource(data), "x", tmp_path)
    before = (tmp_path / ROOT / "rr").stat()
    (tmp_path / ROOT / "LICENSE").unlink()
    assert extract(BytesSource(data), "x", tmp_path) == first
    assert (tmp_path / ROOT / "rr").stat().st_ino == before.st_ino
    assert (tmp_path / ROOT / "LICENSE").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [ROOT]


def test_the_stage_of_a_killed_run_is_removed_but_not_that_of_a_live_one(
    tmp_path: Path,
) -> None:
    dead, alive = (tmp_path / f".rr-explorer-{name}" for name in ("dead", "alive"))
    for folder in (dead, alive):
        (folder / ROOT).mkdir(parents=True)
    code = (
        "import fcntl, os, sys; h = os.open(sys.argv[1], os.O_RDONLY); "
        "fcntl.flock(h, fcntl.LOCK_EX); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(alive)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        extract(BytesSource(make_archive("tar.gz", ROOT, {"rr": b"1"})), "x", tmp_path)
        other.communicate("\n")
    assert {path.name for path in tmp_path.iterdir()} == {alive.name, ROOT}


def test_a_folder_that_is_there_is_filled(tmp_path: Path) -> None:
    (tmp_path / ROOT).mkdir()
    (tmp_path / ROOT / "notes").write_text("mine")
    extract(BytesSource(make_archive("zip", ROOT, {"rr": b"1", "sub/x": b"2"})), "x.zip", tmp_path)
    assert tree(tmp_path) == {f"{ROOT}/notes": b"mine", f"{ROOT}/rr": b"1", f"{ROOT}/sub/x": b"2"}


def test_a_link_that_waits_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside, into = tmp_path / "outside", tmp_path / "into"
    outside.mkdir()
    into.mkdir()
    (into / ROOT).symlink_to(outside, target_is_directory=True)
    with pytest.raises(SourceError):
        extract(BytesSource(make_archive("tar.gz", ROOT, {"rr": b"1"})), "x", into)
    assert list(outside.iterdir()) == []
    assert [path.name for path in into.iterdir()] == [ROOT]


def test_a_folder_named_through_a_link_of_the_users_is_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    paths = extract(BytesSource(tar_of([("rr", b"1")])), "x.tar", tmp_path / "link").paths
    assert paths == (tmp_path / "link" / "rr",)
    assert tree(tmp_path / "real") == {"rr": b"1"}


def test_without_openat_the_paths_are_checked_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of a system that cannot open a file relative to a folder (Windows)."""
    monkeypatch.setattr(folders, "HAS_OPENAT", False)
    data = tar_of(
        [
            ("lib/rr", b"1"),
            (head("lib/l", tarfile.SYMTYPE, "rr"), b""),
            (head("h", tarfile.LNKTYPE, "lib/rr"), b""),
        ]
    )
    extract(BytesSource(data), "x.tar", tmp_path / "new")
    assert tree(tmp_path / "new") == {"lib/rr": b"1", "lib/l": "rr", "h": b"1"}
    (tmp_path / "outside").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "lib").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(SourceError):
        extract(BytesSource(data), "x.tar", tmp_path / "old")
    assert list((tmp_path / "outside").iterdir()) == []


def test_cancelling_removes_what_was_written(tmp_path: Path) -> None:
    cancel = Cancellation()
    steps: list[Progress] = []

    def stop_in_the_middle(now: Progress) -> None:
        steps.append(now)
        if now.done > 1 << 20:
            cancel.cancel()

    data = make_archive("tar.gz", ROOT, {"first": b"1", "rr": os.urandom(4 << 20)}, tool=False)
    with pytest.raises(OperationCancelledError):
        extract(
            BytesSource(data), "x", tmp_path / "new", cancel=cancel, progress=stop_in_the_middle
        )
    assert not (tmp_path / "new").exists()
    assert steps[-1].detail == f"{ROOT}/rr"
    assert steps[-1].done < 4 << 20


def test_a_damaged_archive_leaves_nothing_behind(tmp_path: Path) -> None:
    data = make_archive("tar.gz", ROOT, {"rr": os.urandom(200_000)}, tool=False)
    with pytest.raises(RefusedError, match="truncated"):
        extract(BytesSource(data[:-5000]), "x.tar.gz", tmp_path)
    damaged = bytearray(data)
    damaged[-6] ^= 0xFF
    with pytest.raises(RefusedError, match="checksum"):
        extract(BytesSource(bytes(damaged)), "x.tar.gz", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "kind", "rule"),
    [
        ("roadrunner-1/rr.exe", MemberKind.FILE, None),
        ("a/NUL", MemberKind.FILE, "name"),
        ("com1.txt", MemberKind.FILE, "name"),
        ("aux .tar.gz", MemberKind.FILE, "name"),
        ("rr.exe:stream", MemberKind.FILE, "name"),
        ("dir./x", MemberKind.FILE, "name"),
        ("rr ", MemberKind.FILE, "name"),
        ("what?", MemberKind.DIRECTORY, "name"),
        ("a\\b", MemberKind.FILE, "name"),
        ("l", MemberKind.SYMLINK, "link-outside"),
        ("l", MemberKind.HARDLINK, "link-outside"),
    ],
)
def test_what_windows_would_take_for_something_else(
    path: str, kind: MemberKind, rule: str | None
) -> None:
    found = extraction.windows_rule(path, kind)
    assert (found[0] if found else None) == rule


LOCKED = """
import os, sys
from pathlib import Path
from explorer.archive import extract
from explorer.bytesource import BytesSource
from explorer.errors import SourceError
data = Path(sys.argv[1]).read_bytes()
extract(BytesSource(data), "x.tar.gz", Path(sys.argv[2], "before"))
Path(sys.argv[2]).chmod(0o555)
if os.geteuid() == 0:
    os.setuid(65534)
try:
    extract(BytesSource(data), "x.tar.gz", Path(sys.argv[2], "after"))
except SourceError as error:
    print(error.title)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such bits on Windows")
def test_a_folder_without_permission_is_reported(tmp_path: Path) -> None:
    file, into = tmp_path / "x.tar.gz", tmp_path / "into"
    into.mkdir()
    file.write_bytes(make_archive("tar.gz", ROOT, {"rr": b"1"}))
    done = subprocess.run(
        [sys.executable, "-c", LOCKED, str(file), str(into)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "The directory cannot be written", done.stderr
    assert not (into / "after").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
from explorer.archive import extract
from explorer.bytesource import FileSource
from explorer.errors import SourceError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    extract(FileSource(Path(sys.argv[1])), "x.tar.gz", Path(sys.argv[2]))
except SourceError as error:
    print(error.title, "|", error.remedy)
"""


@pytest.mark.skipif(
    sys.platform == "win32",
    reason="Windows has no limit of a file's size to stand in for a full disk",
)
def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on a file's size fails a write in the middle, as a full disk does."""
    file, into = tmp_path / "x.tar.gz", tmp_path / "into"
    file.write_bytes(make_archive("tar.gz", ROOT, {"a": b"1", "rr": os.urandom(300_000)}))
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(file), str(into)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "The disk is full | Make room, or choose another directory", (
        done.stderr
    )
    assert not into.exists()


def test_a_place_that_cannot_be_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError) as caught:
        extract(
            BytesSource(make_archive("zip", ROOT, {"rr": b"1"})),
            "x.zip",
            tmp_path / "file" / "below",
        )
    assert os.strerror(errno.ENOTDIR) in caught.value.detail
