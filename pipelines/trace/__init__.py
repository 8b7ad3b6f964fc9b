"""From a published value back to the characters that it was read from, and to who recorded it when.

Here belongs what an auditor asks of one value. The published file answers nearly all of it; the
text of a document and the commits of the lake are asked of whoever has them. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines import sql
from pipelines.model import Document, Evidence, SourceFile
from pipelines.trace.model import (
    Cell,
    Change,
    Check,
    Correction,
    Finding,
    Piece,
    Reading,
    Release,
    Source,
    Trace,
    Vintage,
)
from pipelines.trace.needs import computed, needs
from pipelines.trace.passed import NOTE, checks
from pipelines.trace.reading import Printed, reading, recorded_for
from pipelines.trace.remarks import corrections, findings
from pipelines.trace.subject import Subject, find, named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "Cell",
    "Change",
    "Check",
    "Correction",
    "Finding",
    "Piece",
    "Reading",
    "Release",
    "Source",
    "Trace",
    "Vintage",
    "named",
    "trace",
]


def trace(
    connection: DuckDBPyConnection,
    row: str,
    edition_year: int,
    column: str,
    *,
    vintage: int | None = None,
    lines: Callable[[SourceFile], Document],
    evidence: Callable[[int], Evidence | None],
    interface: str | None = None,
) -> Trace:
    """All that one published value rests on.

    `connection` is to the published file; `row` is a mission_id or what `named` gives; `column` is
    one of the row in any table of the report or any trend view. `lines` gives a source's text,
    `evidence` a snapshot's commit, `interface` is the address of Dagster's interface where it runs.
    Raises UsageError, with the nearest there is, where there is no such value; a source that cannot
    be read is said in the trace.
    """
    subject = find(connection, row, edition_year, column, vintage)
    needed = list(needs(connection, subject))
    recorded = recorded_for(connection, needed, vintage)
    printed = Printed(lines)
    return Trace(
        relation=subject.relation if vintage is None else f"{subject.relation}_vintages",
        row=subject.key,
        edition_year=edition_year,
        column=subject.column,
        value=_value(connection, subject, vintage),
        description=subject.description,
        computed=computed(subject, len(needed)),
        comes_from=tuple(f"{relation}.{name}" for relation, name in subject.origins),
        release=_release(connection),
        checks=checks(connection, needed),
        checks_note=NOTE,
        findings=findings(connection, needed, vintage),
        corrections=corrections(connection, needed),
        readings=tuple(
            reading(
                connection, need, recorded[need.year], printed=printed, evidence=evidence, interface=interface
            )
            for need in needed
        ),
        history=_history(connection, subject) if subject.printed else (),
    )


def _value(connection: DuckDBPyConnection, subject: Subject, vintage: int | None) -> Any:
    relation = subject.relation if vintage is None else f"{subject.relation}_vintages"
    condition = "" if vintage is None else f"vintage = {int(vintage)} AND "
    (value,) = connection.execute(
        f'SELECT "{subject.column}" FROM {relation} WHERE {condition}{subject.where}',
        list(subject.parameters),
    ).fetchall()[0]
    return value


def _release(connection: DuckDBPyConnection) -> Release:
    """The release that the file is: the last row of releases."""
    columns = "release_id, published_at, contract_version, git_commit"
    rows = sql.rows(connection, f"SELECT {columns} FROM releases ORDER BY rowid DESC LIMIT 1")
    return Release(**rows[0])


def _history(connection: DuckDBPyConnection, subject: Subject) -> tuple[Change, ...]:
    """What was recorded for the cell: the first vintage, and each one that differs from the one before."""
    found = sql.rows(
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
            FROM {subject.table}_vintages WHERE {subject.where}
        ) AS recorded ON recorded.vintage = vintages.vintage
        WHERE vintages.edition_year = ?
        ORDER BY vintages.vintage
        """,
        *subject.parameters,
        subject.year,
    )
    alike = groupby(found, key=lambda row: (row["value"], row["state"]))
    return tuple(Change(**next(rows)) for _, rows in alike)
