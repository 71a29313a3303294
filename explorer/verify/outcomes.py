"""What an exit code and its text mean. Classified by text first: the code alone does not tell (runc gives 1 or 255).

The table stands in the documentation; its rows were seen with runc, musl 1.2.3 to 1.2.6, glibc 2.36 and qemu 7.2. What crun
prints is from its source.
"""

import re
from dataclasses import dataclass

from explorer.verify.models import Result


@dataclass(frozen=True, slots=True)
class Observation:
    """All that was seen of one run."""

    exit_code: int | None
    """None where it never began, or was stopped."""
    stdout: str = ""
    stderr: str = ""
    """The program's and the engine client's own, in one stream."""
    begun: bool = True
    """The engine says that the container was started; False: its start was refused."""
    out_of_memory: bool = False
    timed_out: bool = False
    flooded: bool = False
    """Stopped because of the output limit."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an observation means."""

    result: Result
    code: str
    """The stable code of ``Proof.meaning``."""
    text: str
    """One sentence. It may quote what was printed: untrusted."""


_EXEC = r"^(?:exec |[^\n]*exec container process )[^\n]+"
"""runc's words, and crun's."""

_F, _N = Result.FAILED, Result.NOT_RUN

_REFUSED: tuple[tuple[str, Result, str, str], ...] = (
    # the engine's words when the container was never begun
    (
        r"exec format error",
        _F,
        "exec-format",
        "The kernel refused it: built for another processor, or not a program",
    ),
    (
        r"(permission denied|operation not permitted)",
        _N,
        "not-executable",
        "It could not be executed: no permission, or a noexec mount",
    ),
    (
        r"(no such file or directory|executable file not found|not found in \$PATH)",
        _N,
        "file-missing",
        "There is no such file in the container",
    ),
)

_NOT_STARTED: tuple[tuple[str, tuple[int, ...], Result, str, str], ...] = (
    # text, the codes it comes with, and what it means; the first that fits decides
    (
        _EXEC + r": no such file or directory",
        (1, 127, 255),
        _F,
        "interpreter-missing",
        "Its interpreter is not in the image",
    ),
    (
        _EXEC + r": exec format error",
        (1, 126, 255),
        _F,
        "exec-format",
        "The kernel refused it: built for another processor, or not a program",
    ),
    (
        _EXEC + r": (accessing a corrupted shared library|invalid argument)",
        (1, 126, 255),
        _F,
        "exec-format",
        "The kernel refused it or its interpreter as malformed",
    ),
    (
        _EXEC + r": permission denied",
        (1, 126, 255),
        _N,
        "not-executable",
        "It could not be executed: no permission, or a noexec mount",
    ),
    (
        r"^(?:[\w-]+-binfmt-P|qemu-[\w-]+): Could not open '(?P<what>[^\n]*)': No such file",
        (1, 255),
        _F,
        "interpreter-missing",
        "Its interpreter is not in the image: {what} (emulated)",
    ),
    (
        r"^Error loading shared library (?P<what>[^\n:]+):",
        (127,),
        _F,
        "library-missing",
        "A library is missing: {what}",
    ),
    (
        r"error while loading shared libraries: (?P<what>[^\n:]+): cannot open",
        (127,),
        _F,
        "library-missing",
        "A library is missing: {what}",
    ),
    (
        r"^Error relocating [^\n]*: (?P<what>[^\n]*): symbol not found",
        (127,),
        _F,
        "symbol-missing",
        "The libc or a library lacks the symbol {what}",
    ),
    (
        r"^Error relocating [^\n]*: unsupported relocation type (?P<what>\d+)",
        (127,),
        _F,
        "relocation",
        "It needs relocation type {what}, which this loader does not know",
    ),
    (
        r"symbol lookup error: [^\n]*undefined symbol: (?P<what>\S+)",
        (127,),
        _F,
        "symbol-missing",
        "The libc or a library lacks the symbol {what}",
    ),
    (
        r"version `(?P<what>[^\n']+)' not found \(required by",
        (1,),
        _F,
        "symbol-missing",
        "The libc is too old: version {what} not found",
    ),
    (
        r"CPU ISA level is lower than required",
        (127,),
        _F,
        "isa",
        "It was built for a newer processor than this one",
    ),
    (
        r"error while loading shared libraries: (?P<what>[^\n]+)",
        (127,),
        _F,
        "library-missing",
        "The loader refused it: {what}",
    ),
)

_CRASHES = {132: ("isa", 4), 135: ("crash", 7), 139: ("crash", 11)}
"""128 + SIGILL, SIGBUS, SIGSEGV: raised by the processor, also in a container's first process."""

_QEMU_SIGNAL = re.compile(r"^qemu: uncaught target signal (\d+)", re.MULTILINE)


def signalled_under_emulation(seen: Observation) -> bool:
    """Whether qemu itself reports a fatal signal: worth a second try without Go's asynchronous preemption."""
    return _QEMU_SIGNAL.search(seen.stderr) is not None


def classify(seen: Observation) -> Meaning:
    """What was seen, in words. Pure; never raises.

    Anything that is not a known way to fail before the program's first instruction means that it **started**.
    """
    if stopped := _stopped(seen):
        return stopped
    if not seen.begun or seen.exit_code is None or seen.exit_code == 125:
        return _refused(seen)
    for pattern, codes, result, code, text in _NOT_STARTED:
        # a program that has printed something to stdout has started, whatever it says afterwards
        if (
            seen.exit_code in codes
            and not seen.stdout
            and (found := re.search(pattern, seen.stderr, re.MULTILINE | re.IGNORECASE))
        ):
            return Meaning(
                result, code, text.format(what=(found.groupdict().get("what") or "")[:200])
            )
    if seen.exit_code == 127 and not seen.stdout and not seen.stderr:
        return Meaning(
            _F,
            "packed",
            "It ended with 127 and printed nothing: a packed dynamic program whose loader is not in the image",
        )
    if crash := _crashed(seen):
        return crash
    if seen.exit_code == 0:
        return Meaning(Result.RAN, "started", "It started and ended with exit code 0")
    if seen.exit_code == 137 and not seen.stdout and not seen.stderr:
        return Meaning(
            _N,
            "killed",
            "It was killed before it had printed anything: from outside, or at the memory limit",
        )
    return Meaning(
        Result.RAN,
        "started",
        f"It started; it ended with exit code {seen.exit_code}, which is its own",
    )


_HINTS = (
    # podman asks for a million open files and processes by default, which its own hard limit may forbid
    (
        r"error setting rlimit",
        "Ask for less with the setting run_args: --ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024",
    ),
    (
        r"unable to setup user|newuidmap|subuid|lchown",
        "A rootless engine needs a range of user ids: see /etc/subuid and podman system migrate",
    ),
    (
        r"seccomp|apparmor|selinux",
        "A security profile forbids it: see the setting run_args for another --security-opt or --runtime",
    ),
)
_HINT = "See whether the engine runs anything at all; the setting run_args takes words for its create, e.g. --runtime=runc"


def _stopped(seen: Observation) -> Meaning | None:
    """What we or the kernel stopped: it counts as started when it had shown a sign of life."""
    alive = bool(seen.stdout or seen.stderr)
    if seen.flooded:
        return Meaning(
            Result.RAN,
            "output-limit",
            "It started and was stopped: it printed more than the output limit",
        )
    if seen.timed_out and alive:
        return Meaning(
            Result.RAN,
            "timeout",
            "It started, was still running at the time limit, and was stopped",
        )
    if seen.timed_out:
        return Meaning(
            _N,
            "timeout",
            "It was stopped at the time limit and had printed nothing: give it more time, or another command",
        )
    if seen.out_of_memory and seen.exit_code != 0:
        return Meaning(Result.RAN, "killed", "It started and was killed at the memory limit")
    return None


def _refused(seen: Observation) -> Meaning:
    for pattern, result, code, text in _REFUSED:
        if re.search(
            r"exec[: ][^\n]*" + pattern + "|executable file [^\n]*" + pattern,
            seen.stderr,
            re.IGNORECASE,
        ):
            return Meaning(result, code, text)
    lines = [line for line in seen.stderr.strip().splitlines() if line.strip()]
    why = f": {lines[-1][:300]}" if lines else ""
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, seen.stderr)), _HINT)
    return Meaning(
        _N,
        "engine",
        f"The engine could not start it, which says nothing about the program{why}. {hint}",
    )


def _crashed(seen: Observation) -> Meaning | None:
    code, signal = _CRASHES.get(seen.exit_code or 0, ("", 0))
    emulated = _QEMU_SIGNAL.search(seen.stderr)
    if emulated and not code:
        signal = int(emulated[1][:4])
        code = {4: "isa", 7: "crash", 11: "crash"}.get(signal, "")
    if not code:
        return None
    if seen.stdout:
        return Meaning(
            Result.RAN,
            "crash",
            f"It started, printed something, and then crashed with signal {signal}",
        )
    where = " under emulation" if emulated else ""
    if code == "isa":
        return Meaning(
            _F, code, f"It used an instruction that this processor does not have (signal 4){where}"
        )
    return Meaning(_F, code, f"It crashed in or before its start-up (signal {signal}){where}")
