"""With the local GitHub: listing, peeks, downloads, failures, and jobs that are stopped."""

import time
from pathlib import Path
from typing import Any

import pytest

from explorer.settings import Settings
from explorer.tui.job_board import JobKind, JobState
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import opened, settings

TAG = "v2025.1.15"
AMD64 = "roadrunner-2025.1.15-linux-amd64.tar.gz"


@pytest.fixture
def served(github: GitHub) -> GitHub:
    """A release with a static, a glibc and an unreadable file, and an older pre-release."""

    def packed(name: str, root: str) -> bytes:
        return make_archive("tar.gz", root, roadrunner_members(binary(name)))

    github.add_release("v2025.1.0-rc.1", {}, prerelease=True)
    github.add_release(
        TAG,
        {
            AMD64: packed("go-static-amd64", AMD64.removesuffix(".tar.gz")),
            "roadrunner-2025.1.15-linux-arm64.tar.gz": packed(
                "go-static-arm64", "roadrunner-2025.1.15-linux-arm64"
            ),
            "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz": packed(
                "c-glibc", "roadrunner-2025.1.15-unknown-musl-amd64"
            ),
            "roadrunner-2025.1.15-windows-amd64.zip": b"PK\x03\x04 this is no zip",
        },
        body="# News\n\nA [link](https://example.com/x) and <b>raw</b> HTML",
    )
    return github


@pytest.fixture
def chosen(served: GitHub, tmp_path: Path) -> Settings:
    """Settings that point to it."""
    return settings(tmp_path, demo=False, api_url=served.api_url)


async def test_a_file_that_cannot_be_read_is_unknown(chosen: Settings) -> None:
    async with opened(chosen, size=(160, 50)) as ui:
        await ui.shows("? unknown", "could not be read")
        row = next(line for line in ui.drawn().splitlines() if "could not be read" in line)
        assert "windows-amd64.zip" in row


async def test_opening_a_release_tells_what_its_files_do_without_a_download(
    chosen: Settings, served: GitHub
) -> None:
    async with opened(chosen) as ui:
        await ui.shows("2 releases · just now", "✓ yes", "◐ yes-if", "↳ yes")
        assert "incomplete" not in ui.drawn()
        table = ui.app.screen.query_one("#asset-table", Table)
        table.focus()
        assert table.go_to(AMD64)
        await ui.shows("YES, runs on Alpine", "nothing downloaded")
        assert table.go_to("roadrunner-2025.1.15-unknown-musl-amd64.tar.gz")
        await ui.shows("YES, IF: apk add gcompat · Alpine")
        moved = served.body_bytes(host="assets")
        whole = sum(
            len(asset.data)
            for asset in served.release(TAG).assets.values()
            if isinstance(asset.data, bytes)
        )
        assert moved < whole / 2
        looked = len(served.release(TAG).assets)
        await ui.until(lambda: ui.looked_at() >= looked and not ui.state.board.running)
    # Once known, nothing is asked again.
    served.forget()
    async with opened(chosen) as ui:
        await ui.shows("✓ yes", "◐ yes-if")
        assert served.count(host="assets") <= 1, (
            "only the file that could not be read is looked at again"
        )


async def test_a_download_is_checked_and_then_read_whole(chosen: Settings) -> None:
    async with opened(chosen) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter")
        assert ui.app.screen.query_one("#asset-table", Table).go_to(AMD64)
        await ui.press("d")
        await ui.shows("downloaded, checksum verified")
        known = ui.state.files[f"{TAG}/{AMD64}"].inspection
        assert known is not None
        await ui.until(lambda: bool(ui.state.files[f"{TAG}/{AMD64}"].cached))
        assert known.binary.name == "rr"
        await ui.press("enter")
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        await ui.app.screen.open_tab("members")  # type: ignore[attr-defined]  # the binary screen's
        await ui.shows("CHANGELOG.md", "rr.asc")
        await ui.app.screen.open_tab("release")  # type: ignore[attr-defined]
        await ui.shows("News", "link")
        await ui.app.screen.open_tab("go")  # type: ignore[attr-defined]
        await ui.shows("toolchain", "CGO_ENABLED")
        await ui.app.screen.open_tab("symbols")  # type: ignore[attr-defined]
        await ui.until(lambda: "reading" not in ui.drawn())


async def test_a_peek_says_what_needs_the_download(chosen: Settings) -> None:
    async with opened(chosen) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter")
        assert ui.app.screen.query_one("#asset-table", Table).go_to(AMD64)
        await ui.press("enter")
        await ui.shows("Verdict", "elf.static", "d download")
        await ui.app.screen.open_tab("symbols")  # type: ignore[attr-defined]  # the binary screen's
        await ui.shows("needs the whole file", "d downloads it")


async def test_a_running_download_is_shown_and_cancelled_by_one_key(
    chosen: Settings, served: GitHub
) -> None:
    async with opened(chosen) as ui:
        await ui.shows("✓ yes")
        served.fault("*amd64.tar.gz", host="assets", bytes_per_second=20_000)
        await ui.press("enter")
        assert ui.app.screen.query_one("#asset-table", Table).go_to(AMD64)
        await ui.press("d")
        await ui.shows("download", "x cancel")
        await ui.press("J")
        await ui.shows("▶ running", "x cancel · esc close")
        await ui.until(lambda: "%" in ui.drawn())
        started = time.perf_counter()
        await ui.press("down", "up")
        assert time.perf_counter() - started < 2.0, "keys are answered while it runs"
        await ui.press("x")
        await ui.shows("– cancelled")
        job = ui.state.board.find(JobKind.DOWNLOAD, f"{TAG}/{AMD64}")
        assert job is not None
        assert job.state is JobState.CANCELLED
        served.heal()
        await ui.press("escape", "d")
        await ui.shows("checksum verified")


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_asks_while_a_job_runs_and_is_then_immediate(
    key: str, chosen: Settings, served: GitHub
) -> None:
    async with opened(chosen) as ui:
        await ui.shows("✓ yes")
        served.fault("*amd64.tar.gz", host="assets", bytes_per_second=5_000)
        await ui.press("enter")
        assert ui.app.screen.query_one("#asset-table", Table).go_to(AMD64)
        await ui.press("d")
        await ui.until(lambda: bool(ui.state.board.running))
        await ui.press(key)
        await ui.shows("1 job is still running", AMD64, "enter stop and quit")
        await ui.press("escape")
        assert ui.state.board.running, "it goes on"
        await ui.press(key)
        await ui.shows("1 job is still running")
        started = time.perf_counter()
        await ui.press(key)
        await ui.until(lambda: not ui.app.is_running)
    assert time.perf_counter() - started < 10


async def test_moving_on_cancels_what_was_being_looked_up(chosen: Settings, served: GitHub) -> None:
    served.fault(host="web", latency_s=20.0)
    async with opened(chosen) as ui:
        await ui.until(lambda: any(worker.group == "look" for worker in ui.app.workers))
        await ui.press("down")
        await ui.until(
            lambda: (
                not any(worker.group == "look" and worker.is_running for worker in ui.app.workers)
            ),
            limit=4.0,
        )


async def test_a_rate_limit_is_a_banner_over_what_is_cached(
    chosen: Settings, served: GitHub
) -> None:
    async with opened(chosen) as ui:
        await ui.shows("2 releases · just now")
        await ui.until(lambda: not ui.state.board.running)
        served.exhaust()
        await ui.press("r")
        await ui.until(lambda: bool(ui.state.catalogue and ui.state.catalogue.warnings))
        await ui.shows("answers no more requests until", "from the cache", TAG)


async def test_why_there_is_no_list_is_read_whole_at_80_columns(
    tmp_path: Path, github: GitHub
) -> None:
    github.exhaust()
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, repo="acme/tool")
    async with opened(chosen, size=(80, 24), ready=False) as ui:
        await ui.shows("answers no more requests until", "instead of 60 set GITHUB_TOKEN")
        await ui.shows("run gh auth login")


async def test_a_project_without_releases_is_said_to_have_none(
    tmp_path: Path, github: GitHub
) -> None:
    github._releases["acme/none"] = []
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, repo="acme/none")
    async with opened(chosen, size=(80, 24)) as ui:
        await ui.shows("no releases", "no files")
        await ui.press("a")
        await ui.shows("acme/none has no releases")
        await ui.press("escape", "m")
        await ui.shows("No release has files")
        assert "claims a system" not in ui.drawn()


@pytest.mark.parametrize(
    "fault",
    [{"status": 404}, {"html": True}, {"cut_json": True}],
    ids=lambda fault: next(iter(fault)),
)
async def test_a_list_that_cannot_be_had_says_what_to_do(
    fault: dict[str, Any], tmp_path: Path, github: GitHub
) -> None:
    github.add_release("v1.0.0", {"tool-linux-amd64": b"#!/bin/sh\n"}, repo="acme/tool")
    github.fault(host="api", **fault)
    chosen = settings(tmp_path, demo=False, api_url=github.api_url, repo="acme/tool")
    async with opened(chosen, ready=False) as ui:
        await ui.until(lambda: ui.state.failure is not None)
        await ui.shows("→", "not known: see above")
        assert "no releases" not in ui.drawn()
        assert "no files" not in ui.drawn()
        github.heal()
        await ui.press("r")
        await ui.shows("v1.0.0", "1 release")
        assert ui.state.failure is None


async def test_a_target_of_the_command_line_is_opened(chosen: Settings) -> None:
    async with opened(chosen, file=f"{TAG}/{AMD64}") as ui:
        await ui.shows("Verdict", "elf.static")
        await ui.press("escape")
        await ui.shows("Releases")


async def test_a_target_that_is_not_there_is_told(chosen: Settings) -> None:
    async with opened(chosen, file="v0.0.0/[nothing]") as ui:
        await ui.shows("open failed")
        assert len(ui.app.screen_stack) == 1


async def test_a_local_file_is_opened_whole(demo: Settings) -> None:
    async with opened(demo, file=str(binary("c-glibc"))) as ui:
        await ui.shows("YES, IF: apk add gcompat · Alpine")
        await ui.app.screen.open_tab("dependencies")  # type: ignore[attr-defined]  # the binary screen's
        await ui.shows("libc.so.6", "newest glibc")
        await ui.app.screen.open_tab("symbols")  # type: ignore[attr-defined]
        await ui.shows("GLIBC_2")
        await ui.press("slash", *"main")
        await ui.shows("libc_start_main")
        await ui.app.screen.open_tab("targets")  # type: ignore[attr-defined]
        await ui.shows("alpine-3.22")
        await ui.press("slash", *"debian-12")
        await ui.shows("debian-12", "✓ yes")
