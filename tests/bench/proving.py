"""What a proof costs over the engine's own create, cp, start and rm."""

import asyncio
import random
import shutil
import subprocess
from pathlib import Path

from explorer.settings import Settings
from explorer.workbench import Depth, ProofOptions, Workbench
from tests.bench.figures import Figure, median, seconds
from tests.bench.peeking import go_program
from tests.support.binaries import binary
from tests.support.engine import TestEngine, find

TIMES = 5


def measure(folder: Path) -> list[Figure]:
    """Medians of five, native and emulated; nothing where no engine answers."""
    engine = find()
    if isinstance(engine, str):
        return [Figure("proofs", "not measured", engine)]
    cases = (
        ("static, amd64", "amd64", go_program("linux", "amd64")),
        ("static, arm64", "arm64", go_program("linux", "arm64")),
        ("dynamic musl, with a dry run", "amd64", binary("c-musl")),
        ("the same of 62 MB, copied once", "amd64", padded(binary("c-musl"), folder, 62_000_000)),
    )
    figures = []
    for name, arch, program in cases:
        image = engine.musl(arch)
        rr = folder / arch / program.parent.name / "rr"
        rr.parent.mkdir(parents=True)
        shutil.copy(program, rr)
        raw = median(lambda image=image, arch=arch, rr=rr: by_hand(engine, image, arch, rr), TIMES)  # type: ignore[misc]
        ours = asyncio.run(proofs(engine, image, rr))
        over = ours - raw
        figures.append(
            Figure(
                f"proof, {name}",
                f"{ours:.2f} s",
                f"{raw:.2f} s by hand: {over:+.2f} s",
                over <= 0.3,
            )
        )
    return figures


def padded(program: Path, folder: Path, size: int) -> Path:
    """The program with noise behind it, so that copying costs what it costs with a large one."""
    path = folder / "padded" / "rr"
    path.parent.mkdir()
    data = program.read_bytes()
    path.write_bytes(data + random.Random(1).randbytes(size - len(data)))
    path.chmod(0o755)
    return path


def by_hand(engine: TestEngine, image: str, arch: str, program: Path) -> float:
    """The four commands that a person would type, one after the other."""
    name = "rr-explorer-bench"
    steps = (
        (
            "create",
            "--name",
            name,
            "--network=none",
            "--platform",
            f"linux/{arch}",
            *engine.run_args,
            image,
            "/rr",
            "--version",
        ),
        ("cp", str(program), f"{name}:/rr"),
        ("start", "--attach", name),
        ("rm", "--force", name),
    )

    def work() -> None:
        for step in steps:
            subprocess.run([*engine.command, *step], check=True, capture_output=True)

    return seconds(work)


async def proofs(engine: TestEngine, image: str, program: Path) -> float:
    """The median of several proofs in one session, as in the app."""
    bench = Workbench(
        Settings(
            cache_dir=program.parent / "cache",
            engine=engine.name,
            engine_args=engine.engine_args,
            run_args=engine.run_args,
        )
    )
    try:
        inspection = await bench.look(await bench.resolve(str(program)), depth=Depth.WHOLE)
        times = []
        for _ in range(TIMES + 1):
            proof = await bench.verify(inspection, ProofOptions(image=image, pull=False))
            assert proof.result == "ran", proof.text
            times.append(proof.total_s)
        return sorted(times[1:])[TIMES // 2]
    finally:
        await bench.aclose()
