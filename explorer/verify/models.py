"""What was run, where, and what came out. Observed, never predicted."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from explorer.facts import Fact, Unknown
from explorer.verify.deep_steps import StepResult
from explorer.verify.tree import Tree, no_tree


class Result(StrEnum):
    RAN = "ran"
    """The binary started; it may still have ended with an error of its own."""
    FAILED = "failed"
    """It did not start there, or crashed at once."""
    NOT_RUN = "not-run"
    """It shows nothing: the engine, the image or the emulation failed, or it was stopped."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answers."""

    name: str
    """``docker``, ``podman`` or ``nerdctl``."""
    command: tuple[str, ...]
    """What starts its client, extra arguments included."""
    version: str
    """The server's."""
    platform: str
    """The server's own, ``linux/amd64``."""
    rootless: Fact[bool]
    limits_cpus: bool = True
    """Whether it can limit a container's processor time; some rootless engines cannot."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the doctor says of one engine."""

    name: str
    installed: bool
    """Its client is on the PATH."""
    answers: bool
    detail: str
    """Version and platform, or what went wrong."""
    remedy: str
    """What to do; empty if it answers."""


@dataclass(frozen=True, slots=True)
class Emulation:
    """Whether an engine can run programs of a platform."""

    platform: str
    native: bool
    """The engine's own platform, or one that its processor also runs (386 on amd64)."""
    available: bool
    """They run, natively or emulated."""
    remedy: str
    """What installs the emulation; empty if it is there."""

    @property
    def emulated(self) -> bool:
        """Whether they run, but not on the processor itself."""
        return self.available and not self.native


@dataclass(frozen=True, slots=True)
class ImageSystem:
    """What an image holds, read from its files: which system a proof counts for."""

    id: str
    """``ID`` of its os-release: ``alpine``; empty if it has none. Untrusted, as all its text."""
    version: str
    """``VERSION_ID``: ``3.22.1``; may be empty."""
    name: str
    """``PRETTY_NAME``: ``Alpine Linux v3.22``; may be empty."""
    libc: str
    """``musl`` or ``glibc``, by the loader that is there; ``none`` without one."""
    libc_version: Fact[str]
    """``1.2.5``, ``2.36``; NotApplicable without a libc."""
    loaders: tuple[str, ...] = ()
    """Paths of the loaders for the proof's architecture that are there."""
    packages: tuple[str, ...] = ()
    """The packages that its package manager's database lists, sorted; empty if it was not read."""


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
    system: Fact[ImageSystem] = field(default_factory=lambda: Unknown("the image was not read"))


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What an untrusted program may use."""

    seconds: float = 20.0
    """Wall clock, doubled under emulation."""
    output_bytes: int = 256 * 1024
    memory_bytes: int = 512 << 20
    processes: int = 256
    """Go starts a thread per core and more; each counts."""
    cpus: float = 1.0


@dataclass(frozen=True, slots=True)
class VersionOutput:
    """How to read what a program prints about itself: regular expressions with one group each."""

    version: str = r"(?:^|[^\w.])v?(\d+\.\d+[\w.+~-]*)"
    """Empty: it is not printed."""
    os: str = r"\b(linux|darwin|windows|freebsd)/\w+"
    arch: str = r"\b(?:linux|darwin|windows|freebsd)/(\w+)"
    unset: tuple[str, ...] = ("dev", "devel")
    """What a build prints that does not know its version."""
    any_exit: bool = False
    """Whether it may end with any exit code."""
    certain: bool = False
    """Whether the project promises this output. If not, other output says nothing."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the program should print about itself; an empty field is not checked."""

    version: str = ""
    """The tag's, without its ``v``."""
    os: str = ""
    """In Go's words, as the asset's name claims."""
    arch: str = ""
    output: VersionOutput = VersionOutput()


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """Everything that a proof needs."""

    engine: Engine
    binary: Path
    """The file on this machine. It is only read."""
    platform: str
    """``linux/arm64``: what the ELF header says."""
    image: str
    """What to run it in, ``alpine:3.22``; empty: the empty image (static binaries only)."""
    name: str = ""
    """Its path inside, below ``/rr-explorer``: ``rr``, ``bin/rr``; empty: the file's own name."""
    argv: tuple[str, ...] = ("{}",)
    """The command; ``{}`` stands for the binary's path inside. Standard input is always empty."""
    by_shell: bool = False
    """Start it by the image's ``/bin/sh``, for a program that no kernel starts itself."""
    beside: Tree = no_tree
    """The files beside it: its archive's, or the libraries in its folder."""
    static: bool = False
    """No interpreter and no libraries: the empty image will do if there is no other."""
    may_be_packed: bool = True
    """It may hold another program whose linkage is not known."""
    too_large: bool = False
    """It claims more memory at start than kernels give."""
    limits: RunLimits = field(default_factory=lambda: RunLimits())
    run_args: tuple[str, ...] = ()
    """Extra arguments of the engine's ``create``."""
    network_of: str = ""
    """The name of a container whose network it shares; empty: it has none."""
    resolves_here: bool = False
    """Whether a resolver answers on the loopback of that network."""
    pull: bool = True
    """Whether an image that is not there may be pulled."""
    expect: Expectations = field(default_factory=lambda: Expectations())
    verdict: str = ""
    """The predicted answer (``yes`` …); empty without one."""
    target: str = ""
    """Name of the target that the verdict is about."""
    needs_packages: bool = False
    """Whether packages decide: then the image is asked which it holds."""
    libc: str = ""
    """The target's: images with it are offered where the wanted one is missing."""
    subject: str = ""
    """What it is called, for the record. Untrusted."""
    sha256: str = ""
    """Of the binary as it was inspected; other bytes are refused. Empty: any."""
    stand_in: bool = False


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
    """Stable code of the table in the documentation: ``started``, ``interpreter-missing``,
    ``exec-format``, ``emulator-refused``, ``library-missing``, ``symbol-missing``, ``relocation``,
    ``packed``, ``isa``, ``crash``, ``not-executable``, ``file-missing``, ``timeout``,
    ``output-limit``, ``killed``, ``engine`` …"""
    text: str
    """One sentence that says what the result means."""
    engine: Fact[Engine]
    image: Fact[Image]
    platform: str
    """``linux/arm64``: the binary's."""
    emulated: Fact[bool]
    command: tuple[tuple[str, ...], ...]
    """The engine's exact command lines in order: create, cp (none for a program that is
    mounted), start, rm; for ``shlex.join``."""
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
    """Whether it agrees with the verdict on ``target``; NotApplicable if there is none."""
    verdict: str
    """The predicted answer for ``target``, or empty."""
    target: str
    """Name of the target that it counts for: what the image was. Empty: no known target."""
    dry_run: Fact[DryRun]
    sha256: str
    """Of the binary that ran."""
    subject: str
    """What it is called: ``v2025.1.15/roadrunner-…tar.gz#rr``. Untrusted."""
    stand_in: bool = False
    deep: tuple[StepResult, ...] = ()
    """What was done beyond starting it; empty without a deep proof."""
