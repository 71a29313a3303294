"""How a rule is declared: a pure function of the context, with its description."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from explorer.compat.context import Context
from explorer.compat.models import Answer, Reason, Rule

SHORTEST = 200
"""Characters of a short form, which may quote a name from the file."""
LONGEST = 2000
"""Characters of a sentence or its evidence, which may quote longer names from the file."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule says when it applies."""

    text: str
    evidence: str = ""
    remedy: str = ""
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
        return Reason(
            self.rule.code,
            match.answer or self.rule.answer,
            bounded(match.text),
            bounded(match.evidence),
            match.remedy,
            self.advice,
            bounded(match.short or self.rule.title, SHORTEST),
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
