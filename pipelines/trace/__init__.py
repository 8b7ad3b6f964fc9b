"""From a published value back to the characters that it was read from, and to who recorded it when.

Here belongs what an auditor asks of one value. The published file answers nearly all of it; the text
of a document and the commits of the lake are asked of the caller. Nothing is written.
"""

from collections.abc import Callable, Iterable
from itertools import groupby

from duckdb import DuckDBPyConnection

import schemas
from pipelines import sql
from pipelines.model import Document, Evidence, SourceFile
from pipelines.sql import Row
from pipelines.trace.model import Check, Trace
from pipelines.trace.steps import lines_by, records_of, step
from pipelines.trace.target import Dependency, Target, dependencies, find, formula, named, with_keys
from schemas.vocabulary import DEPLOYED, FRAME

__all__ = ["corrections", "findings", "named", "passed_checks", "trace"]

CHECKS_NOTE = (
    "a reading of which any row fails one is refused and never becomes a vintage; "
    "listed as the contracts of this release state them"
)
_RELEASE = "release_id, published_at, contract_version, git_commit"
_FINDING = "edition_year, finding_id, rule, severity, message, side_a, side_b"
_ADDS_UP = ("row_total", "grand_total", "year_on_year")  # military and civil/police to the total
_WORST = ("error", "warn", "info")


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
    (last,) = sql.rows(connection, f"SELECT {_RELEASE} FROM releases ORDER BY rowid DESC LIMIT 1")
    return Trace(
        relation=target.relation if vintage is None else f"{target.relation}_vintages",
        row=target.row,
        edition_year=edition_year,
        column=target.column,
        value=target.value,
        description=target.declared.documentation,
        computed=formula(target, len(needed)),
        comes_from=tuple(".".join(source) for source in target.comes_from),
        release=last,
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


def _history(connection: DuckDBPyConnection, target: Target) -> tuple[Row, ...]:
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
    return tuple(next(rows) for _, rows in alike)


def passed_checks(connection: DuckDBPyConnection, needed: Iterable[Dependency]) -> tuple[Check, ...]:
    """Those on the columns that a value rests on, on its rows as wholes, and on rows of `cells`."""
    required = sql.rows(connection, "FROM contract_checks ORDER BY table_name, position")
    found = [
        Check(row["table_name"], row["column_name"], row["requirement"], "passed")
        for one in needed
        for table, columns in ((one.table, one.columns), ("cells", ()))
        for row in required
        if _is_on(row, table, columns)
    ]
    return tuple(dict.fromkeys(found))


def findings(
    connection: DuckDBPyConnection, needed: Iterable[Dependency], vintage: int | None
) -> tuple[Row, ...]:
    """Findings that touch what a value rests on, the worst first; of a vintage if one is asked for.

    One touches a cell if one of its two sides is that cell or its row as a whole, or what it adds up has that
    cell; one whose sides name no row is about its mission.
    """
    query = "FROM findings WHERE edition_year = ?"
    if vintage is not None:
        query = f"FROM findings_vintages WHERE edition_year = ? AND vintage = {int(vintage)}"
    found = {
        (one.year, row["finding_id"]): {name: row[name] for name in _FINDING.split(", ")}
        for one in needed
        for row in sql.rows(connection, query, one.year)
        if _touches(row, one)
    }
    return tuple(sorted(found.values(), key=lambda row: (_WORST.index(row["severity"]), row["finding_id"])))


def corrections(connection: DuckDBPyConnection, needed: Iterable[Dependency]) -> tuple[Row, ...]:
    """Corrections declared on what a value rests on, or on the total of it; they never change it."""
    found = {
        tuple(row.values()): row
        for one in needed
        for row in sql.rows(connection, "FROM corrections WHERE edition_year = ?", one.year)
        for part in _parts("row_total", row["column_name"])
        if _is_cell({**row, "column_name": part}, one)
    }
    return tuple(found.values())


def _is_on(check: Row, table: str, columns: tuple[str, ...]) -> bool:
    if check["table_name"] != table:
        return False
    if check["column_name"] is not None:
        return check["column_name"] in columns
    return not check["column_names"] or bool(set(check["column_names"]) & set(columns))


def _touches(finding: Row, dependency: Dependency) -> bool:
    sides = [side for side in (finding["side_a"], finding["side_b"]) if side]
    if sides[0]["table_name"] == "editions":  # about the edition as a whole
        return True
    for side in sides:
        parts = _parts(finding["rule"], side["column_name"])
        if any(_is_cell({**side, "column_name": part}, dependency) for part in parts):
            return True
        if finding["rule"] == "column_total" and dependency.table == "personnel":  # of every row
            return dependency.reads(str(side["column_name"]))
    if any(side["row_key"] for side in sides):
        return False
    return dependency.keys is None or finding["mission_id"] in dependency.keys


def _parts(rule: str, column: str | None) -> tuple[str | None, ...]:
    """The columns that a side of a finding speaks of: its own, or what makes that up."""
    if column == "frame_total":
        return FRAME
    return (*DEPLOYED, column) if column == "deployed_total" and rule in _ADDS_UP else (column,)


def _is_cell(place: Row, dependency: Dependency) -> bool:
    """Whether a place is one of the cells, or one of their rows as a whole."""
    if place["table_name"] != dependency.table or not place["row_key"]:
        return False
    if dependency.keys is not None and place["row_key"] not in dependency.keys:
        return False
    column = place["column_name"]
    cell = schemas.TABLES[dependency.table].cell_of(column) if column else None
    return column is None or dependency.reads(column) or cell in dependency.columns
