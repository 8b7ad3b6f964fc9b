"""What the commands share: their four common options, and their questions to the published file.

What a command does is in the file that bears its name; how an answer looks is in `terminal`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines import settings, sql
from pipelines.cli.terminal import Terminal
from pipelines.sql import Row
from schemas.errors import UsageError

if TYPE_CHECKING:
    from schemas.registry import Mission

Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait for another writer.")
]
Edition = Annotated[int, typer.Argument(metavar="Y", help="The edition, by its year.")]
OnlyEdition = Annotated[int | None, typer.Argument(metavar="Y", help="Only this edition.")]
Reason = Annotated[str, typer.Option("--reason", metavar="R", help="Why; it stays in the record.")]
SHARED = {
    "json": (bool, False, typer.Option("--json", help="One JSON document on standard output.")),
    "raw": (Path | None, None, typer.Option("--raw", metavar="DIR", help="Folder of the source files.")),
    "warehouse": (
        Path | None,
        None,
        typer.Option("--warehouse", metavar="DIR", help="Folder of the warehouse."),
    ),
    "verbose": (bool, False, typer.Option("--verbose", help="Logs and tracebacks on standard error.")),
}


@dataclass(frozen=True)
class Session:
    """Settings and terminal of one command."""

    settings: settings.Settings
    terminal: Terminal

    def rows(self, query: str, **named: object) -> list[Row]:
        """Rows of the published file, `named` for its `$name`; raises LakeError if nothing is published."""
        from pipelines.publish import published

        with published.connect(self.settings.published) as connection:
            return sql.rows(connection, query, **named)

    def list_rows(self, query: str, columns: str, title: str | None = None, **named: object) -> None:
        """Answer with rows of the published file: all columns with --json, these ones for people."""
        rows = self.rows(query, **named)
        names = columns.split(", ")
        self.terminal.answer(rows)
        self.terminal.table(names, [[row[name] for name in names] for row in rows], title=title)

    def mission(self, spelling: str) -> Mission:
        """The mission of the registry with this id or printed name; UsageError names the nearest."""
        from schemas import registry

        known = registry.load()
        by_id = {mission.id: mission for mission in known.missions}
        mission = by_id.get(spelling) or known.named(spelling)
        if mission is None:
            near = dict.fromkeys(mission_id for _, mission_id in known.nearest(spelling, other_names=True))
            raise UsageError(
                f"no mission is called {spelling!r}",
                hint=f"nearest: {', '.join(near)}; all of them: jvom missions",
            )
        return mission


def command(work: Callable[..., None]) -> Callable[..., None]:
    """A command from a function whose first parameter is a Session: adds the options that make one."""

    @functools.wraps(work)
    def run(*, json: bool, raw: Path | None, warehouse: Path | None, verbose: bool, **given: Any) -> None:
        work(Session(settings.find(raw, warehouse), Terminal(json=json, verbose=verbose)), **given)

    _, *parameters = inspect.signature(work, eval_str=True).parameters.values()
    parameters += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
        )
        for name, (kind, default, option) in SHARED.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def require_edition_year(year: int) -> None:
    """Raise UsageError for a year that no edition can have: from 2000 to next year it can."""
    import datetime

    last = datetime.date.today().year + 1
    if not 2000 <= year <= last:
        raise UsageError(
            f"{year} cannot be the year of an edition",
            hint=f"--year is the year in which the report was sent to parliament, 2000 to {last}",
        )
