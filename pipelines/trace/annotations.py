"""What is said of the cells that a value rests on: checks they passed, findings, declared corrections.

A finding touches a cell if one of its two sides is that cell or its row as a whole; one whose sides
name no row is about its mission.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import schemas
from pipelines import sql
from pipelines.sql import Row
from pipelines.trace.model import Check, Correction, Finding
from pipelines.trace.target import Dependency

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHECKS_NOTE = (
    "a reading of which any row fails one is refused and never becomes a vintage; "
    "listed as the contracts of this release state them"
)
_WORST = ("error", "warn", "info")


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
) -> tuple[Finding, ...]:
    """Findings that touch what a value rests on, the worst first; of a vintage if one is asked for."""
    query = "FROM findings WHERE edition_year = ?"
    if vintage is not None:
        query = f"FROM findings_vintages WHERE edition_year = ? AND vintage = {int(vintage)}"
    names = Finding.__dataclass_fields__
    found = {
        (one.year, row["finding_id"]): Finding(**{name: row[name] for name in names})
        for one in needed
        for row in sql.rows(connection, query, one.year)
        if _touches(row, one)
    }
    return tuple(sorted(found.values(), key=lambda each: (_WORST.index(each.severity), each.finding_id)))


def corrections(connection: DuckDBPyConnection, needed: Iterable[Dependency]) -> tuple[Correction, ...]:
    """Corrections declared on what a value rests on; they never change it."""
    names = Correction.__dataclass_fields__
    found = [
        Correction(**{name: row[name] for name in names})
        for one in needed
        for row in sql.rows(connection, "FROM corrections WHERE edition_year = ?", one.year)
        if _is_cell(row, one)
    ]
    return tuple(dict.fromkeys(found))


def _is_on(check: Row, table: str, columns: tuple[str, ...]) -> bool:
    if check["table_name"] != table:
        return False
    if check["column_name"] is not None:
        return check["column_name"] in columns
    return not check["column_names"] or bool(set(check["column_names"]) & set(columns))


def _touches(finding: Row, dependency: Dependency) -> bool:
    sides = [side for side in (finding["side_a"], finding["side_b"]) if side]
    if any(_is_cell(side, dependency) for side in sides):
        return True
    if any(side["row_key"] for side in sides):
        return False
    return dependency.keys is None or finding["mission_id"] in dependency.keys


def _is_cell(place: Row, dependency: Dependency) -> bool:
    """Whether a place is one of the cells, or one of their rows as a whole."""
    if place["table_name"] != dependency.table or not place["row_key"]:
        return False
    if dependency.keys is not None and place["row_key"] not in dependency.keys:
        return False
    column = place["column_name"]
    cell = schemas.TABLES[dependency.table].cell_of(column) if column else None
    return column is None or dependency.reads(column) or cell in dependency.columns
