"""The reference of all commands as one Markdown page, made from the program.

To bring the page up to date: `python -m pipelines.cli.reference > docs/reference/command-line.md`.
"""

import sys
from itertools import groupby
from typing import Any

import typer

from pipelines.cli.session import SHARED
from pipelines.cli.terminal import render


def page(app: typer.Typer) -> str:
    """The whole page, with the commands in the groups and the order of `--help`."""
    commands: Any = typer.main.get_command(app).commands.values()  # type: ignore[attr-defined]
    shared = [option for option in next(iter(commands)).params if option.name in SHARED]
    groups = groupby(commands, key=lambda command: command.rich_help_panel)
    return render("reference.md", shared=shared, groups=groups, common=[*SHARED, "help"]) + "\n"


if __name__ == "__main__":
    from pipelines.cli.app import app

    sys.stdout.write(page(app))
