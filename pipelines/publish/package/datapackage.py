"""datapackage.json: the package as the Data Package standard (version 2) describes one."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.publish.package.release import Release, named
from pipelines.publish.package.tables import LEFT_OUT
from schemas import dataset

if TYPE_CHECKING:
    from pipelines.publish.package.tables import TableFile
    from schemas import Column, Contract

PROFILES = "https://datapackage.org/profiles/2.0"
_FORMATS = {"csv": ("csv", "text/csv"), "parquet": ("parquet", "application/vnd.apache.parquet")}
_STATISTICS = {
    "min_value": "minimum",
    "max_value": "maximum",
    "allowed_values": "enum",
    "pattern": "pattern",
}


def describe(release: Release, written: Sequence[TableFile]) -> bytes:
    """The descriptor: what the package is, then each file with its hash and, for CSV, its schema."""
    whole = dataset.load()
    descriptor = {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": whole.name,
        "id": f"{whole.name}:{release.release_id}",
        "title": whole.title["en"],
        "description": whole.description["en"],
        "version": release.release_id,
        "created": f"{release.published_at.isoformat()}Z",
        "keywords": list(whole.keywords["en"]),
        "contributors": [{"title": whole.publisher.name, "roles": ["publisher"]}],
        "licenses": [
            {"name": whole.licence.name, "path": whole.licence.address, "title": whole.licence.title}
        ],
        "sources": [
            {
                "title": named(row),
                **({"path": row["source_url"]} if row["source_url"] else {}),
                "version": f"SHA-256 {row['source_sha256']}",
            }
            for row in release.editions
        ],
        "resources": [_resource(table) for table in written],
    }
    return (json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n").encode()


def _resource(table: TableFile) -> dict[str, Any]:
    contract = table.contract
    kind, mediatype = _FORMATS[table.format]
    tabular = table.format == "csv"
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": contract.name if tabular else f"{contract.name}-{table.format}",
        "type": "table",
        "path": table.path,
        "description": contract.documentation,
        "format": kind,
        "mediatype": mediatype,
        **({"encoding": "utf-8"} if tabular else {}),
        "bytes": len(table.data),
        "hash": f"sha256:{table.sha256}",
        **({"schema": schema(contract)} if tabular else {}),
    }


def schema(contract: Contract) -> dict[str, Any]:
    """A contract as Table Schema: fields with type, unit and constraints, and the keys."""
    references = [reference for reference in contract.references if reference.target not in LEFT_OUT]
    return {
        "$schema": f"{PROFILES}/tableschema.json",
        "fields": [_field(column) for column in contract.columns],
        "missingValues": [""],
        "primaryKey": list(contract.key),
        **(
            {
                "foreignKeys": [
                    {
                        "fields": list(reference.columns),
                        "reference": {"resource": reference.target, "fields": list(reference.target_columns)},
                    }
                    for reference in references
                ]
            }
            if references
            else {}
        ),
    }


def _field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {} if column.nullable else {"required": True}
    for check in column.checks:
        for name, value in (check.statistics or {}).items():
            if name in _STATISTICS:
                constraints[_STATISTICS[name]] = _plain(value)
    return {
        "name": column.name,
        "type": _type(column.dtype),
        "description": column.description,
        **({"unit": column.unit} if column.unit else {}),
        **({"title": column.printed} if column.printed else {}),
        **({"constraints": constraints} if constraints else {}),
    }


def _plain(value: object) -> Any:
    """A check's bound as JSON knows it."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return list(value) if isinstance(value, list | tuple | frozenset | set) else value


def _type(dtype: pa.DataType) -> str:
    """Table Schema's name of an Arrow type; KeyError for one that no contract uses."""
    if pa.types.is_list(dtype):
        return "array"
    if pa.types.is_map(dtype) or pa.types.is_struct(dtype):
        return "object"
    return {
        pa.int32(): "integer",
        pa.int64(): "integer",
        pa.string(): "string",
        pa.bool_(): "boolean",
        pa.date32(): "date",
        pa.timestamp("us"): "datetime",
        pa.float64(): "number",
    }[dtype]
