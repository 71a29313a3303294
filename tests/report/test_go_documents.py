"""OpenVEX, SARIF and CycloneDX of made-up programs: valid by their schemas, whatever names say.

CycloneDX's schema is the project's own. Of the other two, the parts that bear on what is written
are put down here from the specifications: https://github.com/openvex/spec (0.2.0) and
https://docs.oasis-open.org/sarif/sarif/v2.1.0/ (3.13, 3.14, 3.19, 3.27 to 3.29, 3.49).
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.schema._res import BOM_JSON_STRICT, JSF, SPDX_JSON
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

from explorer.advisories import (
    Advisory,
    AdvisoryMatch,
    AdvisoryStatus,
)
from explorer.elf import Binary, FileFormat, GoBuild, GoModule, Scope
from explorer.facts import NotApplicable, Unknown
from explorer.fetch import Check
from explorer.report.golang import (
    advisories_sentence,
    as_cyclonedx,
    as_markdown,
    as_openvex,
    as_sarif,
)
from explorer.workbench import DatabaseFile, FileFacts, Inspection, Subject, Vulnerabilities
from explorer.workbench.promise_facts import Keeping, vulnerabilities_kept

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)
NONE = NotApplicable("none")
OPENVEX: dict[str, Any] = {
    "type": "object",
    "required": ["@context", "@id", "author", "timestamp", "version", "statements"],
    "additionalProperties": False,
    "properties": {
        "@context": {"const": "https://openvex.dev/ns/v0.2.0"},
        "@id": {"type": "string", "format": "uri"},
        "author": {"type": "string"},
        "tooling": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "version": {"type": "integer", "minimum": 1},
        "statements": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"$ref": "#/$defs/one"},
        },
    },
    "$defs": {
        "one": {
            "type": "object",
            "required": ["vulnerability", "status"],
            "additionalProperties": False,
            "properties": {
                "vulnerability": {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": False,
                    "properties": {
                        "@id": {"type": "string", "format": "uri"},
                        "name": {"type": "string"},
                        "description": {"type": "string"},
                        "aliases": {"type": "array", "uniqueItems": True},
                    },
                },
                "products": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/in"}},
                "status": {"enum": ["not_affected", "affected", "under_investigation"]},
                "justification": {
                    "enum": ["vulnerable_code_not_present", "vulnerable_code_not_in_execute_path"]
                },
                "action_statement": {"type": "string", "minLength": 1},
            },
            "allOf": [
                {
                    "if": {"properties": {"status": {"const": "not_affected"}}},
                    "then": {"required": ["justification"]},
                    "else": {"not": {"required": ["justification"]}},
                },
                {
                    "if": {"properties": {"status": {"const": "affected"}}},
                    "then": {"required": ["action_statement"]},
                },
            ],
        },
        "in": {
            "type": "object",
            "additionalProperties": False,
            "required": ["@id"],
            "properties": {
                "@id": {"type": "string", "format": "uri"},
                "hashes": {"type": "object", "propertyNames": {"enum": ["sha-256"]}},
                "subcomponents": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {"type": "object", "required": ["@id"]},
                },
            },
        },
    },
}
TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
}
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": TEXT,
                                                "helpUri": {"type": "string", "format": "uri"},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "locations"],
                            "properties": {
                                "message": TEXT,
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "locations": {"type": "array", "items": {"$ref": "#/$defs/place"}},
                            },
                        },
                    },
                },
            },
        },
    },
    "$defs": {
        "place": {
            "properties": {
                "physicalLocation": {
                    "properties": {
                        "artifactLocation": {
                            "properties": {
                                "uri": {"type": "string", "pattern": "^[!-~]*$"},
                            }
                        }
                    }
                }
            }
        }
    },
}


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


@cache
def cyclonedx() -> jsonschema.Draft7Validator:
    """The official schema, with the two that it refers to."""
    files = {
        "http://cyclonedx.org/schema/spdx.schema.json": SPDX_JSON,
        "http://cyclonedx.org/schema/jsf-0.82.schema.json": JSF,
    }
    resources = (
        (name, Resource.from_contents(json.loads(Path(str(path)).read_bytes())))
        for name, path in files.items()
    )
    schema = json.loads(Path(str(BOM_JSON_STRICT[SchemaVersion.V1_6])).read_bytes())
    return jsonschema.Draft7Validator(schema, registry=Registry().with_resources(resources))


def inspection(name: str = "rr", sha256: str | None = "ab" * 32) -> Inspection:
    digest = sha256 or Unknown("not read")
    no_elf = NotApplicable("not an ELF file")
    binary = Binary(name, 12, FileFormat.PE, Scope.FULL, "PE32+", "amd64", no_elf)
    subject = Subject(name, None, None, Path(name or "x"))
    return Inspection(
        subject=subject,
        file=FileFacts(name, 12, digest),
        path=None,
        asset_path=None,
        check=Check.ABSENT,
        asset_sha256=NONE,
        listing=NONE,
        member=NONE,
        binary=binary,
        verdicts=(),
    )


FORK = GoModule("a.test/fork", "v1.1.0+incompatible", "h1:=")
BUILD = GoBuild(
    "go1.26.4 X:boringcrypto",
    "example.test/rr/cmd/rr",
    GoModule("example.test/rr", "v2.0.1", ""),
    (
        GoModule("golang.org/x/net", "v0.7.0", "h1:abc="),
        GoModule(
            "a.test/old", "v1.0.0", "", GoModule("a.test/fork", "v1.1.0+incompatible", "h1:=")
        ),
        GoModule("a.test/local", "v1.0.0", "", GoModule("./local", "(devel)", "")),
    ),
    (("CGO_ENABLED", "0"), ("GOOS", "linux")),
)


def match(number: int, status: AdvisoryStatus, module: str = "stdlib") -> AdvisoryMatch:
    identifier = f"GO-2026-{number:04}"
    aliases = (f"CVE-2026-{number}", f"CVE-2026-{number}")
    advisory = Advisory(identifier, aliases, f"Summary {number}", ())
    fixed = "1.26.5" if number % 2 else ""
    return AdvisoryMatch(advisory, status, module, "1.26.4", fixed, ("net/url.Parse",), "because")


def found(*matches: AdvisoryMatch, name: str = "rr") -> Vulnerabilities:
    database = DatabaseFile(Path("vulndb.zip"), "vuln.go.dev", NOW)
    return Vulnerabilities(inspection(name), BUILD, matches, database, "2026-08-21T00:00:00Z")


EVERY = tuple(match(number, status) for number, status in enumerate(AdvisoryStatus, 1))


def test_openvex_is_valid_and_has_one_statement_for_each_advisory() -> None:
    twice = match(1, AdvisoryStatus.NOT_PRESENT, "golang.org/x/net")
    document = json.loads(as_openvex(found(*EVERY, twice), NOW))
    validator(OPENVEX).validate(document)
    statements = {one["vulnerability"]["name"]: one for one in document["statements"]}
    assert len(statements) == len(document["statements"]) == len(EVERY)
    assert [(one["status"], one.get("justification")) for one in statements.values()] == [
        ("affected", None),
        ("under_investigation", None),
        ("not_affected", "vulnerable_code_not_in_execute_path"),
        ("not_affected", "vulnerable_code_not_present"),
    ]
    first = statements["GO-2026-0001"]
    assert first["action_statement"] == "Build with stdlib 1.26.5 or later"
    assert first["vulnerability"]["aliases"] == ["CVE-2026-1"]
    product = first["products"][0]
    assert product["@id"] == "pkg:golang/example.test/rr/cmd/rr"
    assert product["hashes"] == {"sha-256": "ab" * 32}
    assert product["subcomponents"] == [{"@id": "pkg:golang/stdlib@1.26.4"}]


def test_sarif_is_valid_and_has_what_is_in_the_program_or_may_be() -> None:
    log = json.loads(as_sarif(found(*EVERY)))
    validator(SARIF).validate(log)
    results = log["runs"][0]["results"]
    assert [(one["ruleId"], one["level"]) for one in results] == [
        ("GO-2026-0001", "error"),
        ("GO-2026-0002", "warning"),
    ]
    assert json.loads(as_sarif(found()))["runs"][0]["results"] == []


def test_the_sentence_that_maintainers_need() -> None:
    assert advisories_sentence(found(*EVERY)).text == (
        "Scanners report 4 (module level); 1 is in the program, 1 cannot be decided."
    )
    assert "No known vulnerability" in advisories_sentence(found()).text


BARE = GoBuild("go1.15.5", "", NotApplicable("no main module was recorded"), (), ())
"""As Go left it before modules, and as Bazel does: Go's version alone."""


def test_a_program_without_modules_is_not_called_free_of_vulnerabilities() -> None:
    none, one = (replace(found(*matches), build=BARE) for matches in ((), EVERY[:1]))
    assert advisories_sentence(none).text == (
        "The build info names no modules, so only Go itself was looked up: "
        "no known vulnerability of it."
    )
    assert advisories_sentence(one).text.endswith("looked up: 1 known vulnerability of it.")
    assert advisories_sentence(none).style == "warn"
    kept = vulnerabilities_kept(none, ())
    assert (kept.keeping, kept.text) == (Keeping.UNKNOWN, "its build info names no modules")


def test_a_bill_of_materials_without_modules_says_that_it_may_lack_some() -> None:
    document = json.loads(as_cyclonedx(inspection(), BARE, NOW))
    cyclonedx().validate(document)
    assert document["compositions"][0]["aggregate"] == "unknown"
    assert "compositions" not in json.loads(as_cyclonedx(inspection(), BUILD, NOW))


def test_cyclonedx_is_valid() -> None:
    document = json.loads(as_cyclonedx(inspection(), BUILD, NOW))
    cyclonedx().validate(document)
    main = document["metadata"]["component"]
    assert main["purl"] == "pkg:golang/example.test/rr@v2.0.1"
    assert main["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert {"name": "rr-explorer:go:build:CGO_ENABLED", "value": "0"} in main["properties"]
    components = {one["name"]: one for one in document["components"]}
    assert components["stdlib"]["purl"] == "pkg:golang/stdlib@1.26.4"
    assert components["golang.org/x/net"]["purl"] == "pkg:golang/golang.org/x/net@v0.7.0"
    fork = components["a.test/fork"]
    assert fork["purl"] == "pkg:golang/a.test/fork@v1.1.0%2Bincompatible"
    assert {"name": "rr-explorer:go:replaces", "value": "a.test/old@v1.0.0"} in fork["properties"]
    assert "purl" not in components["./local"], "a folder is no package"
    references = [one["bom-ref"] for one in document["components"]]
    assert document["dependencies"][0] == {"ref": main["bom-ref"], "dependsOn": references}
    again = json.loads(as_cyclonedx(inspection(), BUILD, NOW))
    assert again["serialNumber"] == document["serialNumber"]


NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
MODULES = st.builds(GoModule, NAMES, NAMES, NAMES, st.none() | st.builds(GoModule, *[NAMES] * 3))


@settings(deadline=None, max_examples=60)
@given(
    build=st.builds(
        GoBuild,
        NAMES,
        NAMES,
        st.just(NONE) | MODULES,
        st.lists(MODULES, max_size=3).map(tuple),
        st.lists(st.tuples(NAMES, NAMES), max_size=2).map(tuple),
    ),
    name=NAMES,
)
def test_hostile_names_make_valid_documents(build: GoBuild, name: str) -> None:
    text = as_cyclonedx(inspection(name, None), build, NOW)
    assert text.isascii()
    cyclonedx().validate(json.loads(text))
    hostile = AdvisoryMatch(
        Advisory(name, (name, name), name, ()),
        AdvisoryStatus.AFFECTED,
        name,
        name,
        name,
        (name,),
        name,
    )
    result = found(hostile, hostile, name=name)
    for text, schema in ((as_openvex(result, NOW), OPENVEX), (as_sarif(result), SARIF)):
        assert text.isascii()
        validator(schema).validate(json.loads(text))
    assert "\x1b" not in as_markdown(result)
