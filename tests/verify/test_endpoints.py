"""Where an engine's API is, in the words of its client."""

import json
from pathlib import Path

import pytest

from explorer.verify.endpoints import Endpoint, docker_endpoint, podman_endpoint
from explorer.verify.forward import forward

VARIABLES = ("CONTAINER_HOST", "CONTAINER_CONNECTION", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
SSH = "ssh://core@localhost:50123/run/user/501/podman/podman.sock"
CONNECTIONS = [
    {"Name": "vm", "URI": SSH, "Identity": "/keys/vm", "Default": True},
    {"Name": "here", "URI": "unix:///run/p.sock", "Identity": "", "Default": False},
]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own engines."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def client(folder: Path, answer: object) -> str:
    """A client that gives one answer to everything."""
    (folder / "answer").write_text(json.dumps(answer), encoding="utf-8")
    path = folder / "client"
    path.write_text(f"#!/bin/sh\ncat {folder}/answer\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def context(host: str, **more: object) -> list[dict[str, object]]:
    docker = {"Host": host, "SkipTLSVerify": False, **more}
    storage = {"TLSPath": "/contexts/tls/1"}
    return [{"Endpoints": {"docker": docker}, "Storage": storage, "TLSMaterial": {}}]


async def test_docker_s_contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = "tcp://far:2376"
    docker = client(tmp_path, context("unix:///var/run/docker.sock"))
    assert await docker_endpoint((docker,)) == Endpoint("unix:///var/run/docker.sock")
    with_keys = [{**context(far)[0], "TLSMaterial": {"docker": ["ca.pem"]}}]
    docker = client(tmp_path, with_keys)
    assert await docker_endpoint((docker,)) == Endpoint(far, Path("/contexts/tls/1/docker"))
    docker = client(tmp_path, context(far))
    assert await docker_endpoint((docker,)) == Endpoint(far)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/certificates")
    assert await docker_endpoint((docker,)) == Endpoint(far, Path("/certificates"))


@pytest.mark.parametrize(
    "answer", [[], {}, [{"Endpoints": {}}], "x", context("tcp://far:2376", SkipTLSVerify=True)]
)
async def test_what_only_docker_s_client_knows(answer: object, tmp_path: Path) -> None:
    assert await docker_endpoint((client(tmp_path, answer),)) is None
    assert await docker_endpoint((client(tmp_path, context("tcp://x")), "--tlsverify")) is None


async def test_podman_s_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    podman = client(tmp_path, CONNECTIONS)
    far = Endpoint(SSH, identity="/keys/vm")
    remote: dict[str, object] = {"host": {"serviceIsRemote": True}}
    assert await podman_endpoint((podman,), remote) == far, "the default one"
    named = await podman_endpoint((podman, "--connection", "here"), remote)
    assert named == Endpoint("unix:///run/p.sock")
    assert await podman_endpoint((podman, "--connection", "other"), remote) is None
    monkeypatch.setenv("CONTAINER_HOST", "unix:///other.sock")
    assert await podman_endpoint((podman,), remote) == Endpoint("unix:///other.sock")


@pytest.mark.parametrize(
    ("socket", "url"),
    [
        ({"path": "/run/podman/podman.sock", "exists": True}, "unix:///run/podman/podman.sock"),
        (
            {"path": "unix:///run/podman/podman.sock", "exists": True},
            "unix:///run/podman/podman.sock",
        ),
        ({"path": "/run/podman/podman.sock"}, ""),
        (None, ""),
    ],
)
async def test_podman_s_own_service(socket: object, url: str) -> None:
    """Without it podman has no API: its client is the way."""
    info: dict[str, object] = {"host": {"serviceIsRemote": False, "remoteSocket": socket}}
    assert await podman_endpoint(("podman",), info) == (Endpoint(url) if url else None)


@pytest.mark.parametrize(
    "url", ["ssh://", "ssh://-oProxyCommand=x/", "ssh://-x@host/s", "ssh://host:99999/s"]
)
async def test_an_odd_address_is_not_given_to_ssh(url: str) -> None:
    assert await forward(url, "", 1.0) is None


async def test_an_ssh_that_fails_is_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, lines in enumerate(("exit 255", "echo ready; exec cat", "exec sleep 60")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "ssh").write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        (folder / "ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        opened = await forward("ssh://host/s", "", 0.5)
        if opened is not None:  # it is ready, and has opened no socket: the API finds nothing there
            assert number == 1
            await opened.aclose()
