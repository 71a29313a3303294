"""``rules``: how verdicts are reached."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from explorer.cli.options import CONTEXT, global_options, json_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Rule, Workbench

EXAMPLES = "\b\nrr-explorer rules\nrr-explorer rules elf.interp.missing"


@click.command(
    "rules",
    short_help="List the rules behind verdicts, or explain one.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("code", metavar="[CODE]", default="")
@json_option
@global_options
@click.pass_obj
def rules(state: CliState, code: str) -> int:
    """List the rules that verdicts are reached by, or explain the one with CODE."""

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import rules as as_json
        from explorer.report.verdicts import RULE_COLUMNS, rule_row

        every = await workbench.rules()
        shown = [_rule(code, every)] if code else every
        if output.json:
            output.data(as_json(shown))
            return OK
        output.table(RULE_COLUMNS, [rule_row(rule) for rule in shown])
        if code:
            output.line("")
            output.line(shown[0].explanation)
        return OK

    return in_workbench(state, state.settings(), work)


def _rule(code: str, rules: Sequence[Rule]) -> Rule:
    for rule in rules:
        if rule.code == code:
            return rule
    near = get_close_matches(code, [rule.code for rule in rules], 3, 0.4)
    remedy = f"Did you mean {' or '.join(near)}?" if near else "rr-explorer rules lists them"
    raise UsageError(f"There is no rule {code}", remedy=remedy)
