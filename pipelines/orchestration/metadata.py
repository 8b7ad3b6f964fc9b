"""What the Dagster UI shows of an asset: its columns, where they come from, rows, places, checks.

Nothing here computes data; it presents what the stages return and what the catalogue says. Contracts block a
year from the lake; row counts and the rules of reconciliation only warn. dagster-pandera is not used: it
takes no Arrow tables and drops the failing rows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

import schemas
from pipelines import harmless
from pipelines.model import Document, SourceFile
from pipelines.orchestration import keys
from pipelines.publish.catalogue import Relation
from pipelines.reconcile import Rule
from pipelines.validate import Failure
from schemas.contract import Contract
from schemas.demands import of_values

CONTRACT, ROW_COUNTS = "contract", "row_counts"  # names of checks
ROW_COUNT_DROP = 0.5
PREVIEW_ROWS = 5  # of a whole table, which is in the published file; Dagster keeps each of them twice
PREVIEW_CELLS = 200
PREVIEW_WIDTH = 70  # characters of the columns' names: more would be off the edge
LISTED_CHANGES = 50
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
                other=list(of_values(column).values()),
            ),
        )
        for column in relation.columns
    ]
    rules = [f"key: {', '.join(relation.key)}", *(rule.description for rule in relation.rules)]
    return dg.TableSchema(columns=columns, constraints=dg.TableConstraints(other=rules))


def column_lineage(relation: Relation) -> dg.TableColumnLineage:
    """What the columns of a relation come from, as Dagster stores it."""
    sources = {
        column.name: [dg.TableColumnDep(asset_of(source), name) for source, name in column.comes_from]
        for column in relation.columns
    }
    return dg.TableColumnLineage({name: list(dict.fromkeys(found)) for name, found in sources.items()})


def rows_of(table: pa.Table, contract: Contract) -> dict[str, Any]:
    """How many rows there are, and the first of them with as many columns as there is room for."""
    ends = accumulate(len(name) + 3 for name in contract.names)
    room = [name for name, end in zip(contract.names, ends, strict=True) if end <= PREVIEW_WIDTH]
    return {
        "dagster/row_count": table.num_rows,
        "preview": records(table.slice(0, PREVIEW_ROWS).to_pylist(), room),
    }


def records(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> dg.TableMetadataValue:
    """Rows as a table in the UI; nested values as JSON text."""
    schema = dg.TableSchema(columns=[dg.TableColumn(name=name, type="string") for name in columns])
    shown = [dg.TableRecord({name: _plain(row.get(name)) for name in columns}) for row in rows]
    return dg.MetadataValue.table(records=shown, schema=schema)


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
    columns = [f"{side}_{name}" for name in ("text", "line", "value", "cell") for side in "ab"]
    return records(shown, [*columns[:2], "message", "severity", *columns[2:], "mission_id", "evidence_lines"])


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
            "cell": f"{cell['row_key']} {cell['column_name']}",
            "value": cell["value"],
            "place": _place(span),
            "printed_line": printed.get((span["page"], span["line"])),
        }
        for cell in cells.filter(pc.field("table_name") == table_name).to_pylist()
        for span in cell["spans"]
    ]
    if not rows:
        return {}
    columns = ["printed_line", "cell", "value", "place"]  # first what nobody should have to scroll to
    return {"cells_in_all": len(rows), "cells": records(rows[:PREVIEW_CELLS], columns)}


def _place(span: Mapping[str, Any]) -> str:
    """Where a piece of a cell is, in words that stay together where the column is narrow."""
    box = span["box"] and ", box " + " ".join(f"{side} {at:.1f}" for side, at in span["box"].items())
    characters = f"{span['char_start']}-{span['char_end']}"
    return f"page\u00a0{span['page']}, line\u00a0{span['line']}, {characters}{box or ''}"


def query(sql: str) -> dict[str, Any]:
    return {"query": dg.MetadataValue.md(f"```sql\n{sql};\n```")}


def source_of(source: SourceFile) -> dict[str, Any]:
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
    shown = [f"- {harmless.markdown(sentence)}" for sentence in sentences[:LISTED_CHANGES]]
    left = len(sentences) - LISTED_CHANGES
    if left > 0:
        shown.append(f"- {left} more: `jvom diff` shows them")
    return {"changes": dg.MetadataValue.md("\n".join(shown))}


def spec(
    name: str,
    key: dg.AssetKey,
    years: dg.PartitionsDefinition[str] | None,
    description: str,
    *,
    blocking: bool = False,
) -> dg.AssetCheckSpec:
    """A check of an asset; one that blocks keeps what comes after it from running."""
    return dg.AssetCheckSpec(
        name, asset=key, blocking=blocking, partitions_def=years, description=description
    )


def contract_spec(
    key: dg.AssetKey, contract: Contract, years: dg.PartitionsDefinition[str] | None
) -> dg.AssetCheckSpec:
    text = (
        f"Types, nulls, values, key ({', '.join(contract.key)}), references and row rules of "
        f"`{contract.name}`. A row that fails keeps the edition out of the lake."
    )
    return spec(CONTRACT, key, years, text, blocking=True)


def contract_result(key: dg.AssetKey, failures: Sequence[Failure]) -> dg.AssetCheckResult:
    """The outcome for one relation, with every failing row as a table."""
    columns = ("check", "column", "row_key", "value", "source_line")
    rows = [{name: getattr(failure, name) for name in columns} for failure in failures]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CONTRACT,
        passed=not failures,
        description="\n".join(map(str, failures)) or "every row keeps the contract",
        metadata={"failing_rows": records(rows, columns), "failures": len(failures)},
    )


def row_counts_result(
    key: dg.AssetKey, now: Mapping[str, int], before: Mapping[str, int]
) -> dg.AssetCheckResult:
    """Compares row counts per table; passes if there is no previous vintage."""
    rows = [{"table": name, "rows": now[name], "previous_vintage": before.get(name)} for name in now]
    lost = ", ".join(name for name in before if now.get(name, 0) < before[name] * ROW_COUNT_DROP)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ROW_COUNTS,
        passed=not lost,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"far fewer rows than before: {lost}" if lost else "no table shrank by half",
        metadata={"rows": records(rows, ("table", "rows", "previous_vintage"))},
    )


def rule_result(
    key: dg.AssetKey, rule: Rule, found: Sequence[Mapping[str, Any]], unread: int = 0
) -> dg.AssetCheckResult:
    """Those of the findings that are this rule's, with both sides and their lines as a table.

    They stop nothing and change nothing. A rule of the text passes only if no sentence about persons went
    `unread`.
    """
    of_rule = [finding for finding in found if finding["rule"] == rule.name]
    left = unread if rule.of_text else 0
    said = f"{len(of_rule)} found" if of_rule else "nothing found"
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=rule.name,
        passed=not of_rule and not left,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{said}; sentences with figures not understood: {left}" if left else said,
        metadata={
            "count": len(of_rule),
            **({"unread_sentences": left} if rule.of_text else {}),
            **({"findings": findings(of_rule)} if of_rule else {}),
        },
    )


def _plain(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
