"""The commands, one module each. A module is imported when its command is named."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

COMMANDS: Mapping[str, str] = {
    "releases": "List the releases.",
    "assets": "List a release's files and what is known of each.",
    "inspect": "Say what a binary is, whether it will run, and why.",
    "where": "Say where a file runs: every system, best first.",
    "verify": "Run a binary in a throw-away container.",
    "check": "Hold a release, or a folder, against a promise.",
    "workflow": "Write a GitHub Actions workflow that proves each release.",
    "job": "Write a Kubernetes Job that runs a release's programs.",
    "get": "Download a file, verify its digest, and unpack it.",
    "matrix": "Show what would run, release by platform.",
    "advise": "Say which file to use, with lines to paste.",
    "report": "Export a report, fit for a GitHub issue.",
    "hardening": "List the protections that a program was built with.",
    "gobuild": "Show Go's build info: toolchain, modules, settings.",
    "functions": "List the packages of a Go program by size.",
    "vulns": "List the known vulnerabilities of a Go program.",
    "trust": "Say who vouches for a file.",
    "sbom": "Write a bill of materials of a Go program.",
    "compare": "Say what changed between two files or releases.",
    "reproduce": "Print the line that would rebuild a Go program.",
    "strings": "List the printable strings of a file.",
    "hex": "Print bytes of a file in hex.",
    "rules": "List the rules behind verdicts, or explain one.",
    "targets": "List the systems that a binary can be judged for.",
    "cache": "Show, shrink or clear the cache.",
    "doctor": "Check settings, network, engines and emulation.",
    "schema": "Print the JSON Schema of what --json prints.",
    "completion": "Print the completion script for a shell.",
}
"""Each command and its short help, in the order in which the help lists them.

The short help is here, too, because listing the commands must not import them.
"""
UNLISTED = ("help", "open")
"""Commands that the help does not list."""


def load(name: str) -> click.Command:
    """The command of this name, from the module of the same name.

    Raises:
        LookupError: there is no such command.
    """
    if name not in COMMANDS and name not in UNLISTED:
        raise LookupError(name)
    module = import_module(f"{__name__}.{name}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, click.Command) and value.name == name
    )
