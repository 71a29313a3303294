"""A small HTTP proxy: tunnels CONNECT, forwards requests for http addresses, and records both."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class ForwardProxy:
    """Runs on the test's own loop; see ``running_proxy``."""

    def __init__(self, refuse: bytes = b"") -> None:
        """``refuse``: the status of every answer, e.g. ``407 Proxy Authentication Required``."""
        self.requests: list[str] = []
        """Request lines without the version, e.g. ``CONNECT localhost:443``."""
        self.authorization: list[str] = []
        """The Proxy-Authorization header of each request, empty if it has none."""
        self.port = 0
        self._refuse = refuse
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: one request, then bytes both ways until either side closes."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(reader, writer)
        writer.close()

    async def stop(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, _ = line.decode().split(" ")
        self.requests.append(f"{method} {target}")
        headers = dict(
            field.split(": ", 1) for field in rest.decode().lower().split("\r\n") if ": " in field
        )
        self.authorization.append(headers.get("proxy-authorization", ""))
        if self._refuse:
            writer.write(b"HTTP/1.1 " + self._refuse + b"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        server = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server[1].write(f"{method} {parts.path} HTTP/1.1\r\n".encode() + rest)
        with contextlib.closing(server[1]):
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, server[1]))
                group.create_task(_copy(server[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def running_proxy(refuse: bytes = b"") -> AsyncIterator[ForwardProxy]:
    """A proxy on a free port of 127.0.0.1, for as long as the block lasts."""
    proxy = ForwardProxy(refuse)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1")
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
