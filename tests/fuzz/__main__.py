"""``python -m tests.fuzz [--inputs N] [--jobs N] [TARGET …]``: each target in its own process.

Prints a row a target, and exits with 1 where one failed; the input that did it is kept under
``build/fuzz/TARGET`` and its path is printed.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.fuzz.seeds import SEEDS
from tests.support.binaries import BUILD

INPUTS = 1_000_000
"""In all, shared among the targets by ``SHARES``."""
SHARES = {
    "elf": 8,
    "prefix": 8,
    "archive": 8,
    "archive_prefix": 6,
    "peek": 8,
    "sevenzip": 8,
    "rpm": 5,
    "cpio": 5,
    "inflate": 8,
    "nrv": 6,
    "pclntab": 7,
    "symbols": 3,
    "versions": 4,
    "advisories": 5,
    "names": 4,
    "shown": 4,
    "api": 3,
}
"""Percent."""
_EXECUTED = re.compile(r"number_of_executed_units: (\d+)")
"""libFuzzer's own count; fewer than asked for where a target failed."""
LONGEST = 48 << 10
"""Bytes of an input."""


def run(total: int, shares: int, target: str) -> bool:
    """Fuzz one target with its share of all inputs; whether it held."""
    inputs = total * SHARES[target] // shares
    place = BUILD / "fuzz" / target
    (place / "corpus").mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]()):
        (place / "corpus" / f"seed-{number}").write_bytes(seed)
    command = [
        *(sys.executable, "-m", "tests.fuzz.one", target, str(place / "corpus")),
        *(f"-runs={inputs}", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=2048"),
        *(f"-artifact_prefix={place}/", "-print_final_stats=1", "-verbosity=0"),
    ]
    start = time.monotonic()
    with (place / "log").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    seconds = time.monotonic() - start
    verdict = "held" if done.returncode == 0 else f"FAILED: see {place / 'log'}"
    executed = _EXECUTED.search((place / "log").read_text(errors="replace"))
    ran = int(executed[1]) if executed else 0
    print(f"{target:16}{ran:>10,} inputs{seconds:>9.1f} s  {verdict}", flush=True)
    return done.returncode == 0


def main() -> int:
    """All targets, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("targets", nargs="*", choices=[*SHARES, []], default=[])
    options = parser.parse_args()
    chosen = options.targets or list(SHARES)
    whole = sum(SHARES[name] for name in chosen)
    with ThreadPoolExecutor(options.jobs) as pool:
        held = list(pool.map(partial(run, options.inputs, whole), chosen))
    print(f"{sum(held)} of {len(held)} targets held, {options.inputs:,} inputs")
    return 0 if all(held) else 1


if __name__ == "__main__":
    Path(BUILD).mkdir(exist_ok=True)
    raise SystemExit(main())
