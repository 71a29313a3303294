"""Proof: run it in a local container and say what was seen."""

from explorer.verify.models import (
    CheckResult,
    DryRun,
    Engine,
    Image,
    Proof,
    Result,
    RunLimits,
)

__all__ = [
    "CheckResult",
    "DryRun",
    "Engine",
    "Image",
    "Proof",
    "Result",
    "RunLimits",
]
