"""``make bench``: prints every figure; ends with 1 where a required one does not hold."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    auditing,
    contents,
    engines,
    getting,
    keys,
    painting,
    peeking,
    proving,
    starting,
    whole,
)
from tests.bench.figures import Figure, print_table

PARTS: dict[str, tuple[str, Callable[[Path], list[Figure]]]] = {
    "peek": ("A verdict before the download (counted at the local server)", peeking.measure),
    "paint": ("First paint (in a terminal of 120 by 40)", painting.measure),
    "start": ("The command line's start beside click's", starting.measure),
    "keys": (
        "Keys, during a download, peeks, a million-row search and a flood of output",
        keys.measure,
    ),
    "inspect": ("Whole files: inspect", whole.inspections),
    "download": ("Whole files: download", whole.downloads),
    "get": ("get beside curl, sha256sum and tar", getting.measure),
    "audit": ("What an audit asks, beside the usual tools", auditing.measure),
    "bytes": ("Strings and bytes of a file, two files", contents.measure),
    "proof": ("Proofs", proving.measure),
    "engines": ("Proofs by the Engine API, and over ssh", engines.measure),
}


def main() -> int:
    """Measure the parts named, or all."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default"
    )
    missed = 0
    for part in parser.parse_args().parts or PARTS:
        title, measure = PARTS[part]
        with tempfile.TemporaryDirectory(prefix="rr-explorer-bench-") as folder:
            figures = measure(Path(folder))
        print_table(title, figures)
        missed += sum(1 for figure in figures if figure.holds is False)
    if missed:
        print(f"\n{missed} required figures do not hold here.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
