"""Targets and exports: what is shipped is whole, and what is asked for by name is found."""

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from explorer.compat import (
    Answer,
    Libc,
    all_targets,
    default_target,
    find_target,
    judge,
    target_for_image,
)
from explorer.compat.exports import Build, library, musl, version_key
from explorer.errors import UsageError
from tests.compat.helpers import read
from tests.support.binaries import binary

DATA = resources.files("explorer.compat").joinpath("data")


def test_the_data_follow_their_schema_and_refer_to_what_is_there() -> None:
    raw = tomllib.loads(DATA.joinpath("targets.toml").read_text("utf-8"))
    jsonschema.validate(raw, json.loads(DATA.joinpath("targets.schema.json").read_text("utf-8")))
    names = [target["name"] for target in raw["target"]]
    assert len(names) == len(set(names))
    assert {raw["default"], *raw["across"], *raw["aliases"].values()} <= set(names)
    packages = set(raw["packages"])
    assert {name for sets in raw["flavours"].values() for one in sets for name in one} <= packages
    assert {name for target in raw["target"] for name in target.get("stock", ())} <= packages
    images = [image for target in raw["target"] for image in target.get("images", ())]
    assert len(images) == len(set(images))


def test_the_front_door_is_light() -> None:
    """A fresh interpreter: the models alone, neither the rules nor a parser."""
    heavy = [
        "elftools",
        "httpx",
        "diskcache",
        "textual",
        "tomllib",
        "explorer.compat.judging",
        "explorer.elf.reader",
    ]
    code = f"import explorer.compat, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_listed_target_is_found_by_its_own_name() -> None:
    listed = all_targets()
    assert len(listed) >= 30
    assert len({target.name for target in listed}) == len(listed)
    for target in listed:
        assert find_target(target.name) == target


MUSL_OF_ALPINE = {
    **dict.fromkeys(("3.20", "3.21", "3.22", "3.23"), "1.2.5"),
    "3.17": "1.2.3",
    "3.18": "1.2.4",
    "3.19": "1.2.4",
    "3.24": "1.2.6",
    "edge": "1.2.6",
}


@pytest.mark.parametrize("release", MUSL_OF_ALPINE)
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_an_alpine_release_is_judged_by_its_musl(release: str, arch: str) -> None:
    """The same answers as plain musl of that version, from a complete list of exports."""
    alpine, plain = find_target(f"alpine-{release}"), find_target(f"musl-{MUSL_OF_ALPINE[release]}")
    assert alpine.libc_version == plain.libc_version == MUSL_OF_ALPINE[release]
    assert alpine.image == f"alpine:{release}"
    assert alpine.title == f"Alpine {release} (musl {alpine.libc_version})"
    listed = musl(alpine.libc_version, arch)
    assert listed.closed
    assert len(listed.names) > 1600
    assert len(listed.unsure) < 10
    for program in ("c-musl", "c-relr-musl", "c-glibc", "go-static-amd64"):
        facts = read(binary(program))
        assert judge(facts, alpine).unaided is judge(facts, plain).answer


def test_every_alpine_release_is_held_to_its_musl() -> None:
    assert {
        t.name for t in all_targets() if t.name.startswith("alpine-") and "+" not in t.name
    } == {f"alpine-{r}" for r in MUSL_OF_ALPINE}


def test_the_default_is_musl_without_packages() -> None:
    assert default_target().libc is Libc.MUSL
    assert not default_target().packages
    assert default_target().image.startswith("alpine:")


@pytest.mark.parametrize(
    ("name", "found", "packages"),
    [
        ("alpine-3.22", "alpine-3.22", set()),
        ("Alpine-3.22+GCOMPAT", "alpine-3.22+gcompat", {"gcompat"}),
        ("alpine:3.22", "alpine-3.22", set()),
        ("musl-1.2.5+libstdc++", "musl-1.2.5+libstdc++", {"libgcc", "libstdc++"}),
        (
            "musl-1.2.5+gcompat+libstdc++",
            "musl-1.2.5+libstdc+++gcompat",
            {"libgcc", "libstdc++", "gcompat"},
        ),
        ("musl", "musl-1.2.5", set()),
        ("scratch", "scratch", set()),
        ("debian:12-slim", "debian-12", {"libgcc", "libstdc++"}),
    ],
)
def test_names_compose(name: str, found: str, packages: set[str]) -> None:
    target = find_target(name)
    assert (target.name, set(target.packages)) == (found, packages)
    assert find_target(target.name) == target


@pytest.mark.parametrize(
    ("name", "found", "arch"),
    [
        ("alpine-3.22/arm64", "alpine-3.22/arm64", "arm64"),
        ("alpine/aarch64", "alpine-3.24/arm64", "arm64"),
        ("alpine:3.22/x86_64", "alpine-3.22/amd64", "amd64"),
        ("musl-1.2.5+gcompat+libstdc++/AMD64", "musl-1.2.5+libstdc+++gcompat/amd64", "amd64"),
        ("ubi9/ubi/s390x", "rhel-9/s390x", "s390x"),
        ("scratch/riscv64", "scratch/riscv64", "riscv64"),
    ],
)
def test_an_architecture_can_be_named(name: str, found: str, arch: str) -> None:
    target, plain = find_target(name), find_target(found.rpartition("/")[0])
    assert (target.name, target.arch) == (found, arch)
    assert find_target(target.name) == target
    assert replace(target, name=plain.name, arch="") == plain


@pytest.mark.parametrize("named", ["alpine-3.22+libstdc++", "debian-12", "scratch"])
@pytest.mark.parametrize(
    "program", ["c-needs", "c-musl", "cpp-glibc", "c-relr-musl", "go-static-amd64"]
)
def test_only_another_architecture_than_the_binary_s_is_a_no(named: str, program: str) -> None:
    facts = read(binary(program))
    own, plain = judge(facts, find_target(f"{named}/amd64")), judge(facts, find_target(named))
    assert replace(own, target=plain.target) == plain
    other = judge(facts, find_target(f"{named}/arm64"))
    assert (other.answer, other.deciding.code) == (Answer.NO, "elf.arch")


@pytest.mark.parametrize(
    "name",
    [
        "alpin-3.22",
        "alpine-3.22/vax",
        "/arm64",
        "",
        "+",
        "alpine-3.22+nonsense",
        "debian-12+gcompat",
        "scratch+libgcc",
        "\x1b[31m",
        "a" * 5000,
    ],
)
def test_an_unknown_name_is_a_usage_error_with_a_remedy(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_target(name)
    assert caught.value.remedy


def test_a_near_match_is_named() -> None:
    with pytest.raises(UsageError, match=r"alpine-3\.22"):
        find_target("alpin-3.22")


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("alpine:3.22", "alpine-3.22"),
        ("alpine:3.22.1", "alpine-3.22"),
        ("alpine:3.22@sha256:" + "a" * 64, "alpine-3.22"),
        ("registry.example/library/alpine:3.21", "alpine-3.21"),
        ("alpine:3.2", None),
        ("someone/alpine:3.22", None),
        ("debian:bookworm-slim", "debian-12"),
        ("ubuntu:22.04", "ubuntu-22.04"),
        ("amazonlinux:2023", "amazonlinux-2023"),
        ("registry.example/ubi9/ubi:9.4", "rhel-9"),
        ("scratch", "scratch"),
        ("", None),
        ("alpine", "alpine-3.24"),
    ],
)
def test_images_name_targets(reference: str, name: str | None) -> None:
    target = target_for_image(reference)
    assert (target.name if target else None) == name


def test_versions_compare_as_numbers() -> None:
    assert version_key("2.9") < version_key("2.36") < version_key("2.36.1")
    assert version_key("1.x.\u0663") == (1, 0, 0)


class TestMuslExports:
    def test_64_bit_names_are_private_from_musl_1_2_4_on(self) -> None:
        for version in ("1.2.3", "1.2.4", "1.2.5", "1.2.6"):
            for arch in ("amd64", "arm64"):
                names = musl(version, arch).names
                assert {"malloc", "open64", "readdir64_r", "fopen64", "prlimit64"} <= names
                assert "fcntl64" not in names | musl(version, arch).unsure

    @pytest.mark.parametrize(
        ("version", "there"), [("1.2.3", True), ("1.2.4", False), ("1.2.5", False), ("1.2.6", True)]
    )
    def test_posix_fallocate64_was_missed_by_two_versions(self, version: str, there: bool) -> None:
        assert ("posix_fallocate64" in musl(version, "amd64").names) is there
        assert there or "posix_fallocate64" not in musl(version, "amd64").unsure

    def test_a_version_between_two_lists_doubts_where_they_disagree(self) -> None:
        between = musl("1.2.4", "amd64")
        assert "statx" in between.unsure
        assert "statx" not in between.names
        assert "1.2.3 and 1.2.5" in between.source

    def test_another_architecture_is_never_closed(self) -> None:
        assert not musl("1.2.5", "riscv64").closed
        assert "malloc" in musl("1.2.5", "riscv64").names

    def test_the_lists_are_whole(self) -> None:
        assert 1500 < len(musl("1.2.5", "amd64").names) < 1900
        listed = library("libstdc++.so.6", Build("arm64"))
        assert listed is not None
        assert "_ZSt4cout" in listed.names
        assert library("libnothing.so.1", Build("amd64")) is None
        compat = library("libgcompat.so.0", Build("amd64", gcompat="1.1.0"))
        assert compat is not None
        assert {"__fprintf_chk", "gnu_get_libc_version"} <= compat.names
