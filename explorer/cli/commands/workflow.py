"""``workflow``: prove each release in GitHub Actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer import __version__
from explorer.cli.options import CONTEXT, global_options, on_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer workflow > .github/workflows/prove.yaml
rr-explorer workflow --promise promise.toml --on alpine-3.24 --on debian-13"""


@click.command(
    "workflow",
    short_help="Write a GitHub Actions workflow that proves each release.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.option(
    "--promise",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="A promise in the repository that each release is held against, too.",
)
@on_option(many=True)
@click.option(
    "--install",
    metavar="SPEC",
    default=f"rr-explorer=={__version__}",
    show_default=True,
    help="What pip installs on the machines: a version, or an address.",
)
@global_options
@click.pass_obj
def workflow(state: CliState, promise: Path | None, targets: tuple[str, ...], install: str) -> int:
    """Write a GitHub Actions workflow that runs on each published release: every program on a
    machine of its own architecture, and one report attached to the release.
    """
    if promise is not None and promise.is_absolute():
        raise UsageError(
            "--promise is a path in the repository", str(promise), "Name it relative to its root"
        )

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.workflow import WorkflowOptions
        from explorer.report.workflow import workflow as written

        chosen = [workbench.target(name) for name in targets]
        for target in chosen:
            if target.arch:
                remedy = "Each machine adds its own"
                raise UsageError(f"{target.name} names a processor", remedy=remedy)
        names = [target.name for target in chosen or [await workbench.default_target()]]
        path = promise.as_posix() if promise is not None else ""
        output.raw(written(WorkflowOptions(names, install, path)))
        return OK

    return in_workbench(state, state.settings(), work)
