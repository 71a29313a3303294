"""The commands, one module each."""

from explorer.cli.commands.advise import advise
from explorer.cli.commands.assets import assets
from explorer.cli.commands.cache import cache
from explorer.cli.commands.check import check
from explorer.cli.commands.compare import compare
from explorer.cli.commands.completion import completion
from explorer.cli.commands.doctor import doctor
from explorer.cli.commands.functions import functions
from explorer.cli.commands.get import get
from explorer.cli.commands.gobuild import gobuild
from explorer.cli.commands.hardening import hardening
from explorer.cli.commands.hex import hex_command
from explorer.cli.commands.inspect import inspect
from explorer.cli.commands.matrix import matrix
from explorer.cli.commands.open import open_command
from explorer.cli.commands.releases import releases
from explorer.cli.commands.report import report
from explorer.cli.commands.reproduce import reproduce
from explorer.cli.commands.rules import rules
from explorer.cli.commands.sbom import sbom
from explorer.cli.commands.schema import schema
from explorer.cli.commands.strings import strings
from explorer.cli.commands.targets import targets
from explorer.cli.commands.verify import verify
from explorer.cli.commands.vulns import vulns
from explorer.cli.commands.where import where
from explorer.cli.commands.workflow import workflow

COMMANDS = (
    releases,
    assets,
    inspect,
    where,
    verify,
    check,
    workflow,
    get,
    matrix,
    advise,
    report,
    hardening,
    gobuild,
    functions,
    vulns,
    sbom,
    compare,
    reproduce,
    strings,
    hex_command,
    rules,
    targets,
    cache,
    doctor,
    schema,
    completion,
)
"""In the order in which the help lists them."""

__all__ = ["COMMANDS", "open_command"]
