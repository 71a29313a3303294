"""A workflow of GitHub Actions that proves each release on machines of both architectures."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.report.advice import quoting
from explorer.report.advice.building import CHECKOUT, RUNNERS, UPLOAD

_TAG = "${{ github.event.release.tag_name }}"
_TOKEN = "${{ github.token }}"
REPORT = "rr-explorer-proofs.jsonl"
"""The file that is attached to the release: what ``verify --all --json`` printed everywhere."""


_REPORT_JOB = f"""\
  report:
    name: report
    needs: prove
    if: ${{{{ !cancelled() }}}}
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      actions: read  # reads what the other jobs have kept
      contents: write  # attaches the report to the release
    env:
      GH_REPO: ${{{{ github.repository }}}}
      GH_TOKEN: {_TOKEN}
      RUN: ${{{{ github.run_id }}}}
      TAG: {_TAG}
    steps:
      - name: Fetch what each machine has proved
        run: gh run download "$RUN" --pattern 'proofs-*' --dir proofs
      - name: Make one report
        run: cat proofs/*/proofs-*.jsonl > {REPORT}
      - name: Attach it to the release
        run: gh release upload "$TAG" {REPORT} --clobber
"""


@dataclass(frozen=True, slots=True)
class WorkflowOptions:
    """What the workflow is made for."""

    targets: Sequence[str]
    """Without an architecture: each machine adds its own."""
    install: str
    """What pip installs: ``rr-explorer==1.2.3``, or an address."""
    promise: str = ""
    """Path of a promise in the repository; empty: there is none."""


def workflow(options: WorkflowOptions) -> str:
    """The text of a file for ``.github/workflows``.

    Actions are pinned by commit. Names of events reach a script through its environment only.

    Raises:
        FormatError: a name that cannot be put into a script safely.
    """
    return f"""\
name: prove the release
on:
  release:
    types: [published]
permissions:
  contents: read
concurrency:
  group: prove-{_TAG}
  cancel-in-progress: true
jobs:
{_prove(options)}{_REPORT_JOB}"""


def _prove(options: WorkflowOptions) -> str:
    """The job that runs on a machine of each architecture."""
    on = " ".join(f'--on "{quoting.plain(name)}/$ARCH"' for name in options.targets)
    install = shlex.quote(quoting.word(options.install))
    machines = "".join(
        f"          - runner: {runner}\n            arch: {arch}\n"
        for arch, runner in sorted(RUNNERS.items())
    )
    return f"""\
  prove:
    name: ${{{{ matrix.arch }}}}
    strategy:
      fail-fast: false
      matrix:
        include:
{machines}    runs-on: ${{{{ matrix.runner }}}}
    timeout-minutes: 30
    env:
      ARCH: ${{{{ matrix.arch }}}}
      GITHUB_TOKEN: {_TOKEN}
      TAG: {_TAG}
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - name: Install rr-explorer
        run: pipx install {install}
      - name: Run every program of this architecture
        run: |
          rr-explorer --repo "$GITHUB_REPOSITORY" verify "$TAG" --all \\
              {on} \\
              --jsonl --junit "proofs-$ARCH.xml" > "proofs-$ARCH.jsonl"
{_check(options.promise)}\
      - uses: {UPLOAD}
        if: ${{{{ !cancelled() }}}}
        with:
          name: proofs-${{{{ matrix.arch }}}}
          path: proofs-*
"""


def _check(promise: str) -> str:
    if not promise:
        return ""
    path = shlex.quote(quoting.word(promise))
    return f"""\
      - name: Hold the release against its promise
        if: ${{{{ !cancelled() }}}}
        run: |
          rr-explorer --repo "$GITHUB_REPOSITORY" check "$TAG" \\
              --promise {path} --arch "$ARCH" \\
              --format markdown --summary
"""
