"""Programs for single rules, beyond the recipes that all rooms share. Built on first use and kept."""

from pathlib import Path

from tests.support.binaries import C_HELLO, GNU, MUSL, zig_cc

SMALL = ("-O2", "-s")


def strange_loader() -> Path:
    """Asks for Android's loader."""
    return zig_cc(
        "hello", C_HELLO, MUSL, *SMALL, "-dynamic", "-Wl,--dynamic-linker=/system/bin/linker64"
    )


def glibc_only() -> Path:
    """Calls a function that only glibc has."""
    source = "extern const char *gnu_get_libc_version(void); int main(void) { return gnu_get_libc_version()[0] == 0; }\n"
    return zig_cc("glibc-only", source, GNU, *SMALL)


def needs_new_glibc() -> Path:
    """Calls a function that came with glibc 2.38."""
    source = "#include <string.h>\nint main(int n, char **v) { char b[9]; return strlcpy(b, v[n - 1], sizeof b) == 0; }\n"
    return zig_cc("new-glibc", source, "x86_64-linux-gnu.2.38", *SMALL)


def calls_statx() -> Path:
    """Calls a function that came to musl between 1.2.3 and 1.2.5."""
    source = '#define _GNU_SOURCE\n#include <sys/stat.h>\nint main(void) { struct statx s; return statx(0, "/", 0, 1, &s); }\n'
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
__asm__(".text\\n.globl chosen\\n.type chosen,@gnu_indirect_function\\nchosen: lea plain(%rip), %rax\\n ret\\n"
        ".section .note.GNU-stack,\\"\\",@progbits\\n.text\\n");
extern int chosen(void);
int (*volatile table[])(void) = {chosen};
int main(void) { printf("%d\\n", table[0]()); return 0; }
"""
    return zig_cc("ifunc", source, MUSL, *SMALL, "-dynamic", "-pie", "-fPIE")


def versioned(soname: str, version: str) -> tuple[Path, Path]:
    """(program, library): a glibc program that asks a library of this name for one symbol of this version."""
    script = f"{version} {{ global: special; local: *; }};\n"
    library = zig_cc(
        soname,
        "int special(void) { return 42; }\n",
        GNU,
        *SMALL,
        "-shared",
        "-fPIC",
        f"-Wl,-soname,{soname}",
        "-Wl,--version-script=map",
        files={"map": script},
    )
    source = "extern int special(void); int main(void) { return special() != 42; }\n"
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
    """A library, e.g. for chains and cycles: ``needs`` are names of further libraries it asks for."""
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
