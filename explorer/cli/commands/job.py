"""``job``: prove a release in a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from explorer import __version__
from explorer.cli.options import CONTEXT, WORDS, global_options, on_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import NotFoundError, UsageError
from explorer.facts import known_or
from explorer.settings import Settings

if TYPE_CHECKING:
    from explorer.workbench import Asset, Release, Target, Workbench

EXAMPLES = """\b
rr-explorer job latest --on alpine-3.24 | kubectl apply -f -
kubectl logs --prefix=false -l app.kubernetes.io/name=rr-explorer -c prove"""


@click.command(
    "job",
    short_help="Write a Kubernetes Job that runs a release's programs.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("words", type=WORDS, metavar="FILE...", nargs=-1)
@on_option(many=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["kubernetes"]),
    default="kubernetes",
    show_default=True,
    help="An indexed batch/v1 Job for each target and architecture.",
)
@click.option(
    "--image",
    default="",
    metavar="IMAGE",
    help="The image to run in.  [default: the target's]",
)
@click.option(
    "--install",
    metavar="SPEC",
    default=f"rr-explorer=={__version__}",
    show_default=True,
    help="What pip installs in the pods: a version, or an address.",
)
@global_options
@click.pass_obj
def job(
    state: CliState,
    words: tuple[str, ...],
    targets: tuple[str, ...],
    form: str,
    image: str,
    install: str,
) -> int:
    """Write a Kubernetes Job that runs files of a release: a pod for each, without a service
    account, privileges or root, and one line of JSON in its log. FILE is a TAG, which stands for
    all its programs for Linux, or TAG/ASSET; without one, the newest release. Needs Kubernetes
    1.29 or later. The release must be public: no token is written.
    """

    async def work(workbench: Workbench, output: Output) -> int:
        chosen = [workbench.target(name) for name in targets]
        chosen = chosen or [await workbench.default_target()]
        files = await _files(workbench, words, output)
        documents = []
        for target in chosen:
            documents += _jobs(workbench, target, files, image or target.image, install)
        if not documents:
            raise NotFoundError(
                "No file is named as a program for Linux and a processor", ", ".join(words)
            )
        output.raw("---\n".join(documents))
        return OK

    return in_workbench(state, state.settings(), work)


async def _files(
    workbench: Workbench, words: tuple[str, ...], output: Output
) -> tuple[tuple[Release, Asset], ...]:
    """The files that the words name, each with its release."""
    files: list[tuple[Release, Asset]] = []
    for word in words or ("latest",):
        try:
            files += await workbench.programs((word,), progress=output.progress)
        except NotFoundError:
            if "/" not in word:
                raise
            subject = await workbench.resolve(word)
            if subject.release is None or subject.asset is None:
                raise
            files.append((subject.release, subject.asset))
    return tuple(dict.fromkeys(files))


def _jobs(
    workbench: Workbench,
    target: Target,
    files: tuple[tuple[Release, Asset], ...],
    image: str,
    install: str,
) -> list[str]:
    """One Job for each architecture of the files that the target may have."""
    from explorer.report.kubernetes import JobOptions, JobProgram
    from explorer.report.kubernetes import job as written

    if not image:
        raise UsageError(f"{target.name} has no image", remedy="Name one with --image")
    programs: dict[str, list[JobProgram]] = {}
    for release, asset in files:
        arch = known_or(asset.platform.arch, "")
        if arch and target.arch in ("", arch):
            argv = asset.kind.command(release.version).argv
            arguments = tuple(word for word in argv if word != "{}")
            one = JobProgram(f"{release.tag}/{asset.name}", arguments)
            programs.setdefault(arch, []).append(one)
    name = target.name.partition("/")[0]
    settings = workbench.settings
    seconds = max(1, round(settings.run_seconds))
    api_url = "" if settings.api_url == Settings().api_url else settings.api_url
    return [
        written(JobOptions(settings.repo, name, image, arch, install, seconds, api_url), ones)
        for arch, ones in sorted(programs.items())
    ]
