"""What Go puts into a program: functions, packages and their sizes, stripped or not."""

from typing import TYPE_CHECKING

from explorer.golang.models import GoFunction, GoPackage, GoTable
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.golang.names import split_name, symbols_by_package
    from explorer.golang.pclntab import read_functions

__getattr__ = lazy_exports(
    __name__,
    {
        "read_functions": "pclntab",
        "split_name": "names",
        "symbols_by_package": "names",
    },
)

__all__ = [
    "GoFunction",
    "GoPackage",
    "GoTable",
    "read_functions",
    "split_name",
    "symbols_by_package",
]
