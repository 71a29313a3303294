"""Whether an engine can run programs of a platform: a missing emulation is no verdict.

A local Linux engine shares our kernel: ``/proc/sys/fs/binfmt_misc`` answers in a millisecond (its
format: the kernel's Documentation/admin-guide/binfmt-misc.rst). Any other engine runs a program of
that platform: one of 150 bytes that is made here and only calls ``exit(0)``, in an image that holds
nothing else.
"""

import platform as host_platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import EngineError
from explorer.verify.container import Container
from explorer.verify.engines import engine_failure, runs_on
from explorer.verify.images import load_image
from explorer.verify.models import Emulation, Engine, RunLimits

BINFMT = Path("/proc/sys/fs/binfmt_misc")
BINFMT_IMAGE = (
    "tonistiigi/binfmt:qemu-v10.2.3"
    "@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0"
)
"""Pinned: it runs privileged."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """How to make the smallest program of an architecture."""

    number: int
    """e_machine, from the System V ABI and its processor supplements."""
    code: bytes
    """exit(0) by the kernel's own calling convention."""
    bits: int = 64
    big: bool = False
    binfmt: str = ""
    """qemu's name for it."""
    flags: int = 0
    """e_flags: without EABI 5 the kernel refuses ARM programs."""


_MACHINES = {
    "amd64": _Machine(62, bytes.fromhex("b83c000000 31ff 0f05"), binfmt="x86_64"),
    "386": _Machine(3, bytes.fromhex("b801000000 31db cd80"), bits=32, binfmt="i386"),
    "arm64": _Machine(183, bytes.fromhex("a80b80d2 000080d2 010000d4"), binfmt="aarch64"),
    "arm": _Machine(
        40, bytes.fromhex("0170a0e3 0000a0e3 000000ef"), bits=32, binfmt="arm", flags=0x05000000
    ),
    "riscv64": _Machine(243, bytes.fromhex("9308d005 13050000 73000000"), binfmt="riscv64"),
    "ppc64le": _Machine(21, bytes.fromhex("01000038 00006038 02000044"), binfmt="ppc64le", flags=2),
    "s390x": _Machine(22, bytes.fromhex("a7290000 0a01"), big=True, binfmt="s390x"),
    "loong64": _Machine(258, bytes.fromhex("0b748103 04008003 00002b00"), binfmt="loongarch64"),
}

_RUNS_AS_WELL = {("amd64", "386")}
"""(processor, what it also runs). Not (arm64, arm): newer processors no longer have it."""

_known: dict[tuple[tuple[str, ...], str], Emulation] = {}


def probe_program(arch: str) -> bytes:
    """A static ELF executable of that architecture that does nothing but ``exit(0)``.

    ELF header and one PT_LOAD that maps the whole file; System V ABI, chapters 4 and 5.

    Raises:
        KeyError: an unknown architecture.
    """
    machine = _MACHINES[arch]
    order = ">" if machine.big else "<"
    wide = machine.bits == 64
    header_size, entry_size = (64, 56) if wide else (52, 32)
    start = header_size + entry_size
    size = start + len(machine.code)
    base = 0x10000 if arch != "amd64" else 0x400000
    ident = b"\x7fELF" + bytes((2 if wide else 1, 2 if machine.big else 1, 1, 0)) + bytes(8)
    address = "Q" if wide else "I"
    numbers = (2, machine.number, 1, base + start, header_size, 0, machine.flags)
    sizes = (header_size, entry_size, 1, 0, 0, 0)
    form = f"{order}HHI{address}{address}{address}IHHHHHH"
    header = struct.pack(form, *numbers, *sizes)
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x10000)
    else:
        segment = struct.pack(f"{order}IIIIIIII", 1, 0, base, base, size, size, 5, 0x10000)
    return ident + header + segment + machine.code


async def emulation_of(engine: Engine, platform: str, run_args: Sequence[str] = ()) -> Emulation:
    """Whether the engine runs programs of ``platform`` (``linux/arm64``), and if not, what helps.

    What runs is remembered; what does not is asked again, since it may be installed meanwhile.

    Raises:
        EngineError: the engine failed while it was asked.
    """
    arch, own = (
        name.split("/")[1] if "/" in name else name for name in (platform, engine.platform)
    )
    key = (engine.command, platform)
    if key in _known:
        return _known[key]
    if arch == own or (own, arch) in _RUNS_AS_WELL:
        emulation = Emulation(platform, native=True, available=True, remedy="")
    elif arch not in _MACHINES:
        return Emulation(
            platform,
            native=False,
            available=False,
            remedy=f"No emulator of {arch} is known: use a machine of that architecture",
        )
    elif await _runs(engine, arch, run_args):
        emulation = Emulation(platform, native=False, available=True, remedy="")
    else:
        return Emulation(platform, native=False, available=False, remedy=_remedy(engine, arch))
    _known[key] = emulation
    return emulation


async def _runs(engine: Engine, arch: str, run_args: Sequence[str]) -> bool:
    if _shares_our_kernel(engine):
        return registered(probe_program(arch))
    return await runs_in_a_container(engine, arch, run_args)


def _shares_our_kernel(engine: Engine) -> bool:
    """Whether the daemon is on this machine: not in a virtual machine, not behind ssh."""
    return (
        host_platform.system() == "Linux"
        and runs_on(engine) == f"{host_platform.release()} {host_platform.node()}"
    )


def registered(program: bytes, directory: Path = BINFMT) -> bool:
    """Whether an entry of binfmt_misc takes this program, inside containers too.

    Flag F: the interpreter was opened when it was registered; the container's files do not matter.
    """
    try:
        entries = [
            entry.read_text()
            for entry in directory.iterdir()
            if entry.name not in ("register", "status")
        ]
    except OSError:
        return False
    for entry in entries:
        lines = entry.splitlines()
        fields = dict(line.split(None, 1) for line in lines[1:] if len(line.split(None, 1)) == 2)
        if lines[:1] != ["enabled"] or "F" not in fields.get("flags:", ""):
            continue
        try:
            offset, magic = int(fields.get("offset", "0")), bytes.fromhex(fields.get("magic", ""))
            mask = bytes.fromhex(fields["mask"]) if "mask" in fields else b"\xff" * len(magic)
        except ValueError:
            continue
        here = program[offset : offset + len(magic)]
        if (
            magic
            and len(here) == len(magic)
            and all(a & m == b & m for a, b, m in zip(here, magic, mask, strict=True))
        ):
            return True
    return False


async def runs_in_a_container(engine: Engine, arch: str, run_args: Sequence[str]) -> bool:
    """Whether the engine runs a program of that architecture: how to ask a kernel of its own.

    Raises:
        EngineError: the engine failed for another reason.
    """
    reference = f"localhost/rr-explorer/probe:{arch}"
    await load_image(engine, reference, arch, {"probe": probe_program(arch)})
    container = Container(
        engine,
        reference,
        f"linux/{arch}",
        ("/probe",),
        RunLimits(seconds=20),
        tuple(run_args),
        plain=True,
        has_volume=False,
    )
    async with container.exists() as created:
        if created.failed:
            raise engine_failure(engine.name, created, "create")
        observed = (await container.start()).observed
    if observed.exit_code == 0:
        return True
    if "exec format error" in observed.stderr.lower():
        return False
    raise EngineError(
        f"{engine.name} could not run a test program of linux/{arch}",
        observed.stderr.strip()[-300:],
        f"Look at it with: {engine.name} info",
    )


def _remedy(engine: Engine, arch: str) -> str:
    """What installs the emulation: the distribution's package, else an image."""
    command = f"{engine.name} run --privileged --rm {BINFMT_IMAGE} --install {arch}"
    return (
        "Install its emulation with the package manager of the engine's machine (Debian, Ubuntu: "
        f"sudo apt-get install qemu-user-static), or with: {command}"
    )
