"""``job``: a valid manifest, and what its container does under the same restrictions."""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import AMD64, ARM64, OLD, TAG, Command
from tests.support.engine import TestEngine


def manifests(rr: Command, folder: Path, *words: str) -> list[Any]:
    """The Jobs, held against Kubernetes' schema."""
    done = rr("job", *words)
    assert done.code == 0, done.err
    file = folder / "job.yaml"
    file.write_text(done.out, encoding="utf-8")
    tool = Path(sys.executable).with_name("kubernetes-validate")
    checked = subprocess.run(
        [str(tool), "--strict", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return list(YAML(typ="safe").load_all(done.out))


def test_a_job_is_valid_and_asks_for_no_rights(served: Command, tmp_path: Path) -> None:
    jobs = manifests(served, tmp_path, TAG, "--on", "alpine-3.23", "--on", "debian-12")
    assert {(one["kind"], one["spec"]["completionMode"]) for one in jobs} == {("Job", "Indexed")}
    assert len({one["metadata"]["name"] for one in jobs}) == 4
    for one in jobs:
        pod = one["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert one["spec"]["activeDeadlineSeconds"] > 0
        assert one["spec"]["ttlSecondsAfterFinished"] > 0
        for container in (*pod["initContainers"], *pod["containers"]):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
            assert "env" not in container


def test_its_pods_ask_the_same_server(served: Command, tmp_path: Path) -> None:
    """GitHub itself needs no mention."""
    (one,) = manifests(served, tmp_path, f"{TAG}/{ARM64}", "--on", "alpine-3.23")
    script = one["spec"]["template"]["spec"]["initContainers"][0]["args"][0]
    assert script.count(f"--api-url {served.api_url} ") == 2
    served.api_url = ""
    assert "api-url" not in served("job", "--demo", "--on", "alpine-3.23").out


def test_single_files_can_be_named(served: Command, tmp_path: Path) -> None:
    (one,) = manifests(served, tmp_path, f"{TAG}/{ARM64}", "--on", "alpine-3.23")
    assert one["spec"]["completions"] == 1
    assert one["spec"]["template"]["spec"]["nodeSelector"]["kubernetes.io/arch"] == "arm64"


@pytest.mark.parametrize(
    "words", [["v0"], [TAG, "--on", "windows"], [TAG, "--install", "a b"], ["v0/x"]]
)
def test_what_cannot_be_written_is_refused(words: list[str], served: Command) -> None:
    assert served("job", *words).code != 0


@pytest.mark.container
@pytest.mark.xdist_group("container")
@pytest.mark.parametrize(
    ("tag", "asset", "code", "started"), [(TAG, AMD64, 0, True), ("v1.6.2", OLD, 127, False)]
)
def test_its_container_runs_a_program_and_prints_one_line(
    tag: str,
    asset: str,
    code: int,
    started: bool,
    served: Command,
    engine: TestEngine,
    tmp_path: Path,
) -> None:
    """Without a cluster: each container's own command, by hand, with the pod's restrictions.

    Without an index, too: ``podman kube play`` gives none to its one pod.
    """
    image = engine.alpine()
    jobs = manifests(served, tmp_path, tag, "--on", "alpine-3.23/amd64", "--image", image)
    pod = jobs[0]["spec"]["template"]["spec"]
    (files,) = [line for line in pod["containers"][0]["args"][0].splitlines() if "0) file=" in line]
    assert f"{tag}/{asset}" in files
    assert ARM64 not in files
    work = fetched(served, tmp_path, pod["initContainers"][0])
    words = [
        *("run", "--rm", "--network=none", "--read-only", "--user=65534:65534"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=512m", "--tmpfs=/tmp"),
        *(f"--volume={work}:/work", *engine.run_args),
        *("--entrypoint=sh", image, "-c", pod["containers"][0]["args"][0]),
    ]
    done = engine.run(*words)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert (result["index"], result["file"], result["exit_code"]) == (0, f"{tag}/{asset}", code)
    verdict = "yes" if started else "no"  # without gcompat, which the image does not have
    assert (result["started"], result["verdict"], result["agrees"]) == (started, verdict, True)
    assert (result["target"], result["arch"]) == ("alpine-3.23", "amd64")
    stdout, stderr = (base64.b64decode(result[f"{name}_base64"]) for name in ("stdout", "stderr"))
    assert stdout.startswith(b"hello") if started else b"No such file" in stderr


def fetched(served: Command, folder: Path, container: Any) -> Path:
    """/work as the first container leaves it; pip, which needs a network, is left out."""
    work, tools = folder / "work", folder / "tools"
    for place in (work / "python" / "bin", tools):
        place.mkdir(parents=True)
    folder.chmod(0o755)
    rr = work / "python" / "bin" / "rr-explorer"
    rr.write_text(f'#!/bin/sh\nexec {sys.executable} -m explorer "$@"\n', encoding="utf-8")
    (tools / "pip").write_text("#!/bin/sh\n", encoding="utf-8")
    for tool in (rr, tools / "pip"):
        tool.chmod(0o755)
    script = container["args"][0].replace("/work", str(work))
    environ = served.environ()
    environ["PATH"] = f"{tools}:{environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(work / "python")
    program = (work / "program").read_text(encoding="utf-8").replace(str(work), "/work")
    (work / "program").write_text(program, encoding="utf-8")
    return work
