"""Where Dagster keeps the run history on this machine: SQLite files, with connections that are kept.

Dagster's own storage opens a connection for every event and makes its statements anew, and keeps the events
of a run in a file of their own and most of them once more in an index. Here the index has them all, each
stored in one transaction; what an older version kept in a file for each run is read from there. A process
that is killed loses nothing of it; power that fails may take its last moments: the record is not in it.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster import EventLogRecord, EventRecordsFilter
from dagster._core.event_api import EventHandlerFn
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sql import AlembicVersion, get_alembic_config
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.dialects import sqlite

# What happens between steps: no page of an asset, a check or a run's steps shows it, and no command reads it.
UNREAD = {
    *(dg.DagsterEventType.STEP_INPUT, dg.DagsterEventType.LOADED_INPUT, dg.DagsterEventType.HANDLED_OUTPUT),
    *(dg.DagsterEventType.RESOURCE_INIT_STARTED, dg.DagsterEventType.RESOURCE_INIT_SUCCESS),
    dg.DagsterEventType.LOGS_CAPTURED,
}

_ADD_EVENT = SqlEventLogStorageTable.insert()  # made once: that takes longer than to carry it out


@cache
def _upsert_asset(*columns: str) -> Any:
    insert = sqlite.insert(AssetKeyTable)
    new = {name: insert.excluded[name] for name in columns}
    if not new:  # an event, as of freshness, that says nothing of the asset's row
        return insert.on_conflict_do_nothing(index_elements=["asset_key"])
    return insert.on_conflict_do_update(index_elements=["asset_key"], set_=new)


def _without_metadata(event: EventLogEntry) -> EventLogEntry:
    """The event of an output without its tables: that of the asset has them."""
    output = event.get_dagster_event()
    data = output.step_output_data
    return event._replace(dagster_event=output._replace(event_specific_data=data._replace(metadata={})))


class _Database:
    """One file and the connections to it, which are kept until it is closed."""

    def __init__(self, file: Path) -> None:
        self.file = file.absolute()
        self.address = f"sqlite:///{self.file}"
        self.engine = db.create_engine(self.address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        db.event.listen(self.engine, "connect", _do_not_wait_for_the_disk)

    def is_made(self) -> bool:
        """Whether it has its tables: their version is written last."""
        if self.file.exists():
            with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.file)) as opened:
                return bool(opened.execute("SELECT 1 FROM alembic_version").fetchone())
        return False

    @contextmanager
    def transaction(self) -> Iterator[db.Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def version(self) -> AlembicVersion:
        """The version of its tables, and the one that this Dagster has."""
        with self.transaction() as connection:
            found = connection.execute(db.text("SELECT version_num FROM alembic_version")).scalar()
        return found, _newest_version()


def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


@cache
def _newest_version() -> str:
    from alembic.script import ScriptDirectory
    from dagster._core.storage.runs.sqlite import sqlite_run_storage

    scripts = ScriptDirectory.from_config(get_alembic_config(sqlite_run_storage.__file__))
    return str(scripts.as_revision_number("head"))  # one for the tables of all three


class _InOneFile:
    """A storage of Dagster's that opens its file in the home of the instance which takes it up."""

    FILE: str  # below the home
    MAKE: Callable[[str], object]  # in a folder
    _database: _Database

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        self._database = _Database(Path(instance.root_directory, self.FILE))
        self._conn_string = self._database.address
        if not self._database.is_made():
            type(self).MAKE(str(self._database.file.parent))
        super().register_instance(instance)  # type: ignore[misc]

    @contextmanager
    def connect(self) -> Iterator[db.Connection]:
        with self._database.transaction() as connection:
            yield connection

    def alembic_version(self) -> AlembicVersion:
        return self._database.version()

    def dispose(self) -> None:
        self._database.engine.dispose()


class _Runs(_InOneFile, SqliteRunStorage):
    FILE, MAKE = "history/runs.db", SqliteRunStorage.from_local


class _Schedules(_InOneFile, SqliteScheduleStorage):
    FILE, MAKE = "schedules/schedules.db", SqliteScheduleStorage.from_local


class _Events(SqliteEventLogStorage):
    """The index has every run's events, but for those of runs that an older version gave a file of their own.

    What is stored while a connection is open in the same thread is part of its transaction.
    """

    def __init__(self) -> None:
        self._databases: dict[str, _Database] = {}
        self._lock = threading.RLock()
        self._open: dict[str, db.Connection] = {}
        self._present: set[str] = set()
        self._own_files: dict[str, bool] = {}
        self._planned: set[str] = set()  # outputs that checks have, of runs that this process planned

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        super().__init__(str(Path(instance.root_directory, "history", "runs")))
        index = self._database(INDEX_SHARD_NAME)
        if not index.is_made():  # whoever began it was killed
            self._initdb(index.engine, for_index_shard=True)
            self.reindex_events()
            self.reindex_assets()
        super().register_instance(instance)

    def _has_own_file(self, run_id: str) -> bool:
        """An older version made it, or nobody will: asked once for each run."""
        if run_id not in self._own_files:
            self._own_files[run_id] = Path(super().path_for_shard(run_id)).exists()
        return self._own_files[run_id]

    def path_for_shard(self, run_id: str) -> str:
        return super().path_for_shard(run_id if self._has_own_file(run_id) else INDEX_SHARD_NAME)

    def _database(self, shard: str) -> _Database:
        file = self.path_for_shard(shard)
        if file not in self._databases:
            self._databases[file] = _Database(Path(file))
        return self._databases[file]

    @contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._lock:
            database = self._database(shard)
            if opened := self._open.get(database.address):
                yield opened
                return
            with database.transaction() as connection:
                self._open[database.address] = connection
                try:
                    yield connection
                finally:
                    del self._open[database.address]

    def store_event(self, event: EventLogEntry) -> None:
        kind = event.dagster_event_type
        if kind in UNREAD:
            return
        if kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            check = event.get_dagster_event().asset_check_planned_data
            self._planned.add(f"{check.asset_key.to_python_identifier()}_{check.check_name}")
        if kind == dg.DagsterEventType.STEP_OUTPUT:
            output = event.get_dagster_event().step_output_data.step_output_handle.output_name
            if output in self._planned:  # the check's result says it all, and no step takes it up
                return
            event = _without_metadata(event)
        if self._has_own_file(event.run_id):
            super().store_event(event)
            return
        with self.index_connection() as index:
            number = index.execute(_ADD_EVENT, self._event_to_row(event)).lastrowid
            if kind in ASSET_EVENTS and (asset := event.get_dagster_event().asset_key):
                self._store_asset_event_tags(index, [event], [number])
                values = self._get_asset_entry_values(event, number, True)
                index.execute(_upsert_asset(*values), {"asset_key": asset.to_string(), **values})
            elif kind in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, number)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        with self.index_connection():
            super().store_event_batch(events)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        return SqlEventLogStorage.get_event_records(self, event_records_filter, limit, ascending)

    @property
    def is_run_sharded(self) -> bool:
        return False

    def _has_asset_key_col_on_connection(self, conn: db.Connection, column_name: str) -> bool:
        return self._once(column_name, super()._has_asset_key_col_on_connection, conn, column_name)

    def has_table(self, table_name: str) -> bool:
        return self._once(table_name, super().has_table, table_name)

    def has_secondary_index(self, name: str) -> bool:
        return self._once(name, super().has_secondary_index, name)

    def _once(self, name: str, look: Callable[..., bool], *given: Any) -> bool:
        """Whether the tables have what is named; what is there once stays."""
        if name not in self._present and look(*given):
            self._present.add(name)
        return name in self._present

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        super().watch(run_id, cursor, callback)
        watchdog, _ = self._watchers[run_id][callback]  # which would not see what is in the file's -wal
        vars(watchdog)["_patterns"] = [f"{self.path_for_shard(run_id)}*"]
        vars(watchdog)["on_modified"] = lambda _: watchdog._process_log()

    def alembic_version(self) -> AlembicVersion:
        return self._database(INDEX_SHARD_NAME).version()

    def dispose(self) -> None:
        super().dispose()
        for database in self._databases.values():
            database.engine.dispose()


class History(DagsterSqliteStorage):
    """What `dagster.yaml` names as the storage; it lies in the home that the file is in."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._run_storage = _Runs("")
        self._event_log_storage = _Events()
        self._schedule_storage = _Schedules("")
        self._inst_data = inst_data
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]  # Dagster's has no types

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, _value: Any) -> "History":
        return cls(inst_data)
