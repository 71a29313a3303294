"""``rules``, ``targets``, ``cache``, ``doctor``, ``schema`` and ``completion``: what rr-explorer knows and keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from explorer.cli.base import CONTEXT, CliState, global_options, in_workbench, json_option
from explorer.cli.output import NO, OK, Output
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Rule, Workbench

SHELLS = {
    "bash": "~/.local/share/bash-completion/completions/rr-explorer",
    "zsh": "a file _rr-explorer in a directory of $fpath",
    "fish": "~/.config/fish/completions/rr-explorer.fish",
}


@click.command(
    "rules",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer rules\nrr-explorer rules elf.interp.missing",
)
@click.argument("code", default="")
@json_option
@global_options
@click.pass_obj
def rules(state: CliState, code: str) -> int:
    """List the rules that verdicts are made by, or explain the one with CODE."""

    async def work(bench: Workbench, output: Output) -> int:
        shown = await bench.rules()
        if code:
            shown = _rules_of(code, shown)
        if output.json:
            from explorer.report.json import rules as as_json

            output.data(as_json(shown))
            return OK
        from explorer.report import RULE_COLUMNS, rule_row

        output.table(RULE_COLUMNS, [rule_row(rule) for rule in shown])
        if code:
            for rule in shown:
                output.line("")
                output.line(rule.explanation)
        return OK

    return in_workbench(state, state.settings(), work)


def _rules_of(code: str, found: tuple[Rule, ...]) -> tuple[Rule, ...]:
    chosen = tuple(rule for rule in found if rule.code == code)
    if not chosen:
        from difflib import get_close_matches

        near = get_close_matches(code, [rule.code for rule in found], 3, 0.4)
        raise UsageError(
            f"There is no rule {code}",
            remedy=f"Did you mean {' or '.join(near)}?" if near else "rr-explorer rules lists them",
        )
    return chosen


@click.command("targets", context_settings=CONTEXT)
@json_option
@global_options
@click.pass_obj
def targets(state: CliState) -> int:
    """List where a binary can be judged to run: the names that --on takes."""

    async def work(bench: Workbench, output: Output) -> int:
        default = await bench.default_target()
        if output.json:
            from explorer.report.json import targets as as_json

            output.data(as_json(bench.targets(), default.name))
            return OK
        from explorer.report import TARGET_COLUMNS, target_row

        output.table(TARGET_COLUMNS, [target_row(target) for target in bench.targets()])
        output.note(f"default: {default.name}")
        return OK

    return in_workbench(state, state.settings(), work)


@click.command(
    "cache",
    context_settings=CONTEXT,
    epilog="\b\nrr-explorer cache\nrr-explorer cache prune --limit 500MB\nrr-explorer cache clear",
)
@click.argument("action", type=click.Choice(["show", "prune", "clear"]), default="show")
@click.option(
    "--limit",
    metavar="SIZE",
    help="For prune: what may stay, e.g. 500MB.  [default: the settings' cache_limit]",
)
@json_option
@global_options
@click.pass_obj
def cache(state: CliState, action: Literal["show", "prune", "clear"], limit: str | None) -> int:
    """Show what is kept, remove the least recently used, or remove all."""
    if limit is not None and action != "prune":
        raise UsageError(
            "--limit goes with prune only", remedy="rr-explorer cache prune --limit 500MB"
        )
    settings = state.settings()
    allowed = None if limit is None else _size(limit)

    async def work(bench: Workbench, output: Output) -> int:
        freed = None
        if action == "prune":
            freed = await bench.cache_prune(allowed)
        elif action == "clear":
            freed = await bench.cache_clear()
        stats, entries = await bench.cache_stats(), await bench.cache_entries()
        if output.json:
            from explorer.report.json import cache as as_json

            output.data(as_json(stats, entries, freed, bench.warnings))
            return OK
        from explorer.report import CACHE_COLUMNS, cache_facts, cache_row, human_size

        if freed is not None:
            output.line(f"{human_size(freed)} freed")
        output.facts(cache_facts(stats))
        if entries:
            output.line("")
            output.table(CACHE_COLUMNS, [cache_row(entry) for entry in entries])
        return OK

    return in_workbench(state, settings, work)


def _size(text: str) -> int:
    from explorer.settings import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(f"--limit wants {error}", text) from None


@click.command("doctor", context_settings=CONTEXT)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something is bad.")
@json_option
@global_options
@click.pass_obj
def doctor(state: CliState, exit_code: bool) -> int:
    """Say what works here and what does not: settings, cache, network, token, engines, emulation."""
    settings = state.settings(strict=False)

    async def work(bench: Workbench, output: Output) -> int:
        from explorer.workbench import Finding, Health

        wrong = tuple(
            Finding("settings", Health.BAD, problem, "Correct or remove it")
            for problem in settings.problems
        )
        findings = (*wrong, *await bench.doctor())
        if output.json:
            from explorer.report.json import doctor as as_json

            output.data(as_json(findings))
        else:
            from explorer.report import Cell, finding_row

            for number, finding in enumerate(findings):
                health, subject, text, remedy = finding_row(finding, number).cells
                output.line(health, " " * max(1, 11 - len(health.text)), subject, ": ", text)
                if remedy.text:
                    output.line(" " * 11, Cell(f"→ {remedy.text}", "accent"))
        return NO if exit_code and any(finding.health is Health.BAD for finding in findings) else OK

    return in_workbench(state, settings, work)


@click.command(
    "schema", context_settings=CONTEXT, epilog="\b\nrr-explorer schema\nrr-explorer schema inspect"
)
@click.argument("command", default="")
@global_options
@click.pass_obj
def schema(state: CliState, command: str) -> int:
    """Print the JSON Schema (2020-12) of every command's --json, or of COMMAND's alone."""
    from explorer.report.json import commands, schema_text

    if command and command not in commands():
        raise UsageError(
            f"There is no schema for {command}",
            f"there are: {', '.join(commands())}",
            "rr-explorer schema prints all",
        )
    state.output().raw(schema_text(command))
    return OK


@click.command(
    "completion",
    context_settings=CONTEXT,
    epilog="\b\n"
    + "\n".join(f"rr-explorer completion {shell} > {place}" for shell, place in SHELLS.items()),
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@global_options
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    root = context.find_root()
    assert kind is not None
    assert isinstance(context.obj, CliState)
    source = kind(root.command, {}, "rr-explorer", "_RR_EXPLORER_COMPLETE").source()
    context.obj.output().raw(source if source.endswith("\n") else source + "\n")
    return OK
