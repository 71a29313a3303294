"""The program of a deep proof's second container: built from its source, and how it is placed."""

from pathlib import Path

import pytest

from explorer.errors import UsageError
from explorer.verify.models import Engine
from explorer.verify.sidecar import FOLDER, MACHINES, loopback_request, program, resolver_words
from tests.support.binaries import zig_cc

SOURCE = FOLDER / "sidecar.c"
FLAGS = (
    *("-Os", "-s", "-static", "-nostdlib", "-ffreestanding", "-Wall", "-Wextra", "-Werror"),
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-sanitize=all"),
    "-Wl,--build-id=none",
)


def built(arch: str) -> Path:
    """The program, built from its source."""
    target = f"{MACHINES[arch]}-linux-none"
    return zig_cc("sidecar", SOURCE.read_text(encoding="ascii"), target, *FLAGS)


@pytest.mark.parametrize("arch", MACHINES)
def test_the_programs_are_what_their_source_builds(arch: str) -> None:
    assert program(arch) == built(arch).read_bytes()


@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("http://127.0.0.1:2114/health", 2114, "/health"),
        ("http://localhost", 80, "/"),
        ("http://127.0.0.1:80/a?plugin=http&x=1", 80, "/a?plugin=http&x=1"),
    ],
)
def test_a_server_is_asked_by_its_address(url: str, port: int, path: str) -> None:
    asked, request = loopback_request(url)
    assert asked == port
    assert request.splitlines()[0] == f"GET {path} HTTP/1.1"
    assert request.endswith("\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "http://192.0.2.1/", "http://127.0.0.1:0/", "http://127.0.0.1:x/"),
        *("http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "127.0.0.1:80", "http://[::1]/"),
    ],
)
def test_what_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not an address that a server is asked at"):
        loopback_request(url)


def test_podman_is_not_asked_for_a_name_server_without_a_network() -> None:
    for name, asked in (("docker", True), ("podman", False)):
        engine = Engine(name, (name,), "1", "linux/amd64", rootless=False)
        assert ("--dns=127.0.0.1" in resolver_words(engine)) is asked


if __name__ == "__main__":
    for name in MACHINES:
        (FOLDER / f"sidecar-{name}").write_bytes(built(name).read_bytes())
