"""An indexed Job of Kubernetes that runs a release's programs, a pod for each.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/. A pod's first
container downloads one file with rr-explorer, which verifies its digest and unpacks it; the second
one is of the target's image, runs the program and prints one line of JSON to the pod's log.
``podman kube play`` knows no indexed Jobs: its one pod runs the first program.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.report.advice import quoting

FETCHER = "python:3.13-slim"
"""The image of the first container: pip installs rr-explorer in it."""
_MOST_AT_A_TIME = 4
_FETCH = """\
set -eu
index=${{JOB_COMPLETION_INDEX:-0}}
case "$index" in
{cases}esac
export HOME=/work PYTHONUSERBASE=/work/python XDG_CACHE_HOME=/work/cache
pip install --quiet --user --no-cache-dir {install}
rr=/work/python/bin/rr-explorer
"$rr" {place} get "$file" -o /work/file --json > /work/got.json
python3 -c 'import json; print(json.load(open("/work/got.json"))["binary"])' > /work/program
"$rr" {place} inspect "$file" --on {target} --json > /work/seen.json
python3 -c 'import json
print(json.load(open("/work/seen.json"))["verdicts"][0]["unaided"])' > /work/verdict
rm -rf /work/cache
"""
_RUN = """\
set -u
index=${{JOB_COMPLETION_INDEX:-0}}
case "$index" in
{cases}esac
program=$(cat /work/program)
timeout {seconds} "$program" "$@" > /tmp/stdout 2> /tmp/stderr < /dev/null
code=$?
started=true
if [ "$code" = 126 ] || [ "$code" = 127 ]; then
  grep -qE "^timeout: |^Error (loading|relocating) " /tmp/stderr && started=false
fi
verdict=$(cat /work/verdict)
case "$verdict:$started" in
yes:true|no:false) agrees=true;;
yes:false|no:true) agrees=false;;
*) agrees=null;;
esac
packed() {{ head -c 8192 "$1" | base64 | tr -d '\n'; }}
printf '{{"index":%d,"file":"%s","target":"{target}","arch":"{arch}","exit_code":%d,' \\
    "$index" "$file" "$code"
printf '"started":%s,"verdict":"%s","agrees":%s,' "$started" "$verdict" "$agrees"
printf '"stdout_base64":"%s","stderr_base64":"%s"}}\n' \\
    "$(packed /tmp/stdout)" "$(packed /tmp/stderr)"
"""
_SECURITY = """\
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
"""


@dataclass(frozen=True, slots=True)
class JobProgram:
    """A file that a pod runs."""

    file: str
    """``TAG/ASSET``."""
    argv: tuple[str, ...]
    """The program's arguments, without the program."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a Job is made for."""

    repo: str
    target: str
    image: str
    arch: str
    install: str
    """What pip installs in the first container."""
    seconds: int
    """How long a program may run."""
    api_url: str = ""
    """Where the release is; empty: on GitHub."""


def job(options: JobOptions, programs: Sequence[JobProgram]) -> str:
    """The Job as YAML: one index for each program.

    No service account, no privileges, no root, a read-only root, limits on everything.

    Raises:
        FormatError: a name that cannot be put into a script safely.
    """
    place = ["--repo", options.repo]
    if options.api_url:
        place += ["--api-url", options.api_url]
    name = re.sub(r"[^a-z0-9]+", "-", f"rr-explorer-{options.target}-{options.arch}".lower())
    fetch = _FETCH.format(
        cases=_cases(programs, with_arguments=False),
        install=shlex.quote(quoting.word(options.install)),
        place=shlex.join(quoting.word(word) for word in place),
        target=shlex.quote(quoting.plain(options.target)),
    )
    run = _RUN.format(
        cases=_cases(programs, with_arguments=True),
        seconds=options.seconds,
        target=quoting.plain(options.target),
        arch=quoting.plain(options.arch),
    )
    return f"""\
apiVersion: batch/v1
kind: Job
metadata:
  name: {name.strip("-")[:63].strip("-")}
  labels:
    app.kubernetes.io/name: rr-explorer
spec:
  completionMode: Indexed
  completions: {len(programs)}
  parallelism: {min(len(programs), _MOST_AT_A_TIME)}
  backoffLimitPerIndex: 0
  activeDeadlineSeconds: {600 + len(programs) * (options.seconds + 60)}
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        app.kubernetes.io/name: rr-explorer
{_pod(options, fetch, run)}"""


def _pod(options: JobOptions, fetch: str, run: str) -> str:
    """The pod's part of the template."""
    return f"""\
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      enableServiceLinks: false
      nodeSelector:
        kubernetes.io/os: linux
        kubernetes.io/arch: {options.arch}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65534
        runAsGroup: 65534
        fsGroup: 65534
        seccompProfile:
          type: RuntimeDefault
      initContainers:
        - name: fetch
          image: {json.dumps(FETCHER)}
{_container(fetch, "1Gi")}\
      containers:
        - name: prove
          image: {json.dumps(quoting.word(options.image))}
{_container(run, "512Mi")}\
      volumes:
        - name: work
          emptyDir:
            sizeLimit: 2Gi
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
"""


def _container(script: str, memory: str) -> str:
    """Command, limits and mounts of a container; its indentation is that of the list above."""
    lines = "".join(f"              {line}".rstrip() + "\n" for line in script.splitlines())
    return f"""\
          command: [sh, -c]
          args:
            - |
{lines}{_SECURITY}\
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              cpu: "1"
              memory: {memory}
              ephemeral-storage: 2Gi
          volumeMounts:
            - name: work
              mountPath: /work
            - name: tmp
              mountPath: /tmp
"""


def _cases(programs: Sequence[JobProgram], *, with_arguments: bool) -> str:
    """What each index is about, as branches of a shell's ``case``."""
    lines = []
    for index, program in enumerate(programs):
        tag, _, asset = program.file.rpartition("/")
        file = "/".join((*(quoting.plain(part) for part in tag.split("/")), quoting.plain(asset)))
        words = shlex.join(quoting.word(word) for word in program.argv)
        arguments = f" set -- {words};" if with_arguments else ""
        lines.append(f"{index}) file={file};{arguments};;\n".replace(";;;", ";;"))
    return "".join(lines)
