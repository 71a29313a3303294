"""Targets and rules as rows."""

from __future__ import annotations

from explorer.compat import Rule, Target
from explorer.report.answers import answer_cell
from explorer.report.cells import Cell, Column, Row

TARGET_COLUMNS = (
    Column("name", "name"),
    Column("title", "title", grows=True),
    Column("libc", "libc"),
    Column("version", "version"),
    Column("packages", "with"),
    Column("image", "image"),
)


def target_row(target: Target) -> Row:
    """A target as ``targets`` lists it."""
    libc = target.libc.value
    return Row(
        target.name,
        (
            Cell(target.name, "strong"),
            Cell(target.title),
            Cell(libc, sort=libc),
            Cell(target.libc_version or "–"),
            Cell(", ".join(sorted(target.packages)) or "–"),
            Cell(target.image or "–", "dim"),
        ),
    )


RULE_COLUMNS = (
    Column("step", "step", "right", width=4),
    Column("code", "code"),
    Column("answer", "answer", width=10),
    Column("title", "rule", grows=True),
)


def rule_row(rule: Rule) -> Row:
    """A rule as ``rules`` lists it."""
    return Row(
        rule.code,
        (
            Cell(str(rule.step), align="right", sort=rule.step),
            Cell(rule.code, "code"),
            answer_cell(rule.answer),
            Cell(rule.title),
        ),
    )
