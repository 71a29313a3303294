"""``trust`` and ``get --require``: text, JSON by the schema, exit codes."""

import hashlib
from pathlib import Path

import pytest

from tests.cli.conftest import Command

PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(200)
HOSTILE = "\x1b]0;owned\x07[x]\u202e"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program, and a checksum file with a name that a terminal would obey."""
    (tmp_path / "tool").write_bytes(PROGRAM)
    sums = f"{hashlib.sha256(PROGRAM).hexdigest()}  tool\n"
    (tmp_path / f"{HOSTILE}_checksums.txt").write_text(sums)
    return tmp_path


def test_every_signal_is_a_line(rr: Command, folder: Path) -> None:
    done = rr("trust", folder / "tool", "--offline")
    assert done.code == 0
    assert done.out.startswith("1 signal passes: checksum file.\n")
    signals = [line.split("  ")[0] for line in done.out.splitlines()[2:]]
    assert signals[:4] == ["API digest", "checksum file", "OpenPGP signature", "attestation"]
    assert len(signals) == 8
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out)


def test_trust_as_json(rr: Command, folder: Path) -> None:
    document = rr.json("trust", folder / "tool", "--offline")
    states = {signal["kind"]: signal["state"] for signal in document["signals"]}
    assert states["checksum"] == "pass"
    assert states["signature"] == "absent"
    assert states["attestation"] == "not checked"
    (folder / "tool").write_bytes(PROGRAM + b"!")
    assert rr("trust", folder / "tool", "--offline").code == 0
    failed = rr("trust", folder / "tool", "--offline", "--exit-code")
    assert failed.code == 1
    assert failed.out.startswith("Do not use it: checksum file failed.\n")


def test_get_requires_signals(rr: Command, folder: Path) -> None:
    words = ("get", folder / "tool", "-o", folder / "out", "--offline", "--require")
    problem = rr.json_error(*words, "checksum,signature")
    assert (problem["kind"], problem["exit_code"]) == ("trust", 7)
    assert problem["detail"].startswith("signature is absent (no OpenPGP signature")
    assert not (folder / "out").exists()
    assert rr.json_error(*words, "checksums")["kind"] == "usage"
    assert rr(*words, " Checksum ").code == 0
    assert (folder / "out" / "tool").read_bytes() == PROGRAM
