"""Package exports that are imported on first use, so that a first screen does without them."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


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
