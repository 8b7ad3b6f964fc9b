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
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

import schemas
from pipelines.harmless import FORMULAS, write_csv
from pipelines.publish import render, spreadsheet
from pipelines.sql import Row, names, rows
from schemas import dataset
from schemas.contract import Column, Contract

HASHES = "SHA256SUMS"
EDITIONS = "data/editions.json"
WORKBOOK = "jvom.xlsx"
# Relations with rows of every vintage: most of a package, and most of it as in the release before.
BY_EDITION = (*schemas.VINTAGE_TABLES, "revisions")
_STATE = """
SELECT edition_year, md5(string_agg(said ORDER BY said)) AS state
FROM (
    SELECT edition_year, concat_ws(' ', vintage, recorded_at, cause, content_hash) AS said FROM vintages
    UNION ALL
    SELECT edition_year, concat_ws(' ', vintage, rules_version, reconciled_at) AS said FROM reconciliations
)
GROUP BY edition_year
ORDER BY edition_year
"""
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
    before: Path | None = None,
    evaluated: Mapping[str, pa.Table] | None = None,
) -> dict[str, bytes]:
    """Every file of the package by its path, from an open published file.

    `others` are files of the release that were made elsewhere (dictionary, changes); they are hashed
    with the rest. `before` is the package of an earlier release, made by this code: the text of editions that
    are as they were then is taken from it. `evaluated` are rows of views that are known already. Raises
    duckdb.Error if the file cannot be read.
    """
    release, texts = release_of(connection), Texts.of(connection, before)
    tables = table_files(connection, texts, evaluated or {})
    data = {table.path: table.data for table in tables}
    made = {**data, EDITIONS: texts.described(), **describe(release, tables), **others}
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


@dataclass
class Texts:
    """The CSV of relations that have every vintage, edition by edition.

    `states` says of each edition which state of it the texts have, `lengths` how many bytes each is long, by
    relation; both are in the package, so that the next one can take what is as it was.
    """

    states: dict[str, str]
    before: dict[str, dict[str, bytes]]
    lengths: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: DuckDBPyConnection, before: Path | None) -> "Texts":
        states = {str(year): state for year, state in connection.execute(_STATE).fetchall()}
        try:
            return cls(states, _texts_before(before, states) if before else {})
        except (OSError, ValueError, KeyError):  # it is damaged, or older: everything is written anew
            return cls(states, {})

    def csv(self, contract: Contract, table: pa.Table) -> bytes:
        header, years = _csv(table.slice(0, 0)), table["edition_year"]
        texts = {}
        for year in sorted({*map(int, self.states), *years.unique().to_pylist()}):
            text = self.before.get(contract.name, {}).get(str(year))
            if text is None:
                text = _csv(table.filter(pc.equal(years, year)))[len(header) :]
            texts[str(year)] = text
        self.lengths[contract.name] = {year: len(text) for year, text in texts.items()}
        return header + b"".join(texts.values())

    def described(self) -> bytes:
        return (json.dumps({"states": self.states, "bytes": self.lengths}, indent=1) + "\n").encode()


def _texts_before(folder: Path, states: Mapping[str, str]) -> dict[str, dict[str, bytes]]:
    """Relation → edition → its text in an earlier package, of editions in the same state as then.

    Raises OSError, ValueError or KeyError where the package is not as it was written.
    """
    described = json.loads((folder / EDITIONS).read_bytes())
    lines = (line.partition("  ") for line in (folder / HASHES).read_text().splitlines())
    hashes = {path: sha256 for sha256, _, path in lines}
    found: dict[str, dict[str, bytes]] = {}
    for name, lengths in described["bytes"].items():
        data = (folder / f"data/{name}.csv").read_bytes()
        if hashlib.sha256(data).hexdigest() != hashes[f"data/{name}.csv"]:
            raise ValueError(f"{name} is not as it was written")
        end = len(data) - sum(lengths.values())
        found[name] = {}
        for year, length in lengths.items():
            if described["states"].get(year) == states.get(year, ""):
                found[name][year] = data[end : end + length]
            end += length
    return found


def table_files(
    connection: DuckDBPyConnection, texts: Texts, evaluated: Mapping[str, pa.Table]
) -> list[TableFile]:
    """Every relation of the release that the published file has, both formats, rows by key."""
    there = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    written = []
    for name, contract in schemas.RELATIONS.items():
        if name in LEFT_OUT or (name,) not in there:
            continue
        if (table := evaluated.get(name)) is None:
            columns, key = names(contract.names), names(contract.key)
            table = connection.execute(f'SELECT {columns} FROM "{name}" ORDER BY {key}').to_arrow_table()
            table = table.cast(contract.arrow)
        text = texts.csv(contract, table) if name in BY_EDITION else _csv(table)
        written.append(TableFile(contract, "csv", table, text))
        written.append(TableFile(contract, "parquet", table, _parquet(table, contract)))
    return written


def _parquet(table: pa.Table, contract: Contract) -> bytes:
    import pyarrow.parquet as pq

    described = {"description": contract.documentation}
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(described), sink, compression="zstd", version="2.6")
    return sink.getvalue()


def _csv(table: pa.Table) -> bytes:
    """As `write_csv`, in UTF-8; null and empty text are both blank."""
    text = io.StringIO()
    columns = (column.to_pylist(maps_as_pydicts="strict") for column in table.columns)
    write_csv(text, table.column_names, (map(_plain, row) for row in zip(*columns, strict=True)))
    return text.getvalue().encode()


def _plain(value: object) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
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
