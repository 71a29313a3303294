"""Searching bytes piece by piece: for a text, a regular expression, or bytes in hex."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from explorer.errors import UsageError

PIECE = 256 << 10
"""Bytes that are searched at a time for a text or for bytes."""
REGEX_PIECE = 16 << 10
"""Bytes that are searched at a time by a regular expression: no other thread runs meanwhile."""
MOST_REPEATS = (0, 255, 63, 15)
"""How often ``*``, ``+`` and ``{n,}`` repeat at most, by how many of them there are: no search of a
piece may take long."""
REGEX_REACH = 4096
"""Bytes of a match that lies across two pieces, at most."""
LONGEST = 4096
"""Characters of what is searched for."""


class NeedleKind(StrEnum):
    """What a search is for."""

    TEXT = "text"
    """A text in UTF-8; upper and lower case are the same if it is in lower case."""
    REGEX = "regex"
    HEX = "hex"
    """Bytes; ``??`` stands for any."""


@dataclass(frozen=True, slots=True)
class Needle:
    """What is searched for."""

    kind: NeedleKind
    pattern: re.Pattern[bytes]
    reach: int
    """Bytes of the longest match."""

    @property
    def piece(self) -> int:
        """Bytes to search at a time."""
        return REGEX_PIECE if self.kind is NeedleKind.REGEX else PIECE


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was found, in bytes."""

    offset: int
    size: int


def parse_needle(text: str, kind: NeedleKind = NeedleKind.TEXT) -> Needle:
    """What to search for.

    Raises:
        UsageError: it is empty, too long, or not a valid expression.
    """
    if not text or len(text) > LONGEST:
        raise UsageError("There is nothing to search for" if not text else "That is too long")
    if kind is NeedleKind.HEX:
        return _hex_needle(text)
    if kind is NeedleKind.REGEX:
        return _regex_needle(text)
    data = text.encode("utf-8", "surrogateescape")
    flags = re.DOTALL | (re.IGNORECASE if text == text.lower() else 0)
    return Needle(kind, re.compile(re.escape(data), flags), len(data))


def _hex_needle(text: str) -> Needle:
    digits = re.sub(r"0[xX]|[\s,:]+", "", text)
    if len(digits) % 2 or not re.fullmatch(r"(?:[0-9a-fA-F]{2}|\?\?)+", digits):
        raise UsageError(
            f"“{text}” is not bytes in hex", remedy="Write pairs of digits: 7f 45 4c 46"
        )
    pairs = [digits[place : place + 2] for place in range(0, len(digits), 2)]
    pattern = b"".join(b"." if p == "??" else re.escape(bytes.fromhex(p)) for p in pairs)
    return Needle(NeedleKind.HEX, re.compile(pattern, re.DOTALL), len(pairs))


def _regex_needle(text: str) -> Needle:
    try:
        bounded = _bounded(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(bounded.encode("utf-8", "surrogateescape"))
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"“{text}” is not a valid regular expression", str(error)) from None
    if pattern.match(b""):
        raise UsageError(f"“{text}” matches everywhere", remedy="Search for more than that")
    return Needle(NeedleKind.REGEX, pattern, REGEX_REACH)


_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^)=!<:]*[:=!]?|\{\d*,?\d*\}|.", re.DOTALL)
_OPEN = re.compile(r"[*+]|\{\d*,\}")


def _bounded(text: str) -> str:
    """The expression with a limit for each repetition.

    Raises:
        UsageError: it repeats a repetition or a choice, or repeats too often: that takes for ever.
    """
    tokens = _TOKEN.findall(text)
    many = sum(_OPEN.fullmatch(token) is not None for token in tokens)
    if many >= len(MOST_REPEATS):
        raise UsageError(f"“{text}” repeats too often", f"{many} repetitions without a limit")
    parts: list[str] = []
    groups = [False]
    closed = False
    for token in tokens:
        repeats = token in ("*", "+", "?") or re.fullmatch(r"\{\d*,?\d*\}", token) is not None
        lazy = token == "?" and parts and parts[-1].endswith(("}", "?"))
        if repeats and closed and token != "?":
            raise UsageError(
                f"“{text}” repeats a repetition or a choice",
                remedy="Write it without a repetition around another one",
            )
        if (repeats and not lazy) or token == "|":
            groups[-1] = True
        closed = False
        if token.startswith("("):
            groups.append(False)
        elif token == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] |= closed
        least = re.match(r"\{(\d*),\}", token)
        if least is not None or token in ("*", "+"):
            low = int(least[1] or 0) if least is not None else int(token == "+")
            token = f"{{{low},{max(low, MOST_REPEATS[many])}}}"
        parts.append(token)
    return "".join(parts)


class Finder:
    """Finds a needle in pieces that follow each other. Feed it in order."""

    def __init__(self, needle: Needle, start: int = 0) -> None:
        """``start``: the offset of the first piece."""
        self.needle = needle
        self._tail = b""
        self._base = start
        self._after = start
        """Matches begin here or later: none is reported twice."""

    def feed(self, piece: bytes, last: bool = False) -> Iterator[Spot]:
        """The matches that this piece completes; ``last``: no more pieces follow."""
        data = self._tail + piece
        # What begins in the last bytes may go on in the next piece.
        sure = len(data) if last else max(0, len(data) - self.needle.reach + 1)
        for match in self.needle.pattern.finditer(data, max(0, self._after - self._base)):
            if match.start() >= sure:
                break
            if match.group():
                self._after = self._base + match.end()
                yield Spot(self._base + match.start(), len(match.group()))
        keep = min(sure, len(data))
        self._base += keep
        self._tail = data[keep:]
