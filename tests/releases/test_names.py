"""What names claim: every era of RoadRunner's, other projects' ways, and anything at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.facts import Unknown, known_or
from explorer.releases import load_profiles, parse_asset_name, parse_asset_names, parse_version
from tests.support.machine import slowness

ROADRUNNER_PROFILE = load_profiles().of_repo("roadrunner-server/roadrunner")


def kind_of(name: str, tag: str) -> str:
    """The kind of a file of RoadRunner's."""
    return ROADRUNNER_PROFILE.kind_of(name, parse_asset_name(name, tag)).value


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v2025.1.15", "2025.1.15"),
        ("1.6.0", "1.6.0"),
        ("v2.0.0-alpha1", "2.0.0-alpha1"),
        ("v2.0.0-RC.1", "2.0.0-RC.1"),
        ("v2.7.2-rc.1", "2.7.2-rc.1"),
        ("untagged-f7dbae972208eff54361", "untagged-f7dbae972208eff54361"),
        ("untagged-1234567", "untagged-1234567"),
        ("v9", "9"),
        ("jq-1.7.1", "1.7.1"),
        ("bun-v1.1.0", "1.1.0"),
        ("cli/v2.4.0", "2.4.0"),
        ("@scope/tool@3.2.1+build.7", "3.2.1+build.7"),
        ("nightly", "nightly"),
        ("", ""),
    ],
)
def test_version_of_a_tag(tag: str, version: str) -> None:
    assert parse_version(tag) == version


ROADRUNNER = [
    # era of v1: a tag without a version, zips for musl, a tag without v
    (
        "untagged-f7dbae972208eff54361",
        "roadrunner-1.0.4-linux-amd64.tar.gz",
        "server",
        "linux-amd64",
        "tar.gz",
    ),
    ("v1.6.2", "roadrunner-1.6.2-unknown-musl-amd64.zip", "server", "musl-amd64", "zip"),
    ("1.6.0", "roadrunner-1.6.0-freebsd-amd64.zip", "server", "freebsd-amd64", "zip"),
    # spiral/roadrunner-binary
    (
        "v2.0.0-alpha1",
        "roadrunner-2.0.0-alpha1-darwin-amd64.zip",
        "server",
        "darwin-amd64",
        "zip",
    ),
    (
        "v2.0.0-RC.1",
        "roadrunner-2.0.0-RC.1-linux-amd64.tar.gz",
        "server",
        "linux-amd64",
        "tar.gz",
    ),
    # v2.7.2 and later
    ("v2.9.4", "roadrunner-2.9.4-darwin-arm64.tar.gz", "server", "darwin-arm64", "tar.gz"),
    (
        "v2.9.4",
        "protoc-gen-php-grpc-2.9.4-windows-amd64.zip",
        "plugin",
        "windows-amd64",
        "zip",
    ),
    ("v2.12.3", "roadrunner-2.12.3-linux-amd64.deb", "deb", "linux-amd64", "deb"),
    (
        "v2.12.3",
        "protoc-gen-php-grpc-2.12.3-unknown-musl-amd64.zip",
        "plugin",
        "musl-amd64",
        "zip",
    ),
    # v2023 and later
    (
        "v2025.1.15",
        "roadrunner-2025.1.15-linux-arm64.tar.gz",
        "server",
        "linux-arm64",
        "tar.gz",
    ),
    (
        "v2025.1.15",
        "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz",
        "server",
        "musl-amd64",
        "tar.gz",
    ),
    ("v2025.1.15", "roadrunner-2025.1.15-linux-arm64.deb", "deb", "linux-arm64", "deb"),
    (
        "v2025.1.15",
        "protoc-gen-php-grpc-2025.1.15-freebsd-amd64.tar.gz",
        "plugin",
        "freebsd-amd64",
        "tar.gz",
    ),
    # the version in the name is not the tag's
    ("v2.0.0", "roadrunner-1.9.2-windows-amd64.zip", "server", "windows-amd64", "zip"),
]


@pytest.mark.parametrize(("tag", "name", "kind", "slug", "archive"), ROADRUNNER)
def test_roadrunner_names(tag: str, name: str, kind: str, slug: str, archive: str) -> None:
    parsed = parse_asset_name(name, tag)
    assert (kind_of(name, tag), parsed.platform.slug, parsed.archive) == (kind, slug, archive)


def test_unknown_musl_is_linux_with_musl() -> None:
    platform = parse_asset_name(
        "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz", "v2025.1.15"
    ).platform
    assert (platform.os, platform.arch, platform.libc) == ("linux", "amd64", "musl")


def test_a_linux_name_without_libc_says_nothing_about_it() -> None:
    platform = parse_asset_name("roadrunner-2025.1.15-linux-arm64.tar.gz", "v2025.1.15").platform
    assert isinstance(platform.libc, Unknown)


OTHERS = [
    ("ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz", "linux", "amd64", "musl", "tar.gz"),
    ("bat-v0.25-aarch64-unknown-linux-gnu.tar.gz", "linux", "arm64", "gnu", "tar.gz"),
    ("tool-armv7-unknown-linux-gnueabihf.tar.xz", "linux", "arm", "gnu", "tar.xz"),
    ("tool-arm-unknown-linux-musleabihf.tbz", "linux", "arm", "musl", "tar.bz2"),
    ("tool-i686-pc-windows-msvc.zip", "windows", "386", "", "zip"),
    ("tool-x86_64-pc-windows-gnu.zip", "windows", "amd64", "", "zip"),
    ("tool-aarch64-apple-darwin.tar.zst", "darwin", "arm64", "", "tar.zst"),
    ("lazygit_0.44.1_Linux_x86_64.tar.gz", "linux", "amd64", "", "tar.gz"),
    ("lazygit_0.44.1_Darwin_arm64.tgz", "darwin", "arm64", "", "tar.gz"),
    ("goreleaser_Linux_armv6.tar.gz", "linux", "arm", "", "tar.gz"),
    ("caddy_2.8_linux_amd64_v1.tar.gz", "linux", "amd64", "", "tar.gz"),
    ("hugo_0.9_Linux-64bit.tar.gz", "linux", "amd64", "", "tar.gz"),
    ("protoc-29.0-linux-aarch_64.zip", "linux", "arm64", "", "zip"),
    ("protoc-29.0-linux-ppcle_64.zip", "linux", "ppc64le", "", "zip"),
    ("protoc-29.0-win64.zip", "windows", "amd64", "", "zip"),
    ("jq-linux64", "linux", "amd64", "", "raw"),
    ("jq-macos-arm64", "darwin", "arm64", "", "raw"),
    ("jq-windows-i386.exe", "windows", "386", "", "raw"),
    ("dumb-init_1.2.5_x86_64", "", "amd64", "", "raw"),
    ("node-linux-s390x.tar.xz", "linux", "s390x", "", "tar.xz"),
    ("tool-linux-riscv64gc.gz", "linux", "riscv64", "", "gz"),
    ("tool-linux-mips64le.tar.bz2", "linux", "mips64le", "", "tar.bz2"),
    ("tool-openbsd-386.tar.gz", "openbsd", "386", "", "tar.gz"),
    ("tool-aarch64-linux-android.zip", "android", "arm64", "", "zip"),
    ("bun-linux-x64-musl-baseline.zip", "linux", "amd64", "musl", "zip"),
    ("tool-1.0-py3-none-musllinux_1_2_x86_64.whl", "linux", "amd64", "musl", "zip"),
    (
        "tool-1.0-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "linux",
        "arm64",
        "gnu",
        "zip",
    ),
    ("tool-alpine-arm64.tar.gz", "linux", "arm64", "musl", "tar.gz"),
    ("tool-1.2.3-1.x86_64.rpm", "linux", "amd64", "", "raw"),
    ("tool_1.2.3_linux_aarch64.apk", "linux", "arm64", "", "raw"),
    ("tool_1.2.3_aarch64.apk", "", "arm64", "", "raw"),  # Alpine's, or Android's
    ("tool-darwin-universal.zip", "darwin", "", "", "zip"),
    # the project's own name holds words of platforms: the last ones count
    ("win-acme.v2.linux-arm64.zip", "linux", "arm64", "", "zip"),
    ("arm-none-eabi-gcc-linux-x86_64.tar.xz", "linux", "amd64", "", "tar.xz"),
    # near misses are none
    ("tool-linux-arm9.gz", "linux", "", "", "gz"),
    # ABIs and byte orders of their own
    ("tool-mips64el-unknown-linux-gnuabi64.tar.gz", "linux", "mips64le", "gnu", "tar.gz"),
    ("tool-mips64-unknown-linux-muslabi64.tar.gz", "linux", "mips64", "musl", "tar.gz"),
    ("tool-x86_64-unknown-linux-gnux32", "linux", "amd64p32", "gnu", "raw"),
    ("tool-aarch64-linux-gnu_ilp32", "linux", "arm64p32", "gnu", "raw"),
    ("tool-aarch64_be-unknown-linux-musl", "linux", "arm64be", "musl", "raw"),
    ("tool-armeb-unknown-linux-gnueabi", "linux", "armbe", "gnu", "raw"),
    ("tool-thumbv7neon-unknown-linux-musleabihf", "linux", "arm", "musl", "raw"),
    ("tool-x86_64h-apple-darwin", "darwin", "amd64", "", "raw"),
    ("darwinia-linux-amd64", "linux", "amd64", "", "raw"),
]


@pytest.mark.parametrize(("name", "os", "arch", "libc", "archive"), OTHERS)
def test_other_projects_names(name: str, os: str, arch: str, libc: str, archive: str) -> None:
    parsed = parse_asset_name(name, "v1.2.3")
    platform = parsed.platform
    assert (
        known_or(platform.os, ""),
        known_or(platform.arch, ""),
        known_or(platform.libc, ""),
    ) == (os, arch, libc)
    assert (parsed.archive, parsed.about) == (archive, False)


def test_another_projects_deb_is_a_deb() -> None:
    parsed = parse_asset_name("bat_0.25.0_i386.deb", "v0.25.0")
    kind = load_profiles().of_repo("sharkdp/bat").kind_of("bat_0.25.0_i386.deb", parsed)
    assert (kind.value, parsed.platform.slug, parsed.archive) == ("deb", "linux-386", "deb")


@pytest.mark.parametrize(
    "name",
    [
        "roadrunner-2025.1.15-linux-arm64.tar.gz.sha256",
        "roadrunner-2025.1.15-linux-arm64.tar.gz.asc",
        "tool-linux-amd64.sig",
        "tool-linux-amd64.minisig",
        "tool_1.0_checksums.txt",
        "tool-linux-amd64.tar.gz.sbom.json",
        "SHA256SUMS.txt",
        "tool-linux-amd64.intoto.jsonl",
        "age-v1.3.1-linux-arm64.tar.gz.proof",
        "tool-linux-arm64.tar.gz.sshsig",
        "tool-linux-arm64.sha3-256",
        "tool-linux-arm64.ots",
        "tool-linux-arm64.p7s",
        "tool-linux-arm64.meta4",
    ],
)
def test_files_about_files_claim_no_platform(name: str) -> None:
    parsed = parse_asset_name(name, "v2025.1.15")
    assert (parsed.about, parsed.archive, parsed.platform.slug) == (True, "raw", "?")


@pytest.mark.parametrize(
    "name", ["roadrunner-2025.1.15.tar.gz", "roadrunner-notes-linux", "rr", "", ".", "💥"]
)
def test_other_names_are_of_kind_other(name: str) -> None:
    assert kind_of(name, "v2025.1.15") == "other"


@given(st.text(max_size=3000), st.text(max_size=600))
def test_any_name_and_tag_can_be_parsed(name: str, tag: str) -> None:
    parsed = parse_asset_name(name, tag)
    assert parsed.archive in {"tar.gz", "tar.xz", "tar.bz2", "tar.zst", "zip", "deb", "gz", "raw"}
    assert parse_version(tag) in tag
    if kind_of(name, tag) in ("server", "plugin"):
        assert isinstance(parsed.platform.os, str)
        assert isinstance(parsed.platform.arch, str)


@given(
    st.sampled_from(["linux", "darwin", "windows", "freebsd", "unknown-musl"]),
    st.sampled_from(["amd64", "arm64", "386", "riscv64"]),
    st.sampled_from(["tar.gz", "zip", "tar.xz"]),
    st.from_regex(
        r"[0-9]{1,4}\.[0-9]{1,2}\.[0-9]{1,2}(-(alpha|beta|rc)\.?[0-9]{1,2})?", fullmatch=True
    ),
)
def test_any_version_of_a_known_shape(system: str, arch: str, ending: str, version: str) -> None:
    name, tag = f"roadrunner-{version}-{system}-{arch}.{ending}", f"v{version}"
    parsed = parse_asset_name(name, tag)
    expected = "musl" if system == "unknown-musl" else system
    assert (kind_of(name, tag), parsed.platform.slug, parsed.archive) == (
        "server",
        f"{expected}-{arch}",
        ending,
    )


@pytest.mark.parametrize(
    ("name", "os", "arch"),
    [
        # a strong word beats a weak one
        ("tool_Linux_arm64_64bit.tar.gz", "linux", "arm64"),
        ("tool-x86_64-pc-win32.zip", "windows", "amd64"),
        ("tool.win32.exe", "windows", ""),
        ("tool-i686-w64-mingw32.zip", "windows", "386"),
        ("tool-macos-arm64.arm", "darwin", "arm64"),
        # glued words, suffixes and numbers
        ("tool_Linux_x86_64v1.tar.gz", "linux", "amd64"),
        ("tool_linux_amd64v1.tar.gz", "linux", "amd64"),
        ("tool-linuxarm64.tar.gz", "linux", "arm64"),
        ("tool-winarm64.zip", "windows", "arm64"),
        ("tool-linux-arm64bit", "linux", "arm64"),
        ("tool-linux-arm7", "linux", "arm"),
        ("tool_v2darwin_amd64.gz", "darwin", "amd64"),
        ("tool-windows64.zip", "windows", "amd64"),
        ("tool-macos64.zip", "darwin", "amd64"),
        ("tool-msvc64.zip", "windows", "amd64"),
        ("tool-w64.zip", "windows", "amd64"),
        ("tool-woa64.zip", "windows", "arm64"),
        ("tool-win-x32.exe", "windows", "386"),
        # a width alone means the usual processor, behind a system
        ("tool_Linux_64-bit.tar.gz", "linux", "amd64"),
        ("tool_Linux_32-bit.tar.gz", "linux", "386"),
        ("tool-linux-64.zip", "linux", "amd64"),
        ("tool-linux32.zip", "linux", "386"),
        ("tool-fedora-32.tar.gz", "linux", ""),
        ("tool-mac-intel_64.zip", "darwin", "amd64"),
        ("tool-mac-intel.zip", "darwin", "amd64"),
        ("tool_macOSx86_64.tar.gz", "darwin", "amd64"),
        ("tool_osx_x86", "darwin", "amd64"),
        ("tool-intel-linux.zip", "linux", ""),
        # no Mac has a 32-bit ARM processor
        ("tool-mac-arm.gz", "darwin", "arm64"),
        ("tool_darwin_arm", "darwin", "arm64"),
        # two architectures side by side
        ("tool-macos-x86_64-arm64.zip", "darwin", ""),
        ("tool-linux-ppc", "linux", "ppc"),
        ("tool-powerpc-unknown-linux-gnu.tar.gz", "linux", "ppc"),
        # systems by other words and by endings
        ("tool-ubuntu20.04_amd64.tar.gz", "linux", "amd64"),
        ("tool-1.2.pkg", "darwin", ""),
        ("tool-x64.exe.tgz", "windows", "amd64"),
        ("tool_x64.msixbundle", "windows", "amd64"),
        ("app-arm64-v8a-release.apk", "", "arm64"),
        # humps, and a width before the system
        ("ToolWindowsX64.zip", "windows", "amd64"),
        ("Tool-SnapdragonArm64.zip", "", "arm64"),
        ("tool-64-linux", "linux", "amd64"),
        ("tool-linuxnewer64", "linux", "amd64"),
        ("tool_macos_amd_v1.2.1.zip", "darwin", "amd64"),
        # an ABI of 32-bit ARM makes the vague word plain
        ("tool-arm-unknown-linux-gnueabihf.tar.gz", "linux", "arm"),
        ("tool-arm-linux-musleabi", "linux", "arm"),
        ("tool-linux-arm-v7.tar.gz", "linux", "arm"),
        ("tool_linux_arm_6.tar.gz", "linux", "arm"),
        ("tool-armv7-linux-androideabi.zip", "android", "arm"),
    ],
)
def test_words_of_every_kind(name: str, os: str, arch: str) -> None:
    platform = parse_asset_name(name, "v1.2.3").platform
    assert (known_or(platform.os, ""), known_or(platform.arch, "")) == (os, arch)


@pytest.mark.parametrize(
    ("name", "os", "arch"),
    [
        # parts of other words
        ("armor-linux-amd64", "linux", "amd64"),
        ("armor-1.0.zip", "", ""),
        ("alarm.tar.gz", "", ""),
        ("window-manager-linux-arm64", "linux", "arm64"),
        ("window.zip", "", ""),
        ("windowmaker-x64.tar.gz", "", "amd64"),
        ("darwinia-0.1.tar.gz", "", ""),
        ("linuxkit.zip", "", ""),
        ("LinuxKit-0.8.zip", "", ""),
        ("linuxkit-darwin-arm64", "darwin", "arm64"),
        ("x64dbg.zip", "", ""),
        ("winmerge-linux-x64.zip", "linux", "amd64"),
        ("machine-linux-riscv64", "linux", "riscv64"),
        ("macaroon-linux-s390x", "linux", "s390x"),
        ("intelligence-linux", "linux", ""),
        ("helios-linux-arm64", "linux", "arm64"),
        ("charm_0.12.6_Linux_x86_64.tar.gz", "linux", "amd64"),
        ("farm-arm64-linux.zip", "linux", "arm64"),
        ("arm9-linux-amd64", "linux", "amd64"),
        ("386bsd-notes-linux-arm64.tar.gz", "linux", "arm64"),
        ("base64-linux-arm64", "linux", "arm64"),
        ("base64.exe", "windows", ""),
        ("android-tools-linux-x86_64.zip", "linux", "amd64"),
        # versions that look like architectures
        ("tool-386.1.2-linux-arm64", "linux", "arm64"),
        ("tool-386.1.2.zip", "", ""),
        ("tool-v7-linux-arm64", "linux", "arm64"),
        ("tool-v7.zip", "", ""),
        ("tool-64.0.tar.gz", "", ""),
        ("tool-1.64-linux", "linux", ""),
        ("tool-v64-darwin.zip", "darwin", ""),
        ("tool-64-x86.zip", "", ""),
        ("tool-arm-8.2.0-linux-amd64", "linux", "amd64"),
        ("tool-32.1-win.zip", "windows", ""),
        ("tool-fedora-64.tar.gz", "linux", ""),
        # vague words alone
        ("tool_linux_arm", "linux", ""),
        ("tool_manylinux_x86", "linux", ""),
        ("tool-windows-arm.zip", "windows", ""),
        ("tool-x86.exe", "windows", ""),
        ("tool-linux-x32.zip", "linux", "386"),
    ],
)
def test_names_that_mislead(name: str, os: str, arch: str) -> None:
    platform = parse_asset_name(name, "v1.2.3").platform
    assert (known_or(platform.os, ""), known_or(platform.arch, "")) == (os, arch)


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (["tool_linux_arm", "tool_linux_amd64"], ["linux-arm?", "linux-amd64"]),
        (["tool_linux_arm", "tool_linux_aarch64"], ["linux-arm", "linux-arm64"]),
        (["tool_linux_arm", "tool_darwin_arm64"], ["linux-arm?", "darwin-arm64"]),
        (["tool_manylinux_x86", "tool_manylinux_aarch64"], ["linux-x86?", "linux-arm64"]),
        (["tool-x86.exe", "tool-x64.exe"], ["windows-386", "windows-amd64"]),
        (["tool-win32.zip", "tool-win64.zip"], ["windows-386", "windows-amd64"]),
        (["tool-win32.zip", "tool.tar.gz"], ["windows", "?"]),
        (["tool32.exe", "tool64.exe"], ["windows-386", "windows-amd64"]),
        (["tool_32.zip", "tool_64.zip"], ["386", "amd64"]),
        (["base32.exe", "base64.exe"], ["windows", "windows"]),
        (["tool-1.32.tar.gz", "tool-1.64.tar.gz"], ["?", "?"]),
        (["tool_linux_arm", "tool_linux_arm64.sha256"], ["linux-arm?", "?"]),
    ],
)
def test_names_are_read_beside_those_of_their_release(names: list[str], slugs: list[str]) -> None:
    assert [claim.platform.slug for claim in parse_asset_names(names)] == slugs


def test_a_vague_name_fits_both_of_its_platforms() -> None:
    platform = parse_asset_name("tool_linux_arm").platform
    fits = [s for s in ("linux-arm", "linux-arm64", "linux-amd64", "linux") if platform.fits(s)]
    assert fits == ["linux-arm", "linux-arm64"]


def test_the_projects_own_name_is_no_platform() -> None:
    name = "llvm-mingw-20230614-ucrt-x86_64.zip"
    assert parse_asset_name(name, "20230614", "mstorsjo/llvm-mingw").platform.slug == "amd64"
    assert parse_asset_name(name, "20230614").platform.slug == "windows-amd64"


def test_a_tag_that_is_a_number_is_not_cut_out_of_a_word() -> None:
    assert parse_asset_name("tool-linux-x86_64.zip", "v64").platform.slug == "linux-amd64"


@pytest.mark.parametrize(
    "ending",
    ["checksum", "checksums", "sha", "sha256", "sha256sum", "shasum", "dgst", "hash", "md5"],
)
@pytest.mark.parametrize("mark", [".", "-", "_"])
def test_checksums_behind_any_mark(ending: str, mark: str) -> None:
    assert parse_asset_name(f"tool-linux-amd64{mark}{ending}").about
    assert not parse_asset_name(f"tool-{ending}er-linux-amd64").about


@pytest.mark.parametrize("name", ["x.AppImage.zsync", "x.dmg.blockmap", "SHA256SUMS", "checksums"])
def test_other_files_about_files(name: str) -> None:
    assert parse_asset_name(name).about


@pytest.mark.alone
def test_hostile_names_are_parsed_in_linear_time() -> None:
    """Repeated near-matches of every pattern: linear work, far below what a frame may take."""
    import time

    for shape in ("x86_6-" * 50_000, "1.1-" * 50_000, "v1.1.1" * 50_000, ".tar" * 50_000):
        start = time.process_time()
        parse_asset_name(shape, shape)
        assert time.process_time() - start < 0.05 * slowness()
