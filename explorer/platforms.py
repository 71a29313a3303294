"""Names of processor architectures: Go's word for each, and what everyone else calls it."""

from types import MappingProxyType

ALIASES = MappingProxyType(
    {
        "amd64": ("x86_64", "x86-64", "x64", "x8664", "x8664h", "em64t", "intel64"),
        "arm64": ("aarch64", "arm64v8", "armv8", "armv8l", "armv9", "arm64e", "arm64ec"),
        "386": ("i386", "i486", "i586", "i686", "x86", "x32", "ia32"),
        "arm": (
            *("arm32", "armhf", "armel", "armhfp", "armeabi", "arm5", "arm6", "arm7"),
            *("armv5", "armv5l", "armv5te", "armv5tel", "armv6", "armv6l", "armv6hf", "armv6hl"),
            *("armv7", "armv7l", "armv7a", "armv7hf", "armv7hl", "arm32v5", "arm32v6", "arm32v7"),
            *("armv4t", "thumbv7a", "thumbv7neon"),
        ),
        "riscv64": ("riscv64gc", "riscv64g", "riscv64a23", "rv64", "rv64gc"),
        "ppc64le": ("powerpc64le", "ppc64el", "ppcle64"),
        "ppc64": ("powerpc64",),
        "ppc": ("powerpc", "ppc32"),
        "s390x": (),
        "loong64": ("loongarch64",),
        "mips64le": ("mips64el",),
        "mips64": (),
        "mipsle": ("mipsel", "mips32le", "mips32el"),
        "mips": ("mips32",),
        "sparc64": ("sparcv9",),
        "ia64": (),
        "wasm": ("wasm32", "wasm64"),
    }
)
"""Other names by Go's (GOARCH), as kernels (``uname -m``), distributions, compilers and release
files use them. ``ppc`` and ``ia64`` are words of gcc: Go does not build for them."""

_GO_NAMES = {alias: arch for arch, aliases in ALIASES.items() for alias in (arch, *aliases)}


def go_arch(name: str) -> str:
    """Go's word for an architecture (``aarch64`` is ``arm64``); an unknown name in lower case."""
    return _GO_NAMES.get(name.lower(), name.lower())


def is_arch(name: str) -> bool:
    """Whether ``name`` is a known name of an architecture."""
    return name.lower() in _GO_NAMES
