"""A consistent copy of a whole warehouse, made beside writers and readers, that `--warehouse` opens.

One is made whenever asked for, and by itself before tables of lake or run history are changed.
"""

import datetime
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from pipelines.files import move_into_place
from pipelines.lake.connection import Address, attached, sqlite_alone, surroundings
from pipelines.lake.lock import writer_lock
from pipelines.lake.seal import copy_seal
from pipelines.settings import Settings
from pipelines.sql import literal
from pipelines.store import Remote
from schemas.errors import LakeError, UsageError

log = logging.getLogger(__name__)

_MAGIC = b"SQLite format 3\0"
_PASSING = ("-wal", "-shm", "-journal", ".lock", ".holder.json", ".wal")  # belong to what is open now


def backup(
    settings: Settings, folder: Path, *, timeout: float = 600, waiting: Callable[[str], None] | None = None
) -> int:
    """Copy lake, kept sources, run history, published file and all else to `folder`; bytes copied.

    Under the writer lock, so that the parts agree; the copy appears whole or not at all. Raises
    UsageError if `folder` is in use, LakeError if the lake is elsewhere, locked or unreadable.
    """
    address = Address(settings.catalog, settings.data)
    if address.file is None or isinstance(address.folder, Remote):
        message = "only a warehouse on this machine's disks can be copied"
        hint = "back up the catalog with pg_dump, and the bucket by its versions"
        raise LakeError(message, file=address.name, hint=hint)
    if not address.file.exists():
        raise LakeError("there is no lake to copy yet", file=address.name, hint="run jvom build first")
    if folder.resolve().is_relative_to(settings.warehouse.resolve()):
        raise UsageError("a backup cannot be in the warehouse that it copies", file=str(folder))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "name a folder that is new or empty"
        raise UsageError("there is something there already", file=str(folder), hint=hint)
    with writer_lock(address.catalog).acquire(timeout, waiting):
        return _copy(settings, address, folder)


def before_migration(settings: Settings, what: str) -> Path:
    """Copy the warehouse to its own `backups/`, say so in the log, and return where the copy is.

    `what` says what is about to change. The writer lock must be held. Of a lake that is elsewhere
    the catalog is copied, table by table as Parquet; its data files are only ever added to, so they
    stay where they are. Raises LakeError if it cannot be done: then nothing may be changed.
    """
    moment = datetime.datetime.now(datetime.UTC)
    folder = settings.backups / f"{moment:%Y-%m-%dT%H%M%S.%f}Z-before-migration"
    _copy(settings, Address(settings.catalog, settings.data), folder)
    log.warning("%s; the warehouse as it was before is in %s", what, folder)
    return folder


def _copy(settings: Settings, address: Address, folder: Path) -> int:
    """The whole copy or nothing, whatever happens meanwhile; bytes copied."""
    aside = folder.with_name(f".{folder.name}.backup-{os.getpid()}")
    places = (address.file, address.folder, address.manifests, settings.warehouse / "lake")
    without = {path.resolve() for path in (settings.stage, settings.backups, *places) if path}
    with surroundings("the backup", address):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            if address.file is None or isinstance(address.folder, Remote):
                _export_catalog(address, aside / "lake" / "catalog")
            elif address.file.exists():
                _copy_lake(address, address.folder, aside / "lake")
            _copy_folder(settings.warehouse, aside, without)
            copied = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
            move_into_place(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return copied


def _export_catalog(address: Address, target: Path) -> None:
    """DuckLake's own tables of one moment, each as a Parquet file."""
    target.mkdir(parents=True)
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND table_name LIKE 'ducklake_%'"
    with attached(address, "copying the lake's catalog", write=False) as lake:
        if lake is None:
            return
        names = lake.rows(query, lake.metadata("x").partition(".")[0])
        lake.connection.execute("BEGIN")
        for (name,) in names:
            file = literal(str(target / f"{name}.parquet"))
            lake.connection.execute(f"COPY (FROM {lake.metadata(name)}) TO {file} (FORMAT parquet)")
        lake.connection.execute("ROLLBACK")


def _copy_lake(address: Address, data: Path, target: Path) -> None:
    """Catalog, data and manifests, to the places where settings look for them."""
    target.mkdir(parents=True)
    with sqlite_alone(address) as catalog:
        if catalog is None:
            raise LakeError("the lake is being read by this process", file=address.name, hint="run it again")
        with closing(sqlite3.connect(target / "catalog.sqlite")) as copy:
            catalog.backup(copy)
    if address.file:
        copy_seal(address.file, target / "catalog.sqlite")
    _copy_folder(data, target / "data", set())
    if address.manifests.is_dir():
        _copy_folder(address.manifests, target / "manifests", set())


def _copy_folder(source: Path, target: Path, without: set[Path]) -> None:
    for file in _files(source, without):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # a log or a run that was cleaned away meanwhile
            _copy_file(file, copy)


def _files(folder: Path, without: set[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.resolve() in without or path.name.endswith(_PASSING) or ".building" in path.name:
            continue
        if path.is_dir():
            yield from _files(path, without)
        elif path.is_file():
            yield path


def _copy_file(file: Path, copy: Path) -> None:
    with file.open("rb") as data:
        is_database = data.read(len(_MAGIC)) == _MAGIC
    if is_database:  # such as Dagster's, which may be written to right now
        where = f"{file.absolute().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(where, uri=True, timeout=10)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    else:
        shutil.copyfile(file, copy)
    shutil.copymode(file, copy)
