"""Real programs in real containers: what runs, what does not, and what misbehaves."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import EngineError, SourceError, UsageError
from explorer.facts import MISSING, NotApplicable
from explorer.progress import Progress
from explorer.verify import (
    Engine,
    Expectations,
    ProofRequest,
    Result,
    RunLimits,
    VersionOutput,
    emulation_of,
    from_json,
    prove,
    run_line,
    to_json,
)
from explorer.verify.emulation import probe_program
from explorer.verify.leftovers import session_label
from explorer.verify.tree import file_item
from tests.support.binaries import binary, go_build, zig_cc
from tests.support.engine import TestEngine
from tests.support.proofs import make_proof
from tests.verify.conftest import Prover, act, both_ways, by_the_client, find_engine_by

pytestmark = pytest.mark.container
Requests = Callable[..., ProofRequest]

PRINTS = VersionOutput(os=r"OS: (\w+)", arch=r"arch: (\w+)", certain=True)
VERSION = """package main

import (
	"os"
	"runtime"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		built := " (build time: 2026-06-17T16:05:23+0000, go1.26.4), OS: "
		platform := runtime.GOOS + ", arch: " + runtime.GOARCH
		os.Stdout.WriteString("rr version 2025.1.15" + built + platform + "\\n")
	}
}
"""


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_a_static_go_server_runs_and_says_what_its_release_promises(
    arch: str, engine: TestEngine, proved: Prover, real: Engine
) -> None:
    proof = await proved(
        go_build("rr", VERSION, goarch=arch),
        "--version",
        arch=arch,
        static=True,
        verdict="yes",
        expect=Expectations("2025.1.15", "linux", arch, PRINTS),
    )
    assert proof.result is Result.RAN, proof
    assert proof.agrees is True
    assert [(check.name, check.ok) for check in proof.checks] == [
        ("exit", True),
        ("version", True),
        ("os", True),
        ("arch", True),
    ]
    assert proof.emulated is (real.platform != f"linux/{arch}")
    assert proof.argv == ("/rr-explorer/rr", "--version")
    assert not isinstance(proof.image, MISSING)
    assert proof.image.id.startswith("sha256:")
    assert not proof.image.empty
    assert [command[len(engine.command)] for command in proof.command] == [
        "create",
        "cp",
        "start",
        "rm",
    ]
    assert from_json(to_json(proof)) == proof


@pytest.mark.parametrize("recipe", ["c-glibc", "go-pie", "c-glibc-arm64"])
async def test_a_glibc_program_finds_no_interpreter_on_musl(recipe: str, proved: Prover) -> None:
    arch = "arm64" if recipe.endswith("arm64") else "amd64"
    proof = await proved(binary(recipe), arch=arch, verdict="no")
    assert (proof.result, proof.meaning, proof.agrees) == (
        Result.FAILED,
        "interpreter-missing",
        True,
    ), proof


@both_ways
async def test_a_disagreement_is_told(proved: Prover) -> None:
    assert (await proved(binary("c-glibc"), verdict="yes")).agrees is False
    for verdict in ("unknown", "yes-if"):
        agrees = (await proved(binary("c-glibc"), verdict=verdict)).agrees
        assert isinstance(agrees, NotApplicable), "its condition does not hold in this image"
    assert (await proved(binary("c-musl"), verdict="yes-if")).agrees is True


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_a_dynamic_musl_program_runs_and_its_loader_lists_it(
    arch: str, proved: Prover
) -> None:
    proof = await proved(
        binary("c-musl" if arch == "amd64" else "c-musl-arm64"), arch=arch, verdict="yes"
    )
    assert proof.result is Result.RAN, proof
    assert not isinstance(proof.dry_run, MISSING)
    assert proof.dry_run.exit_code == 0
    assert "ld-musl" in proof.dry_run.output


async def test_a_glibc_program_runs_on_glibc(engine: TestEngine, proved: Prover) -> None:
    proof = await proved(binary("c-glibc"), image=engine.glibc("amd64"), verdict="yes")
    assert (proof.result, proof.agrees) == (Result.RAN, True), proof
    assert isinstance(proof.dry_run, NotApplicable)


LIBRARY = "int answer(int n) { return n; }\n"
CALLER = "int answer(int); int main(int n, char **v) { (void)v; return answer(n) - 1; }\n"
MUSL = "x86_64-linux-musl"


def library(source: str = LIBRARY) -> Path:
    return zig_cc(
        "libanswer.so.1", source, MUSL, "-s", "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1"
    )


def caller() -> Path:
    flags = ("-s", "-dynamic", "-Wl,-rpath,$ORIGIN/lib", "libanswer.so.1")
    return zig_cc("caller", CALLER, MUSL, *flags, files={"libanswer.so.1": library()})


@both_ways
async def test_a_missing_library_is_named_by_the_run_and_by_the_dry_run(proved: Prover) -> None:
    proof = await proved(caller())
    assert (proof.result, proof.meaning) == (Result.FAILED, "library-missing"), proof
    assert "libanswer.so.1" in proof.text
    assert not isinstance(proof.dry_run, MISSING)
    assert proof.dry_run.exit_code == 127
    assert "libanswer.so.1" in proof.dry_run.output


@both_ways
async def test_neighbours_are_found_by_origin(proved: Prover) -> None:
    proof = await proved(caller(), beside=lambda _: [file_item("lib/libanswer.so.1", library())])
    assert proof.result is Result.RAN, proof


async def test_a_missing_symbol_is_named(proved: Prover) -> None:
    other = library("int question(int n) { return n; }\n")
    proof = await proved(caller(), beside=lambda _: [file_item("lib/libanswer.so.1", other)])
    assert (proof.result, proof.meaning) == (Result.FAILED, "symbol-missing"), proof
    assert "answer" in proof.text


async def test_a_relocation_that_musl_does_not_know(proved: Prover) -> None:
    proof = await proved(binary("c-ifunc-musl"))
    assert (proof.result, proof.meaning) == (Result.FAILED, "relocation"), proof


@pytest.mark.parametrize(("version", "result"), [("1.2.3", Result.FAILED), ("1.2.5", Result.RAN)])
async def test_packed_relative_relocations_crash_an_old_musl(
    version: str, result: Result, engine: TestEngine, proved: Prover
) -> None:
    proof = await proved(binary("c-relr-musl"), image=engine.musl("amd64", version))
    assert proof.result is result, proof
    assert proof.meaning == ("started" if result is Result.RAN else "crash")


async def test_a_packed_dynamic_program_ends_with_127_and_says_nothing(proved: Prover) -> None:
    data = Path(__file__).parents[1] / "data"
    assert (await proved(data / "upx-dynamic-amd64")).meaning == "packed"
    assert (await proved(data / "upx-static-amd64")).result is Result.RAN


@both_ways
@pytest.mark.parametrize(("what", "meaning"), [("segv", "crash"), ("ill", "isa")])
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_a_crash_is_tried_once_more_under_emulation_only(
    what: str, meaning: str, arch: str, proved: Prover, real: Engine
) -> None:
    program = act("x86_64" if arch == "amd64" else "aarch64")
    proof = await proved(program, what, arch=arch, static=True)
    # __builtin_trap is ud2 on amd64 (SIGILL) and brk on arm64 (SIGTRAP), which is the program's own
    # affair
    if (what, arch) == ("ill", "arm64"):
        assert proof.result is Result.RAN, proof
        return
    assert (proof.result, proof.meaning) == (Result.FAILED, meaning), proof
    again = [command for command in proof.command if "GODEBUG=asyncpreemptoff=1" in command]
    assert len(again) == (0 if real.platform == f"linux/{arch}" else 1)


@both_ways
async def test_a_file_that_is_no_program_is_refused_by_the_kernel(
    proved: Prover, tmp_path: Path
) -> None:
    text = tmp_path / "notes"
    text.write_bytes(b"just text\n")
    proof = await proved(text)
    assert (proof.result, proof.meaning) == (Result.FAILED, "exec-format"), proof


@both_ways
async def test_a_command_that_is_not_executable_says_nothing_about_the_binary(
    proved: Prover,
) -> None:
    proof = await proved(act(), argv=("/etc/passwd",), verdict="yes")
    assert (proof.result, proof.meaning) == (Result.NOT_RUN, "not-executable"), proof
    assert isinstance(proof.agrees, NotApplicable)
    proof = await proved(act(), argv=("/nowhere", "{}"))
    assert (proof.result, proof.meaning) == (Result.NOT_RUN, "file-missing"), proof


async def test_a_command_of_the_users_own(proved: Prover) -> None:
    proof = await proved(act(), argv=("/bin/sh", "-c", 'echo "$0"; "$0" exit 3', "{}"))
    assert proof.stdout == "/rr-explorer/act\n"
    assert (proof.result, proof.exit_code) == (Result.RAN, 3)


async def test_another_program_that_starts_says_nothing_about_the_binary(proved: Prover) -> None:
    """A shell ran, and could not start it: that is no disagreement with the verdict that it does
    not run."""
    proof = await proved(binary("c-glibc"), argv=("/bin/sh", "-c", '"$0"', "{}"), verdict="no")
    assert "not found" in proof.stderr
    assert (proof.result, proof.exit_code) == (Result.RAN, 127)
    assert isinstance(proof.agrees, NotApplicable)
    assert "/bin/sh" in proof.text


READ = ("cp", "cp", "cp")
"""What an image is: its os-release and two loaders."""


# --- what it costs: every call of an engine's client takes 0.03 to 0.2 s ---


@pytest.mark.usefixtures("copied")
@by_the_client
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_a_proof_asks_the_engine_no_more_than_it_must(
    arch: str, engine: TestEngine, calls: Callable[[], list[str]], request_for: Requests
) -> None:
    misbehaved = act("aarch64" if arch == "arm64" else "x86_64")
    fine, failing = (
        request_for(binary(f"go-static-{arch}"), arch=arch),
        request_for(misbehaved, "exit", "3", arch=arch),
    )
    calls()
    unknown = replace(engine, engine_args=(*engine.engine_args, "--log-level=error"))
    fresh = await find_engine_by("client", unknown)
    await prove(replace(fine, engine=fresh, static=True))
    asked = "context" if engine.name == "docker" else "info"
    assert calls() == sorted(["cp", *READ, "create", "image inspect", asked, "rm", "start"]), (
        "the first answer tells of the emulation, too; an image is read once"
    )
    await prove(replace(failing, engine=fresh, static=True))
    assert calls() == ["cp", "create", "image inspect", "inspect", "rm", "start"], (
        "what ended otherwise is looked at"
    )


@pytest.mark.usefixtures("copied")
@by_the_client
async def test_a_dry_run_costs_a_second_container_and_no_second_copy(
    calls: Callable[[], list[str]], request_for: Requests
) -> None:
    wanted = request_for(binary("c-musl"))
    calls()
    await prove(wanted)
    assert calls() == [
        "cp",
        *READ,
        "create",
        "create",
        "image inspect",
        "rm",
        "rm",
        "start",
        "start",
    ]


# --- limits ---


@both_ways
async def test_nobody_without_network_and_rights(proved: Prover) -> None:
    proof = await proved(act(), "who", static=True)
    assert "Uid:\t65534\t65534" in proof.stdout
    assert "CapEff:\t0000000000000000" in proof.stdout
    assert "CapBnd:\t0000000000000000" in proof.stdout
    assert "NoNewPrivs:\t1" in proof.stdout
    # sit0, tunl0 and the like are the kernel's own, without an address; an engine's network would
    # be eth0
    assert "eth" not in proof.stdout
    assert "beside read-only" in proof.stdout
    assert "tmp writable" in proof.stdout


@both_ways
async def test_standard_input_is_empty(proved: Prover) -> None:
    assert (await proved(act(), "stdin", static=True)).stdout == "read 0\n"


@both_ways
async def test_the_two_streams_are_kept_apart_and_shown_as_they_come(request_for: Requests) -> None:
    lines: list[str] = []
    stages: list[str] = []

    def told(progress: Progress) -> None:
        stages.append(progress.stage)

    proof = await prove(
        request_for(act(), "streams", static=True), output=lines.append, progress=told
    )
    assert (proof.stdout, proof.stderr) == ("to stdout\n", "to stderr\n")
    assert sorted(lines) == ["to stderr", "to stdout"]
    assert stages == ["preparing", "copying", "running", "removing"]


@both_ways
@pytest.mark.parametrize("what", ["streams", "serve", "flood"])
async def test_whoever_is_shown_the_output_and_fails_is_heard(
    what: str, request_for: Requests, engine: TestEngine
) -> None:
    """The caller gets the error at once; neither the program nor its container goes on."""

    def fail(line: str) -> None:
        raise OSError(f"cannot show {line[:4]}")

    began = time.monotonic()
    with pytest.raises(OSError, match="cannot show"):
        await prove(
            request_for(act(), what, static=True, limits=RunLimits(seconds=60)), output=fail
        )
    assert time.monotonic() - began < 30
    assert not engine.containers(session_label())


@both_ways
async def test_a_silent_program_is_stopped_at_the_time_limit(proved: Prover) -> None:
    proof = await proved(act(), "hang", static=True, limits=RunLimits(seconds=1))
    assert (proof.result, proof.meaning) == (Result.NOT_RUN, "timeout")
    assert isinstance(proof.exit_code, NotApplicable)
    assert proof.total_s < 15


async def test_a_server_has_started_when_the_time_is_up(proved: Prover) -> None:
    proof = await proved(act(), "serve", static=True, limits=RunLimits(seconds=5), verdict="yes")
    assert (proof.result, proof.meaning, proof.agrees) == (Result.RAN, "timeout", True)
    assert proof.stdout == "serving\n"


@both_ways
@pytest.mark.parametrize("what", ["flood", "line"])
async def test_a_flood_is_cut_at_the_output_limit(what: str, request_for: Requests) -> None:
    shown = 0

    def count(line: str) -> None:
        nonlocal shown
        shown += len(line)
        assert len(line) <= 4096

    proof = await prove(
        request_for(act(), what, static=True, limits=RunLimits(seconds=20, output_bytes=50_000)),
        output=count,
    )
    assert (proof.result, proof.meaning, proof.output_truncated) == (
        Result.RAN,
        "output-limit",
        True,
    )
    assert len(proof.stdout) == 50_000
    assert shown <= 50_000
    assert not isinstance(proof.duration_s, MISSING)
    assert proof.duration_s < 15


@both_ways
async def test_memory_is_limited(proved: Prover) -> None:
    proof = await proved(
        act(), "hog", static=True, limits=RunLimits(seconds=20, memory_bytes=32 << 20)
    )
    assert proof.meaning == "killed", proof
    assert "memory" in proof.text
    assert proof.result is Result.NOT_RUN, "a silent program may have been killed before its start"


@both_ways
async def test_a_fork_bomb_is_limited(proved: Prover) -> None:
    proof = await proved(act(), "forks", static=True, limits=RunLimits(seconds=20, processes=64))
    assert proof.result is Result.RAN, proof
    assert 1 < int(proof.stdout.split()[1]) < 64


@both_ways
async def test_the_disk_cannot_be_filled(proved: Prover) -> None:
    proof = await proved(act(), "fill", static=True)
    assert 1 << 20 <= int(proof.stdout.split()[1]) <= 64 << 20


# --- images and platforms ---


@both_ways
async def test_without_an_image_a_static_program_is_proved_in_an_empty_one(proved: Prover) -> None:
    for arch in ("amd64", "arm64"):
        program = binary(f"go-static-{arch}")
        proof = await proved(
            program,
            arch=arch,
            image="localhost/rr-explorer-test/absent:1",
            static=True,
            pull=False,
            verdict="yes",
        )
        assert (proof.result, proof.agrees) == (Result.RAN, True), proof
        assert not isinstance(proof.image, MISSING)
        assert proof.image.empty
        assert "In an empty image, since" in proof.text
        assert "it proves that no libc is needed" in proof.text
    for words, result in ((("segv",), Result.FAILED), (("hang",), Result.NOT_RUN)):
        wanted = {
            "image": "localhost/rr-explorer-test/absent:1",
            "static": True,
            "pull": False,
            "limits": RunLimits(seconds=1),
        }
        proof = await proved(act(), *words, **wanted)
        assert proof.result is result, proof
        assert "In an empty image, since" in proof.text
        assert "proves" not in proof.text, "what did not run proves nothing"


async def test_without_an_image_a_dynamic_program_cannot_be_proved(request_for: Requests) -> None:
    wanted = request_for(binary("c-musl"), image="localhost/rr-explorer-test/absent:1")
    with pytest.raises(EngineError) as refused:
        await prove(replace(wanted, pull=False))
    assert "pull" in refused.value.remedy
    with pytest.raises(EngineError) as refused:
        await prove(wanted)  # nobody listens on localhost's registry port
    assert "absent:1" in refused.value.title
    assert refused.value.detail
    assert "choose an image that is here" in refused.value.remedy
    with pytest.raises(EngineError, match="has no image"):
        await prove(replace(wanted, image=""))


@both_ways
async def test_an_image_of_another_platform_is_not_taken_for_the_right_one(
    engine: TestEngine, request_for: Requests
) -> None:
    wanted = request_for(
        binary("c-musl-arm64"), arch="arm64", image=engine.musl("amd64"), pull=False
    )
    with pytest.raises(EngineError, match="is here, but not for linux/arm64"):
        await prove(wanted)
    with pytest.raises(EngineError, match="is here, but not for linux/arm64"):
        await prove(replace(wanted, pull=True))  # no registry answers on localhost


async def test_without_emulation_it_is_an_error_with_the_command_that_helps(
    engine: TestEngine, request_for: Requests, real: Engine, tmp_path: Path
) -> None:
    emulation = await emulation_of(real, "linux/loong64", engine.run_args)
    if emulation.available:
        pytest.fail("this machine emulates loong64 too: take an architecture that it does not")
    program = tmp_path / "probe"
    program.write_bytes(probe_program("loong64"))
    with pytest.raises(EngineError, match="cannot run programs of linux/loong64") as refused:
        await prove(request_for(program, arch="loong64", image="", static=True))
    assert "--install loong64" in refused.value.remedy


# --- what cannot be asked for ---


async def test_a_file_that_is_not_there(request_for: Requests, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Cannot read"):
        await prove(request_for(tmp_path / "gone"))


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../../b", "..", "/", "a\0b"])
async def test_a_name_that_leads_elsewhere_is_refused(name: str, request_for: Requests) -> None:
    with pytest.raises(UsageError):
        await prove(request_for(act(), name=name))


@both_ways
async def test_odd_names_and_words_reach_the_program_as_they_are(proved: Prover) -> None:
    proof = await proved(
        act(), argv=("/bin/echo", "{}", "$(id)", "--rm", "a b", "-x"), name='odd "name"; $(x) [b]'
    )
    assert proof.stdout == '/rr-explorer/odd "name"; $(x) [b] $(id) --rm a b -x\n'
    proof = await proved(act(), "exit", "7", name="--help")
    assert proof.exit_code == 7


async def test_a_run_can_be_repeated_by_one_line(proved: Prover, tmp_path: Path) -> None:
    """With a file that nobody may execute, as a cache keeps it, and an odd name."""
    kept = tmp_path / "it's a blob"
    shutil.copy(act(), kept)
    kept.chmod(0o600)
    proof = await proved(kept, "streams", static=True, name="bin/a b")
    ran = await asyncio.to_thread(_pasted, run_line(proof, kept))
    assert (ran.stdout, ran.stderr) == ("to stdout\n", "to stderr\n")
    failed = await proved(kept, "exit", "7", static=True)
    line = run_line(failed, kept)
    assert (await asyncio.to_thread(_pasted, line)).returncode == 7
    assert "\n" not in line
    assert "--network=none" in line
    json.dumps(proof.command)


def test_a_line_to_paste_is_no_weapon() -> None:
    command = (
        ("docker", "create", "--name", "x", "--volume=/rr-explorer", "i", "$(id)"),
        ("docker", "start", "x"),
    )
    proof = make_proof(command=command, argv=("/rr-explorer/rr", "$(id)"))
    line = run_line(proof, Path("--help"))
    assert "install -m 755 -- --help" in line
    assert "'$(id)'" in line
    other = replace(proof, argv=("/rr-explorer/a:rw,z",))
    assert run_line(other, Path("rr")) == "", "a colon would end the path in the container"
    assert run_line(replace(proof, command=()), Path("rr")) == ""


def _pasted(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False
    )
