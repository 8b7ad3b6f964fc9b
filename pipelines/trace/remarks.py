"""What was remarked on the cells that a value rests on: findings that touch them, corrections declared.

Both come from relations that a published file may lack, or have without rows: then there is nothing
to tell. A finding touches a cell if one of its two sides is that cell or its row as a whole; one
whose sides name no row is taken to be about its mission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import schemas
from pipelines import sql
from pipelines.trace.model import Correction, Finding
from pipelines.trace.needs import Need
from pipelines.trace.subject import SECTION

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_WORST = ("error", "warn", "info")

Row = Mapping[str, Any]


def findings(
    connection: DuckDBPyConnection, needed: Iterable[Need], vintage: int | None
) -> tuple[Finding, ...]:
    """Findings that touch what a value rests on, the worst first; of a vintage where one is asked for."""
    found = {}
    relation = "findings" if vintage is None else "findings_vintages"
    for need in needed if _is_there(connection, relation) else ():
        for row in _rows(connection, relation, need.year, vintage):
            if _touches(row, need):
                found[need.year, row["finding_id"]] = Finding(
                    edition_year=need.year,
                    finding_id=row["finding_id"],
                    rule=row["rule"],
                    severity=row["severity"],
                    message=row["message"],
                    side_a=row.get("side_a"),
                    side_b=row.get("side_b"),
                )
    return tuple(sorted(found.values(), key=lambda one: (_WORST.index(one.severity), one.finding_id)))


def corrections(connection: DuckDBPyConnection, needed: Iterable[Need]) -> tuple[Correction, ...]:
    """Corrections declared on what a value rests on; they never change it."""
    found = [
        Correction(**{name: row[name] for name in Correction.__dataclass_fields__})
        for need in (needed if _is_there(connection, "corrections") else ())
        for row in _rows(connection, "corrections", need.year, None)
        if _is_cell(row, need)
    ]
    return tuple(dict.fromkeys(found))


def _rows(
    connection: DuckDBPyConnection, relation: str, year: int, vintage: int | None
) -> Iterator[dict[str, Any]]:
    """Rows of an edition, or of one of its vintages."""
    condition = "" if vintage is None else f" AND vintage = {int(vintage)}"
    yield from sql.rows(connection, f"SELECT * FROM {relation} WHERE edition_year = ?{condition}", year)


def _is_there(connection: DuckDBPyConnection, relation: str) -> bool:
    """Whether the file has a relation."""
    named = "SELECT 1 FROM duckdb_columns() WHERE table_name = ? AND column_name = 'edition_year'"
    return connection.execute(named, [relation]).fetchone() is not None


def _touches(row: Row, need: Need) -> bool:
    sides = [side for side in (row.get("side_a"), row.get("side_b")) if side]
    if any(_is_cell(side, need) for side in sides):
        return True
    if any(side.get("row_key") for side in sides):
        return False
    return need.keys is None or row.get("mission_id") in need.keys


def _is_cell(place: Row, need: Need) -> bool:
    """Whether a place is one of the cells, or one of their rows as a whole."""
    if place.get("table_name") != need.table or not place.get("row_key"):
        return False
    # A section is named by its id alone where no other kind of row could be meant.
    if need.keys is not None and not {place["row_key"], f"{SECTION}{place['row_key']}"} & set(need.keys):
        return False
    column = place.get("column_name")
    cell_of = schemas.TABLES[need.table].cell_of
    return (
        not column
        or column in need.columns
        or any(wanted == cell_of(column) or cell_of(wanted) == column for wanted in need.columns)
    )
