"""Progress in words, put together once; each face shows the parts that it has room for."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.progress import Progress
from explorer.report.text import one_line
from explorer.report.units import human_duration, human_rate, human_size, percent


@dataclass(frozen=True, slots=True)
class ProgressWords:
    """The parts of a progress; empty if not known. Visible text."""

    stage: str
    share: str
    """``43 %``."""
    done: str
    """``10.4 MB``, ``3``."""
    total: str
    """``24.1 MB``, ``16 files``."""
    rate: str
    """``3.2 MB/s``."""
    left: str
    """``4.1 s left``."""
    detail: str


def progress_words(progress: Progress) -> ProgressWords:
    """The parts of ``progress``."""
    in_bytes = progress.unit == "bytes"

    def amount(count: int, unit: str) -> str:
        return human_size(count) if in_bytes else f"{count:,}{unit}"

    unit = f" {progress.unit}"
    total, left = progress.total, progress.seconds_left
    return ProgressWords(
        one_line(progress.stage),
        percent(progress.done, total) if total else "",
        amount(progress.done, "" if total else unit) if progress.done or total else "",
        amount(total, unit) if total else "",
        human_rate(progress.rate) if progress.rate and in_bytes else "",
        f"{human_duration(left)} left" if left is not None else "",
        one_line(progress.detail),
    )


def progress_line(progress: Progress) -> str:
    """``downloading 43 % of 24.1 MB, 3.2 MB/s, 4.1 s left``."""
    words = progress_words(progress)
    done = words.share if progress.unit == "bytes" and words.share else words.done
    amount = f"{done} of {words.total}" if words.total else done
    parts = (f"{words.stage} {amount}".strip(), words.rate, words.left, words.detail)
    return ", ".join(part for part in parts if part)
