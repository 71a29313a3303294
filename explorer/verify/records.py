"""Proofs as JSON, for storing; and the line that repeats one by hand."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer import codec
from explorer.errors import FormatError
from explorer.verify.models import Proof
from explorer.verify.tree import ROOT, SHELL

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


def run_line(proof: Proof, binary: Path) -> str:
    """One line for a POSIX shell that repeats the run with this file, and nothing beside it.

    The file is copied first: what a cache keeps cannot be executed, least of all by the container's
    user. Empty for a proof without its commands or our volume, and for a name with a colon.
    """
    create = next((list(words) for words in proof.command if "create" in words), [])
    if not create:
        return ""
    inside = next((word for word in proof.argv if word.startswith(f"{ROOT}/")), f"{ROOT}/program")
    at = create.index("create")
    words = [*create[:at], "run", "--rm", *_without(create[at + 1 :])]
    if _VOLUME not in words or ":" in inside:  # a volume's parts are separated by colons
        return ""
    place = words.index(_VOLUME)
    before, after = shlex.join(words[:place]), shlex.join(words[place + 1 :])
    copy = f'f=$(mktemp) && install -m 755 -- {shlex.quote(str(binary))} "$f"'
    return f'{copy} && {before} --volume "$f":{shlex.quote(f"{inside}:ro")} {after}'


def ran_as(proof: Proof, argv: Sequence[str]) -> bool:
    """Whether this command was run; ``{}`` stands for the program's path inside."""
    ran = proof.argv[1:] if proof.argv[:1] == (SHELL,) else proof.argv
    wanted = argv[1:] if tuple(argv[:1]) == (SHELL,) else argv
    return len(ran) == len(wanted) and all(
        word == given or (given == "{}" and word.startswith(f"{ROOT}/"))
        for word, given in zip(ran, wanted, strict=True)
    )


_VOLUME = "--volume"
_OURS = ("--log-driver=none", "--stop-signal=SIGKILL")
"""What a person who watches does without."""


def _without(options: Sequence[str]) -> Iterator[str]:
    """Options of ``create`` but name, label, log and signal; ``_VOLUME`` alone for its volume.

    The engine makes its own hosts and resolv.conf.
    """
    words = iter(options)
    for word in words:
        if word in ("--name", "--label"):
            next(words)
        elif word == "--mount":
            if ",dst=/etc/" not in next(words):
                yield _VOLUME
        elif word == f"--volume={ROOT}":
            yield _VOLUME
        elif word not in _OURS:
            yield word
