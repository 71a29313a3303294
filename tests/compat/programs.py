"""Programs for single rules, besides the shared recipes. Built on first use and kept."""

from pathlib import Path

from tests.support.binaries import (
    C_HELLO,
    C_PLAIN,
    C_RELATIVE,
    GNU,
    GO_HELLO,
    MUSL,
    go_build,
    linked_by_hand,
    zig_cc,
)

SMALL = ("-O2", "-s")


def with_loader(path: str, target: str = MUSL) -> Path:
    """A dynamic program with this PT_INTERP."""
    return zig_cc("hello", C_HELLO, target, *SMALL, "-dynamic", f"-Wl,--dynamic-linker={path}")


def arm_with_loader(path: str) -> Path:
    """A 32-bit ARM program with this PT_INTERP."""
    words = (*SMALL, "-dynamic", f"-Wl,--dynamic-linker={path}")
    return zig_cc("hello", C_HELLO, "arm-linux-musleabi", *words)


def strange_loader() -> Path:
    """Needs a loader of nobody's."""
    return with_loader("/opt/own/loader.so")


def names_library(soname: str, target: str = MUSL) -> Path:
    """A program that uses ``shared`` and whose DT_NEEDED is ``soname``, perhaps with a folder."""
    library = exporting(soname, target=target)
    return zig_cc(
        "program",
        "extern int shared(void); int main(void) { return shared() != 42; }\n",
        target,
        *SMALL,
        *(["-dynamic"] if "musl" in target else []),
        "./libstub.so",
        files={"libstub.so": library},
    )


def needs_path(needed: str) -> Path:
    """A program whose DT_NEEDED is a path, and that uses nothing of that library."""
    library = exporting(needed)
    words = ("-dynamic", "-Wl,--no-as-needed", "./libstub.so")
    return zig_cc("program", C_HELLO, MUSL, *SMALL, *words, files={"libstub.so": library})


def exporting(soname: str, source: str = "", target: str = MUSL, *args: str) -> Path:
    """A library with this DT_SONAME that defines ``shared``, or what its source says."""
    text = source or "int shared(void) { return 42; }\n"
    words = ("-shared", "-fPIC", f"-Wl,-soname,{soname}")
    return zig_cc("lib.so", text, target, *SMALL, *words, *args)


def uses(library: Path, *, copies: bool = False) -> Path:
    """A program that uses ``shared`` of ``libv.so`` beside it; ``copies``: a variable, by COPY."""
    source = "extern int shared(void); int main(void) { return shared() != 42; }\n"
    if copies:
        source = """int main(void) {
  int value;
  __asm__("movl shared(%%rip), %0" : "=r"(value));
  return value != 42;
}
"""
    words = ("-dynamic", "./libv.so", "-Wl,-rpath,$ORIGIN")
    return zig_cc("program", source, MUSL, *SMALL, *words, files={"libv.so": library})


VARIABLE = "int shared = 42;\n"
CALLS_LIBC = """#include <stdlib.h>
int shared(void) { return abs(42); }
char *where(void) { return getenv("PATH"); }
"""
IFUNC_LIBRARY = """__attribute__((used)) static int plain(void) { return 42; }
__asm__(".text\\n.globl shared\\n.type shared,@gnu_indirect_function\\n"
        "shared: lea plain(%rip), %rax\\n ret\\n"
        ".section .note.GNU-stack,\\"\\",@progbits\\n.text\\n");
"""
HIDDEN_VERSION = """__asm__(".symver old_shared,shared@V1");
int old_shared(void) { return 42; }
"""


def hidden_version() -> Path:
    """A library that defines ``shared`` as a hidden version only."""
    return zig_cc(
        "libv.so",
        HIDDEN_VERSION,
        MUSL,
        *SMALL,
        "-shared",
        "-fPIC",
        "-Wl,-soname,libv.so",
        "-Wl,--version-script=map",
        files={"map": "V1 { global: shared; local: *; };\n"},
    )


def android_relocations(*kinds: str) -> Path:
    """Relocations packed for Android's loader: ``android``, ``relr`` or both."""
    words = [f"--pack-dyn-relocs={'+'.join(kinds)}"]
    if "relr" in kinds:
        words.append("--use-android-relr-tags")
    return linked_by_hand("hello", C_RELATIVE, *words, musl=True)


def x32() -> Path:
    """A 32-bit file for x86-64."""
    return zig_cc("hello", C_HELLO, "x86_64-linux-muslx32", *SMALL, "-static")


def for_system(goos: str) -> Path:
    """A Go program for another system."""
    return go_build("hello", GO_HELLO, goos=goos)


def library_with_entry() -> Path:
    """A library as mold and older linkers write it: an entry, no DT_SONAME, no DT_NEEDED."""
    source = "int first(void) { return 42; }\n"
    words = ("-shared", "-fPIC", "-nostdlib", "-Wl,-e,first", "-Wl,-soname=")
    return zig_cc("first.so", source, GNU, *SMALL, *words)


def no_default_folders() -> Path:
    """DF_1_NODEFLIB: glibc's loader searches no system folder."""
    return linked_by_hand("hello", C_PLAIN, "-z", "nodefaultlib")


def glibc_only() -> Path:
    """Calls a function that only glibc has."""
    source = """extern const char *gnu_get_libc_version(void);
int main(void) { return gnu_get_libc_version()[0] == 0; }
"""
    return zig_cc("glibc-only", source, GNU, *SMALL)


def needs_new_glibc() -> Path:
    """Calls a function that came with glibc 2.38."""
    source = """#include <string.h>
int main(int n, char **v) { char b[9]; return strlcpy(b, v[n - 1], sizeof b) == 0; }
"""
    return zig_cc("new-glibc", source, "x86_64-linux-gnu.2.38", *SMALL)


def calls_statx() -> Path:
    """Calls a function that came to musl between 1.2.3 and 1.2.5."""
    source = """#define _GNU_SOURCE
#include <sys/stat.h>
int main(void) { struct statx s; return statx(0, "/", 0, 1, &s); }
"""
    return zig_cc("calls-statx", source, MUSL, *SMALL, "-dynamic")


def threads() -> Path:
    """Dynamic musl with a thread."""
    source = """#include <pthread.h>
static void *work(void *p) { return p; }
int main(void) { pthread_t t; return pthread_create(&t, 0, work, 0) || pthread_join(t, 0); }
"""
    return zig_cc("threads", source, MUSL, *SMALL, "-dynamic", "-Wl,-z,stack-size=0")


def small_pages() -> Path:
    """arm64 laid out for pages of 4 KiB."""
    return zig_cc(
        "small-pages", C_HELLO, "aarch64-linux-musl", *SMALL, "-static", "-Wl,-z,max-page-size=4096"
    )


def ifunc() -> Path:
    """Dynamic musl whose function pointer is chosen at start-up: an IRELATIVE relocation."""
    # clang ignores the attribute for musl, so the symbol's type is set by hand.
    source = """#include <stdio.h>
int plain(void) { return 42; }
__asm__(".text\\n.globl chosen\\n.type chosen,@gnu_indirect_function\\n"
        "chosen: lea plain(%rip), %rax\\n ret\\n"
        ".section .note.GNU-stack,\\"\\",@progbits\\n.text\\n");
extern int chosen(void);
int (*volatile table[])(void) = {chosen};
int main(void) { printf("%d\\n", table[0]()); return 0; }
"""
    return zig_cc("ifunc", source, MUSL, *SMALL, "-dynamic", "-pie", "-fPIE")


def uses_on_glibc(library: Path, *args: str) -> Path:
    """A program for glibc that uses ``shared`` of ``libv.so`` beside it, without a version."""
    source = "extern int shared(void); int main(void) { return shared() != 42; }\n"
    words = (*SMALL, "./libv.so", "-Wl,-rpath,$ORIGIN", *args)
    return zig_cc("program", source, GNU, *words, files={"libv.so": library})


def without_versions() -> Path:
    """A program for glibc that asks for ``puts`` without a version, as of a library without any."""
    stub = exporting("libc.so.6", "int puts(const char *s) { return *s; }\n", GNU, "-nostdlib")
    source = 'extern int puts(const char *); void _start(void) { puts("1"); }\n'
    words = (*SMALL, "-nostdlib", "-fPIE", "-pie", "./libc.so.6", "-Wl,-z,now")
    return zig_cc("without-versions", source, GNU, *words, files={"libc.so.6": stub})


def versioned(soname: str, version: str, *, symbol: str = "special") -> tuple[Path, Path]:
    """(program, library): a glibc program that needs this version of a library of this name."""
    script = f"{version} {{ global: {symbol}; local: *; }};\n"
    library = zig_cc(
        soname,
        f"int {symbol}(void) {{ return 42; }}\n",
        GNU,
        *SMALL,
        "-shared",
        "-fPIC",
        f"-Wl,-soname,{soname}",
        "-Wl,--version-script=map",
        files={"map": script},
    )
    source = f"extern int {symbol}(void); int main(void) {{ return {symbol}() != 42; }}\n"
    program = zig_cc(
        "versioned",
        source,
        GNU,
        *SMALL,
        f"./{soname}",
        "-Wl,-rpath,$ORIGIN",
        files={soname: library},
    )
    return program, library


def library_of(name: str, *needs: str, runpath: str = "", target: str = MUSL) -> Path:
    """A library, e.g. for chains and cycles: ``needs`` are the libraries that it needs."""
    stubs: dict[str, str | Path] = {n: _stub(n, target) for n in needs}
    paths = [f"-Wl,-rpath,{runpath}", "-Wl,--enable-new-dtags"] if runpath else []
    words = [
        "-shared",
        "-fPIC",
        f"-Wl,-soname,{name}",
        "-Wl,--no-as-needed",
        *paths,
        *(f"./{n}" for n in needs),
    ]
    function = "".join(c if c.isalnum() else "_" for c in name)
    return zig_cc(
        name, f"int {function}(void) {{ return 1; }}\n", target, *SMALL, *words, files=stubs
    )


def program_of(*needs: str, runpath: str = "", target: str = MUSL) -> Path:
    """A dynamic program that asks for these libraries and calls nothing in them."""
    stubs: dict[str, str | Path] = {n: _stub(n, target) for n in needs}
    paths = [f"-Wl,-rpath,{runpath}", "-Wl,--enable-new-dtags"] if runpath else []
    dynamic = ["-dynamic"] if "musl" in target else []
    return zig_cc(
        "program",
        C_HELLO,
        target,
        *SMALL,
        *dynamic,
        "-Wl,--no-as-needed",
        *paths,
        *(f"./{n}" for n in needs),
        files=stubs,
    )


def _stub(name: str, target: str) -> Path:
    return zig_cc(name, "", target, *SMALL, "-shared", "-fPIC", f"-Wl,-soname,{name}")
