"""Which lines to paste for a piece of advice, or why there are none.

The lines are made from what was detected in the file (its packing, the member's name as stored),
not from what its name suggests.
"""

from __future__ import annotations

from explorer.errors import FormatError
from explorer.facts import MISSING
from explorer.report.advice.building import build_snippets
from explorer.report.advice.snippet import Snippet
from explorer.report.advice.taking import dockerfile, shell
from explorer.report.text import one_line
from explorer.workbench import Advice, BuildRecipe


def snippets(advice: Advice) -> tuple[Snippet, ...]:
    """Lines that take the chosen file, or that build one if no published file works.

    Empty if there is nothing to paste: ``pastable`` says why.

    Raises:
        FormatError: a name or an address that cannot be put into a script safely.
    """
    if _why_none(advice):
        return ()
    if advice.chosen is None:
        return build_snippets(advice)
    assert isinstance(advice.sha256, str)
    asset = advice.chosen.asset
    taken = (dockerfile(advice, asset, advice.sha256), shell(advice, asset, advice.sha256))
    has_recipe = isinstance(advice.source, BuildRecipe)
    return (*taken, *build_snippets(advice)) if has_recipe else taken


def pastable(advice: Advice) -> tuple[tuple[Snippet, ...], str]:
    """The snippets, and a sentence on why there are none; the sentence is empty if there are."""
    try:
        return snippets(advice), _why_none(advice)
    except FormatError as error:
        return (), str(error)


def _why_none(advice: Advice) -> str:
    if advice.chosen is None:
        candidates = advice.candidates
        if candidates and all(one.state.inspection is None for one in candidates):
            return "Nothing to paste: whether a published file works is not known yet"
        if isinstance(advice.source, MISSING):
            return f"Nothing to paste: {one_line(advice.source.why)}"
        return ""
    asset = advice.chosen.asset
    if asset.stand_in:
        return "Nothing to paste: a stand-in is not published. Try it without --demo"
    if not asset.url:
        return f"Nothing to paste: there is no known address of {asset.name}"
    if isinstance(advice.sha256, MISSING):
        return f"Nothing to paste: the sha256 of {asset.name} is not known ({advice.sha256.why})"
    return ""
