"""A deep proof: what the program does beyond starting, a container per step.

Each step is a proof of its own, with the same limits, labels and clean-up. A package's files are
lent by this machine: they lie in a volume where the package would put them.
"""

import io
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.errors import EngineError
from explorer.facts import MISSING
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.verify.api import engine_call
from explorer.verify.container import COPY_SECONDS, Container, Warn, ignore_warning
from explorer.verify.deep_steps import STEP_NAMES, DeepStep, StepResult, StepStatus
from explorer.verify.engines import engine_failure
from explorer.verify.leftovers import session_label
from explorer.verify.models import Expectations, Proof, ProofRequest, Result
from explorer.verify.proof import prove
from explorer.verify.tree import ROOT, SHELL, Tree, TreeItem

_SERVE = r"""
url=$1; tries=$2; shift 2
command -v wget >/dev/null || { echo "no wget"; exit 3; }
"$@" >&2 &
server=$!
while [ "$tries" -gt 0 ]; do
  if wget -q -T 2 -O /dev/null "$url" 2>/tmp/rr-explorer-wget; then echo "health 200"; break; fi
  kill -0 "$server" 2>/dev/null || { wait "$server"; echo "stopped $?"; exit 4; }
  tries=$((tries - 1))
  sleep 0.1
done
[ "$tries" -gt 0 ] || echo "no answer: $(tail -n 1 /tmp/rr-explorer-wget)"
kill -TERM "$server"
wait "$server"
echo "ended $?"
"""
"""Starts a server, waits for its answer and ends it. The server's own output goes to stderr, so
that the lines on stdout are these."""
_TRIES_PER_SECOND = 5
"""Of the time limit. A try takes 0.1 s or more: about half of the time is left to end it."""


@dataclass(frozen=True, slots=True)
class Lent:
    """Files of this machine that stand for a package's."""

    place: str
    """The folder in the container where the package has them."""
    files: Callable[[], Mapping[str, Path]]
    """Paths below ``place``. Blocking. Empty: this machine has no such files."""


def _certificates() -> Mapping[str, Path]:
    import certifi  # comes with httpx

    return {"ca-certificates.crt": Path(certifi.where())}


def _zones() -> Mapping[str, Path]:
    root = Path("/usr/share/zoneinfo")
    twice = ("posix", "right")
    files = (path for path in root.rglob("*") if path.is_file())
    names = ((path.relative_to(root), path) for path in files)
    return {name.as_posix(): path for name, path in names if name.parts[0] not in twice}


PACKAGES: Mapping[str, Lent] = {
    "ca-certificates": Lent("/etc/ssl/certs", _certificates),
    "tzdata": Lent("/usr/share/zoneinfo", _zones),
}
_NEEDS = {"tls": "ca-certificates", "time-zone": "tzdata"}
_WORDS = {
    "time-zone": ("--env=TZ=Europe/Berlin",),
    "dns": ("--dns=127.0.0.1",),
}
"""What the container of a step has beyond a proof's: a resolver is the program's own."""


async def prove_deeply(
    request: ProofRequest,
    first: Proof,
    steps: Sequence[DeepStep],
    *,
    lent: Mapping[str, Lent] = PACKAGES,
    progress: ProgressCallback = ignore_progress,
    warn: Warn = ignore_warning,
) -> tuple[StepResult, ...]:
    """What each step showed, in the order of ``STEP_NAMES``.

    Args:
        request: of ``first``, which has run the program in that image.

    Raises:
        EngineError: the engine failed. SourceError: a file cannot be read.
    """
    if first.result is not Result.RAN:
        why = "the program did not start"
        return tuple(StepResult(name, StepStatus.NOT_TRIED, why) for name in STEP_NAMES)
    described = {step.name: step for step in steps}
    image = "" if isinstance(first.image, MISSING) else first.image.id
    deep = _DeepProving(replace(request, pull=False, verdict=""), image, lent, progress, warn)
    results = [_restricted(first)]
    for name in STEP_NAMES:
        if (step := described.get(name)) is None:
            why = "its project profile does not say how"
            results.append(StepResult(name, StepStatus.NOT_APPLICABLE, why))
        else:
            results += await deep.results(step)
    return tuple(results)


def _restricted(first: Proof) -> StepResult:
    """What the first run has shown already."""
    name, create = "restricted", first.command[0] if first.command else ()
    if "--read-only" not in create:
        why = "this engine does not know a read-only root"
        return StepResult(name, StepStatus.NOT_TRIED, why)
    user = next((word for word in create if word.startswith("--user=")), "")
    why = f"it ran as {user.removeprefix('--user=')}, with a read-only root and no capabilities"
    return StepResult(name, StepStatus.PASS, why)


@dataclass(frozen=True, slots=True)
class _DeepProving:
    """One deep proof under way."""

    request: ProofRequest
    image: str
    """The id of the image that the program ran in; empty if it is not known."""
    lent: Mapping[str, Lent]
    progress: ProgressCallback
    warn: Warn

    async def results(self, step: DeepStep) -> tuple[StepResult, ...]:
        """What came out of a step: without a package and with it, if one matters."""
        self.progress(Progress("running", unit="steps", detail=step.name))
        if step.name == "serve":
            tries = max(1, int(self.request.limits.seconds * _TRIES_PER_SECOND))
            argv = (SHELL, "-c", _SERVE, SHELL, step.url, str(tries), *step.argv)
            return _served(await self._prove(argv, step, ()))
        package = _NEEDS.get(step.name, "")
        if not package:
            return (_judged(step.name, step, await self._prove(step.argv, step, ())),)
        place = self.lent[package].place
        hidden = await self._prove(step.argv, step, (f"--tmpfs={place}:ro,size=4096",))
        without = _judged(f"{step.name} without {package}", step, hidden)
        with_it = await self._with(package, step)
        if (without.status, with_it.status) == (StepStatus.FAIL, StepStatus.PASS):
            tool = "apk add" if self.request.libc == "musl" else "apt-get install"
            without = replace(without, install=f"{tool} {package}")
        return without, with_it

    async def _with(self, package: str, step: DeepStep) -> StepResult:
        """The step with a package's files, lent in a volume that a container of its own holds."""
        name, lent = f"{step.name} with {package}", self.lent[package]
        files = lent.files()
        if not files or not self.image:
            why = f"this machine has no files of {package} to lend"
            return StepResult(name, StepStatus.NOT_TRIED, why)
        request = self.request
        volume = f"type=volume,dst={lent.place},volume-label={session_label()}"
        words = ("--mount", volume) if request.engine.name == "docker" else (f"-v={lent.place}",)
        holder = Container(
            request.engine,
            self.image,
            request.platform,
            ("/none",),
            request.limits,
            (*request.run_args, *words),
            plain=True,
            has_volume=False,
        )
        async with holder.exists(self.warn) as created:
            if created.failed:
                raise engine_failure(request.engine.name, created, "create")
            await _copy_in(holder, lent.place, files)
            proof = await self._prove(step.argv, step, (f"--volumes-from={holder.name}:ro",))
        return _judged(name, step, proof)

    async def _prove(
        self, argv: tuple[str, ...], step: DeepStep, words: tuple[str, ...]
    ) -> Proof | EngineError:
        config = f"{ROOT}/{step.config_name}"
        request = replace(
            self.request,
            argv=tuple(config if word == "{config}" else word for word in argv),
            run_args=(*self.request.run_args, *_WORDS.get(step.name, ()), *words),
            beside=_beside(self.request.beside, step),
            expect=Expectations(),
        )
        try:
            return await prove(request, warn=self.warn)
        except EngineError as error:  # a step that cannot be tried leaves the others
            return error


def _beside(tree: Tree, step: DeepStep) -> Tree:
    """The tree with a step's configuration."""
    if not step.config:
        return tree
    data = step.config.encode()

    def items(cancel: Cancellation) -> Iterable[TreeItem]:
        yield from tree(cancel)
        yield TreeItem(step.config_name, lambda: iter((data,)), len(data))

    return items


async def _copy_in(holder: Container, place: str, files: Mapping[str, Path]) -> None:
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name in _folders(files):
                folder = tarfile.TarInfo(name)
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(folder)
            for name, path in sorted(files.items()):
                data = path.read_bytes()
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), 0o644
                archive.addfile(member, io.BytesIO(data))
        file.seek(0)
        words = ("cp", "-", f"{holder.name}:{place}")
        copied = await engine_call(holder.engine, words, stdin=file, seconds=COPY_SECONDS)
    if copied.failed:
        raise engine_failure(holder.engine.name, copied, "cp")


def _folders(files: Iterable[str]) -> Iterator[str]:
    parents = {str(parent) for name in files for parent in Path(name).parents}
    yield from sorted(parents - {"."})


def _not_tried(proof: Proof | EngineError) -> str:
    """Why a run shows nothing of the program; empty if it does."""
    if isinstance(proof, EngineError):
        return f"{proof.title}: {proof.detail}"
    if proof.result is Result.NOT_RUN and proof.meaning != "timeout":
        return proof.text
    return ""


def _served(proof: Proof | EngineError) -> tuple[StepResult, ...]:
    """Whether the server answered, and whether a signal ended it well."""
    names = ("health", "SIGTERM")
    said = [] if isinstance(proof, EngineError) else proof.stdout.splitlines()
    why = _not_tried(proof)
    if said == ["no wget"] or (why and getattr(proof, "meaning", "") == "file-missing"):
        why = f"the image has no {SHELL} with wget to ask from inside"
    if why or isinstance(proof, EngineError):
        return tuple(StepResult(name, StepStatus.NOT_TRIED, why) for name in names)
    if stopped := next((line for line in said if line.startswith("stopped ")), ""):
        why = f"the server ended with {stopped.split()[1]} before it answered{_last(proof.stderr)}"
        return (
            StepResult(names[0], StepStatus.FAIL, why),
            StepResult(names[1], StepStatus.NOT_TRIED, "the server had ended by itself"),
        )
    if "health 200" in said:
        health = StepResult(names[0], StepStatus.PASS, "it answered 200 inside the container")
    else:
        last = next((line for line in said if line.startswith("no answer: ")), "")
        why = f"it did not answer 200{_last(last.removeprefix('no answer: '))}"
        health = StepResult(names[0], StepStatus.FAIL, why)
    code = next((line.split()[1] for line in said if line.startswith("ended ")), "")
    if code == "0":
        signal = StepResult(names[1], StepStatus.PASS, "it ended with 0")
    elif code:
        signal = StepResult(names[1], StepStatus.FAIL, f"it ended with {code}, not 0")
    else:
        why = "it was still running at the time limit"
        signal = StepResult(names[1], StepStatus.FAIL, why)
    return health, signal


def _judged(name: str, step: DeepStep, proof: Proof | EngineError) -> StepResult:
    """Whether a command did what the profile says."""
    why = _not_tried(proof)
    if why or isinstance(proof, EngineError):
        return StepResult(name, StepStatus.NOT_TRIED, why)
    printed = f"{proof.stdout}\n{proof.stderr}"
    last = _last(proof.stderr or proof.stdout)
    if isinstance(proof.exit_code, MISSING):
        return StepResult(name, StepStatus.FAIL, f"it was stopped: {proof.exit_code.why}{last}")
    exited = f"it ended with {proof.exit_code}"
    if proof.result is Result.FAILED or proof.meaning == "crash":
        return StepResult(name, StepStatus.FAIL, f"{proof.text}{last}")
    if (proof.exit_code != 0) is not step.fails:
        wanted = ", not with an error" if step.fails else ""
        return StepResult(name, StepStatus.FAIL, f"{exited}{wanted}{last}")
    if step.expect and not re.search(step.expect, printed, re.MULTILINE):
        return StepResult(name, StepStatus.FAIL, f"it printed something else{last}")
    return StepResult(name, StepStatus.PASS, f"{exited}, as expected{last}")


def _last(text: str) -> str:
    """The last line of an output, behind a colon."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {lines[-1][:200]}" if lines else ""
