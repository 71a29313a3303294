"""Functions and packages of a Go program."""

from dataclasses import dataclass

from explorer.facts import Fact


@dataclass(frozen=True, slots=True)
class GoFunction:
    """One function of the table."""

    name: str
    """As Go's linker writes it: ``net/http.(*Client).Do``. Untrusted."""
    size: int
    """Bytes up to the next function, padding included."""


@dataclass(frozen=True, slots=True)
class GoPackage:
    """The functions of one package."""

    path: str
    """``net/http``, ``main``; empty for functions that the linker makes. Untrusted."""
    functions: int
    size: int
    """Bytes of code."""


@dataclass(frozen=True, slots=True)
class GoTable:
    """Everything that ``.gopclntab`` names."""

    version: str
    """Of the table's format, by the Go release that introduced it: ``1.2``, ``1.16``, ``1.18``,
    ``1.20``."""
    functions: tuple[GoFunction, ...]
    """By address."""
    names: Fact[frozenset[str]]
    """Names of functions, those that were inlined everywhere included.

    Unknown for tables older than Go 1.16, which do not name these.
    """

    def packages(self) -> tuple[GoPackage, ...]:
        """Sizes by package, the largest first."""
        from explorer.golang.names import split_name

        sizes: dict[str, list[int]] = {}
        for function in self.functions:
            counts = sizes.setdefault(split_name(function.name)[0], [0, 0])
            counts[0] += 1
            counts[1] += function.size
        rows = (GoPackage(path, number, size) for path, (number, size) in sizes.items())
        return tuple(sorted(rows, key=lambda row: (-row.size, row.path)))
