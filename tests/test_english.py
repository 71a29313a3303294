"""Plain English everywhere that a person reads: none of the phrases that made native readers stop.

``STILTED`` is not allowed in shown strings, docstrings, comments, data and documents; ``SHOWN`` not
in strings that a user sees. The lists grow with every phrase that stops a reader.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import explorer
from tests.support.source_trees import nodes

PACKAGE = Path(explorer.__file__).parent
ROOT = PACKAGE.parent
DOCUMENTS = ("*.md", "docs/*.md", "Makefile", "explorer/**/*.toml", "explorer/**/*.tcss")

STILTED = re.compile(
    r"""
    \banew\b | \bso\ many\b | \bfor\ threads\b | \bwhoever\b | \bof\ a\ sort\b
    | \basks?\ for\ (?:glibc|musl|a\ loader) | \bserves\ (?:instead|where)\b
    | published\ serves | \bfile\ serves\b | (?<!there\ )\bis\ (?-i:none)\b
    | \bsome\ (?:sixteen|seventy|forty|twenty|thirty|fifty|hundred)\b
    | digest\ is\ right | seen,\ not\ all | words\ right\ behind | \bnor\ was\b
    | turn\ the\ order | write\ down\ what | \bas\ the\ rule\ wants\b | \bhas\ proved\ it\b
    | \bis\ no\ (?:ELF|program|archive|executable|POSIX|script|number)\b | \bto\ be\ had\b
    | \bas\ it\ were\b | \b(?:it|that)\ is\ told\b | \bis\ told\ of\b | \bshall\ be\b
    | \bbelieved\ by\ nobody\b | \bwas\ to\ be\b | \bgone\ on\ with\b | \bset\ going\b
    | \bgoes\ on\ where\ it\ stopped\b | \bprocessor\ level\b | the\ settings'\ (?:own\ )?file
    """,
    re.VERBOSE | re.IGNORECASE,
)
SHOWN = re.compile(
    r"\bnobody\b | \bright\ behind\b | \bwhat\ there\ is\b", re.VERBOSE | re.IGNORECASE
)


def shown(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring."""
    docs = {
        id(node.value)
        for node in nodes(path)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


@cache
def prose() -> tuple[tuple[str, str], ...]:
    """Place and text of every string, docstring, comment and document."""
    return tuple(_read_prose())


def _read_prose() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text("utf-8")
        place = path.relative_to(ROOT)
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{place}:{node.lineno}", node.value
        for number, line in enumerate(source.splitlines(), 1):
            if "#" in line:  # a comment; or a string that has one, which is prose, too
                yield f"{place}:{number}", line.partition("#")[2]
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                yield f"{path.relative_to(ROOT)}:{number}", line


def test_nothing_that_is_read_has_a_stilted_phrase() -> None:
    stilted = [
        f"{place}: {match[0]}"
        for place, text in prose()
        if (match := STILTED.search(" ".join(text.split())))
    ]
    assert not stilted


def test_no_shown_string_has_a_stilted_phrase() -> None:
    stilted = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in shown(path)
        if SHOWN.search(text)
    ]
    assert not stilted


def test_the_list_finds_what_it_is_for() -> None:
    for text in (
        "Download it anew",
        "nothing published serves: build it",
        "206 releases seen, not all",
        "It asks for glibc's loader",
        "its digest is right",
    ):
        assert STILTED.search(text)
    assert not STILTED.search("empty if there is none")
    assert len(list(prose())) > 5_000
