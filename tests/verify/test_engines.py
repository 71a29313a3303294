"""Which engine answers, and what is said where none does: the clients' own words, from real
failures."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.errors import EngineError, UsageError
from explorer.facts import MISSING, Unknown
from explorer.verify import Engine, emulation_of, engine_status, find_engine
from explorer.verify.client import Called, call
from explorer.verify.emulation import probe_program, registered, runs_in_a_container
from explorer.verify.engines import engine_failure
from explorer.verify.images import kept_name
from tests.support.engine import TestEngine


@pytest.fixture
def docker_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH with docker's client and nothing else on it."""
    client = shutil.which("docker")
    assert client is not None
    (tmp_path / "docker").symlink_to(client)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DOCKER_CONTEXT", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


async def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="not installed") as error:
        await find_engine()
    assert "apt-get install docker.io" in error.value.remedy or sys.platform != "linux"
    with pytest.raises(EngineError, match="podman is not installed") as error:
        await find_engine("podman")
    assert "podman" in error.value.remedy.lower()
    assert all(not status.installed and status.remedy for status in await engine_status())


async def test_an_unknown_engine() -> None:
    with pytest.raises(UsageError, match="lxc"):
        await find_engine("lxc")


@pytest.mark.container
async def test_the_engine_that_answers(engine: TestEngine) -> None:
    engine_found = await find_engine(engine.name, engine.engine_args)
    assert engine_found.command == engine.command
    assert engine_found.version[0].isdigit()
    assert engine_found.platform in ("linux/amd64", "linux/arm64")
    assert not isinstance(engine_found.rootless, MISSING)
    status = {one.name: one for one in await engine_status(engine.engine_args)}[engine.name]
    assert (status.installed, status.answers, status.remedy) == (True, True, "")
    assert engine_found.version in status.detail


@pytest.mark.container
@pytest.mark.skipif(shutil.which("docker") is None, reason="these are docker's own words")
@pytest.mark.usefixtures("docker_only")
class TestDockerThatDoesNotAnswer:
    """Marked ``container``, since docker's client has to be there; its daemon need not."""

    async def test_the_daemon_is_down(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        with pytest.raises(EngineError, match="does not answer") as error:
            await find_engine()
        assert f"{tmp_path}/none.sock" in error.value.detail
        assert "DOCKER_HOST" in error.value.remedy

    async def test_a_dead_socket(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "s"))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
        with pytest.raises(EngineError, match="does not answer"):
            await find_engine("docker")

    async def test_a_remote_host_that_nobody_knows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "tcp://engine.invalid:2375")
        with pytest.raises(EngineError, match="does not answer") as error:
            await find_engine()
        assert "engine.invalid" in error.value.remedy

    async def test_a_context_that_does_not_exist(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_CONTEXT", "no-such-context")
        with pytest.raises(EngineError, match="context") as error:
            await find_engine()
        assert "context ls" in error.value.remedy
        status = (await engine_status())[0]
        assert (status.installed, status.answers) == (True, False)
        assert "no-such-context" in status.detail

    async def test_an_engine_argument_that_does_not_exist(self) -> None:
        with pytest.raises(EngineError) as error:
            await find_engine("docker", ("--no-such-flag",))
        assert "engine_args" in error.value.remedy

    async def test_a_socket_that_accepts_and_says_nothing(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/mute")
        server = await asyncio.start_unix_server(_listen_only, tmp_path / "mute")
        async with server:
            with pytest.raises(EngineError, match="gives no answer"):
                await call(("docker", "info"), seconds=0.5)

    async def test_no_permission_on_the_socket(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as lonely:
            lonely.bind(str(tmp_path / "s"))
            lonely.listen()
            if os.geteuid() == 0:  # root may do anything: nobody asks
                for folder in (tmp_path, *tmp_path.parents[:-2]):
                    folder.chmod(0o755)
            (tmp_path / "s").chmod(0)
            asked = await asyncio.to_thread(_without_rights, f"unix://{tmp_path}/s")
        error = engine_failure("docker", Called(asked.returncode, asked.stdout, asked.stderr))
        assert "permission" in error.title
        assert "usermod -aG docker" in error.remedy
        assert "podman" in error.remedy


async def _listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def _without_rights(host: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DOCKER_HOST": host, "HOME": "/"}
    client = str(Path(shutil.which("docker") or "docker").resolve())
    who = 65534 if os.geteuid() == 0 else None
    return subprocess.run(
        [client, "info"],
        capture_output=True,
        text=True,
        user=who,
        group=who,
        env=environment,
        timeout=30,
        check=False,
    )


# --- emulation ---


@pytest.mark.container
@pytest.mark.parametrize(
    ("arch", "qemu"),
    [
        ("amd64", "x86_64"),
        ("386", "i386"),
        ("arm64", "aarch64"),
        ("arm", "arm"),
        ("riscv64", "riscv64"),
        ("ppc64le", "ppc64le"),
        ("s390x", "s390x"),
        ("loong64", "loongarch64"),
    ],
)
def test_the_probe_programs_do_nothing_and_end_well(arch: str, qemu: str, tmp_path: Path) -> None:
    program = tmp_path / "probe"
    program.write_bytes(probe_program(arch))
    program.chmod(0o755)
    emulator = shutil.which(f"qemu-{qemu}-static")
    assert emulator is not None, "qemu-user-static is not installed"
    ran = subprocess.run([emulator, str(program)], capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


@pytest.mark.container
async def test_the_probe_in_a_container_agrees_with_the_kernels_register(
    engine: TestEngine,
) -> None:
    known = await find_engine(engine.name, engine.engine_args)
    assert (await emulation_of(known, known.platform)).native
    for arch in ("arm64", "amd64", "loong64"):
        emulation = await emulation_of(known, f"linux/{arch}", engine.run_args)
        assert emulation.available is await runs_in_a_container(known, arch, engine.run_args)
        assert bool(emulation.remedy) is not emulation.available


async def test_an_architecture_that_nobody_knows() -> None:
    emulation = await emulation_of(
        Engine("docker", ("docker",), "1", "linux/amd64", Unknown("?")), "linux/pdp11"
    )
    assert not emulation.available
    assert "pdp11" in emulation.remedy


ENTRY = (
    "enabled\ninterpreter /usr/bin/qemu\nflags: {flags}\noffset 0\n"
    "magic 7f454c460201010000000000000000000200b700\n"
)
MASK = "mask ffffffffffffff00fffffffffffffffffeffffff\n"


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        (ENTRY.format(flags="POF") + MASK, True),
        (ENTRY.format(flags="F"), True),
        (
            ENTRY.format(flags="PO") + MASK,
            False,
        ),  # without F the interpreter would have to be in the image
        ("disabled" + ENTRY.format(flags="POF")[7:], False),
        (ENTRY.format(flags="F").replace("b700", "3e00"), False),
        (ENTRY.format(flags="F").replace("7f45", "zz"), False),
        ("enabled\ninterpreter /x\nflags: F\nextension .py\n", False),
        ("", False),
    ],
)
def test_a_binfmt_entry(text: str, takes: bool, tmp_path: Path) -> None:
    (tmp_path / "qemu-aarch64").write_text(text)
    (tmp_path / "status").write_text("enabled\n")
    assert registered(probe_program("arm64"), tmp_path) is takes
    assert not registered(probe_program("arm64"), tmp_path / "none")


def test_the_name_of_another_platform_is_a_name_for_every_engine() -> None:
    name = kept_name("Registry.example:5000/Some/Image:3.22@sha256:" + "0" * 64, "linux/arm64")
    assert name == name.lower()
    assert name.startswith("localhost/rr-explorer/")
    assert name.endswith(":linux-arm64")
    assert kept_name("a:1", "linux/arm64") != kept_name("a-1", "linux/arm64")
