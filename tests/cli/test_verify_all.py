"""``verify --all``: a release on several targets, by a real engine; stopped, and gone on with."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from explorer.report.json import schema_text
from tests.cli.conftest import AMD64, ARM64, OLD, TAG, Command
from tests.cli.test_verify import PROFILE, SLEEP, containers_of, verifier
from tests.report.test_junit import check_shape
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary, zig_cc
from tests.support.deep_server import roadrunner, server
from tests.support.engine import TestEngine
from tests.support.github import GitHub

__all__ = ["verifier"]
pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

MUSL = ("--on", "musl-1.2.5")


@pytest.fixture
def sweeper(verifier: list[str], engine: TestEngine) -> list[str]:
    """The options for the tests' engine and its images of both processors."""
    image = engine.musl("amd64")
    assert engine.musl("arm64") == image.replace("amd64", "arm64")
    return [word.replace(image, image.replace("amd64", "{arch}")) for word in verifier]


def lines(text: str) -> tuple[list[Any], Any]:
    """The results and the sum of ``--json``, each held against its schema."""
    *results, total = [json.loads(line) for line in text.splitlines()]
    for result in results:
        jsonschema.validate(result, json.loads(schema_text("verify-all")))
    jsonschema.validate(total, json.loads(schema_text("verify-all-sum")))
    return results, total


def test_a_release_is_proved_and_known_the_next_time(
    served: Command, sweeper: list[str], tmp_path: Path
) -> None:
    report = tmp_path / "proofs.xml"
    words = ["verify", TAG, "v1.6.2", "--all", *MUSL, "--run", "{}", *sweeper]
    done = served(*words, "--json", "--junit", report)
    results, total = lines(done.out)
    assert done.code == 0, done.err
    assert {one["file"]: (one["standing"], one["proof"]["emulated"]) for one in results} == {
        f"{TAG}/{ARM64}": ("as-predicted", True),
        f"{TAG}/{AMD64}": ("as-predicted", False),
        f"v1.6.2/{OLD}": ("as-predicted", False),
    }, "the glibc program does not start there, as predicted"
    assert (total["sentence"], total["known"]) == ("3 of 3 as predicted", 0)
    root = check_shape(report.read_text(encoding="utf-8"))
    assert (root.attrib["tests"], root.attrib["failures"]) == ("3", "0")

    text = served(*words)
    assert text.code == 0
    assert "3 of 3 as predicted (3 proved before)" in text.out
    assert "arm64 emulated" in text.out
    again = served(*words, "--again", "--jsonl")
    assert lines(again.out)[1]["known"] == 0


def test_each_file_takes_the_steps_of_its_profile(
    rr: Command, verifier: list[str], tmp_path: Path
) -> None:
    with Path(verifier[1]).open("a", encoding="utf-8") as config:
        config.write(PROFILE.replace("THREADS", "threads"))
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "server-1.0.0-linux-amd64").write_bytes(server().read_bytes())
    words = ["verify", "--all", "--deep", "--folder", str(folder), *MUSL, "--run", "{}", *verifier]
    done = rr(*words, "--json")
    results, total = lines(done.out)
    assert done.code == 0, done.err
    (result,) = results
    passed = {step["name"] for step in result["proof"]["deep"] if step["status"] == "pass"}
    assert passed == {"restricted", "health", "SIGTERM", "threads"}
    assert total["sentence"] == "1 of 1 as predicted"
    text = rr(*words).out
    assert "4 of 4 steps pass, proved before" in text


def test_roadrunners_profile_proves_a_server_like_its_own(
    rr: Command, verifier: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    """On genuine Alpine and in an empty image, both architectures."""
    folder = tmp_path / "v2025.1.15"
    folder.mkdir()
    for arch in ("amd64", "arm64"):
        root = f"roadrunner-2025.1.15-linux-{arch}"
        packed = make_archive("tar.gz", root, roadrunner_members(roadrunner(arch)))
        (folder / f"{root}.tar.gz").write_bytes(packed)
        image = engine.alpine(arch).replace(arch, "{arch}")
    words = ["verify", "--all", "--deep", "--folder", str(folder), "--json", "--no-pull"]
    for target in (("alpine-3.23", "--image", image), ("scratch",)):
        done = rr(*words, *verifier[:4], "--on", *target)
        results, total = lines(done.out)
        assert (done.code, total["sentence"]) == (0, "2 of 2 as predicted"), done.err
        for result in results:
            status = {step["name"]: step["status"] for step in result["proof"]["deep"]}
            assert [status[name] for name in ("restricted", "health", "SIGTERM")] == 3 * ["pass"]


def test_a_known_dynamic_program_is_held_against_its_verdict(
    rr: Command, sweeper: list[str], tmp_path: Path
) -> None:
    """Its libraries are known only once the whole file was read."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "tool-linux-amd64").write_bytes(binary("c-musl").read_bytes())
    words = ["verify", "--all", "--folder", str(folder), *MUSL, "--run", "{}", *sweeper]
    assert rr(*words).out.strip().endswith("1 of 1 as predicted")
    assert rr(*words).out.strip().endswith("1 of 1 as predicted (1 proved before)")


def test_what_is_not_as_promised_comes_first(
    served: Command, github: GitHub, sweeper: list[str], tmp_path: Path
) -> None:
    source = '#include <stdio.h>\nint main(void) { puts("rr version 2025.1.14 (x)"); return 0; }\n'
    program = zig_cc("rr", source, "x86_64-linux-musl", "-s", "-static")
    github.add_release("v2025.1.16", {"roadrunner-2025.1.16-linux-amd64": program.read_bytes()})
    report = tmp_path / "proofs.xml"
    words = ("verify", "v1.6.2", "v2025.1.16", "--all", *MUSL, *sweeper)
    done = served(*words, "--junit", report)
    assert done.code == 1, done.err
    first, sentence = done.out.strip().split("\n\n")[1:]
    assert first.startswith("✗ started, as predicted; version is 2025.1.14, not 2025.1.16")
    assert len(first.splitlines()) == 1
    assert sentence == "1 of 2 as predicted: 1 not what the release promises"
    failures = check_shape(report.read_text(encoding="utf-8")).findall(".//failure")
    assert [failure.attrib["type"] for failure in failures] == ["differs"]


def test_what_cannot_be_run_costs_its_own_line(served: Command, sweeper: list[str]) -> None:
    missing = ("--image", "localhost/rr-explorer-test/none:1")
    words = ("verify", "v1.6.2", TAG, "--all", *MUSL, "--run", "{}", *sweeper, *missing)
    results, total = lines(served(*words, "--json").out)
    assert {one["file"].partition("/")[0]: one["standing"] for one in results} == {
        "v1.6.2": "not-run",
        TAG: "elsewhere",
    }, "a static program runs in the empty image instead"
    assert total["exit_code"] == 5
    assert total["sentence"].startswith("0 of 3 as predicted: 1 not run, 2 as predicted on another")


def test_what_is_stopped_in_the_middle_goes_on_there(
    rr: Command, sweeper: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    for number, program in enumerate(("c-static", "go-static-amd64", "go-static-arm64")):
        arch = "arm64" if program.endswith("arm64") else "amd64"
        (folder / f"tool{number}-linux-{arch}").write_bytes(binary(program).read_bytes())
    run = ("--run", SLEEP.replace("60", "1"))
    words = ["verify", "--all", "--folder", str(folder), "--jobs", "1", *run, *sweeper, "--json"]
    process = subprocess.Popen(
        rr.words(*words),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=rr.environ(),
    )
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not containers_of(engine, process.pid)
    before = {first["file"], *(json.loads(line)["file"] for line in rest.splitlines())}
    assert len(before) < 3, "it was stopped in the middle"

    results, total = lines(rr(*words).out)
    assert {one["file"] for one in results if one["known"]} == before
    assert (total["total"], total["known"], total["counts"]["not-run"]) == (3, len(before), 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "b"], "verify runs one FILE, not 2"),
        ([], "Which FILE?"),
        (["a", "--on", "debian-12", "--on", "debian-13"], "Several targets need --all"),
        (["a", "--junit", "x"], "--junit needs --all"),
        (["a", "--all", "--platform", "linux-arm64"], "exclude each other"),
    ],
)
def test_words_that_do_not_fit_are_refused(words: list[str], says: str, rr: Command) -> None:
    done = rr("verify", *words)
    assert (done.code, says in done.err) == (2, True), done.err
