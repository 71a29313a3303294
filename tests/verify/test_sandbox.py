"""What a program can use and write, what becomes of engines that know less, and of a failing rm."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import IntegrityError
from explorer.facts import MISSING
from explorer.verify import Engine, ProofRequest, Result, TreeItem, prove
from explorer.verify.container import SCRATCH_BYTES
from explorer.verify.leftovers import session_label
from tests.support.binaries import zig_cc
from tests.support.engine import TestEngine
from tests.verify.conftest import Prover, act, both_ways

pytestmark = pytest.mark.container
Requests = Callable[..., ProofRequest]

LOOK = r"""
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
extern char **environ;
static long fill(const char *path) {
  static char block[1 << 20]; long wrote = 0; FILE *f = fopen(path, "w");
  for (int i = 0; f && i < 512; i++) {
    size_t k = fwrite(block, 1, sizeof block, f); wrote += (long)k; if (k < sizeof block) break;
  }
  if (f) fclose(f);
  return wrote;
}
int main(int n, char **v) {
  for (int i = 1; i < n; i++) {
    char path[256];
    for (int k = 0; k < 3; k++) {
      snprintf(path, sizeof path, "%s/%d", v[i], k);
      printf("%s %ld\n", path, fill(path));
    }
  }
  struct rlimit files; getrlimit(RLIMIT_NOFILE, &files);
  printf("nofile %ld\n", (long)files.rlim_cur);
  struct stat shm; printf("shm %s\n", stat("/dev/shm", &shm) ? "absent" : "there");
  FILE *quota = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (!quota) quota = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r");
  char line[64] = "unknown"; if (quota) fgets(line, sizeof line, quota);
  printf("cpu %s\n", line);
  for (char **e = environ; *e; e++)
    if (strstr(*e, "proxy") || strstr(*e, "PROXY")) printf("env %s\n", *e);
  return 0;
}
"""
FOLDERS = ("/tmp", "/var/tmp", "/run/lock", "/", "/etc", "/rr-explorer", "/var", "/dev", "/dev/shm")


def look() -> Path:
    """``look FOLDER…``: tries to fill each folder with large files, and shows its limits."""
    return zig_cc("look", LOOK, "x86_64-linux-musl", "-O2", "-s", "-static")


def written(stdout: str) -> dict[str, int]:
    """Bytes that were written, by folder."""
    totals: dict[str, int] = {}
    for line in stdout.splitlines():
        if line.startswith("/"):
            path, size = line.rsplit(" ", 1)
            folder = path.rpartition("/")[0] or "/"
            totals[folder] = totals.get(folder, 0) + int(size)
    return totals


@both_ways
async def test_what_is_written_anywhere_is_bounded(proved: Prover) -> None:
    """Debian's images have a world-writable /run/lock."""
    proof = await proved(look(), *FOLDERS, static=True)
    totals = written(proof.stdout)
    assert proof.result is Result.RAN, proof
    for folder in ("/tmp", "/var/tmp", "/run/lock"):
        assert 0 < totals[folder] <= SCRATCH_BYTES
    assert {folder for folder, size in totals.items() if size} == {"/tmp", "/var/tmp", "/run/lock"}


async def test_a_world_writable_folder_of_the_image_cannot_be_filled(
    proved: Prover, request_for: Requests, engine: TestEngine
) -> None:
    image = await asyncio.to_thread(_open_image, engine)
    proof = await proved(look(), "/open", static=True, image=image)
    assert proof.result is Result.RAN, proof
    assert written(proof.stdout) == {"/open": 0}


def _open_image(engine: TestEngine) -> str:
    """The musl image with a folder that everyone may write to."""
    name, reference = f"rr-explorer-test-open-{os.getpid()}", "localhost/rr-explorer-test/open:1"
    made = engine.run(
        "run", "--network=none", "--name", name, engine.musl(), "mkdir", "-m", "1777", "/open"
    )
    assert made.returncode == 0, made.stderr
    assert engine.run("commit", name, reference).returncode == 0
    assert engine.run("rm", name).returncode == 0
    return reference


@both_ways
async def test_a_program_gets_few_files_one_processor_and_no_shared_memory(proved: Prover) -> None:
    proof = await proved(look(), static=True)
    assert "nofile 1024" in proof.stdout
    assert "shm absent" in proof.stdout
    assert "--cpus=1" in proof.command[0]
    assert "--ipc=none" in proof.command[0]
    assert any(f"cpu {quota}" in proof.stdout for quota in ("100000", "unknown")), proof.stdout


@both_ways
async def test_the_client_s_proxies_do_not_reach_the_program(
    proved: Prover, engine: TestEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Docker's client passes on those of its configuration, password and all."""
    secret = "http://user:secret@proxy:3128"
    proxies = {"httpProxy": secret, "httpsProxy": secret, "ftpProxy": secret, "noProxy": secret}
    config = {"proxies": {"default": proxies}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    proof = await proved(look(), static=True)
    assert "secret" not in proof.stdout
    assert proof.result is Result.RAN


# --- engines that know less, and that fail ---


@pytest.fixture
def wrapped(
    engine: TestEngine, real: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Engine]:
    """The real engine behind a script; ``$1`` is the command, ``$*`` all words."""
    client = shutil.which(engine.name)

    def make(lines: str) -> Engine:
        folder = tmp_path / "wrapper"
        folder.mkdir(exist_ok=True)
        path = folder / engine.name
        path.write_text(f'#!/bin/sh\n{lines}\nexec {client} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        return replace(real, command=(str(path), *real.command[1:]))

    return make


@pytest.mark.parametrize("flag", ["--ipc=none", "--cpus=1", "--read-only"])
async def test_an_engine_that_lacks_a_flag_is_used_without_it(
    flag: str, wrapped: Callable[[str], Engine], request_for: Requests
) -> None:
    refuses = f'case " $* " in *" {flag} "*) echo "unknown flag: {flag}" >&2; exit 125;; esac'
    proof = await prove(replace(request_for(look(), "/tmp", static=True), engine=wrapped(refuses)))
    assert proof.result is Result.RAN, proof
    assert flag not in proof.command[0]
    assert "--network=none" in proof.command[0]


async def test_an_engine_that_labels_no_volumes_keeps_its_restrictions(
    wrapped: Callable[[str], Engine], request_for: Requests
) -> None:
    """Podman by the name of docker."""
    refuses = (
        'case " $* " in *volume-label*) echo "Error: volume-label: invalid mount option" >&2; '
        "exit 125;; esac"
    )
    proof = await prove(replace(request_for(look(), "/tmp", static=True), engine=wrapped(refuses)))
    assert proof.result is Result.RAN, proof
    assert {"--volume=/rr-explorer", "--read-only", "--ipc=none"} <= set(proof.command[0])


async def test_an_engine_that_stops_before_it_removes_does_not_wait(
    wrapped: Callable[[str], Engine], request_for: Requests, engine: TestEngine
) -> None:
    """As podman does: the stop signal, 10 s for the program, which ignores it, then a kill."""
    last = 'for name in "$@"; do :; done'
    stops = f'case "$1" in rm) {last}; {engine.name} stop "$name" >/dev/null;; esac'
    request = replace(request_for(act(), "serve", static=True), engine=wrapped(stops))
    serving = asyncio.Event()
    proving = asyncio.ensure_future(prove(request, output=lambda _: serving.set()))
    async with asyncio.timeout(60):
        await serving.wait()
    began = time.monotonic()
    proving.cancel()
    await asyncio.wait((proving,))
    assert time.monotonic() - began < 8
    assert not engine.containers(session_label())


async def test_a_good_proof_survives_a_failing_rm(
    wrapped: Callable[[str], Engine], request_for: Requests, engine: TestEngine
) -> None:
    fails = 'case "$1" in rm) echo "device or resource busy" >&2; exit 1;; esac'
    warnings: list[str] = []
    request = replace(request_for(act(), "streams", static=True), engine=wrapped(fails))
    proof = await prove(request, warn=warnings.append)
    name = proof.command[0][proof.command[0].index("--name") + 1]
    assert engine.run("rm", "--force", "--volumes", name).returncode == 0
    assert proof.result is Result.RAN
    assert len(warnings) == 1
    assert name in warnings[0]
    assert "busy" in warnings[0]


@pytest.mark.parametrize("command", ["create", "cp", "start", "rm"])
async def test_a_daemon_that_hangs_does_not_hold_a_cancelled_proof(
    command: str,
    wrapped: Callable[[str], Engine],
    request_for: Requests,
    engine: TestEngine,
    tmp_path: Path,
) -> None:
    """Cancelled twice it ends within two seconds; it took 119."""
    hangs = f'case "$1" in {command}) echo now > {tmp_path}/hangs; sleep 600 & wait;; esac'
    request = replace(request_for(act(), "hang", static=True), engine=wrapped(hangs))
    request = replace(request, limits=replace(request.limits, seconds=1.5))
    task = asyncio.ensure_future(prove(request))
    for _ in range(1500):
        if await asyncio.to_thread((tmp_path / "hangs").exists):
            break
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.sleep(0.05)
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    took = time.monotonic() - began
    await asyncio.to_thread(_remove_ours, engine)
    assert took < 30, "test_ctrl_c holds it to two seconds, on a quiet machine"


def _remove_ours(engine: TestEngine) -> None:
    listed = engine.run("ps", "--all", "--format", '{{.ID}} {{.Label "rr-explorer"}}').stdout
    ours = [line.split()[0] for line in listed.splitlines() if f"/{os.getpid()}/" in line]
    if ours:
        subprocess.run([*engine.command, "rm", "--force", "--volumes", *ours], check=False)


# --- the bytes and the tree ---


async def test_other_bytes_than_the_inspected_ones_are_refused(
    request_for: Requests, engine: TestEngine
) -> None:
    with pytest.raises(IntegrityError, match="changed since it was inspected"):
        await prove(replace(request_for(act(), static=True), sha256="ab" * 32))


async def test_a_proof_names_the_bytes_that_ran(proved: Prover) -> None:
    digest = hashlib.sha256(act().read_bytes()).hexdigest()
    assert (await proved(act(), static=True)).sha256 == digest


@both_ways
async def test_the_tree_is_there_with_links_and_empty_folders(proved: Prover) -> None:
    items = [
        TreeItem("data/x", lambda: iter((b"hello\n",)), 6),
        TreeItem("link", link="data"),
        TreeItem("empty"),
    ]
    command = ("/bin/sh", "-c", "cd /rr-explorer && cat link/x && ls -d empty && ls -l link", "{}")
    proof = await proved(act(), argv=command, beside=lambda _: items)
    assert proof.stdout.startswith("hello\nempty\n"), proof
    assert "link -> data" in proof.stdout


@both_ways
async def test_a_shell_starts_what_the_kernel_does_not(proved: Prover, tmp_path: Path) -> None:
    """Without its #! line a script is one, as an APE file is."""
    tool = tmp_path / "tool"
    tool.write_text('echo "tool $1"; exit 3\n', encoding="utf-8")
    proof = await proved(tool, "arg", by_shell=True, verdict="yes")
    assert (proof.result, proof.exit_code, proof.agrees) == (Result.RAN, 3, True), proof
    assert proof.argv == ("/bin/sh", "/rr-explorer/tool", "arg")
    assert proof.stdout == "tool arg\n"
    assert isinstance(proof.dry_run, MISSING)
    nowhere = await proved(tool, by_shell=True, image="", static=True, verdict="no")
    assert (nowhere.result, nowhere.meaning) == (Result.FAILED, "interpreter-missing"), nowhere
