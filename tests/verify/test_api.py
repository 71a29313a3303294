"""The Engine API: the words that become requests, the stream that is taken apart, and daemons that
are broken or lie."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import EngineError
from explorer.verify import Engine, RunLimits, close_apis
from explorer.verify.api import BrokenStreamError, EngineApi, FrameReader, api_of, keep_open
from explorer.verify.api_words import ApiRequest, as_request, error_message
from explorer.verify.container import Container
from explorer.verify.endpoints import Endpoint, connect
from explorer.verify.run_output import RunOutput
from tests.support.engine import TestEngine
from tests.verify.conftest import Prover


def container(engine: Engine, **changes: object) -> Container:
    made = Container(engine, "an/image:1", "linux/arm64", ("/rr-explorer/rr", "-v"), RunLimits())
    return replace(made, **changes)  # type: ignore[arg-type]  # any field, by name


DOCKER = Engine("docker", ("docker",), "20.10", "linux/amd64", rootless=False)


def test_every_word_of_a_proof_has_its_place_in_a_request() -> None:
    made = container(DOCKER, environment=("A=b=c",), name="rr-explorer-x")
    request = as_request(made.create_command[1:])
    assert request is not None
    assert request.body is not None
    assert request.params == {"name": "rr-explorer-x", "platform": "linux/arm64"}
    host = request.body["HostConfig"]
    assert (request.body["Image"], request.body["Cmd"]) == ("an/image:1", ["-v"])
    assert request.body["Entrypoint"] == ["/rr-explorer/rr"]
    assert "A=b=c" in request.body["Env"]
    assert (host["NetworkMode"], host["IpcMode"], host["ReadonlyRootfs"]) == ("none", "none", True)
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (512 << 20, 512 << 20, 10**9)
    assert {"Name": "core", "Soft": 0, "Hard": 0} in host["Ulimits"]
    assert set(host["Tmpfs"]) == {"/tmp", "/var/tmp", "/run/lock"}
    (mount,) = host["Mounts"]
    assert mount["VolumeOptions"]["Labels"] == request.body["Labels"]
    shared = as_request(container(DOCKER, tree_of="other").create_command[1:])
    assert shared is not None
    assert shared.body is not None
    assert shared.body["HostConfig"]["VolumesFrom"] == ["other:ro"]


def test_only_a_container_with_its_own_name_files_has_no_sandbox() -> None:
    def is_disabled(**changes: object) -> bool:
        request = as_request(container(DOCKER, **changes).create_command[1:])
        assert request is not None
        assert request.body is not None
        return bool(request.body.get("NetworkDisabled", False))

    assert is_disabled(lent="/tmp/x/tree")
    assert not is_disabled()
    assert not is_disabled(lent="/tmp/x/tree", run_args=("--network=bridge",))


@pytest.mark.parametrize(
    "words",
    [
        "create --no-such-flag image",
        "create --no-such-flag=1 image",
        "create --name",
        "create --env HOME image",
        "create --volume /a:/b image",
        "create --mount type=bind,src=/,dst=/x image",
        "create --cpus=many image",
        "create --pull=always image",
        "create",
        "pull image",
        "image inspect --format x y",
        "inspect name",
        "rm name",
        "",
    ],
)
def test_what_is_not_known_is_left_to_the_client(words: str) -> None:
    assert as_request(words.split()) is None


@given(st.lists(st.text(max_size=12)))
def test_no_words_are_too_odd(words: list[str]) -> None:
    for first in ([], ["create"], ["cp", "-"], ["image", "inspect"]):
        request = as_request([*first, *words])
        assert request is None or request.path.startswith("/")


@given(st.lists(st.tuples(st.sampled_from((0, 1, 2)), st.binary(max_size=40))), st.data())
def test_a_stream_is_taken_apart_wherever_it_is_cut(
    parts: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    whole = b"".join(
        bytes((number, 0, 0, 0)) + len(part).to_bytes(4, "big") + part for number, part in parts
    )
    got: dict[str, bytes] = {"stdout": b"", "stderr": b""}

    def add(name: str, part: bytes) -> None:
        got[name] += part

    reader = FrameReader(add)
    while whole:
        cut = data.draw(st.integers(1, len(whole)))
        reader.feed(whole[:cut])
        whole = whole[cut:]
    assert got["stdout"] == b"".join(part for number, part in parts if number != 2)
    assert got["stderr"] == b"".join(part for number, part in parts if number == 2)


@given(st.binary(min_size=8, max_size=64))
def test_any_bytes_are_a_stream_or_an_error(data: bytes) -> None:
    reader = FrameReader(lambda _name, _part: None)
    with contextlib.suppress(BrokenStreamError):
        reader.feed(data)
        assert data[0] <= 2


@given(st.binary())
def test_any_error_answer_has_words(data: bytes) -> None:
    assert error_message(data)
    assert error_message(json.dumps({"message": "No such image"}).encode()) == "No such image"


# --- daemons that are broken, or lie ---


@contextlib.asynccontextmanager
async def daemon(*answers: bytes) -> AsyncIterator[Path]:
    """A socket that gives these answers, one per request, and keeps silent after them."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            is_open = True
            while is_open:
                await reader.readuntil(b"\r\n\r\n")
                if left:
                    next_answer = left.pop(0)
                    writer.write(next_answer)
                    await writer.drain()
                    is_open = b"ength: " in next_answer
        writer.close()

    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "s"
        server = await asyncio.start_unix_server(serve, socket)
        try:
            yield socket
        finally:
            server.close()


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


PING = answer(api_version="1.41")
FOREVER = b"HTTP/1.1 200 OK\r\n\r\n"


async def connected(socket: Path) -> EngineApi:
    api = await connect("docker", Endpoint(f"unix://{socket}"))
    assert api is not None
    return api


@pytest.mark.parametrize(
    ("version", "spoken"),
    [("1.41", "/v1.41"), ("1.43", "/v1.43"), ("1.99", "/v1.44"), ("2.0", "/v1.44")],
)
async def test_the_newest_version_that_both_know_is_spoken(version: str, spoken: str) -> None:
    async with daemon(answer(api_version=version)) as socket:
        api = await connected(socket)
        assert api._version == spoken
        await api.aclose()


@pytest.mark.parametrize(
    "ping",
    [
        answer(),
        answer(api_version="1.40"),
        answer(api_version="x"),
        answer(api_version="1.41", status="500 Sorry"),
    ],
)
async def test_an_engine_that_is_too_old_is_left_to_its_client(ping: bytes) -> None:
    async with daemon(ping) as socket:
        assert await connect("docker", Endpoint(f"unix://{socket}")) is None


@pytest.mark.parametrize(
    "url", ["unix:///none/of/it", "tcp://127.0.0.1:1", "npipe:////./pipe/docker", "ssh://-x", ""]
)
async def test_where_nothing_answers_the_client_is_the_way(url: str) -> None:
    assert await connect("docker", Endpoint(url)) is None


async def test_something_else_than_an_engine_is_said() -> None:
    async with daemon(b"220 smtp.example.com\r\n") as socket:
        with pytest.raises(EngineError, match="no usable answer"):
            await connect("docker", Endpoint(f"unix://{socket}"))


LOOK = ApiRequest("GET", "/info")


@pytest.mark.parametrize(
    "broken", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
async def test_garbage_is_said_to_be_no_answer(broken: bytes) -> None:
    async with daemon(PING, broken) as socket:
        api = await connected(socket)
        with pytest.raises(EngineError, match="no usable answer"):
            await api.ask(LOOK)
        await api.aclose()


async def test_a_daemon_that_falls_silent_is_not_waited_for() -> None:
    async with daemon(PING) as socket:
        api = await connected(socket)
        with pytest.raises(EngineError, match="gives no answer"):
            await api.ask(LOOK, seconds=0.2)
        await api.aclose()


async def test_an_endless_answer_is_kept_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.verify.api.ANSWER_LIMIT", 1000)
    async with daemon(PING, answer(b"x" * 500_000)) as socket:
        api = await connected(socket)
        assert len((await api.ask(LOOK)).data) < 200_000
        await api.aclose()


async def test_a_refusal_reads_as_the_client_s() -> None:
    refusal = answer(b'{"message": "No such image: x"}', "404 Not Found")
    async with daemon(PING, refusal) as socket:
        api = await connected(socket)
        refused = await api.ask(LOOK)
        assert refused.failed
        assert refused.stderr == "Error response from daemon: No such image: x"
        await api.aclose()


async def test_a_stream_that_is_none_ends_the_run() -> None:
    async with daemon(PING, FOREVER + b"\x07garbage", answer(status="204 No")) as socket:
        api = await connected(socket)
        async with api.attached("x", RunOutput(100, None)) as run:
            with pytest.raises(EngineError, match="no usable answer"):
                await asyncio.wait_for(run.reading, 30)
        await api.aclose()


async def test_a_daemon_that_is_gone_is_asked_by_its_client(tmp_path: Path) -> None:
    """The client says best what is wrong, and may know another way."""
    client = tmp_path / "docker"
    client.write_text('#!/bin/sh\necho "by the client: $*"\n', encoding="utf-8")
    client.chmod(0o755)
    engine = replace(DOCKER, command=(str(client),))
    async with daemon(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n") as socket:
        api = await connected(socket)
        keep_open(engine.command, api)
    made = container(engine)
    with pytest.raises(EngineError, match="does not answer any more"):
        async with made._started(RunOutput(100, None)) as run:
            await run.reading
    async with made.exists() as created:
        assert created.stdout.startswith("by the client: create --name")
    assert api_of(engine) is None
    await close_apis()


# --- the real one ---


@pytest.mark.container
async def test_both_ways_make_the_same_container(engine: TestEngine, real: Engine) -> None:
    """What is shown is what is done: the daemon describes both alike."""
    described = []
    for _way in ("api", "client"):
        made = Container(
            real,
            engine.musl(),
            "linux/amd64",
            ("/rr-explorer/x", "1"),
            RunLimits(),
            engine.run_args,
            ("A=b",),
        )
        async with made.exists() as created:
            assert not created.failed, created.stderr
            told = json.loads(engine.run("inspect", made.name).stdout)[0]
        await close_apis()
        config, host = told["Config"], told["HostConfig"]
        for volatile in ("Hostname", "Labels"):
            del config[volatile]
        del host["ConsoleSize"]  # the client's terminal
        assert host.pop("RestartPolicy")["Name"] in ("", "no")
        for mount in host["Mounts"]:
            del mount["VolumeOptions"]
        config["Env"].sort()
        host["Ulimits"].sort(key=str)
        described.append(
            [{key: value for key, value in one.items() if value} for one in (config, host)]
        )
    assert described[0] == described[1]


@pytest.mark.container
async def test_a_daemon_s_volume_is_gone_after_a_dry_run(
    engine: TestEngine, proved: Prover
) -> None:
    """Two containers share it; the last one takes it away."""
    from tests.support.binaries import binary

    def volumes() -> list[str]:
        return engine.run("volume", "ls", "--quiet", "--filter", "label=rr-explorer").stdout.split()

    proof = await proved(binary("c-musl"))
    assert "--list" in proof.dry_run.command, proof  # type: ignore[union-attr]
    name = proof.command[0][proof.command[0].index("--name") + 1]
    label = proof.command[0][proof.command[0].index("--label") + 1].partition("=")[2]
    left = [one for one in volumes() if label in engine.run("volume", "inspect", one).stdout]
    assert not left, name
