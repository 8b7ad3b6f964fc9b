"""From a published value back to the characters that it was read from, and to who recorded it when.

Here belongs what an auditor asks of one value. The published file answers nearly all of it; the
text of a document and the commits of the lake are asked of whoever has them. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines.seams import Document, Evidence, SourceFile
from pipelines.trace.model import Cell, Change, Piece, Reading, Release, Source, Trace, Vintage
from pipelines.trace.reading import Printed, reading, rows_of
from pipelines.trace.subject import EDITIONS, REACH, Subject, find, needs

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Cell", "Change", "Piece", "Reading", "Release", "Source", "Trace", "Vintage", "trace"]

CHECKS = (
    "the contract of every table held (types, nulls, ranges, keys, references, row rules): "
    "a reading of which any row fails is refused, and never becomes a vintage"
)


def trace(
    connection: DuckDBPyConnection,
    row: str,
    edition_year: int,
    column: str,
    *,
    vintage: int | None = None,
    lines: Callable[[SourceFile], Document],
    evidence: Callable[[int], Evidence | None],
) -> Trace:
    """All that one published value rests on.

    `connection` is to the published file; `row` is a mission_id, `total` or `footnote:13`; `column`
    is one of the row in personnel, mandates, personnel_totals, footnotes, mission_trends or
    mandate_trends. `lines` gives a source's text, `evidence` a snapshot's commit. Raises UsageError,
    with the nearest there is, where there is no such value; a source that cannot be read is said in
    the trace.
    """
    subject = find(connection, row, edition_year, column, vintage)
    needed = list(needs(connection, subject))
    printed = Printed(lines)
    return Trace(
        relation=subject.relation if vintage is None else f"{subject.relation}_vintages",
        row=subject.key,
        edition_year=edition_year,
        column=subject.column,
        value=_value(connection, subject, vintage),
        description=subject.description,
        computed=_computed(subject, len(needed)),
        comes_from=tuple(f"{relation}.{name}" for relation, name in subject.origins),
        release=_release(connection),
        checks=CHECKS,
        readings=tuple(
            reading(connection, subject, year, key, vintage, printed=printed, evidence=evidence)
            for year, key in needed
        ),
        history=_history(connection, subject) if subject.printed else (),
    )


def _value(connection: DuckDBPyConnection, subject: Subject, vintage: int | None) -> Any:
    relation = subject.relation if vintage is None else f"{subject.relation}_vintages"
    condition = "" if vintage is None else f"vintage = {int(vintage)} AND "
    (value,) = connection.execute(
        f'SELECT "{subject.column}" FROM {relation} WHERE {condition}edition_year = ? AND {subject.where}',
        [subject.year, *subject.parameters],
    ).fetchall()[0]
    return value


def _computed(subject: Subject, editions: int) -> str | None:
    """How a value that no document prints is computed, and whether editions for it are missing."""
    if subject.printed:
        return None
    reach, told = REACH.get(subject.column, ("row", f"by {subject.relation}, from what it comes from"))
    missing = EDITIONS.get(reach, 1) - editions
    return f"{told}; {missing} of the editions it takes not held" if missing else told


def _release(connection: DuckDBPyConnection) -> Release:
    """The release that the file is: the last row of releases."""
    columns = "release_id, published_at, contract_version, git_commit"
    rows = rows_of(connection, f"SELECT {columns} FROM releases ORDER BY rowid DESC LIMIT 1")
    return Release(**rows[0])


def _history(connection: DuckDBPyConnection, subject: Subject) -> tuple[Change, ...]:
    """What was recorded for the cell: the first vintage, and each one that differs from the one before."""
    found = rows_of(
        connection,
        f"""
        SELECT vintages.vintage, vintages.recorded_at, vintages.cause, vintages.actor, recorded.value,
            CASE WHEN editions.withdrawn THEN 'withdrawn'
                WHEN recorded.vintage IS NULL THEN 'no such row' ELSE 'recorded' END AS state
        FROM vintages
        JOIN editions_vintages AS editions
            ON editions.edition_year = vintages.edition_year AND editions.vintage = vintages.vintage
        LEFT JOIN (
            SELECT vintage, "{subject.column}" AS value
            FROM {subject.table}_vintages WHERE edition_year = ? AND {subject.where}
        ) AS recorded ON recorded.vintage = vintages.vintage
        WHERE vintages.edition_year = ?
        ORDER BY vintages.vintage
        """,
        subject.year,
        *subject.parameters,
        subject.year,
    )
    alike = groupby(found, key=lambda row: (row["value"], row["state"]))
    return tuple(Change(**next(rows)) for _, rows in alike)
