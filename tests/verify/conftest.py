"""One program that can misbehave in every way, and short words for a proof of it."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import dropwhile
from pathlib import Path

import pytest
import pytest_asyncio

from explorer.verify import (
    Engine,
    Proof,
    ProofRequest,
    RunLimits,
    close_apis,
    find_engine,
    image_system,
    prove,
)
from explorer.verify.api import api_of
from tests.support.binaries import zig_cc
from tests.support.engine import TestEngine

ACT = r"""
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
int main(int n, char **v) {
  const char *what = n > 1 ? v[1] : "";
  if (!strcmp(what, "segv")) *(volatile int *)8 = 1;
  if (!strcmp(what, "ill")) __builtin_trap();
  if (!strcmp(what, "hang")) for (;;) sleep(60);
  if (!strcmp(what, "serve")) { puts("serving"); fflush(stdout); for (;;) sleep(60); }
  if (!strcmp(what, "flood")) for (;;) puts("0123456789012345678901234567890123456789");
  if (!strcmp(what, "line")) for (;;) fputs("0123456789012345678901234567890123456789", stdout);
  if (!strcmp(what, "hog")) for (int i = 0; i < 4096; i++) {
    volatile char *p = malloc(1 << 20);
    for (int k = 0; p && k < 1 << 20; k += 512) p[k] = 1;
  }
  if (!strcmp(what, "forks")) {
    int made = 0;
    while (made < 5000) { pid_t p = fork(); if (p < 0) break; if (!p) for (;;) sleep(60); made++; }
    printf("forked %d\n", made);
    return 0;
  }
  if (!strcmp(what, "who")) {
    char line[256]; FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
      if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Uid", 3))
        fputs(line, stdout);
    f = fopen("/proc/net/dev", "r");
    while (f && fgets(line, sizeof line, f)) if (strchr(line, ':')) printf("net %s", line);
    f = fopen("/rr-explorer/x", "w"); printf("beside %s\n", f ? "writable" : "read-only");
    f = fopen("/tmp/x", "w"); printf("tmp %s\n", f ? "writable" : "read-only");
  }
  if (!strcmp(what, "localhost")) {
    struct addrinfo want = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *at, *far;
    printf("resolved %d\n", getaddrinfo("localhost", "8080", &want, &at));
    int server = socket(AF_INET, SOCK_STREAM, 0), own = socket(AF_INET, SOCK_STREAM, 0);
    printf("bound %d\n", bind(server, at->ai_addr, at->ai_addrlen) | listen(server, 1));
    printf("connected %d\n", connect(own, at->ai_addr, at->ai_addrlen));
    getaddrinfo("192.0.2.1", "80", &want, &far);
    int out = socket(AF_INET, SOCK_STREAM, 0);
    int refused = connect(out, far->ai_addr, far->ai_addrlen);
    printf("outside %s\n", refused && errno == ENETUNREACH ? "unreachable" : "reached");
  }
  if (!strcmp(what, "stdin")) {
    int many = 0;
    while (getchar() != EOF) many++;
    printf("read %d\n", many);
  }
  if (!strcmp(what, "streams")) { puts("to stdout"); fflush(stdout); fputs("to stderr\n", stderr); }
  if (!strcmp(what, "fill")) {
    char *block = calloc(1, 1 << 20); long wrote = 0; FILE *f = fopen("/tmp/full", "w");
    for (int i = 0; f && i < 4096; i++) {
      size_t k = fwrite(block, 1, 1 << 20, f);
      wrote += (long)k;
      if (k < 1 << 20) break;
    }
    printf("wrote %ld\n", wrote);
  }
  if (!strcmp(what, "exit")) return atoi(v[2]);
  return 0;
}
"""


def act(arch: str = "x86_64") -> Path:
    """A static program: ``act WHAT`` misbehaves as told."""
    return zig_cc("act", ACT, f"{arch}-linux-musl", "-O2", "-s", "-static")


Prover = Callable[..., Awaitable[Proof]]


@pytest.fixture
def way() -> str:
    """How the engine is asked: by its ``api`` where it has one; a test may ask for ``client``."""
    return "api"


by_the_client = pytest.mark.parametrize("way", ["client"])
both_ways = pytest.mark.parametrize("way", ["api", "client"])


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are copied, as for an engine that does not see this machine's files."""
    monkeypatch.setattr("explorer.verify.proof.mounts_files", lambda _engine: False)


@pytest_asyncio.fixture
async def real(engine: TestEngine, way: str) -> AsyncIterator[Engine]:
    """The engine, as the room finds it."""
    yield await find_engine_by(way, engine)
    await close_apis()


async def find_engine_by(way: str, engine: TestEngine) -> Engine:
    """The engine, asked by its API or by its client."""
    engine_found = await find_engine(engine.name, engine.engine_args)
    if way == "client":
        await close_apis()
    elif engine.name == "docker":
        assert api_of(engine_found) is not None, "docker's socket is here"
    return engine_found


@pytest.fixture
def request_for(engine: TestEngine, real: Engine) -> Callable[..., ProofRequest]:
    """``request_for(binary, "word", …, image=…)``: a request with short limits."""

    def make(
        binary: Path, *words: str, arch: str = "amd64", image: str | None = None, **changes: object
    ) -> ProofRequest:
        made = ProofRequest(
            engine=real,
            binary=binary,
            platform=f"linux/{arch}",
            image=engine.musl(arch) if image is None else image,
            argv=("{}", *words),
            run_args=engine.run_args,
            limits=RunLimits(seconds=20),
        )
        return replace(made, **changes)  # type: ignore[arg-type]  # any field, by name

    return make


@pytest.fixture
def proved(engine: TestEngine, request_for: Callable[..., ProofRequest]) -> Prover:
    """A proof; afterwards no container of it is left."""

    async def run(*words: object, **changes: object) -> Proof:
        proof = await prove(request_for(*words, **changes))
        names = [
            command[command.index("--name") + 1] for command in proof.command if "--name" in command
        ]
        assert names
        assert not [
            name
            for name in names
            if engine.run("inspect", "--type=container", name).returncode == 0
        ]
        return proof

    return run


@pytest.fixture
def calls(
    engine: TestEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], list[str]]:
    """The engine's client on the PATH notes each call of it, by its command; gives those since the
    last look, sorted."""
    client, folder = shutil.which(engine.name), tmp_path / "bin"
    assert client is not None
    folder.mkdir()
    notes = folder / "calls"
    script = f'#!/bin/sh\nprintf "%s\\n" "$*" >> {notes}\nexec {client} "$@"\n'
    (folder / engine.name).write_text(script, encoding="utf-8")
    (folder / engine.name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(image_system, "_known", {})

    def since() -> list[str]:
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        words = [list(dropwhile(lambda word: word.startswith("-"), line.split())) for line in lines]
        return sorted(" ".join(line[:2]) if line[0] == "image" else line[0] for line in words)

    return since
