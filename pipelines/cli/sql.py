"""`jvom sql`: a query of the user's to the published file."""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

from typer import Argument

from pipelines.cli.session import Session, table_command
from schemas.errors import UsageError

SHOWN_ROWS = 1000  # in a terminal; --csv and --json give all
SUFFIX = ".sql"


@table_command
def sql(
    session: Session,
    query: Annotated[
        str,
        Argument(
            metavar="QUERY",
            help="A query in DuckDB's SQL, a file that ends in .sql, or - for standard input.",
        ),
    ],
) -> None:
    """A read-only query against the published file."""
    from pipelines.publish import published

    terminal = session.terminal
    with published.connect(session.settings.published) as connection:
        names = published.ask(connection, query_text(query))
        rows = iter(connection.fetchone, None)
        terminal.answer({"columns": names, "rows": list(rows) if terminal.json else []})
        terminal.table(names, rows if terminal.csv else islice(rows, SHOWN_ROWS), most=_most)
        if left := sum(1 for _ in rows):
            terminal.say(f"{left} more row{'s' * (left > 1)}: --csv or --json gives all of them")


def _most(names: Sequence[str]) -> Sequence[str] | None:
    """Which columns of a whole relation say most; None for an answer whose columns were chosen."""
    import schemas

    relation = max(schemas.RELATIONS.values(), key=lambda of: (len({*names} & {*of.names}), -len(of.names)))
    return relation.most if {*relation.names} <= {*names} else None


def query_text(given: str) -> str:
    """The query itself, of a file, or from standard input; UsageError if it cannot be read."""
    if given == "-":
        return sys.stdin.read()
    if not given.endswith(SUFFIX):
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = 'name a text file in UTF-8, or write the query itself: jvom sql "SHOW ALL TABLES"'
        raise UsageError(f"{given} cannot be read: {error}", hint=hint) from error
