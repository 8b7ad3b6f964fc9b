"""What a value rests on: rows and columns of tables, in one edition or several; and how it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import schemas
from pipelines.trace.subject import GROUPS, Subject
from schemas.vocabulary import DEPLOYED, TOTAL

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Editions that a value of such a reach takes.
EDITIONS = {"previous edition": 2, "three editions": 3, "previous mandate": 2}


@dataclass(frozen=True)
class Need:
    """Rows of a table in an edition (`keys` None: all of them), and the columns that matter."""

    year: int
    table: str
    keys: tuple[str, ...] | None
    columns: tuple[str, ...]

    def concerns(self, cell: str) -> bool:
        """Whether the printed cell `cell` of such a row matters."""
        return cell in self.columns or any(
            schemas.TABLES[self.table].cell_of(column) == cell for column in self.columns
        )


def computed(subject: Subject, editions: int) -> str | None:
    """How a value that no document prints is computed, and whether editions for it are missing."""
    if subject.printed:
        return None
    column = schemas.RELATIONS[subject.relation][subject.column]
    missing = EDITIONS.get(column.reach, 1) - editions
    if column.formula is None or missing < 1:
        return column.formula
    return f"{column.formula}; {missing} of the editions it takes not held"


def needs(connection: DuckDBPyConnection, subject: Subject) -> Iterator[Need]:
    """What the value rests on, its own edition first."""
    reach = schemas.RELATIONS[subject.relation][subject.column].reach
    if subject.relation == "mission_history":
        yield from _over_editions(connection, subject, latest=reach == "latest edition")
    elif subject.relation == "edition_totals":
        yield from _of_totals(connection, subject, reach)
    else:
        columns = (subject.column,) if subject.printed else subject.columns
        for year in (subject.year, *_before(connection, subject, reach)):
            yield Need(year, subject.table, _keys(connection, subject, reach, year), columns)


def _keys(connection: DuckDBPyConnection, subject: Subject, reach: str, year: int) -> tuple[str, ...] | None:
    """The rows of an edition; a group's are those of its missions."""
    if reach == "edition":
        return None
    if subject.relation not in GROUPS:
        return (subject.key,)
    sql = (
        f"SELECT mission_id FROM mission_trends WHERE {GROUPS[subject.relation]} = ? AND edition_year = ? "
        "AND listed ORDER BY mission_id"
    )
    return tuple(mission for (mission,) in connection.execute(sql, [subject.key, year]).fetchall())


def _before(connection: DuckDBPyConnection, subject: Subject, reach: str) -> list[int]:
    """The earlier editions that a value reaches back to, the latest of them first."""
    if reach in ("previous edition", "three editions"):
        sql = "SELECT edition_year FROM editions WHERE edition_year < ? ORDER BY edition_year DESC LIMIT ?"
        parameters: list[object] = [subject.year, 1 if reach == "previous edition" else 2]
    elif reach == "previous mandate":
        sql = "SELECT max(edition_year) FROM mandates WHERE mission_id = ? AND edition_year < ?"
        parameters = [subject.key, subject.year]
    else:
        return []
    return [year for (year,) in connection.execute(sql, parameters).fetchall() if year is not None]


def _over_editions(connection: DuckDBPyConnection, subject: Subject, *, latest: bool) -> Iterator[Need]:
    """A mission's row in every edition that lists it, the last one first."""
    columns = subject.columns
    if "deployed_military" not in columns:  # then the value says in which editions the mission is
        columns = ("mission_as_printed",)
    years = connection.execute(
        "SELECT edition_year FROM personnel WHERE mission_id = ? ORDER BY edition_year DESC", [subject.key]
    ).fetchall()
    for (year,) in years[:1] if latest else years:
        yield Need(year, "personnel", (subject.key,), columns)


def _of_totals(connection: DuckDBPyConnection, subject: Subject, reach: str) -> Iterator[Need]:
    """The printed total, the rows that it is held against, or both."""
    figure: tuple[str, ...] = (subject.key,)
    if subject.column == "sum_of_military_and_civil_police":
        figure = DEPLOYED
    keys: tuple[str, ...] | None = None
    if reach in ("separate reports", "other reports"):
        sql = (
            "SELECT mission_id FROM personnel WHERE edition_year = ? AND separate_report = ? "
            "ORDER BY mission_id"
        )
        found = connection.execute(sql, [subject.year, reach == "separate reports"]).fetchall()
        keys = tuple(mission for (mission,) in found)
    if "totals row" in reach:
        yield Need(subject.year, "personnel_totals", (TOTAL,), figure)
    if reach != "totals row":
        yield Need(subject.year, "personnel", keys, figure)
