"""Images that are not there are pulled: from a registry of our own that speaks the distribution
protocol."""

import asyncio
import gzip
import hashlib
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from explorer.errors import EngineError
from explorer.facts import MISSING
from explorer.progress import Progress
from explorer.verify import Engine, ProofRequest, Result, prove
from explorer.verify.images import kept_name
from tests.support import images
from tests.support.binaries import binary
from tests.support.engine import TestEngine
from tests.verify.conftest import act

pytestmark = pytest.mark.container
Requests = Callable[..., ProofRequest]

DOCKER = "application/vnd.docker"


class Registry:
    """The reading half of the distribution protocol (OCI distribution specification 1.1), for one
    image of two platforms."""

    def __init__(self, tmp_path: Path) -> None:
        self.blobs: dict[str, tuple[str, bytes]] = {}
        self.hold = threading.Event()
        """Layers are held back until it is set."""
        self.hold.set()
        self.asked = threading.Event()
        """A layer was asked for."""
        entries = [
            self._manifest(images.musl(arch).archive, arch, tmp_path) for arch in ("amd64", "arm64")
        ]
        listing = {
            "schemaVersion": 2,
            "mediaType": f"{DOCKER}.distribution.manifest.list.v2+json",
            "manifests": entries,
        }
        self.tag = self._add(
            f"{DOCKER}.distribution.manifest.list.v2+json", json.dumps(listing).encode()
        )

    def _add(self, kind: str, data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = (kind, data)
        return digest

    def _manifest(self, archive: Path, arch: str, tmp_path: Path) -> dict[str, object]:
        """One platform.

        Its layer differs from the archive's by a file, so that no engine has it already.
        """
        with tarfile.open(archive) as whole:
            index = whole.extractfile("manifest.json")
            assert index is not None
            names = json.load(index)[0]
            config_file, layer_file = (
                whole.extractfile(names["Config"]),
                whole.extractfile(names["Layers"][0]),
            )
            assert config_file is not None
            assert layer_file is not None
            config = json.load(config_file)
            layer = tmp_path / f"{arch}.tar"
            layer.write_bytes(layer_file.read())
        mark = tmp_path / "mark"
        mark.write_text(str(tmp_path))
        with tarfile.open(layer, "a") as archived:
            archived.add(mark, "etc/mark")
        plain = layer.read_bytes()
        config["rootfs"]["diff_ids"] = [f"sha256:{hashlib.sha256(plain).hexdigest()}"]
        packed, described = gzip.compress(plain, 1), json.dumps(config).encode()
        parts = [
            (f"{DOCKER}.container.image.v1+json", described),
            (f"{DOCKER}.image.rootfs.diff.tar.gzip", packed),
        ]
        references = [
            {"mediaType": kind, "size": len(data), "digest": self._add(kind, data)}
            for kind, data in parts
        ]
        kind = f"{DOCKER}.distribution.manifest.v2+json"
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": kind,
                "config": references[0],
                "layers": references[1:],
            }
        ).encode()
        return {
            "mediaType": kind,
            "size": len(manifest),
            "digest": self._add(kind, manifest),
            "platform": {"os": "linux", "architecture": arch},
        }

    @contextmanager
    def served(self) -> Iterator[str]:
        """Its address as a part of an image's name."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = self.path.strip("/").split("/")
                wanted = registry.tag if parts[-1] == "3.22" and "manifests" in parts else parts[-1]
                kind, data = registry.blobs.get(wanted, ("text/plain", b""))
                if kind.endswith("tar.gzip"):
                    registry.asked.set()
                    registry.hold.wait(60)
                if self.path == "/v2/":
                    kind, data = "application/json", b"{}"
                status = 200
                if not data:
                    status, kind = 404, "application/json"
                    data = (
                        b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
                    )
                self.send_response(status)
                self.send_header("Docker-Distribution-API-Version", "registry/2.0")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Docker-Content-Digest", wanted)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET  # noqa: N815  # the name that http.server calls

            # http.server's own name
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            self.hold.set()
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Docker takes one on the loopback without TLS; podman has to be told, in a file of its own."""
    (tmp_path / "registries.conf").touch()
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    return Registry(tmp_path)


def allow(address: str, tmp_path: Path) -> str:
    """The image's name, after podman was told that this registry speaks plain HTTP."""
    (tmp_path / "registries.conf").write_text(
        f'[[registry]]\nlocation = "{address}"\ninsecure = true\n'
    )
    return f"{address}/library/alpine:3.22"


async def test_an_image_is_pulled_for_each_platform_and_its_tag_stays(
    registry: Registry, engine: TestEngine, real: Engine, request_for: Requests, tmp_path: Path
) -> None:
    with registry.served() as address:
        name = allow(address, tmp_path)
        own = real.platform.split("/")[1]
        other = "amd64" if own == "arm64" else "arm64"
        programs = {"amd64": binary("c-musl"), "arm64": binary("c-musl-arm64")}
        shown: list[Progress] = []
        try:
            proof = await prove(
                request_for(programs[own], image=name, arch=own), progress=shown.append
            )
            assert proof.result is Result.RAN, proof
            assert not isinstance(proof.image, MISSING)
            assert not isinstance(proof.image.digest, MISSING)
            assert f"{address}/library/alpine@sha256:" in proof.image.digest
            assert [step for step in shown if step.stage == "pulling" and step.detail != name], (
                "the engine's progress is shown"
            )
            assert not isinstance(proof.dry_run, MISSING), "what was pulled has a loader"
            before = engine.run("image", "inspect", "--format", "{{.Id}}", name).stdout

            foreign = await prove(request_for(programs[other], image=name, arch=other))
            assert (foreign.result, foreign.emulated) == (Result.RAN, True), foreign
            assert engine.run("image", "inspect", "--format", "{{.Id}}", name).stdout == before, (
                "the tag was taken away"
            )
        finally:
            ids = [
                engine.run("image", "inspect", "--format", "{{.Id}}", one).stdout.strip()
                for one in (name, kept_name(name, f"linux/{other}"))
            ]
    try:
        # the registry is gone: both are at hand
        for arch in (own, other):
            again = await prove(request_for(programs[arch], image=name, arch=arch))
            assert again.result is Result.RAN, again
    finally:
        engine.run("image", "rm", "--force", *filter(None, ids))


async def test_no_such_image_in_the_registry(
    registry: Registry, request_for: Requests, tmp_path: Path
) -> None:
    with registry.served() as address:
        name = allow(address, tmp_path).replace("3.22", "9.99")
        with pytest.raises(EngineError, match="No such image") as error:
            await prove(request_for(act(), image=name))
        assert "tag" in error.value.remedy


async def test_a_pull_can_be_cancelled(
    registry: Registry, request_for: Requests, tmp_path: Path
) -> None:
    registry.hold.clear()
    with registry.served() as address:
        task = asyncio.ensure_future(
            prove(request_for(act(), image=allow(address, tmp_path), static=True))
        )
        assert await asyncio.to_thread(registry.asked.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 60)
