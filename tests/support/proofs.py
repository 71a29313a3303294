"""A proof by keywords: every test that needs a ``Proof`` names only what matters to it."""

from dataclasses import replace

from explorer.facts import NotApplicable
from explorer.verify import Engine, Image, ImageSystem, Proof, Result

ENGINE = Engine("docker", ("docker",), "20.10", "linux/amd64", False)
ALPINE = ImageSystem(
    "alpine", "3.22.1", "Alpine Linux v3.22", "musl", "1.2.5", ("/lib/ld-musl-aarch64.so.1",)
)
IMAGE = Image("alpine:3.22", "sha256:ab", "alpine@sha256:cd", empty=False, system=ALPINE)

_RAN = Proof(
    result=Result.RAN,
    meaning="started",
    text="It started",
    engine=ENGINE,
    image=IMAGE,
    platform="linux/arm64",
    emulated=True,
    command=(
        ("docker", "create", "--name", "x", "alpine:3.22"),
        ("docker", "cp", "-", "x:/"),
        ("docker", "start", "--attach", "x"),
        ("docker", "rm", "--force", "x"),
    ),
    argv=("/rr-explorer/rr", "--version"),
    exit_code=0,
    started_at="2026-06-17T16:05:23.000+00:00",
    duration_s=0.25,
    total_s=1.0,
    stdout="rr version 2025.1.15\n",
    stderr="",
    output_truncated=False,
    checks=(),
    agrees=True,
    verdict="yes",
    target="alpine-3.22",
    dry_run=NotApplicable("a static program has no loader"),
    sha256="ab" * 32,
    subject="v1/rr",
)


def make_proof(**changes: object) -> Proof:
    """A program of arm64 that ran on Alpine 3.22, as predicted; any field by its name."""
    return replace(_RAN, **changes)  # type: ignore[arg-type]  # any field, by name
