"""Which member of an archive is the program: by type, platform, name, folder and size."""

import struct

import pytest

from explorer.archive import Member, MemberKind
from explorer.releases import parse_asset_name
from explorer.workbench.program_choice import (
    Choice,
    ProgramChooser,
    ProgramKind,
    classify,
    core_name,
    expected_program,
    same_member,
)
from tests.support.archives import gz, make_archive


def elf(machine: int = 62, kind: int = 2, *, big: bool = False, bits: int = 64) -> bytes:
    """The first bytes of an ELF file."""
    ident = b"\x7fELF" + bytes([bits // 32, 1 + big, 1]) + bytes(9)
    return ident + struct.pack(f"{'>' if big else '<'}2H", kind, machine) + bytes(44)


AMD64, ARM64 = elf(), elf(183)
PE, MACHO = b"MZ" + bytes(80), b"\xcf\xfa\xed\xfe" + bytes(8) + b"\2\0\0\0" + bytes(80)
SCRIPT, CLASS = b"#!/bin/sh\nexec true\n", b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(20)
Files = dict[str, bytes] | list[tuple[str, bytes]]


def chooser_of(files: Files, name: str, project: str, member: str = "") -> ProgramChooser:
    platform = parse_asset_name(name, "v1.0.0").platform
    chooser = ProgramChooser(expected_program((name,), platform, project=project, member=member))
    for path, head in files.items() if isinstance(files, dict) else files:
        item = Member(path, MemberKind.FILE, len(head), 0o755)
        if chooser.wants(item):
            chooser.add(item, head)
    return chooser


def choose(
    files: Files, name: str = "tool-linux-amd64.tar.gz", project: str = "tool", member: str = ""
) -> Choice:
    return chooser_of(files, name, project, member).choice()


def chosen(files: Files, name: str = "tool-linux-amd64.tar.gz", project: str = "tool") -> str:
    choice = choose(files, name, project)
    assert choice.chosen is not None, choice.rivals
    return choice.chosen.member.name


@pytest.mark.parametrize(
    ("files", "program"),
    [
        # by type
        ({"lib/libx.so.1": AMD64, "bin/other": AMD64}, "bin/other"),
        ({"a.o": elf(kind=1), "core": elf(kind=4), "other": AMD64}, "other"),
        ({"Main.class": CLASS, "other": AMD64}, "other"),
        ({"x.dll": PE, "x.node": AMD64, "lib.dylib": MACHO, "other": AMD64}, "other"),
        ({"README.md": AMD64, "tool.1": AMD64, "other-1.8": AMD64}, "other-1.8"),
        ({"install.sh": SCRIPT, "other": AMD64}, "other"),
        # by platform
        ({"tool.exe": PE, "tool": AMD64}, "tool"),
        ({"tool-darwin": MACHO, "tool-linux": AMD64}, "tool-linux"),
        ({"arm64/tool": ARM64, "amd64/tool": AMD64}, "amd64/tool"),
        ({"gnu/tool": AMD64, "other/musl/x": AMD64}, "gnu/tool"),
        # by name
        ({"tool/helper": AMD64, "tool/tool": AMD64}, "tool/tool"),
        ({"helper": AMD64, "tool-linux-amd64": AMD64}, "tool-linux-amd64"),
        ({"helper": AMD64, "tool_v1.2.3_linux_x86_64": AMD64}, "tool_v1.2.3_linux_x86_64"),
        ({"zz-1.0/zz": AMD64, "zz-1.0/aa": AMD64}, "zz-1.0/zz"),
        ({"lib/core": AMD64, "bin/tool": SCRIPT}, "bin/tool"),
        ({"lib/helper": AMD64, "lib/tool-server": AMD64}, "lib/tool-server"),
        ({"helper": AMD64, "tl": AMD64}, "tl"),
        # by folder
        ({"libexec/deep/x": AMD64, "bin/y": AMD64}, "bin/y"),
        ({"share/a/tool": AMD64, "bin/tool": AMD64}, "bin/tool"),
        # by size
        ({"a": AMD64, "b": AMD64 + bytes(4000)}, "b"),
        # a script where there is nothing else
        ({"run": SCRIPT, "README": b"x"}, "run"),
        ({"tool": SCRIPT, "install.sh": SCRIPT}, "tool"),
        # only a library: it is judged as what it is
        ({"lib/libx.so": AMD64}, "lib/libx.so"),
    ],
)
def test_the_program_is_chosen_in_any_order(files: dict[str, bytes], program: str) -> None:
    assert chosen(files) == program
    assert chosen(dict(reversed(files.items()))) == program


@pytest.mark.parametrize(
    "files",
    [
        {"a": AMD64, "b": AMD64},
        {"a": AMD64, "b": AMD64 + bytes(60)},
        {"gnu/tool": AMD64, "musl/tool": AMD64 + bytes(9000)},
        {"a.sh": SCRIPT, "b.sh": SCRIPT},
    ],
)
def test_where_nothing_decides_nothing_is_chosen(files: dict[str, bytes]) -> None:
    choice = choose(files)
    assert choice.chosen is None
    assert [c.member.name for c in choice.rivals] == list(files)


def test_two_architectures_without_a_claim_are_not_decided() -> None:
    files = {"amd64/tool": AMD64, "arm64/tool": ARM64}
    assert choose(files, "tool-linux.tar.gz").chosen is None
    assert chosen(files, "tool-linux-arm64.tar.gz") == "arm64/tool"
    assert (
        chosen({"gnu/tool": AMD64, "musl/tool": AMD64}, "tool-linux-musl-amd64.zip") == "musl/tool"
    )
    assert chosen({"tool": AMD64, "tool.exe": PE}, "tool-windows-amd64.zip") == "tool.exe"


def test_a_file_for_another_architecture_only_gives_that_one() -> None:
    """The answer is a loud NO about the architecture, not silence about the file."""
    assert chosen({"tool": ARM64, "README": b""}) == "tool"
    assert chosen({"tool.exe": PE}) == "tool.exe"


def test_nothing_to_choose_from() -> None:
    assert choose({"README.md": b"x", "data.bin": b"\0\1"}) == Choice(None)
    assert choose({}) == Choice(None)


def test_others_are_named() -> None:
    files = {"helper": AMD64, "tool": AMD64, "win/tool.exe": PE, "x.so": AMD64, "run": SCRIPT}
    assert choose(files).others == ("helper", "win/tool.exe")


def test_of_two_members_with_one_name_the_later_one_counts() -> None:
    choice = choose([("tool", ARM64), ("README", b""), ("./tool", AMD64)])
    assert choice.chosen is not None
    assert choice.chosen.arch == "amd64"
    assert choice.others == ()


def test_a_later_text_of_the_programs_name_replaces_it() -> None:
    assert chosen([("tool", AMD64), ("other", AMD64), ("tool", b"text")]) == "other"
    assert choose([("tool", AMD64), ("./tool", b"text")]).chosen is None
    assert chosen([("tool", b"text"), ("other", AMD64), ("tool", AMD64)]) == "tool"


def test_names_that_were_asked_for_decide_whatever_they_are() -> None:
    assert choose({"tool": AMD64, "x/notes": b"x"}, member="notes").chosen is not None
    required = parse_asset_name("x.tar.gz", "").platform
    chooser = ProgramChooser(expected_program(("x.tar.gz",), required, required=("rr", "rr.exe")))
    for path in ("tool", "bin/rr"):
        member = Member(path, MemberKind.FILE, 5, 0o755)
        assert chooser.wants(member) is (path == "bin/rr")
    chooser.add(Member("bin/rr", MemberKind.FILE, 5, 0o755), b"text")
    decided = chooser.decided()
    assert decided is not None
    assert decided.kind is ProgramKind.OTHER


def test_a_required_name_decides_among_architectures_by_the_claim() -> None:
    files = {"arm64/rr": ARM64, "amd64/rr": AMD64, "README": b"x", "tool": AMD64}
    name = "tool-linux-{}.tar.gz"
    for arch in ("amd64", "arm64"):
        platform = parse_asset_name(name.format(arch), "").platform
        chooser = ProgramChooser(expected_program((name,), platform, required=("rr",)))
        for path, start in files.items():
            member = Member(path, MemberKind.FILE, len(start), 0o755)
            if chooser.wants(member):
                chooser.add(member, start)
        decided = chooser.decided()
        assert decided is not None
        assert decided.path == f"{arch}/rr"
        choice = chooser.choice().chosen
        assert choice is not None
        assert choice.member.name == f"{arch}/rr"


@pytest.mark.parametrize("path", ["tool", "bin/tool", "tool-1.0/bin/tool", "usr/local/bin/tool",
                                  "tool-1.0-linux/tool", "tool-linux-amd64/tool"])  # fmt: skip
def test_early_decisions_are_never_revised(path: str) -> None:
    """Whatever follows: a peek that saw only the first member gives the same answer."""
    first = {path: AMD64}
    early = chooser_of(first, "tool-linux-amd64.tar.gz", "tool").decided()
    assert early is not None
    others = ("other", "bin/tool", "tool", "x/y/tool", "usr/bin/tool-linux-amd64", "tool.exe")
    for other in others:
        for head in (AMD64 + bytes(9000), ARM64, PE, SCRIPT, gz(b"x" * 600)):
            if other != path:
                assert chosen({**first, other: head}) == path


@pytest.mark.parametrize(
    ("path", "head", "name"),
    [
        ("helper", AMD64, "tool-linux-amd64.tar.gz"),
        ("tool", ARM64, "tool-linux-amd64.tar.gz"),
        ("tool", AMD64, "tool-linux.tar.gz"),
        ("gnu/tool", AMD64, "tool-linux-amd64.tar.gz"),
        ("a/b/tool", AMD64, "tool-linux-amd64.tar.gz"),
        ("tool", SCRIPT + bytes(60), "app-linux-amd64.tar.gz"),
        ("tool.so", AMD64, "tool-linux-amd64.tar.gz"),
    ],
)
def test_what_a_later_member_could_change_is_not_decided_early(
    path: str, head: bytes, name: str
) -> None:
    assert chooser_of({path: head}, name, "").decided() is None


@pytest.mark.parametrize(
    ("name", "project", "member"),
    [
        ("ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz", "ripgrep",
         "ripgrep-14.1.1-x86_64-unknown-linux-musl/rg"),
        ("helix-25.07.1-x86_64-linux.tar.xz", "helix", "helix-25.07.1-x86_64-linux/hx"),
        ("bottom_x86_64-unknown-linux-gnu.tar.gz", "bottom", "btm"),
        ("nu-0.96.0-x86_64-unknown-linux-gnu.tar.gz", "nushell", "nu"),
    ],
)  # fmt: skip
def test_a_known_command_of_a_project_decides_early(name: str, project: str, member: str) -> None:
    chooser = chooser_of({"LICENSE": b"text", member: AMD64}, name, project)
    decided = chooser.decided()
    assert decided is not None
    assert decided.member.name == member


@pytest.mark.parametrize("member", ["sh", "gr", "r", "rgx", "ripgreps", "r-g", "r2"])
def test_other_names_are_not_short_forms(member: str) -> None:
    name = "ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz"
    assert chooser_of({member: AMD64}, name, "ripgrep").decided() is None


KUBERNETES = (
    "apiextensions-apiserver kube-aggregator kube-apiserver kube-controller-manager "
    "kube-log-runner kube-proxy kube-scheduler kubeadm kubectl kubectl-convert kubelet mounter"
)
PROMETHEUS = "prometheus-3.5.0.linux-amd64"
ETCD = "etcd-v3.6.4-linux-amd64"
RUST = "x86_64-unknown-linux-musl"
PUBLISHED = {
    "containerd-2.1.4-linux-amd64.tar.gz": (
        "containerd",
        ("ctr", "containerd", "containerd-shim-runc-v2", "containerd-stress"),
        "bin/",
        "bin/containerd",
    ),
    f"ripgrep-14.1.1-{RUST}.tar.gz": (
        "ripgrep", ("complete/_rg", "rg", "doc/rg.1"), f"ripgrep-14.1.1-{RUST}/",
        f"ripgrep-14.1.1-{RUST}/rg",
    ),
    "helix-25.07.1-x86_64-linux.tar.xz": (
        "helix", ("hx", "runtime/grammars/go.so"), "helix-25.07.1-x86_64-linux/",
        "helix-25.07.1-x86_64-linux/hx",
    ),
    f"bat-v0.25.0-{RUST}.tar.gz": (
        "bat", ("autocomplete/bat.bash", "bat"), f"bat-v0.25.0-{RUST}/", f"bat-v0.25.0-{RUST}/bat"
    ),
    f"fd-v10.3.0-{RUST}.tar.gz": (
        "fd", ("autocomplete/_fd", "fd", "fd.1"), f"fd-v10.3.0-{RUST}/", f"fd-v10.3.0-{RUST}/fd"
    ),
    "kubernetes-server-linux-amd64.tar.gz": (
        "kubernetes", tuple(KUBERNETES.split()), "kubernetes/server/bin/", ""
    ),
    f"{PROMETHEUS}.tar.gz": (
        "prometheus", ("promtool", "prometheus"), f"{PROMETHEUS}/", f"{PROMETHEUS}/prometheus"
    ),
    f"{ETCD}.tar.gz": (
        "etcd", ("etcdutl", "etcdctl", "etcd"), f"{ETCD}/", f"{ETCD}/etcd"
    ),
    "consul-template_0.41.1_linux_amd64.zip": (
        "consul-template", ("consul-template", "LICENSE.txt"), "", "consul-template"
    ),
    "helm-v3.18.6-linux-amd64.tar.gz": ("helm", ("helm", "LICENSE"), "linux-amd64/",
                                        "linux-amd64/helm"),
    "gh_2.78.0_linux_amd64.tar.gz": ("cli", ("bin/gh", "share/man/man1/gh.1"),
                                     "gh_2.78.0_linux_amd64/", "gh_2.78.0_linux_amd64/bin/gh"),
    "neovim-linux-x86_64.tar.gz": ("neovim", ("bin/nvim", "lib/nvim/parser/c.so"),
                                   "nvim-linux-x86_64/", "nvim-linux-x86_64/bin/nvim"),
}  # fmt: skip
"""The programs in published archives, which one is the project's, and none if nothing says it."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_program_of_published_archives_in_any_order(name: str) -> None:
    project, members, place, program = PUBLISHED[name]
    files = {f"{place}{member}": AMD64 for member in members}
    for order in (files, dict(reversed(files.items()))):
        chooser = chooser_of(order, name, project)
        chosen_one, early = chooser.choice().chosen, chooser.decided()
        assert (chosen_one.member.name if chosen_one else "") == program
        assert early is None or early == chosen_one


@pytest.mark.parametrize("short", ["ctr", "cont", "cd"])
def test_a_short_name_is_the_program_only_where_no_member_has_the_name(short: str) -> None:
    name = "containerd-2.1.4-linux-amd64.tar.gz"
    alone = {f"bin/{short}": AMD64, "bin/other": AMD64}
    assert chosen(alone, name, "containerd") == f"bin/{short}"
    assert chooser_of(alone, name, "containerd").decided() is None
    for files in ({**alone, "bin/containerd": AMD64}, {"bin/containerd": AMD64, **alone}):
        assert chosen(files, name, "containerd") == "bin/containerd"


def test_an_android_app_is_recognised() -> None:
    chooser = chooser_of({"AndroidManifest.xml": b"\3", "lib/x.so": AMD64}, "app.apk", "app")
    assert chooser.is_android


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("gh_2.67.0_linux_amd64.tar.gz", "gh"),
        ("rust-analyzer-x86_64-unknown-linux-gnu.gz", "rust-analyzer"),
        ("tool.exe", "tool"),
        ("node_exporter-1.8.2.linux-amd64.tar.gz", "node_exporter"),
        ("install.sh", "install"),
        ("7zz", "7zz"),
        ("win-acme", "win-acme"),
        ("vale_3.18.0_Linux_64-bit.tar.gz", "vale"),
        ("kustomize_v5.4.1_linux_amd64.tar.gz", "kustomize"),
        ("x", "x"),
        ("", ""),
    ],
)
def test_a_names_core_has_neither_version_nor_platform(name: str, core: str) -> None:
    assert core_name(name) == core


@pytest.mark.parametrize(
    ("head", "kind", "os", "arch"),
    [
        (elf(183), ProgramKind.PROGRAM, "linux", "arm64"),
        (elf(8, big=True, bits=32), ProgramKind.PROGRAM, "linux", "mips"),
        (elf(8), ProgramKind.PROGRAM, "linux", "mips64le"),
        (elf(21), ProgramKind.PROGRAM, "linux", "ppc64le"),
        (elf(9999), ProgramKind.PROGRAM, "linux", ""),
        (elf()[:10], ProgramKind.OTHER, "", ""),
        (b"MZqFpD='\n", ProgramKind.PROGRAM, "", ""),
        (PE, ProgramKind.PROGRAM, "windows", ""),
        (b"\xca\xfe\xba\xbe\0\0\0\2", ProgramKind.PROGRAM, "darwin", ""),
        (b"\xfe\xed\xfa\xcf" + b"\0\0\0\0" * 2 + b"\0\0\0\6", ProgramKind.LIBRARY, "darwin", ""),
        (CLASS, ProgramKind.LIBRARY, "darwin", ""),
        (gz(AMD64), ProgramKind.ARCHIVE, "", ""),
        (make_archive("tar", "", {"a": b"x"})[:512], ProgramKind.ARCHIVE, "", ""),
        (make_archive("zip", "", {"a": b"x"}), ProgramKind.ARCHIVE, "", ""),
        (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(100), ProgramKind.ARCHIVE, "", ""),
        (b"plain text", ProgramKind.OTHER, "", ""),
        (b"", ProgramKind.OTHER, "", ""),
    ],
)
def test_members_are_told_by_their_first_bytes(
    head: bytes, kind: ProgramKind, os: str, arch: str
) -> None:
    candidate = classify(Member("x", MemberKind.FILE, len(head), 0), head)
    assert (candidate.kind, candidate.os, candidate.arch) == (kind, os, arch)


def test_a_member_may_be_named_by_its_last_part_or_its_path() -> None:
    assert same_member("a/b/rr", "rr")
    assert same_member("a/b/rr", "a/b/rr")
    assert not same_member("a/b/rr", "./rr")
    assert not same_member("a/b/rr", "b/rr")
