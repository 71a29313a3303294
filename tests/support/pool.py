"""Two engines by the names of docker contexts: the tests' own daemon, and a second one over ssh."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.binaries import binary
from tests.support.second_engine import SecondEngine, behind_ssh, second_engine

NEAR, FAR = "rr-test-near", "rr-test-far"


@dataclass(frozen=True)
class TwoEngines:
    """Both answer; ``environ`` is what finds them."""

    second: SecondEngine
    environ: dict[str, str]

    def containers(self, name: str) -> list[str]:
        """Names of our containers on one of them."""
        words = ("docker", "--context", name, "ps", "--all", "--format={{.Names}}")
        listed = subprocess.run(
            [*words, "--filter=label=rr-explorer"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **self.environ},
        )
        return listed.stdout.split()


@contextlib.contextmanager
def two_engines(*images: str) -> Iterator[TwoEngines]:
    """The engine of this machine, and another one behind a real sshd, with these images on both."""
    with (
        second_engine() as second,
        behind_ssh(second) as (address, folder),
        tempfile.TemporaryDirectory() as config,
    ):
        for image in images:
            second.take(image)
        environ = {"DOCKER_CONFIG": config, "PATH": f"{folder}:{os.environ['PATH']}"}
        first = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        for name, host in ((NEAR, first), (FAR, address)):
            subprocess.run(
                ["docker", "context", "create", name, "--docker", f"host={host}"],
                check=True,
                capture_output=True,
                env={**os.environ, **environ},
            )
        yield TwoEngines(second, environ)


def release_of_sixteen(folder: Path) -> None:
    """Sixteen files with different bytes, of both processors: some run on musl, some do not."""
    programs = ("c-static", "c-static-arm64", "c-musl", "c-musl-arm64", "c-glibc")
    for number in range(16):
        program = programs[number % len(programs)]
        arch = "arm64" if program.endswith("arm64") else "amd64"
        data = binary(program).read_bytes() + bytes((number,))
        (folder / f"tool{number}-linux-{arch}").write_bytes(data)
