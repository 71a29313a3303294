"""Deep proofs of small real servers, on genuine Alpine and elsewhere."""

import asyncio
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.verify import (
    DeepStep,
    Proof,
    ProofRequest,
    RunLimits,
    StepResult,
    StepStatus,
    from_json,
    prove,
    prove_deeply,
    to_json,
)
from explorer.verify.deep import PACKAGES, Lent
from explorer.verify.leftovers import session_label
from tests.support import images
from tests.support.binaries import zig_cc
from tests.support.deep_server import server
from tests.support.engine import TestEngine
from tests.verify.conftest import both_ways

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]
Requests = Callable[..., ProofRequest]
URL = "http://127.0.0.1:8080/health"
SERVE = DeepStep("serve", ("{}", "serve", "{config}"), config="127.0.0.1:8080\n", url=URL)
STEPS = (
    SERVE,
    DeepStep("tls", ("{}", "tls"), expect="^tls 200$"),
    DeepStep("time-zone", ("{}", "zone"), expect="^23:13 CET$"),
    DeepStep("dns", ("{}", "dns"), expect="^found 192.0.2.7$"),
    DeepStep("write", ("{}", "write", "/etc/rr-explorer"), expect="read-only|denied", fails=True),
    DeepStep("threads", ("{}", "threads"), expect="^16 threads$"),
)


def lent(folder: Path) -> Mapping[str, Lent]:
    """What stands for the packages: certificates that hold the test server's authority."""
    done = subprocess.run([str(server()), "authority"], capture_output=True, check=True, timeout=30)
    file = folder / "ca-certificates.crt"
    file.write_bytes(done.stdout)
    place = PACKAGES["ca-certificates"].place
    return {**PACKAGES, "ca-certificates": Lent(place, lambda: {file.name: file})}


async def deep(
    request: ProofRequest, *steps: DeepStep, packages: Mapping[str, Lent] = PACKAGES
) -> tuple[Proof, dict[str, StepResult]]:
    """The first proof, and the steps' results by name."""
    first = await prove(request)
    results = await prove_deeply(request, first, steps, lent=packages)
    return replace(first, deep=results), {result.name: result for result in results}


@pytest.mark.parametrize(("arch", "cgo"), [("amd64", False), ("amd64", True), ("arm64", False)])
async def test_a_server_does_on_alpine_what_servers_do(
    arch: str, cgo: bool, engine: TestEngine, request_for: Requests, tmp_path: Path
) -> None:
    request = request_for(server(arch, cgo=cgo), arch=arch, image=engine.alpine(arch), libc="musl")
    packages = await asyncio.to_thread(lent, tmp_path)
    proof, results = await deep(request, *STEPS, packages=packages)
    failed = {name for name, result in results.items() if result.status is not StepStatus.PASS}
    assert failed == {"tls without ca-certificates", "time-zone without tzdata"}, results
    assert {results[name].install for name in failed} == {
        "apk add ca-certificates",
        "apk add tzdata",
    }
    assert {name for name in results if results[name].counts_as_failure} == set()
    assert list(results)[:3] == ["restricted", "health", "SIGTERM"]
    assert from_json(to_json(proof)) == proof
    assert engine.containers(session_label()) == []


@pytest.mark.parametrize(
    ("step", "name", "why"),
    [
        (replace(SERVE, argv=("{}", "broken")), "health", "ended with 1 before it answered"),
        (replace(SERVE, url=URL + "/missing"), "health", "did not answer 200: HTTP/1.1 404"),
        (DeepStep("threads", ("{}", "threads"), expect="17"), "threads", "something else"),
        (DeepStep("write", ("{}", "write", "/tmp/x"), fails=True), "write", "not with an error"),
        (DeepStep("dns", ("{}", "broken")), "dns", "ended with 1: cannot listen"),
    ],
)
async def test_a_step_that_fails_says_why(
    step: DeepStep, name: str, why: str, engine: TestEngine, request_for: Requests
) -> None:
    limits = RunLimits(seconds=6)
    _, results = await deep(request_for(server(), image=engine.alpine(), limits=limits), step)
    assert results[name].status is StepStatus.FAIL
    assert results[name].counts_as_failure
    assert why in results[name].why
    others = {result.status for other, result in results.items() if other not in (name, "SIGTERM")}
    assert others == {StepStatus.PASS, StepStatus.NOT_APPLICABLE}


async def test_a_server_that_ignores_sigterm_ends_at_the_limit(
    engine: TestEngine, request_for: Requests
) -> None:
    run_args = (*engine.run_args, "--env=STUBBORN=1")
    request = request_for(server(), image=engine.alpine(), run_args=run_args)
    _, results = await deep(replace(request, limits=RunLimits(seconds=8)), SERVE)
    assert results["health"].status is StepStatus.PASS
    assert results["SIGTERM"].status is StepStatus.FAIL
    assert "still running at the time limit" in results["SIGTERM"].why


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
@both_ways
async def test_in_an_empty_image_a_server_is_asked_and_names_are_resolved(
    arch: str, engine: TestEngine, request_for: Requests
) -> None:
    request = request_for(server(arch), arch=arch, image="", static=True)
    _, results = await deep(request, SERVE, STEPS[3], STEPS[5])
    assert {name: results[name].status for name in ("health", "SIGTERM", "dns", "threads")} == {
        "health": StepStatus.PASS,
        "SIGTERM": StepStatus.PASS,
        "dns": StepStatus.PASS,
        "threads": StepStatus.PASS,
    }, results
    assert engine.containers(session_label()) == []


LOOKUP = r"""
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(int n, char **v) {
  struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *found;
  char text[64];
  int failed = getaddrinfo(v[n - 1], 0, &want, &found);
  if (failed) { fprintf(stderr, "%s\n", gai_strerror(failed)); return 1; }
  for (; found; found = found->ai_next) {
    void *at = found->ai_family == AF_INET6
      ? (void *)&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr
      : (void *)&((struct sockaddr_in *)found->ai_addr)->sin_addr;
    printf("found %s\n", inet_ntop(found->ai_family, at, text, sizeof text));
  }
  return 0;
}
"""
"""As a C library resolves: both families at once."""


@pytest.mark.parametrize(
    ("target", "libc"),
    [
        *[("x86_64-linux-musl", libc) for libc in ("musl", "glibc", "empty")],
        ("aarch64-linux-musl", "musl"),
        ("x86_64-linux-musl-dynamic", "musl"),
        ("x86_64-linux-gnu.2.17", "glibc"),
    ],
)
async def test_names_are_resolved_by_each_c_library(
    target: str, libc: str, engine: TestEngine, request_for: Requests
) -> None:
    machine = target.removesuffix("-dynamic")
    arch = {"x86_64": "amd64", "aarch64": "arm64"}[machine.partition("-")[0]]
    link = () if "gnu" in target else ("-dynamic",) if machine != target else ("-static",)
    image = {"musl": engine.alpine, "glibc": engine.glibc, "empty": lambda _: ""}[libc](arch)
    request = request_for(zig_cc("lookup", LOOKUP, machine, "-O2", *link), arch=arch, image=image)
    step = DeepStep("dns", ("{}", "deep.example.org"), expect=r"\Afound 192\.0\.2\.7\n*\Z")
    _, results = await deep(replace(request, static=link == ("-static",)), step)
    assert results["dns"].status is StepStatus.PASS, results["dns"]


@pytest.mark.parametrize("kind", ["file", "link"])
async def test_the_image_s_own_name_server_is_not_asked(
    kind: str, engine: TestEngine, request_for: Requests, tmp_path: Path
) -> None:
    folders = {name: images.Node(directory=True, mode=0o755) for name in ("etc", "run")}
    text = b"nameserver 192.0.2.1\n"
    link = images.Node(link="../run/resolv.conf")
    own = {
        "file": {"etc/resolv.conf": images.Node(text)},
        "link": {"etc/resolv.conf": link, "run/resolv.conf": images.Node(text)},
    }[kind]
    name = images.reference(f"resolv-{kind}")
    archive = tmp_path / "image.tar"
    images.write_archive(archive, folders | own, "amd64", name)
    images.load(engine.command, images.TestImage(name, archive, "amd64", "", ""))
    request = request_for(server(), image=name, static=True)
    _, results = await deep(request, STEPS[3])
    assert results["dns"].status is StepStatus.PASS, results["dns"]


async def test_the_container_beside_it_is_for_two_kinds_of_engines(request_for: Requests) -> None:
    request = request_for(server(), image="", static=True)
    first = await prove(request)
    other = replace(request, engine=replace(request.engine, platform="linux/riscv64"))
    results = await prove_deeply(other, first, (SERVE, STEPS[3]))
    tried = {result.name: result for result in results if "profile" not in result.why}
    assert {tried[name].status for name in ("health", "SIGTERM", "dns")} == {StepStatus.NOT_TRIED}
    assert "for amd64 and arm64" in tried["health"].why


async def test_a_server_elsewhere_is_not_asked(request_for: Requests) -> None:
    request = request_for(server(), image="", static=True)
    _, results = await deep(request, replace(SERVE, url="http://192.0.2.1/health"))
    assert results["health"].status is StepStatus.NOT_TRIED
    assert "not an address that a server is asked at" in results["health"].why


async def test_a_cancelled_deep_proof_leaves_nothing(
    engine: TestEngine, request_for: Requests
) -> None:
    request = request_for(server(), image=engine.alpine())
    first = await prove(request)
    under_way = asyncio.Event()
    hanging = replace(SERVE, url=URL + "/none")
    proving = asyncio.ensure_future(
        prove_deeply(request, first, (hanging,), progress=lambda _: under_way.set())
    )
    async with asyncio.timeout(60):
        await under_way.wait()
        while not await asyncio.to_thread(engine.containers, session_label()):
            assert not proving.done(), proving
    proving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await proving
    assert engine.containers(session_label()) == []
