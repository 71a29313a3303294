"""Verdicts held against genuine Alpine 3.23: what starts there, and what its own tools list."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from explorer.bytesource import BytesSource
from explorer.compat import Answer, Verdict, find_target, judge
from explorer.elf import Scope
from explorer.elf import read as read_elf
from explorer.facts import MISSING
from explorer.report.verdicts import dependency_rows
from tests.compat.helpers import Folder, read
from tests.compat.test_corpus import published, starts
from tests.support import corpus
from tests.support.alpine import alpine
from tests.support.binaries import zig_cc
from tests.support.engine import TestEngine

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]
TARGET = "alpine-3.23"
MUSL = "x86_64-linux-musl"
LARGEST = 30_000_000
"""Bytes of a published program that is run here; the larger ones run on the Debian-made image."""


def judged(path: Path, root: Path) -> Verdict:
    """The verdict on a file in a tree of its own."""
    around = Folder(root, path.parent.relative_to(root).as_posix())
    return judge(read(path), find_target(TARGET), around)


@published
@pytest.mark.timeout(600)
def test_published_programs_do_on_alpine_as_predicted(engine: TestEngine) -> None:
    images = {arch: engine.alpine(arch) for arch in ("amd64", "arm64")}
    wrong, count = [], 0
    for program in corpus.local():
        if program.size > LARGEST or program.path is None:
            continue
        program.path.chmod(0o755)
        seen = judged(program.path, program.folder / "files")
        started, text = starts(engine, images[seen.target.arch], program, seen.target.arch)
        count += 1
        if seen.unaided is not (Answer.YES if started else Answer.NO):
            wrong.append((program.id, seen.unaided, seen.deciding, text))
    assert count
    assert not wrong, f"{len(wrong)} of {count}"


def in_alpine(engine: TestEngine, folder: Path, script: str, arch: str = "amd64") -> str:
    """What a script prints in Alpine that has ``folder`` as /c; its ends may be any."""
    words = [
        *("run", "--rm", "--network=none", "--cap-drop=ALL", f"--platform=linux/{arch}"),
        *("--workdir=/c", f"--volume={folder}:/c:ro", *engine.run_args),
        *(engine.alpine(arch), "sh", "-c", script),
    ]
    done = engine.run(*words, timeout=120)
    assert done.stdout, done.stderr
    return done.stdout


def rows_of_lddtree(text: str) -> list[tuple[int, str, str]]:
    """Depth, name and path below /c (empty: not found) of each library that lddtree has printed."""
    rows = []
    for line in text.splitlines()[1:]:
        name, _, path = line.strip().partition(" => ")
        depth = (len(line) - len(line.lstrip())) // 4 - 1
        rows.append((depth, name, "" if path == "not found" else path.removeprefix("/c/")))
    return rows


def rows_of_tab(verdict: Verdict) -> list[tuple[int, str, str]]:
    """The same of the Libraries tab."""
    rows = []
    for row in dependency_rows(verdict):
        path = row.cells[2].text
        rows.append((row.depth, str(row.cells[0].sort), "" if path == "–" else path))
    return rows


def shared(name: str, source: str, *words: str, files: dict[str, Path] | None = None) -> Path:
    """A library for musl."""
    how = ("-s", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-Wl,-rpath,$ORIGIN")
    return zig_cc(name, source, MUSL, *how, *words, files=files)


@pytest.mark.parametrize("inner_is_there", [True, False])
def test_lddtree_shows_the_tree_of_the_libraries_tab(
    inner_is_there: bool, engine: TestEngine, tmp_path: Path
) -> None:
    """A program needs a library beside it, which needs another; musl itself is ``libc.so``."""
    inner = shared("libinner.so.1", "int inner(int n) { return n; }\n")
    source = "int inner(int); int outer(int n) { return inner(n); }\n"
    files = {"libinner.so.1": inner}
    outer = shared("libouter.so.1", source, "libinner.so.1", files=files)
    source = "int outer(int); int main(int n, char **v) { (void)v; return outer(n) - 1; }\n"
    how = ("-s", "-dynamic", "libouter.so.1", "-Wl,-rpath,$ORIGIN/lib")
    files = {"libouter.so.1": outer, "libinner.so.1": inner}
    program = Path(shutil.copy(zig_cc("caller", source, MUSL, *how, files=files), tmp_path))
    (tmp_path / "lib").mkdir()
    for library in (outer, inner) if inner_is_there else (outer,):
        shutil.copy(library, tmp_path / "lib")
    listed = in_alpine(engine, tmp_path, "./caller && echo it runs; lddtree /c/caller")
    started = listed.startswith("it runs\n")
    tree = judged(program, tmp_path)
    assert rows_of_lddtree(listed.removeprefix("it runs\n")) == rows_of_tab(tree)
    assert (0, "libouter.so.1", "lib/libouter.so.1") in rows_of_tab(tree)
    assert started is inner_is_there is (tree.unaided is Answer.YES)


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_scanelf_reads_what_we_read_of_alpines_own_files(
    arch: str, engine: TestEngine, tmp_path: Path
) -> None:
    """Interpreter, needed libraries and soname of each program and library in the image."""
    script = "scanelf -yqRF '#F%F|%i|%n|%S' /bin /sbin /lib/*.so* /usr/bin /usr/sbin /usr/lib"
    lines = in_alpine(engine, tmp_path, script, arch).splitlines()
    theirs = {path.lstrip("/"): rest for path, _, rest in (line.partition("|") for line in lines)}
    files = of_image(alpine(arch).archive)
    assert len(theirs) > 40
    ours = {path: needed_of(files[path], path) for path in theirs}
    assert ours == theirs


def needed_of(data: bytes, path: str) -> str:
    """Interpreter, needed libraries and soname as scanelf prints them."""
    facts = read_elf(BytesSource(data), Path(path).name, Scope.LINKAGE).elf
    assert not isinstance(facts, MISSING)
    interpreter = "" if isinstance(facts.interpreter, MISSING) else facts.interpreter
    if isinstance(facts.dynamic, MISSING):
        return f"{interpreter}||"
    soname = "" if isinstance(facts.dynamic.soname, MISSING) else facts.dynamic.soname
    return "|".join((interpreter, ",".join(facts.dynamic.needed), soname))


def of_image(archive: Path) -> dict[str, bytes]:
    """The files of an image's only layer."""
    with tarfile.open(archive) as image:
        name = next(name for name in image.getnames() if name.endswith("/layer.tar"))
        layer = image.extractfile(name)
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as files:
            return {
                member.name: data.read()
                for member in files
                if member.isfile() and (data := files.extractfile(member)) is not None
            }
