"""Package exports that are imported on first use, so that a first screen does without them."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


def lazy_exports(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """A ``__getattr__`` (PEP 562) for ``package``: maps an exported name to the submodule that
    defines it, or to another package's full name.

    A submodule must not share its name with an export: importing it would put the module in the
    export's place.
    """

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        place = modules[name]
        module = import_module(place if "." in place else f"{package}.{place}")
        value: object = getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return load


@contextmanager
def imported_on_use(name: str) -> Iterator[None]:
    """Within the block, who imports this module gets one that imports it when it is first used.

    For a large one that another project imports and needs in rare cases only.
    """
    if name in sys.modules:
        yield
        return
    stand_in = ModuleType(name)
    vars(stand_in)["__getattr__"] = lambda attribute: getattr(import_module(name), attribute)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
