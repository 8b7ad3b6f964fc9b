"""The reference of all commands as one Markdown page, from the program itself.

To bring the page up to date: `python -m pipelines.cli.reference > docs/reference/command-line.md`.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

SHARED = ("--json", "--raw", "--warehouse", "--verbose")
INTRODUCTION = """\
# Command line

This page is generated from the program (`python -m pipelines.cli.reference`). `jvom` without an
argument prints help; every command has `--help`, and takes these options, which stand after its name:

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


def page() -> str:
    """The whole page."""
    from pipelines.cli.app import app

    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    some = next(iter(commands.values()))
    shared = [_option(parameter) for parameter in some.params if set(parameter.opts) & set(SHARED)]
    parts = [INTRODUCTION, "| option | does |\n|---|---|\n", *shared, CLOSING]
    for name, command in commands.items():
        parts.append(_section(name, command))
    return "".join(parts)


def _section(name: str, command: Any) -> str:
    own = [p for p in command.params if not set(p.opts) & {*SHARED, "--help"}]
    arguments = [p for p in own if not p.opts[0].startswith("-")]
    options = [p for p in own if p.opts[0].startswith("-")]
    words = [p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments]
    text = f"\n## `{' '.join(['jvom', name, *words])}`\n\n{command.help}\n"
    if own:
        text += "\n| argument or option | does |\n|---|---|\n"
    for parameter in arguments:
        text += f"| `{parameter.name.upper()}` | {parameter.help} |\n"
    return text + "".join(_option(parameter) for parameter in options)


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    takes = "" if parameter.is_flag else f" `{parameter.metavar}`"
    default = f" Default: {parameter.default}." if parameter.default and not parameter.is_flag else ""
    return f"| {names}{takes} | {parameter.help}{' Required.' if parameter.required else default} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
