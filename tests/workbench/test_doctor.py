"""The doctor's findings, in order; no error stops it."""

import asyncio
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.workbench import Finding, Health, Workbench
from tests.support.engine import TestEngine
from tests.support.github import GitHub


async def findings(bench: Workbench) -> dict[str, Finding]:
    """The findings, by subject."""
    return {f.subject: f for f in await bench.doctor()}


async def test_findings_without_an_engine(
    served: GitHub,
    opened: Callable[..., Workbench],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    by_subject = await findings(opened())
    assert by_subject["network"].health is Health.OK
    assert "answers: 1 release of roadrunner-server/roadrunner" in by_subject["network"].text
    assert by_subject["cache"].health is Health.OK
    assert by_subject["token"].health is Health.ABSENT
    assert [by_subject[name].health for name in ("docker", "podman", "nerdctl")] == [
        Health.ABSENT
    ] * 3
    assert by_subject["proofs"].health is Health.WARNING
    for finding in by_subject.values():
        assert (
            finding.health is Health.OK
            or finding.remedy
            or finding.subject in ("settings", "network")
        ), finding


async def test_the_terminal_is_that_of_the_process_not_of_sys_stdout(
    served: GitHub,
    opened: Callable[..., Workbench],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    before = (await findings(opened()))["terminal"]
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # as in the running app: no encoding
    assert (await findings(opened()))["terminal"] == before


async def test_the_cache_size_is_given_in_readable_units(
    served: GitHub,
    opened: Callable[..., Workbench],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "0 files, 0 kB of 2 GiB" in (await findings(opened(cache_limit=2 << 30)))["cache"].text
    bench = opened(cache_limit=64 << 20)
    (release,) = (await bench.catalogue()).releases
    await bench.download(release.assets[0])
    assert (await findings(bench))["cache"].text.startswith("1 file, ")
    assert " of 64 MiB" in (await findings(bench))["cache"].text


@pytest.mark.container
async def test_an_engine_is_listed_with_the_platforms_it_can_run(
    served: GitHub, opened: Callable[..., Workbench], engine: TestEngine
) -> None:
    by_subject = await findings(opened(engine=engine.name, engine_args=engine.engine_args))
    assert by_subject[engine.name].health is Health.OK
    assert by_subject["linux/amd64"].text in ("native", "emulated")
    assert "linux/arm64" in by_subject


@pytest.mark.container
async def test_the_image_of_proofs_is_looked_for_on_each_platform(
    served: GitHub, opened: Callable[..., Workbench], engine: TestEngine
) -> None:
    chosen = {"engine": engine.name, "engine_args": engine.engine_args}
    musl = engine.musl()
    by_subject = await findings(opened(image=musl, pull=False, **chosen))
    assert (by_subject["image amd64"].health, by_subject["image amd64"].text) == (
        Health.OK,
        f"{musl} is here",
    )
    other = by_subject["image arm64"]
    assert other.health is Health.WARNING
    assert "with musl here: localhost/rr-explorer-test/" in other.text
    assert other.remedy.startswith(f"{engine.name} pull --platform linux/arm64 {musl}")
    pulled = (await findings(opened(image=musl, **chosen)))["image arm64"]
    assert (pulled.health, "it is pulled when it is needed" in pulled.text) == (Health.ABSENT, True)


async def test_errors_become_findings(
    served: GitHub,
    opened: Callable[..., Workbench],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("GITHUB_TOKEN", "two words")
    (tmp_path / "taken").write_bytes(b"")
    by_subject = await findings(opened(cache_dir=tmp_path / "taken"))
    assert by_subject["token"].health is Health.BAD
    assert "two words" not in by_subject["token"].text
    assert by_subject["cache"].health is Health.WARNING
    assert "--cache-dir" in by_subject["cache"].remedy
    assert by_subject["network"].health is Health.BAD


async def test_a_network_that_is_down_is_bad_despite_a_cached_list(
    opened: Callable[..., Workbench], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    by_subject = await findings(opened(api_url="http://127.0.0.1:9"))
    assert by_subject["network"].health is Health.BAD
    assert (await findings(opened(offline=True)))["network"].health is Health.ABSENT
    assert (await findings(opened(demo=True)))["network"].health is Health.ABSENT


async def test_questions_are_asked_at_once(
    served: GitHub,
    opened: Callable[..., Workbench],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("docker", "podman"):
        (tmp_path / name).write_text("#!/bin/sh\nexec /bin/sleep 60\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    served.fault("*", host="api", hang=True)
    bench = opened()
    task = asyncio.ensure_future(bench.doctor())
    await asyncio.to_thread(served.wait_for, lambda seen: bool(seen))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
