"""A program is mounted for an engine on this machine, and copied for any other."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import IntegrityError
from explorer.facts import MISSING
from explorer.verify import Engine, ProofRequest, Result, TreeItem, prove, remove_lent
from explorer.verify.container import Container
from explorer.verify.engines import mounts_files
from explorer.verify.leftovers import session_label
from explorer.verify.lending import lent_folder
from tests.support.binaries import binary
from tests.support.engine import TestEngine
from tests.verify.conftest import Prover, act, both_ways

Requests = Callable[..., ProofRequest]


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"rr-explorer-run-*-{os.getpid()}-*"))


def test_what_is_lent_is_in_a_private_folder() -> None:
    with lent_folder() as place:
        path = Path(place)
        assert path.stat().st_mode & 0o777 == 0o755
        assert path.parent.stat().st_mode & 0o777 == 0o700
        names = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
        assert names == {"tree": 0o755, "hosts": 0o644, "resolv.conf": 0o644}
    assert not path.parent.exists()


def test_what_a_killed_session_has_lent_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    label = session_label(process.pid)
    with monkeypatch.context() as patch:
        patch.setattr("explorer.verify.lending.session_label", lambda: label)
        patch.setattr("shutil.rmtree", lambda *_args, **_named: None)
        with lent_folder() as place:
            pass
    with lent_folder() as ours:
        remove_lent()
        assert Path(place).exists(), "its session lives"
        process.communicate(b"\n")
        remove_lent()
        assert not Path(place).parent.exists()
        assert Path(ours).exists()


@pytest.mark.container
@both_ways
async def test_a_program_is_mounted_and_nothing_is_left(
    engine: TestEngine, real: Engine, proved: Prover
) -> None:
    proof = await proved(binary("c-musl"))
    assert proof.result is Result.RAN, proof
    assert not isinstance(proof.dry_run, MISSING)
    steps = [words[len(real.command)] for words in proof.command]
    if mounts_files(real):
        assert steps == ["create", "start", "rm"]
        assert any("type=bind" in word and "readonly" in word for word in proof.command[0])
    assert not folders()


@pytest.mark.container
async def test_what_is_beside_the_program_is_mounted_with_it(
    real: Engine, request_for: Requests
) -> None:
    notes = TreeItem("share/read me, please", lambda: iter((b"notes\n",)), 6)
    link = TreeItem("notes", link="share/read me, please")
    argv = ("/bin/sh", "-c", "cat /rr-explorer/notes; echo x > /rr-explorer/notes")
    request = request_for(binary("c-musl"), beside=lambda _: (notes, link), name="bin/a,b")
    proof = await prove(replace(request, argv=argv))
    assert proof.stdout == "notes\n"
    assert "Read-only file system" in proof.stderr or not mounts_files(real)
    own = await prove(replace(request, argv=("{}",)))
    assert own.result is Result.RAN
    steps = [words[len(real.command)] for words in own.command]
    assert steps == (["create", "start", "rm"] if mounts_files(real) else WITH_A_COPY)
    assert not folders()


WITH_A_COPY = ["create", "cp", "start", "rm"]


@pytest.mark.container
@pytest.mark.parametrize("image", [None, ""], ids=["musl", "empty"])
@both_ways
async def test_a_mounted_program_reaches_itself_and_nothing_else(
    image: str | None, proved: Prover
) -> None:
    proof = await proved(act(), "localhost", static=True, image=image)
    said = "resolved 0\nbound 0\nconnected 0\noutside unreachable\n"
    assert proof.stdout == said, proof


@pytest.mark.container
async def test_an_engine_that_sees_other_files_gets_a_copy(
    engine: TestEngine, request_for: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker by a snap has a /tmp of its own."""
    words = Container._volume

    def elsewhere(container: Container) -> tuple[str, ...]:
        return tuple(word.replace("src=/", "src=/nowhere/") for word in words(container))

    monkeypatch.setattr(Container, "_volume", elsewhere)
    proof = await prove(request_for(act(), "streams", static=True))
    assert (proof.result, proof.stdout) == (Result.RAN, "to stdout\n")
    assert [step[len(engine.command)] for step in proof.command][1] == "cp"


@pytest.mark.container
async def test_changed_bytes_are_not_lent(request_for: Requests) -> None:
    with pytest.raises(IntegrityError, match="changed since it was inspected"):
        await prove(replace(request_for(act(), static=True), sha256="ab" * 32))
    assert not folders()
