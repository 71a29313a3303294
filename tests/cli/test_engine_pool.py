"""Two engines that share the work, one of them behind a real sshd."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.report.json import schema_text
from explorer.tui.job_board import JobKind
from tests.cli.conftest import Command
from tests.support.engine import TestEngine
from tests.support.pool import FAR, NEAR, TwoEngines, release_of_sixteen, two_engines
from tests.tui.conftest import Driver, opened, settings

__all__ = ["settings"]
pytestmark = [pytest.mark.container, pytest.mark.alone]
PATIENCE = 120.0


@pytest.fixture(scope="module")
def both(engine: TestEngine) -> Iterator[TwoEngines]:
    """Both engines, with musl for both processors."""
    with two_engines(engine.musl("amd64"), engine.musl("arm64")) as engines:
        yield engines


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder that is a release of sixteen files."""
    folder = tmp_path / "v9"  # as the programs print
    folder.mkdir()
    release_of_sixteen(folder)
    return folder


def sweep_words(release: Path, engine: TestEngine) -> list[str]:
    image = engine.musl("amd64").replace("amd64", "{arch}")
    words = ["verify", "--all", "--folder", str(release), "--on", "musl-1.2.5", "--run", "{}"]
    engines = ["--engine", NEAR, "--engine", FAR]
    return [*words, "--image", image, "--no-pull", "--jobs", "2", *engines, "--json"]


def results_of(text: str) -> tuple[list[Any], Any]:
    *results, total = [json.loads(line) for line in text.splitlines()]
    assert "total" in total, schema_text("verify-all-sum")
    return results, total


@contextlib.contextmanager
def sweeping(rr: Command, both: TwoEngines, words: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own."""
    process = subprocess.Popen(
        rr.words(*words),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=rr.environ(both.environ),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def engines_of(results: list[Any]) -> set[str]:
    """Names of the contexts that the proofs ran on."""
    return {one["proof"]["command"].split("--context ")[1].split()[0] for one in results}


def test_a_release_of_sixteen_is_killed_in_the_middle_and_gone_on_with(
    rr: Command, both: TwoEngines, engine: TestEngine, release: Path
) -> None:
    words = sweep_words(release, engine)
    with sweeping(rr, both, words) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(4)]
        process.kill()
        rest = process.stdout.readlines()
    before = {json.loads(line)["file"] for line in (*first, *rest) if line.endswith("}\n")}
    assert len(before) < 16, "it was killed in the middle"

    done = rr(*words, env=both.environ)
    results, total = results_of(done.out)
    assert (done.code, total["sentence"]) == (
        0,
        f"16 of 16 as predicted ({total['known']} proved before)",
    ), done
    assert {one["file"] for one in results if one["known"]} >= before
    assert engines_of([one for one in results if not one["known"]]) == {NEAR, FAR}
    assert {one["proof"]["emulated"] for one in results} == {True, False}
    assert not both.containers(FAR)
    mine = f"/{process.pid}/"
    assert not [name for name in both.containers(NEAR) if mine in label_of(engine, name)]


def proofs_done(ui: Driver) -> int:
    job = ui.state.board.find(JobKind.SWEEP, "sweep")
    progress = job.progress if job is not None else None
    return progress.done if progress is not None and progress.stage == "proving" else 0


def label_of(engine: TestEngine, name: str) -> str:
    return engine.run("inspect", "--format", "{{json .Config.Labels}}", name).stdout


async def test_it_is_stopped_on_the_screen_and_ends_as_predicted(
    both: TwoEngines,
    engine: TestEngine,
    release: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in both.environ.items():
        monkeypatch.setenv(name, value)
    image = engine.musl("amd64").replace("amd64", "{arch}")
    chosen = settings(
        tmp_path, engines=(NEAR, FAR), folder=release, demo=False, image=image, target="musl-1.2.5"
    )
    async with opened(chosen) as ui:
        await ui.shows("✓ yes")
        await ui.press("V")
        await ui.until(lambda: 2 <= proofs_done(ui) < 16, limit=PATIENCE)
    assert not both.containers(FAR), "the app was closed in the middle"
    async with opened(chosen) as ui:
        await ui.shows("✓ yes")
        await ui.press("V")
        await ui.until(lambda: "16 of 16 as predicted" in ui.drawn(), limit=PATIENCE)
        assert "before)" in ui.drawn(), "it went on in the middle"
    assert not both.containers(FAR)


def test_doctor_lists_both(rr: Command, both: TwoEngines) -> None:
    environ = {**both.environ, "RR_EXPLORER_ENGINES": f"{NEAR} {FAR} nowhere"}
    done = rr("doctor", "--offline", env=environ)
    for name in (NEAR, FAR):
        assert f"{name}: " in done.out
    assert "nowhere: Unknown engine: nowhere" in done.out
    assert both.containers(FAR) == []


def test_one_proof_over_ssh_shows_the_client_s_line(
    rr: Command, both: TwoEngines, engine: TestEngine, release: Path
) -> None:
    words: list[str | Path] = [
        "verify",
        release / "tool0-linux-amd64",
        "--engine",
        FAR,
        "--image",
        engine.musl(),
    ]
    done = rr(*words, "--run", "{}", "--no-pull", env=both.environ)
    assert done.code == 0, done.err
    assert f"docker --context {FAR} create --name" in done.out
    assert f"docker --context {FAR} run --rm" in done.out


def test_a_name_that_is_no_engine_is_said(rr: Command, both: TwoEngines, release: Path) -> None:
    words: list[str | Path] = ["verify", release / "tool0-linux-amd64", "--engine", "nowhere"]
    done = rr(*words, env=both.environ)
    assert done.code == 2
    assert "Unknown engine: nowhere" in done.err


def test_a_dead_engine_s_work_is_done_by_the_other(
    rr: Command, both: TwoEngines, engine: TestEngine, release: Path
) -> None:
    """The last test here: it kills the second daemon."""
    with sweeping(rr, both, sweep_words(release, engine)) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        both.second.kill()
        results, total = results_of(first + process.stdout.read())
        assert process.wait(PATIENCE) == 0, total
    assert total["sentence"] == "16 of 16 as predicted", total
    assert NEAR in engines_of(results)
    assert any("does not answer any more" in one for one in total["warnings"]), total
