"""Which relation, row and column a trace is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import schemas
from schemas.errors import UsageError
from schemas.vocabulary import FIGURES, TOTAL

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SECTION = schemas.TABLES["sections"].address_prefix
# Tables that are read from a report: lineage ends there, and each has its `_vintages`.
PRINTED = ("personnel", "personnel_totals", "mandates", "footnotes", "sections")
GROUPS = {"region_trends": "region", "organisation_trends": "organisation", "edition_totals": "column_name"}
_MISSIONS = ("personnel", "mandates", "mission_trends", "mandate_trends", "mission_history")
_BELOW = {"mandate_trends": "mandates"}  # the table that a view rests on, where it is not personnel
_FOOTNOTE = re.compile(r"footnote:(?:(?P<scope>[a-z]+):)?(?P<number>\d+)")
_PLACES = re.compile(r"source_.*|page_label|marker_lines|edition_year|vintage")

Origins = tuple[tuple[str, str], ...]  # relation, column


@dataclass(frozen=True)
class Subject:
    """A column of a row of `relation`; `origins` are the (relation, column) pairs it is computed from.

    `table` is the table whose cells it rests on, `columns` those of its columns that it rests on.
    `where` is the condition that finds the row in the relation, and for a table of the report in its
    `_vintages`, with its parameters.
    """

    relation: str
    table: str
    key: str
    year: int
    column: str
    description: str
    origins: Origins
    columns: tuple[str, ...]
    where: str
    parameters: tuple[object, ...]

    @property
    def printed(self) -> bool:
        """Whether it is a column of a table of the report, not of a view on top."""
        return self.relation == self.table


def named(connection: DuckDBPyConnection, row: str) -> str | None:
    """The key of a row that is no mission's, as the file writes it; None where it may be a mission's.

    Those are `total`, `footnote:13`, `section:2.1`, a figure's name, a region, an organisation.
    """
    if row == TOTAL or row.startswith(SECTION) or _FOOTNOTE.fullmatch(row):
        return row
    groups = _groups(connection)
    return next((known for known in groups if known.lower() == row.lower()), None)


def find(connection: DuckDBPyConnection, row: str, year: int, column: str, vintage: int | None) -> Subject:
    """The subject of a question; UsageError with the nearest there is where it has none.

    `row` is a mission_id or what `named` gives; `column` may be `relation.column`.
    """
    relation, _, name = column.rpartition(".")
    candidates = _relations(connection, row)
    if relation and relation not in candidates:
        raise UsageError(f"{row} has no row in {relation}", hint=f"it may be in {', '.join(candidates)}")
    comments = _comments(connection)
    described = {
        candidate: [known for known in comments.get(candidate, ()) if _says_something(candidate, known)]
        for candidate in candidates
        if not relation or candidate == relation
    }
    subjects = [
        _subject(comments, candidate, row, year, name)
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


def _relations(connection: DuckDBPyConnection, row: str) -> tuple[str, ...]:
    if row == TOTAL:
        return ("personnel_totals",)
    if row.startswith(SECTION):
        return ("sections",)
    if _FOOTNOTE.fullmatch(row):
        return ("footnotes",)
    group = _groups(connection).get(row)
    return (group,) if group else _MISSIONS


def _groups(connection: DuckDBPyConnection) -> dict[str, str]:
    """Name of a figure, region or organisation → its relation; from the registry, since views take time."""
    rows = connection.execute("SELECT DISTINCT region, organisation FROM mission_registry").fetchall()
    return {
        **dict.fromkeys(FIGURES, "edition_totals"),
        **dict.fromkeys((organisation for _, organisation in rows), "organisation_trends"),
        **dict.fromkeys((region for region, _ in rows), "region_trends"),
    }


def _comments(connection: DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Relation → column → comment, of the whole file."""
    comments: dict[str, dict[str, str]] = {}
    for relation, column, text in connection.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal "
        "ORDER BY table_name, column_index"
    ).fetchall():
        comments.setdefault(relation, {})[column] = text or ""
    return comments


def _says_something(relation: str, column: str) -> bool:
    """Whether a column says something of its row: it is no place and no key."""
    return not _PLACES.fullmatch(column) and column not in ("mission_id", GROUPS.get(relation))


def _origins(comments: Mapping[str, Mapping[str, str]], relation: str, column: str) -> Origins:
    """What a column is computed from, one step up, as its comment says."""
    _, _, sources = comments.get(relation, {}).get(column, "").partition(" ← ")
    pairs = (source.partition(".") for source in sources.split(", "))
    return tuple((name, origin) for name, _, origin in pairs if origin)


def _printed_columns(
    comments: Mapping[str, Mapping[str, str]], relation: str, column: str, table: str
) -> tuple[str, ...]:
    """The columns of `table` that a column goes back to, through all views between."""
    if relation in PRINTED:
        return (column,) if relation == table else ()
    found: dict[str, None] = {}
    for name, origin in _origins(comments, relation, column):
        found |= dict.fromkeys(_printed_columns(comments, name, origin, table))
    return tuple(found)


def _subject(
    comments: Mapping[str, Mapping[str, str]], relation: str, row: str, year: int, column: str
) -> Subject:
    table = relation if relation in PRINTED else _BELOW.get(relation, "personnel")
    where, parameters = _condition(relation, row)
    if "edition_year" in comments[relation]:
        where, parameters = f"edition_year = ? AND {where}", (year, *parameters)
    return Subject(
        relation=relation,
        table=table,
        key=row,
        year=year,
        column=column,
        description=comments[relation][column].partition(" ← ")[0],
        origins=_origins(comments, relation, column),
        columns=_printed_columns(comments, relation, column, table),
        where=where,
        parameters=parameters,
    )


def _condition(relation: str, row: str) -> tuple[str, tuple[object, ...]]:
    """How a row is found within an edition."""
    if relation in GROUPS:
        return f"{GROUPS[relation]} = ?", (row,)
    if row == TOTAL:
        return "TRUE", ()
    if relation == "sections":
        return "section_id = ?", (row.removeprefix(SECTION),)
    if footnote := _FOOTNOTE.fullmatch(row):
        if footnote["scope"]:
            return "number = ? AND scope = ?", (int(footnote["number"]), footnote["scope"])
        return "number = ?", (int(footnote["number"]),)
    return "mission_id = ?", (row,)


def _holds(connection: DuckDBPyConnection, subject: Subject, vintage: int | None) -> bool:
    relation, condition = subject.relation, subject.where
    parameters: list[Any] = [*subject.parameters]
    if vintage is not None:
        relation, condition = f"{relation}_vintages", f"{condition} AND vintage = ?"
        parameters.append(vintage)
    sql = f"SELECT 1 FROM {relation} WHERE {condition} LIMIT 1"
    return bool(connection.execute(sql, parameters).fetchall())


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
    where, parameters = _condition(subject.relation, subject.key)
    sql = f"SELECT DISTINCT edition_year FROM {subject.table} WHERE {where} ORDER BY 1"
    listed: list[str] = []
    if subject.relation not in GROUPS:
        listed = [str(held) for (held,) in connection.execute(sql, list(parameters)).fetchall()]
    return UsageError(
        f"{subject.relation} of edition {year} has no row for {subject.key}",
        hint=f"editions with one: {', '.join(listed) or 'none'}",
    )
