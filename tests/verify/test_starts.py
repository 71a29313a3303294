"""Start or no start: programs that imitate a refusal, and files that a kernel or qemu refuses."""

import struct
from pathlib import Path

import pytest

from explorer.facts import NotApplicable
from explorer.verify import Result
from tests.support.binaries import binary, zig_cc
from tests.verify.conftest import Prover

pytestmark = pytest.mark.container

SAY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int n, char **v) {
  const char *what = n > 1 ? v[1] : "";
  if (!strcmp(what, "abort")) abort();
  if (!strcmp(what, "exception")) {
    fputs("terminate called after throwing an instance of 'std::runtime_error'\n", stderr);
    abort();
  }
  if (!strcmp(what, "shell")) fputs("exec /usr/bin/python3: No such file or directory\n", stderr);
  if (!strcmp(what, "plugin"))
    fputs("Error loading shared library p.so: No such file or directory (needed by me)\n", stderr);
  if (!strcmp(what, "symbol")) fputs("Error relocating ./p.so: f: symbol not found\n", stderr);
  return n > 2 ? atoi(v[2]) : 127;
}
"""


def say(arch: str = "amd64", *, static: bool = True) -> Path:
    """``say WHAT CODE``: prints somebody else's words and ends with that code."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[arch]
    how = "-static" if static else "-dynamic"
    return zig_cc("say", SAY, f"{machine}-linux-musl", "-O2", "-s", how)


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_a_message_and_then_abort_is_a_start(arch: str, proved: Prover) -> None:
    """A container's first process that calls abort() ends with 139, as a crash does."""
    proof = await proved(say(arch), "exception", arch=arch, static=True, verdict="yes")
    assert (proof.result, proof.agrees) == (Result.RAN, True), proof
    assert "terminate called" in proof.stderr


@pytest.mark.parametrize("what", ["shell", "plugin", "symbol", "silent"])
async def test_a_static_program_has_no_loader_to_speak_in_its_place(
    what: str, proved: Prover
) -> None:
    proof = await proved(say(), what, static=True, may_be_packed=False, verdict="yes")
    assert (proof.result, proof.meaning, proof.exit_code) == (Result.RAN, "started", 127), proof


async def test_a_silent_127_of_a_program_that_is_not_packed_is_its_own(proved: Prover) -> None:
    proof = await proved(say(static=False), may_be_packed=False)
    assert (proof.result, proof.meaning) == (Result.RAN, "started"), proof


@pytest.mark.parametrize("code", ["125", "126"])
async def test_codes_that_engines_use_too_are_the_program_s_own(code: str, proved: Prover) -> None:
    proof = await proved(say(), "plugin", code, static=True)
    assert (proof.result, proof.exit_code) == (Result.RAN, int(code)), proof


PT_LOAD, OFFSET, ADDRESS, MEMORY = 1, 8, 16, 40
"""Fields of a 64-bit program header, gABI chapter 5."""


def crafted(field: int, value: int, tmp_path: Path, *, header: tuple[int, int] = (0, 0)) -> Path:
    """A static arm64 program with one field of its last PT_LOAD, or of its header, replaced."""
    data = bytearray(binary("go-static-arm64").read_bytes())
    start, size, count = struct.unpack_from("<Q14xHH", data, 32)
    rows = [start + size * row for row in range(count)]
    last = [row for row in rows if struct.unpack_from("<I", data, row)[0] == PT_LOAD][-1]
    if field:
        struct.pack_into("<Q", data, last + field, value)
    if header[0]:
        struct.pack_into("<H", data, *header)
    path = tmp_path / "crafted"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("field", "value", "header"),
    [
        (OFFSET, 0x10123, (0, 0)),
        (ADDRESS, 0xFFFF_8000_0000_0000, (0, 0)),
        (MEMORY, 1 << 62, (0, 0)),
        (0, 0, (52, 0)),
    ],
    ids=["not-congruent", "kernel-address", "huge", "e_ehsize"],
)
async def test_a_refusal_of_qemu_is_no_start(
    field: int, value: int, header: tuple[int, int], proved: Prover, tmp_path: Path
) -> None:
    program = crafted(field, value, tmp_path, header=header)
    proof = await proved(program, arch="arm64", static=True, verdict="no")
    assert (proof.result, proof.agrees) == (Result.FAILED, True), proof
    believed = await proved(program, arch="arm64", static=True, verdict="yes")
    if proof.meaning == "emulator-refused":  # its own processor may start it
        assert isinstance(believed.agrees, NotApplicable)
    assert proof.stderr == "" or "binfmt-P" in proof.stderr or "qemu" in proof.stderr


async def test_killed_at_the_memory_limit_at_start_up_says_nothing(
    proved: Prover, tmp_path: Path
) -> None:
    proof = await proved(crafted(MEMORY, 1 << 30, tmp_path), arch="arm64", static=True)
    if proof.result is Result.RAN:  # an emulator that maps without touching
        assert proof.stdout.startswith("hello")
        return
    assert (proof.result, proof.meaning) == (Result.NOT_RUN, "killed"), proof
    assert isinstance(proof.agrees, NotApplicable)


async def test_killed_for_memory_that_no_kernel_gives_is_no_start(
    proved: Prover, tmp_path: Path
) -> None:
    program = crafted(MEMORY, 1 << 44, tmp_path)
    proof = await proved(program, arch="arm64", static=True, too_large=True, verdict="no")
    assert (proof.result, proof.agrees) == (Result.FAILED, True), proof
