"""Values that may be missing, with the reason. Unknown is neither no nor not applicable."""

from dataclasses import dataclass
from typing import Final, TypeVar, Union

T = TypeVar("T")
NEEDS_FILE: Final = "needs the whole file"
"""Why a fact is not known that reading the whole file would tell."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The value exists but is not known; ``why`` is a sentence fragment that a user can read."""

    why: str
    needs: int | None = None
    """Offset in bytes up to which the file must be read to know it; None if that does not help."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """There is no such value, e.g. the interpreter of a static program."""

    why: str


Fact = Union[T, Unknown, NotApplicable]
"""A value of type T, or the reason why it is missing."""

MISSING = (Unknown, NotApplicable)
"""``isinstance(fact, MISSING)`` narrows a ``Fact[T]`` to T in the other branch."""


def known_or(fact: Fact[T], fallback: T) -> T:
    """The value of a fact, or ``fallback`` if it is missing."""
    return fallback if isinstance(fact, (Unknown, NotApplicable)) else fact
