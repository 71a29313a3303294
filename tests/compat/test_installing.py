"""What a target's package manager can add: the smallest set, held against real runs."""

import json
import shutil
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from explorer.compat import Answer, Verdict, all_targets, find_target, judge
from explorer.compat.exports import Build, library
from explorer.compat.packages import MEMORY, packages_by
from explorer.compat.targets import known_packages, packages_of, stock, with_packages
from explorer.elf import Elf, Payload
from tests.compat import programs
from tests.compat.helpers import Folder, codes, read, read_bytes, verdict
from tests.support import corpus
from tests.support.binaries import GNU, binary
from tests.support.engine import TestEngine

DATA = resources.files("explorer.compat").joinpath("data")
OLD = "gcompat-1.0"
RECORDED = (f"{OLD}+libstdc++", "1.2.5")
"""Packages and musl of the recorded runs that the sets are held against."""
NOWHERE = Folder(Path("/nonexistent"))


def _judged(path: Path, target: str) -> Verdict:
    return judge(read(path), find_target(target), NOWHERE)


def test_the_packages_follow_their_schema() -> None:
    raw = tomllib.loads(DATA.joinpath("packages.toml").read_text("utf-8"))
    jsonschema.validate(raw, json.loads(DATA.joinpath("packages.schema.json").read_text("utf-8")))
    for manager in raw:
        for package in packages_by(manager).values():
            assert package.source, package.name


@pytest.mark.parametrize(
    ("edition", "package", "libraries"),
    [
        ("", "libcurl3-gnutls", {"libcurl-gnutls.so.4"}),
        ("debian-13", "libcurl3t64-gnutls", {"libcurl-gnutls.so.4"}),
        ("debian-sid", "libcurl4-gnutls", {"libcurl-gnutls.so.4"}),
        ("", "libcap2", {"libcap.so.2", "libpsx.so.2"}),
        ("debian-11", "libcap2", {"libcap.so.2"}),
        ("debian-11", "libcap-ng0", {"libcap-ng.so.0"}),
        ("ubuntu-20.04", "libcap2", {"libcap.so.2"}),
    ],
)
def test_a_library_in_debians_releases(edition: str, package: str, libraries: set[str]) -> None:
    assert set(packages_by("apt", edition)[package].libraries) == libraries


def test_every_package_of_a_base_image_is_listed() -> None:
    for target in all_targets():
        listed = {package.name for package in packages_of(target)}
        assert set(stock(target).base) <= listed, target.name


def test_a_library_of_one_list_is_not_in_two_packages_of_it() -> None:
    for target in all_targets():
        places: dict[str, str] = {}
        for package in known_packages(target).values():
            for name in package.libraries if not package.gcompat else ():
                assert places.setdefault(name, package.name) == package.name, target.name


@pytest.mark.parametrize(
    ("needs", "packages"),
    [
        ((), ("gcompat",)),
        (("libgcc_s.so.1",), ("gcompat", "libgcc")),
        (("libstdc++.so.6", "libgcc_s.so.1"), ("gcompat", "libstdc++")),
        (("libcurl.so.4", "libz.so.1", "libssl.so.3"), ("gcompat", "libcurl")),
        (("libresolv.so.2", "libcrypt.so.1"), ("gcompat",)),
    ],
)
def test_the_smallest_set_for_a_glibc_program(
    needs: tuple[str, ...], packages: tuple[str, ...]
) -> None:
    seen = _judged(programs.program_of(*needs, target=GNU), "alpine-3.23")
    assert (seen.answer, seen.packages) == (Answer.YES_IF, packages), seen.deciding
    assert seen.install == f"apk add {' '.join(packages)}" == seen.deciding.short
    assert seen.unaided is Answer.NO
    for left_out in packages:
        fewer = tuple(name for name in packages if name != left_out)
        target = with_packages(find_target("alpine-3.23"), fewer)
        without = judge(read(programs.program_of(*needs, target=GNU)), target, NOWHERE)
        assert without.unaided is not Answer.YES, left_out


def test_a_musl_program_needs_its_libraries_only() -> None:
    seen = _judged(programs.program_of("libz.so.1", "libzstd.so.1", "liblzma.so.5"), "alpine-3.23")
    assert (seen.answer, seen.packages) == (Answer.YES_IF, ("zstd-libs", "xz-libs"))
    assert "the package database of Alpine 3.23" in seen.deciding.evidence


def test_what_is_known_from_memory_is_marked() -> None:
    seen = _judged(programs.program_of("libpq.so.5"), "alpine-3.23")
    assert seen.packages == ("libpq",)
    assert "general knowledge, no package database" in seen.deciding.evidence
    assert packages_by("apk")["libpq"].source == MEMORY


def test_a_function_that_no_package_has_stays_a_no_that_says_so() -> None:
    seen = verdict("c-fcntl64", "alpine-3.24")
    assert (seen.answer, seen.deciding.code) == (Answer.NO, "elf.interp.glibc")
    assert not seen.packages
    advice = next(reason for reason in seen.reasons if reason.code == "advice.packages")
    assert "“apk add gcompat” would not be enough" in advice.text
    assert "fcntl64" in advice.text


def test_a_library_of_an_unlisted_package_stays_a_no() -> None:
    seen = _judged(programs.program_of("libnobodys.so.7", target=GNU), "alpine-3.24")
    assert seen.answer is Answer.NO
    assert "libnobodys.so.7" in next(r.text for r in seen.reasons if r.code == "advice.packages")


@pytest.mark.parametrize("recipe", ["c-object", "go-windows", "c-textrel-musl", "upx-dynamic"])
def test_what_no_package_changes_is_left_alone(recipe: str) -> None:
    seen = verdict(recipe, "alpine-3.24")
    assert seen.answer is Answer.NO
    assert not {"target.packages", "advice.packages"} & set(codes(seen))


@pytest.mark.parametrize("target", ["musl-1.2.5", "scratch"])
def test_where_nothing_can_be_installed_no_package_is_named(target: str) -> None:
    seen = verdict("c-glibc", target)
    assert (seen.answer, seen.packages, seen.install) == (Answer.NO, (), "")


def test_with_its_packages_the_target_is_a_yes() -> None:
    seen = _judged(programs.program_of("libcurl.so.4", target=GNU), "alpine-3.23+gcompat+libcurl")
    assert seen.answer is Answer.YES, seen.deciding
    assert seen.target.name == "alpine-3.23+gcompat+libcurl"


@pytest.mark.parametrize("name", ["libz.so.1", "libcrypto.so.3", "libssl.so.3"])
@pytest.mark.parametrize("release", ["3.17", "3.20", "3.23", "3.24"])
def test_what_alpines_base_image_holds_is_known(name: str, release: str) -> None:
    seen = _judged(programs.program_of(name), f"alpine-{release}")
    assert seen.answer is Answer.YES, seen.deciding
    assert _judged(programs.program_of(name), "musl-1.2.5").answer is Answer.NO


@pytest.mark.parametrize(
    ("needs", "target", "install", "unaided"),
    [
        (("libcurl.so.4", "libz.so.1"), "debian-12", "apt-get install libcurl4", "no"),
        (("libcurl.so.4",), "debian-13", "apt-get install libcurl4t64", "unknown"),
        (("libcurl.so.4",), "ubuntu-24.04", "apt-get install libcurl4t64", "unknown"),
        (("libcurl.so.4",), "ubuntu-22.04", "apt-get install libcurl4", "unknown"),
        (("libgcc_s.so.1",), "wolfi", "apk add libgcc", "unknown"),
        (("libgomp.so.1",), "rhel-10", "dnf install libgomp", "unknown"),
    ],
)
def test_glibc_distributions_have_their_own_packages(
    needs: tuple[str, ...], target: str, install: str, unaided: str
) -> None:
    seen = _judged(programs.program_of(*needs, target=GNU), target)
    assert (seen.answer, seen.install) == (Answer.YES_IF, install), seen.deciding
    assert seen.unaided.value == unaided


@pytest.mark.parametrize(
    ("name", "target", "answer"),
    [
        ("libssl.so.3", "debian-13", Answer.YES),
        ("libssl.so.3", "distroless-base", Answer.YES),
        ("libcurl.so.4", "distroless-base", Answer.NO),
        ("libgcc_s.so.1", "distroless-base", Answer.NO),
        ("libgcc_s.so.1", "distroless-cc", Answer.YES),
        ("libdl.so.2", "busybox-glibc", Answer.UNKNOWN),
        ("libm.so.6", "busybox-glibc", Answer.YES),
        ("libz.so.1", "debian-12", Answer.YES),
        ("libz.so.1", "void-musl", Answer.NO),
        ("libm.so.6", "distroless-static", Answer.NO),
    ],
)
def test_what_other_images_hold(name: str, target: str, answer: Answer) -> None:
    assert _judged(programs.program_of(name, target=GNU), target).answer is answer


@pytest.mark.parametrize(
    ("target", "answer"),
    [("debian-12", Answer.YES_IF), ("debian-11", Answer.NO), ("distroless-cc", Answer.NO)],
)
def test_a_musl_program_on_debian_needs_its_package_of_musl(target: str, answer: Answer) -> None:
    seen = verdict("c-musl", target)
    assert seen.answer is answer
    assert (seen.install == "apt-get install musl") is (answer is Answer.YES_IF)


def test_a_version_that_a_packaged_library_lacks() -> None:
    program, _ = programs.versioned("libz.so.1", "ZLIB_9.9")
    answers = {
        target: _judged(program, target).answer
        for target in ("debian-11", "debian-12", "debian-13", "rhel-8")
    }
    assert answers.pop("debian-12") is Answer.NO
    assert set(answers.values()) == {Answer.UNKNOWN}
    listed, _ = programs.versioned("libz.so.1", "ZLIB_1.2.9")
    assert _judged(listed, "debian-12").answer is Answer.YES
    assert _judged(listed, "debian-13").answer is Answer.YES
    assert _judged(listed, "rhel-8").answer is Answer.UNKNOWN


def test_a_function_of_a_later_openssl_is_missing_in_an_earlier_one() -> None:
    """SSL_get0_iana_groups came with OpenSSL 3.3, EVP_KDF_CTX_set_SKEY with 3.6: not listed."""
    new, listed = "SSL_set_quic_tls_cbs", "SSL_new"
    for upto, release, there in (("3.1", "3.19", False), ("3.5", "3.23", True)):
        names = library("libssl.so.3", Build("amd64", upto=upto, release=release))
        assert names is not None
        assert names.closed
        assert (new in names.names) is there
        assert listed in names.names
    newer = library("libssl.so.3", Build("amd64", release="3.24"))
    older = library("libcurl.so.4", Build("amd64", release="3.20"))
    assert newer is not None
    assert older is not None
    assert not newer.closed
    assert "curl_easy_init" in older.unsure


@pytest.mark.skipif(
    not corpus.local(),
    reason="no published programs here: python -m tests.support.corpus fetches them",
)
def test_the_set_is_the_one_that_published_programs_ran_with() -> None:
    """Where gcompat, libgcc and libstdc++ were there, it started exactly where yes-if says so."""
    wrong, decided = [], 0
    for program in corpus.local():
        runs = [r.started for r in program.observed if (r.packages, r.musl) == RECORDED]
        if not runs or program.path is None:
            continue
        root = program.folder / "files"
        around = Folder(root, program.path.parent.relative_to(root).as_posix())
        facts = read(program.path)
        versions = [find_target(f"musl-1.2.5+{one}+libstdc++") for one in ("gcompat", OLD)]
        if len({judge(facts, one, around).answer for one in versions}) > 1:
            continue  # the record is of gcompat 1.0
        seen = judge(facts, find_target("alpine-3.23"), around)
        decided += 1
        if (seen.answer in (Answer.YES, Answer.YES_IF)) is not runs[0]:
            wrong.append((program.id, seen.answer, seen.deciding.text))
    assert decided
    assert not wrong, f"{len(wrong)} of {decided}"


def test_the_program_inside_a_launcher_gets_its_packages() -> None:
    launcher = read_bytes(binary("go-static-amd64").read_bytes() + b"\x1f\x8b".ljust(9999, b"\1"))
    assert isinstance(launcher.elf, Elf)
    assert isinstance(launcher.elf.payload, Payload)
    payload = replace(launcher.elf.payload, program=read(binary("c-glibc")))
    whole = replace(launcher, elf=replace(launcher.elf, payload=payload))
    seen = judge(whole, find_target("alpine-3.23"))
    assert (seen.answer, seen.packages) == (Answer.YES_IF, ("gcompat",))
    assert "The launcher starts" in seen.deciding.text


@pytest.mark.parametrize("name", ["a" * 5000, "../libz.so.1", "libc.musl", "\x00.so.1", ""])
def test_a_hostile_library_name_is_no_path_to_a_list(name: str) -> None:
    assert library(name, Build("amd64")) is None


def test_debian_with_its_package_of_musl_is_a_target() -> None:
    seen = verdict("c-musl", "debian-12+musl")
    assert (seen.answer, seen.target.name) == (Answer.YES, "debian-12+musl")
    assert verdict("c-glibc", "debian-12+musl").answer is Answer.YES
    assert verdict("c-relr-musl", "debian-12+musl").answer is Answer.NO, "it has musl 1.2.3"


@pytest.mark.container
@pytest.mark.parametrize("has_it", [True, False])
def test_the_named_package_is_what_makes_it_start(
    has_it: bool, engine: TestEngine, tmp_path: Path
) -> None:
    """The same program in an image with the package's files and in one without."""
    program = tmp_path / "program"
    shutil.copyfile(programs.program_of("libgcc_s.so.1"), program)
    program.chmod(0o755)
    seen = _judged(program, "alpine-3.22")
    assert (seen.packages, seen.unaided) == (("libgcc",), Answer.NO)
    image = engine.musl("amd64", "1.2.5", libgcc=has_it)
    made = engine.run("create", "--network=none", "--entrypoint", "/program", image)
    assert made.returncode == 0, made.stderr
    name = made.stdout.strip()
    try:
        assert engine.run("cp", str(program), f"{name}:/program").returncode == 0
        done = engine.run("start", "--attach", name)
    finally:
        engine.run("rm", "--force", name)
    assert (done.returncode == 0) is has_it, done.stderr
