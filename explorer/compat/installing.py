"""The verdict on a target, with what its package manager could add to it.

A ``no`` whose reasons are a missing loader or missing libraries is followed by a search: the
packages that have them are added, and the binary is judged again on the target with these packages.
Each of them is the only listed one with a file that is needed, so the set is the smallest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.compat.context import Context, NeedsMoreError
from explorer.compat.judging import INCOMPLETE, PAYLOAD_PROGRAM, judge_as_named
from explorer.compat.loader_table import musl_loader
from explorer.compat.loaders import whose
from explorer.compat.models import (
    Answer,
    Libc,
    Reason,
    Rule,
    Surroundings,
    Target,
    Verdict,
    Where,
)
from explorer.compat.packages import install_command
from explorer.compat.rules import entries
from explorer.compat.rules.payload import payload_of
from explorer.compat.rules.registry import SHORTEST, Remedy, bounded
from explorer.compat.rules.words import some
from explorer.compat.targets import known_packages, package_with, stock, with_packages
from explorer.elf import Binary
from explorer.facts import known_or

INSTALLED = Rule(
    "target.packages",
    7,
    Answer.YES_IF,
    "Runs once packages are installed",
    "As it is named, the target lacks the loader or libraries. The packages of its distribution"
    " that have them are added, and the file is judged again. The smallest set is named.",
)
PERHAPS = Rule(
    "target.packages.unknown",
    7,
    Answer.UNKNOWN,
    "May run once packages are installed",
    "As it is named, the target lacks the loader or libraries. Packages have them, but whether that"
    " suffices is not known: not enough of the file was read, or not every symbol is listed.",
)
NOT_ENOUGH = Rule(
    "advice.packages",
    8,
    Answer.NO,
    "Packages that would not suffice",
    "Packages have the missing loader or libraries, and the file would not run with them either."
    " gcompat, for one, does not define all of glibc's functions.",
)
_LACKS_FILES = frozenset(
    {
        "elf.interp.glibc",
        "elf.interp.musl",
        "elf.needed.missing",
        "elf.needed.unknown",
        PAYLOAD_PROGRAM.code,
    }
)
"""Rules whose reasons packages may remove."""
_ROUNDS = 8
"""Rounds of adding packages: first the loader's, then those of the libraries it looks for."""


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are applied."""
    own = (PAYLOAD_PROGRAM, INSTALLED, PERHAPS, NOT_ENOUGH)
    rules = (*(entry.rule for entry in entries()), *own)
    return (INCOMPLETE, *sorted(rules, key=lambda rule: rule.step))


def judge(binary: Binary, target: Target, surroundings: Surroundings | None = None) -> Verdict:
    """Predict whether a binary runs in a target.

    Args:
        target: if its ``arch`` is empty, the binary's own is taken.
        surroundings: the files around the binary, for $ORIGIN; None if they are not known.

    The answer is that of the whole file, or ``unknown``, however little of the file was read.
    """
    target = target if target.arch else replace(target, arch=known_or(binary.arch, ""))
    context = Context(binary, target, surroundings)
    if _starts_by_musl(context):
        return replace(_with_musl(context, "").verdict, target=target)
    plain = judge_as_named(context)
    if not _may_be_installed(plain):
        return plain
    added = _search(binary, target, surroundings)
    return plain if added is None else _with_added(plain, added)


def _starts_by_musl(context: Context) -> bool:
    """On a glibc distribution with its package of musl: a program that names musl's loader."""
    target = context.target
    if target.libc is not Libc.GLIBC or "musl" not in target.packages:
        return False
    try:
        return context.dynamic_program and context.interpreter == musl_loader(target.arch)
    except NeedsMoreError:
        return False


def _may_be_installed(plain: Verdict) -> bool:
    """Whether all that stands in the way are files that a package might have."""
    decisive = [reason for reason in plain.reasons if not reason.advice]
    worst = [reason.code for reason in decisive if reason.answer is plain.answer]
    if plain.answer is Answer.NO:
        return _LACKS_FILES.issuperset(worst)
    if plain.answer is Answer.UNKNOWN and "elf.needed.unknown" in worst:
        return INCOMPLETE.code not in worst
    return False


@dataclass(frozen=True, slots=True)
class _Added:
    """Packages that were added, and the verdict with them."""

    packages: tuple[str, ...]
    sources: tuple[str, ...]
    """What each has, and where that is known from."""
    verdict: Verdict


def _search(binary: Binary, target: Target, surroundings: Surroundings | None) -> _Added | None:
    """Add the packages of what is missing until nothing more is found; None if none has any."""
    if not stock(target).manager:
        return None
    context = Context(binary, target, surroundings)
    chosen: dict[str, str] = {}
    for _ in range(_ROUNDS):
        more = {n: why for n, why in _packages_for(context).items() if n not in chosen}
        if "musl" in more and target.libc is Libc.GLIBC:
            return _with_musl(context, more["musl"])
        if not more:
            break
        chosen |= more
        context = Context(binary, with_packages(target, tuple(chosen)), surroundings)
    if not chosen:
        return None
    known = known_packages(target)
    implied = {name for one in chosen for name in known[one].implies}
    names = tuple(name for name in chosen if name not in implied)
    return _Added(names, tuple(chosen[name] for name in names), judge_as_named(context))


def _with_musl(context: Context, why: str) -> _Added:
    """On a glibc distribution with its package of musl, whose loader looks for musl's libraries."""
    version = stock(context.target).musl
    beside = Target(f"musl-{version}", "", Libc.MUSL, version, context.target.arch, frozenset(), "")
    verdict = judge_as_named(Context(context.binary, beside, context.surroundings))
    return _Added(("musl",), (why,), verdict)


def _packages_for(context: Context) -> dict[str, str]:
    """Packages with what is missing, and what they have; empty if nothing is known of either."""
    target = context.target
    try:
        if not context.dynamic_program:
            payload = payload_of(context)
            inside = payload.program if payload is not None else None
            return _packages_for(Context(inside, target)) if isinstance(inside, Binary) else {}
        if not context.loader_present:
            return _loader_package(context)
        nodes = (*context.closure.of(Where.MISSING), *context.closure.of(Where.UNKNOWN))
    except NeedsMoreError:
        return {}
    packages = {}
    for node in nodes:
        package = package_with(node.name, target)
        if package is not None:
            from_ = f" ({package.known_from})" if package.source else ""
            packages[package.name] = f"{package.name} has {node.name}{from_}"
    return packages


def _loader_package(context: Context) -> dict[str, str]:
    target, interpreter = context.target, context.interpreter or ""
    if target.libc is Libc.MUSL and "gcompat" in known_packages(target):
        through = Context(context.binary, with_packages(target, ("gcompat",)))
        if whose(interpreter) is Libc.GLIBC and through.loader_present:
            return {"gcompat": f"gcompat has {interpreter}"}
    if target.libc is Libc.GLIBC and stock(target).musl and interpreter == musl_loader(target.arch):
        return {"musl": f"musl {stock(target).musl} has {interpreter}"}
    return {}


def _with_added(plain: Verdict, added: _Added) -> Verdict:
    """The verdict on a target that lacks something, after packages were tried."""
    install = install_command(stock(plain.target).manager, added.packages)
    names = _listed(added.packages)
    answer = added.verdict.answer
    advice = tuple(reason for reason in plain.reasons if reason.advice)
    decisive = tuple(reason for reason in plain.reasons if not reason.advice)
    if answer is Answer.NO:
        return replace(plain, reasons=(*plain.reasons, _not_enough(names, install, added)))
    if answer is Answer.UNKNOWN:
        first = _perhaps(plain, names, install, added)
        # What was not read may need more packages than these.
        is_whole = added.verdict.deciding.code != INCOMPLETE.code
        packages = added.packages if is_whole else ()
        return replace(
            plain,
            answer=Answer.UNKNOWN,
            deciding=first,
            reasons=(first, *decisive, *advice),
            packages=packages,
            install=install if packages else "",
        )
    remedy = _or(install, plain.deciding)
    first = Reason(
        INSTALLED.code,
        Answer.YES_IF,
        bounded(f"{plain.deciding.text} With {names} installed, nothing is missing."),
        bounded("; ".join((plain.deciding.evidence, *added.sources))),
        remedy.text,
        short=bounded(install, SHORTEST),
        ways=remedy.ways,
    )
    conditions = [r for r in added.verdict.reasons if r.answer is Answer.YES_IF and not r.advice]
    advice = tuple(reason for reason in added.verdict.reasons if reason.advice)
    return replace(
        plain,
        answer=Answer.YES_IF,
        deciding=first,
        reasons=(first, *conditions, *decisive, *advice),
        packages=added.packages,
        install=install,
    )


def _perhaps(plain: Verdict, names: str, install: str, added: _Added) -> Reason:
    short = f"{plain.deciding.short}; {_listed_short(added.packages)}?"
    deciding = added.verdict.deciding
    is_read = deciding.code != INCOMPLETE.code
    known = "unknown" if is_read else "not known yet"
    why = deciding.waits_for or deciding.text
    remedy = _or(f"{install}, then run it" if is_read else deciding.remedy, plain.deciding)
    return Reason(
        PERHAPS.code,
        Answer.UNKNOWN,
        bounded(f"{plain.deciding.text} Whether {names} would be enough is {known}: {why}"),
        bounded("; ".join((plain.deciding.evidence, *added.sources))),
        remedy.text,
        short=bounded(short, SHORTEST),
        shortest=bounded(plain.deciding.short, SHORTEST),
        ways=remedy.ways,
        needs_file=deciding.needs_file,
    )


def _not_enough(names: str, install: str, added: _Added) -> Reason:
    deciding = added.verdict.deciding
    return Reason(
        NOT_ENOUGH.code,
        Answer.NO,
        bounded(f"“{install}” would not be enough: {deciding.text}"),
        deciding.evidence,
        deciding.remedy,
        advice=True,
        short=f"{names} is not enough",
        ways=deciding.ways,
    )


def _or(first: str, other: Reason) -> Remedy:
    """A remedy and another one's in one sentence, unless the second repeats the first."""
    second = other.remedy
    if not second or second.endswith(first):
        return Remedy(first)
    lead = f"{first}; or "
    ways = (len(first), *(len(lead) + end for end in other.ways))
    return Remedy(f"{lead}{second[0].lower()}{second[1:]}", ways)


def _listed_short(names: Sequence[str]) -> str:
    """``gcompat``, ``gcompat +2``."""
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "")


def _listed(names: Sequence[str]) -> str:
    """``gcompat``, ``gcompat and libgcc``, ``a, b and c``."""
    if len(names) > 5:
        return some(names)
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
