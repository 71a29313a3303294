"""Models to JSON and back, for the records in the cache.

Each object names its class under ``=``. Decoding makes only classes that the requested type's
annotations name, and checks every field against them: a record that another version or another
program wrote raises ``FormatError``.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from explorer.errors import FormatError

T = TypeVar("T")

RECORD_LIMIT = 32 << 20
"""Bytes: a proof with two streams of output, escaped."""

_HINTS: dict[type, dict[str, Any]] = {}


def dumps(value: object) -> bytes:
    """JSON of a dataclass of dataclasses, enums, tuples, frozensets and plain values, as UTF-8."""
    return json.dumps(_encode(value), separators=(",", ":")).encode()


def loads(data: bytes, kind: type[T]) -> T:
    """Decode an object of the class ``kind``.

    Raises:
        FormatError: not JSON, larger than ``RECORD_LIMIT``, or not of this shape.
    """
    if len(data) > RECORD_LIMIT:
        raise FormatError(
            "A record in the cache is damaged",
            f"{kind.__name__}: {len(data):,} bytes",
            "It is made again",
        )
    try:
        return typing.cast("T", _decode(json.loads(data), kind))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise FormatError(
            "A record in the cache is damaged",
            f"{kind.__name__}: {error}"[:300],
            "It is made again",
        ) from error


def _encode(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"=": type(value).__name__, **fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_encode(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_encode(item) for item in value), key=str)
    return value


def _decode(value: Any, hint: Any) -> object:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(value, typing.get_args(hint))
    if origin is tuple:
        args = typing.get_args(hint)
        _expect(isinstance(value, list), hint)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_decode(item, args[0]) for item in value)
        _expect(len(value) == len(args), hint)
        return tuple(_decode(item, arg) for item, arg in zip(value, args, strict=True))
    if origin is frozenset:
        _expect(isinstance(value, list), hint)
        return frozenset(_decode(item, typing.get_args(hint)[0]) for item in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        _expect(isinstance(value, Mapping) and value.get("=") == hint.__name__, hint)
        hints = _hints(hint)
        names = [f.name for f in dataclasses.fields(hint)]
        _expect(set(value) == {"=", *names}, hint)
        return hint(**{name: _decode(value[name], hints[name]) for name in names})
    if hint is float and type(value) is int:
        return float(value)
    _expect(hint in (str, int, float, bool, type(None)) and type(value) is hint, hint)
    return value


def _decode_union(value: Any, options: tuple[Any, ...]) -> object:
    tag = value.get("=") if isinstance(value, Mapping) else None
    for option in options:
        if tag is not None and getattr(option, "__name__", "") != tag:
            continue
        try:
            return _decode(value, option)
        except (ValueError, TypeError, KeyError):
            continue
    raise ValueError(f"no option of {options} fits")


def _expect(ok: bool, hint: Any) -> None:
    if not ok:
        raise ValueError(f"not a {getattr(hint, '__name__', hint)}")


def _hints(kind: type) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return _HINTS[kind]
