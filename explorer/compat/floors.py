"""The least that a program needs of a system, in words, by its verdicts on all targets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from explorer.compat.exports import version_key
from explorer.compat.models import Answer, Libc, Reason, Target, Verdict
from explorer.compat.rules.words import place
from explorer.facts import NotApplicable, Unknown

_FAMILY = re.compile(r"(alpine|debian|ubuntu|rhel|amazonlinux)-(\d[\d.]*)")
"""Targets with numbered releases, which a floor names."""


def floor_of(verdicts: Sequence[Verdict]) -> str:
    """The floor of one binary, e.g. ``glibc 2.29 or newer: Debian 11, Ubuntu 20.04, not RHEL 8``.

    ``any Linux on arm64`` for a static program, ``musl 1.2.4 or newer: Alpine 3.18, not Alpine
    3.17``, ``runs on none of them: a Windows program``.

    Args:
        verdicts: on every target without added packages.
    """
    if not verdicts:
        return "not known: no verdict was requested"
    bare = next((v for v in verdicts if v.target.libc is Libc.NONE), None)
    if bare is not None and bare.answer in (Answer.YES, Answer.YES_IF):
        condition = "" if bare.answer is Answer.YES else f", {bare.deciding.short}"
        return f"any Linux on {bare.target.arch or 'its processor'}{condition}"
    parts = [_on(Libc.GLIBC, verdicts), _on(Libc.MUSL, verdicts)]
    if words := "; ".join(part for part in parts if part):
        return words
    nearest = min(verdicts, key=lambda v: (v.answer.rank, v.unaided.rank))
    if nearest.answer is Answer.UNKNOWN:
        return f"not known: {_why_open(nearest.deciding)}"
    return f"runs on none of them: {nearest.deciding.short}"


def _why_open(reason: Reason) -> str:
    """The reason in few words; in a whole sentence where these have a colon of their own."""
    if ": " not in reason.short:
        return reason.short
    first, *rest = reason.text.rstrip(".").split(" ")
    opening = first.lower() if first in ("The", "It", "Its", "This", "Which") else first
    return " ".join((opening, *rest))


def _on(libc: Libc, verdicts: Iterable[Verdict]) -> str:
    """The floor among the targets of one libc; empty if it runs on none of them."""
    own = [v for v in verdicts if v.target.libc is libc]
    as_named = [v for v in own if v.answer is Answer.YES]
    if as_named:
        least = _least_glibc(as_named) if libc is Libc.GLIBC else _least_musl(as_named)
        named = [*_oldest(as_named), *(f"not {name}" for name in _newest_without(own, as_named))]
        return f"{least}: {', '.join(named)}" if named and least else least or ", ".join(named)
    aided = [v for v in own if v.answer is Answer.YES_IF and v.packages]
    by_packages: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in aided:
        by_packages.setdefault(verdict.packages, []).append(verdict)
    return ", ".join(
        f"{', '.join(_oldest(some) or [place(some[0].target)])} with {' '.join(packages)}"
        for packages, some in by_packages.items()
    )


def _least_glibc(verdicts: Sequence[Verdict]) -> str:
    newest = verdicts[0].newest_glibc
    if isinstance(newest, Unknown):
        return "glibc"
    return "any glibc" if isinstance(newest, NotApplicable) else f"glibc {newest} or newer"


def _least_musl(verdicts: Sequence[Verdict]) -> str:
    """By the targets that are nothing but musl; empty if it needs more than that."""
    versions = [v.target.libc_version for v in verdicts if v.target.name.startswith("musl-")]
    return f"musl {min(versions, key=version_key)} or newer" if versions else ""


def _families(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts on numbered releases, oldest first, by the distribution."""
    families: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if match := _FAMILY.match(verdict.target.name):
            families.setdefault(match[1], []).append(verdict)
    return {name: sorted(some, key=_release) for name, some in families.items()}


def _release(verdict: Verdict) -> tuple[int, ...]:
    match = _FAMILY.match(verdict.target.name)
    return version_key(match[2]) if match else ()


def _oldest(verdicts: Iterable[Verdict]) -> list[str]:
    """The oldest release of each distribution: ``Debian 11``."""
    return [_short(some[0].target) for some in _families(verdicts).values()]


def _newest_without(own: Iterable[Verdict], fitting: Sequence[Verdict]) -> list[str]:
    """The newest release of each distribution on which it certainly does not run as it is."""
    bad = [v for v in own if v.unaided is Answer.NO and v not in fitting]
    return [_short(some[-1].target) for some in _families(bad).values()]


def _short(target: Target) -> str:
    """``Debian 12`` of ``Debian 12 bookworm (glibc 2.36)``."""
    versioned = re.match(r"\D*\d[\d.]*", target.title)
    return versioned[0] if versioned else place(target)


def is_plain(target: Target) -> bool:
    """Whether no package was added to the target."""
    return "+" not in target.name.replace("libstdc++", "")
