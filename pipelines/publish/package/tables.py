"""Relations as files: Parquet with every type and description, CSV for everything else."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import schemas
from pipelines.publish.package.hashes import sha256

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from schemas import Contract

# What may grow while the release stays the same is the warehouse's own business.
LEFT_OUT = ("build_info", "edition_state", "quarantine", "releases", "verifications")


@dataclass(frozen=True)
class TableFile:
    """One relation in one format (`csv`, `parquet`), with the contract it keeps."""

    contract: Contract
    format: str
    rows: int
    data: bytes

    @property
    def path(self) -> str:
        """Where it lies in the package."""
        return f"data/{self.contract.name}.{self.format}"

    @property
    def sha256(self) -> str:
        """SHA-256 of its bytes."""
        return sha256(self.data)


def files(connection: DuckDBPyConnection) -> list[TableFile]:
    """Every relation of the release that the published file holds, both formats, rows by key."""
    held = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    written = []
    for name, contract in schemas.RELATIONS.items():
        if name in LEFT_OUT or (name,) not in held:
            continue
        columns = ", ".join(f'"{column}"' for column in contract.names)
        key = ", ".join(f'"{column}"' for column in contract.key)
        query = f'SELECT {columns} FROM "{name}" ORDER BY {key}'
        rows = connection.sql(query).to_arrow_table().cast(contract.arrow)
        written.append(TableFile(contract, "csv", rows.num_rows, _csv(rows)))
        written.append(TableFile(contract, "parquet", rows.num_rows, _parquet(rows, contract)))
    return written


def _parquet(rows: pa.Table, contract: Contract) -> bytes:
    import pyarrow.parquet as pq

    described = {"description": contract.documentation}
    sink = io.BytesIO()
    pq.write_table(rows.replace_schema_metadata(described), sink, compression="zstd", version="2.6")
    return sink.getvalue()


def _csv(rows: pa.Table) -> bytes:
    """Comma-separated, UTF-8, lines end in LF; lists and objects are JSON, null and empty text both blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in zip(*(column.to_pylist(maps_as_pydicts="strict") for column in rows.columns), strict=True):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):  # moments too
        return value.isoformat()
    if isinstance(value, Mapping | list):
        return json.dumps(_plain(value), ensure_ascii=False)
    return value


def _plain(value: object) -> Any:
    """Nested values as JSON knows them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value
