"""The steps of a deep proof: what the program is asked to do beyond starting, and the results."""

from dataclasses import dataclass
from enum import StrEnum

STEP_NAMES = ("serve", "tls", "time-zone", "dns", "write", "threads")
"""Every step that a project profile can describe, in the order in which they are done."""


class StepStatus(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    """Nothing says how this program is asked for it."""
    NOT_TRIED = "not-tried"
    """It could not be tried here: the reason says why."""


@dataclass(frozen=True, slots=True)
class DeepStep:
    """One thing that the program is asked to do."""

    name: str
    """One of ``STEP_NAMES``."""
    argv: tuple[str, ...]
    """``{}`` stands for the program, ``{config}`` for the path of ``config``."""
    config: str = ""
    """The text of a file beside the program; empty: none."""
    config_name: str = "rr-explorer-deep.conf"
    """The name of that file."""
    url: str = ""
    """For ``serve``: what must answer 200 inside the container."""
    expect: str = ""
    """A regular expression that the output must match; empty: any output."""
    fails: bool = False
    """It must end with an error of its own, without a crash."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came out of a step."""

    name: str
    """``health``, ``tls without ca-certificates`` …"""
    status: StepStatus
    why: str
    """One sentence. Untrusted."""
    install: str = ""
    """``apk add tzdata``: what turns this failure into a success. Empty: nothing known does."""

    @property
    def counts_as_failure(self) -> bool:
        """Whether it failed, and no package is known that mends it."""
        return self.status is StepStatus.FAIL and not self.install
