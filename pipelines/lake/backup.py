"""A consistent copy of a whole warehouse, made beside writers and readers, that `--warehouse` opens.

One is made whenever asked for, and by itself before tables of lake or run history are changed. A copy of what
several machines share is a warehouse too, of one machine; and `restore` puts either onto the servers.
"""

import datetime
import hashlib
import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from pipelines import publication
from pipelines.files import get, move_into_place, put
from pipelines.lake.commits import EMPTY, newest_key
from pipelines.lake.connection import Address, sqlite_alone, surroundings
from pipelines.lake.copying import copy_catalog
from pipelines.lake.lock import writer_lock
from pipelines.lake.seal import copy_seal, end
from pipelines.settings import Settings
from pipelines.store import Remote
from schemas.errors import LakeError, UsageError

log = logging.getLogger(__name__)

OBJECTS = "objects.jsonl"  # in a copy of what machines share: each object, its hash and its version
_MAGIC = b"SQLite format 3\0"
_PASSING = ("-wal", "-shm", "-journal", ".lock", ".holder.json", ".wal", "last_writer")  # of what is open now


def backup(
    settings: Settings, folder: Path, *, timeout: float = 600, waiting: Callable[[str], None] | None = None
) -> int:
    """Copy lake, raw/, kept sources, run history, published file and all else to `folder`; bytes copied.

    Under the writer lock, so that the parts agree; the copy appears whole or not at all. Raises
    UsageError if `folder` is in use, LakeError if the lake is locked or cannot be read.
    """
    address = Address(settings.catalog, settings.data)
    if address.file is not None and not address.file.exists():
        raise LakeError("there is no lake to copy yet", file=address.name, hint="run jvom build first")
    if folder.resolve().is_relative_to(settings.warehouse.resolve()):
        raise UsageError("a backup cannot be in the warehouse that it copies", file=str(folder))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "name a folder that is new or empty"
        raise UsageError("there is something there already", file=str(folder), hint=hint)
    with writer_lock(address.catalog).acquire(timeout, waiting):
        return _copy(settings, address, folder, raw=settings.raw)


def before_migration(settings: Settings, what: str) -> Path:
    """Copy the warehouse to its own `backups/`, say so in the log, and return where the copy is.

    `what` says what is about to change. The writer lock must be held. Of a lake that is elsewhere the catalog
    is copied; its data files are only ever added to, so they stay where they are. Raises LakeError if it
    cannot be done: then nothing may be changed.
    """
    moment = datetime.datetime.now(datetime.UTC)
    folder = settings.backups / f"{moment:%Y-%m-%dT%H%M%S.%f}Z-before-migration"
    address = Address(settings.catalog, settings.data)
    _copy(
        settings, address, folder, whole=address.file is not None and not isinstance(address.folder, Remote)
    )
    log.warning("%s; the warehouse as it was before is in %s", what, folder)
    return folder


def _copy(
    settings: Settings, address: Address, folder: Path, *, whole: bool = True, raw: Path | None = None
) -> int:
    """The copy or nothing, whatever happens; bytes copied. Without what is elsewhere if not `whole`."""
    aside = folder.with_name(f".{folder.name}.backup-{os.getpid()}")
    history = settings.dagster_home if address.file is None else None  # of this machine's runs alone
    places = (address.file, address.folder, address.manifests, settings.warehouse / "lake", history)
    without = {path.resolve() for path in (settings.stage, settings.backups, *places) if path}
    with surroundings("the backup", address):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            (aside / "lake").mkdir(parents=True)
            if address.file is None:
                copy_catalog(address, f"sqlite:{aside / 'lake' / 'catalog.sqlite'}", "data/")
            elif address.file.exists():
                _copy_sqlite(address, address.file, aside / "lake" / "catalog.sqlite")
            if whole:
                _copy_folder(address.folder, aside / "lake" / "data", set())
                _copy_folder(address.manifests, aside / "lake" / "manifests", set())
            if whole and settings.store:  # this machine's own warehouse is not part of it
                _copy_shared(settings, aside)
            elif settings.warehouse.exists():
                _copy_folder(settings.warehouse, aside, without)
                if raw is not None:
                    _put_all(raw, aside / "raw")
            copied = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
            move_into_place(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return copied


def _copy_sqlite(address: Address, file: Path, target: Path) -> None:
    with sqlite_alone(address) as catalog:
        if catalog is None:
            raise LakeError("the lake is being read by this process", file=address.name, hint="run it again")
        with closing(sqlite3.connect(target)) as copy:
            catalog.backup(copy)
    copy_seal(file, target)


def _copy_shared(settings: Settings, aside: Path) -> None:
    """What machines share, as it lies in a warehouse, and a list of it with hashes and versions."""
    listed = []
    for place in shared(settings):
        for file in place.rglob("*"):
            if not file.is_file():
                continue
            data, path = file.read_bytes(), f"{place.name}/{file.relative_to(place)}"
            put(aside / path, data)
            version = file.version() if isinstance(file, Remote) else None
            sha256 = hashlib.sha256(data).hexdigest()
            listed.append({"path": path, "bytes": len(data), "sha256": sha256, "version": version})
    put(aside / OBJECTS, "".join(f"{json.dumps(each)}\n" for each in listed).encode())
    if settings.published.exists():
        put(aside / "jvom.duckdb", settings.published.read_bytes(), 0o444)


def shared(settings: Settings) -> tuple[Path, ...]:
    """Places that lie in the store, where there is one."""
    kept = (settings.kept, settings.contributions, settings.releases, settings.site, settings.quarantine)
    return settings.raw, *kept


def restore(
    settings: Settings,
    folder: Path,
    *,
    timeout: float = 600,
    waiting: Callable[[str], None] | None = None,
    bring: Callable[[Path], int] | None = None,
) -> int:
    """Put a backup, or a machine's whole warehouse, to where the settings say; bytes put.

    There must be no record there yet: nothing is replaced. `bring` is given its raw/ and says the bytes that
    it put of it. The catalog comes last but for the published file, so that it can be run again if it fails.
    Raises UsageError, LakeError.
    """
    address, before = Address(settings.catalog, settings.data), folder / "lake" / "catalog.sqlite"
    if not before.is_file():
        raise UsageError("is not a backup: it has no lake/catalog.sqlite", file=str(folder))
    raw = next((each for each in (folder / "raw", folder.parent / "raw") if each.is_dir()), None)
    with writer_lock(address.catalog).acquire(timeout, waiting), surroundings("the restore", address):
        if newest_key(address) not in (None, EMPTY):  # the latter of a restore that was killed
            hint = "a backup is put where there is no record: name another catalog and store"
            raise UsageError("there is a record already", file=address.name, hint=hint)
        to_lake = {folder / "lake" / "data": address.folder, folder / "lake" / "manifests": address.manifests}
        pairs = {folder / place.name: place for place in shared(settings)[1:]} | to_lake
        put_bytes = sum(_put_all(source, place) for source, place in pairs.items())
        if bring and raw is not None and raw.resolve() != settings.raw:
            put_bytes += bring(raw)
        if address.file is not None:
            address.file.parent.mkdir(parents=True, exist_ok=True)
        copy_catalog(Address(f"sqlite:{before}", str(address.folder)), address.catalog, settings.data)
        end(address, well=True)
        return put_bytes + _put_published(settings, folder)


def _put_published(settings: Settings, folder: Path) -> int:
    """Put the published file of a backup, if its release is there; else a build makes it; bytes put."""
    data = get(folder / "jvom.duckdb") or b""
    sha256 = hashlib.sha256(data).hexdigest()
    for manifest in sorted((folder / "releases").glob("*/manifest.json")):
        if json.loads(manifest.read_bytes())["published"]["sha256"] == sha256:
            file = settings.building(manifest.parent.name)
            put(file, data, 0o444)
            if settings.store:
                publication.put(settings.store, file, manifest.parent.name, sha256)
            return len(data)
    return 0


def _put_all(source: Path, target: Path) -> int:
    """Put every file of a folder to a place; bytes put."""
    total = 0
    for path in sorted(source.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            put(target / str(path.relative_to(source)), data)
            total += len(data)
    return total


def _copy_folder(source: Path, target: Path, without: set[Path]) -> None:
    if isinstance(source, Remote):
        for path in source.rglob("*"):
            if not path.name.endswith(_PASSING):
                put(target / path.relative_to(source), path.read_bytes())
        return
    for file in _files(source, without) if source.is_dir() else ():
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
