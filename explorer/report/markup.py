"""Untrusted text in GitHub's Markdown: code spans, fences and prose that nothing in it can leave."""

from __future__ import annotations

import re
from collections.abc import Iterable

from explorer.report.text import visible

# What GitHub turns into something else in prose: mentions, issue numbers, addresses, commit ids, :emoji:.
_LIVE = re.compile(
    r"[@#]|://|www\.|:[\w+-]+:|\bGH-[0-9]|\b[0-9a-f]{7,40}\b|[\w.+-]+/[\w.-]+#[0-9]", re.IGNORECASE
)
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")


def code(text: str) -> str:
    """``text`` as a code span that it cannot end."""
    text = visible(text)
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    # A space on both sides is taken off again; it is needed where the text begins or ends with a backtick or is blank.
    space = (
        " "
        if text.startswith("`")
        or text.endswith("`")
        or (text.startswith(" ") and text.endswith(" "))
        else ""
    )
    return f"{ticks}{space}{text or ' '}{space}{ticks}"


def prose(text: str) -> str:
    """``text`` as prose with its punctuation escaped, or as a code span where something in it could come alive."""
    text = visible(text)
    return code(text) if _LIVE.search(text) else _PUNCTUATION.sub(r"\\\1", text)


def fence(lines: Iterable[str], language: str = "text") -> str:
    """Lines in a fence that none of them can close."""
    body = [visible(line) for line in lines]
    longest = max((len(run) for line in body for run in re.findall("`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([f"{ticks}{language}", *body, ticks])


def in_table(written: str) -> str:
    """What ``code`` or ``prose`` has made, so that it stays in its cell of a table and says there what it says elsewhere.

    A row is split, before anything else, at every bar that has no backslash before it, also inside code; the backslash is
    taken away then: prose has one already.
    """
    return written.replace("|", "\\|") if written.startswith("`") else written
