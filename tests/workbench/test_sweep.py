"""Sweeps: what is planned, what is known already, and what the results come to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.compat import find_target
from explorer.errors import NotFoundError
from explorer.facts import NotApplicable, Unknown
from explorer.progress import Progress, ignore_progress
from explorer.report.sweeps import sweep_how, sweep_words
from explorer.settings import Settings
from explorer.verify import CheckResult, Proof, Result, StepResult, StepStatus
from explorer.workbench import (
    ProofOptions,
    Standing,
    SweepItem,
    SweepRequest,
    SweepResult,
    SweepSummary,
    Workbench,
)
from explorer.workbench.proof_records import keep_proof
from explorer.workbench.sweep_plan import SweepPlan, known_result, plan_sweep, standing_of
from tests.support.proofs import IMAGE, make_proof

TAG = "v2025.1.15"
ARM64 = "roadrunner-2025.1.15-linux-arm64.tar.gz"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Workbench]:
    """The bundled releases and programs: nothing is built or downloaded."""
    bench = Workbench(Settings(demo=True, cache_dir=tmp_path / "cache"))
    yield bench
    await bench.aclose()


async def plan(bench: Workbench, *on: str, **options: str) -> SweepPlan:
    request = SweepRequest((TAG,), on, ProofOptions(**options))  # type: ignore[arg-type]
    release = (await bench.catalogue()).release(TAG)
    assert release is not None
    targets = [find_target(name) for name in on] or [await bench.default_target()]
    return await plan_sweep(
        bench.looks, bench.resources, [release], targets, request, ignore_progress
    )


async def arm64_item(bench: Workbench, *on: str) -> SweepItem:
    return next(item for item in (await plan(bench, *on)).items if item.asset.name == ARM64)


async def test_a_plan_has_every_program_on_every_target(demo: Workbench) -> None:
    planned = await plan(demo, "alpine-3.22", "debian-12")
    assert [
        (item.platform, item.target.name, item.image, item.verdict.target.name)
        for item in planned.items
        if item.asset.name == ARM64
    ] == [
        ("linux/arm64", "alpine-3.22", "alpine:3.22", "alpine-3.22"),
        ("linux/arm64", "debian-12", "debian:12", "debian-12"),
    ]
    names = {item.asset.name for item in planned.items}
    assert not [name for name in names if "darwin" in name or "windows" in name]
    assert {one.why for one in planned.left_out} == {"only the name is known"}, (
        "the demo has no program of the plugin"
    )


async def test_a_target_of_another_processor_is_no_item(demo: Workbench) -> None:
    planned = await plan(demo, "alpine-3.22/arm64")
    assert {item.platform for item in planned.items} == {"linux/arm64"}


async def test_an_image_is_named_by_processor(demo: Workbench) -> None:
    planned = await plan(demo, image="own/{arch}/alpine")
    assert {item.image for item in planned.items} == {"own/arm64/alpine", "own/amd64/alpine"}


async def test_an_image_of_the_settings_is_not_every_target(tmp_path: Path) -> None:
    settings = Settings(demo=True, cache_dir=tmp_path / "cache", image="alpine:3.20")
    bench = Workbench(settings)
    try:
        named = await plan(bench, "debian-12")
        unnamed = await plan(bench)
    finally:
        await bench.aclose()
    assert {item.image for item in named.items} == {"debian:12"}
    assert {item.image for item in unnamed.items} == {"alpine:3.20"}


async def proved(bench: Workbench, proof: Proof, here: str = IMAGE.id) -> SweepResult | None:
    """What is known of the arm64 program on Alpine 3.22 after this proof of its bytes."""
    item = await arm64_item(bench, "alpine-3.22")
    return await known(bench, item, proof, here)


async def known(
    bench: Workbench, item: SweepItem, proof: Proof, here: str = IMAGE.id
) -> SweepResult | None:
    item = replace(item, inspection=replace(item.inspection, proofs=(proof,)))
    return await known_result(
        bench.resources, item, {("alpine:3.22", "linux/arm64"): frozenset({here} - {""})}
    )


EMPTY_IMAGE = replace(IMAGE, reference="rr-explorer/empty", empty=True)
SAME_RUN = {
    "the same image": (make_proof(), IMAGE.id),
    "the image has gone since": (make_proof(), ""),
    "another path inside": (make_proof(argv=("/rr-explorer/bin/rr", "--version")), IMAGE.id),
    "it failed": (make_proof(result=Result.FAILED, agrees=False), IMAGE.id),
    "the image cannot be had": (make_proof(image=EMPTY_IMAGE, target="scratch"), ""),
}
OTHER_RUN = {
    "the image was rebuilt": (make_proof(), "sha256:ff"),
    "another tag": (make_proof(image=replace(IMAGE, reference="alpine:3.21")), IMAGE.id),
    "the image is not known": (make_proof(image=Unknown("not told")), IMAGE.id),
    "another command": (make_proof(argv=("/rr-explorer/rr", "--help", "-v")), IMAGE.id),
    "nothing ran": (make_proof(result=Result.NOT_RUN, agrees=NotApplicable("")), IMAGE.id),
    "another processor": (make_proof(platform="linux/amd64"), IMAGE.id),
    "the empty image": (make_proof(image=EMPTY_IMAGE, target="scratch"), IMAGE.id),
}


async def test_only_the_same_run_is_not_repeated(demo: Workbench) -> None:
    item = await arm64_item(demo, "alpine-3.22")
    for case, (proof, here) in SAME_RUN.items():
        result = await known(demo, item, proof, here)
        assert result is not None, case
        assert result.known, case
    for case, (proof, here) in OTHER_RUN.items():
        assert await known(demo, item, proof, here) is None, case


async def test_kept_proofs_are_known_by_the_digest(demo: Workbench) -> None:
    item = await arm64_item(demo, "alpine-3.22")
    digest = item.inspection.file.sha256
    assert isinstance(digest, str)
    keep_proof(demo.resources.cache, make_proof(sha256=digest))
    again = await arm64_item(demo, "alpine-3.22")
    assert [proof.sha256 for proof in again.inspection.proofs] == [digest]


async def test_a_known_proof_is_held_against_the_verdict_of_today(demo: Workbench) -> None:
    """An earlier version of the rules said NO; it ran. Today's YES is as predicted."""
    result = await proved(demo, make_proof(verdict="no", agrees=False), IMAGE.id)
    assert result is not None
    assert result.standing is Standing.AS_PREDICTED


PASSES = StepResult("threads", StepStatus.PASS, "it ended with 0, as expected")
FAILS = StepResult("health", StepStatus.FAIL, "it did not answer 200")
MENDED = StepResult("tls", StepStatus.FAIL, "no certificates", "apk add ca-certificates")


async def test_a_deep_sweep_runs_what_was_proved_without_steps(demo: Workbench) -> None:
    item = await arm64_item(demo, "alpine-3.22")
    deep = replace(item, options=replace(item.options, deep=True))
    assert await known(demo, deep, make_proof()) is None
    result = await known(demo, deep, make_proof(deep=(PASSES, FAILS)))
    assert result is not None
    assert result.standing is Standing.DIFFERS
    assert sweep_words(result).endswith("; health: it did not answer 200")
    assert "1 of 2 steps pass" in sweep_how(result)


async def test_a_sweep_without_steps_does_not_count_those_of_before(demo: Workbench) -> None:
    result = await proved(demo, make_proof(deep=(FAILS,)))
    assert result is not None
    assert result.standing is Standing.AS_PREDICTED
    assert result.proof is not None
    assert result.proof.deep == ()


DIFFERS = (CheckResult("version", False, "1", "2"),)


@pytest.mark.parametrize(
    ("proof", "standing"),
    [
        (make_proof(), Standing.AS_PREDICTED),
        (make_proof(result=Result.FAILED, verdict="no"), Standing.AS_PREDICTED),
        (make_proof(agrees=False), Standing.DISAGREES),
        (make_proof(checks=DIFFERS), Standing.DIFFERS),
        (make_proof(checks=DIFFERS, agrees=False), Standing.DISAGREES),
        (make_proof(deep=(PASSES, FAILS)), Standing.DIFFERS),
        (make_proof(deep=(PASSES, MENDED)), Standing.AS_PREDICTED),
        (make_proof(result=Result.NOT_RUN, agrees=NotApplicable("")), Standing.NOT_RUN),
        (make_proof(target="scratch"), Standing.ELSEWHERE),
        (make_proof(target="alpine-3.22+gcompat"), Standing.AS_PREDICTED),
        (make_proof(agrees=NotApplicable("")), Standing.UNDECIDED),
        (make_proof(agrees=NotApplicable(""), result=Result.FAILED), Standing.NOT_STARTED),
    ],
)
def test_what_a_run_says_of_its_prediction(proof: Proof, standing: Standing) -> None:
    assert standing_of(proof, find_target("alpine-3.22")) is standing


CODES: tuple[tuple[int, list[Standing]], ...] = (
    (0, [Standing.AS_PREDICTED]),
    (0, [Standing.AS_PREDICTED, Standing.UNDECIDED, Standing.ELSEWHERE]),
    (5, [Standing.NOT_RUN, Standing.AS_PREDICTED]),
    (1, [Standing.NOT_RUN, Standing.DISAGREES]),
    (1, [Standing.DIFFERS]),
    (1, [Standing.NOT_STARTED]),
    (0, []),
)


async def test_the_exit_code_is_that_of_verify(demo: Workbench) -> None:
    item = await arm64_item(demo)
    for code, standings in CODES:
        results = tuple(SweepResult(item, standing) for standing in standings)
        assert SweepSummary(results, ()).exit_code == code, standings


async def test_a_sweep_of_an_unknown_release_says_so(demo: Workbench) -> None:
    with pytest.raises(NotFoundError, match=r"v9\.9\.9"):
        await demo.sweep(SweepRequest(("v9.9.9",)), lambda _: None)


async def test_without_an_engine_there_is_no_sweep(
    demo: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known or not, the images are asked for first: the engine's error is the sweep's."""
    from explorer.errors import EngineError

    monkeypatch.setenv("PATH", "")
    told: list[Progress] = []
    with pytest.raises(EngineError):
        async with asyncio.timeout(30):
            await demo.sweep(SweepRequest((TAG,)), lambda _: None, progress=told.append)
    last = told[-1]
    assert (last.stage, last.done, last.unit) == ("proving", 0, "proofs"), "not: all files are read"
