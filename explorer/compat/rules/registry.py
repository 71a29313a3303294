"""How a rule is declared: a pure function of the context, with its description."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from explorer.compat.context import Context
from explorer.compat.models import Answer, Reason, Rule

SHORTEST = 200
"""Characters of a short form, which may quote a name from the file."""
LONGEST = 2000
"""Characters of a sentence or its evidence, which may quote longer names from the file."""


_OR = ", or "


class Remedy(NamedTuple):
    """What to do, in words, and where these may be cut."""

    text: str
    ways: tuple[int, ...] = ()
    """As ``Reason.ways``."""


def remedy_of(*ways: str) -> Remedy:
    """Several ways out in one sentence: ``Build it without PIE, or use a static file``."""
    ends = accumulate(map(len, ways[:-1]), lambda end, length: end + len(_OR) + length)
    return Remedy(_OR.join(ways), tuple(ends))


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule says when it applies."""

    text: str
    evidence: str = ""
    remedy: Remedy | str = ""
    """Words alone have one way out."""
    answer: Answer | None = None
    """If it differs from the rule's own."""
    short: str = ""
    """A few words for a table cell; empty: the rule's title."""


Check = Callable[[Context], Match | None]


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule and the function that applies it."""

    rule: Rule
    check: Check
    advice: bool

    def apply(self, context: Context) -> Reason | None:
        """The reason, or None if the rule does not apply.

        Raises:
            NeedsMoreError: it needs a fact that is not known.
        """
        match = self.check(context)
        if match is None:
            return None
        remedy = Remedy(match.remedy) if isinstance(match.remedy, str) else match.remedy
        return Reason(
            self.rule.code,
            match.answer or self.rule.answer,
            bounded(match.text),
            bounded(match.evidence),
            remedy.text,
            self.advice,
            bounded(match.short or self.rule.title, SHORTEST),
            remedy.ways,
        )


def bounded(text: str, limit: int = LONGEST) -> str:
    """The text, cut to ``limit`` characters: it may quote names from a file."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


_entries: list[RuleEntry] = []


def rule(code: str, step: int, answer: Answer, title: str) -> Callable[[Check], Check]:
    """Register a function as a rule; its docstring becomes the explanation. Step 8 is advice."""

    def register(check: Check) -> Check:
        explanation = " ".join(inspect.cleandoc(check.__doc__ or "").split())
        _entries.append(RuleEntry(Rule(code, step, answer, title, explanation), check, step == 8))
        return check

    return register


def entries() -> tuple[RuleEntry, ...]:
    """Every registered rule: by step, and within a step in the order of the code."""
    return tuple(sorted(_entries, key=lambda entry: entry.rule.step))
