"""Shown strings are plain English: none of the phrases that made native readers stop."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import explorer

STILTED = re.compile(
    r"""
    \banew\b | \bso\ many\b | \bfor\ threads\b | \bnobody\b | \bwhoever\b | \bof\ a\ sort\b
    | \basks?\ for\ (?:glibc|musl)'s | \bserves\ instead\b | published\ serves | \bfile\ serves\b
    | (?<!there\ )\bis\ none\b | \bsome\ (?:sixteen|twenty|thirty|fifty|hundred)\b
    | digest\ is\ right | seen,\ not\ all | \bright\ behind\b | \bnor\ was\b
    | turn\ the\ order | write\ down\ what | \bas\ the\ rule\ wants\b | \bhas\ proved\ it\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def shown(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring."""
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_no_shown_string_has_a_stilted_phrase() -> None:
    root = Path(explorer.__file__).parent
    stilted = [
        f"{path.relative_to(root)}:{line}: {text}"
        for path in sorted(root.rglob("*.py"))
        for line, text in shown(ast.parse(path.read_text("utf-8")))
        if STILTED.search(text)
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
