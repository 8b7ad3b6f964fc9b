"""The generated pages of docs/reference: `command-line`, `data-dictionary` and `rules`.

To bring one up to date: `python -m pipelines.cli.reference rules > docs/reference/rules.md`.
"""

import sys
from itertools import groupby
from typing import Any

import typer

from pipelines.cli.app import program
from pipelines.cli.session import SHARED
from pipelines.cli.terminal import render


def page(name: str) -> str:
    """A whole page; commands are in the groups and the order of `--help`. KeyError for an unknown one."""
    from pipelines import reconcile
    from pipelines.publish import dictionary

    commands: Any = typer.main.get_command(program()).commands.values()  # type: ignore[attr-defined]
    shared = [option for option in next(iter(commands)).params if option.name in SHARED]
    groups = groupby(commands, key=lambda command: command.rich_help_panel)
    return {
        "command-line": lambda: render(
            "reference.md", shared=shared, groups=groups, common=[*SHARED, "help"]
        ),
        "data-dictionary": lambda: dictionary.markdown().rstrip("\n"),
        "rules": lambda: render("rules.md", rules=reconcile.RULES),
    }[name]()


if __name__ == "__main__":
    sys.stdout.write(f"{page(sys.argv[1])}\n")
