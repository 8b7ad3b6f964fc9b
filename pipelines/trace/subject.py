"""Which relation, row and column a trace is about, and which cells its value rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from schemas.errors import UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TOTAL = "total"
_FOOTNOTE = re.compile(r"footnote:(?:(?P<scope>[a-z]+):)?(?P<number>\d+)")
_PLACES = re.compile(r"source_.*|page_label|marker_lines|edition_year|vintage")

# How far a computed value reaches beyond its own row, and how it is computed.
REACH = {
    "change": ("previous", "deployed_total_computed, less that of the previous edition held"),
    "change_pct": ("previous", "change, as a percentage of the previous edition's deployed_total_computed"),
    "comparable": ("previous", "whether this period and that of the previous edition held are alike"),
    "previous_edition_year": ("previous", "the edition held before this one"),
    "status": ("previous", "whether this edition and the ones before it list the mission"),
    "share_of_total": ("edition", "deployed_total_computed, over its sum over all rows of the edition"),
    "rank_in_edition": ("edition", "place of deployed_total_computed among all rows of the edition"),
    "moving_average_3": ("three", "mean of deployed_total_computed over three consecutive editions held"),
    "deployed_total_computed": (
        "row",
        "deployed_military + deployed_civil_police; a blank beside a figure is 0",
    ),
    "deployed_per_frame_military": ("row", "deployed_military / frame_military"),
    "deployed_per_frame_civil_police": ("row", "deployed_civil_police / frame_civil_police"),
    "international_mandate_moved_days": ("printed before", "days from the end that annex 1 printed before"),
    "national_frame_moved_days": ("printed before", "days from the end that annex 1 printed before"),
}

EDITIONS = {"previous": 2, "three": 3, "printed before": 2}  # that such a value takes


@dataclass(frozen=True)
class Subject:
    """A column of a row of `relation`; `origins` are the (relation, column) pairs it is computed from.

    `table` is the table whose cells it rests on. For a table of the report `where` is the condition
    that finds the row in `<table>_vintages`, with its parameters.
    """

    relation: str
    table: str
    key: str
    year: int
    column: str
    description: str
    origins: tuple[tuple[str, str], ...]
    where: str
    parameters: tuple[object, ...]

    @property
    def printed(self) -> bool:
        """Whether it is a column of a table of the report, not of a view on top."""
        return self.relation == self.table


def find(connection: DuckDBPyConnection, row: str, year: int, column: str, vintage: int | None) -> Subject:
    """The subject of a question; UsageError with the nearest there is where it has none.

    `row` is a mission_id, `total` or `footnote:13`; `column` may be `relation.column`.
    """
    relation, _, name = column.rpartition(".")
    candidates = _relations(row)
    if relation and relation not in candidates:
        raise UsageError(f"{row} has no row in {relation}", hint=f"it may be in {', '.join(candidates)}")
    described = {
        candidate: _columns(connection, candidate)
        for candidate in candidates
        if not relation or candidate == relation
    }
    subjects = [
        _subject(candidate, row, year, name, columns[name])
        for candidate, columns in described.items()
        if name in columns
    ]
    if not subjects:
        known = list(dict.fromkeys(known for columns in described.values() for known in columns))
        near = get_close_matches(name, known, 3, cutoff=0) or known
        raise UsageError(f"no column {column!r} for {row}", hint=f"nearest: {', '.join(near)}")
    for subject in subjects:
        if (vintage is None or subject.printed) and _holds(connection, subject, vintage):
            return subject
    raise _missing(connection, subjects[0], vintage)


def needs(connection: DuckDBPyConnection, subject: Subject) -> Iterator[tuple[int, str | None]]:
    """(edition_year, row_key) of what the value rests on, this edition first; no key means all rows."""
    reach = "row" if subject.printed else REACH.get(subject.column, ("row", ""))[0]
    yield subject.year, None if reach == "edition" else subject.key
    if reach in ("previous", "three"):
        held = "SELECT edition_year FROM editions WHERE edition_year < ? ORDER BY edition_year DESC LIMIT ?"
        rows = connection.execute(held, [subject.year, 1 if reach == "previous" else 2]).fetchall()
    elif reach == "printed before":
        listed = "SELECT max(edition_year) FROM mandates WHERE mission_id = ? AND edition_year < ?"
        rows = connection.execute(listed, [subject.key, subject.year]).fetchall()
    else:
        rows = []
    yield from ((year, subject.key) for (year,) in rows if year is not None)


def concerns(subject: Subject, cell: str) -> bool:
    """Whether the value rests on the printed cell `cell` of its row."""
    wanted = [column for relation, column in subject.origins if relation == subject.table]
    if subject.printed:
        wanted = [subject.column]
    return any(_printed_in(column, cell) for column in wanted)


def _printed_in(column: str, cell: str) -> bool:
    """Whether a column is read from a printed cell: international_mandate_end from international_mandate."""
    endings = ("as_printed", "status", "end", "extension", "id")
    return column == cell or column in {f"{cell}_{ending}" for ending in endings}


def _relations(row: str) -> tuple[str, ...]:
    if row == TOTAL:
        return ("personnel_totals",)
    if _FOOTNOTE.fullmatch(row):
        return ("footnotes",)
    return ("personnel", "mandates", "mission_trends", "mandate_trends")


def _columns(connection: DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column → comment, of the columns that say something of a row: no places, no keys."""
    found = connection.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [relation],
    ).fetchall()
    return {name: text or "" for name, text in found if not _PLACES.fullmatch(name) and name != "mission_id"}


def _subject(relation: str, row: str, year: int, column: str, comment: str) -> Subject:
    description, _, sources = comment.partition(" ← ")
    origins = tuple(
        (name, origin)
        for name, _, origin in (source.partition(".") for source in sources.split(", "))
        if origin
    )
    where = "mission_id = ?"
    parameters: tuple[object, ...] = (row,)
    if row == TOTAL:
        where, parameters = "TRUE", ()
    elif footnote := _FOOTNOTE.fullmatch(row):
        where, parameters = "number = ?", (int(footnote["number"]),)
        if footnote["scope"]:
            where, parameters = f"{where} AND scope = ?", (*parameters, footnote["scope"])
    table = {"mission_trends": "personnel", "mandate_trends": "mandates"}.get(relation, relation)
    return Subject(relation, table, row, year, column, description, origins, where, parameters)


def _holds(connection: DuckDBPyConnection, subject: Subject, vintage: int | None) -> bool:
    relation, condition = subject.relation, "edition_year = ?"
    parameters: list[Any] = [subject.year]
    if vintage is not None:
        relation, condition = f"{relation}_vintages", f"{condition} AND vintage = ?"
        parameters.append(vintage)
    sql = f"SELECT 1 FROM {relation} WHERE {condition} AND {subject.where} LIMIT 1"
    return bool(connection.execute(sql, [*parameters, *subject.parameters]).fetchall())


def _missing(connection: DuckDBPyConnection, subject: Subject, vintage: int | None) -> UsageError:
    """Why there is no such row, and what there is instead."""
    year = subject.year
    if vintage is not None and not subject.printed:
        return UsageError(
            f"{subject.column} is computed from the latest vintages, and has none of its own",
            hint=f"leave --vintage out, or trace {', '.join(column for _, column in subject.origins)}",
        )
    numbers = "SELECT vintage FROM vintages WHERE edition_year = ? ORDER BY vintage"
    vintages = [number for (number,) in connection.execute(numbers, [year]).fetchall()]
    if vintages and vintage is not None and vintage not in vintages:
        return UsageError(
            f"edition {year} has no vintage {vintage}",
            hint=f"it has {vintages[0]} to {vintages[-1]}: jvom vintages {year}",
        )
    shown = [
        held for (held,) in connection.execute("SELECT edition_year FROM editions ORDER BY 1").fetchall()
    ]
    if vintage is None and year not in shown:
        held = ", ".join(map(str, shown)) or "none"
        if vintages:
            return UsageError(
                f"edition {year} is withdrawn", hint=f"--vintage N shows one of 1 to {vintages[-1]}"
            )
        return UsageError(f"edition {year} is not held", hint=f"held: {held}")
    sql = f"SELECT DISTINCT edition_year FROM {subject.relation} WHERE {subject.where} ORDER BY 1"
    listed = [str(held) for (held,) in connection.execute(sql, list(subject.parameters)).fetchall()]
    return UsageError(
        f"{subject.relation} of edition {year} has no row for {subject.key}",
        hint=f"editions with one: {', '.join(listed) or 'none'}",
    )
