"""What the facts of a file say of each requirement: pure functions, one for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from explorer.advisories import AdvisoryStatus
from explorer.compat import Answer, Verdict
from explorer.elf import Linkage
from explorer.facts import MISSING, Fact, NotApplicable
from explorer.trust import Signal, SignalKind, SignalState, satisfies
from explorer.workbench.go_program import NO_MODULES, Vulnerabilities
from explorer.workbench.models import Inspection
from explorer.workbench.promise import FilePromise
from explorer.workbench.sweep_plan import Standing, SweepResult

NEWEST_GLIBC = "debian-sid"
"""A target whose glibc provides what any program may ask for."""
NO_LIBC = "scratch"
_OF_RELEASES = (SignalKind.DIGEST, SignalKind.ATTESTATION, SignalKind.IMMUTABLE)
"""What GitHub says of a published file."""


class Keeping(StrEnum):
    """Whether a requirement is met."""

    BROKEN = "broken"
    UNKNOWN = "unknown"
    """Not known; that is no pass."""
    ALLOWED = "allowed"
    """Not known, which the promise allows."""
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Kept:
    """One requirement of one file."""

    requirement: str
    """As in the file of the promise; ``name`` for a file that must be there."""
    keeping: Keeping
    text: str
    """One sentence; untrusted."""
    target: str = ""


def targets_for(promise: FilePromise) -> tuple[str, ...]:
    """The targets that the verdicts for a promise are about."""
    names = [*promise.runs_on]
    if promise.glibc:
        names += [NEWEST_GLIBC, NO_LIBC]
    if promise.musl:
        names.append(f"musl-{promise.musl}")
    return tuple(dict.fromkeys(names))


def facts_kept(promise: FilePromise, inspection: Inspection) -> Iterator[Kept]:
    """What the inspection, judged on ``targets_for``, says of all that needs no container."""
    by_name = {verdict.target.name: verdict for verdict in inspection.verdicts}
    for name in promise.runs_on:
        yield _runs(by_name[name], name)
    if promise.arch:
        yield _arch(inspection.binary.arch, promise.arch)
    if promise.static is not None:
        yield _static(inspection, promise.static)
    if promise.glibc:
        yield _glibc(by_name[NEWEST_GLIBC], by_name[NO_LIBC], promise.glibc)
    if promise.musl:
        verdict = by_name[f"musl-{promise.musl}"]
        kept = _runs(verdict, "")
        yield Kept("musl", kept.keeping, f"musl {promise.musl}: {kept.text}")


def _runs(verdict: Verdict, target: str) -> Kept:
    because = verdict.deciding.short or verdict.deciding.text
    if verdict.answer is Answer.YES:
        return Kept("runs-on", Keeping.KEPT, f"yes: {because}", target)
    if verdict.answer is Answer.UNKNOWN:
        return Kept("runs-on", Keeping.UNKNOWN, f"not known: {because}", target)
    condition = f"only with {verdict.install}: " if verdict.install else f"{verdict.answer}: "
    return Kept("runs-on", Keeping.BROKEN, f"{condition}{because}", target)


def _arch(arch: Fact[str], wanted: str) -> Kept:
    if isinstance(arch, MISSING):
        return Kept("arch", Keeping.UNKNOWN, arch.why)
    return Kept("arch", Keeping.KEPT if arch == wanted else Keeping.BROKEN, f"built for {arch}")


def _static(inspection: Inspection, wanted: bool) -> Kept:
    elf = inspection.binary.elf
    if isinstance(elf, NotApplicable):
        return Kept("static", Keeping.BROKEN, f"it is {inspection.binary.detail}")
    linkage: Fact[Linkage] = elf if isinstance(elf, MISSING) else elf.linkage
    if not isinstance(elf, MISSING) and elf.linkage is Linkage.PACKED:
        packed = elf.packed
        linkage = packed if isinstance(packed, MISSING) else packed.linkage
    if isinstance(linkage, MISSING):
        return Kept("static", Keeping.UNKNOWN, linkage.why)
    is_static = linkage in (Linkage.STATIC, Linkage.STATIC_PIE)
    return Kept("static", Keeping.KEPT if is_static is wanted else Keeping.BROKEN, linkage.value)


def _glibc(verdict: Verdict, bare: Verdict, most: str) -> Kept:
    """The newest version that it asks for; a program that runs without a libc asks for none."""
    from explorer.compat import version_key

    if bare.answer is Answer.YES:
        return Kept("glibc", Keeping.KEPT, "it needs no libc")
    because = verdict.deciding.short or verdict.deciding.text
    if verdict.answer is Answer.NO:
        return Kept("glibc", Keeping.BROKEN, f"it does not run with glibc: {because}")
    newest = verdict.newest_glibc
    if isinstance(newest, NotApplicable) and verdict.answer is Answer.YES:
        return Kept("glibc", Keeping.KEPT, "any glibc")
    if isinstance(newest, MISSING):
        return Kept("glibc", Keeping.UNKNOWN, newest.why)
    fits = version_key(newest) <= version_key(most)
    words = f"it needs glibc {newest}, at most {most} is promised"
    if fits and verdict.answer is Answer.UNKNOWN:
        return Kept("glibc", Keeping.UNKNOWN, f"not known: {because}")
    return Kept("glibc", Keeping.KEPT if fits else Keeping.BROKEN, words)


def signals_kept(
    promise: FilePromise, signals: tuple[Signal, ...], *, published: bool = True
) -> Iterator[Kept]:
    """Whether the signals of trust pass, as ``trust`` and ``get --require`` judge them.

    Args:
        published: whether it is the file of a release. What only such a file can have is not
            asked of others.
    """
    order = (SignalState.FAIL, SignalState.NOT_CHECKED, SignalState.PASS, SignalState.ABSENT)
    for kind in map(SignalKind, promise.signals):
        own = [signal for signal in signals if signal.kind is kind]
        if satisfies(signals, kind):
            why = next(s.why for s in own if s.state is SignalState.PASS and not s.weak)
            yield Kept("signals", Keeping.KEPT, f"{kind.value}: {why}")
            continue
        worst = min(own, key=lambda signal: order.index(signal.state))
        is_missing = worst.state in (SignalState.ABSENT, SignalState.NOT_CHECKED)
        if is_missing and not published and kind in _OF_RELEASES:
            why = f"{kind.value}: only a published release has it"
            yield Kept("signals", Keeping.ALLOWED, why)
            continue
        unknown = worst.state is SignalState.NOT_CHECKED
        words = "weak" if worst.state is SignalState.PASS else worst.state.value
        keeping = Keeping.UNKNOWN if unknown else Keeping.BROKEN
        yield Kept("signals", keeping, f"{kind.value} {words}: {worst.why}")


def proof_kept(result: SweepResult, target: str) -> Kept:
    """What a run says: only a start on the target itself keeps the promise."""
    proof, standing = result.proof, result.standing
    if proof is None or standing is Standing.NOT_RUN:
        why = str(result.error) if result.error is not None else "it was not run"
        return Kept("proved-on", Keeping.UNKNOWN, why, target)
    if standing is Standing.ELSEWHERE:
        return Kept("proved-on", Keeping.UNKNOWN, f"not tested there: {proof.text}", target)
    differing = [
        f"{check.name} is {check.seen}, not {check.expected}"
        for check in proof.checks
        if check.ok is False
    ]
    fine = proof.result == "ran" and not differing
    text = "; ".join([proof.text, *differing])
    return Kept("proved-on", Keeping.KEPT if fine else Keeping.BROKEN, text, target)


def vulnerabilities_kept(result: Vulnerabilities, allowed: tuple[str, ...]) -> Kept:
    """Whether no known vulnerability is in the program but those that are allowed."""
    by_status: dict[AdvisoryStatus, list[str]] = {}
    for match in result.matches:
        names = (match.advisory.id, *match.advisory.aliases)
        if not set(names) & set(allowed):
            ids = by_status.setdefault(match.status, [])
            ids += [match.advisory.id] if match.advisory.id not in ids else []
    name = "allowed-vulnerabilities"
    if affected := by_status.get(AdvisoryStatus.AFFECTED):
        return Kept(name, Keeping.BROKEN, f"affected by {', '.join(affected)}")
    if unsure := by_status.get(AdvisoryStatus.MODULE_LEVEL):
        return Kept(name, Keeping.UNKNOWN, f"cannot be decided: {', '.join(unsure)}")
    if not result.build.names_modules:
        return Kept(name, Keeping.UNKNOWN, NO_MODULES.why)
    return Kept(name, Keeping.KEPT, "no known vulnerability is in it, but those allowed")
