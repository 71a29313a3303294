"""``workflow``: safe, valid, and every step does what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Command
from tests.cli.test_verify import verifier
from tests.cli.test_verify_all import lines, sweeper
from tests.support.github import GitHub
from tests.support.workflows import check_workflow
from tests.workbench.conftest import TAG, archive_name, packed
from tests.workbench.conftest import rr as roadrunner

__all__ = ["sweeper", "verifier"]
REPO = "roadrunner-server/roadrunner"
GH = """#!/bin/sh
# GitHub's client, for the two calls of the workflow.
case "$1 $2" in
"run download") mkdir -p proofs && cp -r "$ARTIFACTS"/. proofs;;
"release upload") cp "$4" "$UPLOADED/$3-$4";;
*) echo "unexpected: $*" >&2; exit 1;;
esac
"""


def parsed(rr: Command, folder: Path, *words: str) -> Any:
    """The workflow, checked and parsed."""
    done = rr("workflow", *words)
    assert done.code == 0, done.err
    file = folder / "prove.yaml"
    file.write_text(done.out, encoding="utf-8")
    check_workflow(file)
    return YAML(typ="safe").load(file)


def test_it_is_valid_and_safe(rr: Command, tmp_path: Path) -> None:
    for words in ((), ("--promise", "ci/promise.toml"), ("--on", "rhel-9")):
        document = parsed(rr, tmp_path, *words)
        assert document["permissions"] == {"contents": "read"}
        machines = document["jobs"]["prove"]["strategy"]["matrix"]["include"]
        assert {one["arch"]: one["runner"] for one in machines} == {
            "amd64": "ubuntu-24.04",
            "arm64": "ubuntu-24.04-arm",
        }
        steps = [step for job in document["jobs"].values() for step in job["steps"]]
        used = [step["uses"] for step in steps if "uses" in step]
        assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)
        assert not [step["run"] for step in steps if "${{" in step.get("run", "")]


@pytest.mark.parametrize(
    "words", [["--on", "alpine-3.24/arm64"], ["--promise", "/etc/x"], ["--promise", "a b"]]
)
def test_what_cannot_stand_in_it_is_refused(words: list[str], rr: Command) -> None:
    assert rr("workflow", *words).code in (2, 6)


class Runner:
    """Does what GitHub's machines do with the steps of a job."""

    def __init__(self, rr: Command, folder: Path, more: dict[str, str]) -> None:
        self.folder = folder
        self.artifacts, self.uploaded, self.tools = (
            folder / name for name in ("artifacts", "uploaded", "tools")
        )
        for place in (self.artifacts, self.uploaded, self.tools):
            place.mkdir()
        installed = f'#!/bin/sh\nexec {sys.executable} -m explorer "$@"\n'
        note = f'#!/bin/sh\necho "$*" > {folder}/pipx\n'
        for name, text in (("rr-explorer", installed), ("gh", GH), ("pipx", note)):
            (self.tools / name).write_text(text, encoding="utf-8")
            (self.tools / name).chmod(0o755)
        self.environ = {
            **rr.environ(more),
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "ARTIFACTS": str(self.artifacts),
            "UPLOADED": str(self.uploaded),
            "GITHUB_REPOSITORY": REPO,
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }

    def run(self, job: Any, values: dict[str, str], promise: Path) -> None:
        """Run one job to its end."""

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda match: values[match[1]], text)

        place = self.folder / f"work-{values.get('matrix.arch', 'report')}"
        place.mkdir()
        own = {name: filled(value) for name, value in job["env"].items()}
        own["GITHUB_TOKEN"] = ""  # the local GitHub knows no such token
        for step in job["steps"]:
            action, given = step.get("uses", "").partition("@")[0], step.get("with", {})
            if action == "actions/checkout":
                shutil.copy(promise, place)
            elif action == "actions/upload-artifact":
                kept = self.artifacts / filled(given["name"])
                kept.mkdir()
                for file in place.glob(given["path"]):
                    shutil.copy(file, kept)
            else:
                assert not action, f"{action} is not known here"
                # GitHub's workflow syntax: an unspecified shell is bash -e {0}
                done = subprocess.run(
                    ["bash", "-e", "-c", step["run"]],
                    cwd=place,
                    env={**self.environ, **own},
                    capture_output=True,
                    text=True,
                    timeout=200,
                    check=False,
                )
                assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.container
@pytest.mark.xdist_group("container")
def test_its_steps_prove_a_release_and_attach_one_report(
    rr: Command, github: GitHub, sweeper: list[str], tmp_path: Path
) -> None:
    names = {arch: archive_name(arch) for arch in ("amd64", "arm64")}
    assets = {
        name: packed(roadrunner(arch), name.removesuffix(".tar.gz")) for arch, name in names.items()
    }
    github.add_release(TAG, assets)
    rr.api_url = github.api_url
    promise = tmp_path / "promise.toml"
    promise.write_text(
        '[[files]]\nname = "roadrunner-*-linux-*.tar.gz"\nproved-on = ["musl-1.2.5"]\n',
        encoding="utf-8",
    )
    document = parsed(rr, tmp_path, "--promise", "promise.toml", "--on", "musl-1.2.5")
    settings = {
        "RR_EXPLORER_CONFIG_FILE": sweeper[1],
        "RR_EXPLORER_ENGINE": sweeper[3],
        "RR_EXPLORER_IMAGE": sweeper[5],
        "RR_EXPLORER_PULL": "false",
    }
    runner = Runner(rr, tmp_path, settings)
    values = {
        "github.event.release.tag_name": TAG,
        "github.token": "",
        "github.repository": REPO,
        "github.run_id": "7",
    }
    for arch in names:
        runner.run(document["jobs"]["prove"], {**values, "matrix.arch": arch}, promise)
    runner.run(document["jobs"]["report"], values, promise)

    (report,) = runner.uploaded.iterdir()
    text = report.read_text(encoding="utf-8").splitlines(keepends=True)
    proved = [lines("".join(text[at : at + 2]))[0][0] for at in (0, 2)]
    assert {one["file"]: (one["standing"], one["target"]) for one in proved} == {
        f"{TAG}/{name}": ("as-predicted", f"musl-1.2.5/{arch}") for arch, name in names.items()
    }
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.count(f"{TAG} keeps its promise: 2 of 2 kept") == 2
    assert (tmp_path / "pipx").read_text(encoding="utf-8").startswith("install rr-explorer==")
