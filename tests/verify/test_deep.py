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
from tests.support.deep_server import server
from tests.support.engine import TestEngine

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
        (replace(SERVE, url=URL + "/missing"), "health", "did not answer 200: wget"),
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
    request = request_for(server(), image=engine.alpine(), run_args=("--env=STUBBORN=1",))
    _, results = await deep(replace(request, limits=RunLimits(seconds=4)), SERVE)
    assert results["health"].status is StepStatus.PASS
    assert results["SIGTERM"].status is StepStatus.FAIL
    assert "still running at the time limit" in results["SIGTERM"].why


async def test_without_a_shell_a_server_cannot_be_asked(request_for: Requests) -> None:
    _, results = await deep(request_for(server(), image="", static=True), *STEPS[:1], STEPS[5])
    assert results["health"].status is StepStatus.NOT_TRIED
    assert "no /bin/sh with wget" in results["health"].why
    assert results["threads"].status is StepStatus.PASS


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
