"""What the pages are made of: rows of the published file, asked for once and looked up by key.

A relation that the file does not hold has no rows, and the part of the page that would show it is
left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import schemas
from pipelines import sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]
CellKey = tuple[int, str, str, str]  # edition, table, row, column

SEVERITIES = ("error", "warn", "info")
# Relation → the order in which pages show its rows; a view has no `rowid`.
_READ = {
    "editions": "edition_year",
    "missions": "name, mission_id",
    "mission_spellings": "spelling",
    "mission_relations": "mission_id, relation, other_mission_id",
    "mission_trends": "mission_id, edition_year",
    "mission_history": "mission_id",
    "mission_timeline": "mission_id, period_start, period_end, basis, figure_id",
    "mission_events": "edition_year, date, event_id",
    "personnel": "edition_year, source_page, source_line",
    "personnel_totals": "edition_year",
    "mandates": "edition_year, source_page, source_line",
    "mandate_trends": "mission_id, edition_year",
    "footnotes": "edition_year, number, source_line",
    "edition_totals": "edition_year, column_name",
    "region_trends": "region, edition_year",
    "findings": "edition_year, finding_id",
    "corrections": "ALL",
    "cells": "edition_year, source_page, source_line, table_name, row_key, column_name",
    "vintages": "edition_year, vintage",
    "revisions": "edition_year, vintage, table_name, row_key, column_name",
    "column_lineage": 'relation, "column", position',
}


@dataclass(frozen=True)
class Content:
    """One release as rows: `rows` by relation, empty if the file has none; `release` is its row."""

    release: Row
    rows: Mapping[str, Sequence[Row]]
    cells: Mapping[CellKey, Row]

    def of(self, relation: str, **equal: object) -> list[Row]:
        """Rows of a relation whose columns have these values."""
        return [row for row in self.rows[relation] if all(row.get(name) == equal[name] for name in equal)]

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

    @property
    def years(self) -> list[int]:
        """Editions shown, in order."""
        return [row["edition_year"] for row in self.rows["editions"]]

    @property
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


def read(connection: DuckDBPyConnection) -> Content:
    """Everything that pages show, from an open published file."""
    relations = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
    )
    there = {name for (name,) in relations.fetchall()}
    rows = {
        name: sql.rows(connection, f'FROM "{name}" ORDER BY {order}') if name in there else []
        for name, order in _READ.items()
    }
    releases = sql.rows(connection, "FROM releases ORDER BY rowid")
    cells = {
        (row["edition_year"], row["table_name"], row["row_key"], row["column_name"]): row
        for row in rows["cells"]
    }
    return Content(releases[-1], rows, cells)
