"""How a rule is written down: a pure function of the context, its record beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from explorer.compat.context import Context
from explorer.compat.models import Answer, Reason, Rule

SHORTEST = 200
"""Characters of the short form: it may quote one name out of the file."""
LONGEST = 2000
"""Characters of a sentence or its evidence: both quote names out of the file, of which one may have 65,536."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule saw. None instead of it: the rule does not apply."""

    text: str
    evidence: str = ""
    remedy: str = ""
    answer: Answer | None = None
    """Where it is not the one the rule's record gives."""
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
        """The reason, or None where the rule does not apply. Raises ``NeedsMoreError`` where a fact is not known."""
        seen = self.check(context)
        if seen is None:
            return None
        return Reason(
            self.rule.code,
            seen.answer or self.rule.answer,
            _bounded(seen.text),
            _bounded(seen.evidence),
            seen.remedy,
            self.advice,
            _bounded(seen.short or self.rule.title, SHORTEST),
        )


def _bounded(text: str, limit: int = LONGEST) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


_entries: list[RuleEntry] = []


def rule(code: str, step: int, answer: Answer, title: str) -> Callable[[Check], Check]:
    """Register a function as a rule. Its docstring is the rule's explanation. Step 8 is advice."""

    def register(check: Check) -> Check:
        explanation = " ".join(inspect.cleandoc(check.__doc__ or "").split())
        _entries.append(RuleEntry(Rule(code, step, answer, title, explanation), check, step == 8))
        return check

    return register


def entries() -> tuple[RuleEntry, ...]:
    """Every registered rule in the order of the procedure: by step, and within a step as written."""
    return tuple(sorted(_entries, key=lambda entry: entry.rule.step))
