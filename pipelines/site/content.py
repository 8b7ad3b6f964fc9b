"""What the pages are made of: rows of the published file, asked for once and looked up by key.

A relation that the file does not hold has no rows, and the part of a page that would show it is left out.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Any

from duckdb import DuckDBPyConnection

import schemas
from pipelines import sql
from pipelines.model import SourceFile
from pipelines.sql import Row, literal

SEVERITIES = ("error", "warn", "info")
Lines = Mapping[tuple[int, int], str]  # (page, line) → the line as printed
LoadLines = Callable[[SourceFile], Lines]  # none of a document that cannot be read
# Relation → the order in which pages show its rows; a view has no `rowid`.
_READ = {
    "editions": "edition_year",
    "missions": "name, mission_id",
    "mission_spellings": "spelling",
    "mission_relations": "mission_id, relation, other_mission_id",
    "edition_sequence": "edition_year",
    "figures_left_out": "edition_year, mission_id, column_name, printed_column",
    "mission_trends": "mission_id, edition_year",
    "mission_timeline": "mission_id, period_start, period_end, basis, figure_id",
    "mission_events": "edition_year, coalesce(date_from, date), event_id",
    "may_overlap": "edition_year, mission_id, other_mission_id",
    "personnel": "edition_year, source_page, source_line",
    "personnel_totals": "edition_year",
    "mandates": "edition_year, source_page, source_line",
    "footnotes": "edition_year, number, source_line",
    "edition_totals": "edition_year, column_name",
    "headline_totals": "edition_year, quantity, figure_id",
    "mission_endings": "edition_year, mission_id",
    "region_trends": "region, edition_year",
    "organisation_trends": "organisation, edition_year",
    "findings": "edition_year, finding_id",
    "statements": "edition_year, source_line, statement_id",
    "corrections": "ALL",
    "cells": "edition_year, source_page, source_line, table_name, row_key, column_name",
    "unread_sentences": "edition_year, number",
    "vintages": "edition_year, vintage",
    "releases": "rowid",
    "revisions": "edition_year, vintage, table_name, row_key, column_name",
    "column_lineage": 'relation, "column", position',
}


@dataclass(frozen=True)
class Asked:
    """Rows of one relation, and the SQL that gives the same of the published file: what a chart shows."""

    columns: Sequence[str]
    rows: Sequence[Row]
    sql: str


@dataclass(frozen=True)
class Content:
    """One release as rows: `rows` by relation, empty if the file has none; `release` is its row.

    `schema` is the schema of each relation that the file has.
    """

    release: Row
    rows: Mapping[str, Sequence[Row]]
    schema: Mapping[str, str]
    load_lines: LoadLines
    _by: dict[tuple[Any, ...], dict[tuple[Any, ...], list[Row]]] = field(default_factory=dict)

    def of(self, relation: str, **equal: object) -> list[Row]:
        """The rows in which these columns have these values, in the order of pages."""
        names = tuple(equal)
        if (relation, *names) not in self._by:
            grouped: dict[tuple[Any, ...], list[Row]] = {}
            for row in self.rows[relation]:
                grouped.setdefault(tuple(row.get(name) for name in names), []).append(row)
            self._by[(relation, *names)] = grouped
        return self._by[(relation, *names)].get(tuple(equal.values()), [])

    def ask(self, relation: str, columns: Sequence[str], order: Sequence[str], **equal: object) -> Asked:
        """Some columns of the rows of `of`, with the query that gives the same; `-name` is from the most."""
        schema = self.schema.get(relation, "main")
        query = [
            f"SELECT {', '.join(columns)}",
            f"FROM {relation if schema == 'main' else f'{schema}.{relation}'}",
            "WHERE " + " AND ".join(_condition(*one) for one in equal.items()),
            "ORDER BY " + ", ".join(f"{name[1:]} DESC" if name[0] == "-" else name for name in order),
        ]
        found = list(self.of(relation, **equal))
        for name in reversed(order):  # blanks last both ways, as DuckDB has them
            key = name.removeprefix("-")
            there = sorted(
                (row for row in found if row[key] is not None), key=itemgetter(key), reverse=name[0] == "-"
            )
            found = [*there, *(row for row in found if row[key] is None)]
        rows = [{name: row[name] for name in columns} for row in found]
        return Asked(columns, rows, "\n".join(line for line in query if line != "WHERE ") + ";")

    def cell(self, year: int, table: str, row: str, column: str) -> Row | None:
        """The printed cell of a figure, or the blank inferred for it."""
        name = schemas.RELATIONS[table].cell_of(column)
        found = self.of("cells", edition_year=year, table_name=table, row_key=row, column_name=name)
        return found[0] if found else None

    def lines(self, year: int) -> Lines:
        """The lines of the document of an edition."""
        edition = self.of("editions", edition_year=year)[0]
        parts = ("path", "sha256", "bytes", "format", "fidelity")
        return self.load_lines(SourceFile(year, *(edition[f"source_{part}"] for part in parts)))

    @property
    def lineage(self) -> dict[str, dict[str, list[tuple[str, str]]]]:
        """View → column → the (relation, column) pairs that it is computed from, in publication order."""
        found: dict[str, dict[str, list[tuple[str, str]]]] = {}
        for row in self.rows["column_lineage"]:
            source = (row["source_relation"], row["source_column"])
            found.setdefault(row["relation"], {}).setdefault(row["column"], []).append(source)
        return {
            name: {column: found[name].get(column, []) for column in contract.names}
            for name, contract in schemas.RELATIONS.items()
            if name in found
        }

    @cached_property
    def left_out(self) -> dict[tuple[int, str, str], str]:
        """Edition, mission and figure → the printed words, where it has no exact value."""
        found: dict[tuple[int, str, str], list[str]] = {}
        for row in self.rows["figures_left_out"]:
            words = row["as_printed"] or row["qualifier"]
            found.setdefault((row["edition_year"], row["mission_id"], row["column_name"]), []).append(words)
        return {figure: ", ".join(dict.fromkeys(words)) for figure, words in found.items()}

    @cached_property
    def page_labels(self) -> dict[tuple[int, int], str]:
        """Edition and page of its file → the number printed there, or implied by those around it."""
        known = {
            (row["edition_year"], row["source_page"]): row["page_label"]
            for row in self.rows["cells"]
            if row["page_label"]
        }
        numbers = sorted((*place, int(label)) for place, label in known.items() if label.isdecimal())
        for (year, page, label), (other, last, end) in pairwise(numbers):
            if year == other and end - label == last - page:
                known |= {(year, at): str(label + at - page) for at in range(page, last)}
        return known

    @cached_property
    def years(self) -> list[int]:
        return [row["edition_year"] for row in self.rows["editions"]]

    @cached_property
    def abridged(self) -> list[int]:
        """Editions whose running text is in other words than those of the report."""
        return [row["edition_year"] for row in self.rows["editions"] if row["source_fidelity"] == "abridged"]

    @property
    def latest(self) -> int | None:
        return self.years[-1] if self.years else None

    @cached_property
    def axis(self) -> list[int]:
        """Every year from the first to the last edition held, each once."""
        return list(range(self.years[0], self.years[-1] + 1)) if self.years else []

    @cached_property
    def breaks(self) -> list[int]:
        """Editions held whose figures do not compare with those of the year before, of which one is held."""
        return [
            row["edition_year"]
            for row in self.rows["edition_sequence"]
            if row["comparable"] is False and not row["years_not_held"]
        ]

    @cached_property
    def names(self) -> dict[str, str]:
        return {row["mission_id"]: row["name"] for row in self.rows["missions"]}

    @cached_property
    def missions(self) -> list[Row]:
        """Missions of which there is anything to show, by name."""
        shown = {row["mission_id"] for row in (*self.rows["mission_trends"], *self.rows["mission_timeline"])}
        return [row for row in self.rows["missions"] if row["mission_id"] in shown]

    def findings(self, **equal: object) -> list[Row]:
        """Findings, worst first, then by edition, the newest first."""
        return sorted(
            self.of("findings", **equal),
            key=lambda row: (SEVERITIES.index(row["severity"]), -row["edition_year"]),
        )

    @property
    def today(self) -> datetime.date:
        """The day of the release, by which reports are due: the same release gives the same pages."""
        day: datetime.date = self.release["published_at"].date()
        return day


def _condition(name: str, value: object) -> str:
    return name if value is True else f"{name} = {literal(value) if isinstance(value, str) else value}"


def read(connection: DuckDBPyConnection, lines: LoadLines) -> Content:
    """Everything that pages show, from an open published file."""
    query = "SELECT table_schema, table_name FROM information_schema.tables"
    query += " WHERE table_catalog = current_database()"
    schema = {row["table_name"]: row["table_schema"] for row in sql.rows(connection, query)}
    rows = {name: list[Row]() for name in _READ}
    for name, order in ((name, order) for name, order in _READ.items() if name in schema):
        for part in sql.parted(connection) if name == "revisions" else ("TRUE",):
            rows[name] += sql.rows(connection, f'FROM "{name}" WHERE {part} ORDER BY {order}')
    return Content(rows["releases"][-1], rows, schema, lines)
