"""One line of the result: what was measured, the figure, what it is held against, and whether it
holds."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure. ``holds`` is None where nothing is required of it."""

    what: str
    value: str
    beside: str = ""
    holds: bool | None = None


def median(measure: Callable[[], float], times: int) -> float:
    """The median of several runs, after one that warms the caches up."""
    measure()
    return statistics.median(measure() for _ in range(times))


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """A table for people; the last column says whether what is required holds."""
    print(f"\n{title}")
    wide = [
        max([0, *(len(column) for column in columns)])
        for columns in zip(*((f.what, f.value, f.beside) for f in figures), strict=True)
    ]
    for f in figures:
        mark = "" if f.holds is None else "✓" if f.holds else "✗"
        print(
            f"  {f.what:<{wide[0]}}  {f.value:>{wide[1]}}  {f.beside:<{wide[2]}}  {mark}".rstrip()
        )
