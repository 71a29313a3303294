"""Which file to use, why, and the lines to paste. A door of ``report``."""

from explorer.report.advice.lines_to_paste import pastable, snippets
from explorer.report.advice.maintainers import (
    FileEvidence,
    MaintainerNote,
    Situation,
    maintainer_note,
    proof_sentences,
)
from explorer.report.advice.maintainers_markdown import maintainer_note_markdown
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
    "FileEvidence",
    "MaintainerNote",
    "Situation",
    "Snippet",
    "advice_facts",
    "advice_headline",
    "advice_title",
    "maintainer_note",
    "maintainer_note_markdown",
    "pastable",
    "proof_of",
    "proof_sentences",
    "prove_command",
    "snippets",
]
