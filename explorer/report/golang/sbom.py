"""A bill of materials from Go's build info: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/).

Package URLs are those that scanners match: ``pkg:golang/MODULE@VERSION``, and ``stdlib`` for Go
itself.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from explorer import __version__
from explorer.elf import GoBuild, GoModule
from explorer.facts import MISSING
from explorer.report.golang.purl import purl
from explorer.report.units import iso_time
from explorer.workbench import Inspection

_PREFIX = "rr-explorer:go:"
"""Of the names of properties."""


def as_cyclonedx(inspection: Inspection, build: GoBuild, now: datetime) -> str:
    """The main module as the document's subject; its dependencies and Go's library as components.

    A replaced module is listed as what replaced it. Where the build info names no modules, the
    document says that its list is not known to be complete.
    """
    libraries = {str(item["bom-ref"]): item for item in _components(build)}
    main = _main(inspection, build)
    libraries.pop(main["bom-ref"], None)
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _identity(inspection))}",
        "version": 1,
        "metadata": {
            "timestamp": iso_time(now),
            "tools": {
                "components": [
                    {"type": "application", "name": "rr-explorer", "version": __version__}
                ]
            },
            "component": main,
        },
        "components": list(libraries.values()),
        "dependencies": [
            {"ref": main["bom-ref"], "dependsOn": list(libraries)},
            *({"ref": reference} for reference in libraries),
        ],
    }
    if not build.names_modules:
        whole = {"aggregate": "unknown", "dependencies": [main["bom-ref"]]}
        document["compositions"] = [whole]
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _identity(inspection: Inspection) -> str:
    digest = inspection.file.sha256
    return f"{inspection.file.name} {'' if isinstance(digest, MISSING) else digest}"


def _main(inspection: Inspection, build: GoBuild) -> dict[str, Any]:
    if isinstance(build.main, MISSING):
        component = _component("application", build.path or inspection.file.name, "")
    else:
        component = _component("application", build.main.path, build.main.version)
    digest = inspection.file.sha256
    if not isinstance(digest, MISSING):
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    about = (("file", inspection.file.name), ("package", build.path))
    settings = ((f"build:{key}", value) for key, value in build.settings)
    component["properties"] = [_property(key, value) for key, value in (*about, *settings)]
    return component


def _components(build: GoBuild) -> Iterator[dict[str, Any]]:
    toolchain = build.version.split(" ")[0].removeprefix("go")
    yield _component("library", "stdlib", toolchain)
    for module in build.dependencies:
        used = module.replace or module
        component = _component("library", used.path, used.version)
        if used.sum:
            component["properties"] = [_property("sum", used.sum)]
        if module.replace is not None:
            component.setdefault("properties", []).append(_property("replaces", _named(module)))
        yield component


def _component(kind: str, path: str, version: str) -> dict[str, Any]:
    component: dict[str, Any] = {"type": kind, "bom-ref": purl(path, version), "name": path}
    if version and version != "(devel)":
        component["version"] = version
    if not path.startswith((".", "/")):
        component["purl"] = component["bom-ref"]
    return component


def _named(module: GoModule) -> str:
    return f"{module.path}@{module.version}" if module.version else module.path


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": f"{_PREFIX}{name}", "value": value}
