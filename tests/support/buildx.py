"""docker's buildx and an image like golang:alpine, without a registry."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support import images
from tests.support.engine import TestEngine

WANTED = "golang:alpine"


def variables(engine: TestEngine, folder: Path) -> dict[str, str]:
    """What the environment needs so that ``docker buildx`` works on the engine's own images: its
    plugin, or Debian's in ``folder``."""
    own = {"BUILDX_BUILDER": "default"}
    if engine.run("buildx", "version").returncode == 0:
        return own
    host = engine.run("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()
    (folder / "cli-plugins").mkdir(parents=True)
    shutil.copy2(images.buildx_plugin(), folder / "cli-plugins")
    return {**own, "DOCKER_CONFIG": str(folder), "DOCKER_HOST": host}


@contextmanager
def golang_alpine(engine: TestEngine, env: Mapping[str, str]) -> Iterator[str]:
    """The name of an arm64 image like golang:alpine: that very name, unless the machine has such an
    image of its own.

    Afterwards the name is gone again, and so is what BuildKit has kept since.
    """
    reference = images.load(engine.command, images.golang("arm64"))
    known = _build_cache(env)
    taken = engine.run("image", "inspect", WANTED).returncode == 0
    if not taken:
        assert engine.run("tag", reference, WANTED).returncode == 0
    try:
        yield reference if taken else WANTED
    finally:
        if not taken:
            engine.run("rmi", WANTED)
        for record in _build_cache(env) - known:
            engine.run("builder", "prune", "--force", "--all", "--filter", f"id={record}")


def _build_cache(env: Mapping[str, str]) -> set[str]:
    """Ids of what BuildKit keeps."""
    command = ["docker", "buildx", "du", "--verbose"]
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=True, timeout=60
    )
    return {line.split()[1] for line in done.stdout.splitlines() if line.startswith("ID:")}
