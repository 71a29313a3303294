"""Proof: run it in a local container and say what was seen.

Exports the models; everything that starts a process is imported on first use.
"""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports
from explorer.verify.models import (
    CheckResult,
    DryRun,
    Emulation,
    Engine,
    EngineStatus,
    Expectations,
    Image,
    ImageSystem,
    Proof,
    ProofRequest,
    Result,
    RunLimits,
    VersionOutput,
)

if TYPE_CHECKING:
    from explorer.verify.emulate import emulation
    from explorer.verify.engines import engine_status, find_engine
    from explorer.verify.outcomes import classify
    from explorer.verify.proof import prove
    from explorer.verify.records import from_json, script, to_json
    from explorer.verify.sessions import sweep


__getattr__ = lazy_exports(
    __name__,
    {
        "classify": "outcomes",
        "emulation": "emulate",
        "engine_status": "engines",
        "find_engine": "engines",
        "from_json": "records",
        "prove": "proof",
        "script": "records",
        "sweep": "sessions",
        "to_json": "records",
    },
)

__all__ = [
    "CheckResult",
    "DryRun",
    "Emulation",
    "Engine",
    "EngineStatus",
    "Expectations",
    "Image",
    "ImageSystem",
    "Proof",
    "ProofRequest",
    "Result",
    "RunLimits",
    "VersionOutput",
    "classify",
    "emulation",
    "engine_status",
    "find_engine",
    "from_json",
    "prove",
    "script",
    "sweep",
    "to_json",
]
