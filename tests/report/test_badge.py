"""A badge and a table: what they say, and that no name breaks them."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from explorer.report.documents import report
from explorer.verify import Proof, Result
from explorer.workbench import Inspection
from tests.report.test_documents import hostile
from tests.support.proofs import make_proof

__all__ = ["hostile"]


def said(*inspections: Inspection) -> str:
    """What a badge says to a reader who cannot see it."""
    root = ET.fromstring(report(inspections, "badge"))
    return root.attrib["aria-label"]


def proved(inspection: Inspection, **changes: object) -> Inspection:
    """The inspection with a proof on its own target."""
    target = inspection.verdicts[0].target.name
    platform = f"linux/{inspection.binary.arch}"
    proof: Proof = make_proof(target=target, platform=platform, **changes)
    return replace(inspection, proofs=(proof,))


def test_a_badge_says_what_one_file_does(
    static_go: Inspection, aided: Inspection, inspected: Inspection
) -> None:
    assert said(static_go) == "Alpine 3.22: runs"
    assert said(proved(static_go)) == "Alpine 3.22: runs, proved"
    assert said(aided) == "Alpine 3.22: runs with packages"
    assert said(inspected) == "Alpine 3.22: does not run"
    wrong = proved(static_go, result=Result.FAILED, agrees=False)
    assert said(wrong) == "Alpine 3.22: a proof disagrees"


def test_a_badge_counts_several(
    static_go: Inspection, inspected: Inspection, on_debian: Inspection
) -> None:
    assert said(static_go, inspected) == "Alpine 3.22: 1 of 2 run"
    assert said(proved(static_go), on_debian) == "2 systems: 2 of 2 run, 1 proved"


def test_a_table_has_files_down_and_systems_across(
    static_go: Inspection, aided: Inspection, on_debian: Inspection
) -> None:
    both = replace(aided, verdicts=(*aided.verdicts, *on_debian.verdicts))
    text = report([proved(static_go), both], "table")
    lines = text.splitlines()
    assert lines[0] == "| file | Alpine 3.22 | Debian 12 |"
    assert lines[2].endswith("| ▣ ran | ? |")
    assert "◐ yes-if" in lines[3]
    assert "apk add" in lines[3]
    assert lines[3].endswith("| ✓ yes |")
    assert lines[5].startswith("▣ ran in a container")
    assert "▣ ran in a container" not in report([static_go], "table")


@pytest.mark.parametrize("form", ["badge", "table"])
def test_no_name_breaks_out(form: str, hostile: Inspection) -> None:
    text = report([hostile], form)
    assert not set(text) & set("\x1b\x07\u202e")
    if form == "badge":
        names = {element.tag.partition("}")[2] for element in ET.fromstring(text).iter()}
        assert names == {"svg", "title", "clipPath", "rect", "g", "text"}
    else:
        tokens = MarkdownIt().enable("table").parse(text)
        assert sum(token.type == "tr_open" for token in tokens) == 2
        inline = [child.type for token in tokens for child in token.children or ()]
        assert not {"link_open", "html_inline", "image"} & set(inline)
