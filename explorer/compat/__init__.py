"""Will it run there? Targets and rules as data, verdicts with reasons."""

from typing import TYPE_CHECKING

from explorer.compat.models import (
    Answer,
    Dependency,
    DependencyCheck,
    Libc,
    Reason,
    Rule,
    Surroundings,
    Target,
    Verdict,
    Where,
)
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.compat.exports import version_key
    from explorer.compat.floors import floor_of, is_plain
    from explorer.compat.installing import all_rules, judge
    from explorer.compat.kernel import claims_too_much_memory
    from explorer.compat.loader_table import GLIBC_LOADERS, musl_loader
    from explorer.compat.rules.words import place
    from explorer.compat.targets import (
        all_targets,
        default_target,
        find_target,
        image_command,
        target_for_image,
        targets_across,
        with_packages,
    )


__getattr__ = lazy_exports(
    __name__,
    {
        "GLIBC_LOADERS": "loader_table",
        "musl_loader": "loader_table",
        "claims_too_much_memory": "kernel",
        "floor_of": "floors",
        "place": "explorer.compat.rules.words",
        "is_plain": "floors",
        "judge": "installing",
        "all_rules": "installing",
        "default_target": "targets",
        "image_command": "targets",
        "find_target": "targets",
        "target_for_image": "targets",
        "targets_across": "targets",
        "version_key": "exports",
        "with_packages": "targets",
        "all_targets": "targets",
    },
)

__all__ = [
    "GLIBC_LOADERS",
    "Answer",
    "Dependency",
    "DependencyCheck",
    "Libc",
    "Reason",
    "Rule",
    "Surroundings",
    "Target",
    "Verdict",
    "Where",
    "all_rules",
    "all_targets",
    "claims_too_much_memory",
    "default_target",
    "find_target",
    "floor_of",
    "image_command",
    "is_plain",
    "judge",
    "musl_loader",
    "place",
    "target_for_image",
    "targets_across",
    "version_key",
    "with_packages",
]
