"""A real threaded HTTP/1.1 server whose faults come on demand and that counts what really moved.

Knows nothing of GitHub.
"""

import contextlib
import fnmatch
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class FilePart:
    """A stretch of a file, streamed: nothing of it is held in memory."""

    path: Path
    start: int
    length: int


@dataclass
class Answer:
    """What a route gives; the server adds Content-Length, Date and Connection."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FilePart = b""

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.body.length if isinstance(self.body, FilePart) else len(self.body)

    def chunks(self) -> Iterator[bytes]:
        """The body, at most 64 KiB at a time."""
        if isinstance(self.body, bytes):
            for at in range(0, len(self.body), _CHUNK):
                yield self.body[at : at + _CHUNK]
            return
        left = self.body.length
        with self.body.path.open("rb") as file:
            file.seek(self.body.start)
            while left > 0 and (data := file.read(min(left, _CHUNK))):
                left -= len(data)
                yield data


@dataclass(frozen=True)
class Request:
    """One request as it came in. Header names are in lower case."""

    host: str
    """Which of the servers was asked: ``api``, ``web``, ``assets``."""
    method: str
    path: str
    """Decoded, without the query."""
    query: str
    headers: Mapping[str, str]


@dataclass
class Seen:
    """One line of the server's record."""

    host: str
    method: str
    path: str
    """Decoded, without the query."""
    query: str
    headers: Mapping[str, str]
    status: int = 0
    body_bytes: int = 0
    """Bytes of the body handed to the network (after gzip)."""
    started: float = 0.0
    """``time.monotonic()`` at the request, in seconds."""

    @property
    def authorization(self) -> str:
        """The Authorization header as sent, empty for none."""
        return self.headers.get("authorization", "")

    @property
    def range(self) -> str:
        """The Range header as sent, empty for none."""
        return self.headers.get("range", "")


@dataclass
class Fault:
    """What goes wrong, for requests whose path matches ``path`` (fnmatch: ``*linux-arm64*``)."""

    path: str = "*"
    host: str = ""
    """``api``, ``web`` or ``assets``; empty for any."""
    skip: int = 0
    """So many fitting requests pass unharmed first."""
    times: int | None = None
    """So many are harmed; None for all."""
    status: int = 0
    """Answer this status with an empty JSON object instead."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers added or replaced (``retry-after`` …); an empty value takes one away."""
    html: bool = False
    """Answer 200 with an HTML page, as captive portals and proxies do (with ``status``: that
    status)."""
    cut_json: bool = False
    """A complete answer whose text stops in the middle: what a bad proxy caches."""
    body: bytes | None = None
    """Answer this body instead."""
    cut_after: int | None = None
    """Close the connection after this many bytes of the body."""
    bytes_per_second: float = 0.0
    latency_s: float = 0.0
    length_error: int = 0
    """Added to Content-Length."""
    corrupt: bool = False
    """Every first byte of a body is another one."""
    ignore_range: bool = False
    """Answer 200 with everything."""
    new_etag: str = ""
    """The file has this ETag from now on, for these requests."""
    hang: bool = False
    """Say nothing until ``release()`` or the server's end."""


class HttpServer:
    """One listening socket.

    ``route`` makes answers; faults are applied to them; every request is written to ``record``.
    """

    def __init__(
        self, name: str, route: Callable[[Request, Fault | None], Answer], world: "World"
    ) -> None:
        self.name = name
        self.route = route
        self.world = world
        self._sockets: set[socket.socket] = set()
        outer = self

        class Handler(_Handler):
            server_part = outer

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self._server.world = world
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name=f"test-{name}", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listening socket and every connection, so that no thread is left waiting for a
        request."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        with self.world.lock:
            sockets = list(self._sockets)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def opened(self, connection: socket.socket) -> None:
        """A connection came."""
        with self.world.lock:
            self._sockets.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """A connection went."""
        with self.world.lock:
            self._sockets.discard(connection)


class World:
    """What the servers share: the record, the faults, the clock of a test."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.record: list[Seen] = []
        self.faults: list[Fault] = []
        self.latency_s = 0.0
        self.closing = threading.Event()
        self.released = threading.Event()
        self.failures: list[BaseException] = []

    def fault_for(self, request: Request) -> Fault | None:
        """The first live fault that fits; counts it down."""
        with self.lock:
            for fault in self.faults:
                if (fault.host and fault.host != request.host) or not fnmatch.fnmatchcase(
                    request.path, fault.path
                ):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    if fault.times <= 0:
                        continue
                    fault.times -= 1
                return fault
        return None

    def pause(self, seconds: float) -> None:
        """Wait, but never beyond the server's end."""
        if seconds > 0:
            self.closing.wait(seconds)

    def hang(self) -> None:
        """Wait for ``released`` or the end."""
        while not self.closing.is_set() and not self.released.wait(0.02):
            pass


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    world: World

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is its own business; a mistake of ours fails the test that is
        running."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (ConnectionError, TimeoutError)):
            self.world.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # headers and a small body leave in one segment: else each answer pays a delayed ACK of 40 ms
    wbufsize = _CHUNK
    server_part: HttpServer

    def setup(self) -> None:
        # What waits in the kernel was counted but never read by the client: keep that small.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK)
        self.server_part.opened(self.request)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()
        self.server_part.closed(self.request)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing on stderr: the record says it all."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.close_connection = True  # its body is not read
        self._answer()

    def _answer(self) -> None:
        world = self.server_part.world
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.server_part.name, self.command, unquote(parts.path), parts.query, headers
        )
        seen = Seen(
            request.host,
            request.method,
            request.path,
            request.query,
            headers,
            started=time.monotonic(),
        )
        with world.lock:
            world.record.append(seen)
            world.lock.notify_all()
        fault = world.fault_for(request)
        world.pause(world.latency_s + (fault.latency_s if fault else 0.0))
        if fault is not None and fault.hang:
            world.hang()
        answer = _harmed(self.server_part.route(request, fault), fault)
        seen.status = answer.status
        self._send(request, answer, fault, seen)

    def _send(self, request: Request, answer: Answer, fault: Fault | None, seen: Seen) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", formatdate(usegmt=True))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header(
                "Content-Length", str(max(0, answer.length + (fault.length_error if fault else 0)))
            )
        self.end_headers()
        if request.method == "HEAD" or answer.status in (204, 304):
            return
        if fault is not None and (fault.length_error or fault.cut_after is not None):
            self.close_connection = True
        self._send_body(answer, fault, seen)

    def _send_body(self, answer: Answer, fault: Fault | None, seen: Seen) -> None:
        world = self.server_part.world
        left = fault.cut_after if fault is not None and fault.cut_after is not None else None
        rate = fault.bytes_per_second if fault else 0.0
        for chunk in answer.chunks():
            for part in _slices(chunk, max(1, int(rate / 20)) if rate else _CHUNK):
                data = part if left is None else part[:left]
                if not data or world.closing.is_set():
                    return
                self.wfile.write(data)
                with world.lock:
                    seen.body_bytes += len(data)
                    world.lock.notify_all()
                if left is not None:
                    left -= len(data)
                if rate:
                    self.wfile.flush()
                    world.pause(len(data) / rate)


def _slices(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def _harmed(answer: Answer, fault: Fault | None) -> Answer:
    if fault is None:
        return answer
    if fault.html:
        page = (
            b"<!DOCTYPE html><html><head><title>Sign in</title></head>"
            b"<body>Please sign in to the network</body></html>"
        )
        answer = Answer(fault.status or 200, {"Content-Type": "text/html; charset=utf-8"}, page)
    elif fault.body is not None:
        status = fault.status or (200 if answer.status == 304 else answer.status)
        answer = Answer(status, {"Content-Type": "application/json; charset=utf-8"}, fault.body)
    elif fault.status:
        answer = Answer(
            fault.status,
            {"Content-Type": "application/json; charset=utf-8"},
            b'{"message":"Server Error"}',
        )
    elif fault.cut_json:
        headers = {
            k: v for k, v in answer.headers.items() if k.lower() not in ("etag", "content-encoding")
        }
        answer = Answer(200, headers, b'[{"tag_name": "v1.0.0", "assets": [{"na')
    if fault.corrupt and answer.length:
        whole = b"".join(answer.chunks())
        answer = Answer(answer.status, answer.headers, bytes((whole[0] ^ 0xFF,)) + whole[1:])
    for name, value in fault.headers.items():
        answer.headers = {k: v for k, v in answer.headers.items() if k.lower() != name.lower()} | (
            {name: value} if value else {}
        )
    return answer
