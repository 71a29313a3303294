"""The list of releases, with and without a server, and resolving FILE against it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.errors import DeniedError, NotFoundError, OfflineError, SourceError, UsageError
from explorer.workbench import Depth, Origin, Workbench
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name

NOWHERE = "http://127.0.0.1:9/api/v3"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_in_trouble_gives_the_snapshot_then_what_is_cached(
    served: GitHub, opened: Callable[..., Workbench], status: int
) -> None:
    served.fault("*", host="api", status=status, headers={"retry-after": "60"})
    bench = opened()
    first = await bench.catalogue()
    assert first.origin is Origin.SNAPSHOT
    assert any("127.0.0.1" in warning for warning in first.warnings)
    served.heal()
    assert (await bench.catalogue()).origin is Origin.API
    served.fault("*", host="api", status=status, headers={"retry-after": "60"})
    kept = await bench.catalogue()
    assert kept.origin is Origin.CACHE
    assert [r.tag for r in kept.releases] == [TAG]
    assert kept.warnings


async def test_no_network_at_all_gives_the_snapshot_with_the_reason(
    opened: Callable[..., Workbench],
) -> None:
    catalogue = await opened(api_url=NOWHERE).catalogue()
    assert catalogue.origin is Origin.SNAPSHOT
    assert any("No connection" in warning for warning in catalogue.warnings)


async def test_another_repository_has_no_snapshot(opened: Callable[..., Workbench]) -> None:
    with pytest.raises(OfflineError):
        await opened(api_url=NOWHERE, repo="acme/tool").catalogue()


async def test_a_rate_limit_says_until_when_and_shows_what_is_cached(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    bench = opened()
    await bench.catalogue()
    until = served.exhaust(seconds=1800)
    catalogue = await bench.catalogue()
    assert catalogue.origin is Origin.CACHE
    assert any(f"{until:%H:%M}" in warning for warning in catalogue.warnings), catalogue.warnings


async def test_a_refusal_is_an_error_despite_a_cached_list(
    served: GitHub, opened: Callable[..., Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError):
        await opened(repo="roadrunner-server/none").catalogue()
    monkeypatch.setenv("GITHUB_TOKEN", "wrong")
    with pytest.raises(DeniedError):
        await opened().catalogue()
    monkeypatch.setenv("GITHUB_TOKEN", "two words")
    with pytest.raises(UsageError, match="GITHUB_TOKEN"):
        await opened().catalogue()


async def test_offline_shows_the_cache_without_a_complaint(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    first = opened()
    await first.catalogue()
    served.forget()
    catalogue = await opened(cache_dir=first.settings.cache_dir, offline=True).catalogue()
    assert (catalogue.origin, catalogue.warnings) == (Origin.CACHE, ())
    assert not served.seen


async def test_a_catalogue_at_hand_needs_no_network(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    bench = opened()
    assert await bench.catalogue_at_hand() is None
    await bench.catalogue()
    served.forget()
    again = opened(cache_dir=bench.settings.cache_dir)
    catalogue = await again.catalogue_at_hand()
    assert catalogue is not None
    assert catalogue.origin is Origin.CACHE
    assert not served.seen


async def test_a_tag_newer_than_the_cached_list_is_asked_for(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    first = opened()
    await first.catalogue()
    served.add_release("v2026.1.0", {archive_name("amd64", "2026.1.0"): b"x"})
    later = opened(cache_dir=first.settings.cache_dir)
    await later.catalogue_at_hand()
    served.forget()
    assert (await later.resolve(f"{TAG}/{archive_name('amd64')}")).asset is not None
    assert not served.seen, "the old list knows it"
    latest = await later.resolve("latest", "linux-amd64")
    assert latest.release is not None
    assert latest.release.tag == "v2026.1.0"
    with pytest.raises(NotFoundError):
        await later.resolve("v2027.1.0", "linux-amd64")


async def test_a_folder_is_a_catalogue(
    tmp_path: Path, opened: Callable[..., Workbench], github: GitHub
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / archive_name("amd64")).write_bytes(b"x")
    bench = opened(folder=folder)
    catalogue = await bench.catalogue()
    assert catalogue.origin is Origin.FOLDER
    assert (await bench.resolve(archive_name("amd64"))).path == folder / archive_name("amd64")
    with pytest.raises(SourceError):
        await opened(folder=tmp_path / "none").catalogue()
    assert not github.seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "\0",
        "a\0b",
        "x" * 5000,
        "~nobody-of-this-name/x",
        "\x1b]0;x\x07",
        "#",
        "#rr",
        "/",
        "a/b/c",
        "\udcff",
    ],
)
async def test_text_of_any_kind_gives_an_explorer_error(
    opened: Callable[..., Workbench], text: str
) -> None:
    with pytest.raises((UsageError, SourceError)) as caught:
        await opened(offline=True).resolve(text)
    assert caught.value.title


async def test_a_pipe_and_a_folder_are_refused(
    tmp_path: Path, opened: Callable[..., Workbench]
) -> None:

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="not a regular file"):
        await opened().resolve(str(tmp_path / "pipe"))
    with pytest.raises(SourceError, match="is a folder: no Linux program"):
        await opened().resolve(str(tmp_path))


async def test_a_folder_names_its_programs(
    tmp_path: Path, opened: Callable[..., Workbench]
) -> None:
    for name in ("rr", "sub/tool", "sub/deeper/other", "far/too/far/below"):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(binary("c-static"), place)
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "script").chmod(0o755)
    shutil.copy(binary("c-static"), tmp_path / "not-executable")
    (tmp_path / "not-executable").chmod(0o644)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError) as caught:
        await opened().resolve(str(tmp_path))
    assert caught.value.detail == "its programs: rr, sub/tool, sub/deeper/other"
    assert f"{tmp_path}/rr" in caught.value.remedy


@pytest.mark.parametrize(
    ("recipe", "remedy"),
    [("go-windows", "Use a Linux build"), ("c-glibc", "use a static or musl build")],
)
async def test_a_local_file_is_told_of_no_release(
    recipe: str, remedy: str, opened: Callable[..., Workbench]
) -> None:
    bench = opened()
    inspection = await bench.look(await bench.resolve(str(binary(recipe))), depth=Depth.WHOLE)
    for judged in (inspection, await bench.judge(inspection, on=("alpine-3.22",))):
        (verdict,) = judged.verdicts
        assert remedy in verdict.deciding.remedy
        assert not [one for one in verdict.reasons if "release" in one.remedy]
        assert all(one.remedy[end] in ",;" for one in verdict.reasons for end in one.ways)


async def test_an_unusable_cache_directory_costs_a_warning_only(
    served: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_bytes(b"")
    bench = opened(cache_dir=tmp_path / "taken")
    catalogue = await bench.catalogue()
    assert any("Using a temporary cache" in warning for warning in catalogue.warnings)
    inspection = await bench.look(await bench.resolve("latest", "linux-amd64"), depth=Depth.WHOLE)
    assert inspection.verdicts
    assert inspection.subject.asset is not None
    assert await bench.known(inspection.subject.asset) is not None, (
        "a temporary one serves while the program runs"
    )
