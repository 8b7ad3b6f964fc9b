"""The published file → a package that others can cite: relations as Parquet and CSV, described by standards.

Here belongs what a release looks like outside this project: Data Package 2.0, DCAT-AP-NL, a citation,
hashes; the texts are in `templates`, every word about a relation comes from its contract. Rows come in
through a connection, files go out as bytes: the same release gives the same bytes.
"""

import datetime
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

import schemas
from pipelines.harmless import FORMULAS, guarded
from pipelines.publish import render, spreadsheet
from pipelines.publish.views import IN_MEMORY
from pipelines.sql import NO_BAR, Row, literal, names, rows
from schemas import dataset
from schemas.contract import Column, Contract

HASHES = "SHA256SUMS"
WORKBOOK = "jvom.xlsx"
# What may grow while the release stays the same stays in the warehouse.
LEFT_OUT = ("build_info", "edition_state", "quarantine", "releases", "verifications")
PROFILES = "https://datapackage.org/profiles/2.0"
_MEDIA_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}
_TYPES = {
    pa.int32(): "integer",
    pa.int64(): "integer",
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "datetime",
    pa.float64(): "number",
}


@dataclass(frozen=True)
class Release:
    """The release to be packaged: id, moment of its first publication (UTC), rows of `editions`.

    `period` are the first and the last day that its editions are about; None if no edition says.
    """

    release_id: str
    published_at: datetime.datetime
    editions: Sequence[Row]
    period: tuple[datetime.date, datetime.date] | None


@dataclass(frozen=True)
class TableFile:
    """One relation in one format (`csv`, `parquet`): its rows by key, and the bytes of the file."""

    contract: Contract
    format: str
    table: pa.Table
    data: bytes

    @property
    def rows(self) -> int:
        return int(self.table.num_rows)

    @property
    def path(self) -> str:
        return f"data/{self.contract.name}.{self.format}"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self.format]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def build(
    connection: DuckDBPyConnection,
    others: Mapping[str, bytes],
    evaluated: Mapping[str, pa.Table] | None = None,
) -> dict[str, bytes]:
    """Every file of the package by its path, from an open published file.

    `others` are files of the release that were made elsewhere (dictionary, changes); they are hashed
    with the rest. `evaluated` are rows of views that are known already. Raises duckdb.Error if the file
    cannot be read.
    """
    release, tables = release_of(connection), table_files(connection, evaluated or {})
    made = {**{table.path: table.data for table in tables}, **describe(release, tables), **others}
    rows_of = {table.contract.name: table.table for table in tables}
    made[WORKBOOK] = spreadsheet.build(rows_of, release.published_at, _about(release))
    lines = [f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(made.items())]
    return {**made, HASHES: "".join(lines).encode()}


def release_of(connection: DuckDBPyConnection) -> Release:
    latest = rows(connection, "FROM releases ORDER BY rowid")[-1]
    editions = rows(connection, "FROM editions ORDER BY edition_year")
    ((start, end),) = connection.execute("SELECT min(period_start), max(period_end) FROM editions").fetchall()
    period = (start, end) if start and end else None
    return Release(latest["release_id"], latest["published_at"], editions, period)


def _about(release: Release) -> dict[str, str]:
    """What the workbook says of the release."""
    whole = dataset.load()
    return {
        "title": whole.title["en"],
        "description": whole.description["en"],
        "release": f"{release.release_id}, first published {release.published_at:%Y-%m-%d}",
        "licence": f"{whole.licence.title}, {whole.licence.address}",
        "publisher": whole.publisher.name,
    }


def describe(release: Release, tables: Sequence[TableFile]) -> dict[str, bytes]:
    values = {
        "release": release,
        "dataset": dataset.load(),
        "parts": {name: list(of) for name, of in groupby(tables, key=lambda file: file.contract.name)},
        "formulas": FORMULAS,
        "kinds": [(media_type, kind.upper()) for kind, media_type in _MEDIA_TYPES.items()],
    }
    texts = {name: render(name, **values).encode() for name in ("dcat.ttl", "CITATION.cff", "README.md")}
    return {"datapackage.json": _data_package(release, tables), **texts}


def table_files(connection: DuckDBPyConnection, evaluated: Mapping[str, pa.Table]) -> list[TableFile]:
    """Every relation of the release that the published file has, both formats, rows by key."""
    there = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    written = []
    with duckdb.connect(":memory:", config=IN_MEMORY) as writer, TemporaryDirectory(prefix="jvom-") as folder:
        writer.execute(NO_BAR)
        for name, contract in schemas.RELATIONS.items():
            if name in LEFT_OUT or (name,) not in there:
                continue
            if (table := evaluated.get(name)) is None:
                columns, key = names(contract.names), names(contract.key)
                table = connection.execute(f'SELECT {columns} FROM "{name}" ORDER BY {key}').to_arrow_table()
                table = table.cast(contract.arrow)
            text = _csv(writer, table, Path(folder, "rows.csv"))
            written.append(TableFile(contract, "csv", table, text))
            written.append(TableFile(contract, "parquet", table, _parquet(table, contract)))
    return written


def _parquet(table: pa.Table, contract: Contract) -> bytes:
    import pyarrow.parquet as pq

    described = {"description": contract.documentation}
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(described), sink, compression="zstd", version="2.6")
    return sink.getvalue()


def _csv(writer: DuckDBPyConnection, table: pa.Table, file: Path) -> bytes:
    """In UTF-8, in lines that end in LF: null is blank, lists and maps are JSON, no text is a formula."""
    writer.register("rows_to_write", table)
    columns = ", ".join(f"{_text(field)} AS {names([field.name])}" for field in table.schema)
    writer.execute(f"COPY (SELECT {columns} FROM rows_to_write) TO {literal(str(file))} (FORMAT csv, HEADER)")
    writer.unregister("rows_to_write")
    return file.read_bytes()


def _text(field: pa.Field) -> str:
    """SQL for a column as CSV has it."""
    column = names([field.name])
    if pa.types.is_nested(field.type):
        return f"to_json({column})"
    if pa.types.is_timestamp(field.type):
        return f"replace(CAST({column} AS VARCHAR), ' ', 'T')"
    return guarded(column) if pa.types.is_string(field.type) else column


def _plain(value: object) -> Any:
    """A value as JSON knows it."""
    return value.isoformat() if isinstance(value, datetime.date) else value  # moments too


def _data_package(release: Release, tables: Sequence[TableFile]) -> bytes:
    """datapackage.json: what the package is, then each file with its hash and, for CSV, its schema."""
    whole = dataset.load()
    licence = {"name": whole.licence.name, "path": whole.licence.address, "title": whole.licence.title}
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
        "licenses": [licence],
        "sources": [
            _known(
                title=str(row["title"] or f"Report of {row['edition_year']}"),
                path=row["source_url"],
                version=f"SHA-256 {row['source_sha256']}",
            )
            for row in release.editions
        ],
        "resources": [_resource(table) for table in tables],
    }
    return (json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n").encode()


def _resource(table: TableFile) -> dict[str, Any]:
    is_csv = table.format == "csv"
    name = table.contract.name
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": name if is_csv else f"{name}-{table.format}",
        "type": "table",
        "path": table.path,
        "description": table.contract.documentation,
        "format": table.format,
        "mediatype": table.media_type,
        **({"encoding": "utf-8"} if is_csv else {}),
        "bytes": len(table.data),
        "hash": f"sha256:{table.sha256}",
        **({"schema": _table_schema(table.contract)} if is_csv else {}),
    }


def _table_schema(contract: Contract) -> dict[str, Any]:
    """A contract as Table Schema: fields with type, unit and constraints, and the keys."""
    return _known(
        **{"$schema": f"{PROFILES}/tableschema.json"},
        description=FORMULAS,
        fields=[_field(column) for column in contract.columns],
        missingValues=[""],
        primaryKey=list(contract.key),
        foreignKeys=[
            {
                "fields": list(reference.columns),
                "reference": {"resource": reference.target, "fields": list(reference.target_columns)},
            }
            for reference in contract.references
            if reference.target not in LEFT_OUT
        ],
    )


def _field(column: Column) -> dict[str, Any]:
    least, most = column.between or (column.at_least, None)
    bounds = {"enum": list(column.one_of) or None, "pattern": column.matches}
    bounds |= {"minimum": _plain(least), "maximum": _plain(most)}
    return _known(
        name=column.name,
        type=_type(column.dtype),
        description=column.description,
        unit=column.unit,
        title=column.printed,
        constraints={
            **({} if column.nullable else {"required": True}),
            **{name: value for name, value in bounds.items() if value is not None},
        },
    )


def _type(dtype: pa.DataType) -> str:
    """Table Schema's name of an Arrow type; KeyError for one that no contract uses."""
    if pa.types.is_list(dtype):
        return "array"
    if pa.types.is_map(dtype) or pa.types.is_struct(dtype):
        return "object"
    return _TYPES[dtype]


def _known(**values: Any) -> dict[str, Any]:
    """What is known of a thing: nothing that is null or empty."""
    return {name: value for name, value in values.items() if value}
