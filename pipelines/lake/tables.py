"""The lake's own tables, derived from the contracts, and their rows as Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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

    from schemas.contract import Column, Contract

_LOOKS = 10  # times that everything is read, while commits come in between
_OPTIONS = {"data_inlining_row_limit": "0", "parquet_compression": "'zstd'", "require_commit_message": "true"}


@cache
def contracts() -> Mapping[str, Contract]:
    """The lake's tables: every `<table>_vintages`, `vintages`, `verifications` and `releases`.

    A vintage cannot contain the number of the snapshot that it will become: `read` finds it.
    """
    vintages = schemas.RECORD["vintages"]
    kept = tuple(column for column in vintages.columns if column.name != "snapshot_id")
    return {**schemas.VINTAGE_TABLES, **schemas.RECORD, "vintages": replace(vintages, columns=kept)}


def prepare(lake: Attached, actor: str) -> None:
    """Make what tables and columns are missing, in one commit; the writer lock must be held.

    A column that a later contract adds is null in the rows before it, and one that may be null by now
    loses its NOT NULL. Raises LakeError if an empty catalog meets a data folder in use.
    """
    there = columns(lake)
    if not there:
        _refuse_used_data(lake)
        for option, value in _OPTIONS.items():
            lake.connection.execute(f"CALL {lake.name}.set_option('{option}', {value})")
    missing, strict = _missing(there), _strict(lake)
    if not missing and not strict:
        return

    def write() -> None:
        for contract, loosened in strict:
            lake.connection.execute(
                f'ALTER TABLE {lake.table(contract.name)} ALTER COLUMN "{loosened.name}" DROP NOT NULL'
            )
        for contract, column in missing:
            if column is None:
                _create(lake, contract)
            else:
                lake.connection.execute(
                    f'ALTER TABLE {lake.table(contract.name)} ADD COLUMN "{column.name}" {column.sql_type}'
                )
                _comment(lake, contract, [column])

    what = ", ".join([*_names(missing), *_names(strict)])
    info = {"kind": "tables", "contract_version": schemas.CONTRACT_VERSION}
    commit(lake, write, key=f"tables:{what}", message=f"Make {what}", actor=actor, info=info)


def lacking(lake: Attached) -> list[str]:
    """Tables and columns to be made or changed in a lake in use, as `table` or `table.column`."""
    there = columns(lake)
    return _names([*_missing(there), *_strict(lake)]) if there else []


def _missing(there: Mapping[str, set[str]]) -> list[tuple[Contract, Column | None]]:
    """Tables that are missing (with None), then the columns that are missing in the others."""
    made = [contract for name, contract in contracts().items() if name in there]
    return [
        *((contract, None) for name, contract in contracts().items() if name not in there),
        *((c, column) for c in made for column in c.columns if column.name not in there[c.name]),
    ]


def _strict(lake: Attached) -> list[tuple[Contract, Column]]:
    """Columns that are NOT NULL in the lake, but may be null by their contract."""
    strict = (
        f"SELECT t.table_name, c.column_name FROM {lake.metadata('ducklake_table')} t "
        f"JOIN {lake.metadata('ducklake_column')} c USING (table_id) "
        "WHERE t.end_snapshot IS NULL AND c.end_snapshot IS NULL AND c.parent_column IS NULL "
        "AND NOT c.nulls_allowed"
    )
    known = contracts()
    places = [(known[str(table)], str(name)) for table, name in lake.rows(strict) if table in known]
    return [
        (contract, contract[name])
        for contract, name in places
        if name in contract.names and contract[name].nullable
    ]


def _names(missing: Iterable[tuple[Contract, Column | None]]) -> list[str]:
    return [f"{contract.name}.{column.name}" if column else contract.name for contract, column in missing]


def columns(lake: Attached, *, filled: bool = False) -> dict[str, set[str]]:
    """Table → columns, as the lake has them; with `filled` only tables that were ever given a row.

    DuckLake takes longer for an empty table than for one with rows: it looks for its statistics in vain.
    """
    rows = (
        f"JOIN {lake.metadata('ducklake_table_stats')} s ON s.table_id = t.table_id AND s.record_count > 0 "
    )
    names = (
        f"SELECT t.table_name, c.column_name FROM {lake.metadata('ducklake_table')} t "
        f"JOIN {lake.metadata('ducklake_column')} c ON c.table_id = t.table_id {rows if filled else ''}"
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


def read(lake: Attached | None, of: Mapping[str, Contract], since: int | None = None) -> dict[str, pa.Table]:
    """Tables by their public contracts, `vintages` among them, of one moment, by key; empty without a lake.

    With `since` only the rows that later snapshots added: no file of an earlier one is opened.
    """
    import pyarrow as pa

    if lake is None:
        return {name: contract.table([]) for name, contract in of.items()}
    for _ in range(_LOOKS):
        lake.connection.execute("BEGIN")
        try:
            found = between(lake, of, since, newest_snapshot(lake))
            snapshots = vintage_snapshots(lake, since)
        finally:
            lake.connection.execute("ROLLBACK")
        vintages = found["vintages"]
        ids = [snapshots.get((row["edition_year"], row["vintage"])) for row in vintages.to_pylist()]
        if None not in ids:  # else a commit came between the lake's rows and DuckLake's own tables
            break
    found["vintages"] = vintages.append_column("snapshot_id", pa.array(ids, pa.int64()))
    return {
        name: found[name].select(list(contract.names)).cast(contract.arrow) for name, contract in of.items()
    }


def between(
    lake: Attached, names: Iterable[str], since: int | None, last: int, where: str = "TRUE"
) -> dict[str, pa.Table]:
    """The rows of tables that the snapshots up to `last` added, or those after `since`; sorted by key."""
    there = columns(lake)
    given = _given(lake, since) if since is not None else there
    found = {}
    for name in names:
        contract = contracts()[name]
        order = ["published_at"] if "published_at" in contract.names else contract.key
        rows = f"{lake.table(name)} AT (VERSION => {last})"
        if since is not None:
            rows = f"ducklake_table_insertions('{lake.name}', 'main', '{name}', {since + 1}, {last})"
        known = {name: there[name]} if name in given else {}
        query = selection(lake, name, contract.columns, known, where, rows)
        found[name] = lake.connection.execute(f"{query} ORDER BY {', '.join(order)}").to_arrow_table()
    return found


def newest_snapshot(lake: Attached) -> int:
    return int(lake.rows(f"SELECT max(snapshot_id) FROM {lake.metadata('ducklake_snapshot')}")[0][0])


def _given(lake: Attached, since: int) -> set[str]:
    """Tables that snapshots after `since` added rows to."""
    query = (
        f"SELECT DISTINCT t.table_name FROM {lake.metadata('ducklake_data_file')} f "
        f"JOIN {lake.metadata('ducklake_table')} t USING (table_id) "
        "WHERE f.begin_snapshot > ? AND t.end_snapshot IS NULL"
    )
    return {str(name) for (name,) in lake.rows(query, since)}


def of_vintage(
    lake: Attached | None,
    read: Mapping[str, Contract],
    *,
    stamps: bool = False,
    snapshot: int | None = None,
    **where: object,
) -> dict[str, pa.Table]:
    """The rows of some `<table>_vintages` for which the columns in `where` have these values, by key.

    `read` are the contracts of what was read; only with `stamps` the columns that the lake added are
    there too. `snapshot` is the commit that added these rows, where it is known.
    """
    there = columns(lake) if lake else {}
    stored = [schemas.VINTAGE_TABLES[f"{name}_vintages"] for name in read]
    added = inserted(lake, stored, [snapshot]) if lake and snapshot else {}
    tables = {}
    for name, contract in read.items():
        shape = contract if stamps else contract.as_read()
        tables[name] = shape.table([])
        if lake is not None:
            condition = " AND ".join(f"{column} = ?" for column in where)
            table = f"{name}_vintages"
            query = selection(lake, table, shape.columns, there, condition, added.get(table))
            ordered = f"{query} ORDER BY {', '.join(contract.key)}"
            values = list(where.values()) if table in there else []
            tables[name] = lake.connection.execute(ordered, values).to_arrow_table().cast(shape.arrow)
    return tables


def inserted(lake: Attached, contracts: Iterable[Contract], snapshots: Sequence[int]) -> dict[str, str]:
    """The rows that these commits added to each table, to select from: no file of another is looked at.

    A commit gives the columns that the table had then: those that came later are null. Of commits before it
    was made it has no rows.
    """
    query = f"SELECT table_name, min(begin_snapshot) FROM {lake.metadata('ducklake_table')} GROUP BY ALL"
    made = dict(lake.rows(query)) if snapshots else {}
    found = {}
    for contract in contracts:
        blank = ", ".join(f'NULL::{column.sql_type} AS "{column.name}"' for column in contract.columns)
        of = f"FROM ducklake_table_insertions('{lake.name}', 'main', '{contract.name}', {{0}}, {{0}})"
        since = [of.format(number) for number in snapshots if number >= made.get(contract.name, number + 1)]
        found[contract.name] = f"({' UNION ALL BY NAME '.join([*since, f'SELECT {blank} WHERE FALSE'])})"
    return found


def selection(
    lake: Attached,
    name: str,
    wanted: Sequence[Column],
    there: Mapping[str, set[str]],
    where: str = "TRUE",
    rows: str | None = None,
) -> str:
    """A SELECT of a table's rows; null for columns, and no rows for a table, that the lake is without.

    `rows` is what to select from, if not the whole table.
    """
    known = there.get(name, set())
    chosen = ", ".join(
        f'"{column.name}"' if column.name in known else f'NULL::{column.sql_type} AS "{column.name}"'
        for column in wanted
    )
    return f"SELECT {chosen} " + (
        f"FROM {rows or lake.table(name)} WHERE {where}" if known else "WHERE FALSE"
    )


def vintage_snapshots(lake: Attached, since: int | None = None) -> dict[tuple[object, object], int]:
    """(edition_year, vintage) → the snapshot that it was recorded as, of those after `since`."""
    return {
        (info.get("edition_year"), info.get("vintage")): snapshot
        for snapshot, info in commits(lake, since)
        if info.get("kind") == "vintage"
    }


def _create(lake: Attached, contract: Contract) -> None:
    table = lake.table(contract.name)
    lake.connection.execute(f"CREATE TABLE {table} ({contract.ddl})")
    if contract.columns[0].name == "edition_year":
        lake.connection.execute(f"ALTER TABLE {table} SET PARTITIONED BY (edition_year)")
    lake.connection.execute(f"COMMENT ON TABLE {table} IS {literal(contract.documentation)}")
    _comment(lake, contract, contract.columns)


def _comment(lake: Attached, contract: Contract, described: Iterable[Column]) -> None:
    table = lake.table(contract.name)
    comments = [f'COMMENT ON COLUMN {table}."{c.name}" IS {literal(c.documentation)}' for c in described]
    lake.connection.execute(";\n".join(comments))


def _refuse_used_data(lake: Attached) -> None:
    """Two catalogs on one data folder would each take the other's files for leftovers."""
    pattern = lake.address.data.rstrip("/") + "/**/*.parquet"
    if lake.rows("SELECT 1 FROM glob(?) LIMIT 1", pattern):
        message = "the catalog is empty, but its data folder has the files of another"
        hint = "restore the catalog that belongs to it, or name an empty folder in JVOM_DATA"
        raise LakeError(message, file=lake.address.data, hint=hint)
