"""What every use of DuckDB needs and no part owns: results as rows, names and texts. No DuckDB import."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]

# A query that takes longer than two seconds would draw it on standard output, into the answer of a command.
NO_BAR = "PRAGMA disable_progress_bar"
AT_ONCE = 100  # vintages whose rows are held at a time, but for those of one edition


def rows(connection: DuckDBPyConnection, query: str, *values: object, **named: object) -> list[Row]:
    """All rows of a query, by column name; `values` are for its `?` or `$1`, `named` for its `$name`."""
    connection.execute(query, named or list(values))
    names = column_names(connection)
    return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]


def column_names(connection: DuckDBPyConnection) -> list[str]:
    return [column[0] for column in connection.description or ()]


def names(columns: Iterable[str]) -> str:
    """Columns as a query lists them."""
    return ", ".join(f'"{column}"' for column in columns)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def spans(counts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Editions, in order and each with its number of vintages, in runs of at most `AT_ONCE` vintages."""
    runs: list[tuple[int, int]] = []
    held = 0
    for year, count in counts:
        held += count
        if runs and held <= AT_ONCE:
            runs[-1] = runs[-1][0], year
        else:
            runs.append((year, year))
            held = count
    return runs


def parted(connection: DuckDBPyConnection) -> list[str]:
    """Conditions that part the editions of an open published file, as `spans` does; one at least."""
    counted = "SELECT edition_year, count(*) FROM vintages GROUP BY ALL ORDER BY ALL"
    parts = spans(connection.execute(counted).fetchall())
    return [f"edition_year BETWEEN {first} AND {last}" for first, last in parts] or ["TRUE"]
