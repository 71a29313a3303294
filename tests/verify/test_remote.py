"""Engines on other machines: over TLS with client certificates, and over a real sshd."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import EngineError
from explorer.verify import ProofRequest, Result, close_apis, engine_by_name, prove
from explorer.verify.api import api_of
from explorer.verify.client import call
from explorer.verify.endpoints import Endpoint, connect
from tests.support.engine import TestEngine
from tests.support.pool import FAR, two_engines
from tests.support.second_engine import certificates, free_port, second_engine
from tests.verify.conftest import act

pytestmark = [pytest.mark.container, pytest.mark.alone]
Requests = Callable[..., ProofRequest]


async def test_over_tls_with_a_client_s_certificate(
    tmp_path: Path, engine: TestEngine, request_for: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, port = tmp_path / "tls", free_port()
    tls.mkdir()
    certificates(tls)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    files = {"tlscacert": "ca.pem", "tlscert": "cert.pem", "tlskey": "key.pem"}
    server = [f"--{name}={tls / file}" for name, file in files.items()]
    host = f"tcp://127.0.0.1:{port}"
    with second_engine("--tlsverify", *server, f"--host={host}") as second:
        second.take(engine.musl())
        names = {"tlscacert": "ca", "tlscert": "cert", "tlskey": "key"}
        words = ",".join(f"{names[name]}={tls / file}" for name, file in files.items())
        context = ["docker", "context", "create", "far", "--docker", f"host={host},{words}"]
        assert not (await call(context)).failed
        far = await engine_by_name("far")
        assert api_of(far) is not None
        proof = await prove(replace(request_for(act(), "streams", static=True), engine=far))
        assert (proof.result, proof.stdout) == (Result.RAN, "to stdout\n")
        assert proof.command[0][:3] == ("docker", "--context", "far")
        assert not second.run("ps", "--all", "--quiet").stdout
        await close_apis()

        (tls / "cert.pem").unlink()
        with pytest.raises(EngineError, match="no usable answer"):
            await connect("docker", Endpoint(host, tls))
        stranger = await connect("docker", Endpoint(host, tmp_path))
        assert stranger is None, "a server of an unknown authority is not spoken to"


SESSION = """
import asyncio, sys
from explorer.verify import engine_by_name
async def main():
    await engine_by_name(sys.argv[1])
    print("open", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_nothing_of_a_connection_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the session ends, its ssh ends, too."""
    with two_engines() as engines:
        for name, value in engines.environ.items():
            monkeypatch.setenv(name, value)
        far = await engine_by_name(FAR)
        api = api_of(far)
        assert api is not None
        assert api.forwarded is not None
        folder = str(api.forwarded.parent)
        assert _processes_with(folder)
        await close_apis()
        assert not _processes_with(folder)
        assert not os.path.exists(folder)  # noqa: ASYNC240, PTH110  a folder on a local disk

        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SESSION, FAR, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"open\n"
        (connection,) = _children_of(process.pid)
        socket = Path(_read(Path(f"/proc/{connection}/cmdline")).split(b"\0")[3].decode())
        process.send_signal(signal.SIGKILL)
        await process.wait()
        async with asyncio.timeout(30):
            while _runs(connection):  # noqa: ASYNC110  it is no child of ours
                await asyncio.sleep(0.05)
        assert not os.path.exists(socket)  # noqa: ASYNC240, PTH110


def _processes_with(word: str) -> list[int]:
    lines = {int(entry.parent.name): _read(entry) for entry in Path("/proc").glob("[0-9]*/cmdline")}
    return [number for number, line in lines.items() if word.encode() in line]


def _children_of(parent: int) -> list[int]:
    stats = [_read(entry) for entry in Path("/proc").glob("[0-9]*/stat")]
    fields = [(int(stat.split()[0]), stat.rpartition(b")")[2].split()) for stat in stats if stat]
    return [number for number, rest in fields if int(rest[1]) == parent]


def _runs(number: int) -> bool:
    stat = _read(Path(f"/proc/{number}/stat"))
    return bool(stat) and stat.rpartition(b")")[2].split()[0] != b"Z"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
