"""The syntax tree of each module, parsed once for all the tests that read the source."""

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """The tree of the module at this path. It is shared: read it, do not change it."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of that tree, in the order of ``ast.walk``, which takes ten times as long."""
    return tuple(ast.walk(parsed(path)))
