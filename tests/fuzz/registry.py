"""What is fuzzed: a target takes any bytes, and anything but an ``ExplorerError`` is a bug."""

from collections.abc import Callable

TARGETS: dict[str, Callable[[bytes], None]] = {}


def fuzzed(function: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Register a target by its name."""
    TARGETS[function.__name__] = function
    return function
