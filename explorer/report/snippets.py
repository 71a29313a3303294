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
from explorer.workbench import Advice

GO_ARCHES = ("amd64", "arm64", "386", "arm", "riscv64", "ppc64le", "s390x", "loong64")
_PLAIN = re.compile(r"[\x21-\x7e]+")
_URL = re.compile(r"https?://[0-9A-Za-z:/._~%+@=&?,-]+")
_TAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*")
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


def snippets(advice: Advice) -> tuple[Snippet, ...]:
    """What to paste for a piece of advice: how to take the file, or how to build one where nothing published serves.

    None where there is nothing to paste: ``pastable`` says why.

    Raises:
        FormatError: a name or an address that cannot be put into a script safely.
    """
    if _nothing(advice):
        return ()
    if advice.chosen is None:
        return (_go_build(advice), _buildx(advice), _actions(advice))
    assert isinstance(advice.sha256, str)
    return (_dockerfile(advice, advice.chosen.asset, advice.sha256), _shell(advice.chosen.asset, advice, advice.sha256))


def pastable(advice: Advice) -> tuple[tuple[Snippet, ...], str]:
    """The snippets, and one sentence on why there are none; empty where there are."""
    try:
        return snippets(advice), _nothing(advice)
    except FormatError as error:
        return (), str(error)


def _nothing(advice: Advice) -> str:
    """Why there can be no snippet; empty where there can."""
    if advice.chosen is None:
        looked = any(candidate.seen.inspection is not None for candidate in advice.candidates)
        return "" if looked or not advice.candidates else "Nothing to paste: whether a published file serves is not known yet"
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
            f"FROM {image} AS {_stage(program)}",
            f"ARG URL={_address(asset.url)}",
            f"ARG SHA256={sha256}",
            'RUN wget -q -O /tmp/asset "$URL" \\',
            '    && echo "$SHA256  /tmp/asset" | sha256sum -c - \\',
            *[f"    && {line} \\" for line in unpack],
            f"    && chmod 0755 /{program} && rm /tmp/asset",
            "",
            f"FROM {image}",
            f"COPY --from={_stage(program)} /{program} /usr/local/bin/{program}",
            "",
        ]
    )
    note = "The file is pinned by its sha256" + (
        ", the image by its digest." if pinned else "; pin the image by digest too once you have pulled it."
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
        raise FormatError(f"Which file of {asset.name} to take is not known", member.why, "Open it first, or download it")
    if asset.archive == "raw" or isinstance(member, NotApplicable):
        return [f"cp {source} {into}"] if source != into else []
    inside = shlex.quote(_checked(member.name))
    flags = {"tar.gz": "z", "tar.bz2": "j", "tar.xz": "J"}
    if asset.archive in flags:
        return [f"tar -x{flags[asset.archive]}Of {source} {inside} > {into}"]
    if asset.archive == "zip":
        return [f"unzip -p {source} {inside} > {into}"]
    raise FormatError(f"No lines to paste for a .{asset.archive} file", asset.name, "rr-explorer get TARGET -o DIR unpacks it")


def _image(advice: Advice) -> tuple[str, bool]:
    """The image to build on, by the digest in which it was proved where there is such a proof."""
    inspection = advice.inspection
    image = advice.image or "alpine"
    for proof in inspection.proofs if inspection else ():
        if isinstance(proof.image, MISSING) or isinstance(proof.image.digest, MISSING):
            continue
        if proof.image.reference == image:
            return f"{image}@{proof.image.digest.rpartition('@')[2]}", True
    return _checked(image), "@sha256:" in image


def _program(advice: Advice, asset: Asset) -> str:
    inspection = advice.inspection
    name = inspection.file.name if inspection else asset.name
    name = posixpath.basename(name)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._+-]*", name):
        raise FormatError("The program's name cannot be put into a script", name, "rr-explorer get TARGET -o DIR unpacks it")
    return name


def _stage(program: str) -> str:
    return re.sub(r"[^0-9a-z-]", "-", program.lower()).strip("-") or "program"


def _checked(text: str) -> str:
    if not _PLAIN.fullmatch(text):
        raise FormatError("A name cannot be put into a script", text, "rr-explorer get TARGET -o DIR unpacks it")
    return text


def _address(url: str) -> str:
    """A URL without anything that a shell or a Dockerfile would expand."""
    if not _URL.fullmatch(url):
        raise FormatError("An address cannot be put into a script", url, "rr-explorer get TARGET -o DIR fetches it")
    return url


def _source(advice: Advice) -> tuple[str, str]:
    """The repository's address and the tag, both fit for a script."""
    if not _TAG.fullmatch(advice.release.tag) or advice.arch not in GO_ARCHES:
        raise FormatError("This tag or architecture cannot be put into a script", f"{advice.release.tag}, {advice.arch}", "Build by hand")
    return f"{_address(advice.web_url)}/{_checked(advice.repo)}", advice.release.tag


def _go_build(advice: Advice) -> Snippet:
    base, tag = _source(advice)
    text = "\n".join(
        [
            "mkdir -p rr-src",
            f"curl -fsSL {base}/archive/refs/tags/{tag}.tar.gz | tar -xz -C rr-src --strip-components=1",
            "cd rr-src",
            f"CGO_ENABLED=0 GOOS=linux GOARCH={advice.arch} go build -trimpath -ldflags '-s' -o ../rr ./cmd/rr",
            "",
        ]
    )
    return Snippet(
        "build-go", "Cross-compile: no container, no emulation", "sh", text, "Needs Go as go.mod names it. The result is static."
    )


def _buildx(advice: Advice) -> Snippet:
    base, tag = _source(advice)
    dockerfile = [
        "FROM golang:alpine AS build",
        f"ADD {base}/archive/refs/tags/{tag}.tar.gz /src.tar.gz",
        "RUN mkdir /src && tar -xzf /src.tar.gz -C /src --strip-components=1 \\",
        "    && cd /src && CGO_ENABLED=0 go build -trimpath -ldflags '-s' -o /rr ./cmd/rr",
        "",
        "FROM scratch",
        "COPY --from=build /rr /rr",
    ]
    text = "\n".join(
        [
            "docker run --privileged --rm tonistiigi/binfmt --install " + advice.arch,
            f"docker buildx build --platform linux/{advice.arch} --output type=local,dest=. - <<'EOF'",
            *dockerfile,
            "EOF",
            "",
        ]
    )
    return Snippet(
        "build-buildx", "Emulated build: buildx and QEMU", "sh", text, "Slow, but needs no Go here; the same lines build cgo programs."
    )


def _actions(advice: Advice) -> Snippet:
    _, tag = _source(advice)
    runner = RUNNERS.get(advice.arch, "ubuntu-24.04")
    text = f"""\
name: rr-{advice.arch}
on: workflow_dispatch
jobs:
  build:
    runs-on: {runner}
    steps:
      - uses: actions/checkout@v4
        with:
          repository: {advice.repo}
          ref: {tag}
      - uses: actions/setup-go@v5
        with:
          go-version-file: go.mod
      - run: CGO_ENABLED=0 GOOS=linux GOARCH={advice.arch} go build -trimpath -ldflags '-s' -o rr ./cmd/rr
      - uses: actions/upload-artifact@v4
        with:
          name: rr-linux-{advice.arch}
          path: rr
"""
    return Snippet("build-actions", f"GitHub Actions on a native {advice.arch} runner", "yaml", text)
