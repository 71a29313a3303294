"""Packages and functions of a Go program, by size."""

from __future__ import annotations

from explorer.golang import GoTable, split_name
from explorer.report.cells import Cell, Column, Row
from explorer.report.units import human_size

BAR = 20
"""Cells of the widest bar."""
PACKAGE_COLUMNS = (
    Column("package", "package", grows=True),
    Column("functions", "functions", "right"),
    Column("size", "size", "right"),
    Column("share", "share", "right"),
    Column("bar", ""),
)
FUNCTION_COLUMNS = (Column("function", "function", grows=True), Column("size", "size", "right"))
FUNCTION_BAR_COLUMNS = (
    *FUNCTION_COLUMNS,
    Column("share", "share", "right"),
    Column("bar", ""),
)
_EIGHTHS = " ▏▎▍▌▋▊▉"


def package_rows(table: GoTable) -> tuple[Row, ...]:
    """One row per package, the largest first, with a bar in proportion to the largest."""
    packages = table.packages()
    total = sum(package.size for package in packages) or 1
    largest = max((package.size for package in packages), default=0) or 1
    return tuple(
        Row(
            _key(package.path),
            (
                Cell.of(package.path or "(made by the linker)"),
                Cell(f"{package.functions:,}", align="right", sort=package.functions),
                Cell(human_size(package.size), align="right", sort=package.size),
                Cell(f"{100 * package.size / total:.1f} %", align="right", sort=package.size),
                Cell(_bar(package.size / largest), "accent"),
            ),
        )
        for package in packages
    )


def function_rows(table: GoTable) -> tuple[Row, ...]:
    """One row per function, the largest first."""
    ordered = sorted(table.functions, key=lambda function: (-function.size, function.name))
    return tuple(
        Row(
            f"{number} {function.name}",
            (
                Cell.of(function.name),
                Cell(human_size(function.size), align="right", sort=function.size),
            ),
        )
        for number, function in enumerate(ordered)
    )


def function_bar_rows(table: GoTable, package: str) -> tuple[Row, ...]:
    """One row per function of a package, the largest first. ``package``: the key of its row."""
    inside = [f for f in table.functions if _key(split_name(f.name)[0]) == package]
    inside.sort(key=lambda function: (-function.size, function.name))
    total = sum(function.size for function in inside) or 1
    largest = inside[0].size if inside else 1
    return tuple(
        Row(
            f"{number} {function.name}",
            (
                Cell.of(function.name.removeprefix(f"{package}.")),
                Cell(human_size(function.size), align="right", sort=function.size),
                Cell(f"{100 * function.size / total:.1f} %", align="right", sort=function.size),
                Cell(_bar(function.size / (largest or 1)), "accent"),
            ),
        )
        for number, function in enumerate(inside)
    )


def _key(path: str) -> str:
    """The key of a package's row."""
    return path or "(linker)"


def _bar(share: float) -> str:
    eighths = round(share * BAR * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
