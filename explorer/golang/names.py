"""The names that Go's linker gives to functions, taken apart.

A name is a package's path, a dot, and a symbol: ``net/http.(*Client).Do``. The linker writes dots
of the path's last element as ``%2e`` (``cmd/internal/objabi.PathToPrefix``), generics carry their
types in brackets, and closures, wrappers and bound methods have suffixes.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

_SUFFIX = re.compile(r"(?:[.-](?:func|gowrap|deferwrap|fm|abi0|abiinternal)\d*(?:\.\d+)*)+$")
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_MADE_BY_LINKER = ("go:", "type:", "type..", "go.", "$", "_cgo", "x_cgo", "crosscall")


@lru_cache(maxsize=1 << 16)
def split_name(name: str) -> tuple[str, str]:
    """Package path and symbol: ``("net/http", "Client.Do")``.

    A closure, wrapper or bound method counts as the function that it belongs to; ``(*T).M`` becomes
    ``T.M``. A promoted method has the embedded type's package in its own name, so the path ends at
    the first dot behind the last slash that precedes any parenthesis. The path is empty for what
    the linker makes itself.
    """
    return _split(name)


def _split(name: str) -> tuple[str, str]:
    """What ``split_name`` gives. A large program has 100,000 names: the rare parts are looked for
    before they are taken away."""
    if name.startswith(_MADE_BY_LINKER):
        return "", name
    plain = name
    while "[" in plain and (shorter := _BRACKETS.sub("", plain)) != plain:
        plain = shorter
    parenthesis = plain.find("(")
    slash = plain.rfind("/", 0, parenthesis if parenthesis >= 0 else len(plain))
    dot = plain.find(".", slash + 1)
    if dot < 0:
        return "", name
    path, symbol = plain[:dot], plain[dot + 1 :]
    if "func" in symbol or "wrap" in symbol or "fm" in symbol or "abi" in symbol:
        symbol = _SUFFIX.sub("", symbol)
    if parenthesis >= 0:
        symbol = symbol.replace("(*", "").replace("(", "").replace(")", "")
    return unquote(path) if "%" in path else path, symbol


def symbols_by_package(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Package path → the symbols of it that ``names`` hold."""
    packages: dict[str, set[str]] = {}
    for name in names:
        path, symbol = _split(name)
        if path:
            if (symbols := packages.get(path)) is None:
                symbols = packages[path] = set()
            symbols.add(symbol)
    return {path: frozenset(symbols) for path, symbols in packages.items()}
