"""Which tests need tools beyond Python: a compiler, a container engine, published programs, a
browser.

As a pytest plugin it marks them ``tools``, so that ``make check`` can leave them out. A test needs
tools when its module names one of ``PROVIDERS``, or has what comes from one through helpers or
fixtures. Nothing has to be marked by hand, so nothing can be forgotten. Where they are left out,
modules that name a provider are not even imported: that would be a third of what collecting costs.
"""

import re
import sys
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

PROVIDERS = frozenset(
    f"tests.support.{name}"
    for name in ("alpine", "binaries", "browser", "buildx", "corpus", "desktop", "engine", "images")
)

NAMES_A_PROVIDER = re.compile(
    rf"^(?:from|import) (?:{'|'.join(map(re.escape, PROVIDERS))})\b", re.M
)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "tools: needs a compiler, an engine, published programs or a browser"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a module all of whose tests would be deselected, before it is imported."""
    if "not tools" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    return _names_a_provider(collection_path) or None


@cache
def _names_a_provider(path: Path) -> bool:
    return NAMES_A_PROVIDER.search(path.read_text("utf-8")) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what was collected."""
    known: dict[str, bool] = {}
    for item in items:
        if isinstance(item, pytest.Function) and (
            _names_a_provider(item.path) or any(_reaches(name, known) for name in _modules_of(item))
        ):
            item.add_marker(pytest.mark.tools)


def _modules_of(item: pytest.Function) -> set[str]:
    """The test's own module, and those that define its fixtures."""
    definitions = item._fixtureinfo.name2fixturedefs.values()
    return {item.module.__name__} | {
        definition.func.__module__ for fixtures in definitions for definition in fixtures
    }


def _reaches(name: str, known: dict[str, bool]) -> bool:
    """Whether a module of the tests is, or imports, a provider."""
    if not name.startswith("tests."):
        return False
    if name not in known:
        known[name] = False  # ends the recursion where two helpers import each other
        known[name] = name in PROVIDERS or any(
            _reaches(imported, known) for imported in _imports(sys.modules[name])
        )
    return known[name]


def _imports(module: ModuleType) -> set[str]:
    """Modules whose functions, classes or names stand among a module's globals."""
    names = set()
    for value in vars(module).values():
        if isinstance(value, ModuleType):
            names.add(value.__name__)
        elif isinstance(value, (FunctionType, type)):
            names.add(value.__module__)
    return names - {module.__name__}
