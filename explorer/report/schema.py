"""The JSON Schema of every ``--json``, as it is shipped."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def schema() -> dict[str, Any]:
    """The whole schema (JSON Schema 2020-12): any command's document; one definition for each part."""
    document: dict[str, Any] = json.loads(
        files("explorer.report").joinpath("schema.json").read_text("utf-8")
    )
    return document


def commands() -> tuple[str, ...]:
    """The commands that have a document, and ``error``."""
    return tuple(schema()["x-commands"])


def schema_text(command: str = "") -> str:
    """The schema as text; with ``command`` the schema of its document alone, with only the definitions that it needs."""
    whole = schema()
    if command:
        whole = _only(whole, command)
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


def _only(whole: dict[str, Any], command: str) -> dict[str, Any]:
    definitions = whole["$defs"]
    needed: list[str] = []
    todo = [whole["x-commands"][command]]
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.append(name)
            todo += _references(definitions[name])
    return {
        "$schema": whole["$schema"],
        "$id": f"{whole['$id']}:{command}",
        "title": f"rr-explorer {command} --json"
        if command != "error"
        else "rr-explorer's errors with --json",
        "$ref": f"#/$defs/{whole['x-commands'][command]}",
        "$defs": {name: definitions[name] for name in sorted(needed)},
    }


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"].removeprefix("#/$defs/")] if "$ref" in part else []
        return own + [name for value in part.values() for name in _references(value)]
    if isinstance(part, list):
        return [name for value in part for name in _references(value)]
    return []
