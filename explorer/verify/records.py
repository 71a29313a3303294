"""Proofs as JSON, for storing; and the lines that repeat one by hand."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from explorer import codec
from explorer.errors import FormatError
from explorer.verify.models import Proof
from explorer.verify.tree import ROOT

FORMAT = 3
"""Of the record; another one is not read. Raise it when ``Proof`` means something else."""


@dataclass(frozen=True, slots=True)
class _Record:
    format: int
    proof: Proof


def to_json(proof: Proof) -> bytes:
    """The proof as JSON in UTF-8."""
    return codec.dumps(_Record(FORMAT, proof))


def from_json(data: bytes) -> Proof | None:
    """The proof, every field checked against its type; None for a damaged or older record."""
    try:
        record = codec.loads(data, _Record)
    except FormatError:
        return None
    return record.proof if record.format == FORMAT else None


def script(proof: Proof, binary: Path) -> tuple[str, ...]:
    """Lines for a POSIX shell that repeat the run with this file, and nothing beside it.

    As ``Proof.command``, except for ``cp``, which reads a tar there and a folder here.
    """
    create, _, start, remove = proof.command[-4:]
    inside = next((word for word in proof.argv if word.startswith(f"{ROOT}/")), f"{ROOT}/program")
    name = shlex.quote(inside.removeprefix(f"{ROOT}/"))
    copy = shlex.join((*start[: start.index("start")], "cp"))
    return (
        "d=$(mktemp -d)",
        f'mkdir -p "$(dirname "$d"/{name})" && cp {shlex.quote(str(binary))} "$d"/{name}',
        'chmod -R 755 "$d"',
        shlex.join(create),
        f'{copy} "$d"/. {shlex.quote(start[-1])}:{ROOT}',
        shlex.join(start),
        shlex.join(remove),
        'rm -r "$d"',
    )
