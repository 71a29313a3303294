"""``make bench``: prints every figure; ends with 1 where a required one does not hold.

What does not hold is measured once more: other work on the machine may have been the reason.
"""

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
        below = _measured(title, measure)
        if below:
            again = _measured(title, measure)
            below = again if title in below | again else below & again
        missed += len(below)
    if missed:
        print(f"\n{missed} required figures do not hold here.")
    return 1 if missed else 0


def _measured(title: str, measure: Callable[[Path], list[Figure]]) -> set[str]:
    """Print a part's figures; those that do not hold, by their names. Its title: it failed."""
    with tempfile.TemporaryDirectory(prefix="rr-explorer-bench-") as folder:
        try:
            figures = measure(Path(folder))
        except Exception as error:  # noqa: BLE001  # the other parts are measured all the same
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            figures = [Figure(title, "not measured", reason[:200], holds=False)]
    print_table(title, figures)
    return {figure.what for figure in figures if figure.holds is False}


if __name__ == "__main__":
    sys.exit(main())
