"""Proofs to JSON and back, for keeping; and the lines that repeat one by hand."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from explorer import codec
from explorer.errors import FormatError
from explorer.verify.models import Proof

FORMAT = 3
"""Of the record. Another one is not read."""


@dataclass(frozen=True, slots=True)
class _Record:
    format: int
    proof: Proof


def to_json(proof: Proof) -> bytes:
    """The proof as JSON in UTF-8."""
    return codec.dumps(_Record(FORMAT, proof))


def from_json(data: bytes) -> Proof | None:
    """The proof back, every field checked against its type; None for a record that is damaged or not of this format."""
    try:
        record = codec.loads(data, _Record)
    except FormatError:
        return None
    return record.proof if record.format == FORMAT else None


def script(proof: Proof, binary: Path) -> tuple[str, ...]:
    """Lines for a POSIX shell that repeat the run with this file.

    As ``Proof.command``, but for ``cp``: there it reads a tar that was made on the way, here a directory.
    """
    create, _, start, remove = proof.command[-4:]
    name = proof.argv[0].removeprefix("/rr-explorer/")
    folder = f'"$d"/rr-explorer/{shlex.quote(name)}'
    target = shlex.join((*start[: start.index("start")], "cp"))
    return (
        "d=$(mktemp -d)",
        f'mkdir -p {folder.rpartition("/")[0]} && cp {shlex.quote(str(binary))} {folder} && chmod -R 755 "$d"/rr-explorer',
        shlex.join(create),
        f'{target} "$d"/rr-explorer {shlex.quote(start[-1])}:/',
        shlex.join(start),
        shlex.join(remove),
        'rm -r "$d"',
    )
