"""The figures of the real report as a rendition: tables taken from its text, drawn as PDF in any look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from schemas.registry import Layout
from tests.renditions.content import Content, MandateRow, PersonnelRow, Printed

Rows = Sequence[Mapping[str, Any]]


def content_of(tables: Mapping[str, pa.Table], layout: Layout) -> Content:
    """What the tables of an edition print, cell by cell."""
    cells = {
        (cell["table_name"], cell["row_key"], cell["column_name"]): cell
        for cell in tables["cells"].to_pylist()
    }
    named = [
        (group.printed or "", column.printed) for group in layout.personnel.groups for column in group.columns
    ]
    columns: tuple[tuple[str, ...], ...] = ((layout.personnel.mission,), *named)
    notes = _notes(tables, cells)
    first, second = [
        note["number"] for note in tables["footnotes"].to_pylist() if note["scope"] == "mandates"
    ]
    return Content(
        columns,
        tuple(_personnel(tables, layout, cells, notes)),
        tuple(_mandates(tables["mandates"].to_pylist())),
        (first, second),
    )


def _notes(tables: Mapping[str, pa.Table], cells: Mapping[Any, Any]) -> dict[tuple[str, str], int]:
    """(row, column) of each cell of annex 2 that marks a note → its number."""
    found = {}
    for row in tables["personnel"].to_pylist():
        marked = [
            column
            for (table, key, column), cell in cells.items()
            if (table, key) == ("personnel", row["mission_id"]) and "marker split" in cell["derivation"]
        ]
        for number, column in zip(row["footnotes"], marked, strict=True):
            found[(row["mission_id"], column)] = number
    return found


def _personnel(
    tables: Mapping[str, pa.Table], layout: Layout, cells: Mapping[Any, Any], notes: Mapping[Any, int]
) -> list[PersonnelRow]:
    def row_of(kind: str, table: str, key: str, name: str) -> PersonnelRow:
        def printed(column: str, text: str) -> Printed:
            note = notes.get((key, column))
            return Printed(text, (note,) if note else ())

        texts = {column: cells[table, key, column]["as_printed"] for column in layout.personnel.columns}
        figures = tuple(printed(column, text) if text else None for column, text in texts.items())
        return PersonnelRow(kind, printed("mission", name), figures)

    rows: list[PersonnelRow] = []
    for region, group in groupby(tables["personnel"].to_pylist(), key=lambda row: row["region_as_printed"]):
        rows.append(PersonnelRow("region", Printed(region)))
        for row in group:
            rows.append(row_of("mission", "personnel", row["mission_id"], row["mission_as_printed"]))
    rows.append(row_of("total", "personnel_totals", "total", layout.personnel.total))
    return rows


def _mandates(rows: Rows) -> list[MandateRow]:
    names = (
        "mission_as_printed",
        "legal_basis",
        "international_mandate_as_printed",
        "national_frame_as_printed",
    )
    return [
        MandateRow(row["region_as_printed"] or "", tuple(Printed(row[name]) for name in names))
        for row in rows
    ]
