"""What ``advise --for-maintainers`` prints, run as printed: steps, labels and second names."""

import os
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.cli.conftest import ARM64, TAG, Command
from tests.support.binaries import BUILD, compiler_environment
from tests.support.workflows import check_workflow

MODULE = "github.com/spiral/roadrunner"
SOURCES = {
    "go.mod": f"module {MODULE}\n\ngo 1.22\n",
    "cmd/rr/main.go": f"""package main

import "{MODULE}/cmd/rr/cmd"

func main() {{ println("rr version", cmd.Version) }}
""",
    "cmd/rr/cmd/version.go": 'package cmd\n\nvar Version = "local"\n',
}
GH = '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done > "$CALLED"\n'


def ran(text: str, folder: Path, more: dict[str, str] | None = None) -> tuple[str, list[str]]:
    """What lines print, stderr included, and with which words they call GitHub's client."""
    tools, called = folder / "tools", folder / "called"
    tools.mkdir(exist_ok=True)
    (tools / "gh").write_text(GH, encoding="utf-8")
    (tools / "gh").chmod(0o755)
    path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, **compiler_environment(), **(more or {}), "PATH": path}
    env["GOCACHE"] = str(BUILD / "go-cache")
    env["CALLED"] = str(called)
    done = subprocess.run(
        ["bash", "-e", "-c", text],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = called.read_text(encoding="utf-8").splitlines() if called.exists() else []
    return done.stdout + done.stderr, words


def printed(rr: Command, *words: str) -> dict[str, str]:
    """The snippets by key."""
    document = rr.json("advise", *words, "--for-maintainers")
    return {one["key"]: one["text"] for one in document["snippets"]}


def test_the_lines_for_a_static_file_label_it_and_copy_it(served: Command, tmp_path: Path) -> None:
    snippets = printed(served)
    (tmp_path / ARM64).write_bytes(b"the same bytes")
    _, words = ran(snippets["label"], tmp_path)
    assert words[:3] == ["api", "--method", "PATCH"]
    assert words[3].startswith("repos/roadrunner-server/roadrunner/releases/assets/")
    assert words[4:] == ["-f", "label=linux-arm64 (static: runs on glibc and musl)"]
    _, words = ran(snippets["second-name"], tmp_path)
    assert words[:3] == ["release", "upload", TAG]
    assert (tmp_path / words[3]).read_bytes() == b"the same bytes"
    assert words[4:] == ["--repo", "roadrunner-server/roadrunner"]


def test_each_step_of_the_workflow_for_maintainers_does_what_it_says(
    served: Command, tmp_path: Path
) -> None:
    snippets = printed(served, "v1.6.2", "--arch", "amd64")
    file = tmp_path / "release.yaml"
    file.write_text(snippets["workflow"], encoding="utf-8")
    check_workflow(file)
    document: Any = YAML(typ="safe").load(file)
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    steps = document["jobs"]["build"]["steps"]
    build, upload = (step for step in steps if "run" in step)
    ran(build["run"], tmp_path, {**build["env"], "TAG": "v1.6.2", "GOARCH": "amd64"})
    _, words = ran(upload["run"], tmp_path, {"TAG": "v1.6.2", "GH_TOKEN": ""})
    assert words[:3] == ["release", "upload", "v1.6.2"]
    with tarfile.open(tmp_path / words[3]) as archive:
        archive.extractall(tmp_path / "got", filter="data")
    said, _ = ran(shlex.join([str(tmp_path / "got" / "rr")]), tmp_path)
    assert said == "rr version 1.6.2\n"


def test_goreleaser_is_given_the_same_build(served: Command) -> None:
    document: Any = YAML(typ="safe").load(
        printed(served, "v1.6.2", "--arch", "amd64")["goreleaser"]
    )
    (build,) = document["builds"]
    assert (build["main"], build["env"], build["goarch"]) == (
        "./cmd/rr",
        ["CGO_ENABLED=0"],
        ["amd64"],
    )
