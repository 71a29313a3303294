"""Lines to paste: a Dockerfile stage, a checked download, and how to build where nothing published serves.

Names and addresses come from a server: whatever goes into a shell line is quoted, and what cannot stand on one line of a
Dockerfile or a script is refused rather than escaped.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass

from explorer.errors import FormatError
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.releases import Asset
from explorer.report.text import one_line
from explorer.workbench import Advice, BuildRecipe

GO_ARCHES = ("amd64", "arm64", "386", "arm", "riscv64", "ppc64le", "s390x", "loong64")
_PLAIN = re.compile(r"[\x21-\x7e]+")
_URL = re.compile(r"https?://[0-9A-Za-z:/._~%+@=&?,-]+")
_TAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*")
_GO_WORD = re.compile(r"(?:[0-9A-Za-z._][0-9A-Za-z._/,+-]*)?")
RUNNERS = {"arm64": "ubuntu-24.04-arm", "amd64": "ubuntu-24.04"}
"""GitHub's own hosted runners by architecture."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to paste."""

    key: str
    """``dockerfile``, ``shell``, ``build-go``, ``build-buildx``, ``build-actions``."""
    title: str
    language: str
    """For a code fence: ``dockerfile``, ``sh``, ``yaml``."""
    text: str
    note: str = ""
    """One sentence on what it needs or does not prove."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The text's lines, without an empty one at the end."""
        return tuple(self.text.rstrip("\n").split("\n"))


def snippets(advice: Advice) -> tuple[Snippet, ...]:
    """What to paste for a piece of advice: how to take the file, or how to build one where nothing published serves.

    None where there is nothing to paste: ``pastable`` says why.

    Raises:
        FormatError: a name or an address that cannot be put into a script safely.
    """
    if _nothing(advice):
        return ()
    if advice.chosen is None:
        recipe = _recipe(advice)
        return (_go_build(recipe), _buildx(recipe), _actions(recipe))
    assert isinstance(advice.sha256, str)
    return (
        _dockerfile(advice, advice.chosen.asset, advice.sha256),
        _shell(advice.chosen.asset, advice, advice.sha256),
    )


def pastable(advice: Advice) -> tuple[tuple[Snippet, ...], str]:
    """The snippets, and one sentence on why there are none; empty where there are."""
    try:
        return snippets(advice), _nothing(advice)
    except FormatError as error:
        return (), str(error)


def _nothing(advice: Advice) -> str:
    """Why there can be no snippet; empty where there can."""
    if advice.chosen is None:
        if advice.candidates and all(
            candidate.state.inspection is None for candidate in advice.candidates
        ):
            return "Nothing to paste: whether a published file serves is not known yet"
        return (
            f"Nothing to paste: {one_line(advice.source.why)}"
            if isinstance(advice.source, MISSING)
            else ""
        )
    asset = advice.chosen.asset
    if asset.stand_in:
        return "Nothing to paste: a stand-in is not published. Without --demo there are lines that fetch RoadRunner's own file"
    if not asset.url:
        return f"Nothing to paste: no address is known from which {asset.name} could be fetched"
    if isinstance(advice.sha256, MISSING):
        return f"Nothing to paste: the sha256 of {asset.name} is not known ({advice.sha256.why})"
    return ""


def _dockerfile(advice: Advice, asset: Asset, sha256: str) -> Snippet:
    image, pinned = _image(advice)
    program = _program(advice, asset)
    unpack = _unpack(asset, advice, "/tmp/asset", f"/{program}")
    text = "\n".join(
        [
            f"FROM {image if advice.base.tools == advice.base.image else advice.base.tools} AS {_stage(program)}",
            f"ARG URL={_address(asset.url)}",
            f"ARG SHA256={sha256}",
            'RUN wget -q -O /tmp/asset "$URL" \\',
            '    && echo "$SHA256  /tmp/asset" | sha256sum -c - \\',
            *[f"    && {line} \\" for line in unpack],
            f"    && chmod 0755 /{program} && rm /tmp/asset",
            "",
            f"FROM {image}",
            *(
                [f"RUN apk add --no-cache {' '.join(advice.base.packages)}"]
                if advice.base.packages
                else []
            ),
            f"COPY --from={_stage(program)} /{program} /usr/local/bin/{program}",
            "",
        ]
    )
    note = "The file is pinned by its sha256" + (
        ", the image by its digest."
        if pinned
        else ". A proof in that image pins it by its digest, too."
    )
    if advice.sha256_from == "download":
        note += " GitHub publishes no digest for it: this one is of the bytes downloaded just now."
    return Snippet("dockerfile", f"Dockerfile, {image}", "dockerfile", text, note)


def _shell(asset: Asset, advice: Advice, sha256: str) -> Snippet:
    name = shlex.quote(_checked(asset.name))
    program = _program(advice, asset)
    text = "\n".join(
        [
            f"curl -fsSL -o {name} {shlex.quote(_address(asset.url))}",
            f"echo {shlex.quote(sha256 + '  ' + asset.name)} | sha256sum -c -",
            *_unpack(asset, advice, name, program),
            f"chmod 0755 {program}",
            "",
        ]
    )
    return Snippet("shell", "Shell, with checksum", "sh", text)


def _unpack(asset: Asset, advice: Advice, source: str, into: str) -> list[str]:
    """Shell commands from the packed file to the program; busybox understands them all."""
    inspection = advice.inspection
    member = inspection.member if inspection is not None else Unknown("nobody has looked into it")
    if isinstance(member, Unknown):
        raise FormatError(
            f"Which file of {asset.name} to take is not known",
            member.why,
            "Open it first, or download it",
        )
    if asset.archive == "raw" or isinstance(member, NotApplicable):
        return [f"cp {source} {into}"] if source != into else []
    inside = shlex.quote(_checked(member.name))
    flags = {"tar.gz": "z", "tar.bz2": "j", "tar.xz": "J"}
    if asset.archive in flags:
        return [f"tar -x{flags[asset.archive]}Of {source} {inside} > {into}"]
    if asset.archive == "zip":
        return [f"unzip -p {source} {inside} > {into}"]
    raise FormatError(
        f"No lines to paste for a .{asset.archive} file",
        asset.name,
        "rr-explorer get TARGET -o DIR unpacks it",
    )


def _image(advice: Advice) -> tuple[str, bool]:
    """The image to build on, by the digest in which it was proved where there is such a proof."""
    inspection = advice.inspection
    image = advice.base.image
    for proof in inspection.proofs if inspection else ():
        if isinstance(proof.image, MISSING) or isinstance(proof.image.digest, MISSING):
            continue
        if proof.image.reference == image:
            return f"{image}@{proof.image.digest.rpartition('@')[2]}", True
    return _checked(image), "@sha256:" in image


def _program(advice: Advice, asset: Asset) -> str:
    inspection = advice.inspection
    name = inspection.file.name if inspection else asset.name
    return _safe_name(posixpath.basename(name))


def _safe_name(name: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._+-]*", name):
        raise FormatError(
            "The program's name cannot be put into a script",
            name,
            "rr-explorer get TARGET -o DIR unpacks it",
        )
    return name


def _stage(program: str) -> str:
    return re.sub(r"[^0-9a-z-]", "-", program.lower()).strip("-") or "program"


def _checked(text: str) -> str:
    if not _PLAIN.fullmatch(text):
        raise FormatError(
            "A name cannot be put into a script", text, "rr-explorer get TARGET -o DIR unpacks it"
        )
    return text


def _address(url: str) -> str:
    """A URL without anything that a shell or a Dockerfile would expand."""
    if not _URL.fullmatch(url):
        raise FormatError(
            "An address cannot be put into a script",
            url,
            "rr-explorer get TARGET -o DIR fetches it",
        )
    return url


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What goes into the lines that build: every part fit for a script."""

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
    """What is behind them, in sentences; empty or with a blank in front."""


def _recipe(advice: Advice) -> _Recipe:
    source, tag = advice.source, advice.release.tag
    if not _TAG.fullmatch(tag) or advice.arch not in GO_ARCHES:
        raise FormatError(
            "This tag or architecture cannot be put into a script",
            f"{tag}, {advice.arch}",
            "Build by hand",
        )
    assert isinstance(source, BuildRecipe)
    _safe_name(source.program)
    for part in (source.package, source.program, source.version, source.variable, source.tags):
        if not _GO_WORD.fullmatch(part) or ".." in part:
            raise FormatError("What to build cannot be put into a script", part, "Build by hand")
    stamp = f" -X {source.variable}={source.version}" if source.variable else ""
    tags = f" -tags '{source.tags}'" if source.tags else ""
    repo = _checked(advice.repo)
    archive = f"{_address(advice.web_url)}/{repo}/archive/refs/tags/{tag}.tar.gz"
    return _Recipe(
        repo,
        tag,
        advice.arch,
        archive,
        source.program,
        f"go build -trimpath{tags} -ldflags '-s{stamp}'",
        source.package,
        _behind(source),
    )


def _behind(source: BuildRecipe) -> str:
    known = (
        f"What to build is what the build info of {one_line(source.known_from)} names."
        if source.known_from
        else ""
    )
    return "".join(f" {sentence}" for sentence in (known, source.caveat) if sentence)


def _go_build(recipe: _Recipe) -> Snippet:
    folder = f"{recipe.program}-src"
    text = "\n".join(
        [
            f"mkdir -p {folder}",
            f"curl -fsSL {recipe.archive} | tar -xz -C {folder} --strip-components=1",
            f"cd {folder}",
            f"CGO_ENABLED=0 GOOS=linux GOARCH={recipe.arch} {recipe.command} -o ../{recipe.program} {recipe.package}",
            "",
        ]
    )
    note = f"Needs Go as go.mod names it, or newer. The result is static.{recipe.note}"
    return Snippet("build-go", "Cross-compile: no container, no emulation", "sh", text, note)


def _buildx(recipe: _Recipe) -> Snippet:
    program = recipe.program
    text = "\n".join(
        [
            f"docker run --privileged --rm tonistiigi/binfmt --install {recipe.arch}",
            f"docker buildx build --platform linux/{recipe.arch} --output type=local,dest=. - <<'EOF'",
            "FROM golang:alpine AS build",
            f"ADD {recipe.archive} /src.tar.gz",
            "RUN mkdir /src && tar -xzf /src.tar.gz -C /src --strip-components=1 \\",
            f"    && cd /src && CGO_ENABLED=0 {recipe.command} -o /out/{program} {recipe.package}",
            "",
            "FROM scratch",
            f"COPY --from=build /out/{program} /{program}",
            "EOF",
            "",
        ]
    )
    note = f"Needs no Go here, and takes many times as long: the compiler is emulated. The result is static.{recipe.note}"
    return Snippet("build-buildx", "Emulated build: buildx and QEMU", "sh", text, note)


def _actions(recipe: _Recipe) -> Snippet:
    native = recipe.arch in RUNNERS
    text = f"""\
name: {recipe.program}-{recipe.arch}
on: workflow_dispatch
jobs:
  build:
    runs-on: {RUNNERS.get(recipe.arch, RUNNERS["amd64"])}
    steps:
      - uses: actions/checkout@v7
        with:
          repository: {recipe.repo}
          ref: "{recipe.tag}"
      - uses: actions/setup-go@v7
        with:
          go-version-file: go.mod
      - run: CGO_ENABLED=0 GOOS=linux GOARCH={recipe.arch} {recipe.command} -o dist/{recipe.program} {recipe.package}
      - uses: actions/upload-artifact@v7
        with:
          name: {recipe.program}-linux-{recipe.arch}
          path: dist/{recipe.program}
"""
    title = (
        f"GitHub Actions on a native {recipe.arch} runner"
        if native
        else f"GitHub Actions, compiled for {recipe.arch} on amd64"
    )
    note = f"Put it into .github/workflows of a repository of yours. An artifact keeps no mode: chmod +x it.{recipe.note}"
    return Snippet("build-actions", title, "yaml", text, note)
