"""From facts to a verdict on a target as it is named: apply the rules, sort, take the worst.

Nothing is installed here: what the target certainly lacks makes a ``no``. ``installing`` goes on
from there. ``unknown`` is for what neither facts nor data tell, ``yes-if`` for what no target
tells: a kernel's options, the folder it is started in, a script's interpreter.
"""

from __future__ import annotations

import re

from explorer.compat.context import Context, NeedsMoreError
from explorer.compat.models import (
    Answer,
    DependencyCheck,
    Libc,
    Reason,
    Rule,
    Verdict,
    Where,
)
from explorer.compat.rules import entries
from explorer.compat.rules.payload import payload_of
from explorer.compat.rules.versions import glibc_versions, newest_glibc
from explorer.compat.rules.words import plural
from explorer.elf import Binary
from explorer.facts import MISSING, NEEDS_FILE, Fact, NotApplicable, Unknown

INCOMPLETE = Rule(
    "facts.incomplete",
    0,
    Answer.UNKNOWN,
    "Not enough of the file was read",
    "A rule needs a fact that lies in a part of the file that was not read, or cannot be read."
    " Nothing is guessed: the answer is unknown unless another rule already says no.",
)


PAYLOAD_PROGRAM = Rule(
    "elf.payload.program",
    3,
    Answer.NO,
    "A launcher starts, the program inside does not",
    "The program that a launcher carries (caxa, scie, a self-extracting archive) is judged for the"
    " same target by the same rules. Its answer counts, since the launcher is useless without it.",
)


def judge_as_named(context: Context) -> Verdict:
    """Predict whether a binary runs in a target with nothing added to it."""
    binary, target = context.binary, context.target
    reasons: list[Reason] = []
    waiting: dict[str, Unknown] = {}
    for entry in entries():
        try:
            reason = entry.apply(context)
        except NeedsMoreError as error:
            if not entry.advice:
                waiting.setdefault(error.what, error.fact)
            continue
        if reason is not None:
            reasons.append(reason)
    if (inside := _program_inside(context)) is not None:
        reasons.append(inside)
    if waiting:
        reasons.append(_incomplete(waiting))
    decisive = [reason for reason in reasons if not reason.advice]
    if any(reason.answer is not Answer.YES for reason in decisive):
        # "Everything it needs is there" must not stand beside a reason that contradicts it.
        decisive = [reason for reason in decisive if reason.code != "elf.dynamic"]
    if not decisive:
        # All facts are known, and no rule applies: an ELF file of an unforeseen kind.
        nothing = "No rule applies to a file of this kind."
        decisive = [
            Reason(
                INCOMPLETE.code,
                Answer.UNKNOWN,
                nothing,
                printable(binary.detail),
                "Run it there to find out",
                short="no rule applies",
            )
        ]
    ordered = sorted(decisive, key=lambda reason: -reason.answer.rank)
    advice = [reason for reason in reasons if reason.advice]
    dependencies = dependency_check(context)
    newest = dependencies if isinstance(dependencies, MISSING) else _newest_glibc(context)
    return Verdict(target, ordered[0].answer, ordered[0], (*ordered, *advice), dependencies, newest)


def _program_inside(context: Context) -> Reason | None:
    """The verdict on the program that a launcher carries, as a reason for the launcher's own."""
    try:
        payload = payload_of(context)
    except NeedsMoreError:
        return None  # the rule for payloads says so
    if payload is None or not isinstance(payload.program, Binary):
        return None
    verdict = judge_as_named(Context(payload.program, context.target))
    name = printable(payload.program.name)
    starts = (
        "The launcher starts, and so does"
        if verdict.answer is Answer.YES
        else "The launcher starts. As for"
    )
    return Reason(
        PAYLOAD_PROGRAM.code,
        verdict.answer,
        f"{starts} the program inside, {name}: {verdict.deciding.text}",
        verdict.deciding.evidence,
        verdict.deciding.remedy,
        short=f"inside: {verdict.deciding.short}",
        ways=verdict.deciding.ways,
        needs_file=verdict.deciding.needs_file,
    )


def _incomplete(waiting: dict[str, Unknown]) -> Reason:
    needs = [fact.needs for fact in waiting.values() if fact.needs is not None]
    why = next(iter(waiting.values())).why
    waits_for = f"{', '.join(waiting)} ({why})."
    return Reason(
        INCOMPLETE.code,
        Answer.UNKNOWN,
        f"Not known yet: {waits_for}",
        f"the file's first {max(needs):,} bytes, not all of which were read" if needs else "",
        "Download the file",
        short=printable(why),
        needs_file=why == NEEDS_FILE,
        waits_for=waits_for,
    )


def dependency_check(context: Context) -> Fact[DependencyCheck]:
    """What a dynamic program needs, also if its loader is missing: it may lack more."""
    try:
        if context.elf is None:
            return NotApplicable("not an ELF file")
        if not context.dynamic_program:
            context.linkage  # noqa: B018 - raises if it is not known
            return NotApplicable("no interpreter, so it loads no libraries")
        closure = context.closure
    except NeedsMoreError as error:
        return error.fact
    interpreter: Fact[str] = context.interpreter or NotApplicable("no interpreter")
    missing = tuple(node.name for node in closure.of(Where.MISSING))
    return DependencyCheck(interpreter, closure.tree, missing, _missing_symbols(context))


def _missing_symbols(context: Context) -> Fact[tuple[str, ...]]:
    if context.target.libc is Libc.GLIBC:
        return NotApplicable("on glibc the symbol versions decide")
    if context.target.libc is Libc.NONE:
        return NotApplicable("the target has no libc")
    try:
        symbols = context.symbols
    except NeedsMoreError as error:
        return error.fact
    if not symbols.unsure or symbols.missing:
        return symbols.missing
    blockers = ", ".join(symbols.blockers[:3])
    where = f"perhaps in {blockers}" if blockers else f"not listed for {symbols.source}"
    return Unknown(f"{plural(len(symbols.unsure), 'symbol')} {where}")


def _newest_glibc(context: Context) -> Fact[str]:
    try:
        versions = glibc_versions(context)
    except NeedsMoreError as error:
        return error.fact
    return newest_glibc(versions) or NotApplicable("needs no GLIBC version")


def printable(text: str) -> str:
    """One line of at most 200 characters."""
    return re.sub(r"\s+", " ", text)[:200]
