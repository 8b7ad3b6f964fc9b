"""From a published value back to the characters that it was read from, and to who recorded it when.

Here belongs what an auditor asks of one value. The published file answers nearly all of it; the text
of a document and the commits of the lake are asked of the caller. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING

from pipelines import sql
from pipelines.model import Document, Evidence, SourceFile
from pipelines.trace.annotations import CHECKS_NOTE, corrections, findings, passed_checks
from pipelines.trace.model import Change, Release, Trace
from pipelines.trace.steps import lines_by, records_of, step
from pipelines.trace.target import Target, dependencies, find, formula, named, with_keys

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["named", "trace"]


def trace(
    connection: DuckDBPyConnection,
    row: str,
    edition_year: int,
    column: str,
    *,
    vintage: int | None = None,
    load_document: Callable[[SourceFile], Document],
    evidence: Callable[[int], Evidence | None],
    interface: str | None = None,
) -> Trace:
    """All that one published value rests on.

    `connection` is to the published file; `row` is a mission_id or what `named` gives; `column` is
    one of the row in any table of the report or any trend view. `load_document` gives a source's
    lines, `evidence` a snapshot's commit, `interface` is the address of Dagster's interface if it runs.
    Raises UsageError, with the nearest that exists, if there is no such value; of a source that cannot
    be read the trace says so.
    """
    target = find(connection, row, edition_year, column, vintage)
    needed = list(dependencies(connection, target))
    records = records_of(connection, needed, vintage)
    lines = lines_by(load_document)
    return Trace(
        relation=target.relation if vintage is None else f"{target.relation}_vintages",
        row=target.row,
        edition_year=edition_year,
        column=target.column,
        value=target.value,
        description=target.declared.documentation,
        computed=formula(target, len(needed)),
        comes_from=tuple(".".join(source) for source in target.comes_from),
        release=_release(connection),
        checks=passed_checks(connection, needed),
        checks_note=CHECKS_NOTE,
        findings=findings(connection, needed, vintage),
        corrections=corrections(connection, needed),
        readings=tuple(
            step(connection, one, records[one.year], lines=lines, evidence=evidence, interface=interface)
            for one in needed
        ),
        history=_history(connection, target) if target.printed else (),
    )


def _release(connection: DuckDBPyConnection) -> Release:
    """The release that the file is: the last row of releases."""
    columns = ", ".join(Release.__dataclass_fields__)
    (row,) = sql.rows(connection, f"SELECT {columns} FROM releases ORDER BY rowid DESC LIMIT 1")
    return Release(**row)


def _history(connection: DuckDBPyConnection, target: Target) -> tuple[Change, ...]:
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
            SELECT vintage, "{target.column}" AS value FROM {with_keys(f"{target.table}_vintages")}
            WHERE edition_year = $1 AND row_key = $2
        ) AS recorded ON recorded.vintage = vintages.vintage
        WHERE vintages.edition_year = $1
        ORDER BY vintages.vintage
        """,
        target.year,
        target.row_key,
    )
    alike = groupby(found, key=lambda row: (row["value"], row["state"]))
    return tuple(Change(**next(rows)) for _, rows in alike)
