"""Advice, and its lines run as printed: the Dockerfile builds, the shell lines work.

The lines that build a program are in test_build_lines.
"""

import asyncio
import dataclasses
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from explorer.compat import Answer
from explorer.errors import FormatError, UsageError
from explorer.report.advice import Snippet, snippets
from explorer.settings import Settings
from explorer.workbench import Advice, Depth, Workbench
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary, compiler_environment
from tests.support.engine import TestEngine
from tests.support.github import GitHub
from tests.verify.test_pull import Registry, allow, registry
from tests.workbench.conftest import TAG, VERSION, archive_name, packed, rr

__all__ = ["registry"]  # the fixture


def named(advice: Advice, key: str) -> Snippet:
    """The snippet with this key."""
    return next(s for s in snippets(advice) if s.key == key)


def shell(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines as a user who pastes them; the first that fails ends it."""
    folder.mkdir(exist_ok=True)
    env = {
        **os.environ,
        **compiler_environment(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["sh", "-eu", "-c", lines], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


async def test_the_plain_linux_file_is_advised_without_a_musl_file(
    bench: Workbench,
) -> None:
    advice = await bench.advise("latest", "aarch64", "musl")
    assert advice.chosen is not None
    assert advice.chosen.asset.name == archive_name("arm64")
    assert advice.chosen.answer is Answer.YES
    assert advice.sha256_from == "api"
    assert "static" in advice.why


async def test_both_files_are_named_if_both_work(github: GitHub, tmp_path: Path) -> None:
    musl = f"roadrunner-{VERSION}-unknown-musl-amd64.tar.gz"
    github.add_release(
        TAG,
        assets={n: packed(rr(), n.removesuffix(".tar.gz")) for n in (archive_name("amd64"), musl)},
    )
    bench = Workbench(Settings(api_url=github.api_url, cache_dir=tmp_path))
    advice = await bench.advise(TAG, "amd64", "musl")
    await bench.aclose()
    assert advice.chosen is not None
    assert advice.chosen.asset.name == archive_name("amd64")
    assert musl in advice.why


async def test_a_digest_that_github_lacks_is_computed(github: GitHub, tmp_path: Path) -> None:
    data = packed(rr(), f"roadrunner-{VERSION}-linux-amd64")
    github.add_release(TAG, assets={archive_name("amd64"): data}, digests=False)
    bench = Workbench(Settings(api_url=github.api_url, cache_dir=tmp_path))
    advice = await bench.advise(TAG, "amd64", "musl")
    await bench.aclose()
    assert advice.sha256_from == "download"
    assert str(advice.sha256) in named(advice, "dockerfile").text
    assert "no digest" in named(advice, "dockerfile").note


async def test_an_unknown_libc_is_a_usage_error(bench: Workbench) -> None:
    with pytest.raises(UsageError, match="uclibc"):
        await bench.advise("latest", "arm64", "uclibc")


async def test_the_shell_lines_run(bench: Workbench, tmp_path: Path) -> None:
    advice = await bench.advise("latest", "amd64", "musl")
    done = await asyncio.to_thread(
        shell, named(advice, "shell").text + "./rr --version", tmp_path / "shell"
    )
    assert done.returncode == 0, done.stderr
    assert f"rr version {VERSION}" in done.stdout


@pytest.mark.parametrize("look", ["peek", "inspect"])
async def test_an_earlier_look_does_not_change_the_lines(bench: Workbench, look: str) -> None:
    fresh = snippets(await bench.advise("latest", "amd64", "musl"))
    subject = await bench.resolve(f"{TAG}/{archive_name('amd64')}")
    await (bench.look(subject) if look == "peek" else bench.look(subject, depth=Depth.WHOLE))
    assert snippets(await bench.advise("latest", "amd64", "musl")) == fresh
    assert "tar -xzOf" in fresh[0].text


async def test_the_shell_lines_refuse_other_bytes(
    bench: Workbench, served: GitHub, tmp_path: Path
) -> None:
    advice = await bench.advise("latest", "amd64", "musl")
    served.replace_asset(TAG, archive_name("amd64"), packed(rr("arm64"), "x"))
    done = await asyncio.to_thread(shell, named(advice, "shell").text, tmp_path / "shell")
    assert done.returncode != 0
    assert not (tmp_path / "shell" / "rr").exists()


@pytest.fixture
async def dynamic(github: GitHub, tmp_path: Path) -> Advice:
    """Advice on a release without a working file; the server has its sources."""
    name = archive_name("amd64")
    members = roadrunner_members(binary("c-fcntl64"))
    github.add_release(
        TAG, assets={name: make_archive("tar.gz", name.removesuffix(".tar.gz"), members)}
    )
    bench = Workbench(Settings(api_url=github.api_url, cache_dir=tmp_path / "cache"))
    advice = await bench.advise(TAG, "amd64", "musl")
    await bench.aclose()
    return advice


async def test_without_a_working_file_it_says_why_and_how_to_build(dynamic: Advice) -> None:
    assert dynamic.chosen is None
    assert "glibc" in dynamic.why
    assert [s.key for s in snippets(dynamic)] == ["build-go", "build-buildx", "build-actions"]
    assert "ubuntu-24.04" in named(dynamic, "build-actions").text
    assert "--platform linux/amd64" in named(dynamic, "build-buildx").text


def build_and_run(engine: TestEngine, snippet: Snippet, folder: Path) -> str:
    """Build the Dockerfile, run its program and return the output; the image is removed."""
    (folder / "Dockerfile").write_text(snippet.text)
    mine = (
        f"localhost/rr-explorer-test/advised:{uuid.uuid4().hex[:12]}"  # tests run at the same time
    )
    tags = {f"{mine}-{name}": words for name, words in (("stage", ("--target", "rr")), ("all", ()))}
    try:
        for (
            tag,
            words,
        ) in tags.items():  # the stage has a name of its own, so that it can be removed
            built = engine.run(
                "build", "--network=host", *words, "--tag", tag, str(folder), timeout=120
            )
            assert built.returncode == 0, built.stdout + built.stderr
        ran = engine.run("run", "--rm", "--network=none", *engine.run_args, tag, "rr", "--version")
        assert ran.returncode == 0, ran.stderr
        return ran.stdout
    finally:
        engine.run("rmi", "--force", *reversed(tags))


@pytest.mark.container
@pytest.mark.parametrize("base", ["musl-amd64", "alpine-amd64", "alpine-arm64"])
async def test_the_dockerfile_builds_and_its_program_runs(
    base: str, served: GitHub, engine: TestEngine, tmp_path: Path
) -> None:
    """On musl laid out as on Alpine, and on Alpine itself: its wget, sha256sum and tar."""
    name, _, arch = base.partition("-")
    image = engine.musl(arch) if name == "musl" else engine.alpine(arch)
    bench = Workbench(Settings(api_url=served.api_url, cache_dir=tmp_path / "cache", image=image))
    advice = await bench.advise("latest", arch, "musl")
    await bench.aclose()
    (tmp_path / "build").mkdir()
    assert f"rr version {VERSION}" in await asyncio.to_thread(
        build_and_run, engine, named(advice, "dockerfile"), tmp_path / "build"
    )
    assert f"FROM {image}\n" in named(advice, "dockerfile").text
    assert "A proof in that image pins it by digest" in named(advice, "dockerfile").note


@pytest.mark.container
async def test_the_dockerfile_is_pinned_to_the_image_of_the_proof(
    served: GitHub, engine: TestEngine, registry: Registry, tmp_path: Path
) -> None:
    with registry.served() as address:
        image = allow(address, tmp_path)
        settings = Settings(api_url=served.api_url, cache_dir=tmp_path / "cache", image=image)
        bench = Workbench(
            dataclasses.replace(
                settings,
                engine=engine.name,
                engine_args=engine.engine_args,
                run_args=engine.run_args,
            )
        )
        try:
            await bench.verify(
                await bench.look(
                    await bench.resolve(f"{TAG}/{archive_name('amd64')}"), depth=Depth.WHOLE
                )
            )
            snippet = named(await bench.advise("latest", "amd64", "musl"), "dockerfile")
            pinned = f"FROM {image}@{registry.tag}"
            assert [line for line in snippet.text.splitlines() if line.startswith("FROM")] == [
                f"{pinned} AS rr",
                pinned,
            ]
            assert snippet.note == "The file is pinned by its sha256, the image by its digest."
            (tmp_path / "build").mkdir()
            assert f"rr version {VERSION}" in await asyncio.to_thread(
                build_and_run, engine, snippet, tmp_path / "build"
            )
        finally:
            await bench.aclose()
            engine.run("image", "rm", "--force", image)


@pytest.mark.container
async def test_the_dockerfile_for_glibc_fetches_in_alpine(
    served: GitHub, engine: TestEngine, tmp_path: Path
) -> None:
    settings = Settings(
        api_url=served.api_url,
        cache_dir=tmp_path / "cache",
        target="debian-12",
        image=engine.glibc("amd64"),
    )
    bench = Workbench(settings)
    snippet = named(await bench.advise("latest", "amd64", "glibc"), "dockerfile")
    await bench.aclose()
    froms = [line for line in snippet.text.splitlines() if line.startswith("FROM")]
    assert froms == ["FROM alpine:3.24 AS rr", f"FROM {settings.image}"]
    (tmp_path / "build").mkdir()
    here = dataclasses.replace(
        snippet, text=snippet.text.replace("alpine:3.24", engine.musl("amd64"))
    )  # no registry to pull it from
    assert f"rr version {VERSION}" in await asyncio.to_thread(
        build_and_run, engine, here, tmp_path / "build"
    )


@pytest.mark.parametrize(
    ("target", "image", "libc", "froms", "install"),
    [
        ("", "", "musl", ("alpine:3.24", "alpine:3.24"), ""),
        ("alpine-3.22", "", "musl", ("alpine:3.22", "alpine:3.22"), ""),
        (
            "alpine-3.22+libgcc+libstdc++",
            "",
            "musl",
            ("alpine:3.22", "alpine:3.22"),
            "RUN apk add --no-cache libgcc libstdc++",
        ),
        ("musl-1.2.3", "", "musl", ("alpine:3.17", "alpine:3.17"), ""),
        ("alpine-3.22+gcompat", "mine:1", "musl", ("mine:1", "mine:1"), ""),
        ("", "mine:1", "glibc", ("alpine:3.24", "debian:13"), ""),
        ("ubuntu-24.04", "", "glibc", ("alpine:3.24", "ubuntu:24.04"), ""),
    ],
)
async def test_the_dockerfile_is_based_on_the_target(
    target: str,
    image: str,
    libc: str,
    froms: tuple[str, str],
    install: str,
    served: GitHub,
    tmp_path: Path,
) -> None:
    bench = Workbench(
        Settings(api_url=served.api_url, cache_dir=tmp_path / "cache", target=target, image=image)
    )
    lines = named(await bench.advise("latest", "amd64", libc), "dockerfile").text.splitlines()
    await bench.aclose()
    assert [line.split()[1] for line in lines if line.startswith("FROM")] == list(froms)
    assert [line for line in lines if "apk" in line] == ([install] if install else [])


@pytest.mark.parametrize(
    "url",
    [
        "http://x/$(touch owned)",
        "http://x/`id`",
        "http://x/a b",
        "http://x/\x1b[2J",
        "file:///etc/passwd",
        "http://x/'",
    ],
)
async def test_an_address_with_shell_syntax_is_refused(bench: Workbench, url: str) -> None:
    advice = await bench.advise("latest", "amd64", "musl")
    assert advice.chosen is not None
    chosen = dataclasses.replace(
        advice.chosen, asset=dataclasses.replace(advice.chosen.asset, url=url)
    )
    with pytest.raises(FormatError):
        snippets(dataclasses.replace(advice, chosen=chosen))


@pytest.mark.parametrize("arch", ["", "$(id)", "arm 64", "x" * 100, "../amd64"])
async def test_an_unknown_architecture_is_a_usage_error(bench: Workbench, arch: str) -> None:
    with pytest.raises(UsageError, match="architecture"):
        await bench.advise("latest", arch, "musl")


async def test_the_candidates_are_looked_at_together(github: GitHub, tmp_path: Path) -> None:
    musl = f"roadrunner-{VERSION}-unknown-musl-amd64.tar.gz"
    github.add_release(
        TAG,
        assets={n: packed(rr(), n.removesuffix(".tar.gz")) for n in (archive_name("amd64"), musl)},
    )
    github.fault("*", host="assets", hang=True)
    bench = Workbench(Settings(api_url=github.api_url, cache_dir=tmp_path))
    task = asyncio.ensure_future(bench.advise(TAG, "x86_64", "musl"))
    await asyncio.to_thread(
        github.wait_for, lambda seen: sum(s.host == "assets" for s in seen) == 2
    )
    github.hang_ends()
    advice = await task
    await bench.aclose()
    assert [c.answer for c in advice.candidates] == [Answer.YES, Answer.YES]
