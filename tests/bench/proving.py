"""What a proof costs over the engine's own create, cp, start and rm."""

import asyncio
import subprocess
from pathlib import Path

from explorer.settings import Settings
from explorer.workbench import ProofOptions, Workbench
from tests.bench.figures import Figure, median, seconds
from tests.bench.peeking import TAG, go_program
from tests.support.archives import make_archive, roadrunner_members
from tests.support.engine import TestEngine, find
from tests.support.github import GitHub

TIMES = 5


def measure(folder: Path) -> list[Figure]:
    """Medians of five, native and emulated; nothing where no engine answers."""
    engine = find()
    if isinstance(engine, str):
        return [Figure("proofs", "not measured", engine)]
    figures = []
    for arch in ("amd64", "arm64"):
        image = engine.musl(arch)
        raw = median(lambda image=image, arch=arch: by_hand(engine, image, arch), TIMES)  # type: ignore[misc]
        ours = asyncio.run(proofs(engine, image, arch, folder / arch))
        over = ours - raw
        figures.append(Figure(f"proof, {arch}", f"{ours:.2f} s", f"{raw:.2f} s by hand: {over:+.2f} s", over <= 0.3))
    return figures


def by_hand(engine: TestEngine, image: str, arch: str) -> float:
    """The four commands that a person would type, one after the other."""
    name = "rr-explorer-bench"
    steps = (
        ("create", "--name", name, "--network=none", "--platform", f"linux/{arch}", *engine.run_args, image, "/rr", "--version"),
        ("cp", str(go_program("linux", arch)), f"{name}:/rr"),
        ("start", "--attach", name),
        ("rm", "--force", name),
    )

    def work() -> None:
        for step in steps:
            subprocess.run([*engine.command, *step], check=True, capture_output=True)

    return seconds(work)


async def proofs(engine: TestEngine, image: str, arch: str, folder: Path) -> float:
    """The median of several proofs in one session, as in the app."""
    name = f"roadrunner-2025.1.15-linux-{arch}"
    with GitHub() as github:
        github.add_release(TAG, assets={f"{name}.tar.gz": make_archive("tar.gz", name, roadrunner_members(go_program("linux", arch)))})
        bench = Workbench(
            Settings(api_url=github.api_url, cache_dir=folder, engine=engine.name, engine_args=engine.engine_args, run_args=engine.run_args)
        )
        try:
            inspection = await bench.inspect(await bench.resolve(TAG, f"linux-{arch}"))
            times = []
            for _ in range(TIMES + 1):
                proof = await bench.verify(inspection, ProofOptions(image=image, pull=False))
                assert proof.result == "ran", proof.text
                times.append(proof.total_s)
            return sorted(times[1:])[TIMES // 2]
        finally:
            await bench.aclose()
