"""The JSON Schema of every ``--json`` document, generated from the shapes that write them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from explorer.report.json.catalogue import ASSETS, RELEASES
from explorer.report.json.comparing import COMPARE, COMPARE_RELEASES, REPRODUCE
from explorer.report.json.content import HEX, STRINGS
from explorer.report.json.golang import FUNCTIONS, GOBUILD, VULNS
from explorer.report.json.inspection import INSPECT, VERIFY, WHERE
from explorer.report.json.machine import CACHE, DOCTOR, ERROR, GET, RULES, TARGETS
from explorer.report.json.overview import ADVISE, ADVISE_MAINTAINERS, BY_TARGET, MATRIX, REPORT
from explorer.report.json.promises import CHECK
from explorer.report.json.protections import HARDENING
from explorer.report.json.shapes import MISSING_SCHEMAS, Object, Shape
from explorer.report.json.signals import TRUST
from explorer.report.json.sweeps import SWEEP, SWEPT

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:rr-explorer:json:1"
DOCUMENTS: dict[str, Shape[Any]] = {
    "releases": RELEASES,
    "assets": ASSETS,
    "inspect": INSPECT,
    "where": WHERE,
    "verify": VERIFY,
    "verify-all": SWEPT,
    "verify-all-sum": SWEEP,
    "check": CHECK,
    "get": GET,
    "rules": RULES,
    "targets": TARGETS,
    "cache": CACHE,
    "doctor": DOCTOR,
    "matrix": MATRIX,
    "matrix-by-target": BY_TARGET,
    "advise": ADVISE,
    "advise-for-maintainers": ADVISE_MAINTAINERS,
    "report": REPORT,
    "hardening": HARDENING,
    "functions": FUNCTIONS,
    "gobuild": GOBUILD,
    "trust": TRUST,
    "vulns": VULNS,
    "compare": COMPARE,
    "compare-releases": COMPARE_RELEASES,
    "reproduce": REPRODUCE,
    "strings": STRINGS,
    "hex": HEX,
    "error": ERROR,
}
"""The document of each command, and the one for errors."""


def commands() -> tuple[str, ...]:
    """The commands that have a document, and ``error``."""
    return tuple(DOCUMENTS)


@cache
def schema_text(command: str = "") -> str:
    """The schema (JSON Schema 2020-12) as text: of all documents, or of ``command``'s alone."""
    document = _of_one(command) if command else _of_all()
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _of_all() -> Object:
    return {
        "$schema": DRAFT,
        "$id": ID,
        "title": "What rr-explorer's commands print with --json",
        "description": 'A missing fact is null, and its object\'s "missing" says why. '
        "Every document fits exactly one definition; "
        "rr-explorer schema COMMAND prints that one. Errors go to stderr.",
        "anyOf": [{"$ref": f"#/$defs/{shape.name}"} for shape in DOCUMENTS.values()],
        "x-commands": {command: shape.name for command, shape in DOCUMENTS.items()},
        "$defs": _definitions(*DOCUMENTS.values()),
    }


def _of_one(command: str) -> Object:
    shape = DOCUMENTS[command]
    title = f"rr-explorer {command} --json" if command != "error" else "Errors with --json"
    return {
        "$schema": DRAFT,
        "$id": f"{ID}:{command}",
        "title": title,
        "$ref": f"#/$defs/{shape.name}",
        "$defs": _definitions(shape),
    }


def _definitions(*roots: Shape[Any]) -> Object:
    """The definitions of some shapes and of all that they refer to, by name."""
    definitions: Object = {}
    todo = list(roots)
    while todo:
        shape = todo.pop()
        if shape.name not in definitions:
            definitions[shape.name] = shape.schema()
            todo += shape.uses()
    if any("missing" in one["properties"] for one in definitions.values()):
        definitions |= MISSING_SCHEMAS
    return dict(sorted(definitions.items()))
