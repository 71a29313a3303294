"""What an image is, and for which target a proof in it counts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.compat import find_target
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.verify import Image, ImageSystem, Result, proof_elsewhere, proof_for, target_of
from explorer.verify.image_system import installed_packages, os_release
from tests.support.engine import TestEngine
from tests.support.proofs import IMAGE, make_proof
from tests.verify.conftest import Prover, act


def image(
    os: str, version: str, libc: str, libc_version: str = "", reference: str = "corp/base"
) -> Image:
    known = libc_version or Unknown("not told")
    system = ImageSystem(os, version, f"{os} {version}", libc, known)
    return Image(reference, "sha256:1", NotApplicable("local"), empty=False, system=system)


@pytest.mark.parametrize(
    ("made", "asked", "chosen", "counts"),
    [
        (image("alpine", "3.22.1", "musl", "1.2.5"), "alpine-3.24", False, "alpine-3.22"),
        (image("alpine", "3.22.1", "musl", "1.2.5"), "debian-12", True, "alpine-3.22"),
        (image("alpine", "3.22.1", "musl", "1.2.5"), "alpine-3.22", False, "alpine-3.22"),
        (
            image("alpine", "3.22.1", "musl", "1.2.5"),
            "alpine-3.22+gcompat",
            True,
            "alpine-3.22+gcompat",
        ),
        (image("debian", "12", "glibc", "2.36"), "alpine-3.24", True, "debian-12"),
        (image("ubuntu", "24.04", "glibc", "2.39"), "ubuntu-24.04", False, "ubuntu-24.04"),
        (image("amzn", "2023", "glibc", "2.34"), "debian-12", False, "amazonlinux-2023"),
        (image("wolfi", "", "musl", "1.2.5"), "alpine-3.22", False, "musl-1.2.5"),
        (image("wolfi", "", "musl", "1.2.5"), "alpine-3.22", True, "alpine-3.22"),
        (image("wolfi", "", "musl", "1.2.5"), "alpine-3.24", True, "musl-1.2.5"),
        (image("fedora", "42", "glibc", "2.41"), "debian-12", True, None),
        (image("fedora", "42", "glibc", "2.41"), "debian-13", True, "debian-13"),
        (image("fedora", "42", "glibc", "2.41"), "debian-13", False, None),
        (image("", "", "none"), "alpine-3.24", False, "scratch"),
        (replace(IMAGE, empty=True), "alpine-3.24", True, "scratch"),
        (Unknown("the engine does not tell"), "alpine-3.24", True, None),
        (replace(IMAGE, system=Unknown("no cp")), "alpine-3.22", False, "alpine-3.22"),
        (replace(IMAGE, system=Unknown("no cp")), "debian-12", False, None),
    ],
)
def test_the_image_decides_which_target_it_is(
    made: Image | Unknown, asked: str, chosen: bool, counts: str | None
) -> None:
    target = target_of(made, find_target(asked), chosen=chosen)
    assert (target.name if target else None) == counts


def test_a_proof_is_found_by_the_target_it_counts_for() -> None:
    other = make_proof(target="musl-1.2.5", platform="linux/amd64")
    nothing = make_proof(result=Result.NOT_RUN)
    alpine = make_proof()
    proofs = (other, nothing, alpine)
    assert proof_for(proofs, "alpine-3.22") is alpine
    assert proof_for(proofs, find_target("alpine-3.22/arm64")) is alpine
    assert proof_for(proofs, "alpine-3.22/amd64") is None
    assert proof_for(proofs, "musl-1.2.5/amd64") is other
    assert proof_for(proofs, "debian-12") is None
    assert proof_for((make_proof(target=""),), "") is None
    assert proof_elsewhere((nothing, alpine)) is alpine


def test_os_release_is_read_as_a_shell_would() -> None:
    text = b'# a comment\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\nX=\'a\n'
    assert os_release(text) == {
        "ID": "alpine",
        "VERSION_ID": "3.22.1",
        "PRETTY_NAME": "Alpine Linux v3.22",
    }


@given(st.binary(max_size=300))
def test_any_bytes_are_an_os_release(data: bytes) -> None:
    assert all(len(value) <= 200 for value in os_release(data).values())


@pytest.mark.container
@pytest.mark.parametrize(
    ("arch", "libc", "version"),
    [
        ("amd64", "musl", "1.2.3"),
        ("arm64", "musl", "1.2.5"),
        ("amd64", "glibc", "2.36"),
        ("amd64", "glibc", "2.41"),
    ],
)
async def test_an_image_is_read_without_running_anything_of_it(
    arch: str, libc: str, version: str, engine: TestEngine, proved: Prover
) -> None:
    reference = getattr(engine, libc)(arch, version)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[arch]
    proof = await proved(act(machine), arch=arch, image=reference, static=True)
    assert not isinstance(proof.image, MISSING)
    system = proof.image.system
    assert not isinstance(system, MISSING)
    assert (system.id, system.libc, system.libc_version) == ("rr-explorer-test", libc, version)
    assert len(system.loaders) == 1
    assert ("musl" in system.loaders[0]) is (libc == "musl")


@pytest.mark.container
async def test_an_empty_image_has_no_system(proved: Prover) -> None:
    proof = await proved(act(), image="", static=True)
    assert not isinstance(proof.image, MISSING)
    assert not isinstance(proof.image.system, MISSING)
    assert (proof.image.system.libc, proof.image.system.loaders) == ("none", ())


def test_the_databases_of_apk_and_dpkg_name_the_packages() -> None:
    apk = b"C:Q1\nP:musl\nV:1.2.5-r23\np:so:libc.musl-x86_64.so.1=1\n\nP:gcompat\nV:1.1.0\n"
    dpkg = (
        b"Package: libc6\nStatus: install ok installed\n\n"
        b"Package: gone\nStatus: deinstall ok config-files\n"
    )
    assert installed_packages(apk, dpkg) == ("gcompat", "libc6", "musl")


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_damaged_database_names_nothing_harmful(apk: bytes, dpkg: bytes) -> None:
    for name in installed_packages(apk, dpkg):
        assert name.isprintable()
        assert name.isascii()
