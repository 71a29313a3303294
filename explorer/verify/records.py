"""Proofs to JSON and back, for keeping; and the lines that repeat one by hand."""

import dataclasses
import json
import shlex
import types
import typing
from enum import Enum
from pathlib import Path

from explorer.facts import NotApplicable, Unknown
from explorer.verify.models import Proof

FORMAT = 1
"""Of the record. Another one is not read."""

RECORD_LIMIT = 32 << 20
"""Bytes. Two streams of the largest sensible output limit, escaped."""


def to_json(proof: Proof) -> bytes:
    """The proof as JSON in UTF-8."""
    return json.dumps({"format": FORMAT, "proof": _plain(proof)}).encode()


def from_json(data: bytes) -> Proof | None:
    """The proof back, every field checked against its type; None for a record that is damaged or not of this format."""
    if len(data) > RECORD_LIMIT:
        return None
    try:
        record = json.loads(data)
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            return None
        proof = _typed(record.get("proof"), Proof)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return proof if isinstance(proof, Proof) else None


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


def _plain(value: object) -> object:
    if isinstance(value, (Unknown, NotApplicable)):
        return {"missing": type(value).__name__, "why": value.why}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _typed(value: object, wanted: object) -> object:
    """``value`` as ``wanted``, which is made of the models' classes, enums, tuples and plain types. Raises ValueError, TypeError."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return _either(value, inner)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(_typed(item, inner[0]) for item in value)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(value)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        if not isinstance(value, dict):
            raise TypeError("not an object")
        hints = typing.get_type_hints(wanted)
        names = {field.name for field in dataclasses.fields(wanted)}
        if not value.keys() <= names:
            raise ValueError("unknown fields")
        return wanted(**{name: _typed(item, hints[name]) for name, item in value.items()})
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise TypeError(f"not {wanted}")
    return value


def _either(value: object, kinds: tuple[object, ...]) -> object:
    missing = {kind.__name__: kind for kind in (Unknown, NotApplicable)}
    if isinstance(value, dict) and value.get("missing") in missing and isinstance(value.get("why"), str):
        return missing[value["missing"]](value["why"])
    return _typed(value, next(kind for kind in kinds if kind not in missing.values()))
