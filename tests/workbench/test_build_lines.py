"""How to build if no published file works: every line is run as printed, against a local server.

``instead`` replaces what must differ here, and fails unless the printed text holds it once.
"""

import asyncio
import dataclasses
import io
import os
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from explorer.compat import Answer
from explorer.facts import NotApplicable
from explorer.report.advice import Snippet, pastable
from explorer.report.advice.building import BINFMT
from explorer.verify import Result
from explorer.workbench import Advice, BuildRecipe, Depth, ProofOptions, Workbench
from tests.support import buildx
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import BUILD, GO_HELLO, binary, go_build
from tests.support.engine import TestEngine
from tests.support.github import GitHub
from tests.support.workflows import check_workflow
from tests.workbench.conftest import TAG, VERSION, archive_name

REPO = "roadrunner-server/roadrunner"
MODULE = f"github.com/{REPO}/v2025"
ROADRUNNER = {
    "go.mod": f"module {MODULE}\n\ngo 1.26.4\n",
    "go.work": "go 1.26.4\n\nuse .\n",
    "README.md": "# RoadRunner\n",
    "cmd/rr/main.go": f"""package main

import (
	"os"
	"runtime"

	"{MODULE}/internal/meta"
)

func main() {{
	os.Stdout.WriteString("rr version " + meta.Version() + " (" + runtime.Version() + "), ")
	os.Stdout.WriteString("OS: " + runtime.GOOS + ", arch: " + runtime.GOARCH + "\\n")
}}
""",
    "internal/meta/meta.go": (
        'package meta\n\nvar version = "local"\n\nfunc Version() string { return version }\n'
    ),
}
"""Laid out as RoadRunner v2025.1.15: the program, the version, a workspace at the top."""

PRINTED = f"rr version {VERSION} ("


@pytest.fixture
def sources(github: GitHub) -> GitHub:
    """The server with a release without a file for musl, and with its sources."""
    name = archive_name("amd64")
    github.add_release(
        TAG,
        {
            name: make_archive(
                "tar.gz", name.removesuffix(".tar.gz"), roadrunner_members(binary("c-fcntl64"))
            )
        },
    )
    github.sources.add(REPO, TAG, ROADRUNNER)
    return github


def named(advice: Advice, key: str) -> Snippet:
    """The snippet with this key."""
    return next(s for s in pastable(advice)[0] if s.key == key)


def instead(text: str, changes: Mapping[str, str]) -> str:
    """The text with replacements, each of which must occur exactly once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} is not once in\n{text}"
        text = text.replace(old, new)
    return text


def environment(**more: str) -> dict[str, str]:
    """Go on the PATH, with no settings but a cache in ``build/``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GO", "CGO"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        **kept,
        "PATH": path,
        "GOCACHE": str(BUILD / "go-cache"),
        "GOPATH": str(BUILD / "go-path"),
        "GOENV": "off",
        **more,
    }


def pasted(lines: str, folder: Path, **more: str) -> str:
    """Run lines in a shell that stops at the first failure; return the output."""
    folder.mkdir(exist_ok=True)
    command = ["bash", "-euo", "pipefail", "-c", lines]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


async def serves_musl(opened: Callable[..., Workbench], program: Path, arch: str) -> None:
    """Our own verdict on a program that was built."""
    bench = opened(offline=True)
    inspection = await bench.look(await bench.resolve(str(program)), depth=Depth.WHOLE)
    assert (inspection.verdicts[0].answer, inspection.verdicts[0].target.arch) == (Answer.YES, arch)
    assert inspection.verdicts[0].reasons[0].code.startswith("elf.static"), inspection.verdicts[
        0
    ].reasons


async def runs_on_musl(
    opened: Callable[..., Workbench], engine: TestEngine, program: Path, arch: str
) -> None:
    """Prove it in a container of its architecture, emulated if need be; it prints its version."""
    bench = opened(
        offline=True, engine=engine.name, engine_args=engine.engine_args, run_args=engine.run_args
    )
    inspection = await bench.look(await bench.resolve(str(program)), depth=Depth.WHOLE)
    proof = await bench.verify(
        inspection, ProofOptions(image=engine.musl(arch), argv=("{}", "--version"), pull=False)
    )
    assert (proof.result, proof.agrees, proof.platform) == (Result.RAN, True, f"linux/{arch}"), (
        proof
    )
    assert proof.stdout.startswith(PRINTED)
    assert f"arch: {arch}" in proof.stdout


# ---- (c) cross-compiling


@pytest.mark.parametrize("arch", ["arm64", "amd64"])
async def test_the_cross_compiling_lines_run_as_printed(
    arch: str, sources: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    advice = await opened().advise("latest", arch, "musl")
    assert advice.chosen is None
    await asyncio.to_thread(pasted, named(advice, "build-go").text, tmp_path / "work")
    assert sources.count(f"/{REPO}/archive/refs/tags/{TAG}.tar.gz", "api") == 1
    await serves_musl(opened, tmp_path / "work" / "rr", arch)


@pytest.mark.container
async def test_what_was_cross_compiled_for_arm64_runs_there(
    sources: GitHub, opened: Callable[..., Workbench], engine: TestEngine, tmp_path: Path
) -> None:
    advice = await opened().advise("latest", "arm64", "musl")
    await asyncio.to_thread(pasted, named(advice, "build-go").text, tmp_path / "work")
    await runs_on_musl(opened, engine, tmp_path / "work" / "rr", "arm64")


# ---- (d) buildx and QEMU


@pytest.fixture
def docker_config(engine: TestEngine, tmp_path: Path) -> dict[str, str]:
    """The variables with which ``docker buildx`` works."""
    if engine.name != "docker":
        pytest.skip("the lines are docker's")
    return buildx.variables(engine, tmp_path / "docker")


@pytest.fixture
def golang(engine: TestEngine, docker_config: dict[str, str]) -> Iterator[str]:
    """The name of an image for arm64 that is like golang:alpine."""
    with buildx.golang_alpine(engine, docker_config) as name:
        yield name


@pytest.mark.container
async def test_the_buildx_lines_build_under_emulation(
    sources: GitHub,
    opened: Callable[..., Workbench],
    engine: TestEngine,
    golang: str,
    docker_config: dict[str, str],
    tmp_path: Path,
) -> None:
    advice = await opened().advise("latest", "arm64", "musl")
    changes = {
        # Its image comes from a registry; the kernel here runs arm64 programs by qemu already.
        f"docker run --privileged --rm {BINFMT} --install arm64 &&\n": "",
        # The tests' docker has no bridge, so a build step has no network to fetch modules from.
        "docker buildx build ": "docker buildx build --network=none ",
        "FROM golang:alpine AS build\n": f"FROM {golang} AS build\n",
    }
    lines = instead(named(advice, "build-buildx").text, changes)
    said = await asyncio.to_thread(pasted, lines, tmp_path / "work", **docker_config)
    assert "go build" in said
    assert sources.count(f"/{REPO}/archive/refs/tags/{TAG}.tar.gz", "api") == 1
    program = tmp_path / "work" / "rr"
    assert [file.name for file in program.parent.iterdir()] == ["rr"]
    await serves_musl(opened, program, "arm64")
    await runs_on_musl(opened, engine, program, "arm64")


# ---- (e) GitHub Actions


def workflow(advice: Advice, folder: Path) -> Any:
    """The workflow, checked and parsed."""
    file = folder / "build.yml"
    file.write_text(named(advice, "build-actions").text)
    check_workflow(file)
    return YAML(typ="safe").load(file)


def run_steps(steps: list[Any], github: GitHub, place: Path) -> list[Path]:
    """Do what a runner does, step by step, and return the files of the artifact."""
    uploaded: list[Path] = []
    for step in steps:
        action, given = step.get("uses", "").partition("@")[0], step.get("with", {})
        if action == "actions/checkout":
            web = github.api_url.removesuffix("/api/v3")
            address = f"{web}/{given['repository']}/archive/refs/tags/{given['ref']}.tar.gz"
            with (
                urllib.request.urlopen(address) as answer,
                tarfile.open(fileobj=io.BytesIO(answer.read())) as archive,
            ):
                archive.extractall(place, filter="data")
            (root,) = place.iterdir()
            for file in [*root.iterdir()]:
                file.rename(place / file.name)
            root.rmdir()
        elif action == "actions/setup-go":
            wanted = next(
                line.split()[1]
                for line in (place / given["go-version-file"]).read_text().splitlines()
                if line.startswith("go ")
            )
            go = subprocess.run(
                ["go", "env", "GOVERSION"],
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
            have = go.stdout.strip().removeprefix("go")
            assert [int(part) for part in wanted.split(".")] <= [
                int(part) for part in have.split(".")
            ]
        elif action == "actions/upload-artifact":
            uploaded += [place / given["path"]]
        else:
            assert not action, f"{action} is not known here"
            # GitHub's workflow syntax: an unspecified shell is bash -e {0}
            done = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                cwd=place,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return uploaded


@pytest.mark.parametrize(
    ("arch", "runner"),
    [("arm64", "ubuntu-24.04-arm"), ("amd64", "ubuntu-24.04"), ("riscv64", "ubuntu-24.04")],
)
async def test_the_workflow_fits_githubs_schema_and_its_steps_build(
    arch: str, runner: str, sources: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    advice = await opened().advise("latest", arch, "musl")
    job = workflow(advice, tmp_path)["jobs"]["build"]
    assert job["runs-on"] == runner
    assert ("native" in named(advice, "build-actions").title) is (arch != "riscv64")
    place = tmp_path / "workspace"
    place.mkdir()
    (program,) = await asyncio.to_thread(run_steps, job["steps"], sources, place)
    assert program.name == "rr"
    await serves_musl(opened, program, arch)


@pytest.mark.container
async def test_what_the_workflow_builds_for_arm64_runs_there(
    sources: GitHub, opened: Callable[..., Workbench], engine: TestEngine, tmp_path: Path
) -> None:
    steps = workflow(await opened().advise("latest", "arm64", "musl"), tmp_path)["jobs"]["build"][
        "steps"
    ]
    place = tmp_path / "workspace"
    place.mkdir()
    (program,) = await asyncio.to_thread(run_steps, steps, sources, place)
    await runs_on_musl(opened, engine, program, "arm64")


@pytest.mark.parametrize("tag", ["1.10", "2024", "1e3", "v1.0+build.5", "release/1"])
async def test_a_tag_stays_text_in_the_workflow(
    tag: str, sources: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    advice = await opened().advise("latest", "arm64", "musl")
    renamed = dataclasses.replace(advice, release=dataclasses.replace(advice.release, tag=tag))
    assert workflow(renamed, tmp_path)["jobs"]["build"]["steps"][0]["with"]["ref"] == tag


# ---- what to build


@pytest.mark.parametrize(
    ("tag", "variable"),
    [
        ("v1.6.2", "github.com/spiral/roadrunner/cmd/rr/cmd.Version=1.6.2"),
        ("1.6.0", "github.com/spiral/roadrunner/cmd/rr/cmd.Version=1.6.0"),
        (
            "v2.7.2-rc.1",
            "github.com/roadrunner-server/roadrunner/v2/internal/meta.version=2.7.2-rc.1",
        ),
        (
            "v2023.3.6",
            "github.com/roadrunner-server/roadrunner/v2023/internal/meta.version=2023.3.6",
        ),
        ("v3.0.0", "github.com/roadrunner-server/roadrunner/v3/internal/meta.version=3.0.0"),
        ("untagged-f7dbae972208eff54361", ""),
    ],
)
async def test_roadrunners_version_goes_where_its_own_workflows_put_it(
    tag: str, variable: str, github: GitHub, opened: Callable[..., Workbench]
) -> None:
    github.add_release(tag, {})
    lines, why_none = pastable(await opened().advise(tag, "arm64", "musl"))
    assert why_none == ""
    assert [s.key for s in lines] == ["build-go", "build-buildx", "build-actions"]
    for snippet in lines:
        assert f"-ldflags '-s{f' -X {variable}' if variable else ''}' -o " in snippet.text
        assert "/rr ./cmd/rr" in snippet.text
        assert ("was not tried" in snippet.note) is (not tag.startswith(("v2", "v3"))), snippet.note


@pytest.mark.parametrize("tag", ["v2.0.0-alpha23", "v2.0.0-RC.2", "v2.5.0", "v2.7.1"])
async def test_roadrunner_sources_without_a_program_are_named_as_such(
    tag: str, github: GitHub, opened: Callable[..., Workbench]
) -> None:
    github.add_release(tag, {})
    lines, why_none = pastable(await opened().advise(tag, "arm64", "musl"))
    assert lines == ()
    assert "spiral/roadrunner-binary" in why_none


OTHER = {
    "go.mod": "module github.com/acme/tool/v3\n\ngo 1.22\n",
    "cmd/toold/main.go": GO_HELLO,
    "toold/keep": "",
}


def toold(**more: Any) -> Path:
    """Another project's program, for an architecture that is not asked for."""
    files = {"go.mod": OTHER["go.mod"], "cmd/toold/main.go": GO_HELLO}
    return go_build("toold", "package tool\n", package="./cmd/toold", files=files, **more)


async def test_another_projects_package_is_read_from_its_program(
    github: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    name = "toold-3.1.0-linux-amd64.tar.gz"
    program = toold(flags=("-trimpath", "-tags=netgo,osusergo"))
    github.add_release(
        "v3.1.0", {name: make_archive("tar.gz", "toold", {"toold": program})}, repo="acme/tool"
    )
    github.sources.add("acme/tool", "v3.1.0", OTHER)
    bench = opened(repo="acme/tool")
    before = await bench.advise("v3.1.0", "arm64", "musl")
    lines, why_none = pastable(before)
    assert lines == ()
    assert f"inspect v3.1.0/{name}" in why_none

    await bench.look(await bench.resolve(f"v3.1.0/{name}"), depth=Depth.WHOLE)
    advice = await bench.advise("v3.1.0", "arm64", "musl")
    assert [s.key for s in pastable(advice)[0]] == ["build-go", "build-buildx", "build-actions"]
    lines_go = named(advice, "build-go")
    assert "-tags 'netgo,osusergo'" in lines_go.text
    assert f"the build info of {name}" in lines_go.note
    await asyncio.to_thread(pasted, lines_go.text, tmp_path / "work")
    await serves_musl(opened, tmp_path / "work" / "toold", "arm64")

    place = tmp_path / "workspace"
    place.mkdir()
    (built,) = await asyncio.to_thread(
        run_steps, workflow(advice, tmp_path)["jobs"]["build"]["steps"], github, place
    )
    assert built.is_file(), "the sources have a folder of the program's name"
    await serves_musl(opened, built, "arm64")


async def test_a_program_not_built_by_go_has_no_lines(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    name = "tool-linux-arm64.tar.gz"
    github.add_release(
        "v1",
        {name: make_archive("tar.gz", "tool", {"tool": binary("c-fcntl64-arm64")})},
        repo="acme/tool",
    )
    bench = opened(repo="acme/tool")
    await bench.look(await bench.resolve(f"v1/{name}"), depth=Depth.WHOLE)
    lines, why_none = pastable(await bench.advise("v1", "arm64", "musl"))
    assert lines == ()
    assert why_none == f"Nothing to paste: {name} has no Go build info that could say what to build"


async def test_cgo_is_mentioned(github: GitHub, opened: Callable[..., Workbench]) -> None:
    name = "hello-linux-arm64"
    github.add_release("v1", {name: binary("go-cgo-glibc")}, repo="acme/hello")
    bench = opened(repo="acme/hello")
    await bench.look(await bench.resolve(f"v1/{name}"), depth=Depth.WHOLE)
    lines, _ = pastable(await bench.advise("v1", "arm64", "musl"))
    assert ["built with cgo" in snippet.note for snippet in lines] == [True, True, True]
    assert "-o ../hello .\n" in lines[0].text


async def test_a_module_below_the_top_has_no_lines(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    name = "toold-linux-amd64.tar.gz"
    github.add_release(
        "v1", {name: make_archive("tar.gz", "toold", {"toold": toold()})}, repo="acme/everything"
    )
    bench = opened(repo="acme/everything")
    await bench.look(await bench.resolve(f"v1/{name}"), depth=Depth.WHOLE)
    lines, why_none = pastable(await bench.advise("v1", "arm64", "musl"))
    assert lines == ()
    assert "github.com/acme/tool/v3" in why_none


@pytest.mark.parametrize(
    "change",
    [
        {"package": "./$(touch owned)"},
        {"package": "./../../etc"},
        {"package": "./a b"},
        {"program": "-o"},
        {"program": ".."},
        {"program": "a/b"},
        {"tags": "x' ./evil '"},
        {"tags": "x\nRUN id"},
        {"version": "1;id", "variable": "main.version"},
    ],
    ids=str,
)
async def test_shell_syntax_is_refused(
    change: dict[str, Any], sources: GitHub, opened: Callable[..., Workbench]
) -> None:
    advice = await opened().advise("latest", "arm64", "musl")
    assert isinstance(advice.source, BuildRecipe)
    lines, why_none = pastable(
        dataclasses.replace(advice, source=dataclasses.replace(advice.source, **change))
    )
    assert lines == ()
    assert "script" in why_none


async def test_with_a_working_file_nothing_has_to_be_built(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    advice = await opened().advise("latest", "arm64", "musl")
    assert isinstance(advice.source, NotApplicable)
    assert [s.key for s in pastable(advice)[0]] == ["dockerfile", "shell"]
