"""Strings and bytes of a 100 MB file, beside binutils' strings and grep; two builds, beside cmp."""

import os
import shutil
from pathlib import Path

from tests.bench.figures import Figure, median
from tests.bench.peeking import go_program
from tests.bench.whole import BINARY, EXPLORER, idle, run


def measure(folder: Path) -> list[Figure]:
    """All of them."""
    big = folder / "rr"
    program = go_program("linux", "amd64").read_bytes()
    with big.open("wb") as file:
        for _ in range(BINARY // len(program)):
            file.write(program)
    other = folder / "other"
    shutil.copyfile(big, other)
    with other.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"changed")
    base = idle(folder / "idle")
    strings, peak = run([*EXPLORER, "strings", str(big), "--raw"], folder / "cache")
    grown = (peak - base) / (1 << 20)
    text = ["--raw", "--text", "changed"]
    find, _ = run([*EXPLORER, "hex", str(other), *text], folder / "cache")
    compare, _ = run([*EXPLORER, "compare", str(big), str(other)], folder / "cache")
    figures = [
        Figure("strings of 100 MB", f"{strings:.2f} s"),
        Figure("… memory over an idle command", f"{grown:.1f} MiB", "at most 32", grown <= 32),
        Figure("hex --text, to the end of 100 MB", f"{find:.2f} s"),
        Figure("compare of two files of 100 MB", f"{compare:.2f} s"),
    ]
    for name, words in (
        ("strings", ["strings", "-a", "-t", "x", str(big)]),
        ("grep", ["grep", "-c", "-a", "-i", "changed", str(other)]),
    ):
        if shutil.which(name):
            beside = median(lambda words=words: run(words, folder)[0], 3)  # type: ignore[misc]
            figures.append(Figure(f"… {name}", f"{beside:.2f} s"))
    return figures
