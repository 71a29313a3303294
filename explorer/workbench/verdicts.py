"""Verdicts of a binary on targets, and which targets a caller means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.compat import Answer, Reason, Target, Verdict
from explorer.elf import Binary, FileFormat
from explorer.facts import Unknown

if TYPE_CHECKING:
    from explorer.compat import Surroundings
    from explorer.settings import Settings


def default_target(settings: Settings) -> Target:
    """The settings' target, else musl of the current Alpine. Reads the packaged data once.

    Raises:
        UsageError: the settings name no known target.
    """
    from explorer.compat import default_target as current_alpine
    from explorer.compat import find_target

    return find_target(settings.target) if settings.target else current_alpine()


def named_targets(names: Sequence[str], settings: Settings) -> tuple[Target, ...]:
    """The targets with these names; the default target if there are no names.

    Raises:
        UsageError: no such target; names the nearest ones.
    """
    from explorer.compat import find_target

    return tuple(find_target(name) for name in names) or (default_target(settings),)


def verdicts_of(
    binary: Binary, targets: Sequence[Target], surroundings: Surroundings | None = None
) -> tuple[Verdict, ...]:
    """One verdict per target, in their order; ``unknown`` if no byte of the binary was reached."""
    from explorer.compat import judge

    if binary.format is not FileFormat.UNSEEN:
        return tuple(judge(binary, target, surroundings) for target in targets)
    why = binary.detail
    reason = Reason(
        "peek.unseen",
        Answer.UNKNOWN,
        "The first bytes of the asset do not reach the program.",
        why,
        "Download it: d, or inspect without --peek",
        short=f"not reached: {why}",
    )
    if isinstance(binary.size, Unknown) and binary.size.needs is None:  # more bytes do not help
        reason = Reason(
            "archive.undecided",
            Answer.UNKNOWN,
            f"{why}.",
            "",
            "Unpack it and inspect the program that was in it, or name a member: FILE#MEMBER",
            short=why,
        )
    return tuple(Verdict(t, Answer.UNKNOWN, reason, (reason,), Unknown(why)) for t in targets)


def difference(peeked: Sequence[Verdict], whole: Sequence[Verdict]) -> str:
    """A sentence if the whole file gets another answer than its first bytes did.

    Empty where both agree, or where the first bytes did not suffice for an answer.
    """
    for before in peeked:
        for after in whole:
            if before.target.name == after.target.name and before.answer not in (
                after.answer,
                Answer.UNKNOWN,
            ):
                return (
                    f"The first bytes said {before.answer} for {after.target.title}, the whole "
                    f"file says {after.answer}: the file has changed on the server, or "
                    "rr-explorer is wrong. Please report it."
                )
    return ""
