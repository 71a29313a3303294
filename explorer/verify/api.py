"""The Engine API over one held connection, for as long as its event loop lasts.

Does what the client does for the same words, with the same kind of answer.
"""

import asyncio
import contextlib
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from explorer.errors import EngineError
from explorer.verify.api_words import ApiRequest, as_request, error_message
from explorer.verify.client import ANSWER_LIMIT, CALL_SECONDS, Called, Running, call, running
from explorer.verify.models import Engine
from explorer.verify.run_output import RunOutput

if TYPE_CHECKING:
    import httpx

    from explorer.verify.forward import SocketForward

OLDEST, NEWEST = (1, 41), (1, 44)
"""Versions that are spoken: 1.41 is the first that knows a container's platform."""

_CHUNK = 1 << 20
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}
"""Of a frame's first byte; 0 is standard input, written to standard output."""

_open: dict[tuple[str, ...], "EngineApi"] = {}
"""By the words that start the client."""


class NoApiError(Exception):
    """Nothing answers at the engine's socket."""


class BrokenStreamError(Exception):
    """What came is not an attached stream."""


class FrameReader:
    """Takes an attached stream apart.

    The API's “Stream format”: eight bytes before each part, its stream's number, three zeros, and
    its length as a big-endian number. No part is held back: its length may be anything.
    """

    def __init__(self, add: Callable[[str, bytes], None]) -> None:
        self._add = add
        self._header = bytearray()
        self._left = 0
        self._stream = ""

    def feed(self, data: bytes) -> None:
        """Hand on what is in the next bytes.

        Raises:
            BrokenStreamError: this is not such a stream.
        """
        while data:
            if self._left:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                self._add(self._stream, part)
                continue
            missing = 8 - len(self._header)
            self._header += data[:missing]
            data = data[missing:]
            if len(self._header) == 8:
                number, zeros = self._header[0], bytes(self._header[1:4])
                if number not in _STREAMS or zeros != bytes(3):
                    raise BrokenStreamError(f"a frame begins with {self._header.hex()}")
                self._stream = _STREAMS[number]
                self._left = int.from_bytes(self._header[4:], "big")
                self._header.clear()


class EngineApi:
    """One engine's API."""

    def __init__(
        self,
        name: str,
        transport: "httpx.AsyncHTTPTransport",
        base_url: str,
        forward: "SocketForward | None" = None,
        endpoint: str = "",
    ) -> None:
        import httpx

        self.name = name
        self.endpoint = endpoint
        self.loop = asyncio.get_running_loop()
        self._client = httpx.AsyncClient(
            transport=transport, base_url=base_url, timeout=None, trust_env=False
        )
        self._forward = forward
        self._version = ""

    async def negotiate(self, seconds: float) -> bool:
        """Choose a version that both sides speak; False if there is none.

        Raises:
            NoApiError: nothing answers. EngineError: no answer in time, or not HTTP.
        """
        async with self._errors("_ping", seconds), asyncio.timeout(seconds):
            answer = await self._client.get("/_ping")
        try:
            major, minor = answer.headers["api-version"].split(".")
            version = min((int(major), int(minor)), NEWEST)
        except (KeyError, ValueError):
            return False
        self._version = f"/v{version[0]}.{version[1]}"
        return answer.status_code == 200 and version >= OLDEST

    async def ask(
        self,
        request: ApiRequest,
        file: BinaryIO | None = None,
        seconds: float = CALL_SECONDS,
    ) -> Called:
        """Send a request; the answer as the client would give it.

        Raises:
            NoApiError: nothing answers. EngineError: no answer in time, or not HTTP.
        """
        headers, content = {}, None
        if file is not None:
            content = _chunks(file)
            headers = {
                "content-type": "application/x-tar",
                "content-length": str(os.fstat(file.fileno()).st_size),
            }
        sending = self._client.stream(
            request.method,
            self._version + request.path,
            params=dict(request.params),
            json=request.body,
            content=content,
            headers=headers,
        )
        kept = bytearray()
        async with self._errors(request.path, seconds), asyncio.timeout(seconds), sending as answer:
            async for part in answer.aiter_bytes(65536):
                if len(kept) < ANSWER_LIMIT:
                    kept += part
        data = bytes(kept)
        if answer.status_code >= 300:
            return _failed(error_message(data))
        if request.answer == "messages" and (error := _error_in(data)):
            return _failed(error)
        if request.answer == "list":
            data = b"[" + data + b"]"
        text = "" if request.answer == "tar" else data.decode(errors="replace")
        return Called(0, text, "", data)

    @contextlib.asynccontextmanager
    async def attached(self, name: str, keeper: RunOutput) -> AsyncIterator[Running]:
        """Start a container; its output goes to ``keeper``."""
        path = f"/containers/{name}"
        refused = False

        async def read() -> None:
            nonlocal refused
            frames = FrameReader(keeper.add)
            streams = {"stream": "1", "stdout": "1", "stderr": "1"}
            url = f"{self._version}{path}/attach"
            async with (
                self._said(path),
                self._client.stream("POST", url, params=streams) as answer,
            ):
                if answer.status_code != 200:
                    started = _failed(error_message(await _start_of(answer)))
                else:
                    started = await self.ask(ApiRequest("POST", f"{path}/start"))
                if started.failed:
                    refused = True
                    keeper.add("stderr", f"{started.stderr}\n".encode())
                    return
                async for part in answer.aiter_raw():
                    frames.feed(part)
            keeper.end()

        async def code() -> int | None:
            if refused:
                return 1
            async with self._said(path):
                waited = await self.ask(ApiRequest("POST", f"{path}/wait"))
            try:
                return int(json.loads(waited.stdout)["StatusCode"])
            except (ValueError, LookupError, TypeError):
                return None  # the caller looks

        async with running(read(), code) as run:
            yield run

    @contextlib.asynccontextmanager
    async def _errors(self, path: str, seconds: float) -> AsyncIterator[None]:
        import httpx

        look = f"Look at it with: {self.name} info"
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoApiError(str(error)) from error
        except TimeoutError:
            detail = f"{path} did not end within {seconds:.0f} s"
            raise EngineError(f"{self.name} gives no answer", detail, look) from None
        except (httpx.HTTPError, ssl.SSLError, BrokenStreamError) as error:
            detail = f"{path}: {str(error)[:300] or type(error).__name__}"
            raise EngineError(f"{self.name} gives no usable answer", detail, look) from error

    @contextlib.asynccontextmanager
    async def _said(self, path: str) -> AsyncIterator[None]:
        """As ``_errors``, for what the client cannot do instead."""
        try:
            async with self._errors(path, 0):
                yield
        except NoApiError as error:
            raise EngineError(
                f"{self.name} does not answer any more",
                str(error),
                f"Look at it with: {self.name} info",
            ) from error

    @property
    def forwarded(self) -> Path | None:
        """The socket here that leads to an engine on another machine; None if it is here."""
        return None if self._forward is None else self._forward.socket

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()
        if self._forward is not None:
            await self._forward.aclose()


def _failed(message: str) -> Called:
    return Called(1, "", f"Error response from daemon: {message}")


def _error_in(data: bytes) -> str:
    for line in data.splitlines():
        with contextlib.suppress(ValueError, LookupError, TypeError):
            return str(json.loads(line)["error"])
    return ""


async def _start_of(answer: "httpx.Response") -> bytes:
    async for part in answer.aiter_bytes(4096):
        return part
    return b""


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    while part := file.read(_CHUNK):
        yield part


# --- the engine's commands, by whichever way is open ---


def keep_open(command: tuple[str, ...], api: EngineApi) -> None:
    """Let the engine with this client be asked by its API, until ``close_apis``."""
    _open[command] = api


def api_of(engine: Engine) -> EngineApi | None:
    """The API that is open to an engine."""
    return open_api(engine.command)


def open_api(command: tuple[str, ...]) -> EngineApi | None:
    """The API that is open to the engine with this client."""
    api = _open.get(command)
    return api if api is not None and api.loop is asyncio.get_running_loop() else None


async def close_apis() -> None:
    """Close all connections of this event loop."""
    loop = asyncio.get_running_loop()
    for command, api in list(_open.items()):
        if api.loop is loop or api.loop.is_closed():
            del _open[command]
        if api.loop is loop:
            await api.aclose()


def client_of(engine: Engine) -> tuple[str, ...]:
    """The words that start the client: over the held connection, where there is one over ssh.

    A client that connects by itself needs seconds for each command.
    """
    api = api_of(engine)
    if api is None or api.forwarded is None:
        return engine.command
    host = "--url" if engine.name == "podman" else "--host"
    return (engine.command[0], host, f"unix://{api.forwarded}")


async def engine_call(
    engine: Engine,
    words: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    seconds: float = CALL_SECONDS,
) -> Called:
    """Do one command of the engine: by its API where that is open, else by its client.

    Raises:
        EngineError: no such program, or no answer within ``seconds``.
    """
    api, request = api_of(engine), as_request(words)
    if api is not None and request is not None:
        try:
            return await api.ask(request, stdin, seconds)
        except NoApiError:  # the client says why
            _open.pop(engine.command, None)
            await api.aclose()
    command = (*client_of(engine), *words)
    if stdin is None:
        return await call(command, seconds=seconds)
    return await call(command, stdin=stdin, seconds=seconds)
