"""The jobs that run or have run. Workers report by messages; only the app's handlers change it."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic

from textual.message import Message

from explorer.progress import Progress

LINES = 5_000
"""Lines of output that a job keeps."""
FINISHED = 50
"""Finished jobs that are kept."""


class JobKind(StrEnum):
    """What a job does."""

    LISTING = "listing"
    DOWNLOAD = "download"
    SAVE = "save"
    INSPECT = "inspect"
    OPEN = "open"
    VERIFY = "verify"
    SWEEP = "sweep"
    ADVISE = "advise"
    PULL = "pull"
    COMPARE = "compare"
    DATABASE = "update"
    """Of the vulnerability database."""


class JobState(StrEnum):
    """Whether a job runs, or how it ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Job:
    """One piece of long work."""

    id: int
    kind: JobKind
    title: str
    """A name for the user; untrusted."""
    about: str
    """The key of the file it is about, by which screens find it; untrusted."""
    started: float
    """``monotonic`` seconds."""
    state: JobState = JobState.RUNNING
    place: str = ""
    """The key of its project."""
    progress: Progress | None = None
    message: str = ""
    """Why it failed; untrusted."""
    seconds: float = 0.0
    """Duration, once it has ended."""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))
    """Output of the program; untrusted."""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.state is JobState.RUNNING


class JobProgressed(Message):
    """A job has made progress. A later message about the same job replaces this one."""

    def __init__(self, job: Job, progress: Progress) -> None:
        super().__init__()
        self.job = job
        self.progress = progress

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, JobProgressed) and message.job is self.job


class JobPrinted(Message):
    """The program in the container printed lines."""

    def __init__(self, job: Job, lines: tuple[str, ...]) -> None:
        super().__init__()
        self.job = job
        self.lines = lines


class JobEnded(Message):
    """A job has ended."""

    def __init__(self, job: Job, state: JobState, message: str) -> None:
        super().__init__()
        self.job = job
        self.state = state
        self.message = message


class JobBoard:
    """The jobs, newest last."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._jobs: list[Job] = []

    def start(self, kind: JobKind, title: str, about: str, place: str = "") -> Job:
        """Add a new job."""
        job = Job(next(self._ids), kind, title, about, monotonic(), place=place)
        self._jobs.append(job)
        return job

    def finish(self, job: Job, state: JobState, message: str = "") -> None:
        """Record how a job ended, and forget the oldest finished ones."""
        job.state, job.message, job.seconds = state, message, monotonic() - job.started
        finished = [other for other in self._jobs if not other.running]
        for old in finished[: max(0, len(finished) - FINISHED)]:
            self._jobs.remove(old)

    @property
    def all(self) -> tuple[Job, ...]:
        """Every job, oldest first."""
        return tuple(self._jobs)

    @property
    def running(self) -> tuple[Job, ...]:
        """The running jobs, oldest first."""
        return tuple(job for job in self._jobs if job.running)

    def find(self, kind: JobKind, about: str) -> Job | None:
        """The newest job of this kind about this file, running or not."""
        return next(
            (job for job in reversed(self._jobs) if job.kind is kind and job.about == about), None
        )
