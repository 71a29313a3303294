"""Facts that may be missing say why. Yes, no, unknown and not applicable are four different words."""

from dataclasses import dataclass
from typing import TypeVar, Union

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """The fact exists but is not known here; ``why`` is a sentence fragment a user can read."""

    why: str
    needs: int | None = None
    """The file offset, in bytes, up to which the file has to be there to know it; None where bytes would not help."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The question has no meaning for this thing, e.g. the interpreter of a static program."""

    why: str


Fact = Union[T, Unknown, NotApplicable]
"""A value of type T, or the reason why there is none."""

MISSING = (Unknown, NotApplicable)
"""For ``isinstance(fact, MISSING)``: narrows a ``Fact[T]`` to T in the other branch."""


def known_or(fact: Fact[T], fallback: T) -> T:
    """The value of a fact, or ``fallback`` where it is unknown or not applicable."""
    return fallback if isinstance(fact, (Unknown, NotApplicable)) else fact
