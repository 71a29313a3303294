"""A deep proof: what the program does beyond starting, a container per step.

Each step is a proof of its own, with the same limits, labels and clean-up. A package's files are
lent by this machine: they lie in a volume where the package would put them.
"""

import asyncio
import contextlib
import io
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.errors import EngineError, ExplorerError, UsageError
from explorer.facts import MISSING
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.verify.api import engine_call
from explorer.verify.container import COPY_SECONDS, Container, Warn, ignore_warning
from explorer.verify.deep_steps import STEP_NAMES, DeepStep, StepResult, StepStatus
from explorer.verify.engines import engine_failure
from explorer.verify.leftovers import session_label
from explorer.verify.models import Expectations, Proof, ProofRequest, Result
from explorer.verify.proof import prove
from explorer.verify.sidecar import (
    RESOLVE,
    Sidecar,
    is_ok,
    loopback_request,
    sidecar,
    terminate,
)
from explorer.verify.tree import ROOT, Tree, TreeItem


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
_WORDS = {"time-zone": ("--env=TZ=Europe/Berlin",)}
"""What the container of a step has beyond a proof's."""


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
            return await self._serve(step)
        if step.name == "dns":
            return (_judged(step.name, step, await self._resolve(step)),)
        package = _NEEDS.get(step.name, "")
        if not package:
            return (_judged(step.name, step, await self._prove(step)),)
        place = self.lent[package].place
        hidden = await self._prove(step, _hiding(place, self.request.engine.name))
        without = _judged(f"{step.name} without {package}", step, hidden)
        with_it = await self._with(package, step)
        if (without.status, with_it.status) == (StepStatus.FAIL, StepStatus.PASS):
            tool = "apk add" if self.request.libc == "musl" else "apt-get install"
            without = replace(without, install=f"{tool} {package}")
        return without, with_it

    async def _serve(self, step: DeepStep) -> tuple[StepResult, ...]:
        """Start the server, ask it from within its network, and end it by a signal."""
        names: list[str] = []
        try:
            port, text = loopback_request(step.url)
            async with sidecar(self.request, ("ask", str(port), text), self.warn) as beside:
                asking = asyncio.ensure_future(self._end_once_asked(beside, names))
                try:
                    proof = await self._prove(step, network_of=beside.name, starting=names.append)
                finally:
                    asking.cancel()
                    await asyncio.wait((asking,))
        except (EngineError, UsageError) as error:
            return _served(error, "")
        return _served(proof, "" if asking.cancelled() else asking.result())

    async def _end_once_asked(self, beside: Sidecar, names: Sequence[str]) -> str:
        """What the server answered; half of its time is left to end it."""
        answer = await beside.answer(self.request.limits.seconds / 2)
        if names:
            with contextlib.suppress(EngineError):  # then it runs until its limit
                await terminate(self.request.engine, names[-1])
        return answer

    async def _resolve(self, step: DeepStep) -> Proof | EngineError:
        """Run it with a resolver in its network."""
        try:
            async with sidecar(self.request, RESOLVE, self.warn) as beside:
                return await self._prove(step, network_of=beside.name, resolves_here=True)
        except EngineError as error:
            return error

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
            proof = await self._prove(step, f"--volumes-from={holder.name}:ro")
        return _judged(name, step, proof)

    async def _prove(
        self,
        step: DeepStep,
        *words: str,
        network_of: str = "",
        resolves_here: bool = False,
        starting: Callable[[str], object] = lambda _: None,
    ) -> Proof | EngineError:
        config = f"{ROOT}/{step.config_name}"
        request = replace(
            self.request,
            argv=tuple(config if word == "{config}" else word for word in step.argv),
            run_args=(*self.request.run_args, *_WORDS.get(step.name, ()), *words),
            network_of=network_of,
            resolves_here=resolves_here,
            beside=_beside(self.request.beside, step),
            expect=Expectations(),
        )
        try:
            return await prove(request, warn=self.warn, starting=starting)
        except EngineError as error:  # a step that cannot be tried leaves the others
            return error


def _hiding(place: str, engine: str) -> str:
    """What hides a folder of the image: podman would copy its content into the tmpfs."""
    return f"--tmpfs={place}:ro,size=4096{',notmpcopyup' if engine == 'podman' else ''}"


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


def _not_tried(proof: Proof | ExplorerError) -> str:
    """Why a run shows nothing of the program; empty if it does."""
    if isinstance(proof, ExplorerError):
        return ": ".join(filter(None, (proof.title, proof.detail)))
    if proof.result is Result.NOT_RUN and proof.meaning != "timeout":
        return proof.text
    return ""


def _served(proof: Proof | ExplorerError, answer: str) -> tuple[StepResult, ...]:
    """Whether the server answered, and whether a signal ended it well.

    Args:
        answer: what came of asking it; empty: it ended before that.
    """
    names = ("health", "SIGTERM")
    why = _not_tried(proof)
    if why or not isinstance(proof, Proof):
        return tuple(StepResult(name, StepStatus.NOT_TRIED, why) for name in names)
    last = _last(proof.stderr or proof.stdout)
    if not answer:
        how = f"the server ended with {proof.exit_code}"
        if isinstance(proof.exit_code, MISSING) or proof.result is Result.FAILED:
            how = proof.text
        why = f"{how} before it answered{last}"
        return (
            StepResult(names[0], StepStatus.FAIL, why),
            StepResult(names[1], StepStatus.NOT_TRIED, "the server had ended by itself"),
        )
    if is_ok(answer):
        health = StepResult(names[0], StepStatus.PASS, "it answered 200 inside the container")
    else:
        why = f"it did not answer 200{_last(answer)}"
        health = StepResult(names[0], StepStatus.FAIL, why)
    if isinstance(proof.exit_code, MISSING):
        why = "it was still running at the time limit"
        signal = StepResult(names[1], StepStatus.FAIL, why)
    elif proof.exit_code == 0:
        signal = StepResult(names[1], StepStatus.PASS, "it ended with 0")
    else:
        why = f"it ended with {proof.exit_code}, not 0{last}"
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
