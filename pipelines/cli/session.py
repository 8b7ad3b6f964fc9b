"""What the commands share: their common options, and their questions to the published file.

What a command does is in the file that bears its name; how an answer looks is in `terminal`.
"""

from __future__ import annotations

import datetime
import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from pipelines import settings, sql
from pipelines.cli.terminal import Terminal
from pipelines.sql import Row
from schemas.errors import LakeError, UsageError

if TYPE_CHECKING:
    from schemas.registry import Mission

_NEAREST = 8  # names that a hint gives at most
Timeout = Annotated[
    float, Option("--timeout", metavar="SECONDS", min=0, help="How long to wait for another writer.")
]
Edition = Annotated[int, Argument(metavar="Y", help="The edition, by its year.")]
OnlyEdition = Annotated[int | None, Argument(metavar="Y", help="Only this edition.")]
Reason = Annotated[str, Option("--reason", metavar="R", help="Why; it stays in the record.")]


@dataclass(frozen=True)
class Session:
    settings: settings.Settings
    terminal: Terminal
    named: frozenset[str] = frozenset()  # folders that an option named: raw, warehouse

    def rows(self, query: str, **named: object) -> list[Row]:
        """Rows of the published file, `named` for its `$name`; raises LakeError if nothing is published."""
        from pipelines.publish import published

        with published.connect(self.settings.published) as connection:
            return sql.rows(connection, query, **named)

    def list_rows(self, query: str, columns: str, **named: object) -> None:
        """Answer with rows of the published file: these columns for people, all with --json, --csv and --all.

        A column may have a shorter heading for people (`name AS heading`), so that a narrow terminal shows
        more of them.
        """
        from pipelines.publish import published

        with published.connect(self.settings.published) as connection:
            rows = sql.rows(connection, query, **named)
            shown = (
                sql.column_names(connection)
                if self.terminal.csv or self.terminal.whole
                else columns.split(", ")
            )
        self.terminal.answer(rows)
        names, headings = zip(*((each + " AS " + each).split(" AS ")[:2] for each in shown), strict=True)
        self.terminal.table(headings, [[row[name] for name in names] for row in rows])

    def require_relation(self, name: str) -> None:
        """Raise LakeError if the published file is of an earlier version: no such relation, or macro."""
        tables = "SELECT 1 FROM information_schema.tables WHERE table_name = $name"
        macros = "SELECT 1 FROM duckdb_functions() WHERE function_name = $name"
        if not self.rows(f"{tables} UNION {macros}", name=name):
            message = f"was published by an earlier version, without {name}"
            hint = "run jvom build, which publishes it anew"
            raise LakeError(message, file=str(self.settings.published), hint=hint)

    def not_held(self, year: int) -> UsageError:
        """Why no edition of this year shows: it is withdrawn, or was never read."""
        if self.rows("SELECT 1 FROM vintages WHERE edition_year = $year LIMIT 1", year=year):
            hint = f"jvom vintages {year} says when and by whom; jvom restore {year} brings it back"
            return UsageError(f"edition {year} is withdrawn", hint=hint)
        return UsageError(
            f"edition {year} is not in the warehouse", hint="jvom editions lists those that are"
        )

    def mission(self, spelling: str) -> Mission:
        """The mission of this id or printed name, or the only one with these letters in it.

        UsageError names the nearest.
        """
        from schemas import labels, registry

        known = registry.load()
        by_id = {mission.id: mission for mission in known.missions}
        mission = by_id.get(spelling) or known.named(spelling)
        if mission is None:
            word = spelling.casefold()
            for kind in ("organisation", "region"):
                for code, words in labels.load()[f"{kind}s"].items():
                    if word in map(str.casefold, (code, *words)):
                        asked = f"FROM {kind}_trends WHERE {kind} = '{code}'"
                        hint = f'all of its missions together: jvom sql "{asked}"'
                        raise UsageError(
                            f"{spelling} is not a mission; {code} is the {kind} of several", hint=hint
                        )
            has_it = [one.id for one in known.missions if word in f"{one.id} {one.name}".casefold()]
            if len(has_it) == 1:
                return by_id[has_it[0]]
            nearest = (mission_id for _, mission_id in known.nearest(spelling, other_names=True))
            near = [*dict.fromkeys([*has_it, *nearest])]
            more = f" and {len(near) - _NEAREST} more" if len(near) > _NEAREST else ""
            hint = f"nearest: {', '.join(near[:_NEAREST])}{more}; all of them: jvom missions"
            raise UsageError(f"no mission is called {spelling!r}", hint=hint)
        return mission


def open_session(
    *,
    json: Annotated[bool, Option("--json", help="One JSON document on standard output.")] = False,
    raw: Annotated[Path | None, Option("--raw", metavar="DIR", help="Folder of the source files.")] = None,
    warehouse: Annotated[
        Path | None, Option("--warehouse", metavar="DIR", help="Folder of the warehouse.")
    ] = None,
    verbose: Annotated[bool, Option("--verbose", help="Logs and tracebacks on standard error.")] = False,
    whole: Annotated[
        bool, Option("--all", help="Every row and column, however narrow the terminal.")
    ] = False,
    as_csv: Annotated[
        bool, Option("--csv", help="The whole table as comma-separated values on standard output.")
    ] = False,
) -> Session:
    """A session from the options that commands share; raises LakeError outside any workspace."""
    if as_csv and json:
        raise UsageError("--csv and --json exclude each other", hint="leave one of them out")
    terminal = Terminal(json=json, csv=as_csv, verbose=verbose, whole=whole)
    named = frozenset(name for name, given in (("raw", raw), ("warehouse", warehouse)) if given)
    of_a_team = ("JVOM_CATALOG", "JVOM_DATA", "JVOM_STORE")
    if left := [name for name in of_a_team if warehouse and os.environ.get(name)]:
        terminal.say(f"note: {', '.join(left)} not used: --warehouse has its own lake and files")
    return Session(settings.find(raw, warehouse), terminal, named)


_OPTIONS = inspect.signature(open_session, eval_str=True).parameters
OF_TABLES = "as_csv"  # only for commands whose answer is a table
SHARED = {name: option for name, option in _OPTIONS.items() if name != OF_TABLES}


def command(work: Callable[..., None], *, table: bool = False) -> Callable[..., None]:
    """A command from a function whose first parameter is a Session: adds the options that make one."""
    added = _OPTIONS if table else SHARED

    @functools.wraps(work)
    def run(**given: Any) -> None:
        session = open_session(**{name: given.pop(name) for name in added})
        work(
            session,
            **{name: _text(value) if isinstance(value, str) else value for name, value in given.items()},
        )

    _, *options = inspect.signature(work, eval_str=True).parameters.values()
    signature = inspect.Signature([*options, *added.values()])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    return run


def _text(word: str) -> str:
    """A word of the command line as it was typed, also where the locale has no such characters."""
    try:
        return word if word.isascii() else os.fsencode(word).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{word!a} is not UTF-8", hint="type it in a terminal that is") from error


def table_command(work: Callable[..., None]) -> Callable[..., None]:
    """A command whose answer is a table, also with --csv."""
    return command(work, table=True)


def moment(when: str, *, end: bool = False) -> datetime.datetime:
    """`yesterday`, a day or a time (UTC if it does not say otherwise) as a time, UTC: of a day its beginning,
    or its `end`. UsageError if it is none of them."""
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    text = f"{day}" if when == "yesterday" else when
    try:
        given = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        hint = "such as yesterday, 2026-05-20, or '2026-05-20 16:00'"
        raise UsageError(f"{when!r} is not a time", hint=hint) from error
    if end and len(text) <= len("2026-05-20"):
        given += datetime.timedelta(days=1)
    return given.astimezone(datetime.UTC).replace(tzinfo=None) if given.tzinfo else given


def require_edition_year(year: int) -> None:
    """Raise UsageError for a year that no edition can have: from 2000 to next year it can."""
    last = datetime.date.today().year + 1
    if not 2000 <= year <= last:
        hint = f"--year is the year in which the report was sent to parliament, 2000 to {last}"
        raise UsageError(f"{year} cannot be the year of an edition", hint=hint)
