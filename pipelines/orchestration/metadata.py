"""What the Dagster UI shows beside an asset: its columns, where they come from, rows, places.

Nothing here computes data; it presents what the stages return and what the catalogue says.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import harmless
from pipelines.model import Document, SourceFile
from pipelines.orchestration import keys
from pipelines.publish.catalogue import Relation
from schemas.contract import Contract

PREVIEW_ROWS = 50
PREVIEW_CELLS = 200
_OF_CELL = ("row_key", "column_name", "value", "as_printed")
_OF_SPAN = ("page", "line", "char_start", "char_end", "box")
_CELL = ("table_name", "row_key", "column_name")


def asset_of(relation: str) -> dg.AssetKey:
    """The asset that a relation of the published file comes from: a view, a table, or the record."""
    table = relation.removesuffix("_vintages")
    if relation in keys.VIEWS:
        return keys.VIEWS[relation]
    if relation != table:
        return keys.TABLES.get(table, keys.RECONCILED)
    if relation in schemas.PUBLIC:
        return dg.AssetKey([relation])
    return keys.REGISTRY if relation in (*schemas.REGISTRY, "declared_corrections") else keys.LAKE


def table_schema(relation: Relation) -> dg.TableSchema:
    """A relation as Dagster's table schema; what a column comes from is part of its description,
    because the open-source UI draws no column lineage."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=column.sql_type,
            description=column.comment,
            constraints=dg.TableColumnConstraints(
                nullable=column.nullable,
                unique=relation.key == (column.name,),
                other=[str(check.error or check.name) for check in column.checks],
            ),
        )
        for column in relation.columns
    ]
    rules = [f"key: {', '.join(relation.key)}", *(rule.description for rule in relation.rules)]
    return dg.TableSchema(columns=columns, constraints=dg.TableConstraints(other=rules))


def column_lineage(relation: Relation) -> dg.TableColumnLineage:
    """What the columns of a relation come from, as Dagster stores it."""
    return dg.TableColumnLineage(
        {
            column.name: list(
                dict.fromkeys(dg.TableColumnDep(asset_of(source), name) for source, name in column.comes_from)
            )
            for column in relation.columns
        }
    )


def rows_of(table: pa.Table, contract: Contract) -> dict[str, Any]:
    """Row count and preview of a table."""
    return {
        "dagster/row_count": table.num_rows,
        "preview": records(table.slice(0, PREVIEW_ROWS).to_pylist(), contract.names),
    }


def records(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> dg.TableMetadataValue:
    """Rows as a table in the UI; nested values as JSON text."""
    schema = dg.TableSchema(columns=[dg.TableColumn(name=name, type="string") for name in columns])
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: _plain(row.get(name)) for name in columns}) for row in rows],
        schema=schema,
    )


def findings(rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Contradictions as a table in the UI: both sides with their line and printed words."""
    shown = []
    for finding in rows:
        row = dict(finding)
        for side in "ab":
            said = row[f"side_{side}"] or {}
            cell = ", ".join(filter(None, map(said.get, _CELL)))
            parts = {"cell": cell, **{name: said.get(name) for name in ("value", "line", "text")}}
            row |= {f"{side}_{name}": value for name, value in parts.items()}
        shown.append(row)
    columns = [f"{side}_{name}" for side in "ab" for name in ("cell", "value", "line", "text")]
    return records(shown, ["edition_year", "severity", "mission_id", "message", *columns, "evidence_lines"])


def places_of(table: pa.Table, source: SourceFile) -> dict[str, Any]:
    """Where the rows of a table were read: file, hash, first and last line."""
    shown: dict[str, Any] = source_of(source)
    if "source_line" in table.column_names and table.num_rows:
        lines = table["source_line"].to_pylist()
        ends = table["source_line_end" if "source_line_end" in table.column_names else "source_line"]
        shown["source_lines"] = f"{min(lines)}–{max(ends.to_pylist())}"
    return shown


def cells_of(cells: pa.Table, table_name: str, document: Document) -> dict[str, Any]:
    """Each cell of a table with its place and the printed line; a bounded number, and how many there are.

    A cell in several pieces has a row for each; a table without cells has none of it.
    """
    printed = {(line.page, line.number): line.text for line in document.lines}
    rows = [
        {
            **{name: cell[name] for name in _OF_CELL},
            **{name: span[name] for name in _OF_SPAN},
            "printed_line": printed.get((span["page"], span["line"])),
        }
        for cell in cells.to_pylist()
        if cell["table_name"] == table_name
        for span in cell["spans"]
    ]
    if not rows:
        return {}
    columns = [*_OF_CELL, *_OF_SPAN, "printed_line"]
    if all(row["box"] is None for row in rows):
        columns.remove("box")
    return {"cells": records(rows[:PREVIEW_CELLS], columns), "cells_in_all": len(rows)}


def origin_of(kept: Path, source_url: str | None) -> dict[str, Any]:
    """Where the very bytes are that were read, and where the edition is cited or kept in public."""
    public = {"source_address": dg.MetadataValue.url(source_url)} if source_url else {}
    return {"source_bytes_kept": dg.MetadataValue.path(str(kept)), **public}


def query(sql: str) -> dict[str, Any]:
    """A statement to run on the published file."""
    return {"query": dg.MetadataValue.md(f"```sql\n{sql};\n```")}


def source_of(source: SourceFile) -> dict[str, Any]:
    """The file that was read."""
    return {
        "source_file": dg.MetadataValue.path(source.path),
        "source_sha256": source.sha256,
        "source_bytes": source.bytes,
        "source_format": source.format,
        "source_fidelity": source.fidelity,
    }


def changes(sentences: Sequence[str]) -> dict[str, Any]:
    """What a vintage changed, as a list; nothing without changes."""
    if not sentences:
        return {}
    shown = [f"- {harmless.markdown(sentence)}" for sentence in sentences[:PREVIEW_ROWS]]
    left = len(sentences) - PREVIEW_ROWS
    if left > 0:
        shown.append(f"- {left} more: `jvom diff` shows them")
    return {"changes": dg.MetadataValue.md("\n".join(shown))}


def _plain(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
