"""Which file to use, why, and the lines to paste. A door of ``report``."""

from explorer.report.advice.lines_to_paste import pastable, snippets
from explorer.report.advice.rows import (
    CALL,
    PROVE,
    advice_facts,
    advice_headline,
    advice_title,
    proof_of,
    prove_command,
)
from explorer.report.advice.snippet import Snippet

__all__ = [
    "CALL",
    "PROVE",
    "Snippet",
    "advice_facts",
    "advice_headline",
    "advice_title",
    "pastable",
    "proof_of",
    "prove_command",
    "snippets",
]
