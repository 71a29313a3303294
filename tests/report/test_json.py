"""The JSON documents and their schema, which come from the same declarations."""

import json
from datetime import UTC, datetime

import jsonschema
import pytest

from explorer.facts import NotApplicable, Unknown
from explorer.report.json import commands, schema_text
from explorer.report.json.shapes import (
    BYTES,
    INTEGER,
    OMITTED,
    TEXT,
    TIME,
    Field,
    Shape,
    fact,
    many,
    nullable,
    part,
)


@pytest.mark.parametrize("command", ["", *commands()])
def test_every_schema_is_valid_and_whole(command: str) -> None:
    schema = json.loads(schema_text(command))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    referred = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert referred == set(schema["$defs"]), "each definition is there, and each is used"
    assert all(one["description"] for one in schema["$defs"].values())


def test_a_shape_writes_what_its_schema_promises() -> None:
    inner = Shape[int]("inner", "One number.", Field("value", INTEGER, lambda n: n))
    shape = Shape[list[object]](
        "outer",
        "Everything that a field can be.",
        Field("size", fact(BYTES), lambda item: item[0]),
        Field("when", fact(TIME), lambda item: item[1]),
        Field("name", nullable(TEXT), lambda item: item[2], "as it was found"),
        Field("parts", fact(many(inner.kind)), lambda item: item[3]),
        Field("extra", TEXT, lambda item: item[4], optional=True),
        *part(inner, lambda item: 7),
    )
    moment = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)
    whole = shape.encode([1, moment, "x", (1, 2), "more"])
    assert whole == {
        "size": 1,
        "when": "2026-06-17T12:00:00Z",
        "name": "x",
        "parts": [{"value": 1}, {"value": 2}],
        "extra": "more",
        "value": 7,
    }
    bare = shape.encode([Unknown("needs it"), NotApplicable("never"), None, Unknown("?"), OMITTED])
    assert bare == {
        "size": None,
        "when": None,
        "name": None,
        "parts": None,
        "value": 7,
        "missing": {
            "size": {"state": "unknown", "why": "needs it"},
            "when": {"state": "not-applicable", "why": "never"},
            "parts": {"state": "unknown", "why": "?"},
        },
    }
    schema = shape.schema()
    assert schema["properties"]["name"] == {
        "type": ["string", "null"],
        "description": "as it was found",
    }
    assert "extra" not in schema["required"]
    assert "missing" in schema["properties"]
    assert "missing" not in inner.schema()["properties"]
