"""How a fact becomes JSON: a value, or null beside the reason why it is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from explorer.facts import Fact, NotApplicable, Unknown
from explorer.report.units import iso_time

Object = dict[str, Any]
T = TypeVar("T")


def dumps(document: Mapping[str, Any]) -> str:
    """Indented JSON in ASCII, with a line end."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def map_fact(fact: Fact[T], convert: Callable[[T], Any]) -> Any:
    """The fact with its value converted; missing ones as they are."""
    return fact if isinstance(fact, (Unknown, NotApplicable)) else convert(fact)


def object_of(**fields: Any) -> Object:
    """An object whose missing facts are null, and explained under ``missing``."""
    missing: dict[str, Object] = {}
    result: Object = {}
    for name, value in fields.items():
        if isinstance(value, (Unknown, NotApplicable)):
            missing[name] = {
                "state": "unknown" if isinstance(value, Unknown) else "not-applicable",
                "why": value.why,
            }
            result[name] = None
        else:
            result[name] = value
    if missing:
        result["missing"] = missing
    return result


def time_text(moment: datetime) -> str:
    return iso_time(moment)
