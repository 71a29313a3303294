"""How a model becomes a JSON object: a ``Shape`` both writes the object and gives its schema.

A known fact is a value. A missing one is ``null``, and its object has a sibling ``missing`` that
says, by the field's name, whether it is unknown or not applicable, and why::

    {"sha256": null, "missing": {"sha256": {"state": "unknown", "why": "needs the whole file"}}}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from explorer.facts import Fact, NotApplicable, Unknown
from explorer.report.units import iso_time

Object = dict[str, Any]
T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
E = TypeVar("E", bound=StrEnum)

OMITTED = object()
"""A getter's value for an optional field that is left out."""


def dumps(document: Mapping[str, Any], *, on_one_line: bool = False) -> str:
    """JSON in ASCII with a line end, indented unless it is one of several documents.

    ASCII: no ESC, C1 or bidi character in a name reaches a terminal.
    """
    indent, separators = (None, (",", ":")) if on_one_line else (2, None)
    text = json.dumps(
        document, indent=indent, separators=separators, ensure_ascii=True, allow_nan=False
    )
    return text + "\n"


@dataclass(frozen=True, slots=True)
class Kind(Generic[V]):
    """A type of value: how it is written, and its JSON Schema."""

    encode: Callable[[V], Any]
    schema: Object
    shapes: tuple[Shape[Any], ...] = ()
    """The shapes that the schema refers to."""
    fact: bool = False
    """True: the value may be missing, and the object then says why."""


def _same(value: Any) -> Any:
    return value


TEXT: Kind[str] = Kind(_same, {"type": "string"})
BOOLEAN: Kind[bool] = Kind(_same, {"type": "boolean"})
INTEGER: Kind[int] = Kind(_same, {"type": "integer"})
NUMBER: Kind[float] = Kind(_same, {"type": "number"})
BYTES: Kind[int] = Kind(_same, {"type": "integer", "minimum": 0, "description": "bytes"})
SHA256: Kind[str] = Kind(
    _same, {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "lower-case hex"}
)
TIME: Kind[datetime] = Kind(
    iso_time, {"type": "string", "format": "date-time", "description": "UTC"}
)


def word(words: type[E]) -> Kind[E]:
    """One word of an enumeration."""
    return Kind(lambda value: value.value, {"enum": [one.value for one in words]})


def one_of(*values: str | int) -> Kind[Any]:
    """One of some values that no enumeration lists."""
    return Kind(_same, {"enum": list(values)})


def nullable(kind: Kind[V]) -> Kind[V | None]:
    """``null`` where there is no such thing."""

    def encode(value: V | None) -> Any:
        return None if value is None else kind.encode(value)

    return Kind(encode, _or_null(kind.schema), kind.shapes)


def fact(kind: Kind[V]) -> Kind[Fact[V]]:
    """``null`` where the fact is missing, which the object explains."""

    def encode(value: Fact[V]) -> Any:
        return None if isinstance(value, (Unknown, NotApplicable)) else kind.encode(value)

    return Kind(encode, _or_null(kind.schema), kind.shapes, fact=True)


def many(kind: Kind[V]) -> Kind[Iterable[V]]:
    """An array."""
    schema = {"type": "array", "items": kind.schema}
    return Kind(lambda values: [kind.encode(value) for value in values], schema, kind.shapes)


def mapping(kind: Kind[V]) -> Kind[Mapping[str, V]]:
    """An object with arbitrary names."""

    def encode(values: Mapping[str, V]) -> Object:
        return {name: kind.encode(value) for name, value in values.items()}

    return Kind(encode, {"type": "object", "additionalProperties": kind.schema}, kind.shapes)


def _or_null(schema: Object) -> Object:
    if "type" in schema:
        return schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        return schema | {"enum": [*schema["enum"], None]}
    return {"anyOf": [schema, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One name of an object."""

    name: str
    kind: Kind[Any]
    get: Callable[[T], Any]
    doc: str = ""
    """Replaces the kind's own description."""
    optional: bool = False
    """True: left out where ``get`` gives ``OMITTED``."""


class Shape(Generic[T]):
    """A JSON object made of a ``T``."""

    def __init__(self, name: str, doc: str, *fields: Field[T]) -> None:
        """``name`` is its definition's in the schema; ``doc`` one or two sentences for a reader."""
        self.name = name
        self.doc = doc
        self.fields = fields

    def encode(self, item: T) -> Object:
        """The object."""
        result: Object = {}
        missing: dict[str, Object] = {}
        for field in self.fields:
            value = field.get(item)
            if field.optional and value is OMITTED:
                continue
            if isinstance(value, (Unknown, NotApplicable)):
                missing[field.name] = _why_missing(value)
            result[field.name] = field.kind.encode(value)
        if missing:
            result["missing"] = missing
        return result

    @property
    def kind(self) -> Kind[T]:
        """As a field's kind: the schema refers to this shape's definition."""
        return Kind(self.encode, {"$ref": f"#/$defs/{self.name}"}, (self,))

    def schema(self) -> Object:
        """Its definition."""
        properties = {field.name: _described(field) for field in self.fields}
        if any(field.kind.fact for field in self.fields):
            properties["missing"] = {"$ref": "#/$defs/missing"}
        return {
            "type": "object",
            "description": self.doc,
            "properties": properties,
            "required": [field.name for field in self.fields if not field.optional],
            "additionalProperties": False,
        }

    def uses(self) -> Sequence[Shape[Any]]:
        """The shapes that its fields refer to."""
        return [shape for field in self.fields for shape in field.kind.shapes]


def part(shape: Shape[T], get: Callable[[U], T]) -> tuple[Field[U], ...]:
    """The fields of ``shape`` as fields of a larger object, of which ``get`` takes the part."""

    def lifted(field: Field[T]) -> Field[U]:
        return Field(
            field.name, field.kind, lambda item: field.get(get(item)), field.doc, field.optional
        )

    return tuple(lifted(field) for field in shape.fields)


def _described(field: Field[Any]) -> Object:
    return field.kind.schema | ({"description": field.doc} if field.doc else {})


def _why_missing(value: Unknown | NotApplicable) -> Object:
    state = "unknown" if isinstance(value, Unknown) else "not-applicable"
    return {"state": state, "why": value.why}


MISSING_SCHEMAS: dict[str, Object] = {
    "missing": {
        "type": "object",
        "description": "Why fields of this object are null, by the field's name. "
        "A null field that is not named here has no value.",
        "additionalProperties": {"$ref": "#/$defs/why_missing"},
    },
    "why_missing": {
        "type": "object",
        "description": "One missing fact.",
        "properties": {
            "state": {
                "enum": ["unknown", "not-applicable"],
                "description": "unknown: it exists but is not known here; "
                "not-applicable: the question has no meaning",
            },
            "why": {"type": "string"},
        },
        "required": ["state", "why"],
        "additionalProperties": False,
    },
}
