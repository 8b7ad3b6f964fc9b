"""How the lake is opened: addresses, DuckDB's extensions, attaching, and errors in plain words."""

from __future__ import annotations

import importlib
import logging
import os
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.sql import NO_BAR, literal, rows
from pipelines.store import credentials, patience, place
from schemas.errors import (
    LakeError,
    MachineError,
    ServerError,
    UsageError,
    of_surroundings,
    require_address_space,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

log = logging.getLogger(__name__)

# One thread: with more, DuckLake reads a SQLite catalog over several connections, each of which may
# see another moment; and tables of a report are small, so that more threads only cost time. No file is
# kept in memory once it is read: of a thousand vintages they took 300 MB.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",
    "python_enable_replacements": "false",
    "enable_external_file_cache": "false",
}
_NAMES = count(1)
ADDRESS_SPACE = 6_000  # MB: DuckDB's extensions and Arrow reserve a gigabyte each, and use a tenth of it
_RENEWED = 64  # times that a lake is attached before DuckDB is started anew: it keeps half a megabyte of each
_AWAY = "unable to connect|connection to server|could not (connect|establish|resolve)|refused|timed? ?out"
_GONE = r"no such file|no files found|no magic bytes|http (code )?404\b"
_HINT = "run it again when disk, network and database are well; nothing was half recorded"
_HINTS = {  # words of an error → what to do about it; the first that are in it count
    # A status in DuckDB's two forms: a bare number may be part of a name or a size.
    r"accessdenied|signaturedoesnotmatch|http (code )?40[13]\b|secret validation": "check the credentials "
    "(AWS_*, or the role of this machine) and the bucket's policy",
    _AWAY: "check "
    "that the server of the catalog, or of the store, runs and lets this user in; nothing was half recorded",
    "no space left|disk is full|quota|file too large": "free some disk space and run it again; "
    "nothing of it was recorded",
    "nosuchbucket": "make the bucket first, or correct JVOM_DATA",
    "locked|conflict": "another program writes to the catalog; run it again when that is done",
    "malformed|not a database|file is encrypted": "the catalog is damaged: restore the warehouse from a "
    "backup (jvom backup makes one, warehouse/backups has those made before migrations)",
    _GONE: "a file of the lake is missing or damaged: restore it from a backup (jvom backup makes one)",
    "permission|readonly|read-only": "this user may not write there; "
    "analysts read the published file, for example with jvom sql",
}
_NO_LAKE = "creating a new DuckLake is explicitly disabled"

# How often each SQLite catalog is open in DuckDB, in this process. Two SQLite libraries (DuckDB's
# and Python's) in one process drop each other's file locks, so they must take turns.
_in_duckdb: Counter[str] = Counter()
_turn = threading.RLock()
_instances: dict[tuple[int | str, ...], DuckDBPyConnection] = {}


@dataclass(frozen=True)
class Address:
    """Where a lake is: `catalog` as `sqlite:<file>` or `postgres:<libpq>`, `data` a folder or s3://."""

    catalog: str
    data: str

    def __post_init__(self) -> None:
        if not re.match("sqlite:.|postgres:", self.catalog):  # of PostgreSQL PG* may say all
            hint = "set JVOM_CATALOG to sqlite:/folder/catalog.sqlite or postgres:dbname=… host=…"
            raise UsageError("JVOM_CATALOG is neither a file nor a server", hint=hint)

    @property
    def target(self) -> str:
        """The catalog without its kind: a file name, or a libpq connection string."""
        return self.catalog.partition(":")[2]

    @property
    def file(self) -> Path | None:
        """The SQLite catalog, else None."""
        return Path(self.target) if self.catalog.startswith("sqlite:") else None

    @property
    def folder(self) -> Path:
        """The data folder, or the prefix in a bucket that takes its place."""
        return place(self.data)

    @property
    def manifests(self) -> Path:
        """Folder of the manifests, beside the data folder."""
        return self.folder.parent / "manifests"

    @property
    def name(self) -> str:
        """The catalog as messages call it: without passwords."""
        return self.target if self.file else "the PostgreSQL catalog"


class Catalog:
    """DuckLake's own tables, through DuckDB or, in a SQLite catalog, without it."""

    def __init__(self, address: Address, connection: Any, prefix: str = "") -> None:
        self.address = address
        self.connection = connection
        self._prefix = prefix

    def metadata(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return list(self.connection.execute(query, values).fetchall())


class Attached(Catalog):
    """The lake as one DuckDB connection sees it, under the name `name`."""

    connection: DuckDBPyConnection

    def __init__(self, address: Address, connection: DuckDBPyConnection, name: str) -> None:
        super().__init__(address, connection, f"__ducklake_metadata_{name}.")
        self.name = name

    def table(self, name: str) -> str:
        return f'{self.name}."{name}"'


@contextmanager
def attached(address: Address, doing: str, *, write: bool) -> Iterator[Attached | None]:
    """Open the lake. Creates it when writing; yields None when reading and it does not exist.

    Raises LakeError if it cannot be opened, or if `doing` something with it fails.
    """
    if not write and address.file and not address.file.exists():
        yield None
        return
    name = f"lake_{next(_NAMES)}"
    with surroundings(doing, address), ExitStack() as leaving:
        for folder in (address.file and address.file.parent, address.folder) if write else ():
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
        _count(address, 1)
        leaving.callback(_renew, name)
        leaving.callback(_count, address, -1)
        connection = _instance(address).cursor()
        leaving.callback(_detach, address, name)
        leaving.callback(connection.close)  # which also rolls back what was left open
        exists = _attach(connection, address, name, write)
        yield Attached(address, connection, name) if exists else None


@contextmanager
def catalog(address: Address, doing: str) -> Iterator[Catalog | None]:
    """DuckLake's own tables, to read; None without a lake. SQLite answers in about a millisecond."""
    if address.file is not None and not address.file.exists():
        yield None
        return
    with sqlite_alone(address) as alone:
        if alone is not None:
            made = alone.execute("SELECT 1 FROM sqlite_master WHERE name = 'ducklake_snapshot'").fetchone()
            yield Catalog(address, alone) if made else None
            return
    with attached(address, doing, write=False) as lake:
        yield lake


@contextmanager
def sqlite_alone(address: Address, mode: str = "ro") -> Iterator[sqlite3.Connection | None]:
    """The SQLite catalog, read-only if not `rw`, without DuckDB; None while DuckDB has it open here."""
    with _turn:
        if address.file is None or _in_duckdb[address.catalog]:
            yield None
            return
        try:
            where = f"{address.file.absolute().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(where, uri=True, timeout=10)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise _lake_error("reading the lake's catalog", address, error) from error


@contextmanager
def surroundings(doing: str, address: Address) -> Iterator[None]:
    """Turn what databases and disks complain about into LakeError with a next step."""
    import duckdb

    try:
        yield
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        raise _lake_error(doing, address, error) from error


def close() -> None:
    """End this process's DuckDB instances; the next use makes another."""
    with _turn:
        for key in [key for key in _instances if key[0] == os.getpid()]:
            _instances.pop(key).close()


def _count(address: Address, change: int) -> None:
    with _turn:
        _in_duckdb[address.catalog] += change


def _renew(name: str) -> None:
    """Give back what DuckDB keeps of the lakes that were attached, if none is now."""
    with _turn:
        if int(name.rpartition("_")[2]) % _RENEWED == 0 and not any(_in_duckdb.values()):
            close()


def _detach(address: Address, name: str) -> None:
    with suppress(Exception), _instance(address).cursor() as other:
        other.execute(f"DETACH DATABASE IF EXISTS {name}")


def _lake_error(doing: str, address: Address, error: Exception) -> LakeError:
    machine = of_surroundings(error)
    text = str(error).partition("\n\nPossible solutions")[0]
    if address.file is None:
        text = text.replace(address.target or "\0", address.name)  # it may contain a password
        text = re.sub(
            rf".*?Unable to connect to Postgres at \"{address.name}\": ", "", text, flags=re.S
        ).strip()
    hint = next((hint for words, hint in _HINTS.items() if re.search(words, text, re.IGNORECASE)), "")
    hint = hint or (machine and machine.hint) or _HINT
    # What a server says may be over in a moment; and another program may let go of a catalog.
    passing = address.file is None or address.data.startswith("s3://") or "locked" in text
    # A socket that is not such a file is a server's; a file of the lake stays away.
    passing = passing and not (re.search(_GONE, text, re.I) and not re.search(_AWAY, text, re.I))
    kind = ServerError if passing else MachineError if machine else LakeError
    return kind(f"{doing} failed: {text}", file=address.name, hint=hint)


def _instance(address: Address) -> DuckDBPyConnection:
    """DuckDB with what this lake needs: loading checks signatures (0.25 s), attaching then takes 5 ms."""
    import duckdb

    extensions = ["ducklake", "sqlite_scanner" if address.file else "postgres_scanner"]
    if address.data.startswith("s3://"):
        extensions.append("httpfs")
    key: tuple[int | str, ...] = (os.getpid(), *extensions)  # a forked process needs its own
    with _turn:
        if key not in _instances:
            require_address_space(ADDRESS_SPACE)
            connection = duckdb.connect(":memory:", config=_CONFIG)
            connection.execute(NO_BAR)
            for name in extensions:
                load_extension(connection, name)
            if "httpfs" in extensions:
                timeout, retries = patience()
                settings = {"http_timeout": f"{timeout:.0f}", "http_retries": retries}
                for option, value in settings.items():  # a cursor has only what is global
                    connection.execute(f"SET GLOBAL {option} = {value}")
            _instances[key] = connection
        return _instances[key]


def _attach(connection: DuckDBPyConnection, address: Address, name: str, write: bool) -> bool:
    """ATTACH the lake as `name`; False if it does not exist and may not be made."""
    import duckdb

    data = address.data.rstrip("/") + "/"
    options = [f"DATA_PATH {literal(data)}", "OVERRIDE_DATA_PATH true", "DATA_INLINING_ROW_LIMIT 0"]
    if address.file:
        options.append("META_BUSY_TIMEOUT 10000")
    if data.startswith("s3://"):
        connection.execute(s3_secret())
    if not write:
        options += ["READ_ONLY", "CREATE_IF_NOT_EXISTS false"]
    elif address.file:
        options.append("META_JOURNAL_MODE 'WAL'")  # stays in the file; a reader must not set it
    try:
        connection.execute(
            f"ATTACH {literal(f'ducklake:{address.catalog}')} AS {name} ({', '.join(options)})"
        )
    except duckdb.Error as error:
        if not write and _NO_LAKE in str(error):
            return False
        raise
    return True


def load_extension(connection: DuckDBPyConnection, name: str) -> None:
    """Load an extension from its pip package, else have DuckDB install it; LakeError if neither works."""
    import duckdb

    package = f"duckdb_extension_{name}"
    try:
        folder = Path(str(importlib.import_module(package).__file__)).parent / "extensions"
        file = folder / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        connection.execute(f"LOAD {literal(str(file))}")
    except (ImportError, duckdb.Error) as missing:
        log.warning("DuckDB extension %s: no usable package %s, so DuckDB installs it", name, package)
        try:
            connection.execute(f"INSTALL {name}")
            connection.execute(f"LOAD {name}")
        except duckdb.Error as error:
            pinned = f"{package.replace('_', '-')}=={duckdb.__version__}"
            message = f"DuckDB's extension {name} is neither installed ({missing}) nor to be had ({error})"
            hint = f'pip install "{pinned}"'
            raise LakeError(message, hint=hint) from error


def origins(connection: DuckDBPyConnection) -> list[dict[str, object]]:
    """The loaded extensions that are not built into DuckDB: name, version, and where they came from."""
    return rows(
        connection,
        "SELECT extension_name AS name, extension_version AS version, coalesce(nullif(installed_from, ''), "
        "'package duckdb-extension-' || replace(extension_name, '_', '-')) AS origin "
        "FROM duckdb_extensions() WHERE loaded AND install_mode <> 'STATICALLY_LINKED' ORDER BY name",
    )


def s3_secret() -> str:
    """CREATE SECRET from what every S3 client reads; made at each opening, as keys of a role end."""
    env, keys = os.environ, credentials()
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
    options = {
        "KEY_ID": keys["access_key_id"],
        "SECRET": keys["secret_access_key"],
        "SESSION_TOKEN": keys["token"],
        "REGION": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
    }
    given = [f"{option} {literal(value)}" for option, value in options.items() if value]
    if endpoint:
        address = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        secure = str(address.scheme != "http").lower()
        given += [f"ENDPOINT {literal(address.netloc)}", "URL_STYLE 'path'", f"USE_SSL {secure}"]
    return f"CREATE OR REPLACE SECRET jvom_s3 ({', '.join(['TYPE s3', *given])})"
