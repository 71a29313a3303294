"""What stands beside a program: how far a verdict looks, and what a proof takes along."""

import io
import os
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from explorer.compat import Answer
from explorer.facts import MISSING
from explorer.progress import Cancellation
from explorer.verify import Proof, Result
from explorer.workbench import Depth, ProofOptions, Workbench
from explorer.workbench.beside import ENTRIES, Beside
from explorer.workbench.opened import opened_by
from explorer.workbench.proof_tree import proof_tree
from tests.support.archives import tar_of
from tests.support.binaries import MUSL, binary, zig_cc
from tests.support.engine import TestEngine

Prover = Callable[..., Awaitable[Proof]]

LIBRARY = "int answer(void) { return 42; }\n"
CALLER = """#include <stdio.h>
int answer(void);
int main(void) { printf("%d\\n", answer()); return 0; }
"""
PLUGIN_HOST = """#include <dlfcn.h>
#include <stdio.h>
int main(void) {
  void *plugin = dlopen("libplug.so", RTLD_NOW);
  puts(plugin ? "plugin loaded" : dlerror());
  return !plugin;
}
"""


def library(name: str = "libanswer.so.1") -> bytes:
    flags = ("-O2", "-s", "-shared", "-fPIC", f"-Wl,-soname,{name}")
    return zig_cc(name, LIBRARY, MUSL, *flags).read_bytes()


def caller(runpath: str) -> bytes:
    path = zig_cc(
        "libanswer.so.1",
        LIBRARY,
        MUSL,
        "-O2",
        "-s",
        "-shared",
        "-fPIC",
        "-Wl,-soname,libanswer.so.1",
    )
    flags = ("-O2", "-s", "-dynamic", f"-Wl,-rpath,{runpath}", "-Wl,--enable-new-dtags")
    return zig_cc(
        "main", CALLER, MUSL, *flags, "libanswer.so.1", files={"libanswer.so.1": path}
    ).read_bytes()


def host() -> bytes:
    flags = ("-O2", "-s", "-dynamic", "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags")
    return zig_cc("host", PLUGIN_HOST, MUSL, *flags).read_bytes()


def lay_out(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755)


# --- bounds ---


def core_dump() -> bytes:
    """An ELF file of type ET_CORE."""
    data = bytearray(library())
    data[16:18] = (4).to_bytes(2, "little")
    return bytes(data)


def test_only_shared_libraries_of_the_folder_go_along(tmp_path: Path) -> None:
    home = tmp_path / "home"
    lay_out(
        home,
        {
            "app/tool": caller("$ORIGIN/../.."),
            "app/lib/liba.so": library(),
            "app/core.123": core_dump(),
            "app/libcore.so": core_dump(),
            "app/libobject.so": binary("c-object").read_bytes(),
            "app/libprogram.so": binary("c-static").read_bytes(),
            "app/other": binary("c-musl").read_bytes(),
            "app/id_rsa": b"PRIVATE KEY",
            "app/notes.so": b"a text with the name of a library",
            "app/a/b/c/d/e/f/deep.so": library(),
            "secret.so": library(),
        },
    )
    (home / "app" / "out.so").symlink_to("../secret.so")
    (home / "app" / "up").symlink_to("..")
    (home / "app" / "in.so").symlink_to("lib/liba.so")
    (home / "app" / "absolute.so").symlink_to(home / "app" / "lib" / "liba.so")
    os.mkfifo(home / "app" / "pipe.so")
    bounds = Beside.of(home / "app" / "tool")
    files = {
        file.path.relative_to(bounds.root).as_posix(): file
        for file in bounds.walk()
        if file.library or file.link
    }
    assert set(files) == {"lib/liba.so", "notes.so", "in.so"}
    assert files["notes.so"].empty, "what is no library keeps its name, not its bytes"
    assert files["in.so"].link == "lib/liba.so"


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("app/lib/liba.so", True),
        ("app/missing.so", False),
        ("secret.so", False),
        ("app/out.so", False),
        ("app/../secret.so", False),
        ("app/x\0y", False),
        ("app/" + "x" * 5000, False),
    ],
)
def test_a_verdict_reads_nothing_outside_the_folder(
    name: str, inside: bool, tmp_path: Path
) -> None:
    lay_out(tmp_path, {"app/tool": b"", "app/lib/liba.so": b"", "secret.so": b""})
    (tmp_path / "app" / "out.so").symlink_to("../secret.so")
    file = Beside.of(tmp_path / "app" / "tool").file(f"{tmp_path}/{name}")
    assert (file is not None) is inside


def test_lib_beside_bin_belongs_to_the_program(tmp_path: Path) -> None:
    lay_out(tmp_path, {"bin/tool": b"", "lib/liba.so": library(), "etc/libb.so": library()})
    bounds = Beside.of(tmp_path / "bin" / "tool")
    assert bounds.root == tmp_path
    assert [f.path.name for f in bounds.walk() if f.library] == ["liba.so"]


def test_a_system_s_own_libraries_are_not_a_program_s(tmp_path: Path) -> None:
    for folder in ("/usr/bin", "/usr/local/bin"):
        bounds = Beside.of(Path(folder) / "tool")
        assert bounds.folders == (Path(folder).resolve(),)


def test_a_folder_of_any_size_is_looked_through_in_bounds(tmp_path: Path) -> None:
    for number in range(ENTRIES + 50):
        (tmp_path / f"lib{number}.so").touch()
    assert sum(file.library for file in Beside.of(tmp_path / "tool").walk()) == ENTRIES


async def test_a_library_outside_the_folder_is_missing(bench: Workbench, tmp_path: Path) -> None:
    lay_out(tmp_path, {"a/b/tool": caller("$ORIGIN/../.."), "libanswer.so.1": library()})
    inspection = await bench.look(
        await bench.resolve(str(tmp_path / "a/b/tool")), depth=Depth.WHOLE
    )
    assert inspection.verdicts[0].answer is Answer.NO
    assert "libanswer.so.1" in inspection.verdicts[0].deciding.text


# --- archives ---


def archive_with_links() -> bytes:
    """A folder that is a link, an empty folder, a hard link, and a link that leads outside."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:

        def add(name: str, kind: bytes, data: bytes = b"", link: str = "") -> None:
            member = tarfile.TarInfo(f"tool-1.0/{name}")
            member.type, member.size, member.linkname, member.mode = kind, len(data), link, 0o755
            archive.addfile(member, io.BytesIO(data))

        add("bin/main", tarfile.REGTYPE, caller("$ORIGIN/../lib"))
        add("lib", tarfile.SYMTYPE, link="lib64")
        add("lib64/libanswer.so.1", tarfile.REGTYPE, library())
        add("lib64/hard.so", tarfile.LNKTYPE, link="tool-1.0/lib64/libanswer.so.1")
        add("empty", tarfile.DIRTYPE)
        add("README.md", tarfile.REGTYPE, b"read me\n")
    return raw.getvalue()


async def test_an_archive_goes_along_as_it_is(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "tool.tar.gz").write_bytes(archive_with_links())
    subject = await bench.resolve(f"{tmp_path / 'tool.tar.gz'}#tool-1.0/bin/main")
    opened = opened_by(await bench.look(subject, depth=Depth.WHOLE))
    assert opened is not None
    tree = proof_tree(opened, static=False)
    items = {}
    for item in tree.beside(Cancellation()):
        items[item.name] = item.link or (b"".join(item.chunks()) if item.chunks else None)
    assert tree.name == "bin/main"
    assert items == {
        "lib": "lib64",
        "lib64/libanswer.so.1": library(),
        "lib64/hard.so": "libanswer.so.1",
        "empty": None,
        "README.md": b"read me\n",
    }


# --- in a container ---


@pytest.fixture
def prove(opened: Callable[..., Workbench], engine: TestEngine) -> Prover:
    """The proof of a file on musl 1.2.5."""
    bench = opened(engine=engine.name, engine_args=engine.engine_args, run_args=engine.run_args)

    async def run(name: str, *argv: str) -> Proof:
        on = "musl-1.2.5"
        inspection = await bench.look(await bench.resolve(name), on=(on,), depth=Depth.WHOLE)
        options = ProofOptions(image=engine.musl(), argv=argv or ("{}",), pull=False, on=on)
        return await bench.verify(inspection, options)

    return run


@pytest.mark.container
async def test_a_plugin_beside_the_program_is_found(prove: Prover, tmp_path: Path) -> None:
    lay_out(tmp_path, {"host": host(), "libplug.so": library("libplug.so")})
    proof = await prove(str(tmp_path / "host"))
    assert proof.stdout == "plugin loaded\n", proof
    members = [("host", host()), ("libplug.so", library("libplug.so"))]
    (tmp_path / "host.tar").write_bytes(tar_of(members))
    proof = await prove(f"{tmp_path / 'host.tar'}#host")
    assert proof.stdout == "plugin loaded\n", proof


@pytest.mark.container
async def test_the_first_file_of_a_name_decides_in_the_proof_too(
    prove: Prover, tmp_path: Path
) -> None:
    """musl stops at a file that is no library; the check's own find would have hidden that."""
    main = caller("$ORIGIN:$ORIGIN/lib")
    lay_out(tmp_path, {"main": main, "libanswer.so.1": b"text\n", "lib/libanswer.so.1": library()})
    proof = await prove(str(tmp_path / "main"))
    assert (proof.result, proof.meaning) == (Result.FAILED, "library-missing"), proof


@pytest.mark.container
async def test_links_in_an_archive_lead_to_its_libraries(prove: Prover, tmp_path: Path) -> None:
    (tmp_path / "tool.tar.gz").write_bytes(archive_with_links())
    proof = await prove(f"{tmp_path / 'tool.tar.gz'}#tool-1.0/bin/main")
    assert (proof.result, proof.stdout) == (Result.RAN, "42\n"), proof
    assert proof.argv == ("/rr-explorer/bin/main",)


@pytest.mark.container
async def test_scripts_are_proved_by_the_image_s_shell(prove: Prover, tmp_path: Path) -> None:
    script, ape = tmp_path / "script", tmp_path / "ape"
    script.write_text("#!/bin/sh\necho script $1\n", encoding="utf-8")
    ape.write_bytes(b"MZqFpD='\n'\necho portable $1\nexit 0\n" + bytes(100))
    proof = await prove(str(script), "{}", "one")
    assert (proof.result, proof.stdout) == (Result.RAN, "script one\n"), proof
    proof = await prove(str(ape), "{}", "two")
    assert (proof.result, proof.stdout) == (Result.RAN, "portable two\n"), proof
    assert proof.argv[0] == "/bin/sh"
    assert not isinstance(proof.image, MISSING)
