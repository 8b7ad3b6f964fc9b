"""The published file → a package that others can cite: relations as Parquet and CSV, described by standards.

Here belongs what a release looks like outside this project: Data Package 2.0, DCAT-AP-NL, a citation,
hashes; the texts are in `templates`, every word about a relation comes from its contract. Rows come in
through a connection, some editions at a time: the same release gives the same bytes.
"""

import datetime
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

import schemas
from pipelines import files
from pipelines.harmless import FORMULAS, guarded
from pipelines.publish import render, spreadsheet
from pipelines.publish.views import IN_MEMORY
from pipelines.sql import NO_BAR, Row, literal, names, parted, rows
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
    """One relation in one format (`csv`, `parquet`): how many rows, and what the file of them is like."""

    contract: Contract
    format: str
    rows: int
    bytes: int
    sha256: str

    @property
    def path(self) -> str:
        return f"data/{self.contract.name}.{self.format}"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self.format]


def build(
    connection: DuckDBPyConnection,
    home: Path,
    others: Mapping[str, bytes],
    evaluated: Mapping[str, pa.Table] | None = None,
) -> dict[str, Path]:
    """Make every file of the package in the folder `home`, from an open published file; each by its path.

    `others` are files of the release that were made elsewhere (dictionary, changes); they are hashed
    with the rest. `evaluated` are rows of views that are known already. Raises duckdb.Error if the file
    cannot be read.
    """
    release, known = release_of(connection), evaluated or {}
    tables = table_files(connection, home, known)
    texts = {**describe(release, tables), **others}
    shown = {name: _all(connection, name, known) for name in spreadsheet.RELATIONS}
    texts[WORKBOOK] = spreadsheet.build(shown, release.published_at, _about(release))
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in texts.items()}
    listed = sorted((hashes | {table.path: table.sha256 for table in tables}).items())
    texts[HASHES] = "".join(f"{sha256}  {path}\n" for path, sha256 in listed).encode()
    for path, data in texts.items():
        (home / path).write_bytes(data)
    return {path: home / path for path in (*texts, *(table.path for table in tables))}


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


def table_files(
    connection: DuckDBPyConnection, home: Path, evaluated: Mapping[str, pa.Table]
) -> list[TableFile]:
    """Every relation of the release that the published file has, both formats under `home`, rows by key."""
    import pyarrow.parquet as pq

    there = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    written = []
    (home / "data").mkdir(parents=True)
    with duckdb.connect(":memory:", config=IN_MEMORY) as writer:
        writer.execute(NO_BAR)
        for name, contract in schemas.RELATIONS.items():
            if name in LEFT_OUT or (name,) not in there:
                continue
            csv, parquet = (home / f"data/{name}.{format}" for format in ("csv", "parquet"))
            shape, count = contract.arrow.with_metadata({"description": contract.documentation}), 0
            with pq.ParquetWriter(parquet, shape, compression="zstd", version="2.6") as groups:
                for rows in _parts(connection, name, evaluated):
                    groups.write_table(rows.replace_schema_metadata(shape.metadata))
                    _add_csv(writer, rows, csv)
                    count += rows.num_rows
            for file in (csv, parquet):
                kind, size = file.suffix[1:], file.stat().st_size
                written.append(TableFile(contract, kind, count, size, files.sha256(file)))
    return written


def _all(connection: DuckDBPyConnection, name: str, evaluated: Mapping[str, pa.Table]) -> pa.Table:
    return pa.concat_tables(_parts(connection, name, evaluated))


def _parts(
    connection: DuckDBPyConnection, name: str, evaluated: Mapping[str, pa.Table]
) -> Iterator[pa.Table]:
    """The rows of a relation by key; of one with every vintage, those of some editions at a time."""
    if name in evaluated:
        yield evaluated[name]
        return
    contract = schemas.RELATIONS[name]
    columns, key = names(contract.names), names(contract.key)
    of_all = name in schemas.VINTAGE_TABLES or name == "revisions"
    for part in parted(connection) if of_all else ("TRUE",):
        query = f'SELECT {columns} FROM "{name}" WHERE {part} ORDER BY {key}'
        yield connection.execute(query).to_arrow_table().cast(contract.arrow)


def _add_csv(writer: DuckDBPyConnection, rows: pa.Table, file: Path) -> None:
    """In UTF-8, in lines that end in LF: null is blank, lists and maps are JSON, no text is a formula."""
    further = file.exists()
    part = file.with_suffix(".part") if further else file
    writer.register("rows_to_write", rows)
    columns = ", ".join(f"{_text(field)} AS {names([field.name])}" for field in rows.schema)
    how = f"FORMAT csv, HEADER {not further}"
    writer.execute(f"COPY (SELECT {columns} FROM rows_to_write) TO {literal(str(part))} ({how})")
    writer.unregister("rows_to_write")
    if further:
        with part.open("rb") as added, file.open("ab") as whole:
            shutil.copyfileobj(added, whole)
        part.unlink()


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
        "bytes": table.bytes,
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
