"""The lake's own tables, derived from the contracts, and their rows as Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import schemas
from pipelines.lake.commits import commit, commits
from pipelines.lake.connection import Attached
from pipelines.sql import literal
from schemas.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa

    from schemas import Column, Contract

_OPTIONS = {"data_inlining_row_limit": "0", "parquet_compression": "'zstd'", "require_commit_message": "true"}


@cache
def contracts() -> Mapping[str, Contract]:
    """The lake's tables: every `<table>_vintages`, `vintages`, `verifications` and `releases`.

    A vintage cannot hold the number of the snapshot that it will become: `read` finds it.
    """
    vintages = schemas.RECORD["vintages"]
    kept = tuple(column for column in vintages.columns if column.name != "snapshot_id")
    return {**schemas.VINTAGE_TABLES, **schemas.RECORD, "vintages": replace(vintages, columns=kept)}


def prepare(lake: Attached, actor: str) -> None:
    """Make what tables and columns are missing, in one commit; the writer lock must be held.

    A column that a later contract adds is null in the rows before it. Raises LakeError where an
    empty catalog meets a data folder in use.
    """
    there = columns(lake)
    if not there:
        _refuse_used_data(lake)
        for option, value in _OPTIONS.items():
            lake.connection.execute(f"CALL {lake.name}.set_option('{option}', {value})")
    new, added = _lacking(there)
    if not new and not added:
        return

    def write() -> None:
        for contract in new.values():
            _create(lake, contract)
        for name, column in added:
            lake.connection.execute(
                f'ALTER TABLE {lake.table(name)} ADD COLUMN "{column.name}" {column.sql_type}'
            )
            _comment(lake, name, column.name, column.documentation)

    what = ", ".join([*new, *(f"{name}.{column.name}" for name, column in added)])
    commit(
        lake,
        write,
        key=f"tables:{what}",
        message=f"Make {what}",
        actor=actor,
        info={"kind": "tables", "contract_version": schemas.CONTRACT_VERSION},
    )


def lacking(lake: Attached) -> list[str]:
    """Tables and columns that a lake in use is without, as `table` or `table.column`; none for a new one."""
    there = columns(lake)
    new, added = _lacking(there)
    return [*new, *(f"{name}.{column.name}" for name, column in added)] if there else []


def _lacking(there: Mapping[str, set[str]]) -> tuple[dict[str, Contract], list[tuple[str, Column]]]:
    """Tables that are not there, and columns that tables which are there do not have."""
    new = {name: contract for name, contract in contracts().items() if name not in there}
    added = [
        (name, column)
        for name, contract in contracts().items()
        for column in contract.columns
        if name in there and column.name not in there[name]
    ]
    return new, added


def columns(lake: Attached) -> dict[str, set[str]]:
    """Table → columns, as the lake has them."""
    names = (
        f"SELECT t.table_name, c.column_name FROM {lake.metadata('ducklake_table')} t "
        f"JOIN {lake.metadata('ducklake_column')} c USING (table_id) "
        "WHERE t.end_snapshot IS NULL AND c.end_snapshot IS NULL AND c.parent_column IS NULL"
    )
    there: dict[str, set[str]] = {}
    for table, column in lake.rows(names):
        there.setdefault(str(table), set()).add(str(column))
    return there


def insert(lake: Attached, name: str, rows: pa.Table) -> None:
    """Append rows of exactly the table's columns, within a transaction."""
    lake.connection.register("rows_to_insert", rows)
    try:
        lake.connection.execute(f"INSERT INTO {lake.table(name)} BY NAME SELECT * FROM rows_to_insert")
    finally:
        lake.connection.unregister("rows_to_insert")


def stamped(name: str, table: pa.Table, stamps: Mapping[str, object]) -> pa.Table:
    """A table as read, with the columns that the lake adds, in the order of its contract."""
    import pyarrow as pa

    contract = schemas.VINTAGE_TABLES[f"{name}_vintages"]
    for column in contract.columns:
        if column.role == "stamp":
            values = pa.array([stamps[column.name]] * table.num_rows, column.dtype)
            table = table.append_column(column.name, values)
    return table.select(list(contract.names)).cast(contract.arrow)


def read(lake: Attached | None) -> dict[str, pa.Table]:
    """Every table by its public contract, of one moment, sorted by key; empty ones without a lake."""
    public = {**schemas.VINTAGE_TABLES, **schemas.RECORD}
    if lake is None:
        return {name: contract.table([]) for name, contract in public.items()}
    lake.connection.execute("BEGIN")
    try:
        there = columns(lake)
        tables = {
            name: _select(lake, contract, there.get(name, set())) for name, contract in contracts().items()
        }
        snapshots = vintage_snapshots(lake)
    finally:
        lake.connection.execute("ROLLBACK")
    tables["vintages"] = _with_snapshots(tables["vintages"], snapshots)
    return {name: tables[name].select(list(c.names)).cast(c.arrow) for name, c in public.items()}


def of_vintage(
    lake: Attached | None, edition_year: int, vintage: int, *, stamps: bool = False
) -> dict[str, pa.Table]:
    """The tables of one vintage as they were read, by key; empty ones where there is no such vintage.

    With `stamps` also the columns that the lake added.
    """
    there = columns(lake) if lake else {}
    found = {}
    for name, contract in schemas.TABLES.items():
        stored, read = f"{name}_vintages", contract if stamps else contract.as_read()
        if lake is None or stored not in there:
            found[name] = read.table([])
            continue
        chosen = ", ".join(_selected(column, there[stored]) for column in read.columns)
        rows = lake.connection.execute(
            f"SELECT {chosen} FROM {lake.table(stored)} WHERE edition_year = ? AND vintage = ? "
            f"ORDER BY {', '.join(contract.key)}",
            [edition_year, vintage],
        )
        found[name] = rows.to_arrow_table().cast(read.arrow)
    return found


def vintage_snapshots(lake: Attached) -> dict[tuple[object, object], int]:
    """(edition_year, vintage) → the snapshot that it was recorded as."""
    return {
        (info.get("edition_year"), info.get("vintage")): snapshot
        for snapshot, info in commits(lake)
        if info.get("kind") == "vintage"
    }


def selection(lake: Attached, contract: Contract, there: set[str]) -> str:
    """A SELECT of a table's rows; `there` are the columns that the lake has, the others are null."""
    chosen = ", ".join(_selected(column, there) for column in contract.columns)
    return f"SELECT {chosen} " + (f"FROM {lake.table(contract.name)}" if there else "WHERE FALSE")


def _select(lake: Attached, contract: Contract, there: set[str]) -> pa.Table:
    order = ["published_at"] if "published_at" in contract.names else list(contract.key)
    sql = f"{selection(lake, contract, there)} ORDER BY {', '.join(order)}"
    return lake.connection.execute(sql).to_arrow_table()


def _selected(column: Column, there: set[str]) -> str:
    """A column in a SELECT; null where the lake was made before the contract had it."""
    return f'"{column.name}"' if column.name in there else f'NULL::{column.sql_type} AS "{column.name}"'


def _with_snapshots(vintages: pa.Table, snapshots: Mapping[tuple[object, object], int]) -> pa.Table:
    import pyarrow as pa

    keys = zip(vintages["edition_year"].to_pylist(), vintages["vintage"].to_pylist(), strict=True)
    return vintages.append_column("snapshot_id", pa.array([snapshots.get(key) for key in keys], pa.int64()))


def _create(lake: Attached, contract: Contract) -> None:
    table = lake.table(contract.name)
    lake.connection.execute(f"CREATE TABLE {table} ({contract.ddl})")
    if contract.columns[0].name == "edition_year":
        lake.connection.execute(f"ALTER TABLE {table} SET PARTITIONED BY (edition_year)")
    lake.connection.execute(f"COMMENT ON TABLE {table} IS {literal(contract.documentation)}")
    for column in contract.columns:
        _comment(lake, contract.name, column.name, column.documentation)


def _comment(lake: Attached, table: str, column: str, text: str) -> None:
    lake.connection.execute(f'COMMENT ON COLUMN {lake.table(table)}."{column}" IS {literal(text)}')


def _refuse_used_data(lake: Attached) -> None:
    """Two catalogs on one data folder would each take the other's files for leftovers."""
    pattern = lake.address.data.rstrip("/") + "/**/*.parquet"
    if lake.rows("SELECT 1 FROM glob(?) LIMIT 1", pattern):
        raise LakeError(
            "the catalog is empty, but its data folder holds the files of another",
            file=lake.address.data,
            hint="restore the catalog that belongs to it, or name an empty folder in JVOM_DATA",
        )
