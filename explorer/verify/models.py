"""What was run, where, and what came out. Observed, never predicted."""

from dataclasses import dataclass
from enum import StrEnum

from explorer.facts import Fact


class Result(StrEnum):
    RAN = "ran"
    """The binary started; it may still have ended with an error of its own."""
    FAILED = "failed"
    """It did not start there, or crashed at once."""
    NOT_RUN = "not-run"
    """Nothing was learned: the engine, the image or the emulation failed, or it was stopped."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answers."""

    name: str
    """``docker``, ``podman`` or ``nerdctl``."""
    command: tuple[str, ...]
    """The words that start its client, extra arguments included."""
    version: str
    """The server's."""
    platform: str
    """The server's own, ``linux/amd64``."""
    rootless: Fact[bool]


@dataclass(frozen=True, slots=True)
class Image:
    """What the container was made from."""

    reference: str
    """As asked for: ``alpine:3.22``, or ``rr-explorer/empty``."""
    id: str
    """``sha256:…`` of the image's configuration."""
    digest: Fact[str]
    """Repository digest, ``alpine@sha256:…``; NotApplicable for one built or imported locally."""
    empty: bool
    """True for the empty image: proves only that no libc is needed."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What a stranger's program may use."""

    seconds: float = 20.0
    """Wall clock, doubled under emulation."""
    output_bytes: int = 256 * 1024
    memory_bytes: int = 512 << 20
    processes: int = 256
    """Go starts a thread per core and more; each counts."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One comparison of what was printed with what was promised."""

    name: str
    """``exit``, ``version``, ``os``, ``arch``."""
    ok: Fact[bool]
    expected: str
    seen: str
    """Untrusted."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """The loader's own ``--list``: executes nothing of the file."""

    command: tuple[str, ...]
    exit_code: int
    output: str
    """Untrusted."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One run, or the attempt at one."""

    result: Result
    meaning: str
    """Stable code of the table in the documentation: ``started``, ``interpreter-missing``, ``exec-format``, ``library-missing``,
    ``symbol-missing``, ``relocation``, ``packed``, ``isa``, ``crash``, ``not-executable``, ``timeout``, ``output-limit``,
    ``killed``, ``engine`` …"""
    text: str
    """One sentence that says what the result means."""
    engine: Fact[Engine]
    image: Fact[Image]
    platform: str
    """``linux/arm64``: the binary's."""
    emulated: Fact[bool]
    command: tuple[tuple[str, ...], ...]
    """The engine's exact command lines in order: create, cp, start, rm. Ready for ``shlex.join``."""
    argv: tuple[str, ...]
    """What ran inside the container."""
    exit_code: Fact[int]
    started_at: str
    """UTC, ISO 8601."""
    duration_s: Fact[float]
    """Of the run itself (``start --attach``)."""
    total_s: float
    """Of all four steps."""
    stdout: str
    """Untrusted, cut at the limit."""
    stderr: str
    output_truncated: bool
    checks: tuple[CheckResult, ...]
    agrees: Fact[bool]
    """Whether it agrees with the verdict; NotApplicable where nothing was proved or no verdict was given."""
    verdict: str
    """The answer that was predicted, or empty."""
    target: str
    """Name of the target that it was predicted for, or empty."""
    dry_run: Fact[DryRun]
    sha256: str
    """Of the binary that ran."""
    subject: str
    """What it is called: ``v2025.1.15/roadrunner-…tar.gz#rr``. Untrusted."""
    stand_in: bool = False
