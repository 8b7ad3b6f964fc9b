"""The file for analysts: built aside, replaced in one step, and how everything else reads it.

Here belongs what the file is made of (base tables, views, what it was built from) and how it is opened:
read-only, and with no way to other files. What its views say is for `views`, what its relations mean for
`catalogue`. A build with nothing to do imports this module: no pyarrow, no Pandera.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import schemas
from pipelines import files, sql
from pipelines.model import EditionState
from schemas.errors import LakeError, UsageError
from schemas.vocabulary import SCHEMAS

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from pipelines.publish.base import Base
    from schemas.contract import Contract

STORAGE_VERSION = "v1.0.0"  # of the file, so that older clients open it too
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
# Bare names reach every schema that the file has: one of an older contract has main alone.
_SCHEMAS = "SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE database_name = current_database()"


@dataclass(frozen=True)
class State:
    """What a published file was built from, as its relations `build_info` and `edition_state` say.

    `head` is the lake's newest commit at that moment, `code` the version of the code that shaped the file
    (`versions.publishing`), `public` that of the other public sources in it, `declared` that of registry,
    corrections and rules (`versions.declared`). `snapshot` is the newest snapshot of the lake whose rows it
    has, `commit` that one's key.
    """

    release_id: str
    contract_version: str
    head: str | None
    code: str | None
    public: str | None
    declared: str | None
    snapshot: int | None
    commit: str | None
    editions: Mapping[int, EditionState]


def base_contracts() -> dict[str, Contract]:
    """Contracts of the tables that `publish` is given, by name."""
    registry = {name: schemas.REGISTRY[name] for name in ("mission_registry", "mission_relations")}
    record = {**schemas.VINTAGE_TABLES, **schemas.RECORD, **schemas.DERIVED, **schemas.REFUSALS}
    return {**record, **schemas.PUBLIC, **registry}


def appended() -> dict[str, Contract]:
    """Contracts of the tables whose rows stay as they are, and to which new ones are added."""
    record = {name: contract for name, contract in schemas.RECORD.items() if name != "releases"}
    return {**schemas.VINTAGE_TABLES, **record}


def publish(
    target: Path,
    tables: Mapping[str, pa.Table],
    *,
    release_id: str,
    head: str | None,
    code: str | None = None,
    public: str | None = None,
    declared: str | None = None,
    news: Base | None = None,
) -> None:
    """Build the file beside `target` and put it there in one step; readers keep the file they opened.

    `tables` are those of `base_contracts()`; with a `file` in `news` that is copied, and the tables of
    `appended()` gain its rows. `releases` must hold `release_id`, which is put last. `head` is
    `Lake.head()` from before the tables were read, `code`, `public` and `declared`
    are as in `State`. Raises LakeError if the disk or the folder refuses.
    """
    from pipelines.publish import catalogue

    if release_id not in tables["releases"]["release_id"].to_pylist():
        raise ValueError(f"release {release_id} is not among the releases to publish")
    facts = {
        "release_id": release_id,
        "contract_version": schemas.CONTRACT_VERSION,
        "lake_head": head,
        "publishing_version": code,
        "other_sources_version": public,
        "declared_version": declared,
        "lake_snapshot": None if news is None else str(news.snapshot),
        "lake_commit": None if news is None else news.commit,
    }
    rows: list[dict[str, object]] = [{"key": key, "value": value} for key, value in facts.items()]
    about = {"build_info": schemas.BUILT["build_info"].table(rows)}
    aside = target.with_name(f"{target.name}.building")
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f"{aside.name}*"):  # by a build that died: only one publishes
            left.unlink()
        try:
            if news is not None and news.file is not None:  # comments and views are there
                shutil.copyfile(news.file, aside)
                with connect(aside) as copied:
                    if identity(copied)[1] != str(news.since):
                        raise LakeError("the published file is another now", hint="run jvom build again")
            else:
                about["contract_checks"] = catalogue.contract_checks()
                about["column_lineage"] = catalogue.column_lineage()
            replaced = {name: tables[name] for name in base_contracts() if name not in appended()}
            _fill(aside, _new_rows(tables, news), {**replaced, **about}, release_id)
            aside.chmod(0o444)
            # A write-ahead log that some writer left would be replayed into the new file.
            target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
            files.move_into_place(aside, target)
        finally:
            aside.unlink(missing_ok=True)


def connect(path: Path) -> DuckDBPyConnection:
    """A read-only connection that can neither reach other files nor be set otherwise.

    LakeError if the file is missing or is not a database. While a process has one open, each further one
    shows the same file, even if it was replaced: close it to see the new one.
    """
    import duckdb

    if not path.exists():
        raise LakeError("nothing is published yet", file=str(path), hint="run jvom build")
    try:
        connection = duckdb.connect(str(path), read_only=True, config=_CONFIG)
        connection.execute(sql.NO_BAR)
        there = {name for (name,) in connection.execute(_SCHEMAS).fetchall()}
        found = ",".join(name for name in SCHEMAS if name in there)
        connection.execute(f"SET search_path = '{found}'")
        return connection
    except duckdb.Error as error:
        hint = "delete it and run jvom build: it is built anew from the lake"
        if isinstance(error, duckdb.ConnectionException) or "set lock" in str(error):
            hint = "close it where it is open, by another program or by this one, and run this again"
        elif "Permission denied" in str(error):
            hint = "let the user who runs this read it"
        raise LakeError(f"the published file cannot be opened: {error}", file=str(path), hint=hint) from error


def identity(connection: DuckDBPyConnection) -> tuple[str, str | None]:
    """The release of an open published file, and the lake's snapshot in it; LakeError without a release."""
    import duckdb

    try:
        facts = dict(connection.execute("SELECT key, value FROM build_info").fetchall())
        return str(facts["release_id"]), facts.get("lake_snapshot")
    except (duckdb.Error, KeyError) as error:
        hint = "delete it and run jvom build: it is built anew from the lake"
        raise LakeError(f"the published file does not say its release: {error}", hint=hint) from error


def is_compact(connection: DuckDBPyConnection) -> bool:
    """Whether at most half of an open file is room that replaced rows left behind."""
    (size,) = sql.rows(connection, "FROM pragma_database_size() WHERE database_name = current_database()")
    return bool(2 * size["free_blocks"] <= size["total_blocks"])


def ask(connection: DuckDBPyConnection, query: str) -> list[str]:
    """Run a user's query and return its column names; UsageError in DuckDB's words if it is wrong."""
    import duckdb

    try:
        statements = connection.extract_statements(query)
        # A PIVOT over all values that there are is also a statement before it, of DuckDB's own.
        given = [each for each in statements if each.query or each.type != duckdb.StatementType.CREATE]
        if len(given) != 1:
            message = f"the query has {len(given)} statements; one is answered at a time"
            raise UsageError(message, hint='such as jvom sql "SHOW ALL TABLES"')
        for each in statements:
            connection.execute(each)
    except duckdb.Error as error:
        every = 'jvom sql "SELECT schema, name FROM (SHOW ALL TABLES)"'
        hint = f"{every} lists the relations, DESCRIBE one its columns"
        if isinstance(error, duckdb.PermissionException):
            hint = "queries see the published file alone; to use it beside others, open it in DuckDB"
        elif isinstance(error, duckdb.ConversionException):
            hint = "a time is written TIMESTAMP '2024-05-01', a day DATE '2024-05-01', an edition 2024"
        raise UsageError(str(error).strip(), hint=hint) from error
    return sql.column_names(connection)


def state(path: Path) -> State | None:
    """What the file was built from; None if it is missing or does not say, so that it is built anew."""
    if not path.exists():
        return None
    with suppress(LakeError), connect(path) as connection:
        return state_of(connection)
    return None


def state_of(connection: DuckDBPyConnection) -> State | None:
    """As `state`, of an open file."""
    import duckdb

    from pipelines.lake.history import edition_state  # not needed to answer a query

    try:
        facts = {row["key"]: row["value"] for row in sql.rows(connection, "FROM build_info")}
        editions = sql.rows(connection, "FROM edition_state")
    except duckdb.Error:
        return None
    return State(
        release_id=facts["release_id"],
        contract_version=facts["contract_version"],
        head=facts.get("lake_head"),
        code=facts.get("publishing_version"),
        public=facts.get("other_sources_version"),
        declared=facts.get("declared_version"),
        snapshot=int(facts["lake_snapshot"]) if facts.get("lake_snapshot") else None,
        commit=facts.get("lake_commit"),
        editions={row["edition_year"]: edition_state(row) for row in editions},
    )


def _make(connection: DuckDBPyConnection) -> None:
    """Every relation of the database in use, each with its comments, without rows."""
    from pipelines.publish import catalogue, views

    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name in (*base_contracts(), *schemas.BUILT):
        contract = schemas.RELATIONS[name]
        connection.execute(f"CREATE TABLE {contract.qualified} ({contract.ddl})")
    for view in views.ordered():
        connection.execute(f"CREATE VIEW {schemas.RELATIONS[view.name].qualified} AS\n{view.sql}")
    for relation in catalogue.relations().values():  # of each comment a transaction keeps a whole table
        connection.execute(";\n".join([*relation.comments(), "COMMIT", "BEGIN"]))


def _new_rows(tables: Mapping[str, pa.Table], news: Base | None) -> Iterator[Mapping[str, pa.Table]]:
    """What the tables of `appended()` gain: all of `tables`, or the news, some editions at a time."""
    if news is None:
        yield {name: tables[name] for name in appended()}
        return
    yield {name: rows for name, rows in news.news.items() if name in appended()}
    yield from (rows for _, rows in news.parts())


def _fill(
    file: Path, new: Iterable[Mapping[str, pa.Table]], tables: Mapping[str, pa.Table], release_id: str
) -> None:
    """Give a file, made if need be, new rows, and `tables` in place of its own; of releases, this is last."""
    from pipelines.publish import views

    made = file.exists()
    with _open_to_write(file) as connection:
        if not made:
            _make(connection)
        for part in new:
            for name, rows in part.items():
                if rows.num_rows:
                    _insert(connection, name, rows, release_id)
            connection.execute("COMMIT")
            connection.execute("BEGIN")
        for name, rows in tables.items():
            contract = schemas.RELATIONS[name]
            there = connection.sql(f"FROM {contract.qualified}").to_arrow_table().cast(rows.schema)
            order = [(column, "ascending") for column in contract.key]
            if name == "releases" or not there.sort_by(order).equals(rows.sort_by(order)):
                connection.execute(f"DELETE FROM {contract.qualified}")
                _insert(connection, name, rows, release_id)
        connection.execute(";\n".join(views.macros(release_id)))


def _insert(connection: DuckDBPyConnection, name: str, rows: pa.Table, release_id: str) -> None:
    contract = schemas.RELATIONS[name]
    order = sql.names(contract.key)
    if name == "releases":
        order = f"release_id = {sql.literal(release_id)}, published_at"
    connection.register("rows_to_insert", rows)
    insert = f"INSERT INTO {contract.qualified} BY NAME SELECT * FROM temp.main.rows_to_insert"
    connection.execute(f"{insert} ORDER BY {order}")
    connection.unregister("rows_to_insert")


@contextmanager
def _open_to_write(file: Path) -> Iterator[DuckDBPyConnection]:
    """The database in use, in one transaction that ends with all of it in the file."""
    import duckdb

    from pipelines.publish.views import IN_MEMORY

    with duckdb.connect(":memory:", config=IN_MEMORY) as connection:
        connection.execute(sql.NO_BAR)
        connection.execute(f"ATTACH {sql.literal(str(file))} AS file (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE file")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT file")
        connection.execute("USE memory")
        connection.execute("DETACH file")


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        message = f"the published file cannot be written: {error}"
        hint = "free some disk space or mend its folder, then run jvom build; the file there is untouched"
        raise LakeError(message, file=str(target), hint=hint) from error
