"""The tests' own engine and images are what they say they are."""

import pytest

from tests.support.engine import TestEngine


@pytest.mark.container
@pytest.mark.parametrize(("arch", "machine"), [("amd64", "x86_64"), ("arm64", "aarch64")])
@pytest.mark.parametrize("version", ["1.2.3", "1.2.5"])
def test_a_musl_image_holds_the_musl_it_names(
    engine: TestEngine, arch: str, machine: str, version: str
) -> None:
    reference = engine.musl(arch, version)
    ran = engine.run(
        "run",
        "--rm",
        "--network=none",
        *engine.run_args,
        f"--platform=linux/{arch}",
        reference,
        "ldd",
    )
    assert f"musl libc ({machine})\nVersion {version}" in ran.stderr


@pytest.mark.container
def test_a_glibc_image_holds_the_glibc_it_names(engine: TestEngine) -> None:
    reference = engine.glibc("amd64")
    words = (
        "run",
        "--rm",
        "--network=none",
        *engine.run_args,
        reference,
        "/lib64/ld-linux-x86-64.so.2",
        "--version",
    )
    assert "2.36" in engine.run(*words).stdout
