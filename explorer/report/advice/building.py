"""Lines that build a program from its sources, where no published file works."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.errors import FormatError
from explorer.report.advice import quoting
from explorer.report.advice.snippet import Snippet
from explorer.report.text import one_line
from explorer.workbench import Advice, BuildRecipe

GO_ARCHES = ("amd64", "arm64", "386", "arm", "riscv64", "ppc64le", "s390x", "loong64")
RUNNERS = {"arm64": "ubuntu-24.04-arm", "amd64": "ubuntu-24.04"}
"""GitHub's own hosted runners by architecture."""
BINFMT = (
    "tonistiigi/binfmt:qemu-v10.2.3"
    "@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0"
)
"""It runs privileged, so it is pinned: a tag can be moved."""
CHECKOUT = "actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0"
SETUP_GO = "actions/setup-go@4a3601121dd01d1626a1e23e37211e3254c1c06c # v6.4.0"
UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
_TAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*")
_GO_WORD = re.compile(r"(?:[0-9A-Za-z._][0-9A-Za-z._/,+-]*)?")


@dataclass(frozen=True, slots=True)
class GoRecipe:
    """What goes into the lines that build: every part is fit for a script."""

    repo: str
    tag: str
    arch: str
    archive: str
    """The address of the sources."""
    program: str
    command: str
    """``go build`` up to ``-o``."""
    package: str
    note: str
    """Sentences about the recipe; empty, or with a space in front."""


def build_snippets(advice: Advice) -> tuple[Snippet, ...]:
    """Three ways to build the program.

    Raises:
        FormatError: a name or an address that cannot be put into a script safely.
    """
    recipe = go_recipe(advice)
    return (_go_build(recipe), _buildx(recipe), _actions(recipe))


def go_recipe(advice: Advice) -> GoRecipe:
    """What goes into lines that build the program from the release's sources.

    Raises:
        FormatError: a name or an address that cannot be put into a script safely.
    """
    source, tag = advice.source, advice.release.tag
    if not _TAG.fullmatch(tag) or advice.arch not in GO_ARCHES:
        raise FormatError(
            "This tag or architecture cannot be put into a script",
            f"{tag}, {advice.arch}",
            "Build by hand",
        )
    assert isinstance(source, BuildRecipe)
    quoting.plain(source.program)
    for part in (source.package, source.program, source.version, source.variable, source.tags):
        if not _GO_WORD.fullmatch(part) or ".." in part:
            raise FormatError("What to build cannot be put into a script", part, "Build by hand")
    stamp = f" -X {source.variable}={source.version}" if source.variable else ""
    tags = f" -tags '{source.tags}'" if source.tags else ""
    repo = quoting.word(advice.repo)
    return GoRecipe(
        repo,
        tag,
        advice.arch,
        quoting.address(advice.archive_url),
        source.program,
        f"go build -trimpath{tags} -ldflags '-s{stamp}'",
        source.package,
        _note(source),
    )


def _note(source: BuildRecipe) -> str:
    known = ""
    if source.known_from:
        known = f"The package is known from the build info of {one_line(source.known_from)}."
    return "".join(f" {sentence}" for sentence in (known, source.caveat) if sentence)


def _go_build(recipe: GoRecipe) -> Snippet:
    folder = f"{recipe.program}-src"
    build = f"CGO_ENABLED=0 GOOS=linux GOARCH={recipe.arch} {recipe.command}"
    commands = [
        f"mkdir -p {folder}",
        f"curl -fsSL {recipe.archive} | tar -xz -C {folder} --strip-components=1",
        f"cd {folder}",
        f"{build} -o ../{recipe.program} {recipe.package}",
    ]
    note = f"Needs Go, the version in go.mod or newer. The result is static.{recipe.note}"
    title = "Cross-compile: no container, no emulation"
    return Snippet("build-go", title, "sh", " &&\n".join(commands) + "\n", note)


def _buildx(recipe: GoRecipe) -> Snippet:
    program = recipe.program
    output = f"--platform linux/{recipe.arch} --output type=local,dest=."
    build = f"CGO_ENABLED=0 {recipe.command} -o /out/{program} {recipe.package}"
    lines = [
        f"docker run --privileged --rm {BINFMT} --install {recipe.arch} &&",
        f"docker buildx build {output} - <<'EOF'",
        "FROM golang:alpine AS build",
        f"ADD {recipe.archive} /src.tar.gz",
        "RUN mkdir /src && tar -xzf /src.tar.gz -C /src --strip-components=1 \\",
        f"    && cd /src && {build}",
        "",
        "FROM scratch",
        f"COPY --from=build /out/{program} /{program}",
        "EOF",
        "",
    ]
    note = (
        "Needs no Go, but takes many times as long: the compiler is emulated. "
        f"The result is static.{recipe.note}"
    )
    title = "Emulated build: buildx and QEMU"
    return Snippet("build-buildx", title, "sh", "\n".join(lines), note)


def _actions(recipe: GoRecipe) -> Snippet:
    arch, program = recipe.arch, recipe.program
    native = arch in RUNNERS
    build = f"CGO_ENABLED=0 GOOS=linux GOARCH={arch} {recipe.command}"
    text = f"""\
name: {program}-{arch}
on: workflow_dispatch
permissions:
  contents: read
jobs:
  build:
    runs-on: {RUNNERS.get(arch, RUNNERS["amd64"])}
    steps:
      - uses: {CHECKOUT}
        with:
          repository: {recipe.repo}
          ref: "{recipe.tag}"
          persist-credentials: false
      - uses: {SETUP_GO}
        with:
          go-version-file: go.mod
      - run: {build} -o dist/{program} {recipe.package}
      - uses: {UPLOAD}
        with:
          name: {program}-linux-{arch}
          path: dist/{program}
"""
    where = f"on a native {arch} runner" if native else f"cross-compiled for {arch} on amd64"
    note = (
        "Put it into .github/workflows of your own repository. "
        f"An artifact loses its mode: chmod +x it.{recipe.note}"
    )
    return Snippet("build-actions", f"GitHub Actions, {where}", "yaml", text, note)
