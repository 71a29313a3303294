"""What an exit code and its text mean.

The text comes first, since the code alone does not tell (runc gives 1 or 255). The rows were seen
with runc, musl 1.2.3 to 1.2.6, glibc 2.36 and qemu 7.2; what crun prints is from its source.

The rule behind all rows: what the kernel, the emulator or the loader says in the program's place
is no start; anything that the program itself printed is one.
"""

import re
from dataclasses import dataclass

from explorer.verify.models import Result


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that was observed of one run."""

    exit_code: int | None
    """None if it never began, or was stopped."""
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
class KnownProgram:
    """What is known of the program before it runs; it rules meanings out."""

    path: str = ""
    """Its path inside the container, which refusals name; empty: any."""
    static: bool = False
    """It has no interpreter, so no loader, library or symbol can be missing."""
    may_be_packed: bool = True
    """It may hold another program whose linkage is not known (UPX)."""
    too_large: bool = False
    """It claims more memory at start than kernels give."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an observation means."""

    result: Result
    code: str
    """The stable code of ``Proof.meaning``."""
    text: str
    """One sentence. It may quote what was printed: untrusted."""


UNKNOWN_PROGRAM = KnownProgram()


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One way to say that a program does not start; a regular expression of one line."""

    pattern: str
    codes: tuple[int, ...]
    code: str
    text: str
    result: Result = Result.FAILED
    needs_loader: bool = True
    """It cannot be said of a static program."""

    def match(self, line: str, program: KnownProgram) -> "re.Match[str] | None":
        if self.needs_loader and program.static:
            return None
        path = re.escape(program.path) if program.path else r"[^\n]+?"
        return re.match(self.pattern.replace("<PATH>", path), line)


EMULATOR_REFUSED = "emulator-refused"
"""Not always what a processor of that kind would say: qemu-user checks more than Linux does."""

_EXEC = r"(?:exec <PATH>|.*exec container process [`\"]?<PATH>[`\"]?): "
"""runc's words, and crun's."""
_QEMU = r"(?:[\w-]+-binfmt-P|qemu-[\w-]+): "
_NOT_A_PROGRAM = "The kernel refused it: built for another processor, or not a program"

_REFUSALS = (
    # the kernel's, in the words of runc and crun
    _Refusal(
        _EXEC + "(?:no such file or directory|No such file or directory)",
        (1, 127, 255),
        "interpreter-missing",
        "Its interpreter is not in the image",
    ),
    _Refusal(
        _EXEC + "[Ee]xec format error",
        (1, 126, 255),
        "exec-format",
        _NOT_A_PROGRAM,
        needs_loader=False,
    ),
    _Refusal(
        _EXEC + r"(?P<what>[^\n]*(?:corrupted shared library|[Ii]nvalid argument|"
        r"[Cc]annot allocate memory|[Ee]xecutable file busy|argument list too long))",
        (1, 126, 255),
        "exec-format",
        "The kernel refused it or its interpreter: {what}",
        needs_loader=False,
    ),
    _Refusal(
        _EXEC + "[Pp]ermission denied",
        (1, 126, 255),
        "not-executable",
        "It could not be executed: no permission, or a noexec mount",
        Result.NOT_RUN,
        needs_loader=False,
    ),
    # qemu-user's: every message of its loader begins with its name
    _Refusal(
        _QEMU + "Could not open '(?P<what>[^\n]*)': No such file",
        (1, 255),
        "interpreter-missing",
        "Its interpreter is not in the image: {what} (emulated)",
    ),
    _Refusal(
        _QEMU + r"(?!warning)(?P<what>\S[^\n]*)",
        (1, 126, 127, 255),
        EMULATOR_REFUSED,
        "The emulator's loader refused it: {what}",
        needs_loader=False,
    ),
    # the interpreter's: musl's ldso and glibc's ld.so
    _Refusal(
        r"Error loading shared library (?P<what>[^\n:]+): Exec format error",
        (127,),
        "library-missing",
        "The first file of a library's name is not a library: {what}",
    ),
    _Refusal(
        r"Error loading shared library (?P<what>[^\n:]+): [^\n]*\(needed by ",
        (127,),
        "library-missing",
        "A library is missing: {what}",
    ),
    _Refusal(
        r"Error relocating [^\n]*: (?P<what>[^\n]*): symbol not found",
        (127,),
        "symbol-missing",
        "The libc or a library lacks the symbol {what}",
    ),
    _Refusal(
        r"Error relocating [^\n]*: unsupported relocation type (?P<what>\d+)",
        (127,),
        "relocation",
        "It needs relocation type {what}, which this loader does not know",
    ),
    _Refusal(
        r"[^\n]*error while loading shared libraries: (?P<what>[^\n:]+): cannot open",
        (127,),
        "library-missing",
        "A library is missing: {what}",
    ),
    _Refusal(
        r"[^\n]*symbol lookup error: [^\n]*undefined symbol: (?P<what>\S+)",
        (127,),
        "symbol-missing",
        "The libc or a library lacks the symbol {what}",
    ),
    _Refusal(
        r"[^\n]*version `(?P<what>[^\n']+)' not found \(required by",
        (1,),
        "symbol-missing",
        "A library is too old: version {what} not found",
    ),
    _Refusal(
        r"[^\n]*(?:CPU ISA level is lower than required|CPU does not support x86-64-v)",
        (127,),
        "isa",
        "It was built for a newer processor than this one",
        needs_loader=False,
    ),
    _Refusal(
        r"[^\n]*error while loading shared libraries: (?P<what>[^\n]+)",
        (127,),
        "library-missing",
        "The loader refused it: {what}",
    ),
)

_NOT_BEGUN: tuple[tuple[str, Result, str, str], ...] = (
    # the engine's words if the container was never started
    (r"exec format error", Result.FAILED, "exec-format", _NOT_A_PROGRAM),
    (
        r"(permission denied|operation not permitted)",
        Result.NOT_RUN,
        "not-executable",
        "It could not be executed: no permission, or a noexec mount",
    ),
    (
        r"(no such file or directory|executable file not found|not found in \$PATH)",
        Result.NOT_RUN,
        "file-missing",
        "There is no such file in the container",
    ),
)

_CRASHES = {132: ("isa", 4), 135: ("crash", 7), 139: ("crash", 11)}
"""128 + SIGILL, SIGBUS, SIGSEGV. A container's first process that calls abort() ends with 139, too:
SIGABRT is ignored there, so the C library executes an instruction that faults."""

_QEMU_SIGNAL = re.compile(r"^qemu: uncaught target signal (\d+)[^\n]*\n?", re.MULTILINE)


def signalled_under_emulation(observed: Observation) -> bool:
    """Whether qemu reports a fatal signal: worth a second try without Go's preemption."""
    return _QEMU_SIGNAL.search(observed.stderr) is not None


def classify(observed: Observation, program: KnownProgram = UNKNOWN_PROGRAM) -> Meaning:
    """Say what an observation means. Pure; never raises.

    Anything that is not a known way to fail before the program's first instruction means that it
    **started**.
    """
    if stopped := _stopped(observed, program):
        return stopped
    if not observed.begun or observed.exit_code is None:
        return _not_begun(observed)
    if refused := _refused(observed, program):
        return refused
    silent = not observed.stdout and not observed.stderr
    if observed.exit_code == 127 and silent and program.may_be_packed and not program.static:
        return Meaning(
            Result.FAILED,
            "packed",
            "It ended with 127 and printed nothing: "
            "a packed dynamic program whose loader is not in the image",
        )
    if crash := _crashed(observed):
        return crash
    if observed.exit_code == 137 and silent:
        return _killed("from outside, or at the memory limit", program)
    if observed.exit_code == 0:
        return Meaning(Result.RAN, "started", "It started and ended with exit code 0")
    return Meaning(
        Result.RAN,
        "started",
        f"It started; it ended with exit code {observed.exit_code}, which is its own",
    )


def _stopped(observed: Observation, program: KnownProgram) -> Meaning | None:
    """What we or the kernel stopped: it counts as started if it had printed anything."""
    printed = bool(observed.stdout or observed.stderr)
    if observed.flooded:
        return Meaning(
            Result.RAN,
            "output-limit",
            "It started and was stopped: it printed more than the output limit",
        )
    if observed.timed_out and printed:
        return Meaning(
            Result.RAN,
            "timeout",
            "It started, was still running at the time limit, and was stopped",
        )
    if observed.timed_out:
        return Meaning(
            Result.NOT_RUN,
            "timeout",
            "It was stopped at the time limit and had printed nothing: "
            "give it more time, or another command",
        )
    if observed.out_of_memory and observed.exit_code != 0:
        if not printed:
            return _killed("at the memory limit", program)
        return Meaning(Result.RAN, "killed", "It started and was killed at the memory limit")
    return None


def _killed(how: str, program: KnownProgram) -> Meaning:
    if program.too_large:
        return Meaning(
            Result.FAILED,
            "killed",
            "It claims more memory at start than kernels give, and was killed before it had"
            f" printed anything: {how}",
        )
    return Meaning(
        Result.NOT_RUN,
        "killed",
        f"It was killed before it had printed anything: {how}. That does not tell if it starts",
    )


def _not_begun(observed: Observation) -> Meaning:
    for pattern, result, code, text in _NOT_BEGUN:
        where = r"exec[: ][^\n]*" + pattern + r"|executable file [^\n]*" + pattern
        if re.search(where, observed.stderr, re.IGNORECASE):
            return Meaning(result, code, text)
    lines = [line for line in observed.stderr.strip().splitlines() if line.strip()]
    why = f": {lines[-1][:300]}" if lines else ""
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, observed.stderr)), _HINT)
    return Meaning(
        Result.NOT_RUN,
        "engine",
        f"The engine could not start it, which says nothing about the program{why}. {hint}",
    )


def _refused(observed: Observation, program: KnownProgram) -> Meaning | None:
    """What was said in the program's place, in the first line: afterwards only it can speak."""
    if observed.stdout:
        return None
    line = next((line for line in observed.stderr.splitlines() if _counts(line)), "")[:2048]
    for refusal in _REFUSALS:
        if observed.exit_code in refusal.codes and (match := refusal.match(line, program)):
            quoted = (match.groupdict().get("what") or "")[:200]
            return Meaning(refusal.result, refusal.code, refusal.text.format(what=quoted))
    return None


def _counts(line: str) -> bool:
    """glibc's loader may warn before it refuses."""
    return bool(line.strip()) and ": no version information available (required by" not in line


def _crashed(observed: Observation) -> Meaning | None:
    code, signal = _CRASHES.get(observed.exit_code or 0, ("", 0))
    emulated = _QEMU_SIGNAL.search(observed.stderr)
    if emulated and not code:
        signal = int(emulated[1][:4])
        code = {4: "isa", 7: "crash", 11: "crash"}.get(signal, "")
    if not code:
        return None
    if observed.stdout or _QEMU_SIGNAL.sub("", observed.stderr).strip():
        how = ", which is also how abort() ends there" if signal == 11 and not emulated else ""
        return Meaning(
            Result.RAN,
            "crash",
            f"It started, printed something, and crashed (signal {signal}{how})",
        )
    where = " under emulation" if emulated else ""
    abort = ", as a silent abort() does" if signal == 11 and not emulated else ""
    if code == "isa":
        return Meaning(
            Result.FAILED,
            code,
            f"It used an instruction that this processor does not have (signal 4){where}",
        )
    return Meaning(
        Result.FAILED, code, f"It crashed in or before its start-up (signal {signal}{abort}){where}"
    )


_HINTS = (
    # podman's default is a million open files and processes, which its own hard limit may forbid
    (
        r"error setting rlimit",
        "Lower the limits with the setting run_args: "
        "--ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024",
    ),
    (
        r"unable to setup user|newuidmap|subuid|lchown",
        "A rootless engine needs a range of user ids: see /etc/subuid and podman system migrate",
    ),
    (
        r"seccomp|apparmor|selinux",
        "A security profile forbids it: see the setting run_args for another --security-opt "
        "or --runtime",
    ),
)
_HINT = (
    "Check whether the engine runs anything at all; the setting run_args adds arguments to its "
    "create, such as --runtime=runc"
)
