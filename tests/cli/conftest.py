"""The real command with its own directories, against the local GitHub."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from explorer.cli import run
from explorer.report.json import schema_text
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub

TAG = "v2025.1.15"
ARM64 = "roadrunner-2025.1.15-linux-arm64.tar.gz"
AMD64 = "roadrunner-2025.1.15-linux-amd64.tar.gz"
OLD = "roadrunner-1.6.2-linux-amd64.tar.gz"


@dataclass
class Done:
    """What a call left."""

    code: int
    out: str
    err: str


@dataclass
class Command:
    """``rr(*words)`` runs the command line as ``main`` does, without the user's own directories.

    ``rr.process`` runs ``python -m explorer``, for what only a process of its own shows.
    """

    home: Path
    api_url: str = ""

    def environ(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a call: no token, no colours, own directories."""
        unwanted = (
            "RR_EXPLORER_",
            "GITHUB_",
            "GH_",
            "XDG_",
            "NO_COLOR",
            "FORCE_COLOR",
            "COLUMNS",
            "_RR_EXPLORER",
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        dirs = {
            f"XDG_{kind}_HOME": str(self.home / kind.lower())
            for kind in ("CACHE", "STATE", "CONFIG")
        }
        here = {"GITHUB_API_URL": self.api_url} if self.api_url else {}
        return {
            **kept,
            **dirs,
            **here,
            "HOME": str(self.home),
            "PYTHONUTF8": "1",
            "GH_CONFIG_DIR": str(self.home),
            **(more or {}),
        }

    def words(self, *words: str | Path) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "explorer", *map(str, words)]

    def __call__(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Done:
        """Run it to its end, in this process, with its own environment and streams."""
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        out, err = streams
        with pytest.MonkeyPatch.context() as patch, Path(os.devnull).open() as nothing:
            for name in os.environ:
                patch.delenv(name)
            for name, value in self.environ(env).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", nothing)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(tuple(map(str, words)))
        return Done(code, *(stream.buffer.getvalue().decode("utf-8") for stream in streams))

    def process(
        self, *words: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Done:
        """Run it to its end in a process of its own."""
        done = subprocess.run(
            self.words(*words),
            capture_output=True,
            encoding="utf-8",
            env=self.environ(env),
            cwd=cwd,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, *words: str | Path, code: int = 0) -> Any:
        """Run it with ``--json`` and return the document, checked against the command's schema."""
        done = self(*words, "--json")
        assert done.code == code, done.err
        document = json.loads(done.out)
        assert done.out.isascii(), "nothing but ASCII may reach a terminal unescaped"
        command = next(str(word) for word in words if not str(word).startswith("-"))
        command += "-by-target" if "--by" in words else ""
        command += "-for-maintainers" if "--for-maintainers" in words else ""
        jsonschema.Draft202012Validator(json.loads(schema_text(command))).validate(document)
        return document

    def json_error(self, *words: str | Path) -> Any:
        """Run it with ``--json`` to a failure and return the error's document on stderr."""
        done = self(*words, "--json")
        assert done.out == ""
        document = json.loads(done.err)
        jsonschema.Draft202012Validator(json.loads(schema_text("error"))).validate(document)
        assert document["error"]["exit_code"] == done.code
        return document["error"]


@pytest.fixture
def rr(tmp_path: Path) -> Command:
    """The command, with nothing to talk to."""
    return Command(tmp_path / "home")


@pytest.fixture(scope="session")
def archives() -> dict[str, bytes]:
    """Archives laid out as RoadRunner's around real binaries, by asset name."""

    def archive(name: str, program: str) -> bytes:
        return make_archive(
            "tar.gz", name.removesuffix(".tar.gz"), roadrunner_members(binary(program))
        )

    return {
        ARM64: archive(ARM64, "go-static-arm64"),
        AMD64: archive(AMD64, "go-static-amd64"),
        OLD: archive(OLD, "c-glibc"),
    }


@pytest.fixture
def served(rr: Command, github: GitHub, archives: dict[str, bytes]) -> Command:
    """The command beside a GitHub with two releases."""
    github.add_release(
        "v1.6.2", {OLD: archives[OLD]}, published_at="2020-02-23T10:00:00+00:00", digests=False
    )
    github.add_release(
        "v2025.2.0-rc.1", {}, published_at="2026-01-01T10:00:00+00:00", prerelease=True
    )
    github.add_release(
        TAG,
        {ARM64: archives[ARM64], AMD64: archives[AMD64]},
        published_at="2026-06-17T14:49:38+00:00",
    )
    rr.api_url = github.api_url
    return rr
