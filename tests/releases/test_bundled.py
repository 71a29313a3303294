"""The bundled list, the demo and a folder on disk."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from explorer.errors import FormatError, NotFoundError, SourceError
from explorer.facts import MISSING, Unknown
from explorer.releases import Origin, Release, Role, bundled, demo, folder, snapshot
from explorer.releases.names import parse_asset_name
from tests.support.machine import slowness


def test_the_bundled_list_is_complete_and_has_a_warning() -> None:
    catalogue = snapshot()
    assert (catalogue.repo, catalogue.origin, len(catalogue.releases)) == (
        "roadrunner-server/roadrunner",
        Origin.SNAPSHOT,
        206,
    )
    assert sum(len(release.assets) for release in catalogue.releases) == 2213
    assert not isinstance(catalogue.complete, bool)  # a count of them must not look like the total
    banner = catalogue.warnings[0]
    assert all(
        word in banner
        for word in ("Bundled", "expected", "workflows", "sizes and digests are unknown")
    )
    assert Counter(release.evidence for release in catalogue.releases) == {
        "published": 50,
        "derived": 154,
        "third-party": 2,
    }
    asset = catalogue.releases[1].assets[0]
    assert isinstance(asset.size, Unknown)
    assert isinstance(asset.digest, Unknown)


def test_every_name_of_roadrunners_is_understood() -> None:
    for release in snapshot().releases:
        for asset in release.assets:
            assert asset.kind.role is not Role.OTHER, asset.name
            assert not isinstance(asset.platform.os, MISSING), asset.name
            assert not isinstance(asset.platform.arch, MISSING), asset.name


def test_an_undated_release_has_its_place_in_the_order() -> None:
    releases = snapshot().releases
    assert [release.tag for release in releases[:3]] == ["v3.0.0", "v2025.1.15", "v2025.1.14"]
    assert isinstance(releases[0].published_at, Unknown)
    dates = [
        release.published_at for release in releases if isinstance(release.published_at, datetime)
    ]
    assert len(dates) == 205
    assert dates == sorted(dates, reverse=True)
    tags = [release.tag for release in releases]
    assert tags.index("v2025.1.11") < tags.index("v2025.1.10") < tags.index("v2025.1.9")


def test_the_untagged_release_is_found_and_no_musl_arm64_was_ever_published() -> None:
    catalogue = snapshot()
    untagged = catalogue.release("untagged-f7dbae972208eff54361")
    assert isinstance(untagged, Release)
    assert all("1.0.4" in asset.name for asset in untagged.assets)
    assert not [a for r in catalogue.releases for a in r.assets if a.platform.slug == "musl-arm64"]


@pytest.mark.alone
def test_the_bundled_list_loads_fast() -> None:
    """The first screen shows it; the limit leaves room for a slow machine."""
    best = 1.0
    for _ in range(10):
        start = time.thread_time()
        snapshot()
        best = min(best, time.thread_time() - start)
    assert best < 0.060 * slowness()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys; import explorer.releases as r; r.snapshot(); r.demo(); r.cached; r.folder\n"
        "heavy = {'httpx', 'elftools', 'diskcache', 'textual', 'anyio', 'ssl'}\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _shipped(here: Path, files: dict[str, tuple[str, str, bytes]]) -> None:
    """A package folder with the bundled list and stand-ins: file name to tag, asset, bytes."""
    (here / "data").mkdir()
    (here / "data" / "snapshot.tsv").write_bytes(
        (Path(bundled.__file__).parent / "data" / "snapshot.tsv").read_bytes()
    )
    (here / "standins").mkdir()
    entries = []
    for file, (tag, asset, data) in files.items():
        (here / "standins" / file).write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        entries.append(
            {
                "tag": tag,
                "asset": asset,
                "file": file,
                "sha256": sha256,
                "size": len(data),
                "note": "built from source",
            }
        )
    (here / "standins" / "index.json").write_text(json.dumps({"assets": entries}), "utf-8")


def test_stand_ins_are_marked_and_the_rest_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "roadrunner-2025.1.15-linux-arm64.tar.gz"
    _shipped(tmp_path, {"a.tar.gz": ("v2025.1.15", name, b"a program")})
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    catalogue = demo()
    release = catalogue.release("v2025.1.15")
    assert release is not None
    asset = next(a for a in release.assets if a.name == name)
    assert asset.stand_in
    assert asset.path is not None
    assert asset.path.read_bytes() == b"a program"
    assert (asset.size, asset.digest) == (9, f"sha256:{hashlib.sha256(b'a program').hexdigest()}")
    assert asset.url == ""  # RoadRunner's address has other bytes
    assert [a for r in catalogue.releases for a in r.assets if a.stand_in] == [asset]
    assert "stand-in" in catalogue.warnings[0]
    assert "Bundled" in catalogue.warnings[1]
    assert len(catalogue.warnings) == 2


@pytest.mark.parametrize(
    "index",
    ["", "[]", "{}", '{"assets": 5}', '{"assets": [{"tag": "v1"}]}', '{"assets": [7]}', "\x00"],
)
def test_a_damaged_index_leaves_the_bundled_list(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shipped(tmp_path, {})
    (tmp_path / "standins" / "index.json").write_text(index, "utf-8")
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    catalogue = demo()
    assert len(catalogue.releases) == 206
    assert not any(a.stand_in for r in catalogue.releases for a in r.assets)
    assert any("no stand-ins" in warning for warning in catalogue.warnings)


def test_a_missing_cut_or_misplaced_stand_in_is_named_and_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        f"{n}.bin": ("v1.6.2", f"roadrunner-1.6.2-{n}-amd64.zip", b"whole")
        for n in ("windows", "darwin", "freebsd")
    }
    _shipped(tmp_path, files | {"x.bin": ("v0.0.0", "nothing", b"x")})
    (tmp_path / "standins" / "windows.bin").unlink()
    (tmp_path / "standins" / "darwin.bin").write_bytes(b"cut")
    text = (
        (tmp_path / "standins" / "index.json")
        .read_text("utf-8")
        .replace('"freebsd.bin"', '"../freebsd.bin"')
    )
    (tmp_path / "freebsd.bin").write_bytes(b"whole")
    (tmp_path / "standins" / "index.json").write_text(text, "utf-8")
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    catalogue = demo()
    assert not any(a.stand_in for r in catalogue.releases for a in r.assets)
    assert sum("missing or damaged" in warning for warning in catalogue.warnings) == 3
    assert any("v0.0.0/nothing" in warning for warning in catalogue.warnings)


def test_all_shipped_stand_ins_are_intact() -> None:
    for release in demo().releases:
        for asset in release.assets:
            if asset.stand_in:
                assert asset.path is not None
                assert (
                    f"sha256:{hashlib.sha256(asset.path.read_bytes()).hexdigest()}" == asset.digest
                )


@pytest.mark.parametrize(
    "damage",
    [None, b"\xff\xfe", b"v1\t2020-01-01\tstable\n", b"v1\tyesterday\tstable\tderived\ta\n"],
)
def test_a_damaged_installation_is_reported(
    damage: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shipped(tmp_path, {})
    path = tmp_path / "data" / "snapshot.tsv"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    with pytest.raises(FormatError) as caught:
        snapshot()
    assert "Install" in caught.value.remedy


def test_a_folder_is_one_release(tmp_path: Path) -> None:
    home = tmp_path / "v1.2.3"
    home.mkdir()
    (home / "tool-linux-arm64.tar.gz").write_bytes(b"12345")
    (home / "README").write_bytes(b"")
    (home / "sub").mkdir()
    catalogue = folder(home)
    assert (catalogue.origin, catalogue.complete, len(catalogue.releases)) == (
        Origin.FOLDER,
        True,
        1,
    )
    release = catalogue.releases[0]
    assert (release.tag, release.version, release.evidence) == ("v1.2.3", "1.2.3", "folder")
    assert [(a.name, a.size, a.platform.slug) for a in release.assets] == [
        ("README", 0, "?"),
        ("tool-linux-arm64.tar.gz", 5, "linux-arm64"),
    ]
    assert release.assets[1].path == home / "tool-linux-arm64.tar.gz"
    assert catalogue.release("latest") is release
    assert catalogue.warnings == ()


@pytest.mark.skipif(
    sys.platform == "win32", reason="links need a privilege there, pipes are other things"
)
def test_links_out_of_a_folder_and_special_files_are_left_out(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a key")
    home = tmp_path / "home"
    home.mkdir()
    (home / "inside").write_text("fine")
    (home / "a-link").symlink_to("inside")
    (home / "out").symlink_to(secret)
    (home / "nowhere").symlink_to("missing")
    (home / "round").symlink_to("round")
    os.mkfifo(home / "pipe")
    catalogue = folder(home)
    assert [asset.name for asset in catalogue.releases[0].assets] == ["a-link", "inside"]
    named = "\n".join(catalogue.warnings)
    assert all(name in named for name in ("out ", "nowhere ", "round ", "pipe "))
    assert "leads out of the folder" in named


def test_a_program_in_a_folder_is_one_whatever_its_name_is(tmp_path: Path) -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00"
    big_endian = program[:-2] + b"\x00\x02"
    files = {"rr": program, "s390x": big_endian, "notes": b"hello", "empty": b""}
    files |= {"libx.so.1": program, "x.o": program[:-2] + b"\x01\x00", "rr.sha256": program}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assets = folder(tmp_path).releases[0].assets
    assert {a.name for a in assets if a.kind.value == "program"} == {"rr", "s390x"}


def test_a_path_that_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotFoundError) as missing:
        folder(tmp_path / "missing")
    with pytest.raises(SourceError) as plain:
        folder(tmp_path / "file")
    with pytest.raises(SourceError):
        folder(tmp_path / "nul\0byte")
    assert missing.value.remedy
    assert plain.value.remedy


def test_a_folder_of_too_many_files_is_cut_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.releases import local

    monkeypatch.setattr(local, "_MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"file{number}").touch()
    catalogue = folder(tmp_path)
    assert [asset.name for asset in catalogue.releases[0].assets] == ["file0", "file1", "file2"]
    assert catalogue.complete is False
    assert "first 3 of 5" in catalogue.warnings[0]


def test_names_in_a_folder_are_parsed_as_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz").write_bytes(b"x")
    asset = folder(tmp_path).releases[0].assets[0]
    assert asset.platform == parse_asset_name(asset.name, "v2025.1.15").platform
