"""Launchers are judged by the program that they carry."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.workbench import Depth, Inspection, Workbench
from tests.support.binaries import binary

LAUNCHER = "go-static-amd64"


def tar_gz(member: str, program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size, info.mode = len(program), 0o755
        archive.addfile(info, io.BytesIO(program))
    return buffer.getvalue()


def zip_of(member: str, program: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, program)
    return buffer.getvalue()


def caxa(program: bytes) -> bytes:
    footer = {"identifier": "x", "command": ["{{caxa}}/node_modules/.bin/node", "{{caxa}}/x.js"]}
    archive = tar_gz("node_modules/.bin/node", program)
    return b"\nCAXACAXACAXA\n" + archive + b"\n" + json.dumps(footer).encode()


def scie(program: bytes) -> bytes:
    archive = tar_gz("python/bin/python3", program)
    other = zip_of("data.txt", b"data")
    lift = {
        "name": "tool",
        "boot": {"commands": {"": {"exe": "{cpython}/python/bin/python3"}}},
        "files": [
            {"name": "data.zip", "size": len(other)},
            {"name": "cpython.tar.gz", "key": "cpython", "size": len(archive)},
        ],
    }
    jump = {"size": binary(LAUNCHER).stat().st_size}
    return other + archive + json.dumps({"scie": {"jump": jump, "lift": lift}}).encode()


def self_extracting(program: bytes) -> bytes:
    return tar_gz("bin/tool", program)


CARRIERS = [caxa, scie, self_extracting]


async def inspected(tmp_path: Path, payload: bytes, target: str = "musl") -> Inspection:
    path = tmp_path / "launcher"
    path.write_bytes(binary(LAUNCHER).read_bytes() + payload)
    settings = Settings(
        demo=True, cache_dir=tmp_path / "cache", config_file=tmp_path / "config.toml"
    )
    workbench = Workbench(settings)
    try:
        return await workbench.look(
            await workbench.resolve(str(path)), on=[target], depth=Depth.WHOLE
        )
    finally:
        await workbench.aclose()


@pytest.mark.parametrize("carry", CARRIERS)
async def test_a_glibc_program_inside_does_not_run_on_musl(carry: object, tmp_path: Path) -> None:
    assert callable(carry)
    payload = carry(binary("c-glibc").read_bytes())
    verdict = (await inspected(tmp_path, payload)).verdicts[0]
    assert (verdict.answer.value, verdict.deciding.code) == ("no", "elf.payload.program")
    assert "glibc's loader" in verdict.deciding.text
    on_debian = (await inspected(tmp_path, payload, "debian-12")).verdicts[0]
    assert on_debian.answer.value == "yes"


@pytest.mark.parametrize("carry", CARRIERS)
async def test_a_static_program_inside_runs(carry: object, tmp_path: Path) -> None:
    assert callable(carry)
    verdict = (await inspected(tmp_path, carry(binary("c-static").read_bytes()))).verdicts[0]
    assert verdict.answer.value == "yes"
    assert any(reason.code == "elf.payload.program" for reason in verdict.reasons)


async def test_a_payload_that_is_not_read_is_unknown(tmp_path: Path) -> None:
    verdict = (await inspected(tmp_path, b"hsqs" + bytes(5000))).verdicts[0]
    assert (verdict.answer.value, verdict.deciding.code) == ("unknown", "elf.payload")
    assert "squashfs" in verdict.deciding.text


async def test_a_damaged_payload_is_unknown(tmp_path: Path) -> None:
    whole = tar_gz("bin/tool", binary("c-glibc").read_bytes())
    verdict = (await inspected(tmp_path, whole[:60] + bytes(900))).verdicts[0]
    assert (verdict.answer.value, verdict.deciding.code) == ("unknown", "elf.payload")


@pytest.mark.parametrize("payload", [zip_of("a.txt", b"data" * 500), b"\1" * 5000])
async def test_data_behind_a_program_changes_nothing(payload: bytes, tmp_path: Path) -> None:
    verdict = (await inspected(tmp_path, payload)).verdicts[0]
    assert (verdict.answer.value, verdict.deciding.code) == ("yes", "elf.static")
