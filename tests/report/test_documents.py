"""Reports: whole, of one content, and safe, whatever a file or a container says."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from explorer.facts import NotApplicable, Unknown
from explorer.report.documents import FORMATS, report
from explorer.report.documents.content import document
from explorer.report.documents.html import html
from explorer.report.markup import code, fence, in_table, prose
from explorer.verify import CheckResult, Engine, Image, Proof, Result, StepResult, StepStatus
from explorer.workbench import Inspection, Subject
from tests.report.conftest import NOW
from tests.support.proofs import make_proof

HOSTILE = (
    "</pre></style></svg><script>alert(1)</script>`````\n```\n| x | "
    "@root https://evil.example #12 [a](b) "
    "\x1b]0;t\x07\u202e ]]> & \" ' <!--"
)


def proof_of(text: str) -> Proof:
    """A proof in whose every field ``text`` stands."""
    return make_proof(
        result=Result.FAILED,
        meaning=text,
        text=text,
        engine=Engine(text, (text,), text, text, False),
        image=Image(text, text, NotApplicable(text), False),
        platform="linux/amd64",
        command=((text, "create"),),
        argv=(text,),
        exit_code=1,
        started_at="2026-06-17T14:02:00Z",
        stdout=text,
        stderr=text * 3,
        checks=(
            CheckResult("version", False, text, text),
            CheckResult("os", Unknown(text), text, text),
        ),
        agrees=False,
        verdict=text,
        target=text,
        subject=text,
        deep=(StepResult(text, StepStatus.FAIL, text, text),),
    )


@pytest.fixture(scope="module")
def hostile(inspected: Inspection) -> Inspection:
    """A real inspection whose every quotable text is hostile."""
    verdict = inspected.verdicts[0]
    reasons = tuple(
        replace(r, text=HOSTILE, evidence=HOSTILE, remedy=HOSTILE, code=HOSTILE)
        for r in verdict.reasons
    )
    wicked = replace(
        verdict,
        reasons=reasons,
        deciding=reasons[0],
        target=replace(verdict.target, title=HOSTILE, name=HOSTILE),
    )
    return replace(
        inspected,
        subject=Subject(HOSTILE, None, None, inspected.path),
        file=replace(inspected.file, name=HOSTILE),
        verdicts=(wicked,),
        proofs=(proof_of(HOSTILE),),
        changed=HOSTILE,
        binary=replace(inspected.binary, detail=HOSTILE),
    )


class Collector(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_says_what_was_found(inspected: Inspection, form: str) -> None:
    text = report([inspected], form, NOW)
    assert inspected.subject.name.rsplit("/", 1)[-1] in text
    assert "2026-06-17T12:00:00Z" in text
    assert "rr-explorer" in text
    if form != "json":
        assert "✗ no" in text
    if form != "svg":
        assert str(inspected.file.sha256) in text
        assert "elf.interp.glibc" in text.replace("\\", "")


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_steps_of_a_deep_proof_stand_in_it(inspected: Inspection, form: str) -> None:
    failed = StepResult("time-zone without tzdata", StepStatus.FAIL, "no zone", "apk add tzdata")
    proofs = (make_proof(deep=(failed,)),)
    text = report([replace(inspected, proofs=proofs)], form, NOW)
    assert "time-zone without tzdata" in text
    assert "apk add tzdata makes it pass" in text


def test_the_same_report_twice_is_the_same(inspected: Inspection) -> None:
    for form in FORMATS:
        assert report([inspected, inspected], form, NOW) == report(
            [inspected, inspected], form, NOW
        )


def test_html_cannot_be_broken_out_of(hostile: Inspection) -> None:
    page = html(document([hostile], NOW))
    collector = Collector()
    collector.feed(page)
    assert "script" not in collector.tags
    assert collector.tags <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        ),
        *("section", "p", "ul", "li", "pre", "header"),
    }
    assert not {
        name
        for name in collector.attributes
        if name.startswith("on") or name in ("href", "src", "style")
    }
    assert page.count("</style>") == 1
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert not set(page) & set("\x1b\x07\u202e")


def test_svg_is_xml_and_holds_no_script(hostile: Inspection) -> None:
    root = ET.fromstring(report([hostile], "svg", NOW))
    names = {element.tag.partition("}")[2] for element in root.iter()}
    assert names == {"svg", "title", "style", "rect", "text"}


def test_markdown_cannot_be_broken_out_of(hostile: Inspection) -> None:
    text = report([hostile], "markdown", NOW)
    assert not set(text) & set("\x1b\x07\u202e")
    outside = _without_code(text)
    assert "@root" not in outside
    assert "evil.example" not in outside
    assert "#12" not in outside
    assert "<script" not in outside
    assert "[a](" not in outside
    assert set(re.findall(r"<(/?\w+)", outside)) == {
        "details",
        "/details",
        "summary",
        "/summary",
        "sub",
        "/sub",
    }
    rows = [line for line in text.splitlines() if line.startswith("| ")][:3]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}, (
        "no cell of the table can open another"
    )


def _without_code(text: str) -> str:
    """Markdown without fences and code spans.

    CommonMark: a run of backticks is closed by one of the same length.
    """
    kept: list[str] = []
    closing = ""
    for line in text.split("\n"):
        if closing:
            closing = "" if line == closing else closing
        elif match := re.match(r"(`{3,})\w*$", line):
            closing = match[1]
        else:
            kept.append(line)
    assert not closing, "a fence was left open"
    return re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", "\n".join(kept))


ISSUE = 65_536
"""Characters that GitHub takes for an issue's text; with one more it refuses the whole."""


@pytest.mark.parametrize(
    "output",
    [
        "many short lines\n" * 300,
        "wide " * 400 + "\n" + "and\n" * 50,
        "x" * 900_000,
        ("`" * 90 + "\n") * 300,
    ],
    ids=["lines", "wide", "one line", "fences"],
)
def test_long_output_never_makes_a_report_too_long_for_an_issue(
    inspected: Inspection, output: str
) -> None:
    proved = replace(
        inspected, proofs=(replace(proof_of("short"), stdout=output, stderr=output),) * 20
    )
    text = report([proved], "markdown", NOW)
    assert len(text) <= ISSUE
    assert text.count("**▨ failed") == 20, "every proof is told"
    assert output.split("\n", maxsplit=1)[0][:40] in text
    assert "JSON" in text
    assert "</details>" in text
    assert (
        json.loads(report([proved], "json", NOW))["inspections"][0]["proofs"][0]["output"]["stdout"]
        == output
    )


def test_a_report_too_long_for_an_issue_says_so(inspected: Inspection) -> None:
    text = report([inspected] * 100, "markdown", NOW)
    assert len(text) > ISSUE
    assert text.count("### ") == 100
    assert f"{ISSUE:,} characters" in text.split("### ")[0]
    assert "characters" not in report([inspected], "markdown", NOW)


@given(st.text(alphabet=st.sampled_from("`ab \n|@#<>\\*_")))
def test_code_and_prose_hold_any_text(text: str) -> None:
    span = code(text)
    assert _without_code(f"x{span}y") == "xy"
    closed = fence([text.replace("\n", " ")])
    assert _without_code(closed) == ""
    said = prose(text)
    if said != code(text):
        assert not set(re.sub(r"\\.", "", said)) & set("`<>*_|\\@#"), (
            "all that has a meaning is escaped, and nothing is live"
        )


def _rendered(text: str) -> list[Token]:
    """The Markdown's tokens as CommonMark with tables has them, the inline ones too."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return [token for outer in tokens for token in (outer, *(outer.children or ()))]


@given(st.text(alphabet=st.sampled_from("`ab |@#<>\\*_:&[]()!~$/-+=.1"), min_size=1, max_size=12))
def test_a_parser_finds_the_text_in_its_cell_and_nothing_else(text: str) -> None:
    name, said = in_table(code(text)), in_table(prose(text))
    table = f"| x | y |\n| --- | --- |\n| {name} | {said} |\n"
    tokens = _rendered(table)
    assert len([t for t in tokens if t.type == "td_open"]) == 2
    cells = [t for t in tokens if t.type == "inline"][2:]
    words = [
        "".join(
            c.content
            for c in cell.children or ()
            if c.type in ("text", "code_inline", "text_special")
        )
        for cell in cells
    ]
    assert [word.strip() for word in words] == [text.strip()] * 2
    assert {c.type for cell in cells for c in cell.children or ()} <= {
        "text",
        "code_inline",
        "text_special",
    }


def test_a_parser_finds_no_link_no_picture_and_no_other_tag(hostile: Inspection) -> None:
    tokens = _rendered(report([hostile], "markdown", NOW))
    assert not {token.type for token in tokens} & {"link_open", "image", "code_block"}
    html_ = {token.content.strip() for token in tokens if token.type.startswith("html")}
    assert all(
        re.fullmatch(r"</?sub>|</details>|<details><summary>[\w ]+</summary>", part)
        for part in html_
    ), html_


@pytest.mark.parametrize(
    "word",
    [
        "a :tada: b",
        ":+1:",
        "see GH-12",
        "mail me@x.org",
        "www.evil.example",
        "0123456789abcdef",
        "o/r#1",
    ],
)
def test_what_github_would_bring_to_life_is_code(word: str) -> None:
    assert prose(word) == code(word)


def test_json_holds_the_words_as_they_were(hostile: Inspection) -> None:
    text = report([hostile], "json", datetime(2026, 1, 1, tzinfo=UTC))
    assert text.isascii()
    assert json.loads(text)["inspections"][0]["subject"]["name"] == HOSTILE
