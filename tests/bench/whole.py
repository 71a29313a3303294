"""Whole files: a download beside curl, an inspection beside readelf, with the memory they take."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import Figure, median
from tests.bench.peeking import TAG, go_program
from tests.support.github import GitHub

DOWNLOAD = 200 << 20
"""Bytes of the file that is downloaded."""
BINARY = 100 << 20
"""Bytes of the binary that is inspected."""
EXPLORER = [sys.executable, "-m", "explorer"]

CHILD = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(json.loads(sys.argv[1]), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
took = time.perf_counter() - began
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([took, memory, done.returncode, done.stderr.decode()[-500:]]))
"""


def run(command: list[str], folder: Path) -> tuple[float, int]:
    """Seconds and peak resident bytes of a command, measured from outside."""
    env = {**os.environ, "RR_EXPLORER_CACHE_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
    out = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(command)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    took, peak, code, err = json.loads(out.stdout)
    if code:
        raise RuntimeError(f"{command} ended with {code}: {err}")
    return took, peak


def idle(folder: Path) -> int:
    """Peak resident bytes of a command that only reads the bundled list."""
    return run([*EXPLORER, "--offline", "releases"], folder)[1]


def downloads(folder: Path) -> list[Figure]:
    """A large file from the local server, beside curl."""
    with GitHub() as github:
        data = folder / "large"
        block = hashlib.sha256(b"large").digest() * 32768
        with data.open("wb") as file:
            for _ in range(DOWNLOAD // len(block)):
                file.write(block)
        name = "roadrunner-2025.1.15-linux-amd64"
        github.add_release(TAG, assets={name: data})
        base = idle(folder / "idle")
        times, peaks = [], []
        for number in range(3):
            cache = folder / f"cache-{number}"
            took, peak = run(
                [
                    *EXPLORER,
                    "--api-url",
                    github.api_url,
                    "get",
                    f"{TAG}/{name}",
                    "-o",
                    str(cache / "out"),
                ],
                cache,
            )
            times.append(took)
            peaks.append(peak)
            shutil.rmtree(cache)
        figures = [
            Figure(
                "download of 200 MB, checked and written twice",
                f"{sorted(times)[1]:.2f} s",
                "cache and -o",
            )
        ]
        if shutil.which("curl"):
            url = github.asset(TAG, name).url
            beside = median(
                lambda: run(["curl", "-fsSL", "-o", str(folder / "curl"), url], folder)[0], 3
            )
            figures.append(Figure("… curl", f"{beside:.2f} s", "no digest, written once"))
        grown = (max(peaks) - base) / (1 << 20)
        figures.append(
            Figure("… memory over an idle command", f"{grown:.1f} MiB", "at most 32", grown <= 32)
        )
        return figures


def inspections(folder: Path) -> list[Figure]:
    """A 100 MB binary, beside readelf."""
    binary = folder / "rr"
    shutil.copyfile(go_program("linux", "amd64"), binary)
    with binary.open(
        "r+b"
    ) as file:  # data behind the last section, as a program with embedded files has
        file.truncate(BINARY)
    times, peaks = [], []
    for _ in range(5):
        took, peak = run([*EXPLORER, "inspect", str(binary), "--json"], folder / "cache")
        times.append(took)
        peaks.append(peak)
    middle, most = sorted(times)[2], max(peaks) / (1 << 20)
    figures = [
        Figure("inspect of a 100 MB binary", f"{middle:.2f} s", "under 2 s", middle < 2),
        Figure("… peak memory", f"{most:.0f} MiB", "under 150", most < 150),
    ]
    if shutil.which("readelf"):
        beside = median(lambda: run(["readelf", "--all", "--wide", str(binary)], folder)[0], 3)
        figures.append(Figure("… readelf --all", f"{beside:.2f} s", "no Go build info, no verdict"))
    return figures


def seconds_of(command: list[str]) -> float:
    """How long a command takes; its output is thrown away."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began
