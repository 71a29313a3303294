"""Proof: run it in a local container and say what was seen.

Exports the models; everything that starts a process is imported on first use.
"""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports
from explorer.verify.deep_steps import STEP_NAMES, DeepStep, StepResult, StepStatus
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
from explorer.verify.tree import Tree, TreeItem, file_item, no_tree

if TYPE_CHECKING:
    from explorer.verify.api import close_apis
    from explorer.verify.deep import prove_deeply
    from explorer.verify.emulation import emulation_of
    from explorer.verify.engines import (
        engine_answers,
        engine_by_name,
        engine_status,
        find_engine,
    )
    from explorer.verify.images import pull_beside
    from explorer.verify.leftovers import sweep
    from explorer.verify.lending import remove_lent
    from explorer.verify.local_images import has_image, image_id, images_here, images_in_words
    from explorer.verify.outcomes import classify
    from explorer.verify.proof import agreement, prove
    from explorer.verify.proof_targets import base_name, proof_elsewhere, proof_for, target_of
    from explorer.verify.records import from_json, ran_as, run_line, to_json


__getattr__ = lazy_exports(
    __name__,
    {
        "base_name": "proof_targets",
        "classify": "outcomes",
        "close_apis": "api",
        "emulation_of": "emulation",
        "engine_answers": "engines",
        "engine_by_name": "engines",
        "engine_status": "engines",
        "find_engine": "engines",
        "from_json": "records",
        "has_image": "local_images",
        "image_id": "local_images",
        "images_here": "local_images",
        "images_in_words": "local_images",
        "agreement": "proof",
        "proof_elsewhere": "proof_targets",
        "proof_for": "proof_targets",
        "prove": "proof",
        "prove_deeply": "deep",
        "target_of": "proof_targets",
        "pull_beside": "images",
        "ran_as": "records",
        "remove_lent": "lending",
        "run_line": "records",
        "sweep": "leftovers",
        "to_json": "records",
    },
)

__all__ = [
    "STEP_NAMES",
    "CheckResult",
    "DeepStep",
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
    "StepResult",
    "StepStatus",
    "Tree",
    "TreeItem",
    "VersionOutput",
    "agreement",
    "base_name",
    "classify",
    "close_apis",
    "emulation_of",
    "engine_answers",
    "engine_by_name",
    "engine_status",
    "file_item",
    "find_engine",
    "from_json",
    "has_image",
    "image_id",
    "images_here",
    "images_in_words",
    "no_tree",
    "proof_elsewhere",
    "proof_for",
    "prove",
    "prove_deeply",
    "pull_beside",
    "ran_as",
    "remove_lent",
    "run_line",
    "sweep",
    "target_of",
    "to_json",
]
