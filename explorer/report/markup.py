"""Untrusted text in GitHub's Markdown: code spans, fences and prose that it cannot break out of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from explorer.report.text import visible

# What GitHub turns into links and pictures: mentions, issues, addresses, commit ids, :emoji:.
_LIVE = re.compile(
    r"[@#]|://|www\.|:[\w+-]+:|\bGH-[0-9]|\b[0-9a-f]{7,40}\b|[\w.+-]+/[\w.-]+#[0-9]", re.IGNORECASE
)
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")


def code(text: str) -> str:
    """``text`` as a code span that it cannot end."""
    text = visible(text)
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    # A renderer removes one space on each side. Text that begins or ends with a backtick needs it.
    space = (
        " "
        if text.startswith("`")
        or text.endswith("`")
        or (text.startswith(" ") and text.endswith(" "))
        else ""
    )
    return f"{ticks}{space}{text or ' '}{space}{ticks}"


def prose(text: str) -> str:
    """``text`` with its punctuation escaped; as a code span if GitHub would make a link of it."""
    text = visible(text)
    return code(text) if _LIVE.search(text) else _PUNCTUATION.sub(r"\\\1", text)


def fence(lines: Iterable[str], language: str = "text") -> str:
    """A fenced block that none of its lines can close."""
    body = [visible(line) for line in lines]
    longest = max((len(run) for line in body for run in re.findall("`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([f"{ticks}{language}", *body, ticks])


def in_table(written: str) -> str:
    """What ``code`` or ``prose`` has written, fit for a table's cell.

    GitHub splits a row at every bar without a backslash before it, inside code spans too, and then
    removes the backslash. Prose has one already.
    """
    return written.replace("|", "\\|") if written.startswith("`") else written
