"""Proofs: what is refused before an engine is asked, what is kept, which libraries go along."""

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.compat import Answer
from explorer.errors import EngineError, IntegrityError, UsageError
from explorer.report.verdicts import verdict_banner
from explorer.verify import Proof, Result
from explorer.workbench import Depth, ProofOptions, Workbench
from explorer.workbench.proof_records import KEPT, keep_proof
from explorer.workbench.prove import container_platform
from tests.compat import programs
from tests.elf.crafted import Program
from tests.support.archives import make_archive, zip_of
from tests.support.binaries import C_LIBRARY, MUSL, binary, zig_cc
from tests.support.engine import TestEngine
from tests.support.github import GitHub
from tests.support.proofs import make_proof

PROOF = make_proof(stdout="\x1b]0;x\x07")


def at(second: int) -> Proof:
    """The proof of a moment."""
    return replace(PROOF, started_at=f"2026-06-17T16:{second // 60:02}:{second % 60:02}.000+00:00")


async def test_proofs_are_kept_newest_first_and_bounded(bench: Workbench) -> None:
    cache = bench.resources.cache
    for second in range(KEPT + 5):
        keep_proof(cache, at(second))
    kept = await bench.proofs(PROOF.sha256)
    assert [p.started_at for p in kept] == [
        at(second).started_at for second in range(KEPT + 4, 4, -1)
    ]
    assert await bench.proofs("cd" * 32) == ()


async def test_damaged_proofs_are_skipped_and_their_slots_reused(
    bench: Workbench,
) -> None:
    cache = bench.resources.cache
    for second in range(3):
        keep_proof(cache, at(second))
    store = cache.store("proof")
    store.save(f"{PROOF.sha256}:0", b"\x80\x04damaged")
    other = store.load(f"{PROOF.sha256}:1")
    assert other is not None
    store.save(f"{PROOF.sha256}:2", other.replace(b"abab", b"cdcd"))
    assert [p.started_at for p in await bench.proofs(PROOF.sha256)] == [at(1).started_at]
    keep_proof(cache, at(9))
    assert [p.started_at for p in await bench.proofs(PROOF.sha256)] == [
        at(9).started_at,
        at(1).started_at,
    ]
    assert len(store.keys()) == 3


async def test_proofs_that_end_together_are_all_kept(bench: Workbench) -> None:
    cache = bench.resources.cache
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda second: keep_proof(cache, at(second)), range(16)))
    assert len(await bench.proofs(PROOF.sha256)) == 16


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ("go-windows", "PE"),
        ("go-darwin", "Mach-O"),
        ("go-freebsd", "FreeBSD"),
        ("c-shared", "shared library"),
        ("c-object", "object"),
    ],
)
async def test_a_file_that_no_container_can_start_is_refused(
    bench: Workbench, recipe: str, says: str
) -> None:
    inspection = await bench.look(await bench.resolve(str(binary(recipe))), depth=Depth.WHOLE)
    with pytest.raises(UsageError, match="cannot be run in a Linux container") as caught:
        await bench.verify(inspection, ProofOptions(argv=("{}",)))
    assert says in caught.value.detail
    assert caught.value.remedy


async def test_x32_is_run_in_an_image_for_amd64(bench: Workbench, tmp_path: Path) -> None:
    """No image is named after it: the kernel for amd64 starts it, or says that it does not."""
    (tmp_path / "tool").write_bytes(Program(bits=32, flags=5).build())
    inspection = await bench.look(await bench.resolve(str(tmp_path / "tool")), depth=Depth.WHOLE)
    assert inspection.verdicts[0].deciding.code == "elf.abi"
    assert container_platform(inspection) == "linux/amd64"


async def test_a_file_that_is_not_a_program_is_refused(bench: Workbench, tmp_path: Path) -> None:
    for name, data in (
        ("text", b"hello"),
        ("empty", b""),
        ("half", b"\x7fELF\x02\x01\x01"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError):
            await bench.verify(
                await bench.look(await bench.resolve(str(tmp_path / name)), depth=Depth.WHOLE),
                ProofOptions(argv=("{}",)),
            )


HELPFUL = """
#include <stdio.h>
#include <string.h>
int main(int n, char **v) {
  int knows = n > 1 && !strcmp(v[1], "--help");
  puts(knows ? "Usage: tool" : "unknown flag");
  return !knows;
}
"""


@pytest.mark.container
async def test_an_unknown_program_is_asked_for_its_version_and_then_for_help(
    opened: Callable[..., Workbench], engine: TestEngine
) -> None:
    bench = opened(engine=engine.name, engine_args=engine.engine_args, run_args=engine.run_args)
    tool = zig_cc("helpful", HELPFUL, "x86_64-linux-musl", "-static")
    inspection = await bench.look(await bench.resolve(str(tool)), depth=Depth.WHOLE)
    assert bench.needs_command(inspection), "the app asks, with this as its suggestion"
    proof = await bench.verify(inspection, ProofOptions(image=engine.musl()))
    assert (proof.argv[1:], proof.stdout) == (("--help",), "Usage: tool\n")
    assert proof.checks == ()
    own = ProofOptions(image=engine.musl(), argv=("--version",))
    assert (await bench.verify(inspection, own)).exit_code == 1


async def test_a_verdict_on_another_processor_cannot_be_proved(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file would run on its own processor and disagree with a NO about another one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    inspection = await bench.look(
        await bench.resolve(str(binary("c-static"))), on=("alpine-3.22/arm64",), depth=Depth.WHOLE
    )
    assert (inspection.verdicts[0].answer, inspection.verdicts[0].deciding.code) == (
        Answer.NO,
        "elf.arch",
    )
    with pytest.raises(UsageError, match="amd64") as caught:
        await bench.verify(inspection, ProofOptions(argv=("--version",), on="alpine-3.22/arm64"))
    assert "Leave /arm64 out" in caught.value.remedy
    with pytest.raises(EngineError):
        await bench.verify(inspection, ProofOptions(argv=("--version",), on="alpine-3.22/amd64"))


@pytest.mark.container
async def test_a_file_rebuilt_since_its_inspection_is_not_run(
    bench: Workbench, tmp_path: Path
) -> None:
    program = tmp_path / "rr"
    program.write_bytes(binary("c-static").read_bytes())
    inspection = await bench.look(await bench.resolve(str(program)), depth=Depth.WHOLE)
    program.write_bytes(binary("go-static-amd64").read_bytes())
    with pytest.raises(IntegrityError, match="has changed since"):
        await bench.verify(inspection, ProofOptions(argv=("{}", "--version")))
    assert isinstance(inspection.file.sha256, str)
    assert await bench.proofs(inspection.file.sha256) == ()


async def test_without_an_engine_the_error_says_what_to_install(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="not installed"):
        await bench.verify(await bench.look(await bench.resolve("latest", "linux-amd64")))
    with pytest.raises(UsageError, match="engine"):
        await bench.verify(
            await bench.look(await bench.resolve("latest", "linux-amd64")),
            ProofOptions(engine="lxc"),
        )


# ---- in a container

PROGRAM = """#include <stdio.h>
extern int answer(const char *);
int main(void) { printf("%d\\n", answer("")); return 0; }
"""


def musl_library() -> Path:
    """A musl build of ``libanswer.so.1``."""
    return zig_cc(
        "libanswer.so.1",
        C_LIBRARY,
        MUSL,
        "-O2",
        "-s",
        "-shared",
        "-fPIC",
        "-dynamic",
        "-Wl,-soname,libanswer.so.1",
    )


def musl_program() -> Path:
    """A dynamic musl program that looks for it in ``$ORIGIN/../lib``."""
    words = (
        "-O2",
        "-s",
        "-dynamic",
        "-Wl,-rpath,$ORIGIN/../lib",
        "-Wl,--enable-new-dtags",
        "libanswer.so.1",
    )
    return zig_cc("needs", PROGRAM, MUSL, *words, files={"libanswer.so.1": musl_library()})


@pytest.mark.container
@pytest.mark.parametrize("where", ["folder", "archive"])
async def test_libraries_beside_the_program_go_along(
    opened: Callable[..., Workbench], engine: TestEngine, tmp_path: Path, where: str
) -> None:
    if where == "folder":
        for name, file in (("bin/needs", musl_program()), ("lib/libanswer.so.1", musl_library())):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(file.read_bytes())
        text = str(tmp_path / "bin" / "needs")
    else:
        members = [
            ("x/lib/libanswer.so.1", musl_library().read_bytes()),
            ("x/bin/needs", musl_program().read_bytes()),
        ]
        (tmp_path / "tool.zip").write_bytes(zip_of(members))
        text = f"{tmp_path / 'tool.zip'}#x/bin/needs"
    bench = opened(engine=engine.name, engine_args=engine.engine_args, run_args=engine.run_args)
    inspection = await bench.look(await bench.resolve(text), depth=Depth.WHOLE)
    assert inspection.verdicts[0].answer is Answer.YES
    proof = await bench.verify(
        inspection, ProofOptions(image=engine.musl(), argv=("{}",), pull=False)
    )
    assert proof.result is Result.RAN, proof
    assert proof.stdout == "42\n"
    assert proof.agrees is True
    assert [p.started_at for p in await bench.proofs(proof.sha256)] == [proof.started_at]
    assert (await bench.look(inspection.subject, depth=Depth.WHOLE)).proofs == (proof,)


@pytest.mark.container
async def test_a_peeked_asset_is_downloaded_for_its_proof(
    github: GitHub, opened: Callable[..., Workbench], engine: TestEngine
) -> None:
    github.add_release(
        "v1",
        {"tool-linux-amd64.tar.gz": make_archive("tar.gz", "x", {"tool": binary("c-glibc")})},
        repo="acme/tool",
    )
    bench = opened(
        repo="acme/tool",
        engine=engine.name,
        engine_args=engine.engine_args,
        run_args=engine.run_args,
    )
    peeked = await bench.look(await bench.resolve("v1/tool-linux-amd64.tar.gz"))
    assert peeked.verdicts[0].answer is Answer.YES_IF
    proof = await bench.verify(peeked, ProofOptions(image=engine.musl(), argv=("{}",), pull=False))
    assert (proof.result, proof.verdict, proof.agrees) == (Result.FAILED, "no", True)
    assert peeked.subject.asset is not None
    known = await bench.known(peeked.subject.asset)
    assert known is not None
    assert known.proofs == (proof,)


def alpine_with(engine: TestEngine, folder: Path, *packages: str) -> str:
    """An image that says it is Alpine 3.22 with these packages; libgcc's files are in it."""
    tag = f"localhost/rr-explorer-test/aided:{uuid.uuid4().hex[:12]}"
    (folder / "os-release").write_text("ID=alpine\nVERSION_ID=3.22.1\n")
    (folder / "lib/apk/db").mkdir(parents=True)
    (folder / "lib/apk/db/installed").write_text("".join(f"P:{name}\n\n" for name in packages))
    image = engine.musl("amd64", "1.2.5", libgcc="libgcc" in packages)
    name = engine.run("create", image, "/none").stdout.strip()
    try:
        assert engine.run("cp", f"{folder}/os-release", f"{name}:/etc/os-release").returncode == 0
        assert engine.run("cp", f"{folder}/lib/.", f"{name}:/lib").returncode == 0
        assert engine.run("commit", name, tag).returncode == 0
    finally:
        engine.run("rm", "--force", name)
    return tag


@pytest.mark.container
@pytest.mark.parametrize("packages", [("musl", "libgcc"), ("musl",)])
async def test_a_proof_counts_for_the_packages_that_its_image_holds(
    packages: tuple[str, ...],
    opened: Callable[..., Workbench],
    engine: TestEngine,
    tmp_path: Path,
) -> None:
    program = programs.program_of("libgcc_s.so.1")
    bench = opened(engine=engine.name, engine_args=engine.engine_args, run_args=engine.run_args)
    inspection = await bench.look(
        await bench.resolve(str(program)), on=("alpine-3.22",), depth=Depth.WHOLE
    )
    assert inspection.verdicts[0].packages == ("libgcc",)
    image = await asyncio.to_thread(alpine_with, engine, tmp_path, *packages)
    try:
        options = ProofOptions(image=image, argv=("{}",), pull=False)
        proof = await bench.verify(inspection, options)
    finally:
        await asyncio.to_thread(engine.run, "rmi", "--force", image)
    if "libgcc" in packages:
        assert (proof.result, proof.target) == (Result.RAN, "alpine-3.22+libgcc")
        assert (proof.verdict, proof.agrees) == ("yes", True)
    else:
        assert (proof.result, proof.target) == (Result.FAILED, "alpine-3.22")
        assert (proof.verdict, proof.agrees) == ("no", True)
        assert "The image lacks libgcc; with apk add libgcc it may run there" in proof.text
    seen = await bench.look(inspection.subject, on=("alpine-3.22",), depth=Depth.WHOLE)
    line = verdict_banner(seen).proof.text
    assert ("ran" in line) is ("libgcc" in packages), line
