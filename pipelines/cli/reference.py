"""The reference of all commands as one Markdown page, made from the program.

To bring the page up to date: `python -m pipelines.cli.reference > docs/reference/command-line.md`.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Any

import typer

from pipelines.cli.session import SHARED

INTRODUCTION = """\
# Command line

This page is generated from the program (`python -m pipelines.cli.reference`). `jvom` without an
argument prints help; every command has `--help`, and takes these options, which come after its name:

"""
CLOSING = """
Without `--raw` and `--warehouse` the folders beside the nearest `workspace.yaml` upwards are used, else
those of `JVOM_HOME`. Answers go to standard output; progress, messages and errors to standard error.
With `--json` there is exactly one JSON document on standard output, also when something is wrong
(`{"error": …}`).

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | the input or the data is at fault: the message says what, where, and what to do |
| 2 | the command line is at fault |
| 3 | the surroundings are (disk, lock, network): trying again may help |
"""


def page(app: typer.Typer) -> str:
    """The whole page, with the commands in the groups and the order of `--help`."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    any_command = next(iter(commands.values()))
    shared = [_option(parameter) for parameter in any_command.params if parameter.name in SHARED]
    parts = [INTRODUCTION, "| option | does |\n|---|---|\n", *shared, CLOSING]
    for group, names in groupby(commands, key=lambda name: commands[name].rich_help_panel):
        parts.append(f"\n## {group}\n")
        parts += [_section(name, commands[name]) for name in names]
    return "".join(parts)


def _section(name: str, command: Any) -> str:
    parameters = [p for p in command.params if p.name not in {*SHARED, "help"}]
    arguments = [p for p in parameters if not p.opts[0].startswith("-")]
    options = [p for p in parameters if p.opts[0].startswith("-")]
    words = [p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments]
    text = f"\n### `{' '.join(['jvom', name, *words])}`\n\n{command.help}\n"
    if parameters:
        text += "\n| argument or option | does |\n|---|---|\n"
    for parameter in arguments:
        text += f"| `{parameter.name.upper()}` | {parameter.help} |\n"
    return text + "".join(map(_option, options))


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    takes = "" if parameter.is_flag else f" `{parameter.metavar}`"
    default = f" Default: {parameter.default}." if parameter.default and not parameter.is_flag else ""
    return f"| {names}{takes} | {parameter.help}{' Required.' if parameter.required else default} |\n"


if __name__ == "__main__":
    from pipelines.cli.app import app

    sys.stdout.write(page(app))
