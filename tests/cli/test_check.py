"""``check``: a promise written from a release, kept by it, and broken by another."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_verify import verifier
from tests.cli.test_verify_all import sweeper
from tests.report.test_junit import check_shape
from tests.support.engine import TestEngine
from tests.support.github import GitHub

__all__ = ["sweeper", "verifier"]

STAND_INS = Path(__file__).resolve().parents[2] / "explorer" / "releases" / "standins"
BROKEN = """
[[files]]
name = "roadrunner-{version}-linux-*.tar.gz"
static = true
arch = "arm64"
allowed-vulnerabilities = []
[[files]]
name = "roadrunner-{version}-musl-arm64.tar.gz"
"""


@pytest.fixture
def promise(tmp_path: Path) -> Path:
    """A promise that the demo's release does not keep: 2 broken, 2 unknown, 4 + 1 kept."""
    path = tmp_path / "promise.toml"
    path.write_text(BROKEN, encoding="utf-8")
    return path


def test_a_release_keeps_the_promise_made_from_it(rr: Command, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    words = ("check", "v2025.1.15", "--demo", "--promise", path)
    assert rr(*words, "--write").code == 0
    text = path.read_text(encoding="utf-8")
    assert 'name = "roadrunner-{version}-linux-arm64.tar.gz"' in text
    document = rr.json(*words)
    assert document["holds"]
    assert {"runs-on", "arch", "static"} <= {one["requirement"] for one in document["results"]}
    assert {one["keeping"] for one in document["results"]} == {"kept"}
    again = rr(*words, "--write")
    assert (again.code, "exists" in again.err) == (2, True), "it may hold a user's own words"


def test_what_is_broken_stands_first(rr: Command, promise: Path) -> None:
    done = rr("check", "--demo", "--offline", "--promise", promise)
    assert done.code == 1
    lines = done.out.strip().splitlines()
    assert [line.split("  ")[0] for line in lines[1:5]] == [
        "✗ broken",
        "✗ broken",
        "? unknown",
        "? unknown",
    ]
    assert "no file is called roadrunner-2025.1.15-musl-arm64.tar.gz" in done.out
    assert lines[-1] == "v2025.1.15 does not keep its promise: 5 of 9 kept, 2 broken, 2 unknown"


def test_the_unknown_passes_only_with_leave(rr: Command, tmp_path: Path) -> None:
    path = tmp_path / "promise.toml"
    text = '[[files]]\nname = "*-linux-arm64.tar.gz"\nallowed-vulnerabilities = []\n'
    words = ("check", "--demo", "--offline", "--promise", path, "--json")
    for more, code, keeping in (
        ("", 1, "unknown"),
        ('allow-unknown = ["allowed-vulnerabilities"]', 0, "allowed"),
    ):
        path.write_text(text.replace("*", "roadrunner*") + more, encoding="utf-8")
        done = rr(*words)
        assert done.code == code
        assert json.loads(done.out)["results"][-1]["keeping"] == keeping


def test_every_form_says_the_same(rr: Command, promise: Path, tmp_path: Path) -> None:
    words = ("check", "--demo", "--offline", "--promise", promise, "--format")
    root = check_shape(rr(*words, "junit").out)
    assert [root.attrib[name] for name in ("tests", "failures", "errors")] == ["9", "2", "2"]
    (run,) = json.loads(rr(*words, "sarif").out)["runs"]
    assert [one["level"] for one in run["results"]].count("error") == 2
    assert len(run["results"]) == 4
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {one["ruleId"] for one in run["results"]} == rules

    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    done = rr(*words, "markdown", "--summary", env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert done.code == 1
    assert summary.read_text(encoding="utf-8") == f"before\n{done.out}"
    assert "| ✗ broken |" in done.out
    assert rr(*words, "markdown", "--summary").code == 2, "nothing names the summary"
    assert rr(*words, "text", "--summary").code == 2


def test_a_folder_is_held_against_it_before_it_is_published(rr: Command, tmp_path: Path) -> None:
    dist = tmp_path / "tool-v1.2.3"
    dist.mkdir()
    program = next(STAND_INS.glob("**/*linux-arm64*"))
    shutil.copy(program, dist / f"tool-1.2.3-linux-arm64{''.join(program.suffixes[-2:])}")
    path = tmp_path / "promise.toml"
    words = ("check", "--folder", dist, "--promise", path)
    assert rr(*words, "--write").code == 0
    assert "signals" not in path.read_text(encoding="utf-8")
    assert rr(*words).code == 0
    next(dist.iterdir()).unlink()
    (dist / "other").write_bytes(b"")
    done = rr(*words)
    assert (done.code, "no file is called" in done.out) == (1, True)


FILES = ("tool_{}_linux_arm64.tar.gz", "tool_{}_darwin_arm64.tar.gz", "tool_{}_checksums.txt")
LEFT = ("artifacts.json", "metadata.json", "config.yaml", "CHANGELOG.md", ".gitkeep")


def make_dist(folder: Path, version: str, names: tuple[str, ...]) -> Path:
    """A folder as a build tool leaves it: its program is real."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name.format(version)).write_bytes(b"{}")
    program = next(STAND_INS.glob("*linux-arm64.tar.gz"))
    shutil.copy(program, folder / names[0].format(version))
    return folder


def broken(rr: Command, folder: Path, promise: Path, code: int = 0) -> list[str]:
    document = rr.json("check", "--folder", folder, "--promise", promise, code=code)
    return [one["text"] for one in document["results"] if one["keeping"] in ("broken", "unknown")]


@pytest.mark.parametrize("name", ["dist", "tool-v1.2.3", "out-0.9"])
def test_a_promise_from_a_folder_holds_for_the_next_version(
    rr: Command, tmp_path: Path, name: str
) -> None:
    dist = make_dist(tmp_path / name, "1.2.3", (*FILES, *LEFT))
    path = tmp_path / "promise.toml"
    assert rr("check", "--folder", dist, "--promise", path, "--write").code == 0
    promised = tomllib.loads(path.read_text(encoding="utf-8"))["files"]
    assert {one["name"] for one in promised} == {file.format("{version}") for file in FILES}
    assert broken(rr, dist, path) == []
    assert broken(rr, make_dist(tmp_path / "next/dist", "1.3.0-rc.1", FILES), path) == []
    some = make_dist(tmp_path / "less/dist", "1.3.0", FILES[::2])
    assert broken(rr, some, path, 1) == ["no file is called tool_1.3.0_darwin_arm64.tar.gz"]


def test_it_says_which_files_it_leaves_out(rr: Command, tmp_path: Path) -> None:
    dist = make_dist(tmp_path / "dist", "1.2.3", (*FILES, *LEFT))
    path = tmp_path / "promise.toml"
    rr("check", "--folder", dist, "--promise", path, "--write")
    text = path.read_text(encoding="utf-8")
    assert "# Not promised, since a build tool leaves them: .gitkeep, CHANGELOG.md, " in text


def test_a_promise_from_a_tag_holds_before_the_next_is_published(
    served: Command, tmp_path: Path
) -> None:
    path = tmp_path / "promise.toml"
    assert served("check", "v2025.1.15", "--promise", path, "--write").code == 0
    assert 'signals = ["digest"]' in path.read_text(encoding="utf-8")
    assert served("check", "v2025.1.15", "--promise", path).code == 0
    names = ("roadrunner-{}-linux-arm64.tar.gz", "roadrunner-{}-linux-amd64.tar.gz")
    dist = make_dist(tmp_path / "dist", "2025.1.16", (*names, *LEFT))
    amd64 = next(STAND_INS.glob("*2025*linux-amd64.tar.gz"))
    shutil.copy(amd64, dist / names[1].format("2025.1.16"))
    document = served.json("check", "--folder", dist, "--promise", path)
    signals = [one for one in document["results"] if one["requirement"] == "signals"]
    assert [one["keeping"] for one in signals] == ["allowed", "allowed"]
    assert {one["text"] for one in signals} == {"digest: only a published release has it"}


def test_a_promise_from_a_tag_that_is_no_version_leaves_the_names_open(
    rr: Command, github: GitHub, tmp_path: Path
) -> None:
    for tag, version in (("nightly-a", "1.2.3"), ("nightly-b", "1.2.4"), ("v7", "7")):
        names = {f"tool-{version}-linux-amd64": b"1", f"tool-{tag}.txt": b"2"}
        github.add_release(tag, names, digests=False)
    rr.api_url = github.api_url
    path = tmp_path / "promise.toml"
    assert rr("check", "nightly-a", "--promise", path, "--write").code == 0
    promised = tomllib.loads(path.read_text(encoding="utf-8"))["files"]
    assert [one["name"] for one in promised] == ["tool-[0-9]*-linux-amd64", "tool-{tag}.txt"]
    assert rr("check", "nightly-b", "--promise", path).code == 0
    path.unlink()
    assert rr("check", "v7", "--promise", path, "--write").code == 0
    promised = tomllib.loads(path.read_text(encoding="utf-8"))["files"]
    assert [one["name"] for one in promised] == ["tool-{version}-linux-amd64", "tool-{tag}.txt"]


@pytest.mark.container
@pytest.mark.xdist_group("container")
def test_what_must_be_proved_is_run_once(
    rr: Command, sweeper: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    path = tmp_path / "promise.toml"
    path.write_text(
        '[[files]]\nname = "roadrunner-*-linux-*.tar.gz"\nproved-on = ["musl-1.2.5"]\n',
        encoding="utf-8",
    )
    words = ["check", "--demo", "--offline", "--promise", str(path), *sweeper]
    document = rr.json(*words)
    proved = [one for one in document["results"] if one["requirement"] == "proved-on"]
    assert [(one["target"], one["keeping"]) for one in proved] == [("musl-1.2.5", "kept")] * 2
    swept = rr("verify", "v2025.1.15", "--all", "--demo", "--on", "musl-1.2.5", *sweeper)
    assert "3 of 3 as predicted (3 proved before)" in swept.out, "the third is the same program"
    missing = ("--image", "localhost/rr-explorer-test/none:1", "--again")
    unknown = rr.json(*words, *missing, code=1)
    assert {one["keeping"] for one in unknown["results"]} == {"kept", "unknown"}
