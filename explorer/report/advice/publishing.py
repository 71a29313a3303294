"""Lines for a project's own release: a label, a second name, GoReleaser, a workflow."""

from __future__ import annotations

import shlex

from explorer.facts import MISSING
from explorer.report.advice import quoting
from explorer.report.advice.building import CHECKOUT, SETUP_GO, GoRecipe, go_recipe
from explorer.report.advice.snippet import Snippet
from explorer.workbench import Advice, BuildRecipe, Candidate

_TAG_REF = "${{ github.event.release.tag_name }}"
_TOKEN = "${{ github.token }}"


def naming_snippets(advice: Advice, chosen: Candidate, *, is_static: bool) -> tuple[Snippet, ...]:
    """A sentence for the release page, a label for the file, and the same file under two names.

    Raises:
        FormatError: a name that cannot be put into a script safely.
    """
    asset = chosen.asset
    name = quoting.plain(asset.name)
    runs = "static: runs on glibc and musl" if is_static else "runs on musl"
    kind = "is static: it runs on glibc and on musl (Alpine)" if is_static else "runs on musl"
    label = f"linux-{advice.arch} ({runs})"
    sentence = f"`{name}` {kind}.\n"
    lines = [
        Snippet("note", "A sentence for the release page", "markdown", sentence),
        _label(advice, chosen, label),
    ]
    if second := _second_name(advice, chosen):
        tag = shlex.quote(quoting.word(advice.release.tag))
        repo = quoting.word(advice.repo)
        copy = f"cp {name} {second} &&\ngh release upload {tag} {second} --repo {repo}\n"
        note = "The folder inside the archive keeps its name."
        lines.append(Snippet("second-name", "The same bytes under a second name", "sh", copy, note))
    return tuple(lines)


def _label(advice: Advice, chosen: Candidate, label: str) -> Snippet:
    """A command that sets the label: by the asset's id, or as part of an upload."""
    repo, asset = quoting.word(advice.repo), chosen.asset
    title = "A label beside the file"
    if isinstance(asset.id, MISSING):
        tag = shlex.quote(quoting.word(advice.release.tag))
        labelled = shlex.quote(f"{asset.name}#{label}")
        text = f"gh release upload {tag} {labelled} --clobber --repo {repo}\n"
        return Snippet("label", title, "sh", text, "Uploads the file again from this folder.")
    text = (
        f"gh api --method PATCH repos/{repo}/releases/assets/{asset.id} \\\n"
        f"    -f label={shlex.quote(label)}\n"
    )
    return Snippet("label", title, "sh", text, "Changes the label only; the file stays as it is.")


def _second_name(advice: Advice, chosen: Candidate) -> str:
    """The name as the release's other musl files are called; empty if none shows the pattern."""
    for other in advice.release.assets:
        arch = other.platform.arch
        if other.platform.libc != "musl" or other.kind != chosen.asset.kind or other.about:
            continue
        if isinstance(arch, MISSING) or other.archive != chosen.asset.archive:
            continue
        if other.name.count(arch) == 1 and quoting.is_plain(other.name):
            return other.name.replace(arch, advice.arch)
    name = chosen.asset.name
    return name.replace("linux", "linux-musl") if name.count("linux") == 1 else ""


def publishing_snippets(
    advice: Advice, source: BuildRecipe, *, with_cgo: bool
) -> tuple[Snippet, ...]:
    """A build for GoReleaser, a release workflow, and with cgo a static build against musl.

    Raises:
        FormatError: a name or an address that cannot be put into a script safely.
    """
    recipe = go_recipe(advice)
    lines = (_goreleaser(recipe, source), _workflow(recipe, source))
    return (*lines, _static_musl(recipe, source)) if with_cgo else lines


def _goreleaser(recipe: GoRecipe, source: BuildRecipe) -> Snippet:
    stamp = f" -X {source.variable}={{{{ .Version }}}}" if source.variable else ""
    tags = f"    tags:\n      - {source.tags}\n" if source.tags else ""
    text = f"""\
builds:
  - id: {recipe.program}-static
    main: {recipe.package}
    binary: {recipe.program}
    env:
      - CGO_ENABLED=0
    flags:
      - -trimpath
{tags}\
    ldflags:
      - "-s{stamp}"
    goos:
      - linux
    goarch:
      - {recipe.arch}
"""
    return Snippet("goreleaser", "GoReleaser, .goreleaser.yaml", "yaml", text, recipe.note.strip())


def _workflow(recipe: GoRecipe, source: BuildRecipe) -> Snippet:
    stamp = f" -X {source.variable}=${{TAG#v}}" if source.variable else ""
    tags = f" -tags '{source.tags}'" if source.tags else ""
    file = f"{recipe.program}-linux-{recipe.arch}-static.tar.gz"
    text = f"""\
name: static {recipe.arch}
on:
  release:
    types: [published]
permissions: {{}}
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions:
      contents: write  # uploads a file to the release
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - uses: {SETUP_GO}
        with:
          go-version-file: go.mod
          cache: false
      - env:
          CGO_ENABLED: "0"
          GOOS: linux
          GOARCH: {recipe.arch}
          TAG: {_TAG_REF}
        run: go build -trimpath{tags} -ldflags "-s{stamp}" -o {recipe.program} {recipe.package}
      - env:
          GH_TOKEN: {_TOKEN}
          TAG: {_TAG_REF}
        run: |
          tar -czf {file} {recipe.program}
          gh release upload "$TAG" {file} --repo {recipe.repo}
"""
    note = f"Go cross-compiles: no {recipe.arch} machine is needed.{recipe.note}"
    return Snippet("workflow", "GitHub Actions, on each release", "yaml", text, note)


def _static_musl(recipe: GoRecipe, source: BuildRecipe) -> Snippet:
    tags = f' -tags "{source.tags}"' if source.tags else ""
    flags = '-ldflags "-s -linkmode external -extldflags -static"'
    text = f"""\
docker run --rm --platform linux/{recipe.arch} -v "$PWD":/src -w /src golang:alpine sh -c '
  apk add --no-cache build-base &&
  CGO_ENABLED=1 go build -trimpath{tags} {flags} -o {recipe.program} {recipe.package}'
"""
    note = "Only if the C code is needed. C libraries other than musl must be there as archives."
    return Snippet("static-musl", "With cgo: linked statically against musl", "sh", text, note)
