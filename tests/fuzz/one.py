"""One target under atheris, in a process of its own: libFuzzer ends the process when it is done."""

import sys

import atheris

with atheris.instrument_imports(include=["explorer"]):
    from tests.fuzz import containers, golang, targets  # noqa: F401 - each registers its own
    from tests.fuzz.registry import TARGETS


def main() -> None:
    """``python -m tests.fuzz.one TARGET CORPUS [libFuzzer's options]``."""
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
