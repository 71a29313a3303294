"""The program interpreters of Linux, by architecture: one table for verdicts, proofs and tests.

Sources: the glibc ABI list (sourceware.org/glibc/wiki/ABIList), musl's ``arch/*/reloc.h``
(LDSO_ARCH), Debian's list of multiarch tuples. Keys are Go's names of architectures.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

GLIBC_LOADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amd64": "/lib64/ld-linux-x86-64.so.2",
        "386": "/lib/ld-linux.so.2",
        "arm64": "/lib/ld-linux-aarch64.so.1",
        "arm": "/lib/ld-linux-armhf.so.3",
        "riscv64": "/lib/ld-linux-riscv64-lp64d.so.1",
        "ppc64le": "/lib64/ld64.so.2",
        "s390x": "/lib/ld64.so.1",
        "loong64": "/lib64/ld-linux-loongarch-lp64d.so.1",
    }
)

MUSL_ARCHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amd64": "x86_64",
        "386": "i386",
        "arm64": "aarch64",
        "arm": "armhf",
        "riscv64": "riscv64",
        "ppc64le": "powerpc64le",
        "s390x": "s390x",
        "loong64": "loongarch64",
    }
)
"""musl's name of the architecture."""

TRIPLETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amd64": "x86_64-linux-gnu",
        "386": "i386-linux-gnu",
        "arm64": "aarch64-linux-gnu",
        "arm": "arm-linux-gnueabihf",
        "riscv64": "riscv64-linux-gnu",
        "ppc64le": "powerpc64le-linux-gnu",
        "s390x": "s390x-linux-gnu",
        "loong64": "loongarch64-linux-gnu",
    }
)
"""Debian's multiarch folder."""


def musl_loader(arch: str) -> str:
    """``/lib/ld-musl-x86_64.so.1``; empty for an architecture that is not listed."""
    return f"/lib/ld-musl-{MUSL_ARCHES[arch]}.so.1" if arch in MUSL_ARCHES else ""
