"""A server of the vulnerability database, with ETags and the faults of ``HttpServer``."""

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.advisories.entries import write_database
from tests.support.httpserver import Answer, Fault, HttpServer, Request, World


def zipped(place: Path, entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The zip that the official server publishes, with these entries."""
    folder = write_database(place, entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.json")):
            archive.write(file, file.relative_to(folder).as_posix())
    return out.getvalue()


class DatabaseServer:
    """Serves ``body`` as ``/vulndb.zip``."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.world = World()
        self._server = HttpServer("web", self._route, self.world)
        self.url = f"{self._server.origin}/vulndb.zip"

    @property
    def statuses(self) -> list[int]:
        """The answers so far."""
        return [seen.status for seen in self.world.record]

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def wait_for_a_request(self) -> None:
        """Block until the first request has arrived."""
        with self.world.lock:
            assert self.world.lock.wait_for(lambda: self.world.record, 60)

    def stop(self) -> None:
        """Close every connection."""
        self.world.closing.set()
        self._server.stop()

    def _route(self, request: Request, _: Fault | None) -> Answer:
        if request.path != "/vulndb.zip":
            return Answer(404)
        etag = f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == etag:
            return Answer(304, {"ETag": etag})
        return Answer(200, {"ETag": etag, "Content-Type": "application/zip"}, self.body)


@contextlib.contextmanager
def database_server(place: Path, entries: Sequence[Mapping[str, Any]]) -> Iterator[DatabaseServer]:
    """A running server of these entries."""
    server = DatabaseServer(zipped(place, entries))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def aged(cache: Any, url: str) -> None:
    """Make the copy in the cache look as if it had been checked a week ago."""
    store = cache.store("page")
    row = json.loads(store.load(f"vulndb {url}"))
    row["checked_at"] = "2025-01-01T00:00:00+00:00"
    store.save(f"vulndb {url}", json.dumps(row).encode())
