"""The shape of the code: what a newcomer can rely on in every module of the package."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.support.source_trees import nodes, parsed

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "explorer"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 60
"""Of a function, wrapped at 88 columns."""
MOST_PARAMETERS = 6
"""``self`` and ``cls`` not counted."""
LONGEST_LINE = 100

VAGUE = frozenset(("found", "told", "ended", "learnt", "stuff", "tmp"))
"""Names of locals that do not say what they hold."""
LONGEST_TEST_NAME = 72
PLACE = re.compile(r"`((?:explorer|tests|docs|screenshots|\.ci)/[\w./-]+)`")
TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions(path: Path) -> tuple[Function, ...]:
    return tuple(node for node in nodes(path) if isinstance(node, Function))


def length(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def parameters(function: Function) -> list[str]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def test_no_class_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path in MODULES:
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_exceptions_are_called_errors() -> None:
    names = {
        node.name
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(base, ast.Name) and base.id.endswith(("Error", "Exception"))
            for base in node.bases
        )
    }
    assert {name for name in names if not name.endswith("Error")} == set()


def test_lines_fit_in_100_columns() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (*MODULES, *sorted((ROOT / "tests").rglob("*.py")))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line.partition("  # type: ignore")[0]) > LONGEST_LINE
    ]
    assert long == []


def test_tasks_that_belong_together_end_together() -> None:
    """``gather`` leaves the others running when one fails, unless it collects what they raise."""
    left = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "gather"
        and not any(keyword.arg == "return_exceptions" for keyword in node.keywords)
    ]
    assert left == []


def test_parameter_lists_are_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": len(parameters(function))
        for path in MODULES
        for function in functions(path)
        if len(parameters(function)) > MOST_PARAMETERS
    }
    assert long == {}


def test_locals_say_what_they_hold() -> None:
    vague = {
        f"{path.relative_to(ROOT)}:{node.lineno}:{node.id}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in VAGUE
    }
    assert vague == set()


def test_test_names_are_short() -> None:
    names = {
        f"{path.relative_to(ROOT)}:{name}": len(name)
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in TEST.findall(path.read_text(encoding="utf-8"))
    }
    assert len(names) > 1_000
    assert [name for name, letters in names.items() if letters >= LONGEST_TEST_NAME] == []


def test_functions_are_short(tmp_path: Path) -> None:
    """Whatever the line length: they are wrapped at 88 columns before they are counted.

    Only modules with one that might become too long: 12 columns less make none twice as long.
    """
    for path in MODULES:
        if all(length(function) * 2 < MOST_LINES for function in functions(path)):
            continue
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", "--isolated", "--line-length=88", "."],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    long = {
        f"{path.relative_to(tmp_path)}:{function.name}": length(function)
        for path in tmp_path.rglob("*.py")
        for function in functions(path)
        if length(function) > MOST_LINES
    }
    assert long == {}


def test_the_top_level_holds_what_a_newcomer_must_know_and_nothing_else() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.split("\0")
    shown = {name.partition("/")[0] for name in tracked if name}
    assert shown - {".gitignore", ".gitattributes", ".ci"} == {
        *("explorer", "tests", "docs", "screenshots", "Makefile", "pyproject.toml"),
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
    }


def test_make_never_replaces_the_source_by_a_copy_of_it() -> None:
    """An install that is not editable leaves ``make demo`` with the code of that day."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if "$(PIP) install" in line]
    assert len(installs) >= 4
    assert [line for line in installs if "--editable" not in line] == []


def test_documents_name_files_that_exist() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "tests/support/README.md"]
    named = {
        (document.name, path)
        for document in documents
        for path in PLACE.findall(document.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert [one for one in named if "NAME" not in one[1] and not (ROOT / one[1]).exists()] == []
