"""A real container engine for the tests that need one.

As a pytest plugin (``pytest_plugins = ["tests.support.engine"]``) it gives the fixture ``engine``
and sees to every test marked ``container``: where no engine answers they are skipped, loudly, and
with ``CI=true`` that is a failure. It installs nothing.

``python -m tests.support.engine`` is what ``make test`` calls first: where no engine answers and
this is Debian or Ubuntu and we are root, it installs docker.io and qemu-user-static, starts the
daemon and registers the emulation of the other architecture; then it builds the images. It leaves
the daemon running.

``RR_TEST_ENGINE`` chooses the engine, e.g. ``podman --runtime=runc``; ``RR_TEST_RUN_ARGS`` are
words for its ``create``.
"""

import functools
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import images
from tests.support.alpine import alpine, debugfs
from tests.support.debian import can_install, install
from tests.support.skips import do_without, report_missing

BUILD = Path(__file__).resolve().parents[2] / "build"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
ENGINE, REMEDY = (
    "container engine",
    "`make test` as root on Debian installs and starts one; elsewhere start docker or podman",
)
_OTHER = {"x86_64": ("arm64", "aarch64"), "aarch64": ("amd64", "x86_64")}


@dataclass(frozen=True)
class TestEngine:
    """An engine that answers."""

    __test__ = False

    name: str
    engine_args: tuple[str, ...] = ()
    run_args: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """The words that start its client."""
        return (self.name, *self.engine_args)

    def musl(self, arch: str = "amd64", version: str = "1.2.5", *, libgcc: bool = False) -> str:
        """The reference of a musl image, built and loaded if need be."""
        return images.load(self.command, images.musl(arch, version, libgcc=libgcc))

    def glibc(self, arch: str = "amd64", version: str = "2.36") -> str:
        """The reference of a glibc image, built and loaded if need be."""
        return images.load(self.command, images.glibc(arch, version))

    def alpine(self, arch: str = "amd64") -> str:
        """The reference of genuine Alpine 3.23, built and loaded if need be."""
        return images.load(self.command, alpine(arch))

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Call the engine's client; a failure is the caller's to look at."""
        return subprocess.run(
            [*self.command, *words], capture_output=True, text=True, timeout=timeout, check=False
        )

    def containers(self, label: str = "rr-explorer") -> list[str]:
        """Ids of the containers that bear a label, running or not."""
        return self.run("ps", "--all", "--quiet", "--filter", f"label={label}").stdout.split()


@functools.cache
def find() -> TestEngine | str:
    """The engine that answers, or why there is none."""
    chosen = os.environ.get("RR_TEST_ENGINE", "")
    run_args = tuple(shlex.split(os.environ.get("RR_TEST_RUN_ARGS", "")))
    whys = []
    for words in [shlex.split(chosen)] if chosen else [["docker"], ["podman"]]:
        if shutil.which(words[0]) is None:
            whys.append(f"{words[0]} is not installed")
            continue
        try:
            asked = subprocess.run(
                [*words, "version"], capture_output=True, text=True, timeout=30, check=False
            )
        except subprocess.TimeoutExpired:
            whys.append(f"{words[0]} gave no answer in 30 s")
            continue
        if asked.returncode == 0:
            return TestEngine(words[0], tuple(words[1:]), run_args)
        whys.append(f"{words[0]}: {(asked.stderr.strip() or 'no answer').splitlines()[-1]}")
    return "; ".join(whys)


# --- the pytest plugin ---


@pytest.fixture(scope="session")
def engine() -> TestEngine:
    """The container engine; for tests marked ``container``."""
    known = find()
    if isinstance(known, str):
        do_without(ENGINE, known, REMEDY)
    return known


def pytest_runtest_setup(item: pytest.Item) -> None:
    """No engine, no container test: said here, so that it holds for tests which do not use the
    fixture too."""
    if item.get_closest_marker("container") is not None and isinstance(known := find(), str):
        do_without(ENGINE, known, REMEDY)


# --- bringing one up ---


def bring_up() -> str:
    """Have an engine that answers, emulation and the images; why not, or an empty string.

    Installs and starts one only as root on Debian and its descendants.
    """
    why = find()
    if isinstance(why, TestEngine) and (failed := _cannot_run(why)):
        why = f"{why.name} answers, but cannot run a container: {failed}"
    if isinstance(why, str):
        if not can_install():
            return why
        if shutil.which("dockerd") is None and (failed := install("engine", "docker.io")):
            return failed
        if failed := start_dockerd():
            return failed
        find.cache_clear()
    known = find()
    if isinstance(known, str):
        return known
    emulated = _register_emulation()
    if debugfs() is None and can_install():
        install("engine", "e2fsprogs")
    try:
        for arch in ("amd64", "arm64"):
            print(f"engine: {known.musl(arch)}")
            print(f"engine: {known.alpine(arch)}")
    except (images.ImageUnavailableError, subprocess.SubprocessError) as error:
        return f"no test images: {error}"
    return emulated


def _cannot_run(engine: TestEngine) -> str:
    """Why an engine that answers cannot start a container (podman on a kernel without what crun
    needs, say), or an empty string."""
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
    try:
        image = engine.musl(arch)
    except (images.ImageUnavailableError, subprocess.SubprocessError):
        return ""  # reported below
    done = engine.run("run", "--rm", "--network=none", *engine.run_args, image, "true")
    return (done.stderr.strip() or "failed").splitlines()[-1] if done.returncode else ""


def start_dockerd(*arguments: str, host: str = "", wait: float = 60.0) -> str:
    """Start the daemon in the background and wait until it answers; why it does not, or an empty
    string.

    Without bridge and firewall rules: the tests give no container a network, and many build
    machines allow neither.
    """
    BUILD.mkdir(exist_ok=True)
    log = BUILD / "dockerd.log"
    client = ["docker", *(["--host", host] if host else [])]
    with log.open("ab") as file:
        command = [
            "dockerd",
            "--iptables=false",
            "--bridge=none",
            *(["--host", host] if host else []),
            *arguments,
        ]
        daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    end = time.monotonic() + wait
    while time.monotonic() < end:
        if (
            subprocess.run(
                [*client, "version"], capture_output=True, timeout=30, check=False
            ).returncode
            == 0
        ):
            return ""
        if daemon.poll() is not None:
            break
        time.sleep(0.2)
    tail = log.read_text(errors="replace").splitlines()[-3:]
    return f"dockerd did not start ({log}): {' / '.join(tail)}"


def _register_emulation() -> str:
    """Register qemu for the other architecture; why that failed, or an empty string."""
    arch, machine = _OTHER.get(platform.machine(), ("", ""))
    if not machine or (BINFMT / f"qemu-{machine}").exists():
        return ""
    if os.geteuid() != 0:
        return f"no emulation of {arch}: install qemu-user-static"
    entry = Path(f"/usr/lib/binfmt.d/qemu-{machine}.conf")
    emulator = "qemu-user-static"
    if not entry.exists() and can_install() and (failed := install("engine", emulator)):
        return failed
    try:
        if not (BINFMT / "register").exists():
            subprocess.run(
                ["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)],
                check=True,
                capture_output=True,
            )
        if not (
            BINFMT / f"qemu-{machine}"
        ).exists():  # where systemd runs, installing the package has registered it
            (BINFMT / "register").write_text(entry.read_text().strip())
    except (OSError, subprocess.SubprocessError) as error:
        return f"no emulation of {arch}: {error}"
    return ""


def main() -> int:
    """Bring it up, say what became of it. Fails only where a skip is a failure (``CI=true``)."""
    why = bring_up()
    if why:
        return report_missing(ENGINE, why)
    known = find()
    print(f"engine: {' '.join(known.command) if isinstance(known, TestEngine) else known} answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
