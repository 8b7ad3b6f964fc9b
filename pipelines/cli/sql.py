"""`jvom sql`: a query of the user's to the published file."""

from itertools import islice
from typing import Annotated

from typer import Argument, Option

from pipelines.cli.session import Session, command
from pipelines.cli.terminal import write_csv
from schemas.errors import UsageError

SHOWN_ROWS = 1000  # in a terminal; --csv and --json give all


@command
def sql(
    session: Session,
    query: Annotated[str, Argument(metavar="QUERY", help="A query in DuckDB's SQL.")],
    as_csv: Annotated[bool, Option("--csv", help="Comma-separated values on standard output.")] = False,
) -> None:
    """A read-only query against the published file."""
    from pipelines.publish import published

    terminal = session.terminal
    if as_csv and terminal.json:
        raise UsageError("--csv and --json exclude each other", hint="leave one of them out")
    with published.connect(session.settings.published) as connection:
        names = published.ask(connection, query)
        rows = iter(connection.fetchone, None)
        if as_csv:
            write_csv(names, rows)
            return
        terminal.answer({"columns": names, "rows": list(rows) if terminal.json else []})
        terminal.table(names, islice(rows, SHOWN_ROWS))
        if left := sum(1 for _ in rows):
            terminal.say(f"{left} more rows: --csv or --json gives all of them")
